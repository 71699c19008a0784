"""Parts of one register: bytes, bit runs, single bits; and a register as a truth value."""

from collections.abc import Sequence

from modbus_schema.codecs.base import Codec, pattern_of, words_of
from modbus_schema.codecs.numbers import IntegerCodec
from modbus_schema.codecs.source import Scope
from modbus_schema.codecs.value import Value
from modbus_schema.errors import DefinitionError, EncodeError
from modbus_wire.utils import get_2comp, set_bit, test_bit

LAST_BIT = 15


def truth(value: object) -> bool:
    """Return a truth value as a bool; raises EncodeError for all but True, False, 1 and 0."""
    if value == 1 or value == 0:
        return bool(value)
    raise EncodeError(f"{value!r} is neither True nor False")


def truth_source(value: str, scope: Scope) -> str:
    """Return the expression of the variable ``value`` as 1 or 0."""
    return f"(1 if {value} is True else 0 if {value} is False else {scope.bind(truth)}({value}))"


class BitRun(Value, IntegerCodec):
    """An integer in the bits ``bit_range`` of a register, or in one of its bytes."""

    text: str
    bit_range: tuple[int, int] | None
    low: int
    high: int
    wire: str | None = "H"

    def decode(self, words: Sequence[int]) -> int:
        number = pattern_of(words, self)
        return get_2comp(number, 8) if self.low else number

    def encode(self, value: int) -> list[int]:
        number = self.checked(value)
        return words_of(get_2comp(number, 8) if number < 0 else number, self)

    def decode_source(self, raw: str, scope: Scope) -> str:
        return f"(({raw} ^ 128) - 128)" if self.low else raw

    def encode_source(self, value: str, scope: Scope) -> str:
        scope.line(f"if not {self.low} <= {value} <= {self.high}: refuse()")
        return f"({value} & 255)" if self.low else value

    def __repr__(self) -> str:
        return self.text


class Bit(Value, Codec[bool]):
    """One bit of a register."""

    offset: int
    bit_range: tuple[int, int] | None
    wire: str | None = "H"

    def decode(self, words: Sequence[int]) -> bool:
        return test_bit(words[0], self.offset)

    def encode(self, value: bool) -> list[int]:
        return [set_bit(0, self.offset) if truth(value) else 0]

    def decode_source(self, raw: str, scope: Scope) -> str:
        return f"{raw} == 1"

    def encode_source(self, value: str, scope: Scope) -> str:
        return truth_source(value, scope)

    def __repr__(self) -> str:
        return f"bit({self.offset})"


class Boolean(Value, Codec[bool]):
    """A whole register as a truth value: 0 is False, 1 is written for True and any other read."""

    wire: str | None = "H"

    def decode(self, words: Sequence[int]) -> bool:
        return words[0] != 0

    def encode(self, value: bool) -> list[int]:
        return [int(truth(value))]

    def decode_source(self, raw: str, scope: Scope) -> str:
        return f"{raw} != 0"

    def encode_source(self, value: str, scope: Scope) -> str:
        return truth_source(value, scope)

    def __repr__(self) -> str:
        return "boolean"


class ByteChoice(Value):
    """The two bytes of a register as integers of 8 bits; a field takes one: ``uint8.high``."""

    name: str
    high: BitRun
    """Bits 8..15: the byte that the wire carries first."""
    low: BitRun
    """Bits 0..7."""

    def __repr__(self) -> str:
        return self.name


def bits(first: int, last: int) -> BitRun:
    """Return the codec of the bits ``first`` to ``last`` of a register as an unsigned integer.

    Both ends are included, as data sheets print them; bit 0 is the least significant. Raises
    DefinitionError outside of 0..15.
    """
    _check_bit(first)
    _check_bit(last)
    if first > last:
        raise DefinitionError(f"bits({first}, {last}): the lower bit comes first")
    high = (1 << last + 1 - first) - 1
    return BitRun(f"bits({first}, {last})", bit_range=(first, last), low=0, high=high)


def bit(offset: int) -> Codec[bool]:
    """Return the codec of one bit of a register, 0 (the least significant) to 15."""
    _check_bit(offset)
    return Bit(offset, bit_range=(offset, offset))


def _check_bit(offset: int) -> None:
    if type(offset) is not int or not 0 <= offset <= LAST_BIT:
        raise DefinitionError(f"a register has the bits 0..{LAST_BIT}, not {offset!r}")


def _bytes(name: str, low: int, high: int) -> ByteChoice:
    return ByteChoice(
        name,
        high=BitRun(f"{name}.high", bit_range=(8, 15), low=low, high=high),
        low=BitRun(f"{name}.low", bit_range=(0, 7), low=low, high=high),
    )


int8 = _bytes("int8", -128, 127)
uint8 = _bytes("uint8", 0, 255)
boolean: Codec[bool] = Boolean()
