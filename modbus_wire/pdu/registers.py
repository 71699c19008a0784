"""The requests for registers: FC 3, 4, 6, 16, 22 and 23 (AP §6.3-6.6, §6.12, §6.16, §6.17)."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from operator import index
from struct import Struct

from modbus_wire.codes import (
    MAX_READ_REGISTERS,
    MAX_RW_WRITE_REGISTERS,
    MAX_WRITE_REGISTERS,
    FunctionCode,
)
from modbus_wire.errors import IllegalDataValue, RequestError
from modbus_wire.pdu.base import (
    ReadRequest,
    Request,
    WriteMultipleRequest,
    WriteRequest,
    check_cell,
    decode_fields,
    encode_fields,
)
from modbus_wire.typed import Self, SupportsIndex


class _Words(dict[int, Struct]):
    """A `Struct` of n big-endian words under each n; those of a request are kept."""

    def __missing__(self, quantity: int) -> Struct:
        words = Struct(f">{quantity:d}H")  # True is a quantity of 1
        if quantity <= MAX_READ_REGISTERS:
            self[quantity] = words
        return words


_WORDS = _Words()


def pack_registers(values: Iterable[SupportsIndex]) -> bytes:
    """Return register bytes, big-endian; raises `RequestError` for a value outside 0..65535."""
    try:
        words = tuple(values)
    except TypeError as error:
        raise RequestError(f"{values!r} are no register values: {error}") from error
    try:
        return _WORDS[len(words)].pack(*words)
    except struct.error:
        for word in words:
            _word(word)
        raise


def unpack_registers(data: bytes) -> list[int]:
    """Return the registers that big-endian bytes hold."""
    return list(_WORDS[len(data) // 2].unpack(data))


def _word(value: SupportsIndex) -> int:
    """Return a register value as an int; raises `RequestError` where it is none."""
    try:
        word = index(value)
    except TypeError:
        word = -1
    if not 0 <= word <= 0xFFFF:
        raise RequestError(f"{value!r} is no register value (an int in 0..65535)")
    return word


class _ReadRegisters(ReadRequest[list[int]]):
    __slots__ = ()

    max_quantity = MAX_READ_REGISTERS

    @classmethod
    def size(cls, quantity: int) -> int:
        return 2 * quantity

    def encode_response(self, result: Iterable[int]) -> bytes:
        data = pack_registers(result)
        return bytes((self.function_code, len(data))) + data

    def decode_response(self, pdu: bytes) -> list[int]:
        size = 2 * self.quantity
        if len(pdu) != size + 2 or pdu[0] != self.function_code or pdu[1] != size:
            self.no_answer(pdu)
        return list(_WORDS[self.quantity].unpack_from(pdu, 2))


class ReadHoldingRegisters(_ReadRegisters):
    """FC 3: read 1 to 125 holding registers (AP §6.3)."""

    __slots__ = ()

    function_code = FunctionCode.READ_HOLDING_REGISTERS.value


class ReadInputRegisters(_ReadRegisters):
    """FC 4: read 1 to 125 input registers (AP §6.4)."""

    __slots__ = ()

    function_code = FunctionCode.READ_INPUT_REGISTERS.value


class WriteSingleRegister(WriteRequest):
    """FC 6: write one holding register, 0 to 65535 (AP §6.6)."""

    __slots__ = ("address", "value")

    function_code = FunctionCode.WRITE_SINGLE_REGISTER.value

    def __init__(self, address: int, value: SupportsIndex) -> None:
        check_cell(address)
        self.address = address
        self.value = _word(value)

    def encode(self) -> bytes:
        return encode_fields(self.function_code, self.address, self.value)

    @classmethod
    def decode(cls, pdu: bytes) -> Self:
        return cls(*decode_fields(pdu))


class WriteMultipleRegisters(WriteMultipleRequest):
    """FC 16: write 1 to 123 adjacent holding registers (AP §6.12)."""

    __slots__ = ()

    function_code = FunctionCode.WRITE_MULTIPLE_REGISTERS.value
    max_quantity = MAX_WRITE_REGISTERS

    def __init__(self, address: int, values: Iterable[SupportsIndex]) -> None:
        data = pack_registers(values)
        self._set(address, len(data) // 2, data)

    @classmethod
    def from_bytes(cls, address: int, data: bytes) -> Self:
        """Build the request from big-endian register bytes; `RequestError` where they are odd."""
        try:
            if len(data) % 2:
                raise RequestError(f"{len(data)} bytes are no whole registers")
        except TypeError as error:
            raise RequestError(f"{data!r} is not bytes") from error
        self = cls.__new__(cls)
        self._set(address, len(data) // 2, data)
        return self

    @classmethod
    def size(cls, quantity: int) -> int:
        return 2 * quantity

    @property
    def values(self) -> list[int]:
        """The registers, from ``address`` on."""
        return unpack_registers(self.data)


class MaskWriteRegister(WriteRequest):
    """FC 22: change bits of one holding register (AP §6.16).

    The register becomes ``(current & and_mask) | (or_mask & ~and_mask)``.
    """

    __slots__ = ("address", "and_mask", "or_mask")

    function_code = FunctionCode.MASK_WRITE_REGISTER.value
    _FIELDS = Struct(">BHHH")
    ECHO = _FIELDS.size

    def __init__(self, address: int, and_mask: SupportsIndex, or_mask: SupportsIndex) -> None:
        check_cell(address)
        self.address = address
        self.and_mask = _word(and_mask)
        self.or_mask = _word(or_mask)

    def encode(self) -> bytes:
        try:
            return self._FIELDS.pack(self.function_code, self.address, self.and_mask, self.or_mask)
        except struct.error as error:
            raise RequestError(f"{error}") from None

    @classmethod
    def decode(cls, pdu: bytes) -> Self:
        if len(pdu) != cls._FIELDS.size:
            raise IllegalDataValue
        _, address, and_mask, or_mask = cls._FIELDS.unpack(pdu)
        return cls(address, and_mask, or_mask)


class ReadWriteMultipleRegisters(Request[list[int]]):
    """FC 23: write 1 to 121 holding registers, then read 1 to 125 (AP §6.17)."""

    __slots__ = ("data", "read_address", "read_quantity", "write_address")

    function_code = FunctionCode.READ_WRITE_MULTIPLE_REGISTERS.value
    _HEAD = Struct(">BHHHHB")

    def __init__(
        self, read_address: int, read_quantity: int, write_address: int, values: Iterable[int]
    ) -> None:
        self.data = WriteMultipleRegisters(write_address, values).data
        if self.write_quantity > MAX_RW_WRITE_REGISTERS:
            raise RequestError(
                f"quantity {self.write_quantity} is not in 1..{MAX_RW_WRITE_REGISTERS}"
            )
        self.read_address, self.read_quantity = _read_range(read_address, read_quantity)
        self.write_address = write_address

    @property
    def write_quantity(self) -> int:
        """How many registers are written."""
        return len(self.data) // 2

    @property
    def values(self) -> list[int]:
        """The registers to write, from ``write_address`` on."""
        return unpack_registers(self.data)

    def encode(self) -> bytes:
        try:
            head = self._HEAD.pack(
                self.function_code,
                self.read_address,
                self.read_quantity,
                self.write_address,
                self.write_quantity,
                len(self.data),
            )
        except struct.error as error:
            raise RequestError(f"{error}") from None
        return head + self.data

    @classmethod
    def decode(cls, pdu: bytes) -> Self:
        if len(pdu) <= cls._HEAD.size:
            raise IllegalDataValue
        self = cls.__new__(cls)
        head = cls._HEAD.unpack_from(pdu)
        _, self.read_address, self.read_quantity, self.write_address, quantity, size = head
        self.data = pdu[cls._HEAD.size :]
        if not (
            0 < self.read_quantity <= MAX_READ_REGISTERS
            and 0 < quantity <= MAX_RW_WRITE_REGISTERS
            and len(self.data) == size == 2 * quantity
        ):
            raise IllegalDataValue
        return self

    def encode_response(self, result: Iterable[int]) -> bytes:
        data = pack_registers(result)
        return bytes((self.function_code, len(data))) + data

    def decode_response(self, pdu: bytes) -> list[int]:
        size = 2 * self.read_quantity
        if len(pdu) != size + 2 or pdu[0] != self.function_code or pdu[1] != size:
            self.no_answer(pdu)
        return unpack_registers(pdu[2:])

    @classmethod
    def request_length(cls, head: bytes) -> int | None:
        return cls._HEAD.size + head[9] if len(head) > 9 else None

    @classmethod
    def response_length(cls, head: bytes) -> int | None:
        return 2 + head[1] if len(head) > 1 else None


def _read_range(address: int, quantity: int) -> tuple[int, int]:
    read = ReadHoldingRegisters(address, quantity)
    return read.address, read.quantity
