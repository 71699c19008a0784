"""The blocking client on a serial line: RTU and ASCII, a device that is spoken by hand."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from time import monotonic

import pytest

pytest.importorskip("serial")

from modbus_wire.endpoint import SerialEndpoint
from modbus_wire.errors import (
    ConnectError,
    ConnectionClosedError,
    CrcError,
    ResponseTimeout,
)
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.registers import ReadHoldingRegisters
from modbus_wire.policy import Policy
from modbus_wire.sync.client import Client
from modbus_wire.sync.serial_link import SerialLink
from modbus_wire.sync.serial_port import TURNAROUND
from tests.wire.clients import wait_until
from tests.wire.line_peers import SerialPeer
from tests.wire.peers import LIMIT, ascii_frame, registers, rtu
from tests.wire.serial_line import null_modem, plugged

SHORT = 0.1
PROMPT = 1.0
"""Seconds that count as at once on a busy machine."""

READ = b"\x03\x00\x00\x00\x01"
WRITE = b"\x06\x00\x01\x00\x02"
GOOD = rtu(1, registers(7))


@contextmanager
def line(
    script: Callable[[SerialPeer], None], timeout: float = LIMIT
) -> Iterator[tuple[Client, SerialPeer]]:
    """Give a client on an RTU line and the device at its other end."""
    with (
        null_modem() as (here, there),
        SerialPeer(there, script) as peer,
        Client(f"rtu://{here}", timeout=timeout) as client,
    ):
        yield client, peer


def answers(peer: SerialPeer, *frames: bytes) -> None:
    """Answer a request with each frame."""
    for frame in frames:
        peer.request()
        peer.send(frame)


@pytest.mark.parametrize(
    ("framing", "frame_of", "size"),
    [(Framing.RTU, rtu, 8), (Framing.ASCII, ascii_frame, 17)],
)
def test_read_and_write(framing: Framing, frame_of: Callable[..., bytes], size: int) -> None:
    """Frames are those of the specification, and so are the answers in pieces."""

    def script(peer: SerialPeer) -> None:
        peer.request(size)
        for byte in frame_of(1, registers(7)):
            peer.send(bytes((byte,)))
        peer.request(size)
        peer.send(frame_of(1, WRITE))

    with (
        null_modem() as (here, there),
        SerialPeer(there, script) as peer,
        Client(SerialEndpoint(here, framing=framing), timeout=LIMIT) as client,
    ):
        assert client.read_holding_registers(0) == [7]
        client.write_single_register(1, 2)
    assert peer.requests == [frame_of(1, READ), frame_of(1, WRITE)]


def test_longest_answer() -> None:
    """125 registers pass."""
    values = list(range(125))
    with line(lambda peer: answers(peer, rtu(1, registers(*values)))) as (client, _):
        assert client.read_holding_registers(0, 125) == values


def test_many_reads_go_one_at_a_time() -> None:
    """A line carries one request at a time, whatever the client may do elsewhere."""

    def script(peer: SerialPeer) -> None:
        answers(peer, *(rtu(1, registers(n)) for n in range(3)))

    with line(script) as (client, _):
        client.max_in_flight = 16
        assert client.read_many([ReadHoldingRegisters(0)] * 3) == [[0], [1], [2]]


def test_silence_between_frames() -> None:
    """3.5 characters pass between an answer and the next request (SL §2.5.1.1)."""
    with (
        null_modem() as (here, there),
        SerialPeer(there, lambda peer: answers(peer, GOOD, GOOD)) as peer,
        Client(f"rtu://{here}?baudrate=300", timeout=LIMIT) as client,
    ):
        client.read_holding_registers(0)
        client.read_holding_registers(0)
    assert peer.times[1] - peer.times[0] >= 3.5 * 11 / 300 * 0.9


def test_broadcast_waits_for_no_answer_but_gives_time() -> None:
    """The next request comes after the turnaround delay (SL §2.4.1)."""

    def script(peer: SerialPeer) -> None:
        peer.request()
        answers(peer, GOOD)

    with line(script) as (client, peer):
        start = monotonic()
        client.write_single_register(1, 2, unit_id=0)
        assert monotonic() - start < TURNAROUND
        assert client.read_holding_registers(0) == [7]
    assert peer.requests[0] == rtu(0, WRITE)
    assert peer.times[1] - peer.times[0] >= TURNAROUND * 0.9


def test_timeout_keeps_the_line_and_drops_what_comes_late() -> None:
    """Opening it anew would bring nothing: the late answer is taken off before the next request."""
    gave_up, late_sent = Event(), Event()

    def script(peer: SerialPeer) -> None:
        peer.request()
        assert gave_up.wait(LIMIT)
        peer.send(rtu(1, registers(99)))
        late_sent.set()
        answers(peer, GOOD)

    with line(script, SHORT) as (client, _):
        with pytest.raises(ResponseTimeout):
            client.read_holding_registers(0)
        assert client.is_open
        client.timeout = LIMIT
        gave_up.set()
        assert late_sent.wait(LIMIT)
        assert isinstance(client._link, SerialLink)
        port = client._link._port._serial
        wait_until(lambda: port.in_waiting)
        assert client.read_holding_registers(0) == [7]
        assert client.statistics.connects == 1


def test_dead_unit_does_not_disturb_the_others() -> None:
    """Timeouts in a row, of whatever unit, leave the line open; a late answer is nobody's."""

    def script(peer: SerialPeer) -> None:
        for _ in range(3):
            peer.request()
        peer.request()
        peer.send(rtu(9, registers(99)) + GOOD)

    with line(script) as (client, _):
        client.units[9] = Policy(timeout=0.05, retries=2)
        with pytest.raises(ResponseTimeout):
            client.read_holding_registers(0, unit_id=9)
        assert client.read_holding_registers(0) == [7]
        assert client.statistics.connects == 1


