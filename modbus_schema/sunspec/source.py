"""Definitions as the Python source of their classes: what `classes` runs, and people read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modbus_schema.imports.imported import Imported
from modbus_schema.imports.text import docstring
from modbus_schema.sunspec.class_source import ClassSource
from modbus_schema.sunspec.definitions import Definition, Group
from modbus_schema.sunspec.naming import field_names

_STANDARD = {
    "IntEnum": "enum",
    "IntFlag": "enum",
    "IPv4Address": "ipaddress",
    "IPv6Address": "ipaddress",
    "nan": "math",
    "eui48": "modbus_schema.sunspec.points",
}
_OURS = (
    "RO RW RegisterMap enum flags float32 float64 given group holding_register int16 int32 int64"
    " ipv4 ipv6 outer raw repeat string uint16 uint32 uint64"
)
_SOURCES = {**dict.fromkeys(_OURS.split(), "modbus_schema"), **_STANDARD}
"""Where each name is imported from."""


_FEW = 5
"""How many models the title of a module names."""


def write_source(definitions: Sequence[Definition], *, length: int | None = None) -> str:
    """Return a module with a class for each model, and for the groups and enums in them.

    Of a group whose items the device counts, a class has a place for each that there may be: as
    many as fit into ``length``, or, where that is not known, 10 to 50 items.
    """
    fields = {name for one in definitions for name in _all_fields(one.group)}
    imported = Imported(_SOURCES, fields)
    written: list[list[str]] = []
    taken = {*_SOURCES, *fields}
    for definition in definitions:
        written += ClassSource(imported, taken, length).of_model(definition)
    lines = [*docstring(_heading(definitions), ""), "", *imported.lines()]
    for one in written:
        lines += ["", "", *one]
    return "\n".join(lines) + "\n"


def _heading(definitions: Sequence[Definition]) -> str:
    ids = [str(definition.model_id) for definition in definitions]
    few = ", ".join(ids) if len(ids) <= _FEW else f"{ids[0]} to {ids[-1]}"
    return (
        f"SunSpec model{'s' if len(ids) > 1 else ''} {few}, written by "
        "`python -m modbus_schema import sunspec`.\n\n"
        "Names and texts are those of SunSpec's definitions."
    )


def _all_fields(group: Group) -> Iterator[str]:
    yield from field_names(group.names).values()
    for inner in group.groups:
        yield from _all_fields(inner)
