"""The JSON of a SunSpec definition, read and checked: all that is wrong with it at once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from modbus_schema.imports.faults import Faults
from modbus_schema.sunspec.definitions import (
    FREE,
    INTEGERS,
    SIZES,
    Definition,
    Group,
    Point,
    Symbol,
    joined,
)


def parse(document: str | bytes | Mapping[str, Any], where: str) -> Definition:
    """Return the definition in a JSON text, or in what ``json`` made of one.

    Raises `ImportFailed` with a line for each fault; ``where`` names the document in them.
    """
    faults = Faults()
    found: list[Definition] = []
    with faults.at(where):
        known = document if isinstance(document, Mapping) else json.loads(document)
        found.append(_Reader(faults, where).definition(_table(known, "the document")))
    faults.check()
    return found[0]


class _Reader:
    """Reads the parts of one document, and notes what is wrong with them."""

    def __init__(self, faults: Faults, where: str) -> None:
        self.faults = faults
        self.where = where

    def definition(self, given: Mapping[str, Any]) -> Definition:
        model_id = _whole(given, "id", 1, 0xFFFE)
        group = self.group(_table(given.get("group"), "group"), [])
        self.header(model_id, group)
        self.counts(group)
        return Definition(model_id, group)

    def group(self, given: Mapping[str, Any], outside: list[dict[str, Point]]) -> Group:
        name = _text(given, "name")
        points = list(self.points(given, name))
        scope = [{point.name: point for point in points}, *outside]
        for point in points:
            self.scale(f"{name}.{point.name}", point, scope)
        groups = []
        for inner in _tables(given, "groups"):
            with self.faults.at(f"{self.where}: {name}"):
                groups.append(self.group(inner, scope))
        times = _times(given)
        if isinstance(times, str) and not any(times in names for names in outside):
            self.fault(name, f"repeats {times!r} times, which is no point around it")
        group = Group(
            name,
            _optional(given, "label"),
            _optional(given, "desc"),
            tuple(points),
            tuple(groups),
            times,
            _choice(given, "type", ("group", "sync"), "group") == "sync",
        )
        for twice in {each for each in group.names if group.names.count(each) > 1}:
            self.fault(f"{name}.{twice}", "is there twice")
        return group

    def points(self, given: Mapping[str, Any], group: str) -> Iterator[Point]:
        for point in _tables(given, "points"):
            with self.faults.at(f"{self.where}: {group}.{point.get('name', '?')}"):
                yield _point(point)

    def scale(self, name: str, point: Point, scope: list[dict[str, Point]]) -> None:
        if point.scale is None:
            return
        if point.type not in INTEGERS:
            self.fault(name, f"a {point.type} has no scale factor")
        if isinstance(point.scale, str):
            found = next((names[point.scale] for names in scope if point.scale in names), None)
            if found is None or found.type != "sunssf":
                self.fault(name, f"{point.scale!r} is no scale factor of its group or one around")

    def header(self, model_id: int, group: Group) -> None:
        names = [point.name for point in group.points[:2]]
        if names != ["ID", "L"]:
            self.fault(group.name, f"begins with ID and L, not with {names}")
        elif group.points[0].value not in (None, model_id):
            self.fault(f"{group.name}.ID", f"is {group.points[0].value}, not {model_id}")
        if group.times is not None:
            self.fault(group.name, "a model itself does not repeat")

    def counts(self, group: Group) -> None:
        """Refuse what the length of a model alone cannot tell."""
        for place, inner in enumerate(group.groups):
            if inner.times == 0 and place < len(group.groups) - 1:
                self.fault(inner.name, "fills the model, so it is the last group")
            if inner.times == 0 and inner.groups:
                self.fault(inner.name, "fills the model, so it has no groups in it")
            for deeper in _all_groups(inner):
                if deeper.times == 0:
                    self.fault(deeper.name, "only a group of the model itself can fill it")

    def fault(self, name: str, reason: str) -> None:
        self.faults.add(f"{self.where}: {name}", reason)


def _all_groups(group: Group) -> Iterator[Group]:
    for inner in group.groups:
        yield inner
        yield from _all_groups(inner)


def _point(given: Mapping[str, Any]) -> Point:
    kind = _choice(given, "type", (*SIZES, *FREE))
    size = _whole(given, "size", 1, 0xFFFF)
    if size != SIZES.get(kind, size):
        raise ValueError(f"a {kind} has the size {SIZES[kind]}, not {size}")
    if given.get("count", 1) != 1:
        raise ValueError("a point does not repeat; a group does")
    return Point(
        name=_text(given, "name"),
        type=kind,
        size=size,
        scale=_scale(given),
        unit=str(given.get("units") or ""),
        writable=_choice(given, "access", ("R", "RW"), "R") == "RW",
        mandatory=_choice(given, "mandatory", ("M", "O"), "O") == "M",
        value=None if given.get("value") is None else _whole(given, "value", 0, 0xFFFF),
        text=_description(given),
        symbols=_symbols(given, kind),
    )


def _symbols(given: Mapping[str, Any], kind: str) -> tuple[Symbol, ...]:
    listed = _tables(given, "symbols")
    if not listed:
        return ()
    stem = kind.rstrip("0123456789")
    if stem not in ("enum", "bitfield"):
        raise ValueError(f"a {kind} has no symbols")
    bits = int(kind.removeprefix(stem))
    most = bits - 1 if stem == "bitfield" else (1 << bits) - 1
    symbols = tuple(
        Symbol(_text(each, "name"), _whole(each, "value", 0, most), _description(each))
        for each in listed
    )
    for names in ([symbol.name for symbol in symbols], [symbol.value for symbol in symbols]):
        if len(set(names)) < len(names):
            raise ValueError("two of the symbols are the same")
    return symbols


def _scale(given: Mapping[str, Any]) -> str | int | None:
    scale = given.get("sf")
    if scale is None:
        return None
    try:
        return _whole(given, "sf", -10, 10)
    except ValueError:
        if isinstance(scale, str) and not scale.lstrip("-").isdigit():
            return scale
        raise


def _times(given: Mapping[str, Any]) -> str | int | None:
    count = given.get("count")
    if count is None or (isinstance(count, str) and not count.isdigit()):
        return count
    return _whole(given, "count", 0, 0xFFFF)


def _description(given: Mapping[str, Any]) -> str:
    return joined(_optional(given, "label"), _optional(given, "desc"))


def _optional(given: Mapping[str, Any], key: str) -> str:
    return " ".join(str(given.get(key) or "").split())


def _choice(
    given: Mapping[str, Any], key: str, allowed: tuple[str, ...], default: str | None = None
) -> str:
    value = given.get(key, default)
    if value not in allowed:
        raise ValueError(f"{key} is one of {', '.join(allowed)}, not {value!r}")
    return str(value)


def _whole(given: Mapping[str, Any], key: str, low: int, high: int) -> int:
    value = given.get(key)
    if isinstance(value, str) and value.lstrip("-").isdigit():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{key} is a whole number in {low}..{high}, not {value!r}")
    return value


def _text(given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} is a text, not {value!r}")
    return value.strip()


def _table(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{what} is no table of names, but {value!r}")
    return value


def _tables(given: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = given.get(key) or []
    if not isinstance(value, list):
        raise ValueError(f"{key} is no list, but {value!r}")
    return [_table(each, f"{key}[{index}]") for index, each in enumerate(value)]
