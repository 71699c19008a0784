"""The worked examples of AP §6 as bytes, in both directions, and the exception PDUs of AP §7."""

from typing import Any, NamedTuple

import pytest

from modbus_wire.codes import ExceptionCode
from modbus_wire.errors import (
    Acknowledge,
    ExceptionResponse,
    GatewayPathUnavailable,
    GatewayTargetFailedToRespond,
    IllegalDataAddress,
    IllegalDataValue,
    IllegalFunction,
    MemoryParityError,
    ServerDeviceBusy,
    ServerDeviceFailure,
)
from modbus_wire.pdu.base import RawRead, ReadRequest, Request
from modbus_wire.pdu.bits import (
    ReadCoils,
    ReadDiscreteInputs,
    WriteMultipleCoils,
    WriteSingleCoil,
)
from modbus_wire.pdu.diagnostics import (
    CommEventCounter,
    CommEventLog,
    Diagnostics,
    GetCommEventCounter,
    GetCommEventLog,
    ReadExceptionStatus,
)
from modbus_wire.pdu.fifo import ReadFifoQueue
from modbus_wire.pdu.files import FileData, FileRecord, ReadFileRecord, WriteFileRecord
from modbus_wire.pdu.identity import (
    IdentificationPart,
    ReadDeviceIdentification,
    ReportServerId,
    ServerId,
)
from modbus_wire.pdu.registers import (
    MaskWriteRegister,
    ReadHoldingRegisters,
    ReadInputRegisters,
    ReadWriteMultipleRegisters,
    WriteMultipleRegisters,
    WriteSingleRegister,
)
from modbus_wire.pdu.registry import REQUESTS, request_length, response_length


class Example(NamedTuple):
    """One worked example: a request, its PDU, its result, the PDU of the response."""

    request: Request[Any]
    request_pdu: bytes
    result: object
    response_pdu: bytes


def example(request: Request[Any], asked: str, result: object, answered: str) -> Example:
    """Return an example with its PDUs in hex."""
    return Example(request, bytes.fromhex(asked), result, bytes.fromhex(answered))


def bits(digits: str) -> list[bool]:
    """Return the truth values of binary digits, first cell first."""
    return [digit == "1" for digit in digits if digit != " "]


EXAMPLES = [
    example(  # AP §6.1: coils 20 to 38
        ReadCoils(19, 19), "01 0013 0013", bits("10110011 11010110 101"), "01 03 CD 6B 05"
    ),
    example(  # AP §6.2: discrete inputs 197 to 218
        ReadDiscreteInputs(196, 22), "02 00C4 0016", bits("00110101 11011011 101011"), "0203ACDB35"
    ),
    example(  # AP §6.3: holding registers 108 to 110
        ReadHoldingRegisters(107, 3), "03 006B 0003", [555, 0, 100], "03 06 022B 0000 0064"
    ),
    example(ReadInputRegisters(8, 1), "04 0008 0001", [10], "04 02 000A"),  # AP §6.4
    example(WriteSingleCoil(172, True), "05 00AC FF00", None, "05 00AC FF00"),  # AP §6.5
    example(WriteSingleCoil(172, False), "05 00AC 0000", None, "05 00AC 0000"),
    example(WriteSingleRegister(1, 3), "06 0001 0003", None, "06 0001 0003"),  # AP §6.6
    example(ReadExceptionStatus(), "07", 0x6D, "07 6D"),  # AP §6.7
    example(Diagnostics(0, b"\xa5\x37"), "08 0000 A537", b"\xa5\x37", "08 0000 A537"),  # AP §6.8
    example(GetCommEventCounter(), "0B", CommEventCounter(0xFFFF, 264), "0B FFFF 0108"),  # AP §6.9
    example(  # AP §6.10: listen only mode entered, and a restart before it
        GetCommEventLog(),
        "0C",
        CommEventLog(0, 264, 289, b"\x20\x00"),
        "0C 08 0000 0108 0121 20 00",
    ),
    example(  # AP §6.11: ten coils from coil 20 on
        WriteMultipleCoils(19, bits("10110011 10")), "0F 0013 000A 02 CD01", None, "0F 0013 000A"
    ),
    example(  # AP §6.12: two registers from register 2 on
        WriteMultipleRegisters(1, [10, 258]), "10 0001 0002 04 000A 0102", None, "10 0001 0002"
    ),
    example(  # AP §6.13 has no worked example: an id of one byte, running, two bytes besides
        ReportServerId(), "11", ServerId(b"\x09", True, b"\x01\x02"), "11 04 09 FF 0102"
    ),
    example(  # AP §6.14: two registers of file 4, two of file 3
        ReadFileRecord([FileRecord(4, 1, 2), FileRecord(3, 9, 2)]),
        "14 0E 06 0004 0001 0002 06 0003 0009 0002",
        [[0x0DFE, 0x0020], [0x33CD, 0x0040]],
        "14 0C 05 06 0DFE 0020 05 06 33CD 0040",
    ),
    example(  # AP §6.15: three registers of file 4
        WriteFileRecord([FileData(4, 7, [0x06AF, 0x04BE, 0x100D])]),
        "15 0D 06 0004 0007 0003 06AF 04BE 100D",
        None,
        "15 0D 06 0004 0007 0003 06AF 04BE 100D",
    ),
    example(  # AP §6.16: register 5
        MaskWriteRegister(4, 0x00F2, 0x0025), "16 0004 00F2 0025", None, "16 0004 00F2 0025"
    ),
    example(  # AP §6.17: six registers from register 4 on, three written from register 15 on
        ReadWriteMultipleRegisters(3, 6, 14, [255, 255, 255]),
        "17 0003 0006 000E 0003 06 00FF 00FF 00FF",
        [254, 0x0ACD, 1, 3, 13, 255],
        "17 0C 00FE 0ACD 0001 0003 000D 00FF",
    ),
    example(ReadFifoQueue(1246), "18 04DE", [440, 4740], "18 0006 0002 01B8 1284"),  # AP §6.18
    example(  # AP §6.21: the basic objects, all in one answer
        ReadDeviceIdentification(1, 0),
        "2B 0E 01 00",
        IdentificationPart(
            1,
            False,
            0,
            {0: b"Company identification", 1: b"Product code XX", 2: b"V2.11"},
        ),
        f"2B 0E 01 01 00 00 03 00 16 {b'Company identification'.hex()}"
        f"01 0F {b'Product code XX'.hex()} 02 05 {b'V2.11'.hex()}",
    ),
]

