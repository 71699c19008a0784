"""A map that is to be written as source: its fields at absolute addresses, and their checks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from modbus_schema.codecs.order import End, Order
from modbus_schema.fields.declared import Leaf
from modbus_schema.fields.refs import Path, path_text
from modbus_schema.imports.faults import Faults
from modbus_schema.layout.checks import declaration_problems
from modbus_schema.layout.tree import Slot
from modbus_schema.sources import Source
from modbus_wire.codes import ADDRESS_SPACE, Table


class Entry(NamedTuple):
    """One field of a document."""

    where: str
    path: Path
    leaf: Leaf

    @property
    def name(self) -> str:
        """``zones[1].target``."""
        return path_text(self.path).removeprefix(".")


class Sketch(NamedTuple):
    """One register map of a document."""

    name: str
    """The name of its class."""
    description: str
    entries: tuple[Entry, ...]


def checked(
    entries: Iterable[Entry], faults: Faults, *, says_by: str | None = None
) -> tuple[Entry, ...]:
    """Return the entries; of those that show the same cells all but one are other views.

    What no register map may have, alone or together, is noted as faults. Where the document has a
    way to say that a field overlaps another, ``says_by`` is that way: a register inside of another
    field is a fault then, unless it is said to be meant.
    """
    sound = [entry for entry in _named_once(entries, faults) if _is_sound(entry, faults)]
    return _with_views(sound, faults, says_by)


def _named_once(entries: Iterable[Entry], faults: Faults) -> list[Entry]:
    seen: dict[Path, Entry] = {}
    for entry in entries:
        if entry.path in seen:
            first = seen[entry.path].where
            faults.add(entry.where, f"the name {entry.name} is taken: {first}")
        else:
            seen[entry.path] = entry
    return list(seen.values())


def _is_sound(entry: Entry, faults: Faults) -> bool:
    leaf = entry.leaf
    problems = list(declaration_problems(leaf, leaf.access))
    if leaf.access.writable and not leaf.table.is_writable:
        problems.append(f"{leaf.table.label} is read-only, so it cannot be {leaf.access.value}")
    if not 0 <= leaf.address <= leaf.address + leaf.codec.registers <= ADDRESS_SPACE:
        problems.append(f"{_slot(entry).range} is outside of 0..{ADDRESS_SPACE - 1}")
    for problem in problems:
        faults.add(entry.where, f"{entry.name}: {problem}")
    return not problems


def _with_views(entries: list[Entry], faults: Faults, says_by: str | None) -> tuple[Entry, ...]:
    """Note as views what shows cells of another field, the writable one before the others."""
    cells: dict[tuple[Table, int], list[tuple[Entry, Slot]]] = defaultdict(list)
    views: set[Path] = set()
    for entry in sorted(entries, key=_yields):
        slot = _slot(entry)
        own = [(slot.table, address) for address in range(slot.address, slot.end)]
        for other, other_slot in {id(each): each for cell in own for each in cells[cell]}.values():
            if not slot.overlaps(other_slot):
                continue
            views.add(entry.path)
            if not entry.leaf.alias and not _is_view(slot, other_slot, says_by is None):
                text = f"{slot.place} overlaps {other_slot.place} ({other.where})"
                hint = f"; where that is meant, {says_by}" if says_by else ""
                faults.add(entry.where, text + hint)
        for cell in own:
            cells[cell].append((entry, slot))
    return tuple(
        entry._replace(leaf=entry.leaf._replace(alias=True)) if entry.path in views else entry
        for entry in entries
    )


def _yields(entry: Entry) -> tuple[bool, bool]:
    """Order fields by which one is a view of the other."""
    return entry.leaf.alias, not entry.leaf.access.writable


def _is_view(slot: Slot, other: Slot, may_be_inside: bool) -> bool:
    """Whether one may show cells of the other unsaid; else an address may be wrong.

    It is the same cells, or some bits in it, or it lies in it and the document could not say so.
    """
    if (slot.address, slot.end) == (other.address, other.end):
        return True
    if not may_be_inside and slot.codec.bit_range is None and other.codec.bit_range is None:
        return False
    inside = other.address <= slot.address and slot.end <= other.end
    around = slot.address <= other.address and other.end <= slot.end
    return inside or around


def _said(order: End | Source[End] | None) -> End:
    """Return an order as an import has it: no device says it."""
    return "big" if order is None or isinstance(order, Source) else order


def _slot(entry: Entry) -> Slot:
    leaf = entry.leaf
    return Slot(
        path=entry.path,
        name=entry.name,
        table=leaf.table,
        address=leaf.address,
        size=leaf.codec.registers,
        codec=leaf.codec,
        order=Order(_said(leaf.word_order), _said(leaf.byte_order)),
        access=leaf.access,
    )
