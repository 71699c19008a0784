"""The framers of a link that carries one request at a time and trusts no other frame."""

from modbus_wire.errors import CrcError, FrameError
from modbus_wire.framing.base import Adu
from modbus_wire.framing.mbap import HEADER, MbapFramer
from modbus_wire.framing.rtu import RtuFramer
from modbus_wire.pdu.registry import response_length

_HEADER_SIZE = HEADER.size
_LEAST_RTU_FRAME = 5


class ExactMbapFramer(MbapFramer):
    """MBAP frames; a header that is not the one of the awaited answer raises `FrameError`."""

    def __init__(self) -> None:
        super().__init__()
        self.received = b""
        self._start = b""
        self._unit_id = 0

    def encode(self, transaction_id: int, unit_id: int, pdu: bytes) -> bytes:
        """Return the frame of a request; the next header has to answer it."""
        frame = super().encode(transaction_id, unit_id, pdu)
        self.received = b""
        # transaction id, protocol id and the high byte of the length, always 0
        self._start = frame[:5]
        self._unit_id = unit_id
        return frame

    def receive(self, data: bytes) -> Adu | None:
        """Take in received bytes; raises `FrameError` for another header than awaited."""
        head = self.received = self.received + data
        if len(head) >= _HEADER_SIZE and (
            head[6] != self._unit_id or not head.startswith(self._start)
        ):
            raise FrameError("MBAP format error")
        return super().receive(data)


class ExactRtuFramer(RtuFramer):
    """RTU frames; another unit id than asked raises `FrameError`, and unit 0 answers too."""

    broadcast_unit_id: int | None = None

    def __init__(self) -> None:
        super().__init__(response_length)
        self.received = b""
        self._unit_id = 0

    def encode(self, transaction_id: int, unit_id: int, pdu: bytes) -> bytes:
        """Return the frame of a request; what came before it is forgotten."""
        self.clear()
        self.received = b""
        self._unit_id = unit_id
        return super().encode(transaction_id, unit_id, pdu)

    def receive(self, data: bytes) -> Adu | None:
        """Take in received bytes; return as `next_adu`."""
        self.received += data
        return super().receive(data)

    def next_adu(self) -> Adu | None:
        """Return the answer, None for "not yet"; raises `FrameError` for another unit's."""
        try:
            adu = super().next_adu()
        except CrcError:
            if len(self.received) < _LEAST_RTU_FRAME:
                raise FrameError("short frame error") from None
            raise
        if adu is not None and adu[1] != self._unit_id:
            raise FrameError("unit ID mismatch error")
        return adu
