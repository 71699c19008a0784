"""Any PDU as a request, for gateways and function codes that nobody knows."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_wire.errors import IllegalDataValue, RequestError
from modbus_wire.pdu.raw import RawPdu

READS = {1, 2, 3, 4, 7, 11, 12, 17, 20, 24}


@given(st.binary(min_size=1, max_size=253), st.binary(min_size=1, max_size=253))
def test_bytes_go_through_as_they_are(pdu: bytes, response: bytes) -> None:
    """The request, the response, and an exception, which is no error here."""
    request = RawPdu(pdu)
    assert request.encode() == pdu
    assert request.function_code == pdu[0]
    assert RawPdu.decode(pdu) == request
    assert request.encode_response(response) == response
    assert request.decode_response(response) == response
    refusal = bytes((pdu[0] | 0x80, 2))
    assert request.decode_response(refusal) == refusal


@pytest.mark.parametrize("pdu", [b"", bytes(254), "ab", None, 3])
def test_no_pdu(pdu: Any) -> None:
    """1 to 253 bytes (AP §4.1)."""
    with pytest.raises(RequestError):
        RawPdu(pdu)


@pytest.mark.parametrize("pdu", [b"", bytes(254)])
def test_no_pdu_from_a_client(pdu: bytes) -> None:
    """A server takes none of another size either."""
    with pytest.raises(IllegalDataValue):
        RawPdu.decode(pdu)


def test_bytes_are_kept() -> None:
    """A buffer that changes afterwards does not change the request."""
    buffer = bytearray(b"\x03\x00")
    request = RawPdu(buffer)  # type: ignore[arg-type]  # a buffer is taken too
    buffer[0] = 4
    assert request.encode() == b"\x03\x00"


@pytest.mark.parametrize("code", range(256))
def test_all_but_the_reads_of_the_specification_may_write(code: int) -> None:
    """So that nothing is sent twice that may change a device."""
    assert RawPdu(bytes((code, 0))).writes is (code not in READS)


def test_of_the_encapsulated_interfaces_identification_reads() -> None:
    """FC 43/14 reads; FC 43/13 carries any service of CANopen."""
    assert not RawPdu(bytes.fromhex("2B 0E 01 00")).writes
    assert RawPdu(bytes.fromhex("2B 0D 01 00")).writes


def test_what_is_not_answered() -> None:
    """Listen only mode is not; a broadcast of a write gives nothing, of a read it cannot be."""
    assert not RawPdu(bytes.fromhex("08 0004 0000")).answered
    assert RawPdu(bytes.fromhex("08 0001 0000")).answered
    assert RawPdu(b"\x41").unanswered() == b""
    with pytest.raises(NotImplementedError):
        RawPdu(b"\x07").unanswered()


def test_lengths_are_those_of_the_function() -> None:
    """As far as it is known."""
    assert RawPdu.request_length(b"\x03") == 5
    assert RawPdu.response_length(b"\x03\x04") == 6
    assert RawPdu.response_length(b"\xc1") == 2
    for length in (RawPdu.request_length, RawPdu.response_length):
        assert length(b"") is None
        for head in (b"\x41", b"\x08\x00\x00", b"\x2b\x0d"):
            with pytest.raises(NotImplementedError):
                length(head)
