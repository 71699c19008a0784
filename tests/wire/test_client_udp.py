"""The blocking client over UDP: frames in datagrams."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic
from typing import Any

import pytest

from modbus_wire.endpoint import UdpEndpoint
from modbus_wire.errors import (
    ConnectError,
    ConnectionClosedError,
    ResponseTimeout,
)
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.registers import ReadHoldingRegisters
from modbus_wire.policy import Policy
from modbus_wire.sync.client import Client
from tests.wire.line_peers import DatagramPeer
from tests.wire.peers import LIMIT, answer, ascii_frame, mbap, registers, rtu

SHORT = 0.1
PROMPT = 1.0
"""Seconds that count as at once on a busy machine."""


def client_of(peer: DatagramPeer, timeout: float = LIMIT, **settings: Any) -> Client:
    """Return a client of the peer."""
    return Client(UdpEndpoint(peer.host, peer.port), timeout=timeout, **settings)


def good(peer: DatagramPeer) -> None:
    """Answer one read."""
    peer.send(answer(peer.request(), registers(7)))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_read_and_write(host: str) -> None:
    """A request is one datagram, and so is its answer."""

    def script(peer: DatagramPeer) -> None:
        good(peer)
        peer.send(answer(peer.request(), b"\x06\x00\x01\x00\x02"))

    try:
        peer = DatagramPeer(script, host)
    except OSError:
        pytest.skip("no IPv6 on this machine")
    url = f"udp://[{host}]:{peer.port}" if ":" in host else f"udp://{host}:{peer.port}"
    with peer, Client(url, timeout=LIMIT) as client:
        assert client.read_holding_registers(0) == [7]
        client.write_single_register(1, 2)
    assert peer.requests == [
        mbap(1, 1, b"\x03\x00\x00\x00\x01"),
        mbap(2, 1, b"\x06\x00\x01\x00\x02"),
    ]
    assert len(set(peer.clients)) == 1


@pytest.mark.parametrize(("framing", "size"), [(Framing.RTU, 8), (Framing.ASCII, 17)])
def test_framings_of_lines(framing: Framing, size: int) -> None:
    """RTU and ASCII frames go in datagrams as well; a broadcast is answered by nobody."""
    frame_of = rtu if framing is Framing.RTU else ascii_frame

    def script(peer: DatagramPeer) -> None:
        peer.request(size)
        peer.request(size)
        peer.send(frame_of(1, registers(7)))

    with (
        DatagramPeer(script) as peer,
        Client(UdpEndpoint(peer.host, peer.port, framing=framing), timeout=LIMIT) as client,
    ):
        client.write_single_register(1, 2, unit_id=0)
        assert client.read_holding_registers(0) == [7]


def test_longest_frames() -> None:
    """125 registers fit a datagram."""
    values = list(range(125))
    with (
        DatagramPeer(lambda peer: peer.send(answer(peer.request(), registers(*values)))) as peer,
        client_of(peer) as client,
    ):
        assert client.read_holding_registers(0, 125) == values


def test_lost_request_is_asked_again_where_the_policy_says_so() -> None:
    """UDP loses datagrams: a read has its retries, a write has none."""

    def script(peer: DatagramPeer) -> None:
        peer.request()
        good(peer)
        peer.request()

    with DatagramPeer(script) as peer:
        endpoint = UdpEndpoint(peer.host, peer.port)
        with Client(endpoint, policy=Policy(timeout=SHORT, retries=1)) as client:
            assert client.read_holding_registers(0) == [7]
            with pytest.raises(ResponseTimeout) as caught:
                client.write_single_register(1, 2)
            assert caught.value.may_have_been_applied
    assert len(peer.requests) == 3


def test_late_answer_is_dropped() -> None:
    """The answer to a request that was given up is not taken for the next."""
    gave_up = Event()

    def script(peer: DatagramPeer) -> None:
        late = answer(peer.request(), registers(1))
        assert gave_up.wait(LIMIT)
        peer.send(late)
        good(peer)

    with DatagramPeer(script) as peer, client_of(peer, SHORT) as client:
        with pytest.raises(ResponseTimeout):
            client.read_holding_registers(0)
        client.timeout = LIMIT
        gave_up.set()
        assert client.read_holding_registers(0) == [7]


def test_frames_do_not_go_on_in_the_next_datagram() -> None:
    """Half a frame and no frame at all are forgotten; the answer behind them counts."""

    def script(peer: DatagramPeer) -> None:
        frame = answer(peer.request(), registers(7))
        peer.send(frame[:9])
        peer.send(b"")
        peer.send(frame[:3])
        peer.send(frame)

    with DatagramPeer(script) as peer, client_of(peer) as client:
        assert client.read_holding_registers(0) == [7]


@pytest.mark.parametrize("at_once", [1, 4])
def test_a_datagram_that_is_no_frame_is_dropped(at_once: int) -> None:
    """Whatever came with it, and whoever sent it, the answer is still to come."""

    def script(peer: DatagramPeer) -> None:
        frames = [answer(peer.request(), registers(value)) for value in range(at_once)]
        for junk in (b"HTTP/1.1 400", b"\0\1\0\0\0\0", mbap(9, 1, registers(3)) + b"\xff" * 9):
            peer.send(junk)
        peer.send(frames[0] + b"\xff" * 9)
        for frame in frames[1:]:
            peer.send(frame)
        peer.send(b"\xff" * 9)
        peer.send(answer(peer.request(), b"\x06\x00\x01\x00\x02"))

    with DatagramPeer(script) as peer, client_of(peer, max_in_flight=at_once) as client:
        reads = [ReadHoldingRegisters(0)] * at_once
        assert client.read_many(reads) == [[value] for value in range(at_once)]
        client.write_single_register(1, 2)
    assert len(set(peer.clients)) == 1


def test_half_a_frame_before_a_write_does_not_spoil_it() -> None:
    """What lies about between requests is dropped."""
    sent = Event()

    def script(peer: DatagramPeer) -> None:
        frame = answer(peer.request(), registers(7))
        peer.send(frame)
        peer.send(frame[:9])
        sent.set()
        peer.send(answer(peer.request(), b"\x06\x00\x01\x00\x02"))

    with DatagramPeer(script) as peer, client_of(peer) as client:
        client.read_holding_registers(0)
        assert sent.wait(LIMIT)
        client.write_single_register(1, 2)
    assert len(set(peer.clients)) == 1


@pytest.mark.parametrize("at_once", [1, 4])
def test_many_reads(at_once: int) -> None:
    """Each read is a datagram of its own; answers come together, or one by one."""

    def script(peer: DatagramPeer) -> None:
        for _ in range(0, 4, at_once):
            frames = [
                answer(each, registers(int.from_bytes(each[8:10])))
                for each in [peer.request() for _ in range(at_once)]
            ]
            peer.send(b"".join(frames[:-1]) + frames[-1])

    with DatagramPeer(script) as peer, client_of(peer, max_in_flight=at_once) as client:
        results = client.read_many([ReadHoldingRegisters(n) for n in range(4)])
    assert results == [[0], [1], [2], [3]]


def test_foreign_sender_is_not_heard() -> None:
    """An answer from another port is none."""

    def script(peer: DatagramPeer) -> None:
        request = peer.request()
        with DatagramPeer(lambda other: None) as foreign:
            foreign.client = peer.client
            foreign.send(answer(request, registers(99)))
        peer.send(answer(request, registers(7)))

    with DatagramPeer(script) as peer, client_of(peer) as client:
        assert client.read_holding_registers(0) == [7]


def test_port_that_nobody_has() -> None:
    """The host refuses: an error well before the timeout, and the client works afterwards."""
    with DatagramPeer(lambda peer: None) as gone:
        pass
    start = monotonic()
    with client_of(gone) as client:
        with pytest.raises(ConnectionClosedError):
            client.read_holding_registers(0)
        assert monotonic() - start < PROMPT
        with DatagramPeer(good) as peer:
            client.close()
            client.endpoint = UdpEndpoint(peer.host, peer.port)
            assert client.read_holding_registers(0) == [7]


def test_name_that_does_not_resolve_is_a_connect_error() -> None:
    """Nothing can be sent to nobody."""
    with Client("udp://no..name") as client, pytest.raises(ConnectError, match="resolve"):
        client.read_holding_registers(0)


def test_close_wakes_the_waiting_request() -> None:
    """It fails at once."""
    asked = Event()

    def script(peer: DatagramPeer) -> None:
        peer.request()
        asked.set()

    with (
        DatagramPeer(script) as peer,
        ThreadPoolExecutor(1) as pool,
        client_of(peer) as client,
    ):
        waiting = pool.submit(client.read_holding_registers, 0)
        assert asked.wait(LIMIT)
        start = monotonic()
        client.close()
        with pytest.raises(ConnectionClosedError, match="this side"):
            waiting.result(LIMIT)
        assert monotonic() - start < PROMPT
