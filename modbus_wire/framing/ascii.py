"""The framing of serial ASCII: colon, unit id, PDU and LRC in hex, carriage return, line feed.

SL §2.5.2. Nothing else is on the line between two frames, so that either end finds the next one.
"""

from __future__ import annotations

from binascii import Error, hexlify, unhexlify
from zlib import adler32

from modbus_wire.codes import MAX_PDU
from modbus_wire.errors import CrcError
from modbus_wire.framing.base import Adu
from modbus_wire.pdu.base import AnyRequest

MAX_FRAME = 513
"""Characters of the longest frame (SL §2.5.2)."""

_COLON = b":"
_RETURN = b"\r"
_LEAST_BYTES = 3
"""Unit id, function code, LRC."""

_MOST_BYTES = MAX_PDU + 2


class AsciiFramer:
    """ASCII frames in either direction.

    A colon begins a frame wherever it comes; what stands before it is passed over. A frame with a
    wrong LRC, or one that is no hex of that length, raises `CrcError`, and what follows it is still
    there for `next_adu`.
    """

    __slots__ = ("_data", "delimiter")

    broadcast_unit_id: int | None = 0
    has_transaction_ids = False

    def __init__(self) -> None:
        self._data = b""
        self.delimiter = b"\n"
        """What follows the carriage return; FC 8 can change it (AP §6.8.1, sub-function 3)."""

    def encode(self, transaction_id: int, unit_id: int, pdu: bytes) -> bytes:
        frame = bytes((unit_id,)) + pdu
        frame += bytes((-_sum(frame) & 0xFF,))
        return _COLON + hexlify(frame).upper() + _RETURN + self.delimiter

    def expect(self, unit_id: int | None, request: AnyRequest, pdu: bytes) -> None:
        """Do nothing: a frame says itself where it ends."""

    def receive(self, data: bytes) -> Adu | None:
        self._data += data
        return self.next_adu()

    def next_adu(self) -> Adu | None:
        if not self._data:
            return None
        ending = _RETURN + self.delimiter
        while (end := self._data.find(ending)) >= 0:
            line, self._data = self._data[:end], self._data[end + len(ending) :]
            start = line.rfind(_COLON)
            if start >= 0:
                return _adu_of(line[start + 1 :])
        self._pass_over()
        return None

    @property
    def is_empty(self) -> bool:
        return not self._data

    def clear(self) -> None:
        self._data = b""

    def _pass_over(self) -> None:
        """Forget what can be no part of a frame."""
        start = self._data.rfind(_COLON)
        if start != 0:
            self._data = self._data[start:] if start > 0 else b""
        if len(self._data) > MAX_FRAME:
            self.clear()
            raise CrcError(f"more than {MAX_FRAME} characters and no end of the frame")


def _adu_of(digits: bytes) -> Adu:
    """Return the ADU that hex digits of a frame are; raises `CrcError`."""
    try:
        frame = unhexlify(digits)
    except Error:
        raise CrcError(f"{digits!r} is no frame in hex") from None
    if not _LEAST_BYTES <= len(frame) <= _MOST_BYTES:
        raise CrcError(f"{digits!r} has not the length of a frame")
    if _sum(frame) & 0xFF:
        raise CrcError(f"LRC of {digits!r} does not match")
    return 0, frame[0], frame[1:-1]


def _sum(frame: bytes) -> int:
    """Return the sum of up to 255 bytes: it is what Adler-32 begins with, in C."""
    return (adler32(frame) & 0xFFFF) - 1
