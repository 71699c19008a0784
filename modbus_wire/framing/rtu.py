"""The framing of serial RTU: unit id, PDU, CRC-16 low byte first (SL §2.5.1)."""

from collections.abc import Callable

from modbus_wire.codes import MAX_PDU
from modbus_wire.crc import crc16
from modbus_wire.errors import CrcError, FrameError
from modbus_wire.framing.base import Adu
from modbus_wire.pdu.registry import request_length, response_length

_CRC_SIZE = 2
_OVERHEAD = 1 + _CRC_SIZE
_MAX_FRAME = MAX_PDU + _OVERHEAD


class RtuFramer:
    """RTU frames in one direction, told apart by the length that their head announces.

    A host sees no silent intervals on a byte stream. A frame whose function code announces no
    length ends where the received bytes end: of a request, which others may follow, with the bytes
    of one read; of a response, which comes alone, where the CRC matches. After an error the
    received bytes are forgotten: the next frame begins with the next bytes.
    """

    broadcast_unit_id: int | None = 0
    has_transaction_ids = False

    def __init__(
        self, pdu_length: Callable[[bytes], int | None], *, comes_alone: bool = False
    ) -> None:
        self._pdu_length = pdu_length
        self._comes_alone = comes_alone
        self._data = b""

    @classmethod
    def of_requests(cls) -> "RtuFramer":
        """Return the framer of what a server receives."""
        return cls(request_length)

    @classmethod
    def of_responses(cls) -> "RtuFramer":
        """Return the framer of what a client receives."""
        return cls(response_length, comes_alone=True)

    def encode(self, transaction_id: int, unit_id: int, pdu: bytes) -> bytes:
        frame = bytes((unit_id,)) + pdu
        return frame + crc16(frame).to_bytes(_CRC_SIZE, "little")

    def receive(self, data: bytes) -> Adu | None:
        self._data += data
        return self.next_adu()

    def next_adu(self) -> Adu | None:
        size = self._frame_size()
        if size is None or len(self._data) < size:
            return None
        frame, self._data = self._data[:size], self._data[size:]
        if crc16(frame) != 0:
            self.clear()
            raise CrcError(f"CRC of {frame.hex(' ')} does not match")
        return 0, frame[0], frame[1:-_CRC_SIZE]

    @property
    def is_empty(self) -> bool:
        return not self._data

    def clear(self) -> None:
        self._data = b""

    def _frame_size(self) -> int | None:
        try:
            pdu_length = self._pdu_length(self._data[1:])
        except KeyError:
            size = len(self._data)
            if self._comes_alone and size < _MAX_FRAME and crc16(self._data) != 0:
                return None
        else:
            if pdu_length is None:
                return None
            size = pdu_length + _OVERHEAD
        if size > _MAX_FRAME:
            self.clear()
            raise FrameError(f"an RTU frame of {size} bytes is longer than {_MAX_FRAME}")
        return size if size > _OVERHEAD else None
