"""The blocking server: where it listens, when it starts and stops."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from threading import Lock

from modbus_wire.conversation import Later
from modbus_wire.endpoint import DEFAULT_PORT, Endpoint, SerialEndpoint, UdpEndpoint
from modbus_wire.framing.base import Framing
from modbus_wire.handler import Banks, Handler
from modbus_wire.limits import Limits
from modbus_wire.peer import Peer
from modbus_wire.server_connection import ServerConnection
from modbus_wire.serving import Serving
from modbus_wire.sync.listening import bind_datagrams, listen
from modbus_wire.sync.loop import Door, Loop
from modbus_wire.sync.streams import Streams
from modbus_wire.trace import Trace
from modbus_wire.typed import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["DEFAULT_PORT", "BlockingServer", "Server"]


class Run(Protocol):
    """One run of a server in a thread of its own."""

    @property
    def address(self) -> tuple[str, int]: ...

    @property
    def is_running(self) -> bool: ...

    @property
    def connections(self) -> int: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def join(self) -> None: ...


class BlockingServer(Serving):
    """A server in a thread of its own; what it answers is the matter of subclasses."""

    def __init__(
        self,
        host: str | Endpoint,
        port: int | None,
        framing: Framing | None,
        limits: Limits,
        trace: Trace | None,
    ) -> None:
        super().__init__(host, port, framing, limits, trace)
        self._starting = Lock()
        self._loop: Run | None = None

    @property
    def is_running(self) -> bool:
        """Whether it serves."""
        return self._loop is not None and self._loop.is_running

    @property
    def address(self) -> tuple[str, int]:
        if self._loop is not None and self._loop.is_running:
            return self._loop.address
        return self.host, self.port

    @property
    def connections(self) -> int:
        """How many clients are connected; always 0 for datagrams and on a serial line."""
        return self._loop.connections if self._loop is not None else 0

    def start(self) -> None:
        """Listen and serve, until `stop`; a running server stays as it is.

        Raises `OSError` where it cannot listen at host and port.
        """
        with self._starting:
            if self.is_running:
                return
            self.stop()
            loop = self._new_run()
            # a bank may stop the server before `start` has returned
            self._loop = loop
            loop.start()

    def stop(self) -> None:
        """Close the listener and every connection, and wait until that is done.

        In the server's own thread, that is out of a bank, it does not wait: the server ends when
        the bank has returned. It may be started again there, but for datagrams and on a line.
        """
        if self._loop is not None:
            self._loop.stop()

    def serve_forever(self) -> None:
        """Serve until `stop` is called elsewhere; raises as `start`."""
        self.start()
        try:
            if self._loop is not None:
                self._loop.join()
        finally:
            self.stop()

    def _new_run(self) -> Run:
        converse = self.conversations()
        if isinstance(self.endpoint, SerialEndpoint):
            from modbus_wire.sync.serial_loop import SerialLoop

            return SerialLoop(self.endpoint, converse)
        bound: socket.socket
        door: Door
        if isinstance(self.endpoint, UdpEndpoint):
            from modbus_wire.sync.datagrams import Datagrams

            bound = bind_datagrams(self.host, self.port)
            door = Datagrams(bound, converse, self.limits)
        else:
            bound = listen(self.host, self.port)
            door = Streams(bound, converse, self.limits)
        try:
            return Loop(door)
        except BaseException:
            bound.close()
            raise

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


class Server(BlockingServer):
    """A Modbus server in a thread of its own, on any transport.

    It serves one bank under every unit id, one under each unit id of a mapping, or a `Handler` of
    the user's; `Handler` tells what becomes of units 0, 255 and those that are not there. The
    bank's methods and the hooks are called in the server's thread, one at a time: while one waits,
    all clients wait, and so does `stop`.

    A peer that breaks the protocol or the connection loses its connection, and nobody else does.
    A peer that does not read its answers is not read from either, nor is one for whom 256 answers
    are held back, by a `Delay` for instance; of one that sends datagrams they are lost.
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
        """Make a stopped server; port 0 lets the system choose one at each start.

        ``host`` may be an endpoint or its URL, such as ``udp://0.0.0.0:502`` or
        ``rtu:///dev/ttyUSB0``. `Limits` tells what ``allow``, ``max_connections`` and
        ``idle_timeout`` mean. Raises ValueError for values out of range.
        """
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
