"""One client's connection and what passes over it: connecting, exchanging, giving up."""

from __future__ import annotations

from threading import Event
from time import monotonic

from modbus_wire.connection import ClientConnection
from modbus_wire.errors import (
    ConnectError,
    ConnectionClosedError,
    ExceptionResponse,
    ModbusError,
    ProtocolError,
    ResponseMismatch,
    ResponseTimeout,
)
from modbus_wire.pdu.base import AnyRequest, R, Request
from modbus_wire.policy import Policy
from modbus_wire.recovery import blame, note_outcome
from modbus_wire.statistics import UnitStatistics
from modbus_wire.sync.link import Link, open_link
from modbus_wire.sync.settings import Settings
from modbus_wire.typed import Any

_MOST_LATE_PIECES = 16
"""How much an idle connection may have brought; whoever sends more never stops."""

_BURST_SIZE = 4352
"""Bytes of the answers to 16 requests, and some more."""


class Burst(Request[list[R]]):
    """Reads that are under way together, as if they were one request.

    A repeated burst asks only what has no result yet.
    """

    __slots__ = ("reads", "results")

    writes = False

    def __init__(self, reads: list[Request[R]]) -> None:
        self.reads = reads
        self.results: dict[int, R] = {}
        """The results that came, by their places among the reads."""

    def missing(self) -> list[int]:
        """Return the places of the reads without a result."""
        return [place for place in range(len(self.reads)) if place not in self.results]


