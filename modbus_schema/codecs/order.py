"""In which order a device lays the words of a number and the bytes of a register (AP §4.2).

The order is a device's or a field's; a codec knows none and sees canonical words only: the word
with the high bits first, in each register the byte with the high bits first.
"""

import struct
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

End = Literal["big", "little"]


class Order(NamedTuple):
    """Which word of a number and which byte of a register comes first."""

    word: End = "big"
    byte: End = "big"


ABCD = Order("big", "big")
"""What the protocol prescribes: big-endian throughout."""

CDAB = Order("little", "big")
"""The word with the low bits first."""

BADC = Order("big", "little")
"""The bytes of each register swapped."""

DCBA = Order("little", "little")
"""Little-endian throughout."""


NumberRegisters: TypeAlias = "int | tuple[int, ...]"
"""How many registers each number in a run spans: the same for all, or one after the other.

1: only the byte order matters. 0: no order matters, the register is two plain bytes.
"""


def to_canonical(data: bytes, number_registers: NumberRegisters, order: Order) -> list[int]:
    """Return the registers of ``data``, as a device of that order sent them, as canonical words."""
    words = list(struct.unpack(f">{len(data) // 2}H", data))
    return words if order == ABCD else _ordered(words, number_registers, order)


def from_canonical(words: Sequence[int], number_registers: NumberRegisters, order: Order) -> bytes:
    """Return canonical words as a device of that order sends them; see ``to_canonical``."""
    if order != ABCD:
        words = _ordered(words, number_registers, order)
    return struct.pack(f">{len(words)}H", *words)


def _ordered(words: Sequence[int], number_registers: NumberRegisters, order: Order) -> list[int]:
    """Return words with each number between the order and ``ABCD``; twice is as before."""
    ordered: list[int] = []
    at = 0
    for size in _sizes(number_registers, len(words)):
        number = list(words[at : at + max(size, 1)])
        if size and order.byte == "little":
            number = [word >> 8 | (word & 0xFF) << 8 for word in number]
        ordered += number[::-1] if order.word == "little" else number
        at += len(number)
    return ordered


def _sizes(number_registers: NumberRegisters, count: int) -> tuple[int, ...]:
    if isinstance(number_registers, tuple):
        return number_registers
    return (number_registers,) * (count // max(number_registers, 1))
