"""Points in time and spans of it: counted in units, or laid out over registers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.numbers import IntegerCodec, uint32
from modbus_schema.codecs.source import Scope
from modbus_schema.codecs.value import Value
from modbus_schema.codecs.wrapping import Wrapper
from modbus_schema.errors import DecodeError, DefinitionError, EncodeError

if TYPE_CHECKING:  # it takes longer to import than this package's codecs together
    from datetime import datetime, timedelta

Unit: TypeAlias = Literal["us", "ms", "s", "min", "h", "d"]
"""A unit of time that a device counts in."""

_MICROSECONDS: dict[str, int] = {
    "us": 1,
    "ms": 1000,
    "s": 1_000_000,
    "min": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
}


class Duration(Wrapper["timedelta", int]):
    """An integer as a ``datetime.timedelta``."""

    unit: Unit

    def decode(self, words: Sequence[int]) -> timedelta:
        return self.value(self.inner.decode(words))

    def encode(self, value: timedelta) -> list[int]:
        return self.inner.encode(self.raw(value))

    def value(self, raw: int) -> timedelta:
        """Return a count of units as a span of time; raises DecodeError for one too long."""
        from datetime import timedelta

        try:
            return timedelta(microseconds=raw * _MICROSECONDS[self.unit])
        except OverflowError as error:
            raise DecodeError(f"{raw} {self.unit} is too long: {error}") from None

    def raw(self, value: object) -> int:
        """Return a span of time as a count of units; raises EncodeError where none is exact."""
        from datetime import timedelta

        if not isinstance(value, timedelta):
            raise EncodeError(f"{value!r} is no timedelta")
        count, rest = divmod(value, timedelta(microseconds=_MICROSECONDS[self.unit]))
        if rest:
            raise EncodeError(f"{value} is no whole number of {self.unit}")
        return count

    def decode_source(self, raw: str, scope: Scope) -> str:
        return f"{scope.bind(self.value)}({self.inner.decode_source(raw, scope)})"

    def encode_source(self, value: str, scope: Scope) -> str:
        raw = scope.assign(f"{scope.bind(self.raw)}({value})")
        return self.inner.encode_source(raw, scope)

    def __repr__(self) -> str:
        return f"duration({self.inner!r}, {self.unit!r})"


class Timestamp(Wrapper["datetime", int]):
    """An integer counted from an epoch as a ``datetime.datetime`` in UTC."""

    unit: Unit
    epoch: int

    def decode(self, words: Sequence[int]) -> datetime:
        return self.value(self.inner.decode(words))

    def encode(self, value: datetime) -> list[int]:
        return self.inner.encode(self.raw(value))

    def value(self, raw: int) -> datetime:
        """Return the moment of a count of units; raises DecodeError for one out of range."""
        from datetime import timedelta

        try:
            return self._start() + timedelta(microseconds=raw * _MICROSECONDS[self.unit])
        except OverflowError as error:
            raise DecodeError(f"{raw} {self.unit} since {self.epoch}: {error}") from None

    def raw(self, value: object) -> int:
        """Return a moment as a count of units; raises EncodeError where none is exact."""
        from datetime import datetime, timedelta

        if not isinstance(value, datetime) or value.tzinfo is None:
            raise EncodeError(f"{value!r} is no datetime with a time zone")
        since = value - self._start()
        count, rest = divmod(since, timedelta(microseconds=_MICROSECONDS[self.unit]))
        if rest:
            raise EncodeError(f"{value} is no whole number of {self.unit}")
        return count

    def _start(self) -> datetime:
        from datetime import UTC, datetime

        return datetime(self.epoch, 1, 1, tzinfo=UTC)

    def decode_source(self, raw: str, scope: Scope) -> str:
        return f"{scope.bind(self.value)}({self.inner.decode_source(raw, scope)})"

    def encode_source(self, value: str, scope: Scope) -> str:
        raw = scope.assign(f"{scope.bind(self.raw)}({value})")
        return self.inner.encode_source(raw, scope)

    def __repr__(self) -> str:
        epoch = "" if self.epoch == 1970 else f", epoch={self.epoch}"
        return f"timestamp({self.inner!r}, {self.unit!r}{epoch})"


_PARTS: dict[str, int] = {
    "year": 0x7F,
    "month": 0x0F,
    "day": 0x1F,
    "hour": 0x1F,
    "minute": 0x3F,
    "second": 0x3F,
}
"""The bits that each part has in a byte; devices keep flags in the others."""

_MILLISECOND = "millisecond"
_WHOLE = 0xFFFF


class DateTime(Value, Codec["datetime"]):
    """A moment without a time zone, its parts in whole registers or in their bytes."""

    layout: tuple[str, ...]
    since: int
    is_bcd: bool
    registers: int

    def decode(self, words: Sequence[int]) -> datetime:
        from datetime import datetime, timedelta

        found = {"month": 1, "day": 1}
        for word, names in zip(words, self._names(), strict=True):
            parts = (word,) if len(names) == 1 else (word >> 8, word & 0xFF)
            found.update(
                (name, self._part(name, part, len(names)))
                for name, part in zip(names, parts, strict=True)
            )
        milliseconds = found.pop(_MILLISECOND, 0)
        found["year"] += self.since
        try:
            return datetime(**found) + timedelta(milliseconds=milliseconds)  # type: ignore[arg-type]  # ints
        except (ValueError, OverflowError) as error:
            raise DecodeError(f"{found} is no date and time: {error}") from None

    def _part(self, name: str, part: int, in_register: int) -> int:
        if self.is_bcd:
            digits = f"{part:x}"
            if not digits.isdecimal():
                raise DecodeError(f"{part:#x} is no BCD number")
            return int(digits)
        return part if in_register == 1 else part & _PARTS[name]

    def encode(self, value: datetime) -> list[int]:
        parts = self._split(value)
        words = []
        for names in self._names():
            word = 0
            for name in names:
                word = word << 8 | self._encoded(name, parts[name], len(names))
            words.append(word)
        if self.decode(words) != value:
            raise EncodeError(f"{value} does not fit: it would be read back as another moment")
        return words

    def _split(self, value: object) -> dict[str, int]:
        from datetime import datetime

        if not isinstance(value, datetime) or value.tzinfo is not None:
            raise EncodeError(f"{value!r} is no datetime without a time zone")
        parts = {name: getattr(value, name) for name in _PARTS}
        parts["year"] -= self.since
        parts[_MILLISECOND] = value.microsecond // 1000
        if "second" not in self._all_names():
            parts[_MILLISECOND] += 1000 * value.second
        return parts

    def _encoded(self, name: str, number: int, in_register: int) -> int:
        most = _WHOLE if in_register == 1 else 0xFF if self.is_bcd else _PARTS[name]
        encoded = int(str(number), 16) if self.is_bcd and number >= 0 else number
        if not 0 <= encoded <= most:
            raise EncodeError(f"the {name} {number} does not fit")
        return encoded

    def _names(self) -> list[list[str]]:
        return [register.split() for register in self.layout]

    def _all_names(self) -> list[str]:
        return [name for names in self._names() for name in names]

    def __repr__(self) -> str:
        since = f", since={self.since}" if self.since else ""
        is_bcd = ", bcd=True" if self.is_bcd else ""
        return f"date_time({', '.join(map(repr, self.layout))}{since}{is_bcd})"


def duration(number: IntegerCodec = uint32, unit: Unit = "s") -> Codec[timedelta]:
    """Return the codec of a ``datetime.timedelta`` that the device counts in ``unit``.

    A span that is no whole number of units is refused. Raises DefinitionError.
    """
    _check(number, unit, "duration")
    return Duration(number, unit)


def timestamp(
    number: IntegerCodec = uint32, unit: Unit = "s", *, epoch: int = 1970
) -> Codec[datetime]:
    """Return the codec of a moment counted in ``unit`` from the first day of the year ``epoch``.

    Values are ``datetime.datetime`` in UTC; one without a time zone is refused, and so is one that
    is no whole number of units. Raises DefinitionError.
    """
    _check(number, unit, "timestamp")
    if not 1 <= epoch <= 9999:
        raise DefinitionError(f"timestamp() counts from a year of 1..9999, not from {epoch!r}")
    return Timestamp(number, unit, epoch)


def date_time(*registers: str, since: int = 0, bcd: bool = False) -> Codec[datetime]:
    """Return the codec of a date and time whose parts stand in registers, one argument each.

    A part is ``year``, ``month``, ``day``, ``hour``, ``minute``, ``second`` or ``millisecond``;
    an argument of two parts names the high and the low byte: ``date_time("year", "month day",
    "hour minute", "millisecond", since=2000)``. Milliseconds count from the minute where the layout
    has no second. ``since`` is added to the year; ``bcd``: all parts are decimal digits. Flags in
    the bits that no part needs are passed over.

    Values are ``datetime.datetime`` without a time zone; one that the layout cannot hold is
    refused. Raises DefinitionError.
    """
    names = [name for register in registers for name in register.split()]
    unknown = [name for name in names if name not in _PARTS and name != _MILLISECOND]
    if unknown:
        raise DefinitionError(f"date_time() knows no part {unknown[0]!r}")
    if len(set(names)) < len(names) or "year" not in names:
        raise DefinitionError("date_time() needs the year, and each part once")
    for register in registers:
        parts = register.split()
        if not 1 <= len(parts) <= 2 or (len(parts) == 2 and _MILLISECOND in parts):
            raise DefinitionError(f"{register!r} are no parts of one register")
    return DateTime(layout=registers, since=since, is_bcd=bcd, registers=len(registers))


def _check(number: object, unit: object, what: str) -> None:
    if not isinstance(number, IntegerCodec):
        raise DefinitionError(f"{what}() counts in an integer codec, not in {number!r}")
    if unit not in _MICROSECONDS:
        raise DefinitionError(f"{what}() knows no unit {unit!r}")
