"""FC 7, 8, 11 and 12: every sub-function, bad arguments, bad requests, answers that do not fit."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_wire.errors import (
    ExceptionResponse,
    IllegalDataValue,
    IllegalFunction,
    RequestError,
    ResponseMismatch,
)
from modbus_wire.pdu.base import Request
from modbus_wire.pdu.diagnostics import (
    CommEventCounter,
    CommEventLog,
    Diagnostics,
    DiagnosticsCode,
    GetCommEventCounter,
    GetCommEventLog,
    ReadExceptionStatus,
)
from modbus_wire.pdu.registry import request_length, response_length

COUNTS = [
    DiagnosticsCode.RETURN_DIAGNOSTIC_REGISTER,
    *(code for code in DiagnosticsCode if 11 <= code <= 18),
]
words = st.integers(0, 0xFFFF)


def test_sub_functions_are_those_of_the_specification() -> None:
    """AP §6.8.1 names 0 to 4, 10 to 18 and 20."""
    assert sorted(DiagnosticsCode) == [0, 1, 2, 3, 4, *range(10, 19), 20]


@pytest.mark.parametrize("code", DiagnosticsCode)
def test_every_sub_function_goes_both_ways(code: DiagnosticsCode) -> None:
    """A request of one word is 5 bytes, reads back the same, and so does its answer."""
    request = Diagnostics(code)
    pdu = bytes((8, 0, code, 0, 0))
    assert request.encode() == pdu
    assert Diagnostics.decode(pdu) == request
    assert request.decode_response(request.encode_response(b"\0\0")) == b"\0\0"
    if code != DiagnosticsCode.RETURN_QUERY_DATA:
        assert request_length(pdu[:3]) == response_length(pdu[:3]) == 5
        assert request_length(pdu[:2]) is None


@pytest.mark.parametrize("code", COUNTS)
def test_a_count_is_a_word_of_the_server(code: DiagnosticsCode) -> None:
    """The worked form of AP §6.8: the answer carries the count where the request has zeros."""
    pdu = bytes((8, 0, code, 0x12, 0x34))
    assert Diagnostics(code).decode_response(pdu) == b"\x12\x34"
    for wrong in (pdu[:4], pdu + b"\0\0", b"\x08\x00\x05\x12\x34"):
        with pytest.raises(ResponseMismatch):
            Diagnostics(code).decode_response(wrong)


@pytest.mark.parametrize(
    ("code", "data"),
    [
        (0, "A537"),
        (0, ""),
        (0, "00" * 250),
        (1, "0000"),
        (1, "FF00"),
        (3, "3A00"),
        (21, "0003 0004"),
        (0xFFFF, ""),
    ],
)
def test_data_that_a_sub_function_takes(code: int, data: str) -> None:
    """The limits of AP §6.8.1; a device's own sub-function takes any words."""
    request = Diagnostics(code, bytes.fromhex(data))
    assert Diagnostics.decode(request.encode()) == request


@pytest.mark.parametrize(
    ("code", "data"),
    [
        *((0, "A5"), (0, "00" * 252), (1, "0001"), (1, ""), (1, "FFFF"), (3, "3A01"), (3, "3A")),
        *((2, "0001"), (4, "FF00"), (10, "0001"), (11, ""), (18, "0000 0000"), (20, "0001")),
    ],
)
def test_data_that_a_sub_function_does_not_take(code: int, data: str) -> None:
    """A client refuses to send it and a server answers exception 03."""
    with pytest.raises(RequestError):
        Diagnostics(code, bytes.fromhex(data))
    with pytest.raises(IllegalDataValue):
        Diagnostics.decode(bytes((8, 0, code)) + bytes.fromhex(data))


@pytest.mark.parametrize(
    ("code", "data"), [(-1, b"\0\0"), (65536, b"\0\0"), (1.0, b"\0\0"), ("0", b"\0\0"), (0, "ab")]
)
def test_arguments_of_another_kind(code: Any, data: Any) -> None:
    """No number of 16 bits, or no bytes: nothing is sent."""
    with pytest.raises(RequestError):
        Diagnostics(code, data)


@pytest.mark.parametrize("pdu", ["08", "08 00"])
def test_request_without_a_sub_function(pdu: str) -> None:
    """It is badly built, and its length is not known yet."""
    with pytest.raises(IllegalDataValue):
        Diagnostics.decode(bytes.fromhex(pdu))
    assert request_length(bytes.fromhex(pdu)) is None


def test_unknown_sub_function_is_left_to_the_server() -> None:
    """It decodes whatever its data: whether there is such a function comes before its value."""
    request = Diagnostics.decode(bytes.fromhex("08 0005 01"))
    assert (request.sub_function, request.data) == (5, b"\x01")


