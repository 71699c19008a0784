"""A request that is any PDU, and its response as it came: for gateways and unknown functions."""

from __future__ import annotations

from modbus_wire.codes import MAX_PDU, FunctionCode
from modbus_wire.errors import IllegalDataValue, RequestError
from modbus_wire.pdu import registry
from modbus_wire.pdu.base import Request
from modbus_wire.pdu.value import as_bytes
from modbus_wire.typed import Self

_READS = frozenset(
    code.value
    for code in (
        FunctionCode.READ_COILS,
        FunctionCode.READ_DISCRETE_INPUTS,
        FunctionCode.READ_HOLDING_REGISTERS,
        FunctionCode.READ_INPUT_REGISTERS,
        FunctionCode.READ_EXCEPTION_STATUS,
        FunctionCode.GET_COMM_EVENT_COUNTER,
        FunctionCode.GET_COMM_EVENT_LOG,
        FunctionCode.REPORT_SERVER_ID,
        FunctionCode.READ_FILE_RECORD,
        FunctionCode.READ_FIFO_QUEUE,
    )
)
_IDENTIFICATION = bytes((FunctionCode.ENCAPSULATED_INTERFACE_TRANSPORT, 0x0E))
"""Of the encapsulated interfaces the one that only reads (AP §6.21)."""

_LISTEN_ONLY = bytes((FunctionCode.DIAGNOSTICS, 0x00, 0x04))


class RawPdu(Request[bytes]):
    """A request PDU of 1 to 253 bytes; the result is the response PDU, also of an exception.

    Nothing is raised for an exception then, and the client's statistics count it as a response.
    """

    __slots__ = ("pdu",)

    def __init__(self, pdu: bytes) -> None:
        self.pdu = as_bytes("a PDU", pdu, MAX_PDU)
        if not self.pdu:
            raise RequestError("a PDU of no bytes has no function code")

    @property
    def function_code(self) -> int:  # type: ignore[override]  # that of the PDU
        """The function code of the PDU."""
        return self.pdu[0]

    @property
    def writes(self) -> bool:  # type: ignore[override]  # by the function code
        """Whether it may change the device; a function that is not known may."""
        return self.pdu[0] not in _READS and self.pdu[:2] != _IDENTIFICATION

    @property
    def answered(self) -> bool:  # type: ignore[override]  # by the sub-function
        """Whether a device answers: not when it is forced into the listen only mode."""
        return self.pdu[:3] != _LISTEN_ONLY

    def encode(self) -> bytes:
        return self.pdu

    @classmethod
    def decode(cls, pdu: bytes) -> Self:
        if not 0 < len(pdu) <= MAX_PDU:
            raise IllegalDataValue
        return cls(pdu)

    def encode_response(self, result: bytes) -> bytes:
        return result

    def decode_response(self, pdu: bytes) -> bytes:
        """Return the response PDU; nothing of it is checked."""
        return pdu

    def unanswered(self) -> bytes:
        return b"" if self.writes else super().unanswered()

    @classmethod
    def request_length(cls, head: bytes) -> int | None:
        try:
            return registry.request_length(head)
        except KeyError:
            raise NotImplementedError from None

    @classmethod
    def response_length(cls, head: bytes) -> int | None:
        try:
            return registry.response_length(head)
        except KeyError:
            raise NotImplementedError from None
