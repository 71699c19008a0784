"""The requests of the drop-in client: the limits it checks, the answers it accepts.

pyModbusTCP 0.1.10 takes more answers than the protocol allows: a read may bring more than asked,
and of a repeated write it looks at the head alone. Scripts rely on devices that answer so.

Constructors raise `RequestError` in pyModbusTCP's words for an argument out of range. What is no
integer raises as it does there: ValueError or TypeError of ``int()``, struct.error of packing.
"""

from collections.abc import Collection
from struct import Struct, pack
from struct import error as struct_error

from modbus_wire.bits import byte_count, pack_bits, unpack_bits
from modbus_wire.codes import (
    ADDRESS_SPACE,
    MAX_PDU,
    MAX_READ_BITS,
    MAX_READ_REGISTERS,
    MAX_WRITE_COILS,
    MAX_WRITE_REGISTERS,
)
from modbus_wire.constants import (
    MODBUS_ENCAPSULATED_INTERFACE,
    READ_COILS,
    READ_DISCRETE_INPUTS,
    READ_HOLDING_REGISTERS,
    READ_INPUT_REGISTERS,
    WRITE_MULTIPLE_COILS,
    WRITE_MULTIPLE_REGISTERS,
    WRITE_SINGLE_COIL,
    WRITE_SINGLE_REGISTER,
)
from modbus_wire.errors import RequestError, ResponseMismatch
from modbus_wire.pdu.base import R, Request
from modbus_wire.pdu.registers import unpack_registers

_pack_read = Struct(">BHH").pack

_READS = (
    READ_COILS,
    READ_DISCRETE_INPUTS,
    READ_HOLDING_REGISTERS,
    READ_INPUT_REGISTERS,
)

_IDENTIFICATION = bytes((MODBUS_ENCAPSULATED_INTERFACE, 0x0E))
"""Of the encapsulated interfaces the one that only reads (AP §6.21)."""


class Call(Request[R]):
    """A request PDU made beforehand; subclasses say what a normal response means."""

    __slots__ = ("pdu",)

    pdu: bytes

    @property
    def function_code(self) -> int:  # type: ignore[override]  # that of the PDU
        """The function code of the PDU."""
        return self.pdu[0]

    def encode(self) -> bytes:
        return self.pdu

    def decode_response(self, pdu: bytes) -> R:
        if pdu[0] != self.pdu[0]:
            # bytes after the exception code are of no interest
            self.no_answer(pdu[:2])
        return self.decode_answer(pdu)

    def decode_answer(self, pdu: bytes) -> R:
        """Read the PDU of a normal response to this function."""
        raise NotImplementedError


class CustomCall(Call[bytes]):
    """Any PDU; the result is the PDU of the response."""

    __slots__ = ()

    def __init__(self, pdu: bytes) -> None:
        if not 0 < len(pdu) <= MAX_PDU:
            raise RequestError(f"a PDU of {len(pdu)} bytes is not in 1..{MAX_PDU}")
        self.pdu = pdu

    @property
    def writes(self) -> bool:  # type: ignore[override]  # by the function code
        """Whether it may change the device; a function that is not known may."""
        return self.pdu[0] not in _READS and self.pdu[:2] != _IDENTIFICATION

    def decode_answer(self, pdu: bytes) -> bytes:
        return pdu


class ReadBits(Call[list[bool]]):
    """FC 1 or 2: read 1 to 2000 coils or discrete inputs."""

    __slots__ = ("quantity",)

    writes = False

    def __init__(self, code: int, bit_addr: int, bit_nb: int) -> None:
        _check_range(bit_addr, bit_nb, MAX_READ_BITS, ("bit_addr", "bit_nb"), "read")
        self.pdu = _pack_read(code, bit_addr, bit_nb)
        self.quantity = bit_nb

    def decode_answer(self, pdu: bytes) -> list[bool]:
        return unpack_bits(_counted(pdu, byte_count(self.quantity)), self.quantity)


