"""Decimal digits in nibbles, four to a register."""

from collections.abc import Sequence

from modbus_schema.codecs.base import pattern_of, words_of
from modbus_schema.codecs.numbers import IntegerCodec
from modbus_schema.codecs.order import NumberRegisters
from modbus_schema.codecs.source import Scope
from modbus_schema.codecs.text import check_count
from modbus_schema.codecs.value import Value
from modbus_schema.errors import DecodeError

_WIRES = {1: "H", 2: "I", 4: "Q"}


class Bcd(Value, IntegerCodec):
    """A number of ``4 * registers`` decimal digits."""

    registers: int
    number_registers: NumberRegisters
    high: int
    wire: str | None
    low: int = 0

    def decode(self, words: Sequence[int]) -> int:
        return self.number(pattern_of(words, self))

    def encode(self, value: int) -> list[int]:
        return words_of(self.pattern(value), self)

    def number(self, pattern: int) -> int:
        """Return the number of a raw pattern; raises DecodeError for a nibble above 9."""
        digits = f"{pattern:x}"
        if not digits.isdecimal():
            raise DecodeError(f"{pattern:#x} is no BCD number")
        return int(digits)

    def pattern(self, value: object) -> int:
        """Return the raw pattern of a number; raises EncodeError."""
        return int(str(self.checked(value)), 16)

    def decode_source(self, raw: str, scope: Scope) -> str:
        return f"{scope.bind(self.number)}({raw})"

    def encode_source(self, value: str, scope: Scope) -> str:
        return f"{scope.bind(self.pattern)}({value})"

    def __repr__(self) -> str:
        return f"bcd({self.registers})"


def bcd(registers: int = 1) -> IntegerCodec:
    """Return the codec of a number in BCD: 4 digits in 1 register, 8 in 2, and so on.

    Raises DefinitionError for a count that is no positive integer.
    """
    check_count(registers, "bcd")
    high: int = 10 ** (4 * registers) - 1
    return Bcd(
        registers=registers, number_registers=registers, high=high, wire=_WIRES.get(registers)
    )
