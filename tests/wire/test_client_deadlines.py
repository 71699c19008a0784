"""One deadline per request, and late answers that are never taken for others."""

import socket
from collections.abc import Callable
from threading import Event
from time import monotonic

import pytest

from modbus_wire.errors import ModbusError, ResponseTimeout
from modbus_wire.framing.base import Framing
from modbus_wire.sync.client import Client
from tests.wire.clients import client_of, wait_until_readable
from tests.wire.peers import LIMIT, Peer, ScriptedServer, answer, mbap, registers, replies, rtu

TIMEOUT = 0.15
SLACK = 0.6
"""Seconds that a busy machine may add."""

WRITTEN = b"\x06\x00\x01\x00\x02"


def impatient(server: ScriptedServer, framing: Framing = Framing.TCP) -> Client:
    """Return a client of the server with a short deadline."""
    return client_of(server, framing, timeout=TIMEOUT)


def fails_in_time(call: Callable[[], object]) -> ModbusError:
    """Return the `ResponseTimeout` that the call raises at its deadline, not before or after."""
    start = monotonic()
    with pytest.raises(ResponseTimeout) as caught:
        call()
    assert TIMEOUT * 0.9 <= monotonic() - start <= TIMEOUT + SLACK
    return caught.value


def test_no_answer_is_a_timeout_and_the_client_stays_usable() -> None:
    """A server that never answers costs one timeout; the next request uses the connection."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(answer(peer.request(), registers(7)))

    with ScriptedServer(script) as server, impatient(server) as client:
        error = fails_in_time(lambda: client.read_holding_registers(0))
        assert not error.may_have_been_applied
        client.timeout = LIMIT
        assert client.read_holding_registers(0) == [7]
    assert server.connections == 1
    assert len(server.requests) == 2


def test_write_without_answer_is_sent_once_and_may_have_been_applied() -> None:
    """The error of a write that timed out says so; nothing is repeated."""
    gave_up = Event()

    def script(peer: Peer) -> None:
        peer.request()
        assert gave_up.wait(LIMIT)
        peer.wait_for_end()

    with ScriptedServer(script) as server, impatient(server) as client:
        error = fails_in_time(lambda: client.write_single_register(1, 2))
        assert error.may_have_been_applied
        assert "may have been applied" in str(error)
        gave_up.set()
    assert len(server.written) == 1


@pytest.mark.parametrize(
    "late_first", [True, False], ids=["before next request", "with its answer"]
)
def test_late_answer_is_not_taken_for_the_next(late_first: bool) -> None:
    """The answer to a request that was given up is dropped whenever it comes."""
    gave_up = Event()

    def script(peer: Peer) -> None:
        late = answer(peer.request(), registers(1))
        assert gave_up.wait(LIMIT)
        if late_first:
            peer.send(late)
            late = b""
        peer.send(late + answer(peer.request(), registers(2)))
        peer.send(answer(peer.request(), registers(3)))

    with ScriptedServer(script) as server, impatient(server) as client:
        fails_in_time(lambda: client.read_holding_registers(0))
        client.timeout = LIMIT
        gave_up.set()
        if late_first:
            wait_until_readable(client)
        assert client.read_holding_registers(0) == [2]
        assert client.read_holding_registers(0) == [3]
    assert server.connections == 1


def test_late_answer_of_another_unit_is_dropped_too() -> None:
    """A late answer is nobody's, so that nothing in it can be wrong."""
    gave_up = Event()

    def script(peer: Peer) -> None:
        late = peer.request()
        assert gave_up.wait(LIMIT)
        peer.send(mbap(int.from_bytes(late[:2]), 9, registers(1)))
        peer.send(answer(peer.request(), registers(2)))

    with ScriptedServer(script) as server, impatient(server) as client:
        fails_in_time(lambda: client.read_holding_registers(0))
        client.timeout = LIMIT
        gave_up.set()
        assert client.read_holding_registers(0) == [2]
    assert server.connections == 1


def test_late_answer_before_a_write_does_not_disturb_it() -> None:
    """A write takes the late answer off the line, goes out once and keeps the connection."""
    gave_up = Event()

    def script(peer: Peer) -> None:
        late = answer(peer.request(), registers(1))
        assert gave_up.wait(LIMIT)
        peer.send(late)
        peer.send(answer(peer.request(), WRITTEN))

    with ScriptedServer(script) as server, impatient(server) as client:
        fails_in_time(lambda: client.read_holding_registers(0))
        client.timeout = LIMIT
        gave_up.set()
        wait_until_readable(client)
        client.write_single_register(1, 2)
    assert server.connections == 1
    assert len(server.written) == 1


def test_half_a_late_answer_does_not_shift_the_stream() -> None:
    """The rest of an answer that was given up in the middle ends that answer, not the next."""
    gave_up = Event()

    def script(peer: Peer) -> None:
        late = answer(peer.request(), registers(1))
        peer.send(late[:9])
        assert gave_up.wait(LIMIT)
        request = peer.request()
        peer.send(late[9:] + answer(request, registers(2)))

    with ScriptedServer(script) as server, impatient(server) as client:
        fails_in_time(lambda: client.read_holding_registers(0))
        client.timeout = LIMIT
        gave_up.set()
        assert client.read_holding_registers(0) == [2]
    assert server.connections == 1


