"""What differs between two instances: what must be written so that one becomes the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from modbus_schema.compile.plain import encode_supplies, encode_value, leaf_values
from modbus_schema.errors import EncodeError
from modbus_schema.layout.shapes import layout_for, placed_as
from modbus_schema.layout.tree import Layout, Path, Slot
from modbus_schema.writing.changes import Change, is_same, writable

Values: TypeAlias = Mapping[Slot, Any]
"""The values of all fields of an instance."""


def changes_between(layout: Layout, old: object, new: object) -> Iterator[Change]:
    """Return what must be written so that ``old`` becomes ``new``.

    A field whose value is the same is written nevertheless where other cells, or other registers,
    mean that value by now. Raises `EncodeError` where a read-only field differs.
    """
    before = _Before(layout, old)
    after = dict(leaf_values(layout.root, new))
    changed = [
        (slot, value)
        for slot, value in after.items()
        if (slot.access.readable or value is not None) and not before.holds(slot, after)
    ]
    own = [slot for slot, _ in changed if not slot.alias]
    for slot, value in changed:
        # a view of cells that change by their own field changes with them
        if not (slot.alias and any(slot.overlaps(other) for other in own)):
            yield writable(slot), value


class _Before:
    """What the older instance says: its values, and the cells that mean them."""

    def __init__(self, layout: Layout, instance: object) -> None:
        """Take the layout of the newer one: the older may be of another shape."""
        if layout.questions:
            layout = layout_for(instance, placed_as(layout))
        self._values = dict(leaf_values(layout.root, instance))
        self._slots: dict[Path, Slot] = {slot.path: slot for slot in self._values}
        self._has_one_shape = not layout.questions

    def holds(self, slot: Slot, after: Values) -> bool:
        """Whether a field of the newer instance need not be written."""
        own = self._slots.get(slot.path)
        if own is None:
            return False
        if is_same(self._values[own], after[slot]) and self._means_same(own, slot, after):
            return True
        held, wanted = _cells(own, self._values), _cells(slot, after)
        return held is not None and held == wanted

    def _means_same(self, own: Slot, slot: Slot, after: Values) -> bool:
        """Whether equal values of a field are equal cells, or no matter of this write.

        What is read-only the device says itself, and of a view the fields whose cells it shows.
        """
        if slot.alias or not slot.access.writable:
            return True
        if self._has_one_shape and not slot.factors:
            return True
        form = _form(own, self._values)
        return form is not None and form == _form(slot, after)


def _form(slot: Slot, values: Values) -> object:
    """Return where and how a field is encoded, None where the values do not say it."""
    try:
        supplies = encode_supplies(slot, values.__getitem__)
    except EncodeError:
        return None
    return slot.table, slot.address, slot.order, supplies


def _cells(slot: Slot, values: Values) -> object:
    """Return the cells of a field and what they hold, None where its value has none."""
    try:
        supplies = encode_supplies(slot, values.__getitem__)
        data = encode_value(slot, values[slot], supplies)
    except EncodeError:
        return None
    return slot.table, slot.address, slot.mask, data
