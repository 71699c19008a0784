"""The server's end of a connection, without sockets: bytes in, bytes out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_wire.bank import SharedBank, SparseBank
from modbus_wire.codes import Table
from modbus_wire.errors import MemoryParityError
from modbus_wire.framing.base import Framing
from modbus_wire.handler import Handler
from modbus_wire.limits import Limits
from modbus_wire.senders import Senders
from modbus_wire.server_connection import ServerConnection
from tests.wire.peers import mbap, rtu

READ = bytes.fromhex("03 0000 0002")
CELLS = {table: [range(30)] for table in Table}


def connection(framing: Framing = Framing.TCP) -> ServerConnection:
    """Return a connection to a device with 30 cells in each table; register n holds n."""
    bank = SparseBank(CELLS)
    bank.set_registers(Table.HOLDING_REGISTERS, 0, range(30))
    return ServerConnection(Handler(bank), framing)


def in_pieces(server: ServerConnection, stream: bytes, sizes: list[int]) -> bytes:
    """Feed a stream in pieces of these sizes, then the rest at once; return all answers."""
    answers = b""
    for size in sizes:
        answers += server.receive(stream[:size])
        stream = stream[size:]
    return answers + (server.receive(stream) if stream else b"")


# Requests good and bad: plain reads in long runs, writes, and bytes that are no request at all.
words = st.one_of(st.integers(0, 40), st.integers(0, 65535))
pdus = st.one_of(
    st.builds(
        lambda code, first, second: (
            bytes((code,)) + first.to_bytes(2, "big") + second.to_bytes(2, "big")
        ),
        st.integers(0, 8),
        words,
        words,
    ),
    st.builds(lambda address: bytes((3, 0, address, 0, 5)), st.integers(0, 40)),
    st.binary(min_size=1, max_size=60),
)
frames = st.lists(
    st.builds(
        mbap,
        st.integers(0, 65535),
        st.integers(0, 255),
        pdus,
        st.sampled_from([0, 0, 0, 0, 1, 0xFFFF]),
    ),
    max_size=12,
)


@given(frames, st.lists(st.integers(1, 40)), st.booleans())
def test_any_chunking_gives_the_same_answers(
    requests: list[bytes], sizes: list[int], ends_badly: bool
) -> None:
    """However the stream is cut, each request gets what the handler says, in order; then it ends.

    Frames of another protocol get nothing, and after a bad length nobody looks.
    """
    expected = b""
    handler = Handler(SparseBank(CELLS))
    for frame in requests:
        if frame[2:4] != b"\0\0":
            continue
        response = handler.handle(frame[6], frame[7:])
        if response is not None:
            expected += mbap(int.from_bytes(frame[:2]), frame[6], response)
    stream = b"".join(requests) + (b"\0\0\0\0\0\1\1" + mbap(1, 1, READ) if ends_badly else b"")
    server = ServerConnection(Handler(SparseBank(CELLS)))
    assert in_pieces(server, stream, sizes) == expected
    assert server.closed == ends_badly


@given(st.binary(max_size=600), st.lists(st.integers(1, 40)))
def test_any_bytes_are_survived(stream: bytes, sizes: list[int]) -> None:
    """Arbitrary bytes are answered or end the connection; nothing is raised, by either framing."""
    for framing in Framing:
        in_pieces(connection(framing), stream, sizes)


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(1, 20)), min_size=1, max_size=50))
def test_run_of_reads(reads: list[tuple[int, int]]) -> None:
    """Many requests in one piece are answered in one piece, in order, with their own ids."""
    stream = b"".join(mbap(id_, 9, bytes((3, 0, 2, 0, quantity))) for id_, quantity in reads)
    assert connection().receive(stream) == b"".join(
        mbap(id_, 9, bytes((3, 2 * n)) + b"".join(bytes((0, 2 + k)) for k in range(n)))
        for id_, n in reads
    )


def test_frames_of_other_protocols_in_a_run() -> None:
    """Reads of another protocol, or of another length than theirs, are not taken for reads."""
    foreign, long = mbap(1, 1, READ, protocol_id=1), mbap(2, 1, READ + b"\0" * 7)
    answer = mbap(0, 1, bytes.fromhex("03 04 0000 0001"))
    server = connection()
    assert server.receive(mbap(0, 1, READ) + foreign + mbap(0, 1, READ)) == answer * 2
    assert server.receive(foreign + mbap(0, 1, READ)) == answer
    assert server.receive(mbap(0, 1, READ) + long) == answer + mbap(2, 1, b"\x83\3")


def test_refusals_and_writes_in_a_run_keep_the_order() -> None:
    """A write between reads takes effect between them, and a refusal has its place."""
    stream = b"".join(
        mbap(id_, 1, bytes.fromhex(pdu))
        for id_, pdu in enumerate(
            ["03 0001 0001", "06 0001 ABCD", "03 0001 0001", "03 FFFF 0002", "03 0002 0001"]
        )
    )
    assert connection().receive(stream) == b"".join(
        mbap(id_, 1, bytes.fromhex(pdu))
        for id_, pdu in enumerate(
            ["03 02 0001", "06 0001 ABCD", "03 02 ABCD", "83 02", "03 02 0002"]
        )
    )


@pytest.mark.parametrize("length", [0, 1, 255, 256, 65535])
def test_bad_length_ends_the_connection(length: int) -> None:
    """What was due before is sent; nothing after is looked at (TCP §3.1.3)."""
    server = connection()
    bad = b"\0\7\0\0" + length.to_bytes(2, "big") + b"\1"
    answers = server.receive(mbap(5, 1, READ) + bad + mbap(6, 1, READ))
    assert answers == mbap(5, 1, bytes.fromhex("03 04 0000 0001"))
    assert server.closed
    assert server.receive(mbap(7, 1, READ)) == b""


@pytest.mark.parametrize("size", [1, 253])
def test_least_and_greatest_length(size: int) -> None:
    """Lengths 2 and 254 are in order: a function code alone, and the longest PDU."""
    server = connection()
    assert server.receive(mbap(1, 1, b"\x11".ljust(size, b"\0"))) == mbap(1, 1, b"\x91\x01")
    assert server.receive(mbap(2, 1, READ)) == mbap(2, 1, bytes.fromhex("03 04 0000 0001"))


@pytest.mark.parametrize("function_code", range(256))
def test_every_function_code(function_code: int) -> None:
    """No function code upsets the stream: the next request is answered."""
    server = connection()
    stream = mbap(1, 1, bytes((function_code, 0, 9, 0, 2))) + mbap(2, 1, READ)
    answers = server.receive(stream)
    assert answers[:2] == b"\0\1"
    assert answers[7] in (function_code, function_code | 0x80)
    assert answers.endswith(mbap(2, 1, bytes.fromhex("03 04 0000 0001")))


def test_unit_0_is_the_device_itself_on_tcp() -> None:
    """On Modbus TCP unit 0 is answered like any other."""
    answer = mbap(1, 0, bytes.fromhex("03 04 0000 0001"))
    assert connection().receive(mbap(1, 0, READ)) == answer


def test_rtu_requests() -> None:
    """RTU frames are answered as RTU frames, several in one piece and one in several."""
    stream = rtu(1, READ) + rtu(2, bytes.fromhex("06 0001 0005")) + rtu(3, READ)
    expected = (
        rtu(1, bytes.fromhex("03 04 0000 0001"))
        + rtu(2, bytes.fromhex("06 0001 0005"))
        + rtu(3, bytes.fromhex("03 04 0000 0005"))
    )
    assert connection(Framing.RTU).receive(stream) == expected
    assert in_pieces(connection(Framing.RTU), stream, [1] * len(stream)) == expected


def test_rtu_bad_crc_gets_no_answer() -> None:
    """A frame with a wrong CRC is neither answered nor carried out; the next one is (SL §2.5.1)."""
    server = connection(Framing.RTU)
    bad = bytearray(rtu(1, bytes.fromhex("06 0000 0005")))
    bad[-1] ^= 1
    assert server.receive(bytes(bad)) == b""
    assert not server.closed
    assert server.receive(rtu(1, READ)) == rtu(1, bytes.fromhex("03 04 0000 0001"))


def test_rtu_frame_too_long_ends_the_connection() -> None:
    """A byte count that no frame can hold leaves nothing to be trusted."""
    server = connection(Framing.RTU)
    assert server.receive(bytes.fromhex("01 10 0000 007F FF") + bytes(300)) == b""
    assert server.closed
    assert server.receive(rtu(1, READ)) == b""


def test_a_refused_read_is_asked_once() -> None:
    """The quick way asks the bank once, also for a read that it refuses, alone and in a run."""
    asked: list[int] = []

    class Asked(SharedBank):
        def read_registers(self, table: Table, address: int, quantity: int) -> bytes | bytearray:
            asked.append(address)
            raise MemoryParityError

    server = ServerConnection(Handler(Asked()))
    stream = b"".join(mbap(n, 1, bytes((3, 0, n, 0, 1))) for n in range(3))
    refusals = [mbap(n, 1, b"\x83\x08") for n in range(3)]
    assert server.receive(stream[:12]) == refusals[0]
    assert server.receive(stream) == b"".join(refusals)
    assert asked == [0, 0, 1, 2]


def test_nobody_is_at_port_0() -> None:
    """A datagram that says it is from there is no serial line's, whose port is 0."""
    handler = Handler(SharedBank())
    senders = Senders(
        lambda peer, later: ServerConnection(handler, peer=peer), Limits(), lambda *_: None
    )
    assert senders.receive(mbap(1, 1, READ), ("127.0.0.1", 4711)) == mbap(1, 1, b"\x03\x04\0\0\0\0")
    assert senders.receive(mbap(1, 1, b"\x08\0\4\0\0"), ("127.0.0.1", 0)) == b""
    assert not handler.diagnostics.is_listening_only
