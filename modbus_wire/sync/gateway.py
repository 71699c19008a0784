"""The blocking gateway: a server in front of clients, each with a thread that waits for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from threading import Condition, Thread, current_thread

from modbus_wire.access import Access
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
from modbus_wire.sync.client import Client
from modbus_wire.sync.server import BlockingServer
from modbus_wire.trace import Trace
from modbus_wire.typed import TypeAlias

_ASK_AGAIN = 0.05
"""Seconds until a thread that has just begun to wait for a device is told once more to stop."""

_Job: TypeAlias = tuple[object, int, RawPdu, Done]


class Gateway(BlockingServer):
    """A Modbus server that passes requests on to the devices behind other clients.

    It asks one client for all units, or that of each unit id in a mapping. Each client has a
    thread: one that waits for its device holds up nobody who asks through another.

    The client hears what the device answers, exceptions as they are. Exception 0A means that there
    is no client for the unit or that it cannot connect, 0B that the device did not answer, 06 that
    ``max_waiting`` requests wait for the same client already, 01 that ``access`` denies it. A write
    to unit 0 goes to all lines that can broadcast, and the gateway answers in their place.

    A client that closes its connection has nothing carried out any more but what was sent already.
    Who waits for 256 answers on one connection is not read from until some have come.

    `stop` closes the clients' connections too; the next request opens them again.
    """

    def __init__(
        self,
        client: Client | Mapping[int, Client],
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
        """Make a stopped gateway; the parameters that `Server` has as well mean the same.

        ``access`` is called with the peer, the unit id and the request, a `RawPdu`; `RoleAccess` is
        one. ``max_waiting`` is how many requests may wait for one client beside the one that it
        carries out. Raises TypeError or ValueError for what cannot be.
        """
        limits = Limits(allow, max_connections, idle_timeout)
        super().__init__(host, port, framing, limits, trace)
        if max_waiting < 1:
            raise ValueError(f"max_waiting {max_waiting} is not above 0")
        self.access = access
        by_unit = client if isinstance(client, Mapping) else {}
        clients = dict.fromkeys(by_unit.values() if isinstance(client, Mapping) else [client])
        for one in clients:
            if not isinstance(one, Client):
                raise TypeError(f"a Gateway asks a Client, not {one!r}")
        workers = {one: _Worker(one, max_waiting) for one in clients}
        self._workers = list(workers.values())
        self._routes: Routes[Route] = Routes(
            None if isinstance(client, Mapping) else workers[client],
            {unit_id: workers[one] for unit_id, one in by_unit.items()},
        )

    def start(self) -> None:
        super().start()
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        for worker in self._workers:
            worker.ask_to_stop()
        super().stop()
        for worker in self._workers:
            worker.stop()

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


class _Worker:
    """One client and the requests that wait for it."""

    def __init__(self, client: Client, max_waiting: int) -> None:
        self.broadcasts = client.endpoint.framing is not Framing.TCP
        self._client = client
        self._most = max_waiting + 1
        self._jobs: deque[_Job] = deque()
        self._is_asking = False
        """Whether one more is being carried out."""

        self._changed = Condition()
        self._thread: Thread | None = None
        self._stopping = False

    def start(self) -> None:
        """Let the requests be carried out, if they are not yet."""
        if self._thread is None:
            self._stopping = False
            self._thread = Thread(target=self._run, name="modbus-gateway", daemon=True)
            self._thread.start()

    def forward(self, asker: object, unit_id: int, request: RawPdu, done: Done) -> bool:
        with self._changed:
            if len(self._jobs) + self._is_asking >= self._most:
                return False
            self._jobs.append((asker, unit_id, request, done))
            self._changed.notify()
        return True

    def forget(self, asker: object) -> None:
        with self._changed:
            self._jobs = deque(job for job in self._jobs if job[0] is not asker)

    def ask_to_stop(self) -> None:
        """Let nothing more be carried out."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def stop(self) -> None:
        """Give up what is being waited for, and wait until the thread has ended."""
        thread, self._thread = self._thread, None
        if thread is None or thread is current_thread():
            return
        while thread.is_alive():
            self._client.close()
            thread.join(_ASK_AGAIN)
        self._client.close()
        self._jobs.clear()

    def _next(self) -> _Job | None:
        """Wait for what is to be carried out; None: nothing any more."""
        with self._changed:
            self._is_asking = False
            while not (self._jobs or self._stopping):
                self._changed.wait()
            if self._stopping:
                return None
            self._is_asking = True
            return self._jobs.popleft()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            _, unit_id, request, done = job
            try:
                answer = passed_on(request, self._client.execute(request, unit_id=unit_id))
            except Exception as error:
                answer = refusal(request, error)
            done(answer)
