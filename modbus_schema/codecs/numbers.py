"""Whole registers as numbers: integers and IEEE 754 floats."""

import math
import operator
import struct
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from modbus_schema.codecs.base import Codec, pattern_of
from modbus_schema.codecs.order import NumberRegisters
from modbus_schema.codecs.scaling import Decimals, ScaledFloat, ScaledInteger
from modbus_schema.codecs.source import Scope
from modbus_schema.codecs.value import Value
from modbus_schema.errors import DefinitionError, EncodeError
from modbus_schema.sources import Source, check_source
from modbus_wire.utils import decode_ieee, encode_ieee, get_2comp, long_list_to_word
from modbus_wire.utils import word_list_to_long as words_to_longs

N = TypeVar("N", int, float)

_HALF = struct.Struct(">e")


class Number(Codec[N], Generic[N]):
    """A codec of numbers, which can be scaled."""

    __slots__ = ()

    def scaled(self, step: Decimals, offset: Decimals = 0) -> Codec[float]:
        """Return the codec of ``raw * step + offset``; both are exact decimals such as ``"0.1"``.

        A value that is no multiple of the step is refused, but for the noise of float arithmetic
        (a millionth of a step). Raises DefinitionError, also for floats: they are inexact.
        """
        raise NotImplementedError


class IntegerCodec(Number[int]):
    """A codec of the integers ``low`` to ``high``."""

    __slots__ = ()

    low: int
    high: int

    def scaled(self, step: Decimals, offset: Decimals = 0) -> Codec[float]:
        return ScaledInteger(self, step, offset, low=self.low, high=self.high)

    def scaled_by(
        self, source: Source[int | None], *, steps: Mapping[int, Decimals] | None = None
    ) -> Codec[float]:
        """Return the codec of ``raw * 10 ** factor``, the factor being a value of the device's own.

        ``source`` is the field that has it, `outer` or `given`: -10 to 10. Without a factor, where
        that is None, the value is NaN; any other factor is a `DecodeError`. ``steps`` says the step
        for each value of a device that numbers its steps: ``{0: "1", 1: "0.1"}``. The factor is
        read whenever the value is; before a write it is read afresh. A value that is no multiple
        of the step is refused, as by `scaled`.

        Raises DefinitionError for what is no source, and for steps that are no exact decimals.
        """
        from modbus_schema.codecs.scaled_by import POWERS_OF_TEN, ScaledBy

        check_source(source, "scaled_by()")
        if steps is not None and not steps:
            raise DefinitionError("scaled_by() needs a step for some value of the scale factor")
        by_factor = POWERS_OF_TEN if steps is None else tuple(steps.items())
        return ScaledBy(self, source, by_factor, low=self.low, high=self.high)

    def fixed(self, fraction_bits: int) -> Codec[float]:
        """Return the codec of a binary fixed-point number: ``raw / 2 ** fraction_bits``.

        ``int32.fixed(16)`` is Q15.16. Raises DefinitionError for less than 1 bit or more than 64.
        """
        from decimal import Decimal

        if type(fraction_bits) is not int or not 1 <= fraction_bits <= 64:
            raise DefinitionError(f"fixed() takes 1 to 64 bits, not {fraction_bits!r}")
        return self.scaled(Decimal(0.5**fraction_bits))

    def checked(self, value: object) -> int:
        """Return a value as an int within the bounds, or raise EncodeError."""
        try:
            number = operator.index(value)  # type: ignore[arg-type]  # it raises for the others
        except TypeError:
            raise EncodeError(f"{value!r} is not an integer") from None
        if not self.low <= number <= self.high:
            raise EncodeError(f"{value!r} is outside {self.low}..{self.high}")
        return number


class WholeInteger(Value, IntegerCodec):
    """An integer in 1, 2 or 4 registers, negative values as two's complement."""

    name: str
    wire: str | None
    registers: int
    number_registers: NumberRegisters
    low: int
    high: int

    def decode(self, words: Sequence[int]) -> int:
        number = words[0]
        if self.registers > 1:
            (number,) = words_to_longs(words, long_long=self.registers == 4)
        return get_2comp(number, 16 * self.registers) if self.low else number

    def encode(self, value: int) -> list[int]:
        number = self.checked(value)
        pattern = get_2comp(number, 16 * self.registers) if number < 0 else number
        if self.registers == 1:
            return [pattern]
        return long_list_to_word([pattern], long_long=self.registers == 4)

    def decode_source(self, raw: str, scope: Scope) -> str:
        return raw

    def encode_source(self, value: str, scope: Scope) -> str:
        return value

    def __repr__(self) -> str:
        return self.name


class Float(Value, Number[float]):
    """An IEEE 754 float in 1, 2 or 4 registers."""

    name: str
    wire: str | None
    registers: int
    number_registers: NumberRegisters

    def scaled(self, step: Decimals, offset: Decimals = 0) -> Codec[float]:
        return ScaledFloat(self, step, offset)

    def decode(self, words: Sequence[int]) -> float:
        pattern = pattern_of(words, self)
        if self.registers == 1:
            value: float = _HALF.unpack(pattern.to_bytes(2, "big"))[0]
            return value
        return decode_ieee(pattern, double=self.registers == 4)

    def encode(self, value: float) -> list[int]:
        try:
            words = self._words(value)
        except OverflowError:
            raise EncodeError(f"{value!r} is too large for {self.name}") from None
        except struct.error:
            raise EncodeError(f"{value!r} is not a number") from None
        if math.isinf(self.decode(words)) and not math.isinf(value):
            raise EncodeError(f"{value!r} is too large for {self.name}")
        return words

    def _words(self, value: float) -> list[int]:
        if self.registers == 1:
            return [int.from_bytes(_HALF.pack(value), "big")]
        double = self.registers == 4
        return long_list_to_word([encode_ieee(value, double=double)], long_long=double)

    def decode_source(self, raw: str, scope: Scope) -> str:
        return raw

    def encode_source(self, value: str, scope: Scope) -> str:
        return value

    def __repr__(self) -> str:
        return self.name


def _integer(name: str, wire: str, registers: int) -> WholeInteger:
    bits = 16 * registers
    low = -1 << bits - 1 if wire.islower() else 0
    return WholeInteger(
        name=name,
        wire=wire,
        registers=registers,
        number_registers=registers,
        low=low,
        high=(1 << bits) - 1 + low,
    )


def _float(name: str, wire: str, registers: int) -> Float:
    return Float(name=name, wire=wire, registers=registers, number_registers=registers)


int16 = _integer("int16", "h", 1)
uint16 = _integer("uint16", "H", 1)
int32 = _integer("int32", "i", 2)
uint32 = _integer("uint32", "I", 2)
int64 = _integer("int64", "q", 4)
uint64 = _integer("uint64", "Q", 4)
float16 = _float("float16", "e", 1)
float32 = _float("float32", "f", 2)
float64 = _float("float64", "d", 4)
