"""How the requests of a recording ended, over time: which are refused when they are asked again."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from math import inf
from typing import Generic, NamedTuple, TypeVar

from modbus_schema.simulation.entries import Entry
from modbus_wire.codes import Table

T = TypeVar("T")


class Track(Generic[T]):
    """A value over time: what it became, and when."""

    __slots__ = ("times", "values")

    def __init__(self) -> None:
        self.times: list[float] = []
        self.values: list[T] = []

    def add(self, time: float, value: T) -> None:
        """Note a value, later than those before; only changes are kept."""
        if not self.values or self.values[-1] != value:
            self.times.append(time)
            self.values.append(value)

    def begin_with(self, value: T) -> None:
        """Note what it was before all others."""
        self.times.insert(0, -inf)
        self.values.insert(0, value)

    def at(self, time: float) -> tuple[float, T]:
        """Return the value at a time and since when it is so; before all others the first."""
        index = max(bisect_right(self.times, time) - 1, 0)
        return self.times[index], self.values[index]


class Place(NamedTuple):
    """The cells of a request, which reads or writes them."""

    table: Table
    address: int
    quantity: int
    is_write: bool

    @property
    def cells(self) -> range:
        return range(self.address, self.address + self.quantity)

    def answers(self, other: Place) -> bool:
        """Whether an answer here is one to another request too: the same, or a part of the read."""
        if self == other:
            return True
        end = other.address + other.quantity
        return (
            (self.table, self.is_write, other.is_write) == (other.table, False, False)
            and self.address <= other.address
            and end <= self.address + self.quantity
        )


class Outcome(NamedTuple):
    """How a request ended: refused, not answered, or neither."""

    exception: int | None = None
    timed_out: bool = False

    @property
    def is_failure(self) -> bool:
        return self.exception is not None or self.timed_out


_ANSWERED = Outcome()


class Outcomes:
    """The requests that failed in a recording, and when they do so again.

    A request that was never answered fails always. Any other fails from the time on when it did,
    until it was answered, by itself or in a longer read; before that it is answered. A timeout that
    nothing followed lasts as long as it was then since the same request before.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Take the requests in order of time."""
        self._tracks: dict[Place, Track[Outcome]] = defaultdict(Track)
        answered: set[Place] = set()
        failing: set[Place] = set()
        asked: dict[Place, tuple[float, float]] = {}
        for entry in entries:
            place = Place(entry.table, entry.address, entry.quantity, entry.is_write)
            outcome = Outcome(entry.exception, entry.timed_out)
            asked[place] = asked.get(place, (0.0, 0.0))[1], entry.time
            self._tracks[place].add(entry.time, outcome)
            if outcome.is_failure:
                failing.add(place)
                continue
            answered.add(place)
            for other in [one for one in failing if place.answers(one)]:
                self._tracks[other].add(entry.time, _ANSWERED)
                failing.remove(other)
        for place, track in list(self._tracks.items()):
            if not any(outcome.is_failure for outcome in track.values):
                del self._tracks[place]
            elif any(one.answers(place) for one in answered):
                track.begin_with(_ANSWERED)
                before, last = asked[place]
                if place in failing and track.values[-1].timed_out:
                    track.add(last + (last - before), _ANSWERED)

    @property
    def have_timeouts(self) -> bool:
        """Whether some request had no answer."""
        tracks = self._tracks.values()
        return any(outcome.timed_out for track in tracks for outcome in track.values)

    def at(self, place: Place, time: float) -> Outcome:
        """Return how a request ends at a time."""
        track = self._tracks.get(place)
        return _ANSWERED if track is None else track.at(time)[1]

    def exception_of(self, place: Place, cell: int) -> int | None:
        """Return the exception of a request of the same kind that asked for a cell in vain."""
        for other, track in self._tracks.items():
            if (other.table, other.is_write) == (place.table, place.is_write):
                exception = track.values[-1].exception
                if exception is not None and cell in other.cells:
                    return exception
        return None
