"""A map as rows of text, one for each field: what every document of it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, NamedTuple

from modbus_schema.addresses import modicon
from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.enums import EnumCodec, FlagsCodec
from modbus_schema.fields.refs import path_text
from modbus_schema.layout.tree import Layout, Path, Slot, layout_of
from modbus_schema.model.register_map import RegisterMap
from modbus_wire.codes import Table

TITLES = {
    Table.COILS: "Coils",
    Table.DISCRETE_INPUTS: "Discrete inputs",
    Table.INPUT_REGISTERS: "Input registers",
    Table.HOLDING_REGISTERS: "Holding registers",
}


_VERBS = {
    "present_if": "present by",
    "count": "counted by",
    "word_order": "word order by",
    "byte_order": "byte order by",
}
"""What a document says of a field of which only the device knows whether it is there."""


class Row(NamedTuple):
    """One field, as a document shows it."""

    table: Table
    name: str
    """``zones[1].target``."""
    address: int
    """On the wire, from 0."""
    size: int
    """How many cells."""
    modicon: str
    """The address of the other notation, ``40001``."""
    bits: str
    """``3..4`` of a field of some bits, otherwise empty."""
    type: str
    """The codec as it is written."""
    order: str
    """The orders where they are not those of the protocol, ``word little``."""
    access: str
    unit: str
    limits: str
    """``5..30``; empty without limits."""
    values: dict[int, str]
    """The names of an enum's or of flags' values."""
    description: str
    every: str
    """How often it is read, ``1m`` or ``once``; empty where the map does not say."""
    told: str
    """By which fields a device tells whether it has it, ``present by has_cooling``."""
    is_view: bool
    """Whether other fields have its cells as well, which it shows in another way."""

    @property
    def notes(self) -> str:
        """Its description, and what a device tells of it."""
        return "; ".join(part for part in (self.description, self.told) if part)


def rows_of(model: type[RegisterMap]) -> list[Row]:
    """Return the rows of a map by table and address."""
    layout = layout_of(model)
    slots = sorted(layout.slots, key=_position)
    return [_row(slot, _told(layout, slot)) for slot in slots]


def rows_by_table(model: type[RegisterMap]) -> Iterator[tuple[Table, list[Row]]]:
    """Return the rows of each table that the map has fields in."""
    rows = rows_of(model)
    for table in Table:
        in_table = [row for row in rows if row.table is table]
        if in_table:
            yield table, in_table


def named_values(codec: Codec[Any]) -> dict[int, str]:
    """Return the names of the values of an enum or of flags, of a codec made of one too."""
    inner: object = codec
    while isinstance(inner, Codec):
        if isinstance(inner, EnumCodec | FlagsCodec):
            return {_number(member): name for name, member in inner.kind.__members__.items()}
        inner = getattr(inner, "inner", getattr(inner, "item", None))
    return {}


def summary(model: type[RegisterMap]) -> str:
    """Return the text of the class's own docstring, without indentation; empty where none is."""
    from inspect import cleandoc

    return cleandoc(model.__doc__ or "") if "__doc__" in vars(model) else ""


def _number(member: Enum) -> int:
    return int(member.value)


def _position(slot: Slot) -> tuple[int, int, int]:
    first = slot.codec.bit_range[0] if slot.codec.bit_range else 0
    return list(Table).index(slot.table), slot.address, first


def _told(layout: Layout, slot: Slot) -> str:
    """Say by which fields a device tells whether it has one, and how often."""
    return "; ".join(
        f"{_VERBS[question.keyword]} {', '.join(map(_name, question.found.paths))}"
        for question in layout.questions
        if question.keyword in _VERBS and question.path == slot.path[: len(question.path)]
    )


def _written(slot: Slot) -> Iterator[str]:
    """Say by which functions a field is written, where that matters, and what follows it."""
    if not slot.access.writable:
        return
    choice = slot.writing.own or slot.writing.by_map
    single, multiple = (5, 15) if slot.table.is_bits else (6, 16)
    if choice in ("single", "multiple") and slot.size == 1 and slot.codec.bit_range is None:
        yield f"written by FC {single if choice == 'single' else multiple}"
    for path, value in slot.writing.then:
        text = value.name if isinstance(value, Enum) else repr(value)
        yield f"followed by {_name(path)} = {text}"


def _name(path: Path) -> str:
    return path_text(path).removeprefix(".")


def _row(slot: Slot, told: str) -> Row:
    return Row(
        table=slot.table,
        name=path_text(slot.path).removeprefix("."),
        address=slot.address,
        size=slot.size,
        modicon=modicon(slot.table, slot.address),
        bits="..".join(map(str, sorted(set(slot.codec.bit_range or ())))),
        type=f"{slot.codec!r}",
        order=_order(slot),
        access=slot.access.value,
        unit=slot.unit,
        limits=_limits(slot),
        values=named_values(slot.codec),
        description="; ".join(part for part in (slot.description, *_written(slot)) if part),
        every="" if slot.every is None else str(slot.every),
        told=told,
        is_view=slot.alias,
    )


def _order(slot: Slot) -> str:
    orders = []
    if slot.order.word == "little" and slot.size > 1 and slot.codec.number_registers not in (0, 1):
        orders.append("word little")
    if slot.order.byte == "little" and slot.codec.number_registers and not slot.table.is_bits:
        orders.append("byte little")
    return ", ".join(orders)


def _limits(slot: Slot) -> str:
    if slot.minimum is None and slot.maximum is None:
        return ""
    low = "" if slot.minimum is None else f"{slot.minimum:g}"
    high = "" if slot.maximum is None else f"{slot.maximum:g}"
    return f"{low}..{high}"
