"""Registers for any definition: raw values first, and from them what both sides should say.

Nothing here goes through a class of the project: the values that are expected are worked out from
the definition alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from ipaddress import IPv4Address, IPv6Address
from random import Random
from typing import Any, NamedTuple, TypeAlias

from modbus_schema.model.register_map import RegisterMap
from modbus_schema.sunspec.definitions import Definition, Group, Point
from modbus_schema.sunspec.naming import field_names
from modbus_schema.sunspec.points import parts

Raw: TypeAlias = Any
"""An integer as the registers have it, a float, a text, or None for "not implemented"."""

RANGES: dict[str, Callable[[int], tuple[int, int]]] = {
    "int": lambda bits: (-(1 << bits - 1) + 1, (1 << bits - 1) - 1),
    "uint": lambda bits: (0, (1 << bits) - 2),
    "acc": lambda bits: (1, (1 << bits) - 1),
    "count": lambda bits: (0, 0xFFFE),
    "enum": lambda bits: (0, (1 << bits) - 2),
    "bitfield": lambda bits: (0, (1 << bits) - 2),
    "ipaddr": lambda bits: (1, (1 << 32) - 1),
}
"""The least and the largest raw value that is none of those for "not implemented"."""


class Filling(NamedTuple):
    """What one group holds."""

    group: Group
    raws: dict[str, Raw]
    groups: dict[str, list[Filling]]
    """The items of each group; of one that does not repeat there is one."""


class Style(NamedTuple):
    """How a filling is made."""

    name: str
    items: int
    """How often groups repeat."""
    sparse: bool
    """Whether no optional point is implemented."""
    extreme: bool
    """Whether numbers are the least or the largest; else any."""


STYLES = (
    Style("extremes", 1, sparse=False, extreme=True),
    Style("sparse", 0, sparse=True, extreme=False),
    Style("any", 3, sparse=False, extreme=False),
)


def fill(definition: Definition, style: Style, seed: int = 0) -> Filling:
    """Return registers for a model, always the same for the same arguments."""
    random = Random(f"{definition.model_id} {style.name} {seed}")
    group = definition.group._replace(points=definition.points[2:])
    return _fill(group, style, random, counting(definition.group), {})


def counting(group: Group) -> set[str]:
    """Return the points that say how often some group repeats."""
    found = {inner.times for inner in group.groups if isinstance(inner.times, str)}
    return found.union(*(counting(inner) for inner in group.groups))


def _fill(
    group: Group, style: Style, random: Random, counts: set[str], outside: Mapping[str, Raw]
) -> Filling:
    raws: dict[str, Raw] = {}
    scope = dict(outside)
    for point in sorted(group.points, key=lambda point: point.type != "sunssf"):
        raws[point.name] = scope[point.name] = _raw(point, style, random, counts, scope)
    groups = {}
    for inner in group.groups:
        times = 1 if inner.times is None else style.items
        if isinstance(inner.times, int) and inner.times:
            times = inner.times
        groups[inner.name] = [_fill(inner, style, random, counts, scope) for _ in range(times)]
    return Filling(group, {point.name: raws[point.name] for point in group.points}, groups)


def _raw(
    point: Point, style: Style, random: Random, counts: set[str], scope: Mapping[str, Raw]
) -> Raw:
    if point.name in counts:
        return style.items
    if point.type == "pad":
        return 0x8000
    can_miss = not point.mandatory or point.type in ("float32", "float64") or is_scaled(point)
    if isinstance(point.scale, str) and scope[point.scale] is None and can_miss:
        return None
    if not point.mandatory and (style.sparse or random.random() < 0.2):
        return None
    if point.mandatory and is_scaled(point) and random.random() < 0.1:
        return None  # a device that does not keep to it
    return implemented(point, style, random)


def is_scaled(point: Point) -> bool:
    """Whether a mandatory point is NaN where it is not implemented."""
    return point.scale is not None and not point.type.startswith("acc")


def implemented(point: Point, style: Style, random: Random) -> Raw:
    """Return a raw value of a point."""
    if point.type == "sunssf":
        return random.choice((-10, 10)) if style.extreme else random.randint(-4, 3)
    if point.type == "string":
        length = 2 * point.size if style.extreme else random.randint(1, 2 * point.size)
        return "".join(random.choices("abcXYZ0189 -_äß"[:-2], k=length - 1)) + "z"
    if point.type in ("float32", "float64"):
        return random.randint(-99999, 99999) / 64
    if point.type == "eui48":
        return ":".join(f"{random.randrange(1, 255):02X}" for _ in range(6))
    if point.type == "ipv6addr":
        return random.randrange(1, 1 << 128)
    if point.symbols and point.type.startswith("enum") and random.random() < 0.8:
        return random.choice(point.symbols).value
    stem = point.type.rstrip("0123456789")
    # scaled numbers are floats, which have no room for all of 64 bits
    low, high = RANGES[stem](min(16 * point.size, 48 if point.scale is not None else 64))
    return random.choice((low, high)) if style.extreme else random.randint(low, high)


def value_of(point: Point, raw: Raw, scope: Mapping[str, Raw]) -> Any:
    """Return what a class should have for a raw value."""
    if raw is None:
        return math.nan if point.mandatory and is_scaled(point) else None
    if point.type == "ipaddr":
        return IPv4Address(raw)
    if point.type == "ipv6addr":
        return IPv6Address(raw)
    factor = scope[point.scale] if isinstance(point.scale, str) else point.scale
    if point.scale is None:
        return raw
    if factor is None:
        return math.nan
    return float(raw * Fraction(10) ** factor)


def instance_of(
    model: type[Any], filling: Filling, outside: Mapping[str, Raw] | None = None
) -> Any:
    """Return an instance with what the filling says."""
    scope = {**(outside or {}), **filling.raws}
    names = field_names(filling.group.names)
    values: dict[str, Any] = {}
    for point in filling.group.points:
        value = value_of(point, filling.raws[point.name], scope)
        for suffix, part, text in _pieces(point, value):
            values[names[point.name] + suffix] = text if part is not point else value
    for inner in filling.group.groups:
        field = names[inner.name]
        kind = model.__fields__[field].model
        items = tuple(instance_of(kind, each, scope) for each in filling.groups[inner.name])
        values[field] = items[0] if inner.times is None else items
    return model(**values)


def _pieces(point: Point, value: Any) -> Sequence[tuple[str, Point, Any]]:
    """Return the fields of a point that is too long for one, each with its piece of the text."""
    found, start = [], 0
    for suffix, part in parts(point):
        piece = value[start : start + 2 * part.size] if isinstance(value, str) else value
        found.append((suffix, part, piece or ("" if point.mandatory else None)))
        start += 2 * part.size
    return found


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, where a NaN is equal to a NaN."""
    if isinstance(one, RegisterMap) and isinstance(other, RegisterMap):
        return all(same(getattr(one, name), getattr(other, name)) for name in type(one).__fields__)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) or (one != one and other != other)
