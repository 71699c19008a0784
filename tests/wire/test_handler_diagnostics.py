"""What a server counts, and what clients can do to its line: FC 8, 11 and 12 (AP §6.8 to §6.10)."""

import pytest

from modbus_wire.bank import SharedBank
from modbus_wire.codes import Table
from modbus_wire.errors import exception_for
from modbus_wire.handler import Handler
from modbus_wire.server_connection import ServerConnection
from modbus_wire.unit import Unit
from tests.wire.peers import mbap

READ = bytes.fromhex("03 0000 0001")
WRITE = bytes.fromhex("06 0000 0005")
UNKNOWN = b"\x63"


class Refusing(SharedBank):
    """A bank that refuses to write with an exception code."""

    code = 4

    def write_registers(self, address: int, data: bytes) -> None:
        raise exception_for(self.code)


def diagnose(handler: Handler, sub_function: int, data: str = "0000") -> bytes:
    """Return the data of the answer to FC 8."""
    head = b"\x08" + sub_function.to_bytes(2, "big")
    response = handler.handle(1, head + bytes.fromhex(data))
    assert response is not None
    assert response[:3] == head
    return response[3:]


def count(handler: Handler, sub_function: int) -> int:
    """Return a counter of FC 8."""
    return int.from_bytes(diagnose(handler, sub_function), "big")


def test_query_data_is_returned() -> None:
    """Sub-function 0 is an echo, of any length."""
    handler = Handler(SharedBank())
    assert diagnose(handler, 0, "A537") == bytes.fromhex("A537")
    assert diagnose(handler, 0, "01" * 250) == b"\1" * 250


@pytest.mark.parametrize(
    ("request_pdu", "code"),
    [
        ("08", 3), ("08 00", 3), ("08 000B", 3), ("08 000B 0001", 3), ("08 000B 0000 0000", 3),
        ("08 0001 0001", 3), ("08 0004 0001", 3), ("08 0000 00", 3), ("0B 00", 3), ("0C 00", 3),
        *((f"08 {sub:04X} 0000", 1) for sub in (2, 3, 5, 9, 19, 21, 22, 0xFFFF)),
    ],
)  # fmt: skip
def test_refusals(request_pdu: str, code: int) -> None:
    """Sub-functions that are not there are 01, badly built requests 03."""
    pdu = bytes.fromhex(request_pdu)
    assert Handler(SharedBank()).handle(1, pdu) == bytes((pdu[0] | 0x80, code))


def test_message_counts() -> None:
    """Each request counts, that for the count included, by whichever way it came in."""
    handler = Handler(SharedBank())
    server = ServerConnection(handler)
    server.receive(mbap(1, 1, READ))
    server.receive(mbap(1, 1, READ) * 20)
    server.receive(mbap(1, 1, WRITE) + mbap(1, 1, UNKNOWN))
    assert count(handler, 11) == 24
    assert count(handler, 14) == 25
    handler.bad_frame()
    handler.overhear()
    handler.broadcast(WRITE)
    assert (count(handler, 11), count(handler, 14)) == (28, 28)
    assert (count(handler, 12), count(handler, 15)) == (1, 1)


def test_exception_counts() -> None:
    """All exceptions count, busy (06) and NAK (07) by themselves, also those of broadcasts."""
    bank = Refusing()
    handler = Handler(bank)
    for bank.code in (1, 2, 3, 4, 6, 6, 7, 8):
        assert handler.handle(1, WRITE) == bytes((0x86, bank.code))
    handler.broadcast(WRITE)
    ServerConnection(handler).receive(mbap(1, 1, bytes.fromhex("03 0000 0000")))
    counts = {sub: count(handler, sub) for sub in (13, 15, 16, 17)}
    assert counts == {13: 10, 15: 1, 16: 1, 17: 2}


