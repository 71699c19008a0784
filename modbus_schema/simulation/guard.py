"""The bank of a simulated device: cells that obey the map they were declared in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from modbus_schema.errors import DecodeError
from modbus_schema.layout import Layout, Slot
from modbus_schema.plain import decode_value
from modbus_schema.planning import Block
from modbus_schema.simulation.cells import CellMap
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

    def read_bits(self, table: Table, address: int, quantity: int) -> bytes | bytearray:
        self._map.refuse_write_only(table, address, quantity)
        return super().read_bits(table, address, quantity)

    def read_registers(self, table: Table, address: int, quantity: int) -> bytes | bytearray:
        self._map.refuse_write_only(table, address, quantity)
        return super().read_registers(table, address, quantity)

    def write_coils(self, address: int, quantity: int, data: bytes) -> None:
        with self._operation(), self._guarded(Table.COILS, address, quantity):
            super().write_coils(address, quantity, data)

    def write_registers(self, address: int, data: bytes) -> None:
        quantity = len(data) // 2
        with self._operation(), self._guarded(Table.HOLDING_REGISTERS, address, quantity):
            super().write_registers(address, data)

    def mask_write_register(self, address: int, and_mask: int, or_mask: int) -> None:
        with self._operation():
            current = int.from_bytes(self._cells(Table.HOLDING_REGISTERS, address, 1), "big")
            masked = current & and_mask | or_mask & ~and_mask & 0xFFFF
            self.write_registers(address, masked.to_bytes(2, "big"))

    def read_write_registers(
        self, read_address: int, read_quantity: int, write_address: int, data: bytes
    ) -> bytes | bytearray:
        with self._operation():
            return super().read_write_registers(read_address, read_quantity, write_address, data)

    def value_of(self, slot: Slot) -> Any:
        """Return what a field holds; raises `DecodeError` where that is nothing it knows."""
        return decode_value(slot, self._cells(slot.table, slot.address, slot.size))

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

    @contextmanager
    def _operation(self) -> Iterator[None]:
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

    @contextmanager
    def _guarded(self, table: Table, address: int, quantity: int) -> Iterator[None]:
        """Refuse the write inside where a field refuses its new value, and undo it then."""
        slots = self._map.slots_to_write(table, address, quantity)
        cells = self._cells(table, address, quantity)
        before = {slot: self.value_or_none(slot) for slot in slots}
        yield
        try:
            self._map.refuse_read_only_bits(
                table, address, cells, self._cells(table, address, quantity)
            )
            after = {slot: self._checked_value(slot) for slot in slots}
        except Exception as error:  # a validator of the user's may fail in any way
            self._put_cells(table, address, quantity, cells)
            raise IllegalDataValue(f"{error}") from error
        for slot, value in after.items():
            self._written[slot] = (before[slot], value)

    def _checked_value(self, slot: Slot) -> Any:
        if slot.alias:  # the fields that it looks at say what the cells may hold
            return self.value_or_none(slot)
        value = self.value_of(slot)
        slot.check(value)
        return value

    def value_or_none(self, slot: Slot) -> Any:
        """Return the value; None where nobody has written a write-only field yet."""
        try:
            return self.value_of(slot)
        except DecodeError:
            return None