def trickle(peer: Peer, pieces: Callable[[bytes], bytes]) -> None:
    """Send what ``pieces`` makes of the request, byte by byte, slower than the deadline allows."""
    pause = Event()
    for byte in pieces(peer.request()):
        peer.send(bytes((byte,)))
        pause.wait(TIMEOUT / 4)


@pytest.mark.parametrize(
    "pieces",
    [
        lambda request: answer(request, registers(*range(20))),
        lambda request: mbap(0x7777, 1, b"\x03") * 20,
    ],
    ids=["the answer", "answers to nothing"],
)
def test_dripping_bytes_do_not_stretch_the_deadline(pieces: Callable[[bytes], bytes]) -> None:
    """The deadline is that of the whole response, however often a byte of something comes."""
    with ScriptedServer(lambda peer: trickle(peer, pieces)) as server, impatient(server) as client:
        fails_in_time(lambda: client.read_holding_registers(0, 20))


def test_silence_after_half_an_answer_does_not_stretch_the_deadline() -> None:
    """A wait that goes on ends with the deadline it began with."""
    timeout = 0.6
    pause = Event()

    def script(peer: Peer) -> None:
        half = answer(peer.request(), registers(1))[:9]
        pause.wait(timeout * 0.8)
        peer.send(half)
        peer.wait_for_end()

    with ScriptedServer(script) as server, client_of(server, timeout=timeout) as client:
        start = monotonic()
        with pytest.raises(ResponseTimeout):
            client.read_holding_registers(0)
        assert monotonic() - start < timeout * 1.6


def test_server_that_takes_no_bytes_is_a_timeout() -> None:
    """A full line ends a request at its deadline; a frame that is not sent is not applied."""

    def fill_the_line() -> None:
        for _ in range(100_000):
            client.write_multiple_registers(0, range(123), unit_id=0)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, port = listener.getsockname()
        with Client(host, port, timeout=TIMEOUT, framing=Framing.RTU) as client:
            with pytest.raises(ResponseTimeout) as caught:
                fill_the_line()
            assert not caught.value.may_have_been_applied
            assert not client.is_open


def test_flood_of_foreign_frames_does_not_stretch_the_deadline() -> None:
    """A peer that never stops sending cannot hold the client, in a read or before a write."""

    def flood(peer: Peer) -> None:
        peer.request()
        while True:
            peer.send(mbap(0x7777, 1, registers(*range(100))) * 20)

    with ScriptedServer(flood, replies(WRITTEN)) as server, impatient(server) as client:
        fails_in_time(lambda: client.read_holding_registers(0))
        client.timeout = LIMIT
        client.write_single_register(1, 2)
    assert server.connections == 2
    assert len(server.written) == 1


def test_short_wait_of_one_response_is_not_that_of_the_next() -> None:
    """A response in pieces, read with what was left of its deadline, costs the next nothing."""
    half_read = Event()

    def script(peer: Peer) -> None:
        first = answer(peer.request(), registers(1))
        peer.send(first[:5])
        half_read.wait(TIMEOUT * 0.6)
        peer.send(first[5:])
        second = answer(peer.request(), registers(2))
        half_read.wait(TIMEOUT * 0.7)
        peer.send(second)

    with (
        ScriptedServer(script) as server,
        client_of(server, timeout=TIMEOUT * 2) as client,
    ):
        assert client.read_holding_registers(0) == [1]
        assert client.read_holding_registers(0) == [2]
    assert server.connections == 1


@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
def test_rtu_timeout_takes_a_new_connection(writes: bool) -> None:
    """Without ids a late answer cannot be told apart, so the line is left (SL §2.4.1)."""

    def late(peer: Peer) -> None:
        peer.request_of(8)
        peer.wait_for_end()

    def good(peer: Peer) -> None:
        peer.request_of(8)
        peer.send(rtu(1, registers(7)))

    with ScriptedServer(late, good) as server, impatient(server, Framing.RTU) as client:
        if writes:
            error = fails_in_time(lambda: client.write_single_register(1, 2))
            assert error.may_have_been_applied
        else:
            fails_in_time(lambda: client.read_holding_registers(0))
        client.timeout = LIMIT
        assert client.read_holding_registers(0) == [7]
    assert len(server.requests) == 2


def test_rtu_answer_nobody_asked_for_does_not_shift_the_next() -> None:
    """What came on an RTU line between requests is dropped: one too many shifts nothing."""
    answered = Event()

    def script(peer: Peer) -> None:
        peer.request_of(8)
        peer.send(rtu(1, registers(1)))
        assert answered.wait(LIMIT)
        peer.send(rtu(1, registers(99)) + b"\x01")
        peer.request_of(8)
        peer.send(rtu(1, registers(2)))

    with (
        ScriptedServer(script) as server,
        client_of(server, Framing.RTU) as client,
    ):
        assert client.read_holding_registers(0) == [1]
        answered.set()
        wait_until_readable(client)
        assert client.read_holding_registers(0) == [2]
    assert server.connections == 1


def test_connection_that_stays_silent_is_given_up() -> None:
    """After two timeouts in a row a new connection is made: the old one may be dead."""

    def silent(peer: Peer) -> None:
        peer.request()
        peer.request()
        peer.wait_for_end()

    with (
        ScriptedServer(silent, replies(registers(7))) as server,
        impatient(server) as client,
    ):
        for _ in range(2):
            fails_in_time(lambda: client.read_holding_registers(0))
        client.timeout = LIMIT
        assert client.read_holding_registers(0) == [7]
    assert server.connections == 2