each_example = pytest.mark.parametrize(
    "example", EXAMPLES, ids=[repr(case.request) for case in EXAMPLES]
)

EXCEPTIONS = {
    0x01: IllegalFunction,
    0x02: IllegalDataAddress,
    0x03: IllegalDataValue,
    0x04: ServerDeviceFailure,
    0x05: Acknowledge,
    0x06: ServerDeviceBusy,
    0x08: MemoryParityError,
    0x0A: GatewayPathUnavailable,
    0x0B: GatewayTargetFailedToRespond,
}


def test_every_function_code_has_an_example() -> None:
    """No request class is left out of the examples, and the registry holds each under its code."""
    assert {case.request_pdu[0]: type(case.request) for case in EXAMPLES} == REQUESTS


@each_example
def test_request_encodes(example: Example) -> None:
    """A client sends the bytes of the specification."""
    assert example.request.encode() == example.request_pdu


@each_example
def test_request_decodes(example: Example) -> None:
    """A server reads the same request out of those bytes."""
    decoded = REQUESTS[example.request_pdu[0]].decode(example.request_pdu)
    assert decoded == example.request
    assert decoded.encode() == example.request_pdu


@each_example
def test_response_encodes(example: Example) -> None:
    """A server answers the bytes of the specification."""
    assert example.request.encode_response(example.result) == example.response_pdu


@each_example
def test_response_decodes(example: Example) -> None:
    """A client reads the result out of those bytes, without the padding bits."""
    assert example.request.decode_response(example.response_pdu) == example.result


def test_raw_read_gives_the_bytes_of_the_response() -> None:
    """A raw read asks the same bytes and keeps the data bytes as they came."""
    reads = 0
    for request, request_pdu, _, response_pdu in EXAMPLES:
        if isinstance(request, ReadRequest):
            reads += 1
            raw = RawRead(request)
            assert raw.encode() == request_pdu
            assert raw.decode_response(response_pdu) == response_pdu[2:]
    assert reads == 4


@pytest.mark.parametrize(
    "example",
    [case for case in EXAMPLES if not isinstance(case.request, Diagnostics)],
    ids=lambda case: repr(case.request),
)
def test_lengths_are_known_from_the_head(example: Example) -> None:
    """A growing head tells either no length or the right one; the whole PDU always does."""
    for pdu, length in (
        (example.request_pdu, request_length),
        (example.response_pdu, response_length),
    ):
        told = [length(pdu[:size]) for size in range(len(pdu) + 1)]
        assert set(told) <= {None, len(pdu)}
        assert told[0] is None
        assert told[-1] == len(pdu)


@each_example
def test_exception_pdu_raises_the_class_of_its_code(example: Example) -> None:
    """Each request understands each exception code, those the specification lacks included."""
    for code in range(256):
        pdu = bytes((example.request_pdu[0] | 0x80, code))
        assert response_length(pdu[:1]) == 2
        with pytest.raises(ExceptionResponse, match=f"{code:02X}") as caught:
            example.request.decode_response(pdu)
        assert type(caught.value) is EXCEPTIONS.get(code, ExceptionResponse)
        assert caught.value.code == code


@each_example
def test_function_code_80_is_an_exception_too(example: Example) -> None:
    """Some servers answer 80 01 to whatever they cannot decode."""
    with pytest.raises(IllegalFunction):
        example.request.decode_response(b"\x80\x01")


def test_exception_codes_are_those_of_the_specification() -> None:
    """The enum holds the codes of AP §7 and no other."""
    assert {int(code) for code in ExceptionCode} == set(EXCEPTIONS)


@pytest.mark.parametrize("request_", [case.request for case in EXAMPLES], ids=repr)
def test_only_writes_have_a_result_without_an_answer(request_: Request[Any]) -> None:
    """A broadcast write gives None; a request that reads has nothing to give."""
    assert request_.answered
    if not request_.writes or isinstance(request_, ReadWriteMultipleRegisters):
        with pytest.raises(NotImplementedError):
            request_.unanswered()
    else:
        assert request_.unanswered() is None


def test_what_writes_is_known() -> None:
    """The requests that are never sent twice are those that change the device."""
    writing = {case.request.function_code for case in EXAMPLES if case.request.writes}
    assert writing == {5, 6, 15, 16, 21, 22, 23}
