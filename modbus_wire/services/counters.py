"""The counters and the event log of a server, and the modes that clients can put it into.

They are those of FC 8, 11 and 12 (AP §6.8 to §6.10). Nothing here is a dummy: what a server
cannot notice, such as a character overrun on TCP, has not happened.
"""

from __future__ import annotations

from collections.abc import Callable

from modbus_wire.codes import EXCEPTION_FLAG, MAX_EVENTS, ExceptionCode, FunctionCode

_RECEIVED = 0x80
_SENT = 0x40
_LISTENING = 0x20
"""In either event: the server only listened."""

_BROADCAST = 0x40
_OVERRUN = 0x10
_COMMUNICATION_ERROR = 0x02
_LISTENING_BEGAN = 0x04
_RESTARTED = 0x00

_READ_EXCEPTION = 0x01
_ABORT_EXCEPTION = 0x02
_BUSY_EXCEPTION = 0x04
_NAK_EXCEPTION = 0x08
_NAK = 0x07

_SENT_EXCEPTION: dict[int, int] = {
    ExceptionCode.ILLEGAL_FUNCTION: _READ_EXCEPTION,
    ExceptionCode.ILLEGAL_DATA_ADDRESS: _READ_EXCEPTION,
    ExceptionCode.ILLEGAL_DATA_VALUE: _READ_EXCEPTION,
    ExceptionCode.SERVER_DEVICE_FAILURE: _ABORT_EXCEPTION,
    ExceptionCode.ACKNOWLEDGE: _BUSY_EXCEPTION,
    ExceptionCode.SERVER_DEVICE_BUSY: _BUSY_EXCEPTION,
    _NAK: _NAK_EXCEPTION,
}
"""The bit of a send event that an exception code sets (AP §6.10)."""

_MOST_KEPT = 4 * MAX_EVENTS
"""Events beyond those of the log that are kept before they are cut off."""

_POLL = FunctionCode.GET_COMM_EVENT_COUNTER.value
LINE_FEED = b"\n"


