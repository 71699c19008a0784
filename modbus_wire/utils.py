"""The data functions of pyModbusTCP 0.1.10: bits, words, two's complement, IEEE floats, CRC.

Words and longs are converted in one go where the input is what a caller normally passes: a list or
tuple of ints in range. Anything else goes the plain way, value by value, which is the definition:
it says what odd input gives and what it raises.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from modbus_wire.bits import BYTE_TO_BITS
from modbus_wire.crc import crc16 as crc16

# lists, because two lists join into the list to return
_BYTE_TO_BITS = [list(bits) for bits in BYTE_TO_BITS]


def get_bits_from_int(val_int: int, val_size: int = 16) -> list[bool]:
    """Return the ``val_size`` low bits of ``val_int``, least significant first."""
    if val_size == 16 and type(val_size) is int:
        return _BYTE_TO_BITS[val_int & 0xFF] + _BYTE_TO_BITS[val_int >> 8 & 0xFF]
    bits: list[bool] = []
    for shift in range(0, val_size, 8):
        bits += _BYTE_TO_BITS[val_int >> shift & 0xFF]
    del bits[val_size:]
    return bits


def test_bit(value: int, offset: int) -> bool:
    """Return the bit of ``value`` at ``offset``; offset 0 is the least significant."""
    return bool(value & 1 << offset)


def set_bit(value: int, offset: int) -> int:
    """Return ``value`` with the bit at ``offset`` set."""
    return int(value | 1 << offset)


def reset_bit(value: int, offset: int) -> int:
    """Return ``value`` with the bit at ``offset`` cleared."""
    return int(value & ~(1 << offset))


def toggle_bit(value: int, offset: int) -> int:
    """Return ``value`` with the bit at ``offset`` inverted."""
    return int(value ^ 1 << offset)


class _Ways(dict[int, tuple[Callable[..., bytes], Callable[[bytes], tuple[int, ...]]]]):
    """How to pack n ints and to unpack others from the bytes, under each n; made when needed."""

    def __init__(self, formats: Callable[[int], tuple[str, str]]) -> None:
        super().__init__()
        self.formats = formats

    def __missing__(self, count: int) -> tuple[Any, Any]:
        if len(self) >= _KEPT:
            self.clear()
        source, target = self.formats(count)
        way = self[count] = struct.Struct(source).pack, struct.Struct(target).unpack
        return way


_KEPT = 256
"""Lengths of lists that a table of ways remembers, so that it stays small."""


def _joining(order: str, size: int, long: str) -> _Ways:
    # the pad bytes at the end drop an odd tail
    return _Ways(lambda n: (f"{order}{n}H", f"{order}{n // size}{long}{2 * (n % size)}x"))


def _splitting(order: str, size: int, long: str) -> _Ways:
    return _Ways(lambda n: (f"{order}{n}{long}", f"{order}{n * size}H"))


_JOIN, _SPLIT = (
    ((ways(">", 4, "Q"), ways(">", 2, "I")), (ways("<", 4, "Q"), ways("<", 2, "I")))
    for ways in (_joining, _splitting)
)
"""By ``not big_endian``, then by ``not long_long``."""


def word_list_to_long(
    val_list: Sequence[int], big_endian: bool = True, long_long: bool = False
) -> list[int]:
    """Join 16-bit words into 32-bit (``long_long``: 64-bit) unsigned ints; an odd tail is dropped.

    ``big_endian`` says that the word with the high bits comes first.
    """
    if type(val_list) is list or type(val_list) is tuple:
        pack, unpack = _JOIN[not big_endian][not long_long][len(val_list)]
        try:
            return [*unpack(pack(*val_list))]
        except struct.error:
            pass
    size = 4 if long_long else 2
    starts = range(0, len(val_list) // size * size, size)
    words = range(size) if big_endian else range(size - 1, -1, -1)
    if long_long:
        a, b, c, d = words
        return [
            (val_list[n + a] << 48)
            + (val_list[n + b] << 32)
            + (val_list[n + c] << 16)
            + val_list[n + d]
            for n in starts
        ]
    a, b = words
    return [(val_list[n + a] << 16) + val_list[n + b] for n in starts]


def long_list_to_word(
    val_list: Iterable[int], big_endian: bool = True, long_long: bool = False
) -> list[int]:
    """Split 32-bit (``long_long``: 64-bit) ints into 16-bit words; bits above the size are dropped.

    ``big_endian`` puts the word with the high bits first.
    """
    if type(val_list) is list or type(val_list) is tuple:
        pack, unpack = _SPLIT[not big_endian][not long_long][len(val_list)]
        try:
            return [*unpack(pack(*val_list))]
        except struct.error:
            pass
    size = 4 if long_long else 2
    shifts = (48, 32, 16, 0)[-size:] if big_endian else (0, 16, 32, 48)[:size]
    return [value >> shift & 0xFFFF for value in val_list for shift in shifts]


def get_2comp(val_int: int, val_size: int = 16) -> int:
    """Return the two's complement of ``val_int`` on ``val_size`` bits, in either direction.

    A negative value gives its unsigned pattern, a pattern with the top bit set the negative value.
    Raises ValueError for a value that does not fit the size.
    """
    if not -1 << val_size - 1 <= val_int < 1 << val_size:
        raise ValueError(
            f"could not compute two's complement for {int(val_int)} on {val_size} bits"
        )
    if val_int < 0:
        return val_int + (1 << val_size)
    if val_int & 1 << val_size - 1:
        return val_int - (1 << val_size)
    return val_int


def get_list_2comp(val_list: Iterable[int], val_size: int = 16) -> list[int]:
    """Return the two's complement of each value; see ``get_2comp``."""
    return [get_2comp(value, val_size) for value in val_list]


# native formats: a double beyond single precision packs as infinity, where "<f" would raise
_SINGLE, _SINGLE_BITS = struct.Struct("f"), struct.Struct("I")
_DOUBLE, _DOUBLE_BITS = struct.Struct("d"), struct.Struct("Q")


def decode_ieee(val_int: int, double: bool = False) -> float:
    """Return the float whose IEEE 754 pattern, of 32 or (``double``) 64 bits, is ``val_int``.

    Raises struct.error for a pattern out of range.
    """
    number, pattern = (_DOUBLE, _DOUBLE_BITS) if double else (_SINGLE, _SINGLE_BITS)
    value: float = number.unpack(pattern.pack(val_int))[0]
    return value


def encode_ieee(val_float: float, double: bool = False) -> int:
    """Return the IEEE 754 pattern of a float, of 32 or (``double``) 64 bits.

    A value beyond single precision becomes infinity.
    """
    number, pattern = (_DOUBLE, _DOUBLE_BITS) if double else (_SINGLE, _SINGLE_BITS)
    value: int = pattern.unpack(number.pack(val_float))[0]
    return value


int2bits = get_bits_from_int
words2longs = word_list_to_long
longs2words = long_list_to_word
twos_c = get_2comp
twos_c_l = get_list_2comp
