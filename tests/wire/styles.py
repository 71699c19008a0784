"""Servers of both styles used alike: an async server is run by an event loop in a thread."""

import asyncio
import threading
from collections.abc import Coroutine, Iterable
from types import TracebackType
from typing import Any, Protocol, Self

from modbus_wire.aio.server import AsyncServer, AsyncServing
from modbus_wire.endpoint import Endpoint
from modbus_wire.framing.base import Framing
from modbus_wire.handler import Banks, Handler
from modbus_wire.sync.server import BlockingServer, Server
from modbus_wire.trace import Trace
from tests.wire.loops import NewLoop, new_uvloop
from tests.wire.peers import LIMIT


class InThread:
    """An async server and the thread whose event loop runs it."""

    def __init__(self, server: AsyncServing, new_loop: NewLoop = asyncio.new_event_loop) -> None:
        self.server = server
        self._new_loop = new_loop
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.server.address

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return self.server.connections

    @property
    def is_running(self) -> bool:
        """Whether it serves."""
        return self.server.is_running

    def run(self, work: Coroutine[Any, Any, object]) -> None:
        """Run a coroutine where the server lives, to its end."""
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(work, self._loop).result(LIMIT)

    def start(self) -> None:
        """Serve."""
        if self._loop is None:
            self._loop = self._new_loop()
            self._thread = threading.Thread(target=self._loop.run_forever)
            self._thread.start()
        try:
            self.run(self.server.start())
        except BaseException:
            self._end()
            raise

    def stop(self) -> None:
        """Stop serving and end the event loop."""
        if self._loop is not None:
            self.run(self.server.stop())
            self._end()

    def _end(self) -> None:
        loop, self._loop = self._loop, None
        assert loop is not None
        loop.call_soon_threadsafe(loop.stop)
        self._thread.join(LIMIT)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


AnyServer = BlockingServer | InThread


class Style(Protocol):
    """Makes a stopped server of one style."""

    def __call__(
        self,
        bank: Banks | Handler,
        host: str | Endpoint = "127.0.0.1",
        port: int | None = 0,
        *,
        framing: Framing | None = None,
        allow: Iterable[str] = (),
        max_connections: int | None = None,
        idle_timeout: float | None = None,
        trace: Trace | None = None,
    ) -> AnyServer:
        """Take what the servers' constructors take; the port is chosen by the system."""
        ...


def blocking(
    bank: Banks | Handler, host: str | Endpoint = "127.0.0.1", port: int | None = 0, **rest: Any
) -> AnyServer:
    """Make a `Server`."""
    return Server(bank, host, port, **rest)


def in_asyncio(
    bank: Banks | Handler, host: str | Endpoint = "127.0.0.1", port: int | None = 0, **rest: Any
) -> AnyServer:
    """Make an `AsyncServer` in an event loop of asyncio."""
    return InThread(AsyncServer(bank, host, port, **rest))


def in_uvloop(
    bank: Banks | Handler, host: str | Endpoint = "127.0.0.1", port: int | None = 0, **rest: Any
) -> AnyServer:
    """Make an `AsyncServer` in an event loop of uvloop."""
    return InThread(AsyncServer(bank, host, port, **rest), new_uvloop)


STYLES: tuple[Style, ...] = (blocking, in_asyncio)
LOOPS: tuple[Style, ...] = (*STYLES, in_uvloop)
