"""The async client: one connection, shared by tasks, several requests under way on it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from modbus_wire.aio.connector import Connector
from modbus_wire.aio.exchange import Batch, Exchange
from modbus_wire.aio.methods import AsyncMethods
from modbus_wire.endpoint import Endpoint
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.base import R, Request
from modbus_wire.policy import Backoff, Ids, Policy
from modbus_wire.recovery import check_reads, check_request
from modbus_wire.trace import Trace
from modbus_wire.typed import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class AsyncClient(Connector, AsyncMethods):
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
            max_waiting=max_waiting,
        )

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
        try:
            writes = request.writes
        except AttributeError:
            check_request(request)
            raise
        units = self.units
        policy = units.get(unit_id, self.policy) if units else self.policy
        statistics = self.statistics
        unit = statistics.units.get(unit_id) or statistics.unit(unit_id)
        pipeline = self._pipeline
        exchange = Exchange(loop, request, unit_id, policy, unit, pipeline is not None)
        if pipeline is None:
            self._queue.put(exchange)
            self._advance()
        elif (
            pipeline.is_prompt
            and len(pipeline.in_flight) < pipeline.most
            and not (self._queue.waiting or writes or policy.request_delay)
        ):
            pipeline.send(exchange)
        else:
            if len(self._queue.waiting) >= self._queue.max_waiting:
                pipeline.pump()  # what waits for the next turn of the loop only
            self._queue.put(exchange)
            pipeline.pump_soon()
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
        check_reads(reads, self.peer, unit_id)
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