class Exchanger(Settings):
    """The connection of a client; whoever uses it holds the client's turn."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._link: Link | None = None
        self._closed = Event()
        """Set while `close` waits for whoever has the turn."""

        self._is_pausing = False
        self._was_closed_inside = False
        self._closings = 0
        """How often the client was closed."""

        self._failures = 0
        """How many connections in a row could not be made, or ended at their first request."""

        self._next_attempt = 0.0
        """When the server may be tried again, on the monotonic clock."""

        self._last_heard = 0.0
        """When the link was used last, on the monotonic clock."""

        self._timed_out = -1
        """How many requests the connection had sent when one timed out."""

        self._use(self._new_connection())

    def _use(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._is_careful = not connection.tells_late_answers
        """Whether a late answer could pass for the next one."""

    def _connect(self) -> Link:
        self._drop()
        wait = self._next_attempt - monotonic()
        if wait > 0:
            raise ConnectError(f"{self.peer} could not be reached; next attempt in {wait:.3g} s")
        try:
            link = open_link(self.endpoint, self.timeout)
        except ConnectError:
            self.statistics.failed_connects += 1
            self._back_off()
            raise
        self.statistics.connects += 1
        self._timed_out = -1
        self._use(self._new_connection())
        self._link = link
        self._wait_until(monotonic() + self.connect_delay)
        return link

    def _back_off(self) -> None:
        """Leave the server alone for a while, where the settings say so."""
        self._failures += 1
        if self.backoff is not None:
            self._next_attempt = monotonic() + self.backoff.delay(self._failures)

    def _ready(self, request: AnyRequest, policy: Policy) -> Link:
        """Return a link on which nothing is under way, after the silence that the unit needs.

        A read needs none where its id tells its answer, and is asked again where the link ended.
        """
        if policy.request_delay:
            self._wait_until(self._last_heard + policy.request_delay)
        link = self._link
        if link is None:
            return self._connect()
        if (request.writes or self._is_careful) and not self._is_quiet(link):
            return self._connect()
        return link

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _wait_until(self, moment: float) -> None:
        """Wait, holding the turn; raises `ConnectionClosedError` where the client is closed."""
        self._is_pausing = True
        is_closed = self._closed.wait(max(moment - monotonic(), 0.0))
        self._is_pausing = False
        if self._was_closed_inside:
            self._was_closed_inside = False
            self._closed.clear()
        if is_closed:
            raise ConnectionClosedError("this side closed the connection")

    def _stop_waiting(self) -> None:
        """End `_wait_until` of this very thread."""
        if self._is_pausing:
            self._was_closed_inside = True
            self._closed.set()

    def _exchange(self, link: Link, request: Request[R], unit_id: int, policy: Policy) -> R:
        if request.__class__ is Burst:
            results: R = self._exchange_burst(link, request, unit_id, policy)
            return results
        connection = self._connection
        transaction_id, frame = connection.send(request, unit_id)
        start = monotonic()
        try:
            if transaction_id is None:
                link.send(frame)
                return self._unanswered(request, unit_id, frame)
            data = link.ask(frame, policy.timeout)
            size = len(data)
            while (response := connection.receive(data)) is None:
                data = link.receive(start + policy.timeout - monotonic())
                size += len(data)
        except BaseException as error:
            connection.forget(transaction_id)
            if not link.unsent:
                self._count_sent(unit_id, frame)
            self._fail(link, error, request, unit_id)
            raise
        self._last_heard = now = monotonic()
        seconds = now - start
        try:
            counts = self.statistics.units[unit_id]
        except KeyError:
            counts = self.statistics.unit(unit_id)
        counts.requests += 1
        counts.bytes_sent += len(frame)
        counts.responses += 1
        counts.bytes_received += size
        counts.latency += seconds
        if seconds > counts.latency_max:
            counts.latency_max = seconds
        try:
            return request.decode_response(response[1])
        except BaseException as error:
            self._fail(link, error, request, unit_id)
            raise

    def _exchange_first(self, link: Link, request: Request[R], unit_id: int, policy: Policy) -> R:
        """Exchange on a new link; where the server ends it at once, it has not been reached."""
        failures, self._failures = self._failures, 0
        try:
            return self._exchange(link, request, unit_id, policy)
        except (ConnectError, ConnectionClosedError):
            if not link.aborted:
                self._failures = failures
                self._back_off()
            raise

    def _unanswered(self, request: Request[R], unit_id: int, frame: bytes) -> R:
        self._count_sent(unit_id, frame)
        self._last_heard = monotonic()
        return request.unanswered()

    def _exchange_burst(self, link: Link, burst: Any, unit_id: int, policy: Policy) -> Any:
        """Ask what a `Burst` has no result of yet; what fails, fails it at once."""
        connection = self._connection
        results: dict[int, Any] = burst.results
        places = burst.missing()
        ids, frames = connection.send_many([burst.reads[place] for place in places], unit_id)
        place_of = dict(zip(ids, places, strict=True))
        counts = self.statistics.unit(unit_id)
        answered: int | None = None
        wait = policy.timeout
        now = start = monotonic()
        try:
            link.send_all(frames)
            counts.requests += len(frames)
            counts.bytes_sent += sum(map(len, frames))
            while len(results) < len(burst.reads):
                data = link.receive(wait, _BURST_SIZE)
                now = monotonic()
                responses = connection.receive_all(data)
                _count(counts, len(responses), now - start, len(data))
                for transaction_id, pdu in responses:
                    answered = place = place_of[transaction_id]
                    results[place] = burst.reads[place].decode_response(pdu)
                answered = None
                wait = start + policy.timeout - now
        except BaseException as error:
            for transaction_id in place_of:
                connection.forget(transaction_id)
            if isinstance(error, ModbusError):
                if isinstance(error, ResponseMismatch) and error.transaction_id in place_of:
                    answered = place_of[error.transaction_id]
                failed = burst.missing()[0] if answered is None else answered
                blame(error, burst.reads[failed], self.peer, unit_id)
            self._fail(link, error, burst, unit_id)
            raise
        self._last_heard = now
        return [results[place] for place in range(len(burst.reads))]

    def _count_sent(self, unit_id: int, frame: bytes) -> None:
        counts = self.statistics.unit(unit_id)
        counts.requests += 1
        counts.bytes_sent += len(frame)

    def _fail(self, link: Link, error: BaseException, request: AnyRequest, unit_id: int) -> None:
        """Count a failure, say what it means, and leave a link that cannot be trusted."""
        counts = self.statistics.unit(unit_id)
        sent = not link.unsent
        self._last_heard = monotonic()
        note_outcome(error, request, sent=sent)
        if isinstance(error, ExceptionResponse):
            counts.refused(error.code)
            return
        timed_out = isinstance(error, ResponseTimeout)
        counts.timeouts += timed_out
        if link.is_lasting and not isinstance(error, ConnectionClosedError):
            self._connection.framer.clear()
        elif not (timed_out and sent and not self._is_careful) or self._is_silent(request):
            self._drop()

    def _is_silent(self, request: AnyRequest) -> bool:
        """Whether two requests in a row timed out: the connection may be dead without a word."""
        sent = self._connection.sent
        before, self._timed_out = self._timed_out, sent
        return before == sent - (len(request.reads) if isinstance(request, Burst) else 1)

    def _is_quiet(self, link: Link) -> bool:
        """Whether an idle connection still stands, once the late answers on it are dropped."""
        try:
            for _ in range(_MOST_LATE_PIECES):
                data = link.take()
                self._connection.discard(data)
                if not data:
                    return True
        except (ConnectionClosedError, ProtocolError):
            pass
        return False


def _count(counts: UnitStatistics, answers: int, seconds: float, size: int) -> None:
    """Count the answers that came at once."""
    if answers:
        counts.answered(seconds, size)
        counts.responses += answers - 1
        counts.latency += seconds * (answers - 1)
    else:
        counts.bytes_received += size
