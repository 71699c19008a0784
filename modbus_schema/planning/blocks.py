"""Which requests read or write a set of slots: blocks as data, within the protocol's limits."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce
from itertools import chain
from typing import NamedTuple

from modbus_schema.fields.refs import path_text
from modbus_schema.fields.rules import ReadRules
from modbus_schema.fields.write_rules import WriteRules, WriteWith
from modbus_schema.layout.tree import WHOLE_REGISTER, Layout, Path, Slot, cells_text
from modbus_wire.bits import byte_count
from modbus_wire.codes import Table
from modbus_wire.errors import ExceptionResponse

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
    def cells(self) -> range:
        """The addresses of the cells."""
        return range(self.address, self.end)

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
    def bridged(self) -> str:
        """The cells that no field of it has: ``holding[2..3]``; empty where there are none."""
        declared = {address for slot in self.slots for address in slot.cells}
        gaps = []
        end = self.address
        for address in sorted({*declared, self.end}):
            if address > end:
                gaps.append(cells_text(self.table, end, address - end))
            end = address + 1
        return ", ".join(gaps)

    @property
    def names(self) -> str:
        """The fields, as far as a message needs them: ``HeatPump.flow..HeatPump.mode``."""
        first, last = self.slots[0].name, self.slots[-1].name
        return first if len(self.slots) == 1 else f"{first}..{last}"


class Refused(NamedTuple):
    """What a device has been found to refuse: its plans keep away from it."""

    errors: Mapping[Slot, ExceptionResponse]
    """What it said to whom: these are read by themselves, if at all."""
    borders: frozenset[tuple[Table, int]]
    """No read brings such a cell together with the one before it."""


NOTHING = Refused({}, frozenset())

EITHER_WAY = WriteRules()
"""The rules of a device that knows every function and takes as much as the protocol allows."""


def plan(
    slots: Iterable[Slot],
    rules: ReadRules,
    *,
    avoid: Iterable[Slot] = (),
    refused: Refused = NOTHING,
) -> tuple[Block, ...]:
    """Return the reads that bring every readable slot once, by table and address.

    Neighbours share a block as far as ``rules`` and the protocol's limits (2000 bits, 125
    registers) allow it, so that there are as few as can be. A value is never split, nor what is
    read together. A cell of a write-only slot, among ``slots`` or ``avoid``, is not read for the
    sake of others.
    """
    slots = tuple(slots)
    readable = [slot for slot in slots if slot.access.readable]
    hidden = (slot for slot in (*slots, *avoid) if not slot.access.readable)
    bad = _cells(refused.errors)
    walls = (_cells(hidden) - _cells(readable)) | bad

    def may_join(block: Block, other: Block) -> bool:
        table, end = block.table, max(block.end, other.end)
        gap = range(block.end, other.address)
        return (
            end - block.address <= rules.limit(table)
            and rules.may_bridge(table, gap)
            and rules.may_read(table, range(block.address, end))
            and walls.isdisjoint((table, address) for address in gap)
            and not (refused.borders and _crosses(refused, table, block.address, end))
        )

    alone, others = pieces(readable, rules)
    if bad:
        alone += [piece for piece in others if not bad.isdisjoint(_cells(piece.slots))]
        others = [piece for piece in others if bad.isdisjoint(_cells(piece.slots))]
    return tuple(sorted((*alone, *_merged(others, may_join)), key=_position))


def plan_model(layout: Layout, rules: ReadRules | None = None) -> tuple[Block, ...]:
    """Return the reads of a whole map, by its own rules or others; made once for each."""
    given = layout.rules if rules is None else rules
    return layout.once(("plan", given), lambda: plan(layout.slots, given))


def pieces(slots: Iterable[Slot], rules: ReadRules) -> tuple[list[Block], list[Block]]:
    """Return the blocks that one request must bring: those of it alone, and those it may share.

    A slot is one of its own, unless it is in a range that is read alone or is read together with
    others of its group.
    """
    alone: dict[tuple[Table, range], list[Slot]] = defaultdict(list)
    bundles: dict[tuple[Table, Path], list[Slot]] = defaultdict(list)
    others: list[Block] = []
    for slot in slots:
        area = rules.alone(slot.table, slot.cells) if rules.read_alone else None
        if area is not None:
            alone[slot.table, area].append(slot)
        elif slot.bundle is not None:
            bundles[slot.table, slot.bundle].append(slot)
        else:
            others.append(_block_of(slot))
    others += [joined(map(_block_of, members)) for members in bundles.values()]
    return [_block_in(*place, members) for place, members in alone.items()], others


def plan_problems(layout: Layout, rules: ReadRules) -> Iterator[str]:
    """Say which fields cannot be read by the rules, or not in one request as they should."""
    if not rules.have_areas and not any(slot.bundle for slot in layout.slots):
        return
    readable = [slot for slot in layout.slots if slot.access.readable]
    hidden = [slot for slot in layout.slots if not slot.access.readable]
    walls = _cells(hidden) - _cells(readable)
    bundled: dict[Path, set[Block]] = defaultdict(set)
    for piece in chain(*pieces(readable, rules)):
        yield from _piece_problems(piece, rules)
        if not walls.isdisjoint((piece.table, cell) for cell in piece.cells):
            yield f"{piece.place} cannot be one read: there is a write-only field in it"
        for slot in piece.slots:
            if slot.bundle is not None:
                bundled[slot.bundle].add(piece)
    for path, blocks in bundled.items():
        if len(blocks) > 1:
            name = layout.model.__name__ + path_text(path)
            cells = ", ".join(block.place for block in sorted(blocks, key=_position))
            yield f"{name}: cannot be read together, in one request: {cells}"


def _piece_problems(piece: Block, rules: ReadRules) -> Iterator[str]:
    table, cells = piece.table, piece.cells
    forbidden = rules.forbidden_in(table, cells)
    if forbidden is not None:
        yield f"{piece.place} touches the forbidden {_text(table, forbidden)}"
    if not rules.may_read(table, cells):
        yield f"{piece.place} is not in one readable range"
    if piece.quantity > rules.limit(table):
        yield f"{piece.place} is too long for one read, which brings {rules.limit(table)} at most"


def plan_writes(slots: Iterable[Slot], rules: WriteRules = EITHER_WAY) -> tuple[Block, ...]:
    """Return the writes that bring every slot's value to the device once, by table and address.

    Adjacent cells share a block as long as it keeps to ``rules`` and the protocol's limits (1968
    coils, 123 registers), unless a slot in it is written singly; a value is never split, a gap
    never written. Of a register that the slots hold only in part the block's ``mask`` says which
    bits. Slots that overlap get blocks of their own.
    """

    def adjoin(block: Block, other: Block) -> bool:
        return (
            _touch(block, other)
            and other.end - block.address <= rules.limit(block.table)
            and "single" not in (write_with(block.slots, rules), write_with(other.slots, rules))
        )

    pieces = (_block_of(slot, slot.mask) for slot in slots)
    return tuple(_merged(_merged(pieces, _share_register), adjoin))


def write_with(slots: Iterable[Slot], rules: WriteRules) -> WriteWith:
    """Return by which function slots of one write are written: their own, the device's, the map's.

    Of slots that say different things of one register the narrower choice holds.
    """
    said = {slot.writing.own or rules.write_with or slot.writing.by_map for slot in slots}
    return "single" if "single" in said else "multiple" if "multiple" in said else "auto"


def write_problems(layout: Layout, rules: WriteRules) -> Iterator[str]:
    """Say which fields cannot be written by the rules."""
    for slot in layout.slots:
        if slot.access.writable and slot.size > rules.limit(slot.table):
            limit = rules.limit(slot.table)
            yield f"{slot.place} is too long for one write, which brings {limit} at most"


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


def _block_of(slot: Slot, mask: int = WHOLE_REGISTER) -> Block:
    return Block(slot.table, slot.address, slot.size, (slot,), mask)


def _merged(blocks: Iterable[Block], may_join: Callable[[Block, Block], bool]) -> Iterator[Block]:
    """Join each block to the one before it where that is allowed; the least number of blocks.

    That holds where whatever may be joined may also be joined in part.
    """
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


def joined(blocks: Iterable[Block]) -> Block:
    """Return the block from the first to the last cell of blocks of one table."""
    return reduce(_joined, sorted(blocks, key=_position))


def _joined(block: Block, other: Block) -> Block:
    quantity = max(block.end, other.end) - block.address
    slots = block.slots + other.slots
    if other.address < block.slots[-1].address:  # they are interleaved
        slots = tuple(sorted(slots, key=_address))
    return Block(block.table, block.address, quantity, slots, block.mask | other.mask)


def _block_in(table: Table, area: range, slots: Iterable[Slot]) -> Block:
    return Block(table, area.start, len(area), tuple(sorted(slots, key=_address)))


def _crosses(refused: Refused, table: Table, start: int, end: int) -> bool:
    return any((table, address) in refused.borders for address in range(start + 1, end))


def _address(slot: Slot) -> int:
    return slot.address


def _text(table: Table, area: range) -> str:
    return cells_text(table, area.start, len(area))


def _position(block: Block) -> tuple[int, int]:
    return _TABLE_ORDER[block.table], block.address


def _cells(slots: Iterable[Slot]) -> set[tuple[Table, int]]:
    return {(slot.table, address) for slot in slots for address in range(slot.address, slot.end)}
