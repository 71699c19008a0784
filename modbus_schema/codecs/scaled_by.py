"""Integers whose scale factor is in another register of the device."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.scaling import Decimals, ScaledInteger, line_of
from modbus_schema.codecs.source import Scope
from modbus_schema.codecs.wrapping import Wrapper
from modbus_schema.errors import DecodeError, EncodeError
from modbus_schema.sources import Source, Supply

Steps: TypeAlias = tuple[tuple[int, Decimals], ...]
"""The step for each value of a scale factor."""

LARGEST = 10
"""SunSpec's scale factors are -10 to 10."""


def _power(power: int) -> str:
    return f"0.{'1':0>{-power}}" if power < 0 else f"1{'0' * power}"


POWERS_OF_TEN: Steps = tuple((power, _power(power)) for power in range(-LARGEST, LARGEST + 1))


class _Table(NamedTuple):
    """The steps as fractions of integers, by the values of the scale factor.

    That of None, which is not available, makes NaN of everything, as `Unscaled` says.
    """

    slopes: dict[Any, float]
    divisors: dict[Any, int]


@cache
def _table(steps: Steps) -> _Table:
    lines = {factor: line_of(step, 0) for factor, step in steps}
    return _Table(
        {None: math.nan, **{factor: line.slope for factor, line in lines.items()}},
        {None: 1, **{factor: line.divisor for factor, line in lines.items()}},
    )


class ScaledBy(Wrapper[float, int]):
    """A decimal in an integer, in steps that the value of ``source`` says."""

    source: Source[int | None]
    steps: Steps
    low: int
    high: int

    def _derive(self) -> None:
        super()._derive()
        self.needs: tuple[Source[Any], ...]
        self.table: _Table
        self.codecs: dict[Any, ScaledInteger]
        vars(self).update(needs=(self.source,), table=_table(self.steps), codecs={})

    def _key(self) -> tuple[object, ...]:
        return self.inner, self.source, self.steps

    def supplied(self, supplies: Mapping[Source[Any], Supply]) -> Codec[float]:
        factor, place = supplies[self.source]
        if factor is None:
            return Unscaled(self.inner, f"the scale factor {place} is not available")
        codec = self.codec_of(factor)
        if codec is None:
            return Unscalable(self.inner, f"the scale factor {place} is {factor!r}, {self._valid}")
        return codec

    def codec_of(self, factor: Any) -> ScaledInteger | None:
        """Return the codec for a value of the scale factor; None where it has no step."""
        try:
            step = dict(self.steps).get(factor)
        except TypeError:  # it cannot be hashed
            return None
        if step is None:
            return None
        if factor not in self.codecs:
            self.codecs[factor] = ScaledInteger(self.inner, step, 0, low=self.low, high=self.high)
        return self.codecs[factor]

    @property
    def _valid(self) -> str:
        if self.steps == POWERS_OF_TEN:
            return f"which is not in -{LARGEST}..{LARGEST}"
        return f"which is none of {', '.join(str(factor) for factor, _ in self.steps)}"

    def decode(self, words: Sequence[int]) -> float:
        raise DecodeError(f"{self!r} needs the value of {self.source!r}")

    def encode(self, value: float) -> list[int]:
        raise EncodeError(f"{self!r} needs the value of {self.source!r}")

    def decode_source(self, raw: str, scope: Scope) -> str:
        factor = scope.supplies[self.source]
        # a factor that has no step gives None, which nothing can be multiplied by
        slope = scope.shared(f"{scope.bind(self.table.slopes.get, 'slope_of')}({factor})")
        divisor = scope.shared(f"{scope.bind(self.table.divisors.get, 'divisor_of')}({factor})")
        return f"{self.inner.decode_source(raw, scope)} * {slope} / {divisor}"

    def encode_source(self, value: str, scope: Scope) -> str:
        raw_of = f"{scope.bind(self.raw_of)}({scope.supplies[self.source]})"
        return self.inner.encode_source(scope.assign(f"{scope.shared(raw_of)}({value})"), scope)

    def raw_of(self, factor: Any) -> Callable[[float], int] | None:
        """Return what makes raw integers of values; None for a factor that has no step."""
        codec = self.codec_of(factor)
        return None if codec is None else codec.raw

    def __repr__(self) -> str:
        steps = "" if self.steps == POWERS_OF_TEN else f", steps={dict(self.steps)!r}"
        return f"{self.inner!r}.scaled_by({self.source!r}{steps})"


class Unscaled(Wrapper[float, int]):
    """An integer whose scale factor is not available: NaN, for nobody knows its unit."""

    reason: str

    def decode(self, words: Sequence[int]) -> float:
        return math.nan

    def encode(self, value: float) -> list[int]:
        raise EncodeError(self.reason)

    def __repr__(self) -> str:
        return f"{self.inner!r}, unscaled"


class Unscalable(Wrapper[float, int]):
    """An integer whose scale factor is none: only a sentinel of it means something."""

    reason: str

    def decode(self, words: Sequence[int]) -> float:
        raise DecodeError(self.reason)

    def encode(self, value: float) -> list[int]:
        raise EncodeError(self.reason)

    def __repr__(self) -> str:
        return f"{self.inner!r}, unscalable"
