"""The CRC-16 of serial frames (SL §6.2.2): x^16 + x^15 + x^2 + 1, reflected, initially FFFF.

The package fastcrc computes it where that is installed. Otherwise short data goes through a table,
byte by byte, and longer data is folded as one big integer, where the work per bit is done in C.
Bit 0 of that integer is the first bit on the line, the coefficient of the highest power.

Folding rests on P = (x + 1)(x^15 + x + 1) = (x + 1) Q. Modulo Q, x^15 = x + 1, and squaring gives
x^(15n) = x^n + 1 for every power n of two: the highest coefficients move down by 15n and by 14n
places and are gone. The remainder modulo x + 1 is the parity of the message. Of the two 16-bit
candidates that are equal modulo Q, the parity picks the one that is right modulo P.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache

_POLYNOMIAL = 0xA001
_Q = 0xC001
_INITIAL = 0xFFFF
_FOLD_FROM = 32
"""Bytes from which folding is faster than the table."""


def _step(register: int) -> int:
    for _ in range(8):
        register = register >> 1 ^ (_POLYNOMIAL if register & 1 else 0)
    return register


def _table() -> tuple[int, ...]:
    """Return the step of each byte: the sum of the steps of its bits."""
    table = [0]
    for bit in range(8):
        step = _step(1 << bit)
        table += [entry ^ step for entry in table]
    return tuple(table)


_TABLE = _table()


def pure_crc16(data: bytes) -> int:
    """Return the CRC-16 of bytes, computed here."""
    if len(data) >= _FOLD_FROM:
        return _crc_folded(data)
    crc = _INITIAL
    for byte in data:
        crc = crc >> 8 ^ _TABLE[crc & 0xFF ^ byte]
    return crc


crc16_of_bytes: Callable[[bytes], int]
"""Returns the CRC-16 of bytes, 0 to 65535, in the fastest way there is."""

try:
    from fastcrc.crc16 import modbus as crc16_of_bytes
except ImportError:
    crc16_of_bytes = pure_crc16


def crc16(data: bytes | bytearray | Iterable[int]) -> int:
    """Return the CRC-16 of bytes, 0 to 65535; it is sent low byte first. No data gives 65535.

    Raises ValueError or TypeError for what ``bytearray()`` does not take.
    """
    return crc16_of_bytes(data if type(data) is bytes else bytes(bytearray(data)))


def _crc_folded(data: bytes) -> int:
    size = 1 << (len(data) - 1).bit_length()
    message = int.from_bytes(data, "little")
    parity = message.bit_count()
    # zero coefficients in front change nothing, so that one plan serves all lengths up to `size`
    message = (message ^ _INITIAL) << 8 * (size - len(data))
    for mask, count, far, near in _plan(8 * size + 16):
        head = message & mask
        message = message >> count ^ head << far ^ head << near
    return message ^ _Q if message.bit_count() + parity & 1 else message


@lru_cache(maxsize=64)
def _plan(bits: int) -> tuple[tuple[int, int, int, int], ...]:
    """Return the folds from ``bits`` coefficients to 16: mask, count, and the two shifts."""
    plan = []
    while bits > 16:
        count, n = max((min(14 * n, bits - max(15 * n, 16)), n) for n in _powers_of_two(bits))
        plan.append(((1 << count) - 1, count, 15 * n - count, 14 * n - count))
        bits -= count
    return tuple(plan)


def _powers_of_two(bits: int) -> list[int]:
    return [1 << k for k in range(bits.bit_length())]
