"""What a write changes: settings or instances in, encoded blocks out; nothing is sent yet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from modbus_schema.compile.plain import encode_blocks, leaf_values, located, with_factors
from modbus_schema.errors import EncodeError
from modbus_schema.fields.refs import Setting, Write
from modbus_schema.fields.write_rules import WriteRules
from modbus_schema.layout.tree import Layout, Node, Slot, ValueOf, check_ref
from modbus_schema.planning.blocks import Block, plan_writes, runs
from modbus_wire.codes import Table

Change: TypeAlias = tuple[Slot, Any]
"""A leaf field and the value it shall have."""

Encoded: TypeAlias = list[tuple[Block, bytes]]
"""Blocks with their register bytes or packed bits."""


def encode_writes(
    changes: Iterable[Change], rules: WriteRules, value_of: ValueOf | None = None
) -> Encoded:
    """Encode changes into the blocks that requests carry, in the order of the changes.

    ``value_of`` gives the values of other fields, which those of the changes may depend on. Raises
    `EncodeError`.
    """
    return _encode(changes, lambda slots: plan_writes(slots, rules), value_of)


def encode_known(
    changes: Iterable[Change], rules: WriteRules, unknown: Collection[Slot]
) -> list[tuple[Block, bytes | None]]:
    """Encode changes as `encode_writes`; a block is None where it depends on a value of others."""
    values = dict(_without_overlap(changes))
    blocks = in_turn(plan_writes(values, rules), values)
    return [
        (block, None if _is_open(block, unknown) else encode_blocks([block], values)[0])
        for block in blocks
    ]


def _is_open(block: Block, unknown: Collection[Slot]) -> bool:
    return any(slot in unknown for slot in with_factors(block.slots))


def encode_image(changes: Iterable[Change], value_of: ValueOf | None = None) -> Encoded:
    """Encode changes into blocks of any length; raises `EncodeError`.

    ``value_of`` gives the values of other fields, which those of the changes may depend on.
    """
    return _encode(changes, runs, value_of)


def settings_of(layout: Layout, settings: Iterable[Setting[Any]]) -> Iterator[Change]:
    """Return what settings ask for; a group's setting is all of its fields."""
    for setting in settings:
        node = _node_of(layout, setting)
        if isinstance(node, Slot):
            yield node, setting.value
        else:
            yield from instance_values(node, setting.value)


def writes_of(layout: Layout, settings: Iterable[Setting[Any]]) -> Iterator[tuple[Change, bool]]:
    """Return what settings ask a client to write, and whether each field was asked for by name.

    A group's setting is its writable fields. Raises `EncodeError` for a read-only field.
    """
    for setting in settings:
        node = _node_of(layout, setting)
        if isinstance(node, Slot):
            yield (writable(node), setting.value), True
        elif isinstance(setting, Write):
            for change in writable_values(node, setting.value):
                yield change, False
        else:
            raise EncodeError(f"{setting.ref!r}: is read-only as a whole; write its members")


def instance_values(node: Node, value: Any) -> Iterator[Change]:
    """Return the fields of an instance that say something of their own.

    An alias repeats another field; a write-only field that is None says nothing.
    """
    for slot, field_value in leaf_values(node, value):
        if not slot.alias and (slot.access.readable or field_value is not None):
            yield slot, field_value


def writable_values(node: Node, value: Any) -> Iterator[Change]:
    """Return the fields of an instance that a client may write."""
    return (change for change in instance_values(node, value) if change[0].access.writable)


def _encode(
    changes: Iterable[Change],
    plan: Callable[[Mapping[Slot, Any]], tuple[Block, ...]],
    value_of: ValueOf | None = None,
) -> Encoded:
    values = dict(_without_overlap(changes))
    blocks = in_turn(plan(values), values)
    return list(zip(blocks, encode_blocks(blocks, values, value_of), strict=True))


def in_turn(blocks: Iterable[Block], slots: Iterable[Slot]) -> list[Block]:
    """Return blocks in the order in which their first slots come among ``slots``."""
    turns = {slot: turn for turn, slot in enumerate(slots)}
    return sorted(blocks, key=lambda block: min(turns[slot] for slot in block.slots))


def check_setting(layout: Layout, setting: object) -> None:
    """Raise TypeError for what is no setting of a map's field."""
    name = layout.model.__name__
    if isinstance(setting, layout.model):
        raise TypeError(f"a {name} is written by itself, not together with settings")
    if not isinstance(setting, Setting):
        raise TypeError(f"{setting!r} is neither a {name} nor a setting such as ref.to(value)")
    check_ref(layout, setting.ref)


def _node_of(layout: Layout, setting: Setting[Any]) -> Node:
    check_setting(layout, setting)
    return layout.node(setting.ref.path)


def is_same(before: Any, after: Any) -> bool:
    """Whether a value has not changed; two NaN are the same, in arrays too."""
    if before == after:
        return True
    if isinstance(before, tuple) and isinstance(after, tuple) and len(before) == len(after):
        return all(map(is_same, before, after))
    return bool(before != before and after != after)


def writable(slot: Slot) -> Slot:
    """Return a field that a client may write; raises `EncodeError` for any other."""
    if not slot.access.writable:
        raise located(EncodeError("is read-only"), slot)
    return slot


def _without_overlap(changes: Iterable[Change]) -> Iterator[Change]:
    """Pass changes on; raises `EncodeError` where two would write the same bits."""
    seen: dict[tuple[Table, int], list[Slot]] = {}
    for slot, value in changes:
        for address in range(slot.address, slot.end):
            cell = seen.setdefault((slot.table, address), [])
            other = next((other for other in cell if other.overlaps(slot)), None)
            if other is slot:
                raise located(EncodeError("is written twice"), slot)
            if other is not None:
                raise located(EncodeError(f"is written together with {other.name}"), slot)
            cell.append(slot)
        yield slot, value
