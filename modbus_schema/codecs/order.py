"""In which order a device lays the words of a number and the bytes of a register (AP §4.2).

The order is a device's or a field's; a codec knows none and sees canonical words only: the word
with the high bits first, in each register the byte with the high bits first.
"""

import struct
from collections.abc import Sequence
from typing import Literal, NamedTuple

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


def to_canonical(data: bytes, number_registers: int, order: Order) -> list[int]:
    """Return the registers of ``data``, as a device of that order sent them, as canonical words.

    The words of each run of ``number_registers`` registers are one number; with 1 the word order
    does not matter, with 0 no order does.
    """
    end = "<" if order.byte == "little" and number_registers else ">"
    words = list(struct.unpack(f"{end}{len(data) // 2}H", data))
    return _in_word_order(words, number_registers, order)


def from_canonical(words: Sequence[int], number_registers: int, order: Order) -> bytes:
    """Return canonical words as a device of that order sends them; see ``to_canonical``."""
    end = "<" if order.byte == "little" and number_registers else ">"
    return struct.pack(f"{end}{len(words)}H", *_in_word_order(words, number_registers, order))


def _in_word_order(words: Sequence[int], number_registers: int, order: Order) -> list[int]:
    if order.word == "big" or number_registers < 2:
        return list(words)
    starts = range(0, len(words), number_registers)
    return [word for start in starts for word in words[start : start + number_registers][::-1]]
