"""RTU frames as a server receives them: lengths of its own functions, requests behind noise."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_wire.errors import CrcError, FrameError
from modbus_wire.framing.base import Adu, Framing
from modbus_wire.framing.choice import framer_of_requests
from modbus_wire.framing.rtu import RtuFramer
from modbus_wire.pdu.registry import request_length
from tests.wire.peers import registers, rtu

READ = (0, 1, b"\x03\x00\x00\x00\x0a")
FRAME = rtu(*READ[1:])
OWN = b"\x41\x05hello"
"""A request of a server's own: function code 65, and a byte that counts the rest."""

ECHO = b"\x08\0\0" + b"\xa5\x37" * 10
"""FC 8 sub 0 may have any length and does not announce it (AP §6.8.1)."""


def own_length(head: bytes) -> int | None:
    """Return the length of a request that a server with a function of its own receives."""
    if head[0] != 0x41:
        return request_length(head)
    return 2 + head[1] if len(head) > 1 else None


def adus_of(framer: RtuFramer, pieces: list[bytes]) -> list[Adu]:
    """Let a framer receive the pieces, as a server does; return all ADUs that come out."""
    adus = []
    for piece in pieces:
        try:
            adu = framer.receive(piece)
            while adu is not None:
                adus.append(adu)
                adu = framer.next_adu()
        except CrcError:
            assert framer.is_empty
    return adus


def bytewise(data: bytes) -> list[bytes]:
    """Return each byte on its own."""
    return [bytes((byte,)) for byte in data]


def test_own_functions_announce_their_length() -> None:
    """The server's own classes tell the length; frames around them are told apart."""
    stream = FRAME + rtu(9, OWN) + FRAME
    expected = [READ, (0, 9, OWN), READ]
    for pieces in ([stream], bytewise(stream)):
        framer = framer_of_requests(Framing.RTU, own_length)
        assert isinstance(framer, RtuFramer)
        assert adus_of(framer, pieces) == expected


@pytest.mark.parametrize("pdu", [ECHO, b"\x42", b"\x2b\x0d" + bytes(20)], ids=bytes.hex)
def test_requests_of_no_known_length(pdu: bytes) -> None:
    """They end where the CRC matches, however they come."""
    frame = rtu(1, pdu)
    for pieces in ([frame], bytewise(frame), [frame[:5], frame[5:]]):
        framer = RtuFramer.of_requests()
        assert adus_of(framer, [*pieces, FRAME]) == [(0, 1, pdu), READ]


@pytest.mark.parametrize(
    "noise",
    [
        b"\0",
        b"\xff" * 3,
        b"\x00\x41\x00",
        rtu(2, registers(1, 2)),
        FRAME[:-1],
        FRAME[:-1] + b"\0",
        rtu(1, ECHO)[:-1] + b"\0",
    ],
    ids=bytes.hex,
)
def test_noise_does_not_hide_the_request_behind_it(noise: bytes) -> None:
    """Noise, others' answers on a shared line and broken frames, in one piece or before it."""
    assert adus_of(RtuFramer.of_requests(), [noise, FRAME]) == [READ]
    assert adus_of(RtuFramer.of_requests(), [noise + FRAME]) in ([READ], [])
    assert adus_of(RtuFramer.of_requests(), [noise + FRAME, FRAME])[-1:] == [READ]


def test_a_frame_inside_a_broken_one_is_not_carried_out() -> None:
    """What a write carries may look like a request; it is none, also where its frame is bad."""
    inner = rtu(1, b"\x06\x00\x00\x00\x05")
    outer = bytearray(rtu(1, b"\x10\x00\x00\x00\x04\x08" + inner))
    outer[-1] ^= 1
    for pieces in ([bytes(outer)], bytewise(bytes(outer)), [bytes(outer[:9]), bytes(outer[9:])]):
        framer = RtuFramer.of_requests()
        assert adus_of(framer, [*pieces, FRAME]) == [READ]


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_a_request_after_silence_is_always_understood(noise: list[bytes]) -> None:
    """Whatever came before: once the line was silent, the next frame begins with the next byte."""
    framer = RtuFramer.of_requests()
    for piece in noise:
        try:
            adu = framer.receive(piece)
            while adu is not None:
                adu = framer.next_adu()
        except FrameError:
            assert framer.is_empty
    framer.clear()
    assert adus_of(framer, [FRAME]) == [READ]


@given(st.lists(st.sampled_from([FRAME, rtu(2, OWN), rtu(3, b"\x06\0\1\0\2")])), st.data())
def test_frames_in_any_chunks(frames: list[bytes], data: st.DataObject) -> None:
    """All frames come out, in order, wherever the stream is cut."""
    stream = b"".join(frames)
    cuts = data.draw(st.sets(st.integers(0, len(stream)), max_size=8))
    pieces = [stream[start:end] for start, end in pairwise(sorted({0, len(stream), *cuts}))]
    framer = RtuFramer.of_requests(own_length)
    assert adus_of(framer, pieces) == [(0, frame[0], frame[1:-2]) for frame in frames]


def test_what_never_becomes_a_frame_does_not_pile_up() -> None:
    """A function of unknown length whose CRC never matches is given up after 256 bytes."""
    framer = RtuFramer.of_requests()
    framer.receive(b"\x01\x42" + bytes(253))
    with pytest.raises(CrcError):
        framer.receive(b"\0")
    assert framer.is_empty
