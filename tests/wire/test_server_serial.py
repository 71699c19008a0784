"""Servers of both styles on a serial line: RTU and ASCII over two wired pseudo terminals."""

import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from modbus_wire.bank import SharedBank
from modbus_wire.codes import Table
from modbus_wire.endpoint import SerialEndpoint
from modbus_wire.framing.base import Framing
from modbus_wire.handler import Banks
from tests.wire.peers import LIMIT, ascii_frame, rtu
from tests.wire.raw_client import READ, WRITE, Calling
from tests.wire.serial_line import null_modem, plugged
from tests.wire.styles import STYLES, AnyServer, Style

pytest.importorskip("serial")

FRAMES = {Framing.RTU: rtu, Framing.ASCII: ascii_frame}
TOLD = b"\x03\x02\0\0"

pytestmark = [
    pytest.mark.parametrize("style", STYLES),
    pytest.mark.parametrize("framing", FRAMES),
]


class Line:
    """The other end of the line, spoken on by hand."""

    def __init__(self, device: str, framing: Framing) -> None:
        self._fd = os.open(device, os.O_RDWR | os.O_NOCTTY)
        self._frame = FRAMES[framing]

    def send(self, data: bytes) -> None:
        """Put bytes on the line."""
        os.write(self._fd, data)

    def receive(self, size: int, limit: float = LIMIT) -> bytes:
        """Return that many bytes, fewer where they do not come in time."""
        data = b""
        deadline = time.monotonic() + limit
        while len(data) < size:
            wait = max(0.0, deadline - time.monotonic())
            if not select.select([self._fd], [], [], wait)[0]:
                break
            data += os.read(self._fd, size - len(data))
        return data

    def asks(self, unit_id: int, pdu: bytes, answer: bytes = TOLD) -> bool:
        """Whether a request gets that answer."""
        expected = self._frame(unit_id, answer)
        self.send(self._frame(unit_id, pdu))
        return self.receive(len(expected)) == expected

    def hears_nothing(self) -> bool:
        """Whether the line stays silent for a while."""
        return self.receive(1, 0.1) == b""

    def close(self) -> None:
        """Leave the line."""
        os.close(self._fd)


@contextmanager
def served(style: Style, framing: Framing, bank: Banks) -> Iterator[tuple[AnyServer, Line]]:
    """Serve a bank on a line; give the server and the other end."""
    with null_modem() as (near, far):
        line = Line(far, framing)
        endpoint = SerialEndpoint(near, framing=framing, baudrate=115_200)
        try:
            with style(bank, endpoint, None) as server:
                yield server, line
        finally:
            line.close()


def test_requests_are_answered(style: Style, framing: Framing) -> None:
    """Reads and writes, one after the other, exceptions as well."""
    with served(style, framing, SharedBank()) as (server, line):
        assert server.is_running
        assert server.connections == 0
        assert line.asks(1, READ)
        assert line.asks(2, WRITE, WRITE)
        assert line.asks(247, READ, b"\x03\x02\0\1")
        assert line.asks(1, b"\x55\x01\x02", b"\xd5\x01")
        assert line.asks(1, b"\x03\0\0\0\x7d", b"\x03\xfa\0\1" + bytes(248))


def test_units_of_others_are_not_answered(style: Style, framing: Framing) -> None:
    """A server of some units leaves the requests for others to those who share the line."""
    with served(style, framing, {5: SharedBank()}) as (_, line):
        line.send(FRAMES[framing](6, READ))
        assert line.hears_nothing()
        assert line.asks(5, READ)


def test_a_broadcast_is_carried_out_and_not_answered(style: Style, framing: Framing) -> None:
    """Unit 0 reaches every unit; nobody answers."""
    banks = {1: SharedBank(), 2: SharedBank()}
    with served(style, framing, banks) as (_, line):
        line.send(FRAMES[framing](0, WRITE))
        assert line.hears_nothing()
        assert line.asks(1, READ, b"\x03\x02\0\1")
    assert [bank.get_registers(Table.HOLDING_REGISTERS, 0) for bank in banks.values()] == [[1], [1]]


def test_a_frame_in_pieces(style: Style, framing: Framing) -> None:
    """A frame may come byte by byte."""
    with served(style, framing, SharedBank()) as (_, line):
        frame = FRAMES[framing](1, WRITE)
        for byte in frame:
            line.send(bytes((byte,)))
        assert line.receive(len(frame)) == frame


@pytest.mark.parametrize("broken", ["wrong checksum", "half a frame"])
def test_a_broken_frame_is_not_answered(style: Style, framing: Framing, broken: str) -> None:
    """After silence the next byte begins a frame, whatever was before it."""
    with served(style, framing, SharedBank()) as (_, line):
        frame = FRAMES[framing](1, WRITE)
        if broken == "wrong checksum":
            line.send(frame[:-4] + b"00" + frame[-2:])
        else:
            line.send(frame[: len(frame) // 2])
        assert line.hears_nothing()
        assert line.asks(1, READ)


def test_restart_on_the_same_line(style: Style, framing: Framing) -> None:
    """A stopped server leaves its line and can have it again; stopping may be repeated."""
    with served(style, framing, SharedBank()) as (server, line):
        for _ in range(3):
            assert line.asks(1, READ)
            server.stop()
            assert not server.is_running
            server.stop()
            server.start()
        assert line.asks(1, READ)


def test_a_failing_bank_does_not_end_the_service(style: Style, framing: Framing) -> None:
    """An error of the bank is exception 04."""
    bank = Calling()

    def fail() -> None:
        raise RuntimeError

    bank.call = fail
    with served(style, framing, bank) as (_, line):
        assert line.asks(1, WRITE, b"\x86\x04")
        assert line.asks(1, READ, b"\x03\x02\0\1")


def test_a_line_that_is_not_there(style: Style, framing: Framing) -> None:
    """`start` raises OSError."""
    server = style(SharedBank(), SerialEndpoint("/dev/no such line", framing=framing), None)
    with pytest.raises(OSError, match="no such line"):
        server.start()
    assert not server.is_running


def test_a_lost_line_is_told_and_does_not_keep_from_stopping(
    style: Style, framing: Framing, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the line is unplugged the server says so once, and tries again until it is stopped."""
    with plugged() as modem:
        endpoint = SerialEndpoint(modem.devices[0], framing=framing)
        with style(SharedBank(), endpoint, None):
            modem.cut()
            deadline = time.monotonic() + LIMIT
            while not caplog.records and time.monotonic() < deadline:
                pass
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "lost" in record.getMessage()
