"""Values that may be missing: raw patterns that mean "not available", as None or as NaN."""

import math
import struct
from collections.abc import Sequence
from typing import Generic, TypeVar

from modbus_schema.codecs.base import device_bytes, pattern_bits, pattern_of, words_of
from modbus_schema.codecs.order import ABCD, DCBA
from modbus_schema.codecs.source import Endian, Scope
from modbus_schema.codecs.wrapping import Wrapper
from modbus_schema.errors import DefinitionError, EncodeError

T = TypeVar("T")
U = TypeVar("U")

Raw = int | float | bytes
"""A raw pattern as generated code sees it: unpacked as the codec's `wire` says."""


class _Missing(Wrapper[T, U], Generic[T, U]):
    """``inner``, or nothing where the registers hold one of the patterns.

    The patterns of a float are compared as floats: one that is a NaN stands for every NaN.
    """

    sentinels: tuple[float, ...]

    _method = "optional"
    _name = "None"

    def _nothing(self) -> T:
        """Return what stands for nothing."""
        raise NotImplementedError

    def _is_nothing(self, value: T) -> bool:
        """Whether a value is nothing."""
        raise NotImplementedError

    def _nothing_source(self, scope: Scope) -> str:
        """Return the expression of nothing."""
        raise NotImplementedError

    def _is_nothing_source(self, value: str) -> str:
        """Return the condition that the variable ``value`` is nothing."""
        raise NotImplementedError

    def _derive(self) -> None:
        super()._derive()
        if self.bit_table or not self.sentinels:
            what = "a bit has no room for" if self.bit_table else f"{self._method}() needs"
            raise DefinitionError(f"{what} a pattern that means {self._name}")
        patterns = tuple(map(self._pattern, self.sentinels))
        self.patterns: tuple[int, ...]
        vars(self)["patterns"] = patterns
        if self._is_float and not self._survives(patterns[0]):
            vars(self)["wire"] = None

    @property
    def _is_float(self) -> bool:
        return self.inner.wire in ("e", "f", "d")

    def _pattern(self, sentinel: float) -> int:
        if self._is_float and math.isnan(sentinel):
            return int.from_bytes(struct.pack(f">{self.inner.wire}", sentinel), "big")
        if type(sentinel) is not int:
            raise DefinitionError(f"a sentinel of {self.inner!r} cannot be {sentinel!r}")
        bits = pattern_bits(self.inner)
        if not 0 <= sentinel < 1 << bits:
            hint = f"; write {sentinel % (1 << bits):#x}" if sentinel < 0 else ""
            raise DefinitionError(
                f"the sentinel {sentinel!r} of {self.inner!r} is no pattern of {bits} bits{hint}"
            )
        return sentinel

    def _survives(self, pattern: int) -> bool:
        """Whether unpacking and packing leaves a float as it is; it may change a NaN's payload."""
        size = f">{self.inner.wire}"
        data = pattern.to_bytes(struct.calcsize(size), "big")
        return struct.pack(size, *struct.unpack(size, data)) == data

    def decode(self, words: Sequence[int]) -> T:
        if self._is_missing(words):
            return self._nothing()
        return self.inner.decode(words)  # type: ignore[return-value]  # U is part of T

    def encode(self, value: T) -> list[int]:
        if self._is_nothing(value):
            return words_of(self.patterns[0], self.inner)
        words = self.inner.encode(value)  # type: ignore[arg-type]  # it is a U then
        if self._is_missing(words):
            raise EncodeError(f"{value!r} has the pattern that means {self._name}")
        return words

    def _is_missing(self, words: Sequence[int]) -> bool:
        pattern = pattern_of(words, self.inner)
        if not self._is_float:
            return pattern in self.patterns
        raw = self._raw(pattern, ">")
        return raw in self._raws(">") or (self._nan_is_missing and raw != raw)

    @property
    def _nan_is_missing(self) -> bool:
        return any(raw != raw for raw in self._raws(">"))  # only a NaN differs from itself

    def _raws(self, endian: Endian) -> list[Raw]:
        return [self._raw(pattern, endian) for pattern in self.patterns]

    def _raw(self, pattern: int, endian: Endian) -> Raw:
        if self.inner.bit_range is not None:
            return pattern
        order = ABCD if endian == ">" else DCBA
        data = device_bytes(words_of(pattern, self.inner), self.inner, order)
        raw: Raw = struct.unpack(f"{endian}{self.inner.wire}", data)[0]
        return raw

    def decode_source(self, raw: str, scope: Scope) -> str:
        start = len(scope.lines)
        missing = self._missing_source(raw, scope)
        nothing = self._nothing_source(scope)
        result = scope.temp()
        with scope.block(f"if {missing}:"):
            scope.line(f"{result} = {nothing}")
        with scope.block("else:"):
            before = len(scope.lines)
            value = self.inner.decode_source(raw, scope)
            if len(scope.lines) == before:
                del scope.lines[start:]
                return f"({nothing} if {missing} else {value})"
            scope.line(f"{result} = {value}")
        return result

    def encode_source(self, value: str, scope: Scope) -> str:
        raw = scope.temp()
        with scope.block(f"if {self._is_nothing_source(value)}:"):
            scope.line(f"{raw} = {_literal(self._raws(scope.endian)[0], scope)}")
        with scope.block("else:"):
            scope.line(f"{raw} = {self.inner.encode_source(value, scope)}")
            if self._is_float:
                # packing may round a value onto a sentinel
                number = struct.Struct(f">{self.inner.wire}")
                pack, unpack = scope.bind(number.pack), scope.bind(number.unpack)
                scope.line(f"{raw}, = {unpack}({pack}({raw}))")
            scope.line(f"if {self._missing_source(raw, scope)}: refuse()")
        return raw

    def _missing_source(self, raw: str, scope: Scope) -> str:
        """Return the condition that the variable ``raw`` holds a pattern that means None."""
        raws = [number for number in self._raws(scope.endian) if number == number]
        tests = [f"{raw} == {_literal(number, scope)}" for number in raws]
        if self._is_float and self._nan_is_missing:
            tests.append(f"{raw} != {raw}")
        return " or ".join(tests)

    def __repr__(self) -> str:
        return f"{self.inner!r}.{self._method}({', '.join(map(_written, self.sentinels))})"


class OptionalCodec(_Missing[T | None, T], Generic[T]):
    """``inner``, or None where the registers hold one of the patterns."""

    def _nothing(self) -> T | None:
        return None

    def _is_nothing(self, value: T | None) -> bool:
        return value is None

    def _nothing_source(self, scope: Scope) -> str:
        return "None"

    def _is_nothing_source(self, value: str) -> str:
        return f"{value} is None"


class NanCodec(_Missing[float, float]):
    """``inner``, a codec of numbers, or NaN where the registers hold one of the patterns."""

    _method = "or_nan"
    _name = "NaN"

    def _nothing(self) -> float:
        return math.nan

    def _is_nothing(self, value: float) -> bool:
        return value != value

    def _nothing_source(self, scope: Scope) -> str:
        return scope.bind(math.nan, "nan")

    def _is_nothing_source(self, value: str) -> str:
        return f"{value} != {value}"


def _written(sentinel: float) -> str:
    return hex(sentinel) if isinstance(sentinel, int) else repr(sentinel)


def _literal(raw: Raw, scope: Scope) -> str:
    return scope.bind(raw) if isinstance(raw, float) else repr(raw)
