"""Which ``struct`` reads which field: the registers of a block seen in up to four ways.

A block is seen as it came or with the bytes of each register swapped, and either view big-endian
or little-endian: that makes all four orders. It knows formats and offsets, and writes no code.
"""

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from modbus_schema.codecs.source import Endian
from modbus_schema.layout.tree import Slot
from modbus_schema.planning.blocks import Block


class View(NamedTuple):
    """One way to see a block."""

    swapped: bool
    endian: Endian


STRAIGHT = View(False, ">")
REVERSED = View(False, "<")
SWAPPED = View(True, ">")
SWAPPED_REVERSED = View(True, "<")

_OF_ORDER = {
    ("big", "big"): STRAIGHT,
    ("little", "little"): REVERSED,
    ("big", "little"): SWAPPED,
    ("little", "big"): SWAPPED_REVERSED,
}
"""In which view a number of several registers is plain, by its word and byte order."""


class Pull(NamedTuple):
    """One value of a ``struct`` format: where in the block, and what."""

    view: View
    offset: int
    """In registers."""
    registers: int
    wire: str


class Pass:
    """Values that one ``struct`` moves: those of one view, none overlapping another."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.pulls: list[Pull] = []
        self.end = 0

    def packer(self, quantity: int) -> struct.Struct:
        """Return what moves the values of a block of so many registers; gaps are padding."""
        parts: list[str] = [self.view.endian]
        at = 0
        for pull in self.pulls:
            parts += _padding(pull.offset - at), pull.wire
            at = pull.offset + pull.registers
        return struct.Struct("".join([*parts, _padding(quantity - at)]))


def _padding(registers: int) -> str:
    return f"{2 * registers}x" if registers else ""


def pulls_of(block: Block, slots: Sequence[Slot]) -> dict[Slot, Pull]:
    """Return where each slot of a block of registers is pulled from, with as few views as can be.

    The same pull for two slots means that they share a register.
    """
    choices = {slot: _views(slot) for slot in slots}
    needed = {views[0] for views in choices.values() if len(views) == 1}
    pulls: dict[Slot, Pull] = {}
    for slot, views in choices.items():
        view = next((view for view in views if view in needed), views[0])
        offset = slot.address - block.address
        pulls[slot] = Pull(view, offset, slot.size, pulled_wire(slot))
    return pulls


def pulled_wire(slot: Slot) -> str:
    """Return the ``struct`` format of a slot's value; bytes where its codec gives none."""
    return slot.codec.wire or f"{2 * slot.size}s"


def _views(slot: Slot) -> tuple[View, ...]:
    """Return the views in which a slot can be pulled."""
    codec, order = slot.codec, slot.order
    numbers = codec.number_registers
    if codec.wire is None or isinstance(numbers, tuple) or numbers == 0:
        return (STRAIGHT,)
    if numbers > 1:
        return (_OF_ORDER[order],)
    straight = order.byte == "big"
    if codec.wire.endswith("s"):
        return (STRAIGHT if straight else SWAPPED,)
    return (STRAIGHT, SWAPPED_REVERSED) if straight else (REVERSED, SWAPPED)


def passes_of(pulls: Iterable[Pull]) -> list[Pass]:
    """Return the passes that move the pulls, overlapping ones in different passes."""
    passes: list[Pass] = []
    for pull in sorted(set(pulls), key=lambda pull: (pull.offset, pull)):
        for candidate in passes:
            if candidate.view == pull.view and candidate.end <= pull.offset:
                break
        else:
            candidate = Pass(pull.view)
            passes.append(candidate)
        candidate.pulls.append(pull)
        candidate.end = pull.offset + pull.registers
    return passes