@pytest.mark.parametrize("head", ["08 0000", "08 0005", "08 0013 0000", "08 1234 0000"])
def test_length_that_nothing_announces(head: str) -> None:
    """What is looped back, and what is not known, may have any length."""
    for length in (Diagnostics.request_length, Diagnostics.response_length):
        with pytest.raises(NotImplementedError):
            length(bytes.fromhex(head))
    for length in (request_length, response_length):
        with pytest.raises(KeyError):
            length(bytes.fromhex(head))


def test_which_sub_functions_change_the_device() -> None:
    """A loopback and the counters may be asked again; nothing else may."""
    reading = {code for code in DiagnosticsCode if not Diagnostics(code).writes}
    assert reading == {DiagnosticsCode.RETURN_QUERY_DATA, *COUNTS}
    assert Diagnostics(21).writes


def test_only_listen_only_mode_has_no_answer() -> None:
    """AP §6.8.1, sub-function 4; of a request that writes nobody may answer a broadcast."""
    silent = {code for code in DiagnosticsCode if not Diagnostics(code).answered}
    assert silent == {DiagnosticsCode.FORCE_LISTEN_ONLY_MODE}
    assert Diagnostics(4).unanswered() == b""
    with pytest.raises(NotImplementedError):
        Diagnostics(0).unanswered()


@given(st.binary(max_size=250).filter(lambda data: len(data) % 2 == 0), st.binary(max_size=250))
def test_query_data_comes_back_as_it_was_sent(data: bytes, other: bytes) -> None:
    """Any change of what is looped back is a mismatch."""
    request = Diagnostics(0, data)
    assert Diagnostics.decode(request.encode()).encode_response(data) == request.encode()
    assert request.decode_response(request.encode()) == data
    if other != data:
        with pytest.raises(ResponseMismatch):
            request.decode_response(b"\x08\x00\x00" + other)


@given(words, words)
def test_event_counter_goes_both_ways(status: int, count: int) -> None:
    """FC 11: any two words."""
    result = CommEventCounter(status, count)
    pdu = GetCommEventCounter().encode_response(result)
    assert GetCommEventCounter().decode_response(pdu) == result
    assert response_length(pdu[:1]) == len(pdu)


@given(words, words, words, st.binary(max_size=64))
def test_event_log_goes_both_ways(status: int, count: int, messages: int, events: bytes) -> None:
    """FC 12: three words and up to 64 events."""
    result = CommEventLog(status, count, messages, events)
    pdu = GetCommEventLog().encode_response(result)
    assert GetCommEventLog().decode_response(pdu) == result
    assert response_length(pdu[:2]) == len(pdu)


@given(st.integers(0, 255))
def test_exception_status_goes_both_ways(status: int) -> None:
    """FC 7: one byte."""
    pdu = ReadExceptionStatus().encode_response(status)
    assert pdu == bytes((7, status))
    assert ReadExceptionStatus().decode_response(pdu) == status


@pytest.mark.parametrize(
    ("request_", "response"),
    [
        *((ReadExceptionStatus(), text) for text in ("", "07", "07 6D 00", "08 6D", "87", "84 01")),
        *((GetCommEventCounter(), text) for text in ("", "0B", "0B 0000 01", "0B 0000 0001 00")),
        (GetCommEventCounter(), "0C 0000 0001"),
        *((GetCommEventLog(), text) for text in ("", "0C", "0C 06", "0C 05 0000 0000 00")),
        (GetCommEventLog(), "0C 06 0000 0000 0000 00"),
        (GetCommEventLog(), "0C 08 0000 0000 0000 00"),
        (GetCommEventLog(), f"0C 47 0000 0000 0000 {'00' * 65}"),
        *((Diagnostics(0, b"\0\1"), text) for text in ("", "08", "08 0000", "08 0000 0002")),
        (Diagnostics(1), "08 0001 FF00"),
        (Diagnostics(21), "08 0022 0000"),
    ],
)
def test_answer_of_another_shape_is_a_mismatch(request_: Request[Any], response: str) -> None:
    """Another function, size, byte count or echo never becomes a result."""
    with pytest.raises(ResponseMismatch):
        request_.decode_response(bytes.fromhex(response))


@pytest.mark.parametrize("kind", [ReadExceptionStatus, GetCommEventCounter, GetCommEventLog])
def test_request_is_its_function_code_alone(kind: Any) -> None:
    """Anything after it is a badly built request."""
    pdu = kind().encode()
    assert kind.decode(pdu) == kind()
    assert request_length(pdu) == 1
    with pytest.raises(IllegalDataValue):
        kind.decode(pdu + b"\0")


def test_exceptions_are_raised() -> None:
    """A refusal of a sub-function is one of FC 8."""
    with pytest.raises(IllegalFunction):
        Diagnostics(17).decode_response(b"\x88\x01")
    with pytest.raises(ExceptionResponse, match="04"):
        GetCommEventLog().decode_response(b"\x8c\x04")
