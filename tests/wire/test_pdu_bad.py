"""Bad arguments, badly built request PDUs and responses that answer something else."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modbus_wire.errors import (
    ExceptionResponse,
    IllegalDataAddress,
    IllegalDataValue,
    IllegalFunction,
    ProtocolError,
    RequestError,
    ResponseMismatch,
)
from modbus_wire.pdu.base import RawRead, Request
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

BIT_READS = [ReadCoils, ReadDiscreteInputs]
REGISTER_READS = [ReadHoldingRegisters, ReadInputRegisters]

REQUEST_SAMPLES: list[Request[Any]] = [
    ReadCoils(5, 9),
    ReadDiscreteInputs(0, 2000),
    ReadHoldingRegisters(3, 2),
    ReadInputRegisters(65535, 1),
    WriteSingleCoil(7, True),
    WriteSingleRegister(7, 0xABCD),
    WriteMultipleCoils(2, [True, False, True]),
    WriteMultipleRegisters(2, [1, 2, 3]),
    MaskWriteRegister(9, 0xFF00, 0x00FF),
    ReadWriteMultipleRegisters(1, 2, 3, [4, 5]),
    RawRead(ReadHoldingRegisters(3, 2)),
    RawRead(ReadCoils(5, 9)),
]


@pytest.mark.parametrize(
    ("make", "most"),
    [
        *((lambda n, read=read: read(0, n), 2000) for read in BIT_READS),
        *((lambda n, read=read: read(0, n), 125) for read in REGISTER_READS),
        (lambda n: WriteMultipleCoils(0, [True] * n), 1968),
        (lambda n: WriteMultipleRegisters(0, [1] * n), 123),
        (lambda n: ReadWriteMultipleRegisters(0, n, 0, [1]), 125),
        (lambda n: ReadWriteMultipleRegisters(0, 1, 0, [1] * n), 121),
        (lambda n: WriteMultipleRegisters.from_bytes(0, bytes(2 * n)), 123),
        (lambda n: WriteMultipleCoils.from_bytes(0, n, bytes((n + 7) // 8)), 1968),
    ],
)
def test_quantity_has_the_limits_of_the_specification(
    make: Callable[[int], Request[Any]], most: int
) -> None:
    """One and the most are accepted and fit a PDU; none and one more are refused."""
    for quantity in (1, most):
        assert len(make(quantity).encode()) <= 253
    for quantity in (0, most + 1):
        with pytest.raises(RequestError):
            make(quantity)


@pytest.mark.parametrize("quantity", [-1, 2001, 10**9])
def test_read_quantity_out_of_range_is_refused(quantity: int) -> None:
    """A negative or huge quantity never becomes a request."""
    for read in (*BIT_READS, *REGISTER_READS):
        with pytest.raises(RequestError, match=str(quantity)):
            read(0, quantity)


@pytest.mark.parametrize(
    ("make", "cells"),
    [
        *((lambda a, read=read: read(a, 3), 3) for read in (*BIT_READS, *REGISTER_READS)),
        (lambda a: WriteSingleCoil(a, True), 1),
        (lambda a: WriteSingleRegister(a, 1), 1),
        (lambda a: WriteMultipleCoils(a, [True] * 3), 3),
        (lambda a: WriteMultipleRegisters(a, [1] * 3), 3),
        (lambda a: MaskWriteRegister(a, 0, 0), 1),
        (lambda a: ReadWriteMultipleRegisters(a, 3, 0, [1]), 3),
        (lambda a: ReadWriteMultipleRegisters(0, 1, a, [1] * 3), 3),
    ],
)
def test_cells_stay_in_the_table(make: Callable[[int], Request[Any]], cells: int) -> None:
    """The last cell may be 65535; one further, or a negative address, is refused."""
    last = 65536 - cells
    make(0).encode()
    make(last).encode()
    for address in (-1, last + 1, 65536, 2**40):
        with pytest.raises(RequestError):
            make(address)


@pytest.mark.parametrize("value", [-1, 65536, 2**40, 3.9, float("nan"), "7", None, b"\x01"])
@pytest.mark.parametrize(
    "make",
    [
        lambda value: WriteSingleRegister(0, value),
        lambda value: WriteMultipleRegisters(0, [1, value, 2]),
        lambda value: ReadWriteMultipleRegisters(0, 1, 0, [value]),
        lambda value: MaskWriteRegister(0, value, 0),
        lambda value: MaskWriteRegister(0, 0, value),
    ],
)
def test_no_register_value_is_refused(make: Callable[[Any], Request[Any]], value: object) -> None:
    """Nothing is wrapped, cut or rounded: a value that is no word in 0..65535 raises."""
    with pytest.raises(RequestError):
        make(value)


@pytest.mark.parametrize("number", [1.0, 1.5])
@pytest.mark.parametrize(
    "make",
    [
        lambda x: ReadCoils(x, 1),
        lambda x: ReadHoldingRegisters(0, x),
        lambda x: WriteSingleCoil(x, True),
        lambda x: WriteSingleRegister(x, 1),
        lambda x: WriteMultipleCoils(x, [True]),
        lambda x: WriteMultipleRegisters(x, [1]),
        lambda x: MaskWriteRegister(x, 0, 0),
        lambda x: ReadWriteMultipleRegisters(x, 1, 0, [1]),
        lambda x: ReadWriteMultipleRegisters(0, x, 0, [1]),
        lambda x: ReadWriteMultipleRegisters(0, 1, x, [1]),
    ],
)
def test_fractions_never_reach_the_wire(make: Callable[[Any], Request[Any]], number: float) -> None:
    """An address or quantity that is no int is refused before there is a PDU."""
    with pytest.raises(RequestError):
        make(number).encode()


def test_bytes_that_do_not_carry_the_cells_are_refused() -> None:
    """Odd register bytes and packed bits of another size raise."""
    with pytest.raises(RequestError):
        WriteMultipleRegisters.from_bytes(0, b"\x00\x01\x02")
    for size in (0, 2):
        with pytest.raises(RequestError):
            WriteMultipleCoils.from_bytes(0, 8, bytes(size))


BADLY_BUILT = {
    "quantity 0": ("01 0000 0000", "02 0000 0000", "03 0000 0000", "04 0000 0000"),
    "quantity too large": ("01 0000 07D1", "02 0000 FFFF", "03 0000 007E", "04 0000 007E"),
    "read too short": ("01", "02 0000", "03 0000 00", "04 0000 0001 00"),
    "coil neither on nor off": ("05 0000 0001", "05 0000 FF01", "05 0000 00FF", "05 0000 FFFF"),
    "single write of a wrong size": ("05 0000 FF", "05 0000 FF00 00", "06 0000", "06 0000 0001 00"),
    "write of nothing": ("0F 0000 0000 00", "10 0000 0000 00", "0F 0000 0000 01 00"),
    "write too large": (f"0F 0000 07B1 F7 {'00' * 247}", f"10 0000 007C F8 {'00' * 248}"),
    "byte count against quantity": (
        "0F 0000 0009 01 00",
        "0F 0000 0008 02 0000",
        "10 0000 0001 04 0000 0000",
        "10 0000 0002 02 0000",
        "10 0000 0001 03 000000",
    ),
    "byte count against data": (
        "0F 0000 0008 02 00",
        "10 0000 0001 04 0000",
        "0F 0000 0008 01",
        "0F 0000 0008 01 0000",
        "10 0000 0001 02 00",
        "10 0000 0001 02 000000",
        "10 0000 0002 04 0000",
        "10 0000 0001",
    ),
    "mask write of a wrong size": ("16 0000 0000", "16 0000 0000 00", "16 0000 0000 0000 00"),
    "read/write": (
        "17 0000 0000 0000 0001 02 0000",
        "17 0000 007E 0000 0001 02 0000",
        "17 0000 0001 0000 0000 00",
        f"17 0000 0001 0000 007A F4 {'00' * 244}",
        "17 0000 0001 0000 0001 04 0000 0000",
        "17 0000 0001 0000 0002 02 0000",
        "17 0000 0001 0000 0001 02 00",
        "17 0000 0001 0000 0001 04 0000",
        "17 0000 0001",
    ),
}


@pytest.mark.parametrize(
    "pdu",
    [pytest.param(pdu, id=f"{why}: {pdu[:24]}") for why in BADLY_BUILT for pdu in BADLY_BUILT[why]],
)
def test_badly_built_request_is_an_illegal_value(pdu: str) -> None:
    """Size, quantity, byte count and coil value are checked as AP §6 draws it: exception 03."""
    data = bytes.fromhex(pdu)
    with pytest.raises(IllegalDataValue):
        REQUESTS[data[0]].decode(data)


@given(st.sampled_from(sorted(REQUESTS)), st.binary(max_size=260))
def test_arbitrary_request_bytes_decode_or_are_illegal(code: int, rest: bytes) -> None:
    """A server reads any bytes as a request that encodes to them, or refuses them."""
    pdu = bytes((code,)) + rest
    try:
        request = REQUESTS[code].decode(pdu)
    except (IllegalDataValue, IllegalDataAddress, IllegalFunction):
        return
    assert request.encode() == pdu


def answers_of(request: Request[Any]) -> st.SearchStrategy[bytes]:
    """Bytes near a response to the request: its function code, a length that may fit."""
    code = request.function_code
    codes = st.sampled_from([code, code | 0x80, 0x80, (code + 1) & 0x7F])
    near = st.builds(
        lambda code, rest: bytes((code,)) + rest,
        codes,
        st.binary(max_size=6)
        | st.binary(min_size=1, max_size=4).map(lambda b: bytes((len(b),)) + b),
    )
    return st.binary(max_size=260) | near


@given(st.sampled_from(REQUEST_SAMPLES).flatmap(lambda r: st.tuples(st.just(r), answers_of(r))))
def test_arbitrary_response_bytes_raise_a_modbus_error_and_nothing_else(
    case: tuple[Request[Any], bytes],
) -> None:
    """Whatever a server answers is a result, an exception of it or a protocol error."""
    request, pdu = case
    with suppress(ProtocolError, ExceptionResponse):
        request.decode_response(pdu)
        assert pdu[0] == request.function_code


@given(st.sampled_from(REQUEST_SAMPLES[4:9]), st.data())
def test_any_change_in_an_echo_is_a_mismatch(request: Request[None], data: st.DataObject) -> None:
    """A write is done only when the response repeats it to the byte."""
    echo = request.encode_response(None)
    at = data.draw(st.integers(0, len(echo) - 1))
    changed = bytearray(echo)
    changed[at] = data.draw(st.integers(0, 255))
    assume(changed != echo)
    for response in (bytes(changed), echo[:at], echo + bytes(1)):
        with pytest.raises(ResponseMismatch):
            request.decode_response(response)


@pytest.mark.parametrize(
    "response",
    [
        *("", "03", "03 04", "03 04 0001", "03 02 0001", "03 05 0001 0002 00"),
        *("03 04 0001 0002 00", "04 04 0001 0002", "03 03 0001 0002", "03 06 0001 0002 0003"),
        *("84 02", "83", "83 02 00"),
    ],
)
def test_response_of_another_shape_is_a_mismatch(response: str) -> None:
    """Another function, byte count or size never becomes registers."""
    for request in (ReadHoldingRegisters(0, 2), RawRead(ReadHoldingRegisters(0, 2))):
        with pytest.raises(ResponseMismatch):
            request.decode_response(bytes.fromhex(response))


def test_read_write_response_of_another_shape_is_a_mismatch() -> None:
    """The read half of FC 23 is checked as any read is."""
    request = ReadWriteMultipleRegisters(0, 2, 0, [1])
    for response in ("17 02 0001", "17 04 0001", "17 06 0001 0002 0003", "03 04 0001 0002", ""):
        with pytest.raises(ResponseMismatch):
            request.decode_response(bytes.fromhex(response))


def test_requests_compare_by_their_fields_and_name_them() -> None:
    """Equality, hash and repr follow the fields, and another function is another request."""
    assert ReadCoils(1, 2) == ReadCoils(1, 2)
    assert len({ReadCoils(1, 2), ReadCoils(1, 2), ReadCoils(1, 3)}) == 2
    assert ReadCoils(1, 2) != ReadDiscreteInputs(1, 2)
    assert repr(ReadCoils(1, 2)) == "ReadCoils(address=1, quantity=2)"
    assert ReadCoils(1, 2) != "ReadCoils(address=1, quantity=2)"


def test_true_is_a_quantity_of_one() -> None:
    """It is an int; that nothing was read before does not matter."""
    code = "from modbus_wire.pdu.registers import ReadHoldingRegisters as Read; "
    code += "print(Read(0, True).decode_response(bytes.fromhex('03 02 00 07')))"
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "[7]\n"