def test_counters_have_16_bits_on_the_wire() -> None:
    """The answer has the low bits; the program sees the whole."""
    handler = Handler(SharedBank())
    server = ServerConnection(handler)
    for _ in range(65536 // 256):
        server.receive(mbap(1, 1, READ) * 256)
    assert count(handler, 11) == 1
    assert handler.diagnostics.bus_message_count == 65537


def test_overruns() -> None:
    """Who reads a line may tell of overruns; sub-function 20 clears their count alone."""
    handler = Handler(SharedBank())
    handler.diagnostics.overrun()
    handler.bad_frame()
    assert handler.diagnostics.events == b"\x82\x90"
    assert count(handler, 18) == 1
    diagnose(handler, 20)
    assert (count(handler, 18), count(handler, 12)) == (0, 1)


def test_clearing_the_counters() -> None:
    """Sub-function 10 sets all of them and the diagnostic register to 0; the log stays."""
    unit = Unit(SharedBank(), diagnostic_register=0x8001)
    handler = Handler(unit)
    handler.handle(1, UNKNOWN)
    handler.bad_frame()
    handler.diagnostics.overrun()
    assert diagnose(handler, 2) == b"\x80\1"
    assert diagnose(handler, 10) == b"\0\0"
    assert handler.diagnostics.bus_message_count == handler.diagnostics.event_count == 0
    assert handler.diagnostics.events[-2:] == b"\x41\x80"
    assert [count(handler, sub) for sub in (12, 13, 15, 16, 17, 18)] == [0] * 6
    assert diagnose(handler, 2) == b"\0\0"


def test_diagnostic_register_of_a_function() -> None:
    """A function gives the register's value at each request, cleared or not."""
    handler = Handler(Unit(SharedBank(), diagnostic_register=lambda: 0x1234))
    diagnose(handler, 10)
    assert diagnose(handler, 2) == b"\x12\x34"
    too_big = Handler(Unit(SharedBank(), diagnostic_register=0x10000))
    assert too_big.handle(1, bytes.fromhex("08 0002 0000")) == b"\x88\4"


def test_event_counter() -> None:
    """FC 11 counts what went well, but for those that ask for this count (AP §6.9)."""
    handler = Handler(SharedBank())
    assert handler.handle(1, b"\x0b") == bytes.fromhex("0B 0000 0000")
    ServerConnection(handler).receive(mbap(1, 1, READ) * 3 + mbap(1, 1, WRITE))
    handler.handle(1, UNKNOWN)
    handler.handle(1, b"\x0c")
    handler.broadcast(WRITE)
    assert handler.handle(1, b"\x0b") == bytes.fromhex("0B 0000 0006")
    assert handler.handle(1, b"\x0b") == bytes.fromhex("0B 0000 0006")


def test_event_log() -> None:
    """FC 12 gives counts and events, the newest first: its own receipt (AP §6.10)."""
    bank = Refusing()
    handler = Handler(bank)
    assert handler.handle(1, b"\x0c") == bytes.fromhex("0C 07 0000 0000 0001 80")
    ServerConnection(handler).receive(mbap(1, 1, READ))
    handler.handle(1, UNKNOWN)
    for bank.code in (4, 5, 7, 0x0B):
        handler.handle(1, WRITE)
    handler.broadcast(READ)
    assert handler.handle(1, b"\x0c") == bytes.fromhex(
        "0C 17 0000 0002 0009 80 41C0 4080 4880 4480 4280 4180 4080 4080"
    )


@pytest.mark.parametrize("how", ["quick", "slow", "mixed"])
def test_event_log_keeps_64(how: str) -> None:
    """Older events are forgotten, whichever way the requests came."""
    handler = Handler(SharedBank())
    server = ServerConnection(handler)
    for n in range(500):
        server.receive(mbap(1, 1, WRITE if how == "slow" or (how == "mixed" and n % 3) else READ))
    assert handler.diagnostics.events == b"\x40\x80" * 32
    response = handler.handle(1, b"\x0c")
    assert response == bytes.fromhex("0C 46 0000 01F4 01F5 80") + (b"\x40\x80" * 32)[:63]


def test_listen_only_mode() -> None:
    """Nothing is answered or carried out but a restart, which is not answered; all is counted."""
    bank = SharedBank()
    handler = Handler(bank)
    server = ServerConnection(handler)
    assert server.receive(mbap(1, 1, bytes.fromhex("08 0004 0000"))) == b""
    for pdu in (READ, WRITE, UNKNOWN, b"\x0b", bytes.fromhex("08 0000 0001"), b"\x08\0\1\0\7"):
        assert server.receive(mbap(1, 1, pdu)) == b""
    assert server.receive(mbap(1, 1, READ) * 2) == b""
    handler.broadcast(WRITE)
    assert bank.get_registers(Table.HOLDING_REGISTERS, 0) == [0]
    diagnostics = handler.diagnostics
    assert (diagnostics.bus_message_count, diagnostics.server_message_count) == (10, 1)
    assert diagnostics.server_no_response_count == 10
    assert diagnostics.events == b"\x60\xe0" + b"\x60\xa0" * 8 + b"\x04\x40\x80"
    assert server.receive(mbap(1, 1, bytes.fromhex("08 0001 0000"))) == b""
    assert handler.diagnostics.events[:3] == b"\x00\x60\xa0"
    assert server.receive(mbap(1, 1, READ)) == mbap(1, 1, b"\3\2\0\0")
    assert count(handler, 11) == 2


def test_a_program_may_silence_its_server() -> None:
    """The mode is the program's too."""
    handler = Handler(SharedBank())
    handler.diagnostics.is_listening_only = True
    assert handler.handle(1, READ) is None
    assert handler.read(1, 3, 0, 1) is None
    handler.diagnostics.is_listening_only = False
    assert handler.handle(1, READ) == b"\3\2\0\0"


@pytest.mark.parametrize(("data", "kept"), [("0000", b"\x40\x80\x41\x80"), ("FF00", b"")])
def test_restart(data: str, kept: bytes) -> None:
    """It is answered, then the counters are 0; the log is kept or cleared (AP §6.8.1)."""
    handler = Handler(SharedBank())
    handler.handle(1, UNKNOWN)
    assert diagnose(handler, 1, data) == bytes.fromhex(data)
    assert handler.diagnostics.events == b"\0" + kept
    assert handler.diagnostics.bus_message_count == 0
    assert count(handler, 13) == 0


def test_restart_by_broadcast() -> None:
    """A broadcast restart ends the listen only mode of a server, once for all of its units."""
    handler = Handler({1: SharedBank(), 2: SharedBank()})
    handler.broadcast(bytes.fromhex("08 0004 0000"))
    assert handler.diagnostics.is_listening_only
    handler.broadcast(bytes.fromhex("08 0001 FF00"))
    assert handler.diagnostics.events == b"\0"
    assert handler.handle(2, READ) == b"\3\2\0\0"


@pytest.mark.parametrize("delimiter", b"\r:0aF")
def test_delimiter_that_is_part_of_a_frame(delimiter: int) -> None:
    """With it no frame could be told from its end: exception 03."""
    handler = Handler(SharedBank())
    assert handler.ascii_delimiter() == b"\n"
    assert handler.handle(1, bytes((8, 0, 3, delimiter, 0))) == b"\x88\3"
    assert diagnose(handler, 3, "2A00") == b"*\0"
    assert handler.ascii_delimiter() == b"*"
    diagnose(handler, 1)
    assert handler.ascii_delimiter() == b"\n"


def test_each_handler_has_its_own() -> None:
    """The counters are those of one server."""
    first, second = Handler(SharedBank()), Handler(SharedBank())
    first.handle(1, READ)
    assert first.diagnostics.bus_message_count == 1
    assert second.diagnostics.bus_message_count == 0
