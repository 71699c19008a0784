"""Which request class stands for which function code, and how long a PDU is that begins so."""

from modbus_wire.codes import EXCEPTION_FLAG
from modbus_wire.pdu.base import EXCEPTION_LENGTH, AnyRequest
from modbus_wire.pdu.bits import (
    ReadCoils,
    ReadDiscreteInputs,
    WriteMultipleCoils,
    WriteSingleCoil,
)
from modbus_wire.pdu.diagnostics import (
    Diagnostics,
    GetCommEventCounter,
    GetCommEventLog,
    ReadExceptionStatus,
)
from modbus_wire.pdu.fifo import ReadFifoQueue
from modbus_wire.pdu.files import ReadFileRecord, WriteFileRecord
from modbus_wire.pdu.identity import ReadDeviceIdentification, ReportServerId
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
        ReadExceptionStatus,
        Diagnostics,
        GetCommEventCounter,
        GetCommEventLog,
        WriteMultipleCoils,
        WriteMultipleRegisters,
        ReportServerId,
        ReadFileRecord,
        WriteFileRecord,
        MaskWriteRegister,
        ReadWriteMultipleRegisters,
        ReadFifoQueue,
        ReadDeviceIdentification,
    )
}
"""The request class of each function code."""


def request_length(head: bytes) -> int | None:
    """Return the length of the request PDU that begins with ``head``; None: not yet known.

    Raises `KeyError` where nothing announces it: for a function code that no class stands for, and
    for the few PDUs of the others that are as long as their sender likes.
    """
    if not head:
        return None
    try:
        return REQUESTS[head[0]].request_length(head)
    except NotImplementedError:
        raise KeyError(head[0]) from None


def response_length(head: bytes) -> int | None:
    """Return the length of the response PDU that begins with ``head``; None: not yet known.

    Raises as `request_length`.
    """
    if not head:
        return None
    if head[0] & EXCEPTION_FLAG:
        return EXCEPTION_LENGTH
    try:
        return REQUESTS[head[0]].response_length(head)
    except NotImplementedError:
        raise KeyError(head[0]) from None
