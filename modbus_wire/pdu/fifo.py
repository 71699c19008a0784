"""The request for a queue of registers: FC 24 (AP §6.18)."""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct

from modbus_wire.codes import ADDRESS_SPACE, MAX_FIFO, FunctionCode
from modbus_wire.errors import IllegalDataValue
from modbus_wire.pdu.base import Request
from modbus_wire.pdu.registers import pack_registers, unpack_registers
from modbus_wire.pdu.value import checked
from modbus_wire.typed import Self

_ASK = Struct(">BH")
_HEAD = Struct(">BHH")
_COUNT_SIZE = 2


class ReadFifoQueue(Request[list[int]]):
    """FC 24: read the up to 31 registers of the queue at an address (AP §6.18).

    The device keeps them: reading does not clear a queue.
    """

    __slots__ = ("address",)

    function_code = FunctionCode.READ_FIFO_QUEUE.value
    writes = False

    def __init__(self, address: int) -> None:
        self.address = checked("address", address, 0, ADDRESS_SPACE - 1)

    def encode(self) -> bytes:
        return _ASK.pack(self.function_code, self.address)

    @classmethod
    def decode(cls, pdu: bytes) -> Self:
        if len(pdu) != _ASK.size:
            raise IllegalDataValue
        _, address = _ASK.unpack(pdu)
        return cls(address)

    def encode_response(self, result: Sequence[int]) -> bytes:
        """Return the response PDU; raises `IllegalDataValue` for more than 31 registers."""
        if len(result) > MAX_FIFO:
            raise IllegalDataValue
        data = pack_registers(result)
        return _HEAD.pack(self.function_code, _COUNT_SIZE + len(data), len(result)) + data

    def decode_response(self, pdu: bytes) -> list[int]:
        data = pdu[_HEAD.size :]
        quantity = len(data) // 2
        head = _HEAD.pack(self.function_code, _COUNT_SIZE + len(data), quantity)
        if not pdu.startswith(head) or len(data) % 2 or quantity > MAX_FIFO:
            self.no_answer(pdu)
        return unpack_registers(data)

    @classmethod
    def request_length(cls, head: bytes) -> int | None:
        return _ASK.size

    @classmethod
    def response_length(cls, head: bytes) -> int | None:
        return 3 + int.from_bytes(head[1:3], "big") if len(head) > 2 else None
