"""The framing of serial RTU: unit id, PDU, CRC-16 low byte first (SL §2.5.1)."""

from __future__ import annotations

from collections.abc import Iterable

from modbus_wire.codes import EXCEPTION_FLAG, MAX_PDU, FunctionCode
from modbus_wire.crc import crc16_of_bytes as crc16
from modbus_wire.errors import CrcError, FrameError
from modbus_wire.framing.base import Adu, PduLength
from modbus_wire.pdu.base import EXCEPTION_LENGTH, AnyRequest
from modbus_wire.pdu.registry import request_length, response_length

_CRC_SIZE = 2
_OVERHEAD = 1 + _CRC_SIZE
_LEAST_FRAME = _OVERHEAD + 1
_MAX_FRAME = MAX_PDU + _OVERHEAD
_PLAIN_REQUEST = 8
"""Bytes of a request of FC 1 to 6 (AP §6.1 to §6.6)."""

_LAST_PLAIN = FunctionCode.WRITE_SINGLE_REGISTER.value
_LAST_READ = FunctionCode.READ_INPUT_REGISTERS.value
_COUNT_AT = 2
_UNCOUNTED = 5
"""Bytes of the answer to a read that its byte count does not count."""

_QUERY = bytes((FunctionCode.DIAGNOSTICS, 0, 0))
"""What a PDU begins with that is sent back as it is, however long (AP §6.8.1)."""


class RtuFramer:
    """RTU frames in one direction, told apart by the length that their head announces.

    A host sees no silent intervals on a byte stream. A frame whose head announces no length ends
    with the bytes of one read. After an error the received bytes are forgotten: the next frame
    begins with the next bytes.
    """

    __slots__ = ("_data", "_newest", "_pdu_length")

    broadcast_unit_id: int | None = 0
    has_transaction_ids = False

    def __init__(self, pdu_length: PduLength) -> None:
        self._pdu_length = pdu_length
        self._data = b""
        self._newest = 0
        """How many bytes the last read brought."""

    @classmethod
    def of_requests(cls, pdu_length: PduLength | None = None) -> RtuFramer:
        """Return the framer of what a server receives; None: it knows the lengths of AP §6."""
        return _Requests(pdu_length or request_length)

    @classmethod
    def of_responses(cls) -> RtuFramer:
        """Return the framer of what a client receives."""
        return _Responses()

    def encode(self, transaction_id: int, unit_id: int, pdu: bytes) -> bytes:
        frame = bytes((unit_id,)) + pdu
        return frame + crc16(frame).to_bytes(_CRC_SIZE, "little")

    def expect(self, unit_id: int | None, request: AnyRequest, pdu: bytes) -> None:
        """Be told what the next frame answers, which need not matter."""

    def receive(self, data: bytes) -> Adu | None:
        self._newest = len(data)
        self._data += data
        return self.next_adu()

    def next_adu(self) -> Adu | None:
        data = self._data
        head = data[1:]
        if not head:
            return None
        try:
            length = self._length(head)
        except (KeyError, NotImplementedError):
            return self._endless()
        if length is None:
            return self._unfinished()
        size = length + _OVERHEAD
        if size > len(data) and size <= _MAX_FRAME:
            return self._unfinished()
        frame = data[:size]
        if size > _MAX_FRAME or crc16(frame) != 0:
            return self._broken(size)
        self._data = data[size:]
        return 0, frame[0], frame[1:-_CRC_SIZE]

    @property
    def is_empty(self) -> bool:
        return not self._data

    def clear(self) -> None:
        self._data = b""

    def _length(self, head: bytes) -> int | None:
        """Return the length of the PDU that begins so; None and errors are those of `PduLength`."""
        return self._pdu_length(head)

    def _unfinished(self) -> Adu | None:
        """Deal with a frame that is not there to its end."""
        return None

    def _endless(self) -> Adu | None:
        """Deal with a frame that announces no length."""
        size = len(self._data)
        return self._all_of_it() or (None if size < _LEAST_FRAME else self._broken(size))

    def _all_of_it(self) -> Adu | None:
        """Return the frame that the received bytes are together, None where their CRC is wrong."""
        data = self._data
        if not _LEAST_FRAME <= len(data) <= _MAX_FRAME or crc16(data) != 0:
            return None
        self.clear()
        return 0, data[0], data[1:-_CRC_SIZE]

    def _broken(self, size: int) -> Adu | None:
        """Deal with bytes that begin no frame: ``size`` of them were taken for one."""
        frame = self._data[:size]
        self.clear()
        if size > _MAX_FRAME:
            raise FrameError(f"an RTU frame of {size} bytes is longer than {_MAX_FRAME}")
        raise CrcError(f"CRC of {frame.hex(' ')} does not match")

    def _last_frame(self, starts: Iterable[int]) -> Adu | None:
        """Return the frame that begins at one of the places and ends where the bytes end."""
        data = self._data
        for start in starts:
            frame = data[start:]
            if len(frame) >= _LEAST_FRAME and self._may_be_whole(frame) and crc16(frame) == 0:
                self.clear()
                return 0, frame[0], frame[1:-_CRC_SIZE]
        return None

    def _newest_frame(self) -> Adu | None:
        """Return the frame that came in one piece behind bytes that end nowhere, such as noise."""
        start = len(self._data) - self._newest
        return self._last_frame((start,)) if start > 0 else None

    def _may_be_whole(self, frame: bytes) -> bool:
        try:
            return self._length(frame[1:]) == len(frame) - _OVERHEAD
        except (KeyError, NotImplementedError):
            return False

    def _later_starts(self) -> range:
        """Return where a frame may begin whose start is hidden by the bytes before it."""
        size = len(self._data)
        return range(max(1, size - _MAX_FRAME), size - _LEAST_FRAME + 1)


