"""Values that move, as functions of the seconds since a simulated device began.

Each gives the same value for the same time, so that a simulation can be run again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import pairwise
from math import floor, pi
from math import sin as sine_of
from random import Random
from typing import TypeAlias, TypeVar, overload

T = TypeVar("T")
N = TypeVar("N", bound=float)

Motion: TypeAlias = Callable[[float], T]
"""What a field holds so many seconds after its device began."""


def ramp(start: float, end: float, seconds: float, *, repeat: bool = False) -> Motion[float]:
    """Go evenly from ``start`` to ``end`` in so many seconds, and stay, or begin again.

    Raises ValueError for no time at all.
    """
    _check_time("a ramp", seconds)

    def value(now: float) -> float:
        done = now / seconds % 1.0 if repeat else min(now / seconds, 1.0)
        return start + (end - start) * done

    return value


def sine(around: float, amplitude: float, period: float, *, phase: float = 0.0) -> Motion[float]:
    """Swing around a value, as a sine of that period in seconds.

    It rises through ``around`` at 0 s; ``phase`` says how many seconds of the period are over then.
    """
    _check_time("a period", period)
    return lambda now: around + amplitude * sine_of(2 * pi * (now + phase) / period)


def counter(start: int, per_second: float) -> Motion[int]:
    """Count up from ``start``, whole numbers only, so many a second: energy, hours, pieces."""
    return lambda now: start + floor(per_second * now)


def noise(
    around: float | Motion[float], spread: float, *, seed: int = 0, every: float | None = None
) -> Motion[float]:
    """Scatter evenly within ``spread`` around a value, or around another motion.

    Each moment has its own value, with ``every`` each so many seconds. It is the ``seed``, and
    nothing else, that decides which.
    """
    if every is not None:
        _check_time("what is every", every)
    middle = around if callable(around) else _still(around)

    def value(now: float) -> float:
        moment = now if every is None else float(floor(now / every))
        return middle(now) + spread * Random(f"{seed}:{moment!r}").uniform(-1.0, 1.0)

    return value


def steps(*points: tuple[float, T], repeat: float | None = None) -> Motion[T]:
    """Hold each value from its time on, in seconds; before the first time the first value.

    With ``repeat`` all begins anew after so many seconds. Raises ValueError for no points, and for
    times that do not ascend.
    """
    times, values = _ascending([time for time, _ in points]), [value for _, value in points]
    if repeat is not None:
        _check_time("what repeats", repeat)

    def value(now: float) -> T:
        at = now if repeat is None else now % repeat
        return values[max(bisect_right(times, at) - 1, 0)]

    return value


def line(*points: tuple[float, float], repeat: float | None = None) -> Motion[float]:
    """Go straight from point to point, each a time in seconds and a value; else as `steps`."""
    times, values = _ascending([time for time, _ in points]), [value for _, value in points]
    if repeat is not None:
        _check_time("what repeats", repeat)

    def value(now: float) -> float:
        at = now if repeat is None else now % repeat
        index = bisect_right(times, at)
        if index in (0, len(times)):
            return values[min(index, len(times) - 1)]
        before, after = times[index - 1], times[index]
        share = (at - before) / (after - before)
        return values[index - 1] + (values[index] - values[index - 1]) * share

    return value


@overload
def rounded(motion: Motion[float]) -> Motion[int]: ...
@overload
def rounded(motion: Motion[float], digits: int) -> Motion[float]: ...
def rounded(motion: Motion[float], digits: int | None = None) -> Motion[float]:
    """Round what another motion gives: to so many decimals, or to whole numbers.

    A field with a scale of ``"0.1"`` holds one decimal and nothing between, an int none.
    """
    if digits is None:
        return lambda now: round(motion(now))
    return lambda now: round(motion(now), digits)


def _still(value: float) -> Motion[float]:
    return lambda now: value


def _ascending(times: list[float]) -> list[float]:
    if not times:
        raise ValueError("there are no points")
    if any(not before < after for before, after in pairwise(times)):
        raise ValueError("the times of the points do not ascend")
    return times


def _check_time(what: str, seconds: float) -> None:
    if not seconds > 0:
        raise ValueError(f"{what} of {seconds!r} s cannot be")
