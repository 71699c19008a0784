"""What a server says of itself and its line: FC 7, 8, 11 and 12 (AP §6.7 to §6.10)."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct

from modbus_wire.codes import MAX_EVENTS, MAX_PDU, FunctionCode
from modbus_wire.errors import IllegalDataValue, RequestError
from modbus_wire.pdu.bare import BareRequest
from modbus_wire.pdu.base import Request
from modbus_wire.pdu.value import Value, as_bytes, checked
from modbus_wire.typed import Self

_HEAD = Struct(">BH")
_COUNTER = Struct(">BHH")
_LOG = Struct(">HHH")
_ONE_WORD = _HEAD.size + 2
_MAX_DATA = MAX_PDU - _HEAD.size
_ZERO = b"\0\0"


class DiagnosticsCode(IntEnum):
    """The sub-functions of FC 8 (AP §6.8.1)."""

    RETURN_QUERY_DATA = 0
    RESTART_COMMUNICATIONS_OPTION = 1
    """Data FF00 clears the event log too."""

    RETURN_DIAGNOSTIC_REGISTER = 2
    CHANGE_ASCII_INPUT_DELIMITER = 3
    """The first byte of the data replaces the line feed at the end of a frame."""

    FORCE_LISTEN_ONLY_MODE = 4
    """No answer; the device is silent until its communications are restarted."""

    CLEAR_COUNTERS_AND_DIAGNOSTIC_REGISTER = 10
    RETURN_BUS_MESSAGE_COUNT = 11
    RETURN_BUS_COMMUNICATION_ERROR_COUNT = 12
    RETURN_BUS_EXCEPTION_ERROR_COUNT = 13
    RETURN_SERVER_MESSAGE_COUNT = 14
    RETURN_SERVER_NO_RESPONSE_COUNT = 15
    RETURN_SERVER_NAK_COUNT = 16
    RETURN_SERVER_BUSY_COUNT = 17
    RETURN_BUS_CHARACTER_OVERRUN_COUNT = 18
    CLEAR_OVERRUN_COUNTER_AND_FLAG = 20


_KNOWN = frozenset(code.value for code in DiagnosticsCode)

_QUERY = DiagnosticsCode.RETURN_QUERY_DATA.value
_RESTART = DiagnosticsCode.RESTART_COMMUNICATIONS_OPTION.value
_DELIMITER = DiagnosticsCode.CHANGE_ASCII_INPUT_DELIMITER.value
_LISTEN_ONLY = DiagnosticsCode.FORCE_LISTEN_ONLY_MODE.value

_COUNTS = frozenset((2, *range(11, 19)))
"""The sub-functions whose answer is a word of the server; those of the others are echoes."""


class ReadExceptionStatus(BareRequest[int]):
    """FC 7: read the eight exception status outputs as one byte (AP §6.7)."""

    __slots__ = ()

    function_code = FunctionCode.READ_EXCEPTION_STATUS.value

    def encode_response(self, result: int) -> bytes:
        return bytes((self.function_code, result))

    def decode_response(self, pdu: bytes) -> int:
        if len(pdu) != 2 or pdu[0] != self.function_code:
            self.no_answer(pdu)
        return pdu[1]

    @classmethod
    def response_length(cls, head: bytes) -> int | None:
        return 2


class Diagnostics(Request[bytes]):
    """FC 8: a test or a counter of the line (AP §6.8); the result is the data of the answer.

    ``sub_function`` is a `DiagnosticsCode` or a device's own, ``data`` whole words: any for
    RETURN_QUERY_DATA, one for the others. Forcing the listen only mode has no answer.
    """

    __slots__ = ("data", "sub_function")

    function_code = FunctionCode.DIAGNOSTICS.value

    def __init__(self, sub_function: int, data: bytes = _ZERO) -> None:
        self.sub_function = checked("sub-function", sub_function, 0, 0xFFFF)
        self.data = as_bytes("data", data, _MAX_DATA)
        if not _is_data(self.sub_function, self.data):
            raise RequestError(f"{data!r} is no data of sub-function {self.sub_function}")

    @property
    def writes(self) -> bool:  # type: ignore[override]  # by the sub-function
        """Whether it changes the device; a sub-function of a device's own may."""
        return self.sub_function != _QUERY and self.sub_function not in _COUNTS

    @property
    def answered(self) -> bool:  # type: ignore[override]  # by the sub-function
        """Whether a device answers: not when it is silenced."""
        return self.sub_function != _LISTEN_ONLY

    def encode(self) -> bytes:
        return _HEAD.pack(self.function_code, self.sub_function) + self.data

    @classmethod
    def decode(cls, pdu: bytes) -> Self:
        """Read a request PDU; a sub-function that no `DiagnosticsCode` names may have any data."""
        if len(pdu) < _HEAD.size:
            raise IllegalDataValue
        self = cls.__new__(cls)
        _, self.sub_function = _HEAD.unpack_from(pdu)
        self.data = pdu[_HEAD.size :]
        if self.sub_function in _KNOWN and not _is_data(self.sub_function, self.data):
            raise IllegalDataValue
        return self

    def encode_response(self, result: bytes) -> bytes:
        return _HEAD.pack(self.function_code, self.sub_function) + result

    def decode_response(self, pdu: bytes) -> bytes:
        if pdu[: _HEAD.size] != _HEAD.pack(self.function_code, self.sub_function):
            self.no_answer(pdu)
        data = pdu[_HEAD.size :]
        if self.sub_function in _COUNTS:
            fits = len(data) == len(_ZERO)
        else:
            fits = data == self.data or self.sub_function not in _KNOWN
        if not fits:
            self.no_answer(pdu)
        return data

    def unanswered(self) -> bytes:
        return b"" if self.writes else super().unanswered()

    @classmethod
    def request_length(cls, head: bytes) -> int | None:
        """Return 5, None for "not yet"; NotImplementedError where the data may be of any length."""
        if len(head) < _HEAD.size:
            return None
        _, sub_function = _HEAD.unpack_from(head)
        if sub_function == _QUERY or sub_function not in _KNOWN:
            raise NotImplementedError
        return _ONE_WORD

    @classmethod
    def response_length(cls, head: bytes) -> int | None:
        """Return as `request_length`."""
        return cls.request_length(head)


