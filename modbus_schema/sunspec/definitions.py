"""SunSpec's definitions of models as plain values; `parsing` reads them from their JSON."""

from __future__ import annotations

from typing import NamedTuple

SIZES = {
    "int16": 1,
    "uint16": 1,
    "count": 1,
    "acc16": 1,
    "enum16": 1,
    "bitfield16": 1,
    "sunssf": 1,
    "int32": 2,
    "uint32": 2,
    "acc32": 2,
    "enum32": 2,
    "bitfield32": 2,
    "float32": 2,
    "ipaddr": 2,
    "int64": 4,
    "uint64": 4,
    "acc64": 4,
    "bitfield64": 4,
    "float64": 4,
    "eui48": 4,
    "ipv6addr": 8,
}
"""How many registers a point of a type has; of ``string``, ``pad`` and ``raw16`` it says so."""

FREE = ("string", "pad", "raw16")
"""The types of any size."""

INTEGERS = ("int16", "uint16", "acc16", "int32", "uint32", "acc32", "int64", "uint64", "acc64")
"""The types that may have a scale factor."""


class Symbol(NamedTuple):
    """A named value of an enum, or a named bit."""

    name: str
    value: int
    """The value itself; of a bitfield the number of the bit."""
    text: str
    """Label and description; empty where there is none."""


class Point(NamedTuple):
    """One value of a model."""

    name: str
    type: str
    size: int
    """In registers."""
    scale: str | int | None
    """The scale factor's point, or the power of ten itself."""
    unit: str
    writable: bool
    mandatory: bool
    value: int | None
    """What it always is."""
    text: str
    """Label and description; empty where there is none."""
    symbols: tuple[Symbol, ...]


class Group(NamedTuple):
    """Points, and groups behind them; a model is the outermost one."""

    name: str
    label: str
    description: str
    points: tuple[Point, ...]
    groups: tuple[Group, ...]
    times: str | int | None
    """How often it repeats: the point that says so, or 0 for as often as the length allows."""
    together: bool
    """Whether its points belong to one moment."""

    @property
    def names(self) -> list[str]:
        """The names of its points and groups."""
        return [point.name for point in self.points] + [group.name for group in self.groups]

    @property
    def text(self) -> str:
        """Label and description; empty where there is none."""
        return joined(self.label, self.description)

    @property
    def size(self) -> int:
        """How many registers its own points have, without the groups."""
        return sum(point.size for point in self.points)


class Definition(NamedTuple):
    """A model as SunSpec defines it."""

    model_id: int
    group: Group

    @property
    def points(self) -> tuple[Point, ...]:
        """The points that every device has: all but the pad at the end of model 1."""
        points = self.group.points
        return points[:-1] if self.model_id == 1 and points[-1].type == "pad" else points

    @property
    def length(self) -> int:
        """How many registers these have behind ID and L."""
        return sum(point.size for point in self.points) - 2


def joined(label: str, text: str) -> str:
    """Return a label and what it is the label of as one text."""
    if not label or text.casefold().startswith(label.casefold()):
        return text or label
    return f"{label}: {text}" if text else label