class ServerDiagnostics:
    """What a server counted since it was made, restarted or cleared by FC 8.

    The counts are whole; a response carries their low 16 bits.
    """

    __slots__ = (
        "_event_count",
        "_events",
        "_is_listening_only",
        "_messages",
        "_mode_changed",
        "_not_served",
        "_then",
        "ascii_delimiter",
        "bus_character_overrun_count",
        "bus_communication_error_count",
        "bus_exception_error_count",
        "is_noting",
        "is_on_networks",
        "quick_count",
        "server_busy_count",
        "server_nak_count",
        "server_no_response_count",
    )

    def __init__(self, mode_changed: Callable[[bool], None]) -> None:
        """``mode_changed`` is called with whether the server is to listen only."""
        self._is_listening_only = False
        self._mode_changed = mode_changed
        self.ascii_delimiter: bytes | None = None
        """What follows the carriage return of an ASCII frame; None while nobody speaks ASCII."""

        self.is_on_networks = False
        """Whether FC 8 is answered on networks too."""

        self.is_noting = False
        """Whether a request is noted as received and not as finished."""

        self._events = bytearray()
        self._then: Callable[[], None] | None = None
        self.clear()

    @property
    def is_listening_only(self) -> bool:
        """Whether requests are counted and neither carried out nor answered, but for a restart."""
        return self._is_listening_only

    @is_listening_only.setter
    def is_listening_only(self, is_listening_only: bool) -> None:
        self._is_listening_only = is_listening_only
        self._mode_changed(is_listening_only)

    def clear(self) -> None:
        """Set all counters to 0."""
        self.quick_count = 0
        """Requests that were carried out and answered and are not yet noted elsewhere."""

        self._messages = 0
        self._not_served = 0
        self._event_count = 0
        self.bus_communication_error_count = 0
        """Frames with a wrong checksum."""

        self.bus_exception_error_count = 0
        """Requests that got an exception, or would have if they were not broadcast."""

        self.server_no_response_count = 0
        """Requests for this server that got no response."""

        self.server_nak_count = 0
        """Requests that got exception 07."""

        self.server_busy_count = 0
        """Requests that got exception 06."""

        self.bus_character_overrun_count = 0
        """Frames that were lost to a character overrun; who reads the line has to say so."""

    @property
    def bus_message_count(self) -> int:
        """Frames with a right checksum."""
        return self._messages + self.quick_count

    @property
    def server_message_count(self) -> int:
        """Requests for this server, broadcasts included, but for those it only listened to."""
        return self.bus_message_count - self._not_served

    @property
    def event_count(self) -> int:
        """Requests carried out without an exception, but for those of FC 11."""
        return self._event_count + self.quick_count

    @property
    def events(self) -> bytes:
        """The last 64 events, the newest first (AP §6.10)."""
        self._settle()
        return bytes(self._events[: -MAX_EVENTS - 1 : -1])

    def received(self, is_broadcast: bool = False) -> None:
        """Note that a request for this server has come."""
        self._settle()
        self.is_noting = True
        self._messages += 1
        event = _RECEIVED
        if self._is_listening_only:
            self._not_served += 1
            event |= _LISTENING
        if is_broadcast:
            event |= _BROADCAST
        self._events.append(event)

    def finished(
        self, function_code: int, response: bytes | None, is_broadcast: bool = False
    ) -> None:
        """Note what became of a request, which is noted as received first if it is not yet.

        None is no response.
        """
        if not self.is_noting:
            self.received()
        self.is_noting = False
        event = _SENT
        if not response or is_broadcast:
            self.server_no_response_count += 1
        if self._is_listening_only:
            event |= _LISTENING
        elif response and response[0] & EXCEPTION_FLAG:
            event |= self._count_exception(response[-1])
        elif function_code != _POLL:
            self._event_count += 1
        self._log(event)
        if self._then is not None:
            then, self._then = self._then, None
            then()

    def afterwards(self, then: Callable[[], None]) -> None:
        """Call a function when the request under way is finished."""
        self._then = then

    def bad_frame(self) -> None:
        """Note a frame with a wrong checksum."""
        self.bus_communication_error_count += 1
        self._log_received(_COMMUNICATION_ERROR)

    def overrun(self) -> None:
        """Note a frame that was lost to a character overrun."""
        self.bus_character_overrun_count += 1
        self._log_received(_OVERRUN)

    def overheard(self) -> None:
        """Note a frame that is for another server on the line."""
        self._messages += 1
        self._not_served += 1

    def listen_only(self) -> None:
        """Begin to listen only."""
        self.is_listening_only = True
        self._settle()
        self._log(_LISTENING_BEGAN)

    def restart(self, *, clear_log: bool = False) -> None:
        """Begin anew, as after a start of the line; the log is kept or cleared."""
        self._settle()
        self.is_listening_only = False
        if self.ascii_delimiter is not None:
            self.ascii_delimiter = LINE_FEED
        self.clear()
        if clear_log:
            self._events.clear()
        self._log(_RESTARTED)

    def _count_exception(self, code: int) -> int:
        """Count an exception; return its bit of the event."""
        self.bus_exception_error_count += 1
        if code == ExceptionCode.SERVER_DEVICE_BUSY:
            self.server_busy_count += 1
        elif code == _NAK:
            self.server_nak_count += 1
        return _SENT_EXCEPTION.get(code, 0)

    def _log_received(self, what: int) -> None:
        self._settle()
        self._log(_RECEIVED | what | (_LISTENING if self._is_listening_only else 0))

    def _log(self, event: int) -> None:
        events = self._events
        events.append(event)
        if len(events) > _MOST_KEPT:
            del events[:-MAX_EVENTS]

    def _settle(self) -> None:
        """Note the quick ones, which came before anything that is noted from now on."""
        count = self.quick_count
        if not count:
            return
        self.quick_count = 0
        self._messages += count
        self._event_count += count
        self._events += bytes((_RECEIVED, _SENT)) * min(count, MAX_EVENTS // 2)
