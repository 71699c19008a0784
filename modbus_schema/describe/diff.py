"""What changed between two maps, or two versions of one, and whether it breaks whoever uses them.

A change is breaking where a program written for the old map reads or writes another thing with the
new one, or fails: a field that is gone, is elsewhere, means something else, or allows less, and one
of which the device tells otherwise whether it is there. What the functions of `given` compute is
not compared, only what they are given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from modbus_schema.describe.rows import Row, rows_of
from modbus_schema.fields.options import Access
from modbus_schema.model.register_map import RegisterMap


class Kind(Enum):
    """What happened to a field."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    TYPE = "type"
    TOLD = "told"
    """By which fields a device tells whether it has it, or how often, or in which order."""
    ACCESS = "access"
    UNIT = "unit"
    LIMITS = "limits"
    VALUES = "values"
    EVERY = "every"
    DESCRIPTION = "description"


class Difference(NamedTuple):
    """One change of one field."""

    name: str
    kind: Kind
    old: str
    new: str
    is_breaking: bool

    def __str__(self) -> str:
        mark = "breaking" if self.is_breaking else "compatible"
        return f"{mark:<10}  {self.name}: {self.kind.value}: {self.old or '-'} -> {self.new or '-'}"


def diff(old: type[RegisterMap], new: type[RegisterMap]) -> list[Difference]:
    """Return what changed, by the old map's fields in the order of address, then what is new."""
    before = {row.name: row for row in rows_of(old)}
    after = {row.name: row for row in rows_of(new)}
    found: list[Difference] = []
    for name, row in before.items():
        if name in after:
            found += _changes(row, after[name])
        else:
            found.append(Difference(name, Kind.REMOVED, _place(row), "", is_breaking=True))
    for name, row in after.items():
        if name not in before:
            found.append(Difference(name, Kind.ADDED, "", _place(row), is_breaking=False))
    return found


def _changes(old: Row, new: Row) -> Iterator[Difference]:
    for kind, before, after, is_breaking in (
        (Kind.MOVED, _place(old), _place(new), True),
        (Kind.TYPE, _type(old), _type(new), True),
        (Kind.TOLD, old.told, new.told, True),
        (Kind.ACCESS, old.access, new.access, not _allows(new.access, old.access)),
        (Kind.UNIT, old.unit, new.unit, True),
        (Kind.LIMITS, old.limits, new.limits, not _includes(new.limits, old.limits)),
        (Kind.VALUES, _values(old), _values(new), not old.values.items() <= new.values.items()),
        (Kind.EVERY, old.every, new.every, False),
        (Kind.DESCRIPTION, old.description, new.description, False),
    ):
        if before != after:
            yield Difference(old.name, kind, before, after, is_breaking)


def _place(row: Row) -> str:
    bits = f" bits {row.bits}" if row.bits else ""
    return f"{row.table.label}[{row.address}]{bits}"


def _type(row: Row) -> str:
    """Return codec and order; what the class of an enum is called is nobody's matter."""
    kind = re.sub(r"\b(enum|flags)\(\w+", r"\1(", row.type)
    return f"{kind} ({row.order})" if row.order else kind


def _values(row: Row) -> str:
    return ", ".join(f"{number} {name}" for number, name in row.values.items())


def _allows(new: str, old: str) -> bool:
    return Access(new).includes(Access(old))


def _includes(new: str, old: str) -> bool:
    """Whether limits leave room for all that the old ones did."""
    new_low, new_high = _bounds(new)
    old_low, old_high = _bounds(old)
    return new_low <= old_low and old_high <= new_high


def _bounds(limits: str) -> tuple[float, float]:
    low, _, high = limits.partition("..")
    return float(low or "-inf"), float(high or "inf")
