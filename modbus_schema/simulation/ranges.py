"""The cells that a simulated device has."""

from __future__ import annotations

from collections.abc import Mapping

from modbus_schema.layout import Layout, Slot
from modbus_schema.planning import Block, plan_model
from modbus_wire.codes import Table

Ranges = Mapping[Table, list[range]]


def readable_ranges(layout: Layout) -> Ranges:
    """Return the cells of a device that answers all reads of its own map.

    These are the fields, and the gaps that the class says a read may bridge.
    """
    ranges: dict[Table, list[range]] = {}
    held: tuple[Slot | Block, ...] = (*layout.slots, *plan_model(layout))
    for cells in held:
        ranges.setdefault(cells.table, []).append(range(cells.address, cells.end))
    return ranges
