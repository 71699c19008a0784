"""Which cells a simulated device has, and what fields are in each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from modbus_schema.layout.tree import Layout, Slot
from modbus_schema.planning.blocks import plan_model
from modbus_wire.bits import pack_bits, unpack_bits
from modbus_wire.codes import Table
from modbus_wire.errors import IllegalDataAddress, IllegalDataValue
from modbus_wire.pdu.registers import unpack_registers


class Cells(NamedTuple):
    """Adjacent cells and what they shall hold: register bytes, or packed bits."""

    table: Table
    address: int
    quantity: int
    data: bytes

    def touch(self, slot: Slot) -> bool:
        """Whether some of the cells are the field's."""
        end = self.address + self.quantity
        return self.table is slot.table and self.address < slot.end and slot.address < end

    def put_in(self, slot: Slot, data: bytes) -> bytes:
        """Return the cells of a field, now ``data``, with those in them that are among these."""
        first = max(slot.address, self.address)
        end = min(slot.end, self.address + self.quantity)
        if self.table.is_bits:
            bits = unpack_bits(data, slot.size)
            new_bits = unpack_bits(self.data, self.quantity)
            bits[first - slot.address : end - slot.address] = new_bits[
                first - self.address : end - self.address
            ]
            return pack_bits(bits)
        registers = bytearray(data)
        new = self.data[2 * (first - self.address) : 2 * (end - self.address)]
        registers[2 * (first - slot.address) : 2 * (end - slot.address)] = new
        return bytes(registers)


class CellMap:
    """The cells of a device that answers all reads of its own map.

    These are the fields, and what the class says a read may bring along with them.
    """

    def __init__(self, layout: Layout) -> None:
        self.ranges: dict[Table, list[range]] = {}
        self._slots: dict[Table, dict[int, list[Slot]]] = {table: {} for table in Table}
        for slot in layout.slots:
            self.ranges.setdefault(slot.table, []).append(range(slot.address, slot.end))
            for address in range(slot.address, slot.end):
                self._slots[slot.table].setdefault(address, []).append(slot)
        for table, gap in self._gaps(layout):
            self.ranges[table].append(gap)
        self._write_only = {
            table: [address for address, slots in cells.items() if not _any_readable(slots)]
            for table, cells in self._slots.items()
        }

    def slots_to_write(self, table: Table, address: int, quantity: int) -> list[Slot]:
        """Return the writable fields in cells; `IllegalDataAddress` for a cell without one."""
        found: dict[Slot, None] = {}
        for cell in range(address, address + quantity):
            slots = self._slots[table].get(cell, [])
            if not any(slot.access.writable for slot in slots):
                raise IllegalDataAddress(f"{table.label}[{cell}] cannot be written")
            found.update(dict.fromkeys(slot for slot in slots if slot.access.writable))
        return list(found)

    def refuse_read_only_bits(self, table: Table, address: int, old: bytes, new: bytes) -> None:
        """Raise `IllegalDataValue` where bits of registers change that no writable field has."""
        if table.is_bits or old == new:
            return
        words = zip(unpack_registers(old), unpack_registers(new), strict=True)
        for cell, (before, after) in enumerate(words, address):
            writable = 0
            for slot in self._slots[table][cell]:
                writable |= slot.mask if slot.access.writable else 0
            if (before ^ after) & ~writable:
                raise IllegalDataValue(f"{table.label}[{cell}] has bits that are read-only")

    def _gaps(self, layout: Layout) -> Iterator[tuple[Table, range]]:
        """Return the cells around fields that some read of the map may bring along."""
        for block in plan_model(layout):
            yield block.table, block.cells
        for table, cells in self._slots.items():
            readable = [address for address, slots in cells.items() if _any_readable(slots)]
            for address, following in pairwise(sorted(readable)):
                gap = range(address + 1, following)
                if gap and layout.rules.may_bridge(table, gap) and cells.keys().isdisjoint(gap):
                    yield table, gap

    def refuse_write_only(self, table: Table, address: int, quantity: int) -> None:
        """Raise `IllegalDataAddress` where one of the cells cannot be read."""
        for cell in self._write_only[table]:
            if address <= cell < address + quantity:
                raise IllegalDataAddress(f"{table.label}[{cell}] cannot be read")


def _any_readable(slots: list[Slot]) -> bool:
    return any(slot.access.readable for slot in slots)
