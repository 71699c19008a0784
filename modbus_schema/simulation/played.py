"""A table of times and values, as a logger wrote it, that simulated fields replay."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from os import PathLike
from typing import TypeVar, overload

from modbus_schema.simulation.motion import Motion, line, steps

T = TypeVar("T")


class Played(Mapping[str, Motion[float]]):
    """The columns of a CSV file, each a motion of numbers, by the names in its first row.

    ``time`` is the column of times: seconds, or dates and times in ISO 8601, which ascend; the
    first row is the begin. A value holds until the next row's time, or, ``linear``, goes straight
    to it. With ``repeat`` the table begins anew after so many seconds; otherwise the last value
    stays.

    Raises OSError, and ValueError, which names the line, for what is no such table.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        time: str = "time",
        linear: bool = False,
        repeat: float | None = None,
        delimiter: str = ",",
    ) -> None:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, delimiter=delimiter))
        if not rows:
            raise ValueError(f"{path}: there are no rows")
        if time not in rows[0]:
            raise ValueError(f"{path}: there is no column {time!r}")
        self._path = path
        self._rows = rows
        self._linear = linear
        self._repeat = repeat
        self._names = [name for name in rows[0] if name and name != time]
        moments = self._read(time, _moment)
        self._times = [moment - moments[0] for moment in moments]
        for number, (before, after) in enumerate(pairwise(self._times), 3):
            if not before < after:
                raise ValueError(f"{path}: line {number}: the times do not ascend")

    def __getitem__(self, name: str) -> Motion[float]:
        return self.column(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def column(self, name: str) -> Motion[float]: ...
    @overload
    def column(self, name: str, convert: Callable[[str], T]) -> Motion[T]: ...
    def column(
        self, name: str, convert: Callable[[str], T] | None = None
    ) -> Motion[float] | Motion[T]:
        """Return the motion of a column, of numbers, or of what ``convert`` makes of the text.

        What is no number moves in steps. A field of whole numbers takes ``column(name, int)``, or
        what `rounded` makes of a column. Raises KeyError, and ValueError, which names the line.
        """
        if name not in self._names:
            raise KeyError(name)
        if convert is not None:
            converted = self._read(name, convert)
            return steps(*zip(self._times, converted, strict=True), repeat=self._repeat)
        numbers = zip(self._times, self._read(name, float), strict=True)
        kind = line if self._linear else steps
        return kind(*numbers, repeat=self._repeat)

    def _read(self, name: str, convert: Callable[[str], T]) -> list[T]:
        found = []
        for number, row in enumerate(self._rows, 2):
            try:
                found.append(convert((row[name] or "").strip()))
            except (ValueError, KeyError) as error:
                message = f"{self._path}: line {number}: {name}: {row[name]!r}: {error}"
                raise ValueError(message) from error
        return found


def _moment(text: str) -> float:
    """Return the seconds of a time: a number, or a date and time."""
    try:
        return float(text)
    except ValueError:
        return datetime.fromisoformat(text).timestamp()
