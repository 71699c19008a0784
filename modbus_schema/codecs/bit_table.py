"""Coils and discrete inputs: one bit, or several in a row."""

from collections.abc import Sequence

from modbus_schema.codecs.arrays import items_of
from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.bit_fields import truth
from modbus_schema.codecs.text import check_count
from modbus_schema.codecs.value import Value


class SingleBit(Value, Codec[bool]):
    """One coil or discrete input."""

    bit_table: bool = True

    def decode(self, words: Sequence[int]) -> bool:
        return words[0] != 0

    def encode(self, value: bool) -> list[int]:
        return [int(truth(value))]

    def __repr__(self) -> str:
        return "single_bit"


class BitList(Value, Codec[tuple[bool, ...]]):
    """Coils or discrete inputs in a row."""

    registers: int
    bit_table: bool = True

    def decode(self, words: Sequence[int]) -> tuple[bool, ...]:
        return tuple(word != 0 for word in words)

    def encode(self, value: tuple[bool, ...]) -> list[int]:
        return [int(truth(bit)) for bit in items_of(value, self.registers)]

    def __repr__(self) -> str:
        return f"bit_list({self.registers})"


single_bit: Codec[bool] = SingleBit()


def bit_list(count: int) -> Codec[tuple[bool, ...]]:
    """Return the codec of ``count`` coils or discrete inputs in a row; raises DefinitionError."""
    check_count(count, "bit_list")
    return BitList(count)
