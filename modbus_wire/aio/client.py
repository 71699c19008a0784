"""The async client: one connection, shared by tasks, several requests under way on it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import monotonic

from modbus_wire.aio.exchange import Batch, Exchange
from modbus_wire.aio.methods import AsyncMethods
from modbus_wire.aio.opening import open_link
from modbus_wire.aio.pipeline import Pipeline
from modbus_wire.aio.queue import Queue, another
from modbus_wire.connection import ClientConnection
from modbus_wire.endpoint import Endpoint
from modbus_wire.errors import ConnectError, ConnectionClosedError, RequestError
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.base import R, Request
from modbus_wire.policy import Backoff, Ids, Policy
from modbus_wire.recovery import blame
from modbus_wire.sync.settings import Settings
from modbus_wire.trace import Trace, tracer_of
from modbus_wire.typed import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_CLOSED = "this side closed the connection"


class AsyncClient(Settings, AsyncMethods):
    """An async Modbus client of one server; `Client` is the blocking one.

    ``host`` is a name, an address, a URL (``rtu:///dev/ttyUSB0``) or an endpoint. It connects when
    first used and again when the connection is gone; the tasks of one event loop share it. Up to
    ``max_in_flight`` requests are under way at once, and up to ``max_waiting`` others wait for
    their turn: a unit that does not answer lets those of other units go first. The timeout bounds
    an exchange from its sending on; connecting has the same bound.

    The first request after the server closed an idle connection is not lost: a read is asked again
    on a new connection, and a write looks whether the connection still stands before it is sent.
    No write is ever sent twice; a write that got no answer fails with an error whose
    ``may_have_been_applied`` is True. A call that is cancelled disturbs no other; what it sent may
    have been applied.

    All methods raise `RequestError` or `ClientBusy` (nothing was sent), `ConnectError`,
    `ConnectionClosedError`, `ResponseTimeout`, `ProtocolError` or an `ExceptionResponse`.
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
        max_waiting: int = 1024,
    ) -> None:
        """Take the settings; raises ValueError or TypeError for those that cannot be.

        ``timeout`` is short for a ``policy`` with that timeout; ``units`` are the policies of
        single units. ``connect_delay`` (seconds) is what the server needs after a connection was
        made. ``max_in_flight`` (1 to 16) is how many requests may be under way at once, where the
        framing has transaction ids. ``trace`` is called with each frame.
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
        self._queue = Queue(max_waiting, self.peer)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pipeline: Pipeline | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._openers: list[asyncio.Future[None]] = []
        self._failures = 0
        """How many attempts to connect failed in a row."""

        self._next_attempt = 0.0
        """When the server may be tried again, on the monotonic clock."""

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as this side knows."""
        return self._pipeline is not None

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return len(self._queue.waiting)

    async def open(self) -> None:
        """Connect now, anew where a connection stands, whatever the back-off.

        What is under way on the old connection is waited for. Raises `ConnectError`.
        """
        loop = self._here()
        self._next_attempt = 0.0
        opened = loop.create_future()
        self._openers.append(opened)
        if self._pipeline is not None:
            self._pipeline.retire()
        self._advance()
        try:
            await opened
        except asyncio.CancelledError:
            self._forsaken()
            raise

    async def close(self) -> None:
        """Close the connection and fail all requests; the next request connects again."""
        self._here()
        error = ConnectionClosedError(_CLOSED)
        pipeline, connecting = self._pipeline, self._connecting
        self._next_attempt = 0.0
        self._fail_openers(error)
        self._queue.end_all(error)
        if connecting is not None:
            connecting.cancel()
            await asyncio.wait([connecting])
        if pipeline is not None:
            pipeline.stop(error)
            await pipeline.link.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def execute(self, request: Request[R], *, unit_id: int | None = None) -> R:
        """Carry out any request and return its result."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._move_to(loop)
        if unit_id is None:
            unit_id = self.unit_id
        policy = self.units.get(unit_id) or self.policy
        statistics = self.statistics
        unit = statistics.units.get(unit_id) or statistics.unit(unit_id)
        pipeline = self._pipeline
        exchange = Exchange(loop, request, unit_id, policy, unit, pipeline is not None)
        if pipeline is None:
            self._queue.put(exchange)
            self._advance()
        elif pipeline.joins:
            self._queue.put(exchange)
            pipeline.pump_soon()
        elif (
            pipeline.is_prompt
            and not (pipeline.in_flight or self._queue.waiting)
            and not (request.writes or policy.request_delay)
        ):
            pipeline.send(exchange)
        else:
            self._queue.put(exchange)
            pipeline.pump()
        try:
            await exchange
        except asyncio.CancelledError:
            self._forsaken()
            raise
        result: R = exchange.value
        return result

    async def _read_many(self, reads: list[Request[R]], unit_id: int | None) -> list[R]:
        if unit_id is None:
            unit_id = self.unit_id
        for request in reads:
            if request.writes:
                error = RequestError("read_many reads only")
                blame(error, request, self.peer, unit_id)
                raise error
        if not reads:
            return []
        loop = self._here()
        policy = self.policy_of(unit_id)
        unit = self.statistics.unit(unit_id)
        pipeline = self._pipeline
        stands = pipeline is not None
        batch = Batch(loop, len(reads))
        self._queue.put_all(
            [
                Exchange(loop, request, unit_id, policy, unit, stands, batch, index)
                for index, request in enumerate(reads)
            ]
        )
        if pipeline is None:
            self._advance()
        else:
            pipeline.pump()
        try:
            await batch
        except asyncio.CancelledError:
            self._forsaken()
            raise
        results: list[R] = batch.value
        return results

    def _here(self) -> asyncio.AbstractEventLoop:
        """Return the running event loop, which is the client's from now on."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._move_to(loop)
        return loop

    def _move_to(self, loop: asyncio.AbstractEventLoop) -> None:
        """Leave an event loop for another; raises RuntimeError where that is still in use."""
        old = self._loop
        if old is not None and (self._pipeline or self._connecting or self._queue.waiting):
            if not old.is_closed():
                raise RuntimeError(f"{self!r} is in use in another event loop; close it there")
            if self._pipeline is not None:
                self._pipeline.link.forsake()
            self._pipeline = self._connecting = None
            self._queue.waiting.clear()
            self._openers.clear()
        self._loop = loop

    def _forsaken(self) -> None:
        """Leave what nobody waits for any more."""
        self._queue.sweep()
        wanted = self._queue.waiting or not all(opened.done() for opened in self._openers)
        if self._connecting is not None and not wanted:
            self._connecting.cancel()

    def _advance(self) -> None:
        """Connect where that is needed and not under way."""
        if self._pipeline is not None or self._connecting is not None:
            return
        if not (self._queue.waiting or self._openers):
            return
        wait = self._next_attempt - monotonic()
        if wait > 0:
            text = f"{self.peer} could not be reached; next attempt in {wait:.3g} s"
            self._queue.end_all(ConnectError(text))
            return
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        """Open the link for all that wait; how that ends is theirs to hear."""
        try:
            pipeline = await self._open_pipeline()
        except asyncio.CancelledError:
            self._connecting = None
            self._advance()
            raise
        except Exception as error:
            self._connecting = None
            self.statistics.failed_connects += 1
            self._failures += 1
            if self.backoff is not None:
                self._next_attempt = monotonic() + self.backoff.delay(self._failures)
            self._fail_openers(error)
            self._queue.end_all(error)
            return
        self._connecting = None
        self.statistics.connects += 1
        self._failures = 0
        self._pipeline = pipeline
        for opened in self._take_openers():
            opened.set_result(None)
        pipeline.pump()

    async def _open_pipeline(self) -> Pipeline:
        deadline = monotonic() + self.timeout
        endpoint, peer = self.endpoint, self.peer
        self._queue.peer = peer
        trace = None if self.trace is None else tracer_of(self.trace, peer)
        connection = ClientConnection(endpoint.framing, trace, self.ids)
        pipeline = Pipeline(
            connection,
            endpoint.framing,
            self._queue,
            self.max_in_flight,
            self.timeout,
            self._ended,
        )
        await open_link(endpoint, pipeline, deadline)
        if self.connect_delay:
            try:
                await asyncio.sleep(self.connect_delay)
            except asyncio.CancelledError:
                pipeline.link.abort()
                raise
        if pipeline.is_over:
            raise ConnectError(f"{peer} closed the connection at once")
        return pipeline

    def _ended(self, pipeline: Pipeline) -> None:
        if self._pipeline is pipeline:
            self._pipeline = None
            self._advance()

    def _fail_openers(self, error: Exception) -> None:
        for opened in self._take_openers():
            opened.set_exception(another(error))

    def _take_openers(self) -> list[asyncio.Future[None]]:
        """Return the futures of those who wait in `open`, who then do so no more."""
        openers, self._openers = self._openers, []
        return [opened for opened in openers if not opened.done()]
