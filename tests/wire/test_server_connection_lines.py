"""The server's end of a connection on each framing: broadcasts, lines, silence, traces."""

from collections.abc import Callable

import pytest

from modbus_wire.bank import SharedBank
from modbus_wire.codes import Table
from modbus_wire.framing.base import Framing
from modbus_wire.handler import Handler
from modbus_wire.pdu.identity import ReportServerId
from modbus_wire.server_connection import ServerConnection
from modbus_wire.services.registry import SERVICES
from modbus_wire.unit import Unit
from tests.wire.peers import ascii_frame, mbap, rtu

READ = bytes.fromhex("03 0000 0002")
ANSWER = bytes.fromhex("03 04 0000 0001")
FRAMES: dict[Framing, Callable[[int, bytes], bytes]] = {
    Framing.TCP: lambda unit_id, pdu: mbap(0, unit_id, pdu),
    Framing.RTU: rtu,
    Framing.ASCII: ascii_frame,
}


def connection(framing: Framing) -> ServerConnection:
    """Return a connection to a device whose register n holds n."""
    bank = SharedBank()
    bank.set_registers(Table.HOLDING_REGISTERS, 0, range(30))
    return ServerConnection(Handler(bank), framing)


@pytest.mark.parametrize("framing", Framing)
def test_broadcast(framing: Framing) -> None:
    """Unit 0 on a serial line is carried out and never answered, reads and refusals neither."""
    bank = SharedBank()
    server = ServerConnection(Handler({1: bank}), framing)
    frame = FRAMES[framing]
    answers = b"".join(
        server.receive(frame(0, bytes.fromhex(pdu)))
        for pdu in ("06 0000 0005", "03 0000 0001", "06 0000 0006")
    )
    if framing is not Framing.TCP:
        assert answers == b""
        assert bank.get_registers(Table.HOLDING_REGISTERS, 0) == [6]
    else:
        assert answers == frame(0, b"\x86\x0b") + frame(0, b"\x83\x0b") + frame(0, b"\x86\x0b")
        assert bank.get_registers(Table.HOLDING_REGISTERS, 0) == [0]


@pytest.mark.parametrize("framing", Framing)
def test_trace(framing: Framing) -> None:
    """Each whole frame is traced once, in order, whether it is sent or received; noise is not."""
    seen: list[tuple[bytes, bool]] = []
    bank = SharedBank()
    bank.set_registers(Table.HOLDING_REGISTERS, 1, [1])
    server = ServerConnection(
        Handler(bank), framing, trace=lambda frame, is_sent: seen.append((frame, is_sent))
    )
    frame = FRAMES[framing]
    ask, told = frame(1, READ), frame(1, ANSWER)
    assert server.receive(ask + ask) == told + told
    assert server.receive(ask[:5]) == b""
    assert server.receive(ask[5:]) == told
    assert seen == [(ask, False), (told, True)] * 3


@pytest.mark.parametrize("framing", Framing)
def test_silence_ends_a_frame(framing: Framing) -> None:
    """What was begun before a silence is no part of the next frame."""
    server = connection(framing)
    frame = FRAMES[framing]
    for size in range(1, len(frame(1, READ))):
        assert server.receive(frame(1, READ)[:size]) == b""
        server.interrupt()
        assert server.receive(frame(1, READ)) == frame(1, ANSWER)


@pytest.mark.parametrize("framing", [Framing.RTU, Framing.ASCII])
def test_units_elsewhere_on_a_shared_line(framing: Framing) -> None:
    """On a line with other servers only requests for a unit of one's own are answered."""
    handler = Handler({5: SharedBank()})
    frame = FRAMES[framing]
    pdu = bytes.fromhex("03 0000 0001")
    line = ServerConnection(handler, framing, shared_line=True)
    assert line.receive(frame(6, pdu)) == b""
    assert line.receive(frame(5, pdu)) == frame(5, b"\3\2\0\0")
    assert handler.diagnostics.bus_message_count == 2
    assert handler.diagnostics.server_message_count == 1
    alone = ServerConnection(handler, framing)
    assert alone.receive(frame(6, pdu)) == frame(6, b"\x83\x0b")


@pytest.mark.parametrize("framing", [Framing.RTU, Framing.ASCII])
def test_bad_checksums_are_counted(framing: Framing) -> None:
    """A communication error is counted, logged as an event and not answered (AP §6.8, §6.10)."""
    handler = Handler(SharedBank())
    server = ServerConnection(handler, framing)
    good = FRAMES[framing](1, bytes.fromhex("06 0001 0005"))
    for _ in range(3):
        assert server.receive(good[:4] + bytes((good[4] ^ 1,)) + good[5:]) == b""
        assert server.receive(good) == good
    assert handler.diagnostics.bus_communication_error_count == 3
    assert handler.diagnostics.bus_message_count == 3
    assert handler.diagnostics.events == b"\x40\x80\x82" * 3


def test_bad_frame_does_not_hide_the_next() -> None:
    """An ASCII frame with a wrong LRC and a right one in one piece: the right one is answered."""
    server = connection(Framing.ASCII)
    stream = b":0106000000050D\r\n" + ascii_frame(1, READ)
    assert server.receive(stream) == ascii_frame(1, ANSWER)


def test_ascii_delimiter_can_be_changed() -> None:
    """FC 8 sub-function 3 is answered with the old end of a frame; then the new one holds."""
    handler = Handler(SharedBank())
    server, other = (ServerConnection(handler, Framing.ASCII) for _ in range(2))
    change = ascii_frame(1, bytes.fromhex("08 0003 2A00"))
    ask = ascii_frame(1, bytes.fromhex("03 0000 0001"))
    answer = ascii_frame(1, bytes.fromhex("03 02 0000"))
    assert server.receive(change + ask.replace(b"\n", b"*")) == change + answer.replace(b"\n", b"*")
    assert other.receive(ask.replace(b"\n", b"*")) == answer.replace(b"\n", b"*")
    assert server.receive(ask) == b""


@pytest.mark.parametrize("framing", [Framing.TCP, Framing.RTU])
def test_no_delimiter_where_nobody_speaks_ascii(framing: Framing) -> None:
    """There is nothing to change: exception 01."""
    server = connection(framing)
    frame = FRAMES[framing]
    assert server.receive(frame(1, bytes.fromhex("08 0003 2A00"))) == frame(1, b"\x88\1")


def test_rtu_requests_of_a_users_own_class() -> None:
    """An RTU frame of a function of the user's own ends where its class says."""

    class Own(ReportServerId):
        function_code = 100

        @classmethod
        def request_length(cls, head: bytes) -> int | None:
            return 1

    def tell(unit: Unit, request: Own) -> bytes:
        return b"\x64\x07"

    server = ServerConnection(Handler(SharedBank(), {**SERVICES, Own: tell}), Framing.RTU)
    stream = rtu(1, b"\x64") + rtu(2, b"\x64")
    assert server.receive(stream[:3]) == b""
    assert server.receive(stream[3:]) == rtu(1, b"\x64\x07") + rtu(2, b"\x64\x07")
