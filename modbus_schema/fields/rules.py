"""What a read may touch: how long a block and its gaps may be, and areas of addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias, TypeGuard

from modbus_wire.codes import ADDRESS_SPACE, MAX_READ_BITS, MAX_READ_REGISTERS, Table

Areas: TypeAlias = Mapping[Table, Sequence[range]]
"""Ranges of absolute addresses, by table."""

MaxBlock: TypeAlias = int | Mapping[Table, int]
"""How many cells one read may bring: of every table, or by table."""

KEYWORDS = ("max_gap", "max_block", "forbidden", "readable", "read_alone")
"""What a class statement, or a device, may say about reading."""

_AREAS = KEYWORDS[2:]

_Ranges: TypeAlias = tuple[tuple[Table, tuple[range, ...]], ...]

_Lengths: TypeAlias = tuple[tuple[Table, int], ...]


class ReadRules(NamedTuple):
    """The keywords about reading, of a class or a device; None says nothing.

    Equal rules are equal keys: plans are made once for each.
    """

    max_gap: int | None = None
    max_block: _Lengths | None = None
    forbidden: _Ranges | None = None
    readable: _Ranges | None = None
    read_alone: _Ranges | None = None

    def over(self, outer: ReadRules) -> ReadRules:
        """Return these rules, with what they leave open taken from ``outer``."""
        said = {key: value for key, value in self._asdict().items() if value is not None}
        return outer._replace(**said)

    @property
    def gap(self) -> int:
        """How many cells that nobody asked for a read may bridge between two that somebody did."""
        return self.max_gap or 0

    @property
    def have_areas(self) -> bool:
        """Whether there is more to heed than the gap."""
        return bool(self.max_block or self.forbidden or self.readable or self.read_alone)

    def limit(self, table: Table) -> int:
        """Return how many cells of a table one read may bring."""
        most = MAX_READ_BITS if table.is_bits else MAX_READ_REGISTERS
        return min(most, dict(self.max_block or ()).get(table, most))

    def forbidden_in(self, table: Table, cells: range) -> range | None:
        """Return a forbidden range that some of the cells are in."""
        return next((area for area in _of(self.forbidden, table) if _meet(area, cells)), None)

    def may_read(self, table: Table, cells: range) -> bool:
        """Whether one readable range has all of the cells; where none is given, all are."""
        if table not in dict(self.readable or ()):
            return True
        return any(_holds(area, cells) for area in _of(self.readable, table))

    def alone(self, table: Table, cells: range) -> range | None:
        """Return the range that is read alone and has all of the cells."""
        return next((area for area in _of(self.read_alone, table) if _holds(area, cells)), None)

    def may_bridge(self, table: Table, gap: range) -> bool:
        """Whether a read may bring cells that nobody asked for, so that others share a request."""
        if len(gap) > self.gap:
            return False
        areas = (*_of(self.forbidden, table), *_of(self.read_alone, table))
        return not any(_meet(area, gap) for area in areas)


def rules_from(keywords: Mapping[str, object]) -> tuple[ReadRules, list[str]]:
    """Take the keywords of a class or a device: the rules, and a line for each that is wrong."""
    rules: dict[str, object] = {}
    problems: list[str] = []
    for keyword, value in keywords.items():
        found = list(_problems(keyword, value))
        problems += found
        if not found:
            rules[keyword] = _taken(keyword, value)
    return ReadRules(**rules), problems  # type: ignore[arg-type]  # checked above


def _problems(keyword: str, value: object) -> Iterator[str]:
    if keyword == "max_gap":
        if type(value) is not int or value < 0:
            yield f"max_gap must be a number of cells, 0 or more, not {value!r}"
    elif keyword == "max_block":
        lengths = [*value.values()] if _is_by_table(value) else [value]
        if not all(type(length) is int and length > 0 for length in lengths):
            yield f"max_block must be a number of cells, 1 or more, or one by table, not {value!r}"
    else:
        yield from _area_problems(keyword, value)


def _area_problems(keyword: str, value: object) -> Iterator[str]:
    if not _is_by_table(value):
        yield f"{keyword} must be ranges of addresses by table, not {value!r}"
        return
    for table, areas in value.items():
        if isinstance(areas, range) or not isinstance(areas, Sequence):
            yield f"{keyword} must be a list of ranges for {table}, not {areas!r}"
            continue
        for area in areas:
            if not _is_area(area):
                last = ADDRESS_SPACE - 1
                yield f"{keyword}: {area!r} is no range of {table.label} addresses in 0..{last}"


def _is_by_table(value: object) -> TypeGuard[Mapping[Table, object]]:
    return isinstance(value, Mapping) and all(isinstance(table, Table) for table in value)


def _is_area(area: object) -> bool:
    return (
        isinstance(area, range) and area.step == 1 and 0 <= area.start < area.stop <= ADDRESS_SPACE
    )


def _taken(keyword: str, value: object) -> object:
    if keyword == "max_block":
        lengths = value if isinstance(value, Mapping) else dict.fromkeys(Table, value)
        return tuple(lengths.items())
    if keyword in _AREAS and isinstance(value, Mapping):
        return tuple((table, tuple(areas)) for table, areas in value.items())
    return value


def _of(ranges: _Ranges | None, table: Table) -> tuple[range, ...]:
    return dict(ranges or ()).get(table, ())


def _meet(one: range, other: range) -> bool:
    return max(one.start, other.start) < min(one.stop, other.stop)


def _holds(area: range, cells: range) -> bool:
    return area.start <= cells.start and cells.stop <= area.stop
