"""The requests for coils and discrete inputs: FC 1, 2, 5 and 15 (AP §6.1, §6.2, §6.5, §6.11)."""

from __future__ import annotations

from collections.abc import Iterable

from modbus_wire.bits import byte_count, pack_bits, unpack_bits
from modbus_wire.codes import MAX_READ_BITS, MAX_WRITE_COILS, FunctionCode
from modbus_wire.errors import IllegalDataValue, RequestError
from modbus_wire.pdu.base import (
    ReadRequest,
    WriteMultipleRequest,
    WriteRequest,
    check_cell,
    decode_fields,
    encode_fields,
)
from modbus_wire.typed import Self

_ON = 0xFF00
_OFF = 0x0000


def _coil(value: object) -> bool:
    """Return the state of a coil; raises `RequestError` for all but True, False, 1 and 0."""
    if value == 1 or value == 0:
        return value == 1
    raise RequestError(f"{value!r} is no state of a coil (True or False)")


class _ReadBits(ReadRequest[list[bool]]):
    __slots__ = ()

    max_quantity = MAX_READ_BITS

    @classmethod
    def size(cls, quantity: int) -> int:
        return byte_count(quantity)

    def encode_response(self, result: Iterable[object]) -> bytes:
        data = pack_bits(result)
        return bytes((self.function_code, len(data))) + data

    def decode_response(self, pdu: bytes) -> list[bool]:
        return unpack_bits(self.payload(pdu), self.quantity)


class ReadCoils(_ReadBits):
    """FC 1: read 1 to 2000 coils (AP §6.1)."""

    __slots__ = ()

    function_code = FunctionCode.READ_COILS.value


class ReadDiscreteInputs(_ReadBits):
    """FC 2: read 1 to 2000 discrete inputs (AP §6.2)."""

    __slots__ = ()

    function_code = FunctionCode.READ_DISCRETE_INPUTS.value


class WriteSingleCoil(WriteRequest):
    """FC 5: switch one coil (AP §6.5)."""

    __slots__ = ("address", "value")

    function_code = FunctionCode.WRITE_SINGLE_COIL.value

    def __init__(self, address: int, value: bool) -> None:
        check_cell(address)
        self.address = address
        self.value = _coil(value)

    def encode(self) -> bytes:
        return encode_fields(self.function_code, self.address, _ON if self.value else _OFF)

    @classmethod
    def decode(cls, pdu: bytes) -> Self:
        address, value = decode_fields(pdu)
        if value not in (_ON, _OFF):
            raise IllegalDataValue
        return cls(address, value == _ON)


class WriteMultipleCoils(WriteMultipleRequest):
    """FC 15: write 1 to 1968 adjacent coils (AP §6.11)."""

    __slots__ = ()

    function_code = FunctionCode.WRITE_MULTIPLE_COILS.value
    max_quantity = MAX_WRITE_COILS

    def __init__(self, address: int, values: Iterable[object]) -> None:
        try:
            cells = [_coil(value) for value in values]
        except TypeError as error:
            raise RequestError(f"{values!r} are no states of coils: {error}") from error
        self._set(address, len(cells), pack_bits(cells))

    @classmethod
    def from_bytes(cls, address: int, quantity: int, data: bytes) -> Self:
        """Build the request from packed bits; raises `RequestError` where the sizes disagree."""
        try:
            if len(data) != byte_count(quantity):
                raise RequestError(f"{len(data)} bytes do not carry {quantity} coils")
        except TypeError as error:
            raise RequestError(f"{data!r} does not carry {quantity!r} coils: {error}") from error
        self = cls.__new__(cls)
        self._set(address, quantity, data)
        return self

    @classmethod
    def size(cls, quantity: int) -> int:
        return byte_count(quantity)

    @property
    def values(self) -> list[bool]:
        """The coils, from ``address`` on."""
        return unpack_bits(self.data, self.quantity)
