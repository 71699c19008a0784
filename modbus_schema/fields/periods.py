"""How often a field is read: periods, and once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from datetime import timedelta

Every: TypeAlias = "str | float | timedelta"
"""A period: ``"500ms"``, ``"1s"``, ``"5m"``, ``"1h"``, ``"1d"``, a number of seconds, or a
timedelta; ``"once"`` for what does not change."""

_UNITS = {
    "d": 86_400_000_000_000,
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
}
"""Nanoseconds."""

LEAST = _UNITS["ms"]
MOST = 366 * _UNITS["d"]


class Period(NamedTuple):
    """A whole number of nanoseconds, so that periods meet exactly; None for once."""

    nanoseconds: int | None

    def __str__(self) -> str:
        if self.nanoseconds is None:
            return "once"
        for unit, size in _UNITS.items():
            if self.nanoseconds % size == 0:
                return f"{self.nanoseconds // size}{unit}"
        whole, rest = divmod(self.nanoseconds, LEAST)
        return f"{whole}.{rest:06}".rstrip("0") + "ms"


ONCE = Period(None)


def period_of(every: object) -> Period:
    """Return the period that is meant; raises ValueError for none, with a text that says why."""
    if every == "once":
        return ONCE
    exact = _exact(every)
    if exact is None:
        raise ValueError(
            f'every must be a time such as "500ms", "1s", "5m" or "once", not {every!r}'
        )
    nanoseconds, rest = divmod(exact[0], exact[1])
    if rest:
        raise ValueError(f"every must be whole nanoseconds, which {every!r} is not")
    if not LEAST <= nanoseconds <= MOST:
        raise ValueError(f"every must be {Period(LEAST)}..{Period(MOST)}, not {every!r}")
    return Period(nanoseconds)


def period_problem(every: object) -> str | None:
    """Say what is wrong with a period, or None; None is no period and not wrong."""
    if every is not None:
        try:
            period_of(every)
        except ValueError as error:
            return str(error)
    return None


def _exact(every: object) -> tuple[int, int] | None:
    """Return nanoseconds as numerator and denominator; None for what is no time."""
    if isinstance(every, str):
        match = re.fullmatch(r"\s*(\d+)(?:\.(\d+))?\s*(ms|[smhd])\s*", every, re.ASCII)
        if match is None:
            return None
        whole, decimals, unit = match[1], match[2] or "", match[3]
        return int(whole + decimals) * _UNITS[unit], int(10 ** len(decimals))
    return None if isinstance(every, bool) else _exact_number(every)


def _exact_number(every: object) -> tuple[int, int] | None:
    from datetime import timedelta
    from fractions import Fraction

    if isinstance(every, timedelta):
        return every // timedelta(microseconds=1) * 1000, 1
    if not isinstance(every, int | float) or every - every != 0:  # infinite, or no number
        return None
    exact = Fraction(repr(every)) * _UNITS["s"]  # as it is written: 0.1 is a tenth
    return exact.numerator, exact.denominator
