"""Which cells a simulated device has, and what fields are in each."""

from __future__ import annotations

from modbus_schema.layout import Layout, Slot
from modbus_schema.planning import Block, plan_model
from modbus_wire.codes import Table
from modbus_wire.errors import IllegalDataAddress


class CellMap:
    """The cells of a device that answers all reads of its own map.

    These are the fields, and the gaps that the class says a read may bridge.
    """

    def __init__(self, layout: Layout) -> None:
        self.ranges: dict[Table, list[range]] = {}
        self._slots: dict[Table, dict[int, list[Slot]]] = {table: {} for table in Table}
        held: tuple[Slot | Block, ...] = (*layout.slots, *plan_model(layout))
        for cells in held:
            self.ranges.setdefault(cells.table, []).append(range(cells.address, cells.end))
        for slot in layout.slots:
            for address in range(slot.address, slot.end):
                self._slots[slot.table].setdefault(address, []).append(slot)
        self._write_only = {
            table: [address for address, slots in cells.items() if not _any_readable(slots)]
            for table, cells in self._slots.items()
        }

    def slots_to_write(self, table: Table, address: int, quantity: int) -> list[Slot]:
        """Return the fields in cells; raises `IllegalDataAddress` where one cannot be written."""
        found: dict[Slot, None] = {}
        for cell in range(address, address + quantity):
            slots = self._slots[table].get(cell, [])
            if not any(slot.access.writable for slot in slots):
                raise IllegalDataAddress(f"{table.label}[{cell}] cannot be written")
            found.update(dict.fromkeys(slots))
        return list(found)

    def refuse_write_only(self, table: Table, address: int, quantity: int) -> None:
        """Raise `IllegalDataAddress` where one of the cells cannot be read."""
        for cell in self._write_only[table]:
            if address <= cell < address + quantity:
                raise IllegalDataAddress(f"{table.label}[{cell}] cannot be read")


def _any_readable(slots: list[Slot]) -> bool:
    return any(slot.access.readable for slot in slots)
