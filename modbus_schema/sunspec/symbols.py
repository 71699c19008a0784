"""The symbols of a point as the source of an IntEnum, or of an IntFlag."""

from __future__ import annotations

from collections.abc import Iterator

from modbus_schema.imports.imported import Imported
from modbus_schema.imports.text import docstring
from modbus_schema.sunspec.definitions import Point
from modbus_schema.sunspec.naming import member_names


def kind_source(name: str, user: str, point: Point, imported: Imported) -> list[str]:
    """Return the lines of the class ``name`` for the symbols of a point, the field ``user``."""
    is_flags = point.type.startswith("bitfield")
    base = imported.use("IntFlag" if is_flags else "IntEnum")
    text = f"The {'bits' if is_flags else 'values'} of {user}."
    if point.text:
        text += f"\n\n{point.text}"
    return [f"class {name}({base}):", *docstring(text), "", *_members(point, is_flags)]


def _members(point: Point, is_flags: bool) -> Iterator[str]:
    names = member_names(symbol.name for symbol in point.symbols)
    for symbol in point.symbols:
        value = f"1 << {symbol.value}" if is_flags else str(symbol.value)
        yield f"    {names[symbol.name]} = {value}"
        if symbol.text and symbol.text != symbol.name:
            yield from docstring(symbol.text)
