"""The blocking client: one connection, shared by threads, one deadline per request."""

from __future__ import annotations

from collections.abc import Mapping
from threading import get_ident

from modbus_wire.endpoint import Endpoint
from modbus_wire.errors import (
    ClientBusy,
    ConnectError,
    ConnectionClosedError,
    ModbusError,
)
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.base import R, Request
from modbus_wire.policy import Backoff, Ids, Policy
from modbus_wire.recovery import blame, check_reads, check_request, is_worth_a_retry
from modbus_wire.sync.exchange import Burst, Exchanger
from modbus_wire.sync.methods import Methods
from modbus_wire.sync.turn import Turn
from modbus_wire.trace import Trace
from modbus_wire.typed import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class Client(Exchanger, Methods):
    """A blocking Modbus client of one server.

    ``host`` is a name, an address, a URL (``rtu:///dev/ttyUSB0``) or an endpoint. It connects when
    first used and again when the connection is gone. Threads may share it: one request is under way
    at a time, and none waits longer for the others than each of them may take. The timeout bounds a
    whole exchange, however many pieces the response comes in; connecting has the same bound.

    The first request after the server closed an idle connection is not lost: a read is asked again
    on a new connection, and a write looks whether the connection still stands before it is sent.
    No write is ever sent twice; a write that got no answer fails with an error whose
    ``may_have_been_applied`` is True.

    All methods raise `RequestError` (nothing was sent), `ConnectError`, `ConnectionClosedError`,
    `ResponseTimeout`, `ProtocolError` or an `ExceptionResponse`. The child of a fork makes a
    connection of its own.
    """

    def __init__(
        self,
        host: str | Endpoint,
        port: int | None = None,
        *,
        unit_id: int = 1,
        timeout: float | None = None,
        policy: Policy | None = None,
        units: Mapping[int, Policy] | None = None,
        connect_delay: float = 0.0,
        backoff: Backoff | None = None,
        ids: Ids = Ids.STRICT,
        framing: Framing | None = None,
        max_in_flight: int = 1,
        trace: Trace | None = None,
    ) -> None:
        """Take the settings; raises ValueError or TypeError for those that cannot be.

        ``timeout`` is short for a ``policy`` with that timeout; ``units`` are the policies of
        single units. ``connect_delay`` (seconds) is what the server needs after a connection was
        made. ``max_in_flight`` (1 to 16) is how many requests of one `read_many` may be under way
        at once, where the framing has transaction ids. ``trace`` is called with each frame.
        """
        super().__init__(
            host,
            port,
            unit_id=unit_id,
            timeout=timeout,
            policy=policy,
            units=units,
            connect_delay=connect_delay,
            backoff=backoff,
            ids=ids,
            framing=framing,
            max_in_flight=max_in_flight,
            trace=trace,
        )
        from modbus_wire.sync.forks import remember

        self._turn = Turn()
        remember(self, Client._after_fork)

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as this side knows."""
        return self._link is not None

    def open(self) -> None:
        """Connect now, anew where a connection stands, whatever the back-off.

        Raises `ConnectError`.
        """
        turn = self._turn
        self._refuse_nesting()
        with turn.lock:
            turn.owner = get_ident()
            try:
                self._next_attempt = 0.0
                self._connect()
                self._failures = 0
            finally:
                turn.owner = 0

    def close(self) -> None:
        """Close the connection and fail all requests; the next request connects again.

        What waits for its turn is not sent. It may be called from any thread, and out of a signal
        handler.
        """
        self._closings += 1
        link = self._link
        if link is not None and self._turn.lock.locked():
            link.abort()
        if self._turn.is_own:
            self._drop()
            self._stop_waiting()
            return
        self._closed.set()
        with self._turn.lock:
            self._closed.clear()
            self._drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def execute(self, request: Request[R], *, unit_id: int | None = None) -> R:
        """Carry out any request and return its result."""
        if unit_id is None:
            unit_id = self.unit_id
        policy = self.policy if not self.units else self.policy_of(unit_id)
        turn = self._turn
        lock = turn.lock
        closings = self._closings
        retries = 0
        while True:
            tried = -1
            if lock.locked():
                self._refuse_nesting()
                turn.announce()
                tried = self.statistics.failed_connects
            try:
                with lock:
                    turn.owner = get_ident()
                    try:
                        if closings != self._closings:
                            raise ConnectionClosedError("this side closed the connection")
                        if tried >= 0:
                            self._share_failure(tried)
                        return self._ask(request, unit_id, policy)
                    finally:
                        turn.owner = 0
            except AttributeError:
                check_request(request)
                raise
            except ModbusError as error:
                may_retry = retries < policy.retries and closings == self._closings
                self._retry_or_raise(error, request, unit_id, may_retry=may_retry)
                retries += 1
            finally:
                if turn.waiting:
                    turn.end()

    def _refuse_nesting(self) -> None:
        if self._turn.is_own:
            raise ClientBusy("a request of this thread is under way; a trace cannot make another")

    def _share_failure(self, tried: int) -> None:
        """Raise `ConnectError` where who had the turn before has just failed to connect.

        Otherwise the threads that wait for an unreachable server would try it one after the other.
        """
        if self._link is None and self.statistics.failed_connects != tried:
            raise ConnectError(f"{self.peer} could not be reached while this request waited")

    def _after_fork(self) -> None:
        """Forget, in the child of a fork, the connection that is the parent's."""
        self._turn = Turn()
        link, self._link = self._link, None
        if link is not None:
            link.forsake()

    def _ask(self, request: Request[R], unit_id: int, policy: Policy) -> R:
        """Carry a request out, on a new connection where it is needed; this thread has the turn."""
        turn = self._turn
        if turn.waiting:
            turn.begin()
        link = old = self._link
        if link is None or request.writes or policy.request_delay or self._is_careful:
            link = self._ready(request, policy)
        if link is not old:
            return self._exchange_first(link, request, unit_id, policy)
        try:
            return self._exchange(link, request, unit_id, policy)
        except ConnectionClosedError:
            if request.writes or link.aborted:
                raise
        self.statistics.unit(unit_id).retries += 1  # the server closed the idle connection
        return self._exchange_first(self._connect(), request, unit_id, policy)

    def _retry_or_raise(
        self, error: ModbusError, request: Request[R], unit_id: int, *, may_retry: bool
    ) -> None:
        if error.request is None:
            blame(error, request, self.peer, unit_id)
        if not (may_retry and is_worth_a_retry(error, request)):
            raise error
        self.statistics.unit(unit_id).retries += 1

    def _read_many(self, reads: list[Request[R]], unit_id: int | None) -> list[R]:
        if unit_id is None:
            unit_id = self.unit_id
        check_reads(reads, self.peer, unit_id)
        at_once = 1 if self._is_careful else self.max_in_flight
        if at_once == 1 or self.policy_of(unit_id).request_delay:
            return [self.execute(request, unit_id=unit_id) for request in reads]
        results: list[R] = []
        for start in range(0, len(reads), at_once):
            burst = Burst(reads[start : start + at_once])
            try:
                answers: list[R] = self.execute(burst, unit_id=unit_id)
            except ModbusError as error:
                if error.request is burst:
                    error.request = burst.reads[0]
                raise
            results += answers
        return results
