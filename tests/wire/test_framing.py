"""The framers: any chunking gives the same ADUs; bytes that are no frame raise `FrameError`."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_wire.errors import CrcError, FrameError
from modbus_wire.framing.ascii import AsciiFramer
from modbus_wire.framing.base import Adu, Framer
from modbus_wire.framing.mbap import MbapFramer
from modbus_wire.framing.rtu import RtuFramer
from modbus_wire.pdu.base import Request
from modbus_wire.pdu.bits import (
    ReadCoils,
    ReadDiscreteInputs,
    WriteMultipleCoils,
    WriteSingleCoil,
)
from modbus_wire.pdu.registers import (
    MaskWriteRegister,
    ReadHoldingRegisters,
    ReadInputRegisters,
    ReadWriteMultipleRegisters,
    WriteMultipleRegisters,
    WriteSingleRegister,
)
from modbus_wire.pdu.registry import REQUESTS
from tests.wire.peers import mbap, rtu

REQUESTS_AND_RESULTS: list[tuple[Request[Any], object]] = [
    (ReadCoils(0, 2000), [True] * 2000),
    (ReadDiscreteInputs(0, 3), [True, False, True]),
    (ReadHoldingRegisters(0, 125), [0xABCD] * 125),
    (ReadInputRegisters(0, 1), [7]),
    (WriteSingleCoil(1, True), None),
    (WriteSingleRegister(1, 2), None),
    (WriteMultipleCoils(0, [True] * 1968), None),
    (WriteMultipleRegisters(0, [1] * 123), None),
    (MaskWriteRegister(0, 1, 2), None),
    (ReadWriteMultipleRegisters(0, 125, 0, [1] * 121), [9] * 125),
]

REQUEST_PDUS = [request.encode() for request, _ in REQUESTS_AND_RESULTS]
RESPONSE_PDUS = [request.encode_response(result) for request, result in REQUESTS_AND_RESULTS]
EXCEPTION_PDUS = [bytes((code | 0x80, 2)) for code in REQUESTS]

UNIT_IDS = st.integers(0, 255)
MBAP_ADUS = st.tuples(st.integers(0, 65535), UNIT_IDS, st.binary(min_size=1, max_size=253))


def chunks(stream: bytes, cuts: list[int]) -> list[bytes]:
    """Cut a stream at the given places."""
    ends = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    return [stream[start:end] for start, end in pairwise(ends)]


def adus_of(framer: Framer, pieces: list[bytes]) -> list[Adu]:
    """Let a framer receive the pieces; return all ADUs that come out."""
    adus = []
    for piece in pieces:
        adu = framer.receive(piece)
        while adu is not None:
            adus.append(adu)
            adu = framer.next_adu()
    return adus


@given(st.lists(MBAP_ADUS, max_size=6), st.lists(st.integers(0, 600)))
def test_mbap_frames_survive_any_chunking(adus: list[Adu], cuts: list[int]) -> None:
    """However the stream is cut, the ADUs that were sent come out, in order."""
    stream = b"".join(mbap(*adu) for adu in adus)
    assert b"".join(MbapFramer().encode(*adu) for adu in adus) == stream
    assert adus_of(MbapFramer(), chunks(stream, cuts)) == adus


def test_mbap_frames_come_byte_by_byte() -> None:
    """Each frame is there with its last byte and not before."""
    framer = MbapFramer()
    frame = mbap(1, 17, RESPONSE_PDUS[2])
    for _ in range(2):
        assert adus_of(framer, [bytes((byte,)) for byte in frame[:-1]]) == []
        assert adus_of(framer, [frame[-1:]]) == [(1, 17, RESPONSE_PDUS[2])]


@given(
    st.lists(st.tuples(MBAP_ADUS, st.sampled_from([0, 0, 1, 0x0300, 0xFFFF])), max_size=6),
    st.lists(st.integers(0, 600)),
)
def test_frames_of_another_protocol_are_passed_over(
    frames: list[tuple[Adu, int]], cuts: list[int]
) -> None:
    """A foreign protocol id costs its own frame and no other (TCP §3.1.3)."""
    stream = b"".join(mbap(*adu, protocol_id=protocol_id) for adu, protocol_id in frames)
    ours = [adu for adu, protocol_id in frames if protocol_id == 0]
    assert adus_of(MbapFramer(), chunks(stream, cuts)) == ours


@pytest.mark.parametrize("length", [0, 1, 255, 256, 65535])
def test_mbap_length_out_of_range_is_a_frame_error(length: int) -> None:
    """A bad length cannot be skipped: after it the framer trusts nothing until it is cleared."""
    good = mbap(2, 1, b"\x03\x02\x00\x07")
    bad = b"\x00\x01\x00\x00" + length.to_bytes(2) + b"\x01\x03"
    framer = MbapFramer()
    assert framer.receive(good + bad) == (2, 1, b"\x03\x02\x00\x07")
    for _ in range(2):
        with pytest.raises(FrameError, match=str(length)):
            framer.next_adu()
        with pytest.raises(FrameError, match=str(length)):
            framer.receive(good)
    framer.clear()
    assert adus_of(framer, [good]) == [(2, 1, b"\x03\x02\x00\x07")]


@pytest.mark.parametrize("length", [0, 1, 255, 65535])
def test_mbap_length_out_of_range_is_seen_with_its_last_byte(length: int) -> None:
    """Whoever announces no byte sends none: the error must not wait for one more."""
    good, head = mbap(1, 1, b"\x03\x02\x00\x07"), b"\x00\x02\x00\x00" + length.to_bytes(2)
    framer = MbapFramer()
    assert adus_of(framer, [good + head[:5]]) == [(1, 1, b"\x03\x02\x00\x07")]
    with pytest.raises(FrameError, match=str(length)):
        framer.receive(head[5:])
    with pytest.raises(FrameError, match=str(length)):
        MbapFramer().receive_all(good + head)


@pytest.mark.parametrize("size", [1, 253])
def test_mbap_lengths_at_the_limits_are_frames(size: int) -> None:
    """Length 2 and 254 are the shortest and the longest frame."""
    pdu = bytes(size)
    assert adus_of(MbapFramer(), [mbap(0, 0, pdu)]) == [(0, 0, pdu)]


@pytest.mark.parametrize(
    "framer",
    [MbapFramer, RtuFramer.of_requests, RtuFramer.of_responses, AsciiFramer],
    ids=["mbap", "req", "rsp", "ascii"],
)
@given(data=st.lists(st.binary(max_size=300), max_size=4))
def test_arbitrary_bytes_raise_frame_error_and_nothing_else(framer: Any, data: list[bytes]) -> None:
    """Any bytes are ADUs, not yet ADUs, or a `FrameError`."""
    under_test: Framer = framer()
    try:
        adus = adus_of(under_test, data)
    except FrameError:
        return
    assert sum(len(adu[2]) for adu in adus) <= sum(map(len, data))


@given(
    st.lists(st.tuples(UNIT_IDS, st.sampled_from(RESPONSE_PDUS + EXCEPTION_PDUS)), max_size=6),
    st.lists(st.integers(0, 600)),
)
def test_rtu_responses_survive_any_chunking(
    frames: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    """The head of a response tells its length, exceptions included."""
    stream = b"".join(rtu(*frame) for frame in frames)
    assert b"".join(RtuFramer.of_responses().encode(0, *frame) for frame in frames) == stream
    expected = [(0, *frame) for frame in frames]
    assert adus_of(RtuFramer.of_responses(), chunks(stream, cuts)) == expected


@given(
    st.lists(st.tuples(UNIT_IDS, st.sampled_from(REQUEST_PDUS)), max_size=6),
    st.lists(st.integers(0, 600)),
)
def test_rtu_requests_survive_any_chunking(
    frames: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    """The head of a request tells its length, that of the multiple writes by the byte count."""
    stream = b"".join(rtu(*frame) for frame in frames)
    expected = [(0, *frame) for frame in frames]
    assert adus_of(RtuFramer.of_requests(), chunks(stream, cuts)) == expected


@pytest.mark.parametrize("pdu", REQUEST_PDUS, ids=lambda pdu: f"fc{pdu[0]}")
def test_rtu_request_is_there_with_its_last_byte(pdu: bytes) -> None:
    """No request is taken for whole before its CRC is complete, nor waited for after."""
    frame = rtu(17, pdu)
    framer = RtuFramer.of_requests()
    assert adus_of(framer, [bytes((byte,)) for byte in frame[:-1]]) == []
    assert adus_of(framer, [frame[-1:]]) == [(0, 17, pdu)]


@pytest.mark.parametrize("pdu", RESPONSE_PDUS + EXCEPTION_PDUS, ids=lambda pdu: f"fc{pdu[0]}")
def test_rtu_response_is_there_with_its_last_byte(pdu: bytes) -> None:
    """No response is taken for whole before its CRC is complete, nor waited for after."""
    frame = rtu(17, pdu)
    framer = RtuFramer.of_responses()
    assert adus_of(framer, [bytes((byte,)) for byte in frame[:-1]]) == []
    assert adus_of(framer, [frame[-1:]]) == [(0, 17, pdu)]


@given(st.sampled_from(RESPONSE_PDUS + EXCEPTION_PDUS), st.data())
def test_rtu_flipped_bit_is_never_an_adu(pdu: bytes, data: st.DataObject) -> None:
    """One wrong bit anywhere is no frame: an error, or a longer frame that never ends."""
    frame = bytearray(rtu(17, pdu))
    bit = data.draw(st.integers(0, 8 * len(frame) - 1))
    frame[bit // 8] ^= 1 << bit % 8
    framer = RtuFramer.of_responses()
    try:
        assert adus_of(framer, [bytes(frame)]) == []
    except FrameError:
        assert framer.receive(rtu(17, pdu)) == (0, 17, pdu)


def test_rtu_bad_crc_forgets_what_came_and_goes_on() -> None:
    """After a bad checksum the next frame is understood."""
    framer = RtuFramer.of_responses()
    frame = rtu(1, b"\x03\x02\x00\x07")
    with pytest.raises(CrcError):
        framer.receive(frame[:-1] + bytes((frame[-1] ^ 0xFF,)) + frame[:2])
    assert adus_of(framer, [frame]) == [(0, 1, b"\x03\x02\x00\x07")]


def test_rtu_frame_too_long_is_a_frame_error() -> None:
    """A byte count that leads past 256 bytes cannot be a frame (SL §2.5.1.1)."""
    framer = RtuFramer.of_responses()
    with pytest.raises(FrameError, match="256"):
        framer.receive(b"\x01\x03\xff")
    assert adus_of(framer, [rtu(1, b"\x03\x02\x00\x07")]) == [(0, 1, b"\x03\x02\x00\x07")]


def test_rtu_unknown_function_ends_with_the_bytes() -> None:
    """A function without a known length is framed by what one read brought."""
    for framer in (RtuFramer.of_requests(), RtuFramer.of_responses()):
        assert adus_of(framer, [rtu(1, b"\x41\x01\x02\x03")]) == [(0, 1, b"\x41\x01\x02\x03")]
    assert adus_of(RtuFramer.of_requests(), [b"\x01\x41"]) == []
