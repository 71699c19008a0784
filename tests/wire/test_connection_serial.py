"""A client on serial frames: its own function codes, and an answer behind other bytes."""

from itertools import pairwise
from typing import ClassVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modbus_wire.connection import ClientConnection
from modbus_wire.errors import CrcError, FrameError, IllegalFunction, ResponseMismatch
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.base import AnyRequest, Request
from modbus_wire.pdu.diagnostics import Diagnostics, DiagnosticsCode
from modbus_wire.pdu.raw import RawPdu
from modbus_wire.pdu.registers import ReadHoldingRegisters, ReadInputRegisters
from tests.wire.peers import ascii_frame, registers, rtu

READ = ReadHoldingRegisters(0, 1)
SERIAL = {Framing.RTU: rtu, Framing.ASCII: ascii_frame}
RIGHT = rtu(1, registers(7))


class Silent(Request[bytes]):
    """A user's function that does not say how long its answer is."""

    function_code: ClassVar[int] = 65

    def encode(self) -> bytes:
        return bytes((self.function_code, 1, 2, 3))

    def decode_response(self, pdu: bytes) -> bytes:
        if pdu[0] != self.function_code:
            self.no_answer(pdu)
        return pdu[1:]


class Counted(Silent):
    """A user's function whose answer has a word that counts it."""

    function_code: ClassVar[int] = 100

    @classmethod
    def response_length(cls, head: bytes) -> int | None:
        return 3 + int.from_bytes(head[1:3], "big") if len(head) > 2 else None


class Reused(Counted):
    """A device's own meaning of a code that the specification uses otherwise."""

    function_code: ClassVar[int] = 3


def asked(framing: Framing, request: AnyRequest, unit_id: int = 1) -> ClientConnection:
    """Return a connection that waits for the answer to a request."""
    connection = ClientConnection(framing)
    connection.send(request, unit_id)
    return connection


def first_of(connection: ClientConnection, pieces: list[bytes]) -> bytes | None:
    """Give the pieces to a connection; return the first response PDU, None for none."""
    for piece in pieces:
        response = connection.receive(piece)
        if response is not None:
            return response[1]
    return None


def bytewise(data: bytes) -> list[bytes]:
    """Return each byte on its own."""
    return [bytes((byte,)) for byte in data]


ANSWERS = [
    (Silent(), b"\x41\x05\x06"),
    (Counted(), b"\x64\x00\x05hello"),
    (Reused(), b"\x03\x00\x02\xff\xff"),
    (RawPdu(b"\x42\x01"), b"\x42"),
    (RawPdu(READ.encode()), registers(7)),
    (
        Diagnostics(DiagnosticsCode.RETURN_QUERY_DATA, b"\x12\x34" * 9),
        b"\x08\0\0" + b"\x12\x34" * 9,
    ),
    (Diagnostics(DiagnosticsCode.RETURN_BUS_MESSAGE_COUNT), b"\x08\x00\x0b\x00\x07"),
    (Diagnostics(0x4000, b"\0\1"), b"\x08\x40\x00\xaa\xbb\xcc\xdd"),
]


@pytest.mark.parametrize("framing", SERIAL)
@pytest.mark.parametrize(("request_", "pdu"), ANSWERS, ids=lambda value: type(value).__name__)
def test_answers_of_every_kind_of_length(
    framing: Framing, request_: AnyRequest, pdu: bytes
) -> None:
    """Own function codes are understood whole and byte by byte, and so are their exceptions."""
    refusal = bytes((request_.encode()[0] | 0x80, 1))
    for answer in (pdu, refusal):
        frame = SERIAL[framing](1, answer)
        assert first_of(asked(framing, request_), [frame]) == answer
        connection = asked(framing, request_)
        assert first_of(connection, bytewise(frame[:-1])) is None
        assert first_of(connection, [frame[-1:]]) == answer


