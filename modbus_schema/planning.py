"""Which requests read or write a set of slots: blocks as data, within the protocol's limits."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from modbus_schema.layout import WHOLE_REGISTER, Layout, Slot, cells_text
from modbus_wire.bits import byte_count
from modbus_wire.codes import (
    MAX_READ_BITS,
    MAX_READ_REGISTERS,
    MAX_WRITE_COILS,
    MAX_WRITE_REGISTERS,
    Table,
)

_TABLE_ORDER = {table: order for order, table in enumerate(Table)}


class Block(NamedTuple):
    """Neighbouring cells that one request moves, and the slots in them by ascending address."""

    table: Table
    address: int
    quantity: int
    """In cells of the table."""
    slots: tuple[Slot, ...]
    mask: int = WHOLE_REGISTER
    """Which bits of its one register a write changes (AP §6.16); 0xFFFF of whole cells."""

    @property
    def end(self) -> int:
        """The address after the last cell."""
        return self.address + self.quantity

    @property
    def size(self) -> int:
        """How many bytes hold the cells: registers, or packed bits."""
        return byte_count(self.quantity) if self.table.is_bits else 2 * self.quantity

    @property
    def covers_whole_registers(self) -> bool:
        """Whether a write of the block changes all bits of its cells."""
        return self.mask == WHOLE_REGISTER

    @property
    def place(self) -> str:
        """The fields and the cells: ``HeatPump.flow..HeatPump.mode: input[14..17]``."""
        cells = cells_text(self.table, self.address, self.quantity)
        return f"{self.names}: {cells}"

    @property
    def names(self) -> str:
        """The fields, as far as a message needs them: ``HeatPump.flow..HeatPump.mode``."""
        first, last = self.slots[0].name, self.slots[-1].name
        return first if len(self.slots) == 1 else f"{first}..{last}"


def plan(slots: Iterable[Slot], *, max_gap: int, avoid: Iterable[Slot] = ()) -> tuple[Block, ...]:
    """Return the reads that bring every readable slot once, by table and address.

    Neighbours share a block as long as it keeps to the limits (2000 bits, 125 registers) and
    bridges at most ``max_gap`` cells between one slot and the next. A value is never split. A
    cell of a write-only slot, among ``slots`` or ``avoid``, is not read for the sake of others.
    """
    slots = tuple(slots)
    readable = [slot for slot in slots if slot.access.readable]
    hidden = (slot for slot in (*slots, *avoid) if not slot.access.readable)
    walls = _cells(hidden) - _cells(readable)

    def may_join(block: Block, other: Block) -> bool:
        gap = range(block.end, other.address)
        limit = MAX_READ_BITS if block.table.is_bits else MAX_READ_REGISTERS
        return (
            len(gap) <= max_gap
            and max(block.end, other.end) - block.address <= limit
            and walls.isdisjoint((block.table, address) for address in gap)
        )

    return tuple(_merged((_block_of(slot) for slot in readable), may_join))


def plan_model(layout: Layout, *, max_gap: int | None = None) -> tuple[Block, ...]:
    """Return the reads of a whole map, at its own gap or another; made once per map and gap."""
    gap = layout.max_gap if max_gap is None else max_gap
    return layout.once(("plan", gap), lambda: plan(layout.slots, max_gap=gap))


def plan_writes(slots: Iterable[Slot]) -> tuple[Block, ...]:
    """Return the writes that bring every slot's value to the device once, by table and address.

    Adjacent cells share a block as long as it keeps to the limits (1968 coils, 123 registers); a
    value is never split, a gap never written. Of a register that the slots hold only in part the
    block's ``mask`` says which bits. Slots that overlap get blocks of their own.
    """
    pieces = (_block_of(slot, slot.mask) for slot in slots)
    return tuple(_merged(_merged(pieces, _share_register), _adjoin))


def runs(slots: Iterable[Slot]) -> tuple[Block, ...]:
    """Return the slots as blocks of adjacent cells of any length, which no request carries.

    As in `plan_writes`, of a register held in part the block's ``mask`` says which bits.
    """
    pieces = (_block_of(slot, slot.mask) for slot in slots)
    return tuple(_merged(_merged(pieces, _share_register), _touch))


def _touch(block: Block, other: Block) -> bool:
    return (
        other.address == block.end and block.covers_whole_registers and other.covers_whole_registers
    )


def _share_register(block: Block, other: Block) -> bool:
    return block.address == other.address and not block.mask & other.mask


def _adjoin(block: Block, other: Block) -> bool:
    limit = MAX_WRITE_COILS if block.table.is_bits else MAX_WRITE_REGISTERS
    return _touch(block, other) and other.end - block.address <= limit


def _block_of(slot: Slot, mask: int = WHOLE_REGISTER) -> Block:
    return Block(slot.table, slot.address, slot.size, (slot,), mask)


def _merged(blocks: Iterable[Block], may_join: Callable[[Block, Block], bool]) -> Iterator[Block]:
    """Join each block to the one before it where that is allowed; the least number of blocks."""
    last: Block | None = None
    for block in sorted(blocks, key=_position):
        if last is None or last.table is not block.table or not may_join(last, block):
            if last is not None:
                yield last
            last = block
        else:
            last = _joined(last, block)
    if last is not None:
        yield last


def _joined(block: Block, other: Block) -> Block:
    quantity = max(block.end, other.end) - block.address
    slots = block.slots + other.slots
    return Block(block.table, block.address, quantity, slots, block.mask | other.mask)


def _position(block: Block) -> tuple[int, int]:
    return _TABLE_ORDER[block.table], block.address


def _cells(slots: Iterable[Slot]) -> set[tuple[Table, int]]:
    return {(slot.table, address) for slot in slots for address in range(slot.address, slot.end)}
