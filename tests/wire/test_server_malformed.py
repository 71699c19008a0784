"""Peers that break the protocol: the right exception or a clean close, and nobody else notices."""

import gc
import random
import socket
import struct
import threading
import tracemalloc
from collections.abc import Iterator

import pytest

from modbus_wire.bank import SharedBank
from tests.wire.peers import mbap
from tests.wire.raw_client import READ, RawClient
from tests.wire.styles import STYLES, AnyServer

ANSWER = bytes.fromhex("03 02 0000")
KNOWN = (1, 2, 3, 4, 5, 6, 15, 16, 22, 23)


@pytest.fixture(params=STYLES)
def server(request: pytest.FixtureRequest) -> Iterator[AnyServer]:
    """A server that must still serve at the end, and then leave no thread."""
    before = threading.active_count()
    with request.param(SharedBank()) as server:
        yield server
        with RawClient(server) as client:
            assert client.is_served()
    assert threading.active_count() == before


@pytest.fixture
def witness(server: AnyServer) -> Iterator[RawClient]:
    """Another connection, which is served before the test and must be after it."""
    with RawClient(server) as client:
        assert client.is_served()
        yield client
        assert client.is_served()


@pytest.fixture
def client(server: AnyServer, witness: RawClient) -> Iterator[RawClient]:
    """The connection that misbehaves."""
    with RawClient(server) as client:
        yield client


@pytest.mark.parametrize("length", [0, 1, 255, 65535])
def test_bad_length(client: RawClient, length: int) -> None:
    """What was asked before a bad length is answered, then the connection ends."""
    client.send(mbap(1, 1, READ) + struct.pack(">HHHB", 2, 0, length, 1) + READ)
    assert client.until_end() == mbap(1, 1, ANSWER)


def test_bad_length_with_nothing_after_it(client: RawClient) -> None:
    """The connection ends with the length, for which no more bytes need to come."""
    client.send(mbap(1, 1, READ) + struct.pack(">HHH", 2, 0, 0))
    assert client.until_end() == mbap(1, 1, ANSWER)


def test_wrong_protocol(client: RawClient) -> None:
    """A frame of another protocol is passed over, and the ones around it are answered."""
    frames = [mbap(1, 1, READ), mbap(2, 1, READ, protocol_id=1), mbap(3, 1, READ)]
    client.send(b"".join(frames))
    client.send(mbap(4, 1, READ, protocol_id=0xFFFF) + mbap(5, 1, READ))
    expected = b"".join(mbap(id_, 1, ANSWER) for id_ in (1, 3, 5))
    assert client.receive(len(expected)) == expected


@pytest.mark.parametrize("size", range(12))
def test_truncated_by_the_end(client: RawClient, size: int) -> None:
    """A frame that its sender never finishes gets no answer, and the end is answered by the end."""
    client.send(mbap(1, 1, READ) + mbap(2, 1, READ)[:size])
    client.socket.shutdown(socket.SHUT_WR)
    assert client.until_end() == mbap(1, 1, ANSWER)


def test_half_closed_peer_gets_its_answers(client: RawClient) -> None:
    """Who has said all, and shut down sending, still hears every answer."""
    client.send(b"".join(mbap(id_, 1, READ) for id_ in range(50)))
    client.socket.shutdown(socket.SHUT_WR)
    assert client.until_end() == b"".join(mbap(id_, 1, ANSWER) for id_ in range(50))


def test_reset(client: RawClient, server: AnyServer, caplog: pytest.LogCaptureFixture) -> None:
    """A peer that resets the connection harms nobody and is nothing to log."""
    client.send(mbap(1, 1, READ))
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    for _ in range(20):
        with RawClient(server) as other:
            assert other.is_served()
    assert not caplog.records


def test_one_byte_at_a_time(client: RawClient) -> None:
    """Frames that come byte by byte are answered like any other."""
    for byte in mbap(1, 1, READ) + mbap(2, 1, READ):
        client.send(bytes((byte,)))
    assert client.receive(22) == mbap(1, 1, ANSWER) + mbap(2, 1, ANSWER)


def test_all_function_codes(client: RawClient) -> None:
    """Each of the 256 function codes with nothing after it: 03 where it needs more, else 01.

    11 and 12 have nothing after them.
    """
    for code in range(256):
        answer = client.ask(bytes((code,)))
        if code in (11, 12):
            assert answer[0] == code
        else:
            assert answer == bytes((code | 0x80, 3 if code in KNOWN else 1))


@pytest.mark.parametrize(
    ("request_pdu", "response_pdu"),
    [
        ("01 0000 0000", "81 03"),
        ("01 0000 07D1", "81 03"),
        ("03 0000 0000", "83 03"),
        ("03 0000 007E", "83 03"),
        ("03 0000 FFFF", "83 03"),
        ("01 FFFF 0002", "81 02"),
        ("02 F831 07D0", "82 02"),
        ("03 FF84 007D", "83 02"),
        ("04 FFFF 0002", "84 02"),
        ("05 0000 1234", "85 03"),
        ("0F FFFF 0002 01 03", "8F 02"),
        ("0F 0000 0002 02 0303", "8F 03"),
        ("10 FFFF 0002 04 0001 0001", "90 02"),
        ("10 0000 0002 03 0001 00", "90 03"),
        ("10 0000 0000 00", "90 03"),
        ("17 FFFF 0002 0000 0001 02 0001", "97 02"),
        ("17 0000 0001 FFFF 0002 04 0001 0001", "97 02"),
        ("03 0000 0001 00", "83 03"),
        ("03 0000 00", "83 03"),
    ],
)
def test_bad_requests(client: RawClient, request_pdu: str, response_pdu: str) -> None:
    """A request that is refused gets its exception, and the connection stays."""
    assert client.ask(bytes.fromhex(request_pdu)) == bytes.fromhex(response_pdu)
    assert client.is_served()


def random_stream(source: random.Random) -> bytes:
    """Return frames, most of them broken somewhere: header, function, length, or all of it."""
    stream = b""
    for _ in range(source.randrange(1, 8)):
        pdu = source.randbytes(source.randrange(1, 30))
        frame = bytearray(mbap(source.randrange(65536), source.randrange(256), pdu))
        if source.random() < 0.5:
            frame[7] = source.choice((*KNOWN, 8))
        if source.random() < 0.1:
            frame[source.randrange(2, 6)] = source.randrange(256)
        if source.random() < 0.05:
            frame = bytearray(source.randbytes(40))
        stream += frame
    return stream


def bombard(server: AnyServer, source: random.Random, connections: int) -> int:
    """Send random streams, each on a connection of its own; return the bytes that came back."""
    answered = 0
    for _ in range(connections):
        with RawClient(server) as client:
            client.send(random_stream(source))
            client.socket.shutdown(socket.SHUT_WR)
            answered += len(client.until_end())
    return answered


def test_thousands_of_random_frames(server: AnyServer, witness: RawClient) -> None:
    """Random frames end at worst their own connection, and leave nothing in memory."""
    source = random.Random(20120426)
    assert bombard(server, source, 100) > 0
    tracemalloc.start()
    try:
        bombard(server, source, 50)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        bombard(server, source, 600)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 20_000
    assert witness.is_served()
