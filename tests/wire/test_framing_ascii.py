"""ASCII frames: their ends are characters of their own, and either end of a line finds them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_wire.errors import CrcError
from modbus_wire.framing.ascii import MAX_FRAME, AsciiFramer
from modbus_wire.framing.base import Adu
from tests.wire.peers import ascii_frame

ADUS = st.tuples(st.just(0), st.integers(0, 255), st.binary(min_size=1, max_size=253))
READ = (0, 1, b"\x03\x00\x00\x00\x0a")
NOISE = st.binary(max_size=40).map(lambda data: data.replace(b":", b"").replace(b"\r", b""))


def chunks(stream: bytes, cuts: list[int]) -> list[bytes]:
    """Cut a stream at the given places."""
    ends = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    return [stream[start:end] for start, end in pairwise(ends)]


def results(framer: AsciiFramer, pieces: list[bytes]) -> list[Adu | None]:
    """Let a framer receive the pieces; return all ADUs, and None for each bad frame."""
    found: list[Adu | None] = []
    for piece in pieces:
        take = iter([lambda piece=piece: framer.receive(piece)])
        while True:
            try:
                adu = next(take, framer.next_adu)()
            except CrcError:
                found.append(None)
                continue
            if adu is None:
                break
            found.append(adu)
    return found


def test_the_frame_of_the_specification() -> None:
    """A read of ten registers of unit 1, character by character (SL §2.5.2)."""
    assert AsciiFramer().encode(*READ) == b":01030000000AF2\r\n"
    assert results(AsciiFramer(), [b":01030000000AF2\r\n"]) == [READ]


@given(st.lists(st.tuples(NOISE, ADUS), max_size=4), st.lists(st.integers(0, 1500)))
def test_frames_survive_any_chunking_and_noise_between_them(
    frames: list[tuple[bytes, Adu]], cuts: list[int]
) -> None:
    """However the stream is cut, and whatever stands between the frames, they come out in order."""
    stream = b"".join(noise + ascii_frame(*adu[1:]) for noise, adu in frames)
    adus = [adu for _, adu in frames]
    assert b"".join(AsciiFramer().encode(*adu) for adu in adus) == b"".join(
        ascii_frame(*adu[1:]) for adu in adus
    )
    framer = AsciiFramer()
    assert results(framer, chunks(stream, cuts)) == adus
    assert framer.is_empty


@given(ADUS)
def test_lower_case_is_accepted(adu: Adu) -> None:
    """Some devices send small letters."""
    assert results(AsciiFramer(), [ascii_frame(*adu[1:]).lower()]) == [adu]


@given(ADUS, st.data())
def test_a_wrong_digit_is_no_adu(adu: Adu, data: st.DataObject) -> None:
    """One wrong hex digit is an error, and the next frame is understood."""
    frame = bytearray(ascii_frame(*adu[1:]))
    place = data.draw(st.integers(1, len(frame) - 3))
    digit = data.draw(st.sampled_from(b"0123456789ABCDEF").filter(lambda d: d != frame[place]))
    frame[place] = digit
    assert results(AsciiFramer(), [bytes(frame) + ascii_frame(*READ[1:])]) == [None, READ]


@pytest.mark.parametrize(
    "line",
    [
        b":\r\n",
        b":01\r\n",
        b":01FF\r\n",
        b":0103000000 0AF2\r\n",
        b":01 03 00 00 00 0A F2\r\n",
        b":01030000000AF\r\n",
        b":01030000000AG2\r\n",
        b":01030000000AF2\n\r\n",
        b":" + b"00" * 256 + b"\r\n",
        b":" + b"00" * 2 + b"\r\n",
    ],
)
def test_what_is_no_frame_is_an_error(line: bytes) -> None:
    """Too short, too long, an odd digit, blanks, other letters: a `CrcError`, then the next."""
    assert results(AsciiFramer(), [line, ascii_frame(*READ[1:])]) == [None, READ]
    assert results(AsciiFramer(), [line + ascii_frame(*READ[1:])]) == [None, READ]


def test_a_colon_restarts_the_frame() -> None:
    """What was broken off before it is forgotten (SL §2.5.2.1)."""
    broken = b":0103000000"
    assert results(AsciiFramer(), [broken + ascii_frame(*READ[1:])]) == [READ]
    assert results(AsciiFramer(), [broken, ascii_frame(*READ[1:])]) == [READ]


def test_the_longest_frame_is_of_513_characters() -> None:
    """253 bytes of PDU just fit, and a frame that never ends is given up (SL §2.5.2)."""
    adu = (0, 247, bytes(253))
    frame = ascii_frame(*adu[1:])
    assert len(frame) == MAX_FRAME == 513
    framer = AsciiFramer()
    assert results(framer, [frame[:-1], frame[-1:]]) == [adu]
    assert results(framer, [frame[:-2] + b"00", b"0", frame]) == [None, adu]


def test_what_never_becomes_a_frame_does_not_pile_up() -> None:
    """Noise without a colon is forgotten at once."""
    framer = AsciiFramer()
    assert results(framer, [b"\xff" * 4000]) == []
    assert framer.is_empty


def test_an_unfinished_frame_can_be_forgotten() -> None:
    """After a gap of more than a second the next frame begins anew (SL §2.5.2.1)."""
    framer = AsciiFramer()
    assert results(framer, [b":0103"]) == []
    framer.clear()
    assert framer.is_empty
    assert results(framer, [b"0000000AF2\r\n", ascii_frame(*READ[1:])]) == [READ]


def test_another_delimiter() -> None:
    """FC 8 sub 3 puts a character in place of the line feed (AP §6.8.1)."""
    framer = AsciiFramer()
    framer.delimiter = b";"
    frame = ascii_frame(*READ[1:])[:-1] + b";"
    assert framer.encode(*READ) == frame
    assert results(framer, [frame[:-1], b";", frame * 2]) == [READ] * 3
