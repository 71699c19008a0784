"""The client's end of a connection, without sockets: which response belongs to which request."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_wire.connection import ClientConnection, Response
from modbus_wire.errors import (
    FrameError,
    ProtocolError,
    RequestError,
    ResponseMismatch,
)
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.registers import ReadHoldingRegisters, WriteSingleRegister
from tests.wire.peers import answer, ascii_frame, mbap, registers, rtu

READ = ReadHoldingRegisters(0, 1)
WRITE = WriteSingleRegister(1, 2)
GARBAGE = b"\xff" * 7


def sent(connection: ClientConnection, unit_id: int = 1) -> tuple[int, bytes]:
    """Send a read; return its transaction id and frame."""
    transaction_id, frame = connection.send(READ, unit_id)
    assert transaction_id is not None
    return transaction_id, frame


def framed(framing: Framing, request: bytes, pdu: bytes) -> bytes:
    """Return the frame in which unit 1 answers a request frame."""
    if framing is Framing.TCP:
        return answer(request, pdu)
    return (rtu if framing is Framing.RTU else ascii_frame)(1, pdu)


def received(connection: ClientConnection, data: bytes) -> list[Response]:
    """Give received bytes to a connection; return the responses that are now whole."""
    responses = []
    response = connection.receive(data)
    while response is not None:
        responses.append(response)
        response = connection.next_response()
    return responses


def test_frames_carry_fresh_transaction_ids() -> None:
    """Each request has an id of its own, in the frame as told, and the ids wrap at 65535."""
    connection = ClientConnection()
    seen = set()
    for _ in range(65536):
        transaction_id, frame = sent(connection)
        connection.forget(transaction_id)
        assert frame == mbap(transaction_id, 1, READ.encode())
        seen.add(transaction_id)
    assert seen == set(range(65536))
    assert sent(connection)[0] in seen


def test_response_belongs_to_its_transaction() -> None:
    """Several requests in flight get their own answers, in whatever order and chunks they come."""
    connection = ClientConnection()
    first, second, third = (sent(connection, unit_id) for unit_id in (1, 2, 3))
    stream = b"".join(answer(frame, registers(id_)) for id_, frame in (third, first, second))
    responses: list[Response] = []
    for byte in stream:
        responses += received(connection, bytes((byte,)))
    assert responses == [(id_, registers(id_)) for id_ in (third[0], first[0], second[0])]


@given(st.permutations(range(6)), st.sets(st.integers(0, 5)), st.lists(st.integers(1, 40)))
def test_late_answers_are_dropped(order: list[int], given_up: set[int], sizes: list[int]) -> None:
    """What was given up is dropped, all else is paired, whatever the order and the chunks."""
    connection = ClientConnection()
    requests = [sent(connection) for _ in range(6)]
    for n in given_up:
        connection.forget(requests[n][0])
    stream = b"".join(answer(requests[n][1], registers(n)) for n in order)
    responses = []
    for size in [*sizes, len(stream)]:
        responses += received(connection, stream[:size])
        stream = stream[size:]
    assert responses == [(requests[n][0], registers(n)) for n in order if n not in given_up]


def test_answers_to_nothing_are_dropped() -> None:
    """An id that was never asked, and a second answer to the same id, bring no response."""
    connection = ClientConnection()
    transaction_id, frame = sent(connection)
    assert received(connection, mbap(transaction_id + 1, 1, registers(9))) == []
    twice = answer(frame, registers(7)) + answer(frame, registers(8))
    assert received(connection, twice) == [(transaction_id, registers(7))]
    assert received(connection, answer(frame, registers(8))) == []


def test_forgetting_twice_or_nothing_is_harmless() -> None:
    """A request may be given up after its answer came, and a broadcast has nothing to forget."""
    connection = ClientConnection()
    transaction_id, frame = sent(connection)
    received(connection, answer(frame, registers(7)))
    connection.forget(transaction_id)
    connection.forget(transaction_id)
    connection.forget(None)


def test_another_unit_is_a_mismatch() -> None:
    """The unit id is echoed (TCP §3.1.3): another unit does not answer, and the request is over."""
    connection = ClientConnection()
    transaction_id, frame = sent(connection, 5)
    with pytest.raises(ResponseMismatch, match="unit 6 answered for unit 5"):
        received(connection, mbap(transaction_id, 6, registers(1)))
    assert received(connection, answer(frame, registers(1))) == []


def test_foreign_protocol_is_passed_over() -> None:
    """A frame of another protocol with the id of a request does not answer it."""
    connection = ClientConnection()
    transaction_id, frame = sent(connection)
    foreign = mbap(transaction_id, 1, registers(1), protocol_id=9)
    assert received(connection, foreign) == []
    assert received(connection, answer(frame, registers(2))) == [(transaction_id, registers(2))]


def test_responses_before_garbage_are_returned_first() -> None:
    """An answer is not lost to the bytes behind it; those raise when their turn comes."""
    connection = ClientConnection()
    transaction_id, frame = sent(connection)
    received = connection.receive(answer(frame, registers(7)) + GARBAGE)
    assert received == (transaction_id, registers(7))
    with pytest.raises(FrameError):
        connection.next_response()


@given(st.lists(st.binary(max_size=40), max_size=5), st.sampled_from(Framing))
def test_arbitrary_bytes_raise_protocol_errors_and_nothing_else(
    data: list[bytes], framing: Framing
) -> None:
    """Whatever arrives is a response, nothing, or a `ProtocolError`."""
    connection = ClientConnection(framing)
    connection.send(READ, 1)
    with suppress(ProtocolError):
        for piece in data:
            assert len(received(connection, piece)) <= 1


def test_rtu_answers_belong_to_the_oldest_request() -> None:
    """Without ids the order decides, and an answer to nothing is dropped."""
    connection = ClientConnection(Framing.RTU)
    ids = [sent(connection, unit_id)[0] for unit_id in (1, 2)]
    stream = rtu(1, registers(1)) + rtu(2, registers(2)) + rtu(2, registers(3))
    assert received(connection, stream) == [(ids[0], registers(1)), (ids[1], registers(2))]
    assert received(connection, rtu(1, registers(4))) == []


def test_rtu_broadcast_waits_for_nothing() -> None:
    """Unit 0 has no transaction; the next answer belongs to the next request."""
    connection = ClientConnection(Framing.RTU)
    assert connection.send(WRITE, 0) == (None, rtu(0, WRITE.encode()))
    transaction_id, _ = sent(connection)
    assert received(connection, rtu(1, registers(5))) == [(transaction_id, registers(5))]


def test_rtu_broadcast_cannot_read() -> None:
    """A read that nobody would answer is refused before there is a frame."""
    frames: list[bytes] = []
    connection = ClientConnection(Framing.RTU, lambda frame, is_sent: frames.append(frame))
    with pytest.raises(RequestError):
        connection.send(READ, 0)
    assert frames == []


def test_unit_0_is_a_device_on_tcp() -> None:
    """Unit 0 addresses the direct TCP device, which answers."""
    connection = ClientConnection()
    transaction_id, frame = sent(connection, 0)
    assert received(connection, answer(frame, registers(5))) == [(transaction_id, registers(5))]


@pytest.mark.parametrize("framing", list(Framing))
@pytest.mark.parametrize("unit_id", [-1, 256, 1.0, 1.5, "1", None])
def test_unit_id_out_of_range_is_refused(framing: Framing, unit_id: Any) -> None:
    """A unit id is an int in 0..255; nothing is under way after a refusal."""
    connection = ClientConnection(framing)
    with pytest.raises(RequestError):
        connection.send(READ, unit_id)
    assert received(connection, mbap(1, 1, registers(1)) if framing is Framing.TCP else b"") == []


@pytest.mark.parametrize("framing", list(Framing))
def test_late_bytes_between_requests_are_discarded(framing: Framing) -> None:
    """Discarded bytes, half a frame on a serial line included, do not touch the next answer."""
    connection = ClientConnection(framing)
    transaction_id, frame = sent(connection)
    late = framed(framing, frame, registers(1))
    connection.forget(transaction_id)
    connection.discard(late)
    if framing is not Framing.TCP:
        connection.discard(late[:3])
        connection.discard(b"\xff" * 300)
    transaction_id, frame = sent(connection)
    right = framed(framing, frame, registers(2))
    assert received(connection, right) == [(transaction_id, registers(2))]


def test_trace_sees_whole_frames_both_ways() -> None:
    """The trace gets what is sent and what is received, frame by frame."""
    frames: list[tuple[bytes, bool]] = []
    connection = ClientConnection(trace=lambda frame, is_sent: frames.append((frame, is_sent)))
    _, frame = sent(connection)
    response = answer(frame, registers(7))
    received(connection, response[:4])
    received(connection, response[4:])
    assert frames == [(frame, True), (response, False)]


def test_trace_sees_bytes_that_are_no_frame() -> None:
    """What cannot be understood can be looked at: it is traced as it came."""
    frames: list[tuple[bytes, bool]] = []
    connection = ClientConnection(trace=lambda frame, is_sent: frames.append((frame, is_sent)))
    with pytest.raises(FrameError):
        connection.receive(GARBAGE)
    assert frames == [(GARBAGE, False)]


def test_trace_sees_what_is_discarded() -> None:
    """Late bytes are traced too, whatever the framing."""
    for framing in Framing:
        seen: list[bytes] = []
        connection = ClientConnection(framing)
        connection.trace = lambda frame, is_sent, seen=seen: seen.append(frame)
        late = framed(framing, mbap(7, 1, b""), registers(1))
        connection.discard(late)
        assert seen == [late]