class _Requests(RtuFramer):
    """What a server receives. Bytes that are no frame do not hide the request behind them.

    A frame that announces no length ends with the bytes received so far where the CRC matches.
    """

    __slots__ = ()

    def receive(self, data: bytes) -> Adu | None:
        if (
            len(data) == _PLAIN_REQUEST
            and not self._data
            and 0 < data[1] <= _LAST_PLAIN
            and crc16(data) == 0
        ):
            return 0, data[0], data[1:-_CRC_SIZE]
        return super().receive(data)

    def _unfinished(self) -> Adu | None:
        return self._newest_frame()

    def _endless(self) -> Adu | None:
        size = len(self._data)
        adu = self._all_of_it() or self._newest_frame()
        return self._broken(size) if adu is None and size >= _MAX_FRAME else adu

    def _broken(self, size: int) -> Adu | None:
        return self._last_frame(self._later_starts()) or super()._broken(size)


class _Responses(RtuFramer):
    """What a client receives: one frame at a time, whose unit and function code it knows.

    Bytes before it that are neither its beginning nor a frame are passed over. Lengths are those of
    the request's class, then those of AP §6; a frame without one ends where the CRC matches.
    """

    __slots__ = ("_pdu", "_request", "_unit_id")

    def __init__(self) -> None:
        super().__init__(response_length)
        self._unit_id: int | None = None
        self._request: AnyRequest | None = None
        self._pdu = b""

    def expect(self, unit_id: int | None, request: AnyRequest, pdu: bytes) -> None:
        self._unit_id = unit_id
        self._request = request
        self._pdu = pdu

    def receive(self, data: bytes) -> Adu | None:
        if (
            len(data) > _UNCOUNTED
            and not self._data
            and 0 < data[1] <= _LAST_READ
            and data[_COUNT_AT] + _UNCOUNTED == len(data)
            and crc16(data) == 0
        ):
            return 0, data[0], data[1:-_CRC_SIZE]
        return super().receive(data)

    def _length(self, head: bytes) -> int | None:
        code = head[0]
        if code & EXCEPTION_FLAG:
            return EXCEPTION_LENGTH
        request = self._request
        if request is not None and code == self._pdu[0]:
            try:
                return request.response_length(head)
            except NotImplementedError:
                if head.startswith(_QUERY) and self._pdu.startswith(_QUERY):
                    return len(self._pdu)
        return self._pdu_length(head)

    def _unfinished(self) -> Adu | None:
        if len(self._data) < _LEAST_FRAME or self._is_awaited(self._data):
            return self._newest_frame()
        return self._pass_over()

    def _endless(self) -> Adu | None:
        size = len(self._data)
        adu = self._all_of_it() or self._unfinished()
        return self._broken(size) if adu is None and size >= _MAX_FRAME else adu

    def _broken(self, size: int) -> Adu | None:
        if not self._is_awaited(self._data):
            return self._pass_over()
        return self._last_frame(self._later_starts()) or super()._broken(size)

    def _pass_over(self) -> Adu | None:
        """Return the awaited frame behind other bytes, None for "not yet"."""
        adu = self._last_frame(self._later_starts())
        self._data = self._data[-_MAX_FRAME:]
        return adu

    def _is_awaited(self, frame: bytes) -> bool:
        """Whether bytes begin as the answer does that is waited for."""
        if self._unit_id is not None and frame[0] != self._unit_id:
            return False
        if not self._pdu:
            return True
        code = self._pdu[0]
        return frame[1] in (code, code | EXCEPTION_FLAG, EXCEPTION_FLAG)

    def _may_be_whole(self, frame: bytes) -> bool:
        if not self._is_awaited(frame):
            return False
        try:
            return self._length(frame[1:]) == len(frame) - _OVERHEAD
        except (KeyError, NotImplementedError):
            return True
