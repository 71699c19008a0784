"""The framing of Modbus TCP: the MBAP header (TCP §3.1.3)."""

from collections.abc import Iterable
from struct import Struct

from modbus_wire.codes import MAX_PDU
from modbus_wire.errors import FrameError
from modbus_wire.framing.base import Adu
from modbus_wire.pdu.base import AnyRequest

HEADER = Struct(">HHHB")
"""Transaction id, protocol id, length, unit id."""

_HEADER_SIZE = HEADER.size
_read_header = HEADER.unpack_from
_COUNTED_FROM = 6
_LENGTH_SIZE = 2
MIN_LENGTH = 2
"""The least value of the length field: the unit id and a function code."""

MAX_LENGTH = MAX_PDU + 1
"""The greatest value of the length field: the unit id and the longest PDU."""


class MbapFramer:
    """MBAP frames in either direction.

    A frame of another protocol is passed over; a length out of 2..254 raises `FrameError`, after
    which nothing in the stream can be trusted.
    """

    __slots__ = ("_at", "_data")

    broadcast_unit_id: int | None = None
    has_transaction_ids = True

    def __init__(self) -> None:
        self._data = b""
        self._at = 0

    def encode(self, transaction_id: int, unit_id: int, pdu: bytes) -> bytes:
        return HEADER.pack(transaction_id, 0, len(pdu) + 1, unit_id) + pdu

    def encode_all(self, first_id: int, unit_id: int, pdus: Iterable[bytes]) -> list[bytes]:
        """Return the frames of PDUs, which take the transaction ids from the first on."""
        pack = HEADER.pack
        return [
            pack(transaction_id, 0, len(pdu) + 1, unit_id) + pdu
            for transaction_id, pdu in enumerate(pdus, first_id)
        ]

    def expect(self, unit_id: int | None, request: AnyRequest, pdu: bytes) -> None:
        """Do nothing: the transaction id tells which request a response answers."""

    def receive(self, data: bytes) -> Adu | None:
        kept = len(self._data) - self._at
        if not kept and len(data) > _HEADER_SIZE:
            transaction_id, protocol_id, length, unit_id = _read_header(data)
            if length + _COUNTED_FROM == len(data) and protocol_id == 0 and length <= MAX_LENGTH:
                return transaction_id, unit_id, data[_HEADER_SIZE:]
        self._data = self._data[self._at :] + data if kept else data
        self._at = 0
        return self.next_adu()

    def next_adu(self) -> Adu | None:
        data = self._data
        at = self._at
        while len(data) - at >= _HEADER_SIZE:
            transaction_id, protocol_id, length, unit_id = _read_header(data, at)
            if not MIN_LENGTH <= length <= MAX_LENGTH:
                raise _bad_length(length)
            end = at + _COUNTED_FROM + length
            if end > len(data):
                return None
            pdu = data[at + _HEADER_SIZE : end]
            self._at = at = end
            if protocol_id == 0:
                return transaction_id, unit_id, pdu
        if len(data) - at == _COUNTED_FROM:
            _check_length(data)
        return None

    def receive_all(self, data: bytes) -> list[Adu]:
        """Take in the bytes that one read brought; return all whole ADUs; raises as `next_adu`."""
        if not self.is_empty:
            data = self._data[self._at :] + data
        adus = []
        at = 0
        size = len(data)
        while size - at >= _HEADER_SIZE:
            transaction_id, protocol_id, length, unit_id = _read_header(data, at)
            if not MIN_LENGTH <= length <= MAX_LENGTH:
                raise _bad_length(length)
            end = at + _COUNTED_FROM + length
            if end > size:
                break
            if protocol_id == 0:
                adus.append((transaction_id, unit_id, data[at + _HEADER_SIZE : end]))
            at = end
        if size - at == _COUNTED_FROM:
            _check_length(data)
        self._data = data
        self._at = at
        return adus

    @property
    def is_empty(self) -> bool:
        return self._at == len(self._data)

    def clear(self) -> None:
        self._data = b""
        self._at = 0


def _check_length(data: bytes) -> None:
    """Raise `FrameError` where the length that ends the data cannot be: no byte may follow it."""
    length = int.from_bytes(data[-_LENGTH_SIZE:], "big")
    if not MIN_LENGTH <= length <= MAX_LENGTH:
        raise _bad_length(length)


def _bad_length(length: int) -> FrameError:
    return FrameError(f"MBAP length {length} is not in {MIN_LENGTH}..{MAX_LENGTH}")
