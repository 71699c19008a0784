"""The async server: where it listens, when it starts and stops."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable

from modbus_wire.aio.datagrams import DatagramRun
from modbus_wire.aio.streams import StreamRun
from modbus_wire.conversation import Later
from modbus_wire.endpoint import Endpoint, SerialEndpoint, UdpEndpoint
from modbus_wire.framing.base import Framing
from modbus_wire.handler import Banks, Handler
from modbus_wire.limits import Limits
from modbus_wire.peer import Peer
from modbus_wire.server_connection import ServerConnection
from modbus_wire.serving import Serving
from modbus_wire.sync.listening import bind_datagrams, is_numeric, listen
from modbus_wire.trace import Trace
from modbus_wire.typed import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from types import TracebackType


class Run(Protocol):
    """One run of a server in an event loop."""

    @property
    def address(self) -> tuple[str, int]: ...

    @property
    def connections(self) -> int: ...

    async def open(self) -> None: ...

    async def stop(self) -> None: ...

    def forsake(self) -> None: ...


class AsyncServing(Serving):
    """A server in the running event loop; what it answers is the matter of subclasses."""

    def __init__(
        self,
        host: str | Endpoint,
        port: int | None,
        framing: Framing | None,
        limits: Limits,
        trace: Trace | None,
    ) -> None:
        super().__init__(host, port, framing, limits, trace)
        self._changing = asyncio.Lock()
        self._run: Run | None = None
        self._home: asyncio.AbstractEventLoop | None = None
        """The event loop that used it last."""

        self._ended: asyncio.Future[None] | None = None
        """Done when the run ends, where somebody waits for that."""

    @property
    def is_running(self) -> bool:
        """Whether it serves; where its event loop has ended it does no more."""
        return self._running() is not None

    @property
    def address(self) -> tuple[str, int]:
        run = self._running()
        return (self.host, self.port) if run is None else run.address

    @property
    def connections(self) -> int:
        """How many clients are connected; always 0 for datagrams and on a serial line."""
        run = self._running()
        return 0 if run is None else run.connections

    async def start(self) -> None:
        """Listen and serve in the running event loop, until `stop`; a running server stays so.

        Raises `OSError` where it cannot listen at host and port.
        """
        self._settle()
        async with self._changing:
            if self._run is None:
                self._run = await self._new_run()

    async def stop(self) -> None:
        """Close the listener and every connection, and wait until that is done."""
        self._settle()
        async with self._changing:
            if self._run is None:
                return
            run, self._run = self._run, None
            await run.stop()
            if self._ended is not None:
                self._ended.set_result(None)
                self._ended = None

    async def serve_forever(self) -> None:
        """Serve until `stop` is called elsewhere, or this is cancelled; raises as `start`."""
        await self.start()
        if self._ended is None:
            self._ended = asyncio.get_running_loop().create_future()
        try:
            await asyncio.shield(self._ended)
        finally:
            await self.stop()

    def _settle(self) -> None:
        """Belong to the running event loop; raises RuntimeError where another one is in use."""
        loop = asyncio.get_running_loop()
        if loop is self._home:
            return
        if self._running() is not None or self._changing.locked():
            raise RuntimeError(f"{self!r} runs in another event loop")
        self._changing = asyncio.Lock()
        self._home = loop

    def _running(self) -> Run | None:
        """Return the run, unless its event loop has ended: then what it held is given back."""
        if self._home is not None and self._home.is_closed():
            self._forsake()
        return self._run

    def _forsake(self) -> None:
        """Be stopped, without the event loop that would have to do it."""
        run, self._run = self._run, None
        self._home = self._ended = None
        self._changing = asyncio.Lock()
        if run is not None:
            run.forsake()

    async def _new_run(self) -> Run:
        converse, endpoint = self.conversations(), self.endpoint
        run: Run
        if isinstance(endpoint, SerialEndpoint):
            from modbus_wire.aio.serial_line import SerialRun

            run = SerialRun(endpoint, converse)
        elif isinstance(endpoint, UdpEndpoint):
            run = DatagramRun(await self._bound(bind_datagrams), converse, self.limits)
        else:
            run = StreamRun(await self._bound(listen), converse, self.limits)
        await run.open()
        return run

    async def _bound(self, bind: Callable[[str, int], socket.socket]) -> socket.socket:
        """Return a socket bound to host and port; a name is looked up without holding the loop."""
        if is_numeric(self.host):
            return bind(self.host, self.port)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, bind, self.host, self.port)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()


class AsyncServer(AsyncServing):
    """A Modbus server in the running event loop, on any transport; the twin of `Server`.

    It serves one bank under every unit id, one under each unit id of a mapping, or a `Handler` of
    the user's. The bank's methods and the hooks are called in the event loop: while one waits,
    everybody waits.

    A peer that breaks the protocol or the connection loses its connection, and nobody else does.
    A peer that does not read its answers, or for whom 256 are held back, is not read from either.
    """

    def __init__(
        self,
        bank: Banks | Handler,
        host: str | Endpoint = "127.0.0.1",
        port: int | None = None,
        *,
        framing: Framing | None = None,
        allow: Iterable[str] = (),
        max_connections: int | None = None,
        idle_timeout: float | None = None,
        trace: Trace | None = None,
    ) -> None:
        """Make a stopped server; the parameters are those of `Server`."""
        limits = Limits(allow, max_connections, idle_timeout)
        super().__init__(host, port, framing, limits, trace)
        self.handler = bank if isinstance(bank, Handler) else Handler(bank)

    def talk(self, peer: Peer, later: Later) -> ServerConnection:
        return ServerConnection(
            self.handler,
            self.framing,
            peer,
            self.tracer(peer),
            shared_line=self.is_on_line,
            later=later,
        )