class ReadRegisters(Call[list[int]]):
    """FC 3 or 4: read 1 to 125 registers."""

    __slots__ = ("quantity",)

    writes = False

    def __init__(self, code: int, reg_addr: int, reg_nb: int) -> None:
        _check_range(reg_addr, reg_nb, MAX_READ_REGISTERS, ("reg_addr", "reg_nb"), "read")
        self.pdu = _pack_read(code, reg_addr, reg_nb)
        self.quantity = reg_nb

    def decode_answer(self, pdu: bytes) -> list[int]:
        return unpack_registers(_counted(pdu, 2 * self.quantity))


class Write(Call[bool | None]):
    """A request of which the response repeats the head; True where it does, otherwise None."""

    __slots__ = ("echo",)

    def __init__(self, pdu: bytes, echo: int) -> None:
        self.pdu = pdu
        self.echo = echo
        """How many of the 4 bytes are compared."""

    def decode_answer(self, pdu: bytes) -> bool | None:
        if len(pdu) != 5:
            raise ResponseMismatch("rx frame size error")
        return pdu[: self.echo + 1] == self.pdu[: self.echo + 1] or None


class WriteCoil(Write):
    """FC 5: switch one coil by the truth of a value."""

    __slots__ = ()

    def __init__(self, bit_addr: int, bit_value: object) -> None:
        _check_word(bit_addr, "bit_addr")
        value = 0xFF if bit_value else 0x00
        super().__init__(pack(">BHBB", WRITE_SINGLE_COIL, bit_addr, value, 0), echo=3)


class WriteRegister(Write):
    """FC 6: write one holding register."""

    __slots__ = ()

    def __init__(self, reg_addr: int, reg_value: int) -> None:
        _check_word(reg_addr, "reg_addr")
        _check_word(reg_value, "reg_value")
        super().__init__(pack(">BHH", WRITE_SINGLE_REGISTER, reg_addr, reg_value), echo=4)


class WriteCoils(Write):
    """FC 15: write 1 to 1968 coils by the truth of the values."""

    __slots__ = ()

    def __init__(self, bits_addr: int, bits_value: Collection[object]) -> None:
        quantity = len(bits_value)
        names = ("bits_addr", "number of bits")
        _check_range(bits_addr, quantity, MAX_WRITE_COILS, names, "write")
        data = pack_bits(bits_value)
        head = pack(">BHHB", WRITE_MULTIPLE_COILS, bits_addr, quantity, len(data))
        super().__init__(head + data, echo=2)


class WriteRegisters(Write):
    """FC 16: write 1 to 123 holding registers."""

    __slots__ = ()

    def __init__(self, regs_addr: int, regs_value: Collection[int]) -> None:
        quantity = len(regs_value)
        names = ("regs_addr", "number of registers")
        _check_range(regs_addr, quantity, MAX_WRITE_REGISTERS, names, "write")
        data = _register_bytes(regs_value)
        head = pack(">BHHB", WRITE_MULTIPLE_REGISTERS, regs_addr, quantity, len(data))
        super().__init__(head + data, echo=2)


def _counted(pdu: bytes, size: int) -> bytes:
    if len(pdu) < 3:
        raise ResponseMismatch("rx frame under min size")
    if not size <= pdu[1] == len(pdu) - 2:
        raise ResponseMismatch("rx byte count mismatch")
    return pdu[2 : size + 2]


def _check_word(value: int, name: str) -> None:
    if not 0 <= int(value) <= 0xFFFF:
        raise RequestError(f"{name} out of range")


def _check_range(
    address: int, quantity: int, limit: int, names: tuple[str, str], verb: str
) -> None:
    if type(address) is type(quantity) is int and (
        0 <= address <= ADDRESS_SPACE - quantity and 0 < quantity <= limit
    ):
        return
    _check_word(address, names[0])
    if not 1 <= int(quantity) <= limit:
        raise RequestError(f"{names[1]} out of range")
    if int(address) + int(quantity) > ADDRESS_SPACE:
        raise RequestError(f"{verb} after ad 65535")


def _register_bytes(values: Collection[int]) -> bytes:
    try:
        return pack(f">{len(values)}H", *values)
    except struct_error:
        # the first value that is wrong says how
        return b"".join(map(_one_register, values))


def _one_register(value: int) -> bytes:
    _check_word(value, "regs_value")
    return pack(">H", value)
