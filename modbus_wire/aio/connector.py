"""An async client's way to its server: connecting for all that wait, closing, changing the loop."""

from __future__ import annotations

import asyncio
from time import monotonic

from modbus_wire.aio.opening import open_link
from modbus_wire.aio.pipeline import Pipeline
from modbus_wire.aio.queue import Queue, another
from modbus_wire.errors import ConnectError, ConnectionClosedError
from modbus_wire.sync.settings import Settings
from modbus_wire.typed import Any


class Connector(Settings):
    """The connection of a client: there is one, one is being made for all that wait, or none."""

    def __init__(self, *args: Any, max_waiting: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._queue = Queue(max_waiting, self.peer)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pipeline: Pipeline | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._openers: list[asyncio.Future[None]] = []
        self._failures = 0
        """How many connections in a row could not be made, or ended at their first request."""

        self._next_attempt = 0.0
        """When the server may be tried again, on the monotonic clock."""

        self._active_at = 0.0
        """When the last connection was used last, on the monotonic clock."""

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
        self._failures = 0
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
        error = ConnectionClosedError("this side closed the connection")
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
        self._sweep()
        if self._connecting is not None and not (self._queue.waiting or self._openers):
            self._connecting.cancel()

    def _sweep(self) -> None:
        """Forget the waiting who were cancelled."""
        self._queue.sweep()
        self._openers = [opened for opened in self._openers if not opened.done()]

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
        self._connecting.add_done_callback(self._gave_up)

    def _gave_up(self, attempt: asyncio.Task[None]) -> None:
        """Take note of a cancelled attempt to connect, which may not even have begun."""
        if attempt is self._connecting:
            self._connecting = None
            self._sweep()
            self._advance()

    async def _connect(self) -> None:
        """Open the link for all that wait; how that ends is theirs to hear."""
        try:
            pipeline = await self._open_pipeline()
        except Exception as error:
            self._connecting = None
            self.statistics.failed_connects += 1
            self._back_off()
            self._fail_openers(error)
            self._queue.end_all(error)
            return
        self._connecting = None
        self.statistics.connects += 1
        self._pipeline = pipeline
        for opened in self._take_openers():
            opened.set_result(None)

    async def _open_pipeline(self) -> Pipeline:
        deadline = monotonic() + self.timeout
        endpoint, peer = self.endpoint, self.peer
        self._queue.peer = peer
        connection = self._new_connection()
        pipeline = Pipeline(
            connection,
            endpoint.framing,
            self._queue,
            self.max_in_flight,
            self.timeout,
            self._ended,
        )
        pipeline.active_at = self._active_at
        await open_link(endpoint, pipeline, deadline)
        if self.connect_delay:
            try:
                await asyncio.sleep(self.connect_delay)
            except asyncio.CancelledError:
                pipeline.link.abort()
                raise
        if not pipeline.is_over:
            pipeline.pump()  # what waits goes out with the connection, or fails with it
        if pipeline.is_over:
            raise ConnectError(f"{peer} closed the connection at once")
        return pipeline

    def _ended(self, pipeline: Pipeline) -> None:
        if self._pipeline is pipeline:
            self._pipeline = None
            self._active_at = pipeline.active_at
            if pipeline.has_failed:
                self._back_off()
            elif pipeline.has_answered:
                self._failures = 0
            self._advance()

    def _back_off(self) -> None:
        """Leave the server alone for a while, where the settings say so."""
        self._failures += 1
        if self.backoff is not None:
            self._next_attempt = monotonic() + self.backoff.delay(self._failures)

    def _fail_openers(self, error: Exception) -> None:
        for opened in self._take_openers():
            opened.set_exception(another(error))

    def _take_openers(self) -> list[asyncio.Future[None]]:
        """Return the futures of those who wait in `open`, who then do so no more."""
        openers, self._openers = self._openers, []
        return [opened for opened in openers if not opened.done()]
