"""A serial port over a null modem of pseudo terminals: bytes, silence, waking, losing the line."""

import sys
from threading import Thread
from time import monotonic

import pytest

pytest.importorskip("serial")

from modbus_wire.endpoint import SerialEndpoint
from modbus_wire.errors import ConnectError, ConnectionClosedError
from modbus_wire.framing.base import Framing
from modbus_wire.sync.serial_port import TURNAROUND, SerialPort
from tests.wire.peers import LIMIT, ascii_frame, rtu
from tests.wire.serial_line import null_modem, plugged

PROMPT = 1.0
"""Seconds that count as at once on a busy machine."""

READ = b"\x03\x00\x00\x00\x01"


def everything(port: SerialPort, size: int) -> bytes:
    """Return that many bytes."""
    data = b""
    while len(data) < size:
        piece = port.receive(LIMIT)
        assert piece
        data += piece
    return data


@pytest.mark.parametrize("framing", [Framing.RTU, Framing.ASCII])
def test_bytes_go_both_ways(framing: Framing) -> None:
    """Every byte passes as it is, also those that a terminal would act on."""
    data = bytes(range(256))
    with null_modem() as (here, there):
        left = SerialPort(SerialEndpoint(here, framing=framing))
        right = SerialPort(SerialEndpoint(there, framing=framing))
        left.send(data)
        assert everything(right, 256) == data
        right.send(data)
        assert everything(left, 256) == data
        left.close()
        right.close()


def test_line_can_be_opened_again() -> None:
    """But not twice at once: two masters would garble each other's frames."""
    with null_modem() as (here, _):
        first = SerialPort(SerialEndpoint(here))
        with pytest.raises(ConnectError, match=here):
            SerialPort(SerialEndpoint(here))
        first.close()
        SerialPort(SerialEndpoint(here)).close()


@pytest.mark.parametrize("timeout", [0.0, 0.1])
def test_nothing_in_time(timeout: float) -> None:
    """Silence is no bytes, after the timeout and not before."""
    with null_modem() as (here, _):
        port = SerialPort(SerialEndpoint(here))
        start = monotonic()
        assert port.receive(timeout) == b""
        assert timeout * 0.9 <= monotonic() - start < timeout + PROMPT
        port.close()


def test_cancel_wakes_the_waiting_receive() -> None:
    """From another thread, and also where it comes a little early; the port works on."""
    with null_modem() as (here, there):
        port, other = SerialPort(SerialEndpoint(here)), SerialPort(SerialEndpoint(there))
        start = monotonic()
        thread = Thread(target=port.cancel)
        thread.start()
        assert port.receive(LIMIT) == b""
        thread.join(LIMIT)
        port.cancel()
        assert port.receive(LIMIT) == b""
        assert monotonic() - start < PROMPT
        other.send(b"x")
        assert port.receive(LIMIT) == b"x"
        port.close()
        other.close()


def seconds_of(port: SerialPort, data: bytes) -> float:
    """Return how long sending takes."""
    start = monotonic()
    port.send(data)
    return monotonic() - start


def test_silence_before_an_rtu_frame() -> None:
    """3.5 characters after the last byte sent or received (SL §2.5.1.1); none in ASCII."""
    with null_modem() as (here, there):
        slow = SerialEndpoint(here, baudrate=300)
        port, other = SerialPort(slow), SerialPort(SerialEndpoint(there))
        assert seconds_of(port, rtu(1, READ)) < slow.silence
        assert seconds_of(port, rtu(1, READ)) >= slow.silence * 0.9
        other.send(b"x")
        assert port.receive(LIMIT) == b"x"
        assert seconds_of(port, rtu(1, READ)) >= slow.silence * 0.9
        port.close()
        port = SerialPort(SerialEndpoint(here, baudrate=300, framing=Framing.ASCII))
        assert seconds_of(port, ascii_frame(1, READ)) < slow.silence
        assert seconds_of(port, ascii_frame(1, READ)) < slow.silence
        port.close()
        other.close()


@pytest.mark.parametrize(
    ("framing", "frame_of"), [(Framing.RTU, rtu), (Framing.ASCII, ascii_frame)]
)
def test_broadcast_is_followed_by_a_pause(framing: Framing, frame_of: object) -> None:
    """Devices need time to carry it out, and nobody says when they have (SL §2.4.1)."""
    assert callable(frame_of)
    with null_modem() as (here, _):
        port = SerialPort(SerialEndpoint(here, framing=framing))
        assert seconds_of(port, frame_of(0, READ)) < TURNAROUND
        assert seconds_of(port, frame_of(1, READ)) >= TURNAROUND * 0.9
        port.close()


def test_line_that_is_cut() -> None:
    """Both directions fail; so does whatever is done after a close."""
    with plugged() as modem:
        port = SerialPort(SerialEndpoint(modem.devices[0]))
        modem.cut()
        with pytest.raises(ConnectionClosedError):
            port.receive(LIMIT)
        with pytest.raises(ConnectionClosedError):
            port.send(b"x")
        port.close()
        port.close()
        with pytest.raises(ConnectionClosedError):
            port.receive(LIMIT)
        with pytest.raises(ConnectionClosedError):
            port.send(b"x")
        port.cancel()


@pytest.mark.parametrize("device", ["/dev/does-not-exist", "/dev/null", "."])
def test_device_that_is_none(device: str) -> None:
    """What cannot be opened, or is no serial line, is a `ConnectError` that names it."""
    with pytest.raises(ConnectError, match="cannot be opened"):
        SerialPort(SerialEndpoint(device))


def test_without_pyserial_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has not installed it is told how."""
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(ImportError, match=r"modbus-schema\[serial\]"):
        SerialPort(SerialEndpoint("/dev/null"))
