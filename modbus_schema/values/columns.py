"""Many snapshots of one map as columns, one for each field, decoded in bulk; it needs numpy.

Values are those of a single read. Numbers, truth values and flags, which are their integers, have
arrays of a type of their own. What is "not available" is NaN in a column of floats, None in one of
objects, and masked in any other. Arrays have a dimension more. Members of enums are objects; so is
what has no bulk way, which is decoded one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple, TypeAlias, TypeVar

from modbus_schema.compile.plain import (
    check_size,
    decode_slot,
    leaf_values,
    values_in,
    with_factors,
)
from modbus_schema.errors import DecodeError
from modbus_schema.fields.refs import path_text
from modbus_schema.layout.tree import GroupNode, Layout, Slot, layout_of
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.planning.blocks import Block
from modbus_schema.planning.snapshots import RawSnapshot
from modbus_schema.values.bulk import (
    Column,
    Values,
    absent,
    bulk_columns,
    bulk_plan,
    joined,
    plain_column,
)

M = TypeVar("M", bound=RegisterMap)


Part: TypeAlias = dict[Slot, Column]


class FieldColumn(NamedTuple):
    """A field and its values."""

    name: str
    """``zones[1].target``."""
    slot: Slot
    column: Column


def columns(snapshots: Iterable[RawSnapshot[M] | M]) -> dict[str, Values]:
    """Return the arrays of snapshots of one class by the names of its fields: ``zones[1].target``.

    Raw ones, of `Device.read_raw`, are decoded in bulk; instances may stand among them. Write-only
    fields have no column. Raises `DecodeError` where a single read would, with a note which
    snapshot it was, and TypeError for snapshots of several classes or of none.
    """
    return {field.name: field.column.filled() for field in field_columns(snapshots)}


def field_columns(snapshots: Iterable[RawSnapshot[M] | M]) -> list[FieldColumn]:
    """Return the readable fields and their values, in the order of definition; see `columns`."""
    given = list(snapshots)
    model, runs = _runs(given)
    layout = layout_of(model)
    if layout.questions:
        raise TypeError(f"each device says of {model.__name__} which fields it has: no columns")
    fields = layout.once("columns", lambda: _fields(layout))
    slots = [slot for _, slot in fields]
    parts = list(_parts(runs, layout, slots))
    return [
        FieldColumn(name, slot, joined([part[slot] for part in parts])) for name, slot in fields
    ]


class Run(NamedTuple):
    """Neighbouring snapshots that were read by the same plan, or instances."""

    blocks: tuple[Block, ...] | None
    items: Sequence[Any]
    """The data of the blocks, or the instances."""


def _runs(given: list[Any]) -> tuple[type, list[Run]]:
    if given and list(map(type, given)).count(RawSnapshot) == len(given):
        # most often there is one plan: the built-ins tell so much sooner than a loop would
        models, blocks, data = zip(*given, strict=True)
        if models.count(models[0]) == len(given) == blocks.count(blocks[0]):
            return models[0], [Run(blocks[0], data)]
    found = {each.model if isinstance(each, RawSnapshot) else type(each) for each in given}
    if len(found) != 1:
        names = ", ".join(sorted(model.__name__ for model in found)) or "none"
        raise TypeError(f"columns are of snapshots of one class, not of {names}")
    runs = [
        Run(blocks, [each.data if isinstance(each, RawSnapshot) else each for each in run])
        for blocks, run in groupby(given, _blocks)
    ]
    return found.pop(), runs


def _blocks(snapshot: Any) -> tuple[Block, ...] | None:
    return snapshot.blocks if isinstance(snapshot, RawSnapshot) else None


def _fields(layout: Layout) -> list[tuple[str, Slot]]:
    slots = (slot for slot in layout.slots if slot.access.readable)
    return [(path_text(slot.path).removeprefix("."), slot) for slot in slots]


def _parts(runs: list[Run], layout: Layout, slots: Sequence[Slot]) -> Iterator[Part]:
    """Return the columns of each run of snapshots."""
    first = 0
    for blocks, items in runs:
        if blocks is None:
            yield _of_instances(items, layout.root)
        else:
            part: Part = {}
            for block, cells in zip(blocks, zip(*items, strict=True), strict=True):
                part |= _of_block(layout, block, cells, first)
            if layout.is_scaled:
                part |= _scaled(blocks, items, first)
            yield part if len(part) == len(slots) else _with_absent(part, slots, len(items))
        first += len(items)


def _with_absent(part: Part, slots: Sequence[Slot], count: int) -> Part:
    return {slot: part[slot] if slot in part else absent(count) for slot in slots}


def _of_instances(instances: Sequence[Any], root: GroupNode) -> Part:
    values: dict[Slot, list[Any]] = {}
    for instance in instances:
        for slot, value in leaf_values(root, instance):
            values.setdefault(slot, []).append(value)
    return {
        slot: plain_column(slot.codec, column)
        for slot, column in values.items()
        if slot.access.readable
    }


def _of_block(layout: Layout, block: Block, data: Sequence[bytes], first: int) -> Part:
    if list(map(len, data)).count(block.size) != len(data):
        for cells in data:
            check_size(block, cells)
    plan = layout.once(("columns", block), lambda: bulk_plan(block))
    found = bulk_columns(block, plan, data)
    if len(found) < len(block.slots):
        for slot in block.slots:
            if slot in found or slot.factors or not slot.access.readable:
                continue
            found[slot] = _plain(slot, block, data, first)
    return found


def _scaled(blocks: tuple[Block, ...], items: Sequence[Any], first: int) -> Part:
    """Return the columns of the fields whose values depend on others."""
    readable = (slot for block in blocks for slot in block.slots if slot.access.readable)
    slots = [slot for slot in readable if slot.factors]
    wanted = with_factors(slots)
    values: dict[Slot, list[Any]] = {slot: [] for slot in slots}
    for index, data in enumerate(items):
        try:
            found = values_in(blocks, data, wanted)
        except DecodeError as error:
            error.add_note(f"in snapshot {first + index}")
            raise
        for slot in slots:
            values[slot].append(found[slot])
    return {slot: plain_column(slot.codec, column) for slot, column in values.items()}


def _plain(slot: Slot, block: Block, data: Sequence[bytes], first: int) -> Column:
    values = []
    for index, cells in enumerate(data):
        try:
            values.append(decode_slot(slot, block, cells))
        except DecodeError as error:
            error.add_note(f"in snapshot {first + index}")
            raise
    return plain_column(slot.codec, values)
