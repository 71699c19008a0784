"""Bits as the wire carries them: eight to a byte, lowest first, zero padded (AP §6.1)."""

from collections.abc import Iterable
from itertools import chain, product

BYTE_TO_BITS: tuple[tuple[bool, ...], ...] = tuple(
    highest_first[::-1] for highest_first in product((False, True), repeat=8)
)
"""The eight bits of each byte value, least significant first."""

_TO_DIGITS = bytes([ord("0"), ord("1")]) + bytes(254)


def byte_count(quantity: int) -> int:
    """Return how many bytes carry ``quantity`` bits."""
    return (quantity + 7) // 8


def pack_bits(values: Iterable[object]) -> bytes:
    """Pack truth values into bytes; an empty iterable gives no bytes."""
    cells = bytes(map(bool, values))
    if not cells:
        return b""
    digits = cells[::-1].translate(_TO_DIGITS)
    return int(digits, 2).to_bytes(byte_count(len(cells)), "little")


def unpack_bits(data: bytes, quantity: int) -> list[bool]:
    """Return the first ``quantity`` bits of ``data``; padding bits are not looked at."""
    return list(chain.from_iterable(map(BYTE_TO_BITS.__getitem__, data)))[:quantity]
