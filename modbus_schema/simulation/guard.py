"""The bank of a simulated device: cells that obey the map they were declared in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from modbus_schema.errors import DecodeError
from modbus_schema.layout import Layout, Slot
from modbus_schema.plain import decode_value
from modbus_schema.planning import Block
from modbus_schema.simulation.cells import CellMap, Cells
from modbus_wire.bank import SparseBank
from modbus_wire.bits import pack_bits, unpack_bits
from modbus_wire.codes import Table
from modbus_wire.errors import IllegalDataValue
from modbus_wire.pdu.registers import pack_registers, unpack_registers

Written: TypeAlias = dict[Slot, tuple[Any, Any]]
"""The fields that an operation wrote, with their values before and after."""


class GuardedBank(SparseBank):
    """Cells where a map has fields, and in the gaps that it says a read may bridge.

    For a client, a hole, a read-only field on writing and a write-only one on reading are
    `IllegalDataAddress`; a value that the codec, the limits or a validator refuse is
    `IllegalDataValue`. A refused operation writes nothing; any other is told to ``on_write`` once,
    when its cells are written and the lock is free.
    """

    def __init__(self, layout: Layout, on_write: Callable[[Written], None]) -> None:
        self._map = layout.once("cells", lambda: CellMap(layout))
        super().__init__(self._map.ranges)
        self._on_write = on_write
        self._depth = 0
        self._written: Written = {}

    @contextmanager
    def operation(self) -> Iterator[None]:
        """Make what is written inside one operation, and tell of it when the lock is free."""
        with self.lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                written: Written = {}
                if not self._depth:
                    written, self._written = self._written, written
        if written:
            self._on_write(written)

    def read_bits(self, table: Table, address: int, quantity: int) -> bytes | bytearray:
        self._map.refuse_write_only(table, address, quantity)
        return super().read_bits(table, address, quantity)

    def read_registers(self, table: Table, address: int, quantity: int) -> bytes | bytearray:
        self._map.refuse_write_only(table, address, quantity)
        return super().read_registers(table, address, quantity)

    def write_coils(self, address: int, quantity: int, data: bytes) -> None:
        with self.operation():
            written = self._admitted(Cells(Table.COILS, address, quantity, data))
            super().write_coils(address, quantity, data)
            self._written |= written

    def write_registers(self, address: int, data: bytes) -> None:
        with self.operation():
            written = self._admitted(Cells(Table.HOLDING_REGISTERS, address, len(data) // 2, data))
            super().write_registers(address, data)
            self._written |= written

    def mask_write_register(self, address: int, and_mask: int, or_mask: int) -> None:
        with self.operation():
            current = int.from_bytes(self._cells(Table.HOLDING_REGISTERS, address, 1), "big")
            masked = current & and_mask | or_mask & ~and_mask & 0xFFFF
            self.write_registers(address, masked.to_bytes(2, "big"))

    def read_write_registers(
        self, read_address: int, read_quantity: int, write_address: int, data: bytes
    ) -> bytes | bytearray:
        with self.operation():
            return super().read_write_registers(read_address, read_quantity, write_address, data)

    def get_cells(self, block: Block) -> bytes:
        """Return the register bytes or packed bits of a block, of write-only fields too."""
        return self._cells(block.table, block.address, block.quantity)

    def set_cells(self, block: Block, data: bytes) -> None:
        """Put the register bytes or packed bits of a block into its table, past the guard."""
        if not block.covers_whole_registers:
            kept = int.from_bytes(self.get_cells(block), "big") & ~block.mask
            data = (kept | int.from_bytes(data, "big")).to_bytes(2, "big")
        self._put_cells(block.table, block.address, block.quantity, data)

    def _cells(self, table: Table, address: int, quantity: int) -> bytes:
        if table.is_bits:
            return pack_bits(self.get_bits(table, address, quantity))
        return pack_registers(self.get_registers(table, address, quantity))

    def _put_cells(self, table: Table, address: int, quantity: int, data: bytes) -> None:
        if table.is_bits:
            self.set_bits(table, address, unpack_bits(data, quantity))
        else:
            self.set_registers(table, address, unpack_registers(data))

    def _admitted(self, new: Cells) -> Written:
        """Return what a write of cells means for the fields in them; nothing is changed.

        Raises `IllegalDataAddress` or `IllegalDataValue` for what the map refuses. The lock is
        held: what is admitted here is what is written.
        """
        slots = self._map.slots_to_write(new.table, new.address, new.quantity)
        try:
            old = self._cells(new.table, new.address, new.quantity)
            self._map.refuse_read_only_bits(new.table, new.address, old, new.data)
            return {
                slot: (
                    self.value_or_none(slot),
                    _checked(slot, new.put_in(slot, self._cells_of(slot))),
                )
                for slot in slots
            }
        except Exception as error:  # a validator of the user's may fail in any way
            raise IllegalDataValue(f"{error}") from error

    def value_or_none(self, slot: Slot) -> Any:
        """Return the value; None where nobody has written a write-only field yet."""
        return _value_or_none(slot, self._cells_of(slot))

    def _cells_of(self, slot: Slot) -> bytes:
        return self._cells(slot.table, slot.address, slot.size)


def _value_or_none(slot: Slot, data: bytes) -> Any:
    try:
        return decode_value(slot, data)
    except DecodeError:
        return None


def _checked(slot: Slot, data: bytes) -> Any:
    """Return the value of a field's cells; raises for one that the field does not take."""
    if slot.alias:  # the fields that it looks at say what the cells may hold
        return _value_or_none(slot, data)
    value = decode_value(slot, data)
    slot.check(value)
    return value
