"""How every benchmark measures: interleaved rounds, CPU time, medians of ratios, limits.

Absolute times differ from run to run by more than the limits allow; a ratio of two ways that took
turns in one run holds. A benchmark is a module ``bench_*.py`` with
``run(effort) -> Iterator[Ratio]`` that checks the answers of both ways before it times them.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median
from timeit import Timer
from typing import NamedTuple

Meter = Callable[[], float]
"""Runs one round of one way and returns what one operation cost, in seconds."""


class Unavailable(Exception):
    """What the benchmark needs is not on this machine; the message says what."""


class Effort(NamedTuple):
    """How long to measure: ``rounds`` turns of about ``seconds`` each for every way."""

    rounds: int = 15
    seconds: float = 0.05

    def count(self, expected_cost: float) -> int:
        """Return how many operations of that many seconds fill one round; at least 20."""
        return max(20, round(self.seconds / expected_cost))


FULL = Effort()
SMOKE = Effort(rounds=1, seconds=0.0)
"""The least that runs a benchmark end to end: its answers are checked, its times mean nothing."""


class Ratio(NamedTuple):
    """One line of the result: a measured ratio and the limit it must keep."""

    name: str
    value: float
    limit: float
    at_least: bool = False
    note: str = ""

    @property
    def ok(self) -> bool:
        """Whether the ratio keeps its limit."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        bound = ">=" if self.at_least else "<="
        verdict = "ok" if self.ok else "FAIL"
        return (
            f"{self.name:<58} {self.value:8.2f}  {bound} {self.limit:<6g} {verdict:<4}  {self.note}"
        )


class Samples:
    """What each way cost in each round; ratios are taken round by round."""

    def __init__(self, costs: Mapping[str, list[float]]) -> None:
        self.costs = costs

    def at_most(self, name: str, way: str, base: str, limit: float) -> Ratio:
        """Return the cost of ``way`` in units of ``base``, which may not exceed ``limit``."""
        return Ratio(name, self._ratio(way, base), limit, note=self._note(way, base))

    def times_faster(self, name: str, way: str, base: str, limit: float) -> Ratio:
        """Return how many times faster ``way`` is than ``base``, which must reach ``limit``."""
        return Ratio(name, self._ratio(base, way), limit, at_least=True, note=self._note(way, base))

    def _ratio(self, numerator: str, denominator: str) -> float:
        pairs = zip(self.costs[numerator], self.costs[denominator], strict=True)
        return median(top / bottom for top, bottom in pairs)

    def _note(self, *ways: str) -> str:
        return ", ".join(f"{way} {median(self.costs[way]) * 1e6:.3g} us" for way in ways)


def interleave(ways: Mapping[str, Meter], effort: Effort) -> Samples:
    """Measure the ways in turn, ``effort.rounds`` times, every other round in reverse order."""
    costs: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(effort.rounds):
        for way in list(ways)[:: -1 if turn % 2 else 1]:
            costs[way].append(ways[way]())
    return Samples(costs)


def per_call(function: Callable[..., object], *args: object, effort: Effort) -> Meter:
    """Return a meter of the CPU seconds of one ``function(*args)``; the call itself is included."""
    names = {f"a{index}": value for index, value in enumerate(args)}
    call = f"function({', '.join(names)})"
    timer = Timer(call, timer=time.process_time, globals={"function": function, **names})
    once = min(timer.timeit(5) for _ in range(3)) / 5
    count = effort.count(max(once, 1e-8))
    return lambda: max(timer.timeit(count), 1e-9) / count


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process, and the children it starts meanwhile, on one core.

    Waking an idle other core costs more than a whole request.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise Unavailable("the system cannot pin a process to a core")
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def report(ratios: Iterable[Ratio]) -> bool:
    """Print a line for each ratio as it comes; return whether all kept their limits."""
    ok = True
    for ratio in ratios:
        print(ratio, flush=True)
        ok = ok and ratio.ok
    return ok
