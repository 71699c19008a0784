"""Which request class stands for which function code, and how long a PDU is that begins so."""

from modbus_wire.codes import EXCEPTION_FLAG
from modbus_wire.pdu.base import EXCEPTION_LENGTH, AnyRequest
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

REQUESTS: dict[int, type[AnyRequest]] = {
    request.function_code: request
    for request in (
        ReadCoils,
        ReadDiscreteInputs,
        ReadHoldingRegisters,
        ReadInputRegisters,
        WriteSingleCoil,
        WriteSingleRegister,
        WriteMultipleCoils,
        WriteMultipleRegisters,
        MaskWriteRegister,
        ReadWriteMultipleRegisters,
    )
}
"""The request class of each function code."""


def request_length(head: bytes) -> int | None:
    """Return the length of the request PDU that begins with ``head``; None: not yet known.

    Raises `KeyError` for a function code that no class stands for.
    """
    return REQUESTS[head[0]].request_length(head) if head else None


def response_length(head: bytes) -> int | None:
    """Return the length of the response PDU that begins with ``head``; None: not yet known.

    Raises `KeyError` for a function code that no class stands for.
    """
    if head and head[0] & EXCEPTION_FLAG:
        return EXCEPTION_LENGTH
    return REQUESTS[head[0]].response_length(head) if head else None