def test_noise_is_an_error_and_the_next_works() -> None:
    """A wrong checksum fails the request; the line stays open."""
    with line(lambda peer: answers(peer, GOOD[:-1] + b"\x00", GOOD)) as (client, _):
        with pytest.raises(CrcError):
            client.read_holding_registers(0)
        assert client.read_holding_registers(0) == [7]
        assert client.statistics.connects == 1


def test_write_without_answer_may_have_been_applied() -> None:
    """It is sent once."""

    def script(peer: SerialPeer) -> None:
        peer.request()
        answers(peer, GOOD)

    with line(script, SHORT) as (client, peer):
        client.policy = Policy(timeout=SHORT, retries=3)
        with pytest.raises(ResponseTimeout) as caught:
            client.write_single_register(1, 2)
        assert caught.value.may_have_been_applied
        client.timeout = LIMIT
        assert client.read_holding_registers(0) == [7]
    assert peer.requests == [rtu(1, WRITE), rtu(1, READ)]


def test_device_that_is_not_there() -> None:
    """A `ConnectError` says which."""
    with (
        Client("rtu:///dev/does-not-exist") as client,
        pytest.raises(ConnectError, match="/dev/does-not-exist") as caught,
    ):
        client.read_holding_registers(0)
    assert caught.value.peer == "/dev/does-not-exist unit 1"


def test_line_that_is_cut() -> None:
    """A request under way fails; later ones find no line."""
    with plugged() as modem, Client(f"rtu://{modem.devices[0]}", timeout=LIMIT) as client:
        client.open()
        modem.cut()
        with pytest.raises((ConnectionClosedError, ConnectError)):
            client.read_holding_registers(0)
        assert not client.is_open


def test_close_wakes_the_waiting_request() -> None:
    """It fails at once, and the client opens the line again."""
    asked = Event()

    def script(peer: SerialPeer) -> None:
        peer.request()
        asked.set()
        answers(peer, GOOD)

    with line(script) as (client, _), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.read_holding_registers, 0)
        assert asked.wait(LIMIT)
        start = monotonic()
        client.close()
        with pytest.raises(ConnectionClosedError, match="this side"):
            waiting.result(LIMIT)
        assert monotonic() - start < PROMPT
        assert client.read_holding_registers(0) == [7]
