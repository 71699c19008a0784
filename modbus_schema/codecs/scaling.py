"""Numbers in steps of an exact decimal, such as tenths of a degree."""

from __future__ import annotations

from collections.abc import Sequence
from math import lcm
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeAlias, TypeVar

from modbus_schema.codecs.source import Scope
from modbus_schema.codecs.wrapping import Wrapper
from modbus_schema.errors import DefinitionError, EncodeError

if TYPE_CHECKING:  # they take a tenth of the time of importing the package
    from decimal import Decimal
    from fractions import Fraction

N = TypeVar("N", int, float)

Decimals: TypeAlias = "str | int | Decimal"
"""An exact decimal: ``"0.1"``, ``10``, ``Decimal("1e-3")``; a float is none."""

NOISE = 1_000_000
"""The part of a step, one in so many, that float arithmetic may have left in a value."""

EXACT_FLOAT_BITS = 50
"""Integers of so many bits are exact as floats, with room for the rounding of a scale."""


class Line(NamedTuple):
    """``value = (raw * slope + shift) / divisor``: an exact step and offset in integers."""

    slope: int
    shift: int
    divisor: int

    def value(self, raw: float) -> float:
        """Return the value of a raw number; of an integer it is rounded once."""
        scaled = raw * self.slope
        if self.shift:  # adding 0 would turn -0.0 into 0.0
            scaled += self.shift
        return scaled / self.divisor

    def raw(self, value: float) -> float:
        """Return the raw number of a value; as exact as floats are."""
        return (value * self.divisor - self.shift) / self.slope

    def value_source(self, raw: str) -> str:
        """Return the expression of `value`."""
        scaled = raw if self.slope == 1 else f"{raw} * {self.slope}"
        if self.shift:
            scaled = f"({scaled} {self.shift:+d})"
        return f"{scaled} / {self.divisor}"

    def raw_source(self, value: str) -> str:
        """Return the expression of `raw`."""
        scaled = value if self.divisor == 1 else f"{value} * {self.divisor}"
        if self.shift:
            scaled = f"({scaled} {-self.shift:+d})"
        return scaled if self.slope == 1 else f"{scaled} / {self.slope}"


def line_of(step: Decimals, offset: Decimals) -> Line:
    """Return a step and an offset as a line; raises DefinitionError for no exact decimals."""
    exact_step, exact_offset = _exact(step, "step"), _exact(offset, "offset")
    if not exact_step:
        raise DefinitionError("the step of a scale cannot be 0")
    divisor = lcm(exact_step.denominator, exact_offset.denominator)
    return Line(int(exact_step * divisor), int(exact_offset * divisor), divisor)


def _exact(number: Decimals, what: str) -> Fraction:
    from decimal import Decimal, InvalidOperation
    from fractions import Fraction

    if isinstance(number, bool) or not isinstance(number, str | int | Decimal):
        raise DefinitionError(f'the {what} of a scale is an exact decimal as "0.1", not {number!r}')
    try:
        return Fraction(Decimal(number))
    except (InvalidOperation, ValueError, OverflowError):
        raise DefinitionError(f"the {what} of a scale is a decimal, not {number!r}") from None


class _Scaled(Wrapper[float, N], Generic[N]):
    """What both kinds of scaled numbers share: how they decode."""

    step: Decimals
    offset: Decimals

    def _derive(self) -> None:
        super()._derive()
        self.line: Line
        vars(self)["line"] = line_of(self.step, self.offset)

    def _key(self) -> tuple[object, ...]:
        return self.inner, self.line

    def decode(self, words: Sequence[int]) -> float:
        return self.line.value(self.inner.decode(words))

    def decode_source(self, raw: str, scope: Scope) -> str:
        return self.line.value_source(self.inner.decode_source(raw, scope))

    def __repr__(self) -> str:
        offset = f", {_written(self.offset)}" if self.offset else ""
        return f"{self.inner!r}.scaled({_written(self.step)}{offset})"


class ScaledFloat(_Scaled[float]):
    """A float in another unit, such as kW read as W."""

    def encode(self, value: float) -> list[int]:
        try:
            raw = self.line.raw(value)
        except TypeError:
            raise EncodeError(f"{value!r} is not a number") from None
        except OverflowError:
            raise EncodeError(f"{value!r} is too large for {self!r}") from None
        return self.inner.encode(raw)

    def encode_source(self, value: str, scope: Scope) -> str:
        return self.inner.encode_source(scope.assign(self.line.raw_source(value)), scope)


class ScaledInteger(_Scaled[int]):
    """A decimal in an integer: 30.2 as 302 tenths."""

    low: int
    high: int

    def encode(self, value: float) -> list[int]:
        return self.inner.encode(self.raw(value))

    def raw(self, value: float) -> int:
        """Return the raw integer of a value; raises EncodeError for one between two steps."""
        line = self.line
        try:
            numerator, denominator = value.as_integer_ratio()
        except (AttributeError, ValueError, OverflowError):
            raise EncodeError(f"{value!r} is not a finite number") from None
        top = numerator * line.divisor - line.shift * denominator
        bottom = line.slope * denominator
        nearest = (2 * top + bottom) // (2 * bottom)
        # a bound of 64 bits may be read as the float of an integer beyond it
        raw = min(max(nearest, self.low), self.high)
        if abs(raw * bottom - top) * NOISE > abs(bottom) and line.value(raw) != value:
            if raw != nearest:
                limits = sorted((line.value(self.low), line.value(self.high)))
                raise EncodeError(f"{value!r} is outside {limits[0]}..{limits[1]}")
            raise EncodeError(f"{value!r} is not a multiple of the step {self.step}")
        return raw

    def encode_source(self, value: str, scope: Scope) -> str:
        exact = scope.bind(self.raw)
        if not self._floats_are_exact():
            return self.inner.encode_source(scope.assign(f"{exact}({value})"), scope)
        # the method takes half the time of the built-in function that calls it
        raw = scope.assign(f"({self.line.raw_source(value)}).__round__()")
        scope.line(f"if {self.line.value_source(raw)} != {value}: {raw} = {exact}({value})")
        return self.inner.encode_source(raw, scope)

    def _floats_are_exact(self) -> bool:
        """Whether no two raw values decode to the same float, so that a round trip proves one."""
        largest = max(abs(self.low), abs(self.high)) * abs(self.line.slope)
        return largest + abs(self.line.shift) < 1 << EXACT_FLOAT_BITS


def _written(number: Decimals) -> str:
    return repr(number if isinstance(number, int) else str(number))