def _is_data(sub_function: int, data: bytes) -> bool:
    """Whether a sub-function takes the data (AP §6.8.1); a device's own takes any words."""
    if sub_function == _QUERY or sub_function not in _KNOWN:
        return len(data) % 2 == 0 and len(data) <= _MAX_DATA
    if sub_function == _RESTART:
        return data in (_ZERO, b"\xff\0")
    if sub_function == _DELIMITER:
        return len(data) == len(_ZERO) and data[1] == 0
    return data == _ZERO


class CommEventCounter(Value):
    """The answer to FC 11."""

    __slots__ = ("event_count", "status")

    def __init__(self, status: int, event_count: int) -> None:
        self.status = status
        """0xFFFF while the device still works on a command, otherwise 0."""

        self.event_count = event_count
        """Requests carried out without an exception, but for those that ask for this count."""


class GetCommEventCounter(BareRequest[CommEventCounter]):
    """FC 11: read the status word and the count of successful requests (AP §6.9)."""

    __slots__ = ()

    function_code = FunctionCode.GET_COMM_EVENT_COUNTER.value

    def encode_response(self, result: CommEventCounter) -> bytes:
        return _COUNTER.pack(self.function_code, result.status, result.event_count)

    def decode_response(self, pdu: bytes) -> CommEventCounter:
        if len(pdu) != _COUNTER.size or pdu[0] != self.function_code:
            self.no_answer(pdu)
        _, status, event_count = _COUNTER.unpack(pdu)
        return CommEventCounter(status, event_count)

    @classmethod
    def response_length(cls, head: bytes) -> int | None:
        return _COUNTER.size


class CommEventLog(Value):
    """The answer to FC 12."""

    __slots__ = ("event_count", "events", "message_count", "status")

    def __init__(self, status: int, event_count: int, message_count: int, events: bytes) -> None:
        self.status = status
        self.event_count = event_count
        """Status and event count are those of `CommEventCounter`."""

        self.message_count = message_count
        """Messages since the last restart."""

        self.events = events
        """Up to 64 events of one byte, the newest first (AP §6.10)."""


class GetCommEventLog(BareRequest[CommEventLog]):
    """FC 12: read the status word, the counts and the last events (AP §6.10)."""

    __slots__ = ()

    function_code = FunctionCode.GET_COMM_EVENT_LOG.value

    def encode_response(self, result: CommEventLog) -> bytes:
        counts = _LOG.pack(result.status, result.event_count, result.message_count)
        return bytes((self.function_code, _LOG.size + len(result.events))) + counts + result.events

    def decode_response(self, pdu: bytes) -> CommEventLog:
        data = self.counted(pdu)
        if not _LOG.size <= len(data) <= _LOG.size + MAX_EVENTS:
            self.no_answer(pdu)
        status, event_count, message_count = _LOG.unpack_from(data)
        return CommEventLog(status, event_count, message_count, data[_LOG.size :])

    @classmethod
    def response_length(cls, head: bytes) -> int | None:
        return 2 + head[1] if len(head) > 1 else None
