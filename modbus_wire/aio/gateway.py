"""The async gateway: a server in front of async clients, in one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from modbus_wire.access import Access
from modbus_wire.aio.client import AsyncClient
from modbus_wire.aio.server import AsyncServing
from modbus_wire.conversation import Later
from modbus_wire.endpoint import Endpoint
from modbus_wire.framing.base import Framing
from modbus_wire.gateway import (
    MAX_WAITING,
    Done,
    GatewayConversation,
    Route,
    Routes,
    passed_on,
    refusal,
)
from modbus_wire.limits import Limits
from modbus_wire.pdu.raw import RawPdu
from modbus_wire.peer import Peer
from modbus_wire.trace import Trace


class AsyncGateway(AsyncServing):
    """A Modbus server that passes requests on to the devices behind other clients.

    The twin of `Gateway`. As many requests go out to a device at once as its client lets.
    """

    def __init__(
        self,
        client: AsyncClient | Mapping[int, AsyncClient],
        host: str | Endpoint = "127.0.0.1",
        port: int | None = None,
        *,
        framing: Framing | None = None,
        allow: Iterable[str] = (),
        max_connections: int | None = None,
        idle_timeout: float | None = None,
        trace: Trace | None = None,
        access: Access | None = None,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        """Make a stopped gateway; the parameters are those of `Gateway`."""
        limits = Limits(allow, max_connections, idle_timeout)
        super().__init__(host, port, framing, limits, trace)
        if max_waiting < 1:
            raise ValueError(f"max_waiting {max_waiting} is not above 0")
        self.access = access
        by_unit = client if isinstance(client, Mapping) else {}
        clients = dict.fromkeys(by_unit.values() if isinstance(client, Mapping) else [client])
        for one in clients:
            if not isinstance(one, AsyncClient):
                raise TypeError(f"an AsyncGateway asks an AsyncClient, not {one!r}")
        ways = {one: _Way(one, max_waiting) for one in clients}
        self._ways = list(ways.values())
        self._routes: Routes[Route] = Routes(
            None if isinstance(client, Mapping) else ways[client],
            {unit_id: ways[one] for unit_id, one in by_unit.items()},
        )

    async def stop(self) -> None:
        await super().stop()
        for way in self._ways:
            await way.stop()

    def _forsake(self) -> None:
        super()._forsake()
        for way in self._ways:
            way.forsake()

    def talk(self, peer: Peer, later: Later) -> GatewayConversation:
        return GatewayConversation(
            self._routes,
            self.framing,
            peer,
            later,
            self.access,
            self.tracer(peer),
            shared_line=self.is_on_line,
        )


class _Way:
    """One client and the requests that it carries out or that wait for it."""

    def __init__(self, client: AsyncClient, max_waiting: int) -> None:
        self.broadcasts = client.endpoint.framing is not Framing.TCP
        self._client = client
        self._most = max_waiting + client.max_in_flight
        self._tasks: dict[asyncio.Task[None], object] = {}
        """What is under way, and for whom."""

    def forward(self, asker: object, unit_id: int, request: RawPdu, done: Done) -> bool:
        if len(self._tasks) >= self._most:
            return False
        task = asyncio.get_running_loop().create_task(self._carry_out(unit_id, request, done))
        self._tasks[task] = asker
        task.add_done_callback(self._done)
        return True

    def forget(self, asker: object) -> None:
        for task, one in self._tasks.items():
            if one is asker:
                task.cancel()  # what was sent keeps its place: its answer is not another's

    async def stop(self) -> None:
        """Give up what is being waited for and close the connection."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.close()

    def forsake(self) -> None:
        """Forget what an event loop that has ended was waiting for."""
        self._tasks.clear()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)

    async def _carry_out(self, unit_id: int, request: RawPdu, done: Done) -> None:
        try:
            answer = passed_on(request, await self._client.execute(request, unit_id=unit_id))
        except Exception as error:
            answer = refusal(request, error)
        done(answer)
