"""The bank of a simulated device: cells that obey the map they were declared in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol, TypeAlias

from modbus_schema.compile.plain import decode_value, supplies_of
from modbus_schema.errors import DecodeError
from modbus_schema.layout.tree import Layout, Slot, ValueOf
from modbus_schema.planning.blocks import Block, runs
from modbus_schema.simulation.cells import CellMap, Cells
from modbus_wire.bank import SparseBank
from modbus_wire.bits import pack_bits, unpack_bits
from modbus_wire.codes import Table
from modbus_wire.errors import IllegalDataValue, ServerDeviceFailure
from modbus_wire.pdu.registers import pack_registers, unpack_registers

Written: TypeAlias = dict[Slot, tuple[Any, Any]]
"""The fields that an operation wrote, with their values before and after."""


class Behaves(Protocol):
    """What works out the values of fields that move, or depend on others."""

    def refresh(self, table: Table, address: int, quantity: int) -> None:
        """Bring cells up to date; raises `ServerDeviceFailure`. The lock is held."""
        ...

    def given(self, slots: Iterable[Slot]) -> None:
        """Take fields as they were written. The lock is held."""
        ...

    def settle(self) -> None:
        """Bring up to date what depends on fields that have changed. The lock is held."""
        ...


class GuardedBank(SparseBank):
    """Cells where a map has fields, and in the gaps that it says a read may bridge.

    For a client, a hole, a read-only field on writing and a write-only one on reading are
    `IllegalDataAddress`; a value that the codec, the limits or a validator refuse is
    `IllegalDataValue`. A refused operation writes nothing; any other is told to ``on_write`` once,
    when its cells are written and the lock is free.

    Where the device behaves, what a client reads or writes is brought up to date before.
    """

    behaviour: Behaves | None = None

    def __init__(self, layout: Layout, on_write: Callable[[Written], None]) -> None:
        self._layout = layout
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
        cells = super().read_bits(table, address, quantity)
        if self.behaviour is None:
            return cells
        with self.lock:
            self.behaviour.refresh(table, address, quantity)
            return super().read_bits(table, address, quantity)

    def read_registers(self, table: Table, address: int, quantity: int) -> bytes | bytearray:
        self._map.refuse_write_only(table, address, quantity)
        cells = super().read_registers(table, address, quantity)
        if self.behaviour is None:
            return cells
        with self.lock:
            self.behaviour.refresh(table, address, quantity)
            return super().read_registers(table, address, quantity)

    def write_coils(self, address: int, quantity: int, data: bytes) -> None:
        with self.operation():
            self._refresh(Table.COILS, address, quantity)
            written = self._admitted(Cells(Table.COILS, address, quantity, data))
            super().write_coils(address, quantity, data)
            self._note(written)

    def write_registers(self, address: int, data: bytes) -> None:
        with self.operation():
            self._refresh(Table.HOLDING_REGISTERS, address, len(data) // 2)
            written = self._admitted(Cells(Table.HOLDING_REGISTERS, address, len(data) // 2, data))
            super().write_registers(address, data)
            self._note(written)

    def mask_write_register(self, address: int, and_mask: int, or_mask: int) -> None:
        with self.operation():
            self._refresh(Table.HOLDING_REGISTERS, address, 1)
            current = int.from_bytes(self._cells(Table.HOLDING_REGISTERS, address, 1), "big")
            masked = current & and_mask | or_mask & ~and_mask & 0xFFFF
            self.write_registers(address, masked.to_bytes(2, "big"))

    def read_write_registers(
        self, read_address: int, read_quantity: int, write_address: int, data: bytes
    ) -> bytes | bytearray:
        with self.operation():
            return super().read_write_registers(read_address, read_quantity, write_address, data)

    @contextmanager
    def keeping(self, slots: frozenset[Slot]) -> Iterator[None]:
        """Let fields hold after an operation what they held before; it is told of the others."""
        with self.operation():
            blocks = [(block, self.get_cells(block)) for block in runs(slots)]
            try:
                yield
            finally:
                for block, cells in blocks:
                    self.set_cells(block, cells)
                self._written = {
                    slot: told for slot, told in self._written.items() if slot not in slots
                }
                self.settle()

    def settle(self) -> None:
        """Bring up to date what depends on fields that were written; the lock is held."""
        if self.behaviour is not None:
            self.behaviour.settle()

    def _refresh(self, table: Table, address: int, quantity: int) -> None:
        """Bring cells up to date that are about to be written, where they have values."""
        if self.behaviour is not None:
            with suppress(ServerDeviceFailure):
                self.behaviour.refresh(table, address, quantity)

    def _note(self, written: Written) -> None:
        self._written |= written
        if self.behaviour is not None:
            self.behaviour.given(written)
            self.behaviour.settle()

    def get_cells(self, block: Block) -> bytes:
        """Return the register bytes or packed bits of a block, of write-only fields too."""
        return self._cells(block.table, block.address, block.quantity)

    def set_cells(self, block: Block, data: bytes) -> None:
        """Put the register bytes or packed bits of a block into its table, past the guard."""
        if not block.covers_whole_registers:
            kept = int.from_bytes(self.get_cells(block), "big") & ~block.mask
            data = (kept | int.from_bytes(data, "big") & block.mask).to_bytes(2, "big")
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

            def cells_then(slot: Slot) -> bytes:
                cells = self.cells_of(slot)
                return new.put_in(slot, cells) if new.touch(slot) else cells

            if self._layout.questions:
                self._refuse_other_shape(new, lambda slot: _value(slot, cells_then))
            return {slot: (self.value_or_none(slot), _checked(slot, cells_then)) for slot in slots}
        except Exception as error:  # a validator of the user's may fail in any way
            raise IllegalDataValue(f"{error}") from error

    def _refuse_other_shape(self, new: Cells, value_of: ValueOf) -> None:
        touched = [slot for slot in self._layout.deciding if new.touch(slot)]
        question = self._layout.changed_by(value_of, touched)
        if question is not None:
            raise IllegalDataValue(f"the device keeps its shape: {question.text}")

    def value(self, slot: Slot) -> Any:
        """Return the value of a field; raises `DecodeError` where its cells mean nothing."""
        return _value(slot, self.cells_of)

    def value_or_none(self, slot: Slot) -> Any:
        """Return the value; None where nobody has written a write-only field yet."""
        return _value_or_none(slot, self.cells_of)

    def cells_of(self, slot: Slot) -> bytes:
        """Return the cells of a field."""
        return self._cells(slot.table, slot.address, slot.size)


def _value(slot: Slot, cells_of: Callable[[Slot], bytes]) -> Any:
    def value_of(other: Slot) -> Any:
        return decode_value(other, cells_of(other))

    return decode_value(slot, cells_of(slot), supplies_of(slot, value_of))


def _value_or_none(slot: Slot, cells_of: Callable[[Slot], bytes]) -> Any:
    try:
        return _value(slot, cells_of)
    except DecodeError:
        return None


def _checked(slot: Slot, cells_of: Callable[[Slot], bytes]) -> Any:
    """Return the value of a field's cells; raises for one that the field does not take."""
    if slot.alias:  # the fields that it looks at say what the cells may hold
        return _value_or_none(slot, cells_of)
    value = _value(slot, cells_of)
    slot.check(value)
    return value
