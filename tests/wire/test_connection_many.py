"""Reads that go out together, and their answers: the same as one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_wire.connection import ClientConnection, Response
from modbus_wire.errors import FrameError, RequestError, ResponseMismatch
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.pdu.bits import ReadCoils
from modbus_wire.pdu.raw import RawPdu
from modbus_wire.pdu.registers import ReadHoldingRegisters
from modbus_wire.policy import Ids
from tests.wire.peers import mbap, registers

READS: list[AnyRequest] = [ReadHoldingRegisters(n) for n in range(5)]


def one_by_one(connection: ClientConnection, data: bytes) -> list[Response]:
    """Return the responses as the plain methods find them."""
    found = []
    response = connection.receive(data)
    while response is not None:
        found.append(response)
        response = connection.next_response()
    return found


@given(before=st.integers(0, 70_000), traced=st.booleans(), gave_up=st.booleans())
def test_frames_are_those_of_single_requests(before: int, traced: bool, gave_up: bool) -> None:
    """Whatever was sent before, is under way or looks on."""
    frames: list[bytes] = []
    trace = (lambda frame, is_sent: frames.append(frame)) if traced else None
    together, single = ClientConnection(trace=trace), ClientConnection()
    for connection in (together, single):
        connection.sent = before
        if not gave_up:
            connection.send(ReadCoils(0), 9)
    ids, sent = together.send_many(READS, 9)
    assert list(zip(ids, sent, strict=True)) == [single.send(read, 9) for read in READS]
    assert together.sent == single.sent
    assert not traced or frames[-5:] == sent


@given(
    answers=st.lists(st.tuples(st.integers(0, 8), st.sampled_from([0, 0, 0, 7])), max_size=12),
    cuts=st.lists(st.integers(0, 200), max_size=5),
    ids=st.sampled_from([Ids.STRICT, Ids.ANY_UNIT]),
)
def test_answers_are_those_found_one_by_one(
    answers: list[tuple[int, int]], cuts: list[int], ids: Ids
) -> None:
    """Known and unknown ids, twice, of another protocol, cut anywhere."""
    data = b"".join(mbap(number, 9, registers(number), protocol) for number, protocol in answers)
    together, single = ClientConnection(ids=ids), ClientConnection(ids=ids)
    for connection in (together, single):
        connection.send_many(READS, 9)
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(data)], strict=True):
        piece = data[start:end]
        assert together.receive_all(piece) == one_by_one(single, piece)
        assert together.framer.is_empty == single.framer.is_empty


def test_another_unit() -> None:
    """Strictly it is a mismatch that names the transaction; otherwise it counts."""
    frame = mbap(2, 7, registers(1))
    strict = ClientConnection()
    strict.send_many(READS, 9)
    with pytest.raises(ResponseMismatch, match="unit 7 answered for unit 9") as caught:
        strict.receive_all(mbap(1, 9, registers(1)) + frame)
    assert caught.value.transaction_id == 2
    lenient = ClientConnection(ids=Ids.ANY_UNIT)
    lenient.send_many(READS, 9)
    assert lenient.receive_all(frame) == [(2, registers(1))]


def test_bad_length() -> None:
    """What cannot be a frame is an error, also behind one that is."""
    connection = ClientConnection()
    connection.send_many(READS, 9)
    with pytest.raises(FrameError):
        connection.receive_all(mbap(1, 9, registers(1)) + b"\xff" * 9)


@pytest.mark.parametrize("traced", [False, True])
def test_nothing_is_under_way_after_an_error(traced: bool) -> None:
    """One request that cannot be sent, or a wrong unit id, holds all of them back."""
    trace = (lambda frame, is_sent: None) if traced else None
    connection = ClientConnection(trace=trace)
    too_long = ReadHoldingRegisters(0)
    too_long.address = 70_000
    for reads, unit_id in (([*READS, too_long], 9), (READS, 256), (READS, -1)):
        with pytest.raises(RequestError):
            connection.send_many(reads, unit_id)
    answers = b"".join(mbap(number, 9, registers(1)) for number in range(1, 40))
    assert connection.receive_all(answers) == []


def test_pdu_of_any_length() -> None:
    """The longest PDU passes."""
    longest = RawPdu(b"\x03" + bytes(252))
    _, frames = ClientConnection().send_many([READS[0], longest], 9)
    assert len(frames[1]) == 260