def test_an_answer_that_announces_its_length_does_not_end_at_a_checksum() -> None:
    """An echo whose data hold a frame comes in pieces, one ending with a CRC that matches."""
    inner = rtu(1, b"\x08\0\0\x11\x22")
    data = inner[4:] + b"\x55" * (20 + len(inner) % 2)
    request = Diagnostics(DiagnosticsCode.RETURN_QUERY_DATA, data)
    frame = rtu(1, request.encode())
    assert frame.startswith(inner)
    assert first_of(asked(Framing.RTU, request), [frame[: len(inner)], frame[len(inner) :]]) == (
        request.encode()
    )


@pytest.mark.parametrize("code", [0x83, 0x80])
def test_exceptions_are_heard(code: int) -> None:
    """Some servers answer 80 to what they cannot decode; it is an exception like 83."""
    for framing, frame in SERIAL.items():
        pdu = first_of(asked(framing, READ), [frame(1, bytes((code, 1)))])
        assert pdu is not None
        with pytest.raises(IllegalFunction):
            READ.decode_response(pdu)


@given(st.binary(max_size=300), st.lists(st.integers(0, 320), max_size=3))
@example(b"\x00", [])
@example(b"\xff\xff\xff\xff\xff", [5])
@example(b"\x01\x10", [])
@example(rtu(2, registers(*range(100))), [50])
@example(rtu(2, registers(1))[:-1] + b"\x00", [7])
@example(rtu(1, registers(7))[:-2], [5])
def test_an_rtu_answer_behind_noise_is_found(noise: bytes, cuts: list[int]) -> None:
    """Whatever comes before it, the answer is found with its last byte, or an error says why not.

    Nothing but the answer is taken for it.
    """
    stream = noise + RIGHT
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[start:end] for start, end in pairwise(places)]
    connection = asked(Framing.RTU, READ)
    begins_like_it = any(
        noise[at] == 1 and noise[at + 1 : at + 2] in b"\x03\x83\x80" for at in range(len(noise))
    )
    try:
        pdu = first_of(connection, pieces)
    except FrameError:
        assert begins_like_it
        return
    assert pdu == registers(7) or begins_like_it


@pytest.mark.parametrize(
    "noise",
    [
        b"\0",
        b"\xff" * 4,
        b"\xff" * 5,
        bytes(40),
        rtu(1, b"\x03\x08abcdefgh")[:9],
        b"\x01",
        b"\x01\x03\x02",
    ],
    ids=lambda noise: noise.hex(),
)
def test_noise_of_the_line_costs_nothing(noise: bytes) -> None:
    """Bytes of a turned line, broken off answers, in the same piece as the answer or before it."""
    assert first_of(asked(Framing.RTU, READ), [noise + RIGHT]) == registers(7)
    assert first_of(asked(Framing.RTU, READ), [noise, RIGHT]) == registers(7)


def test_noise_without_end_is_not_kept() -> None:
    """What never becomes an answer does not pile up, nor hide the answer that comes at last."""
    connection = asked(Framing.RTU, READ)
    for _ in range(20):
        assert first_of(connection, [b"\xaa" * 200]) is None
    assert first_of(connection, [RIGHT]) == registers(7)


def test_an_answer_with_a_wrong_checksum_is_an_error_at_once() -> None:
    """The right unit and function, a whole frame, and a wrong CRC: there is nothing to wait for."""
    with pytest.raises(CrcError):
        first_of(asked(Framing.RTU, READ), [RIGHT[:-1] + b"\0"])
    with pytest.raises(CrcError):
        first_of(asked(Framing.ASCII, READ), [ascii_frame(1, registers(7))[:-4] + b"00\r\n"])


def test_another_function_is_a_mismatch() -> None:
    """A sound frame of the right unit is handed out; the request says that it is no answer."""
    for framing, frame in SERIAL.items():
        pdu = first_of(asked(framing, ReadInputRegisters(0, 1)), [frame(1, registers(7))])
        assert pdu == registers(7)
        with pytest.raises(ResponseMismatch):
            ReadInputRegisters(0, 1).decode_response(pdu)
