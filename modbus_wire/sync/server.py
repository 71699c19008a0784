"""The blocking server: where it listens, when it starts and stops."""

from __future__ import annotations

import os
import socket
from threading import Lock

from modbus_wire.framing.base import Framing
from modbus_wire.handler import Banks, Handler
from modbus_wire.server_connection import ServerConnection
from modbus_wire.sync.loop import Loop
from modbus_wire.typed import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

DEFAULT_PORT = 502
_BACKLOG = 1024
"""A scanner opens hundreds of connections at once."""


class Server:
    """A Modbus server in a thread of its own, on TCP over IPv4 or IPv6.

    It serves one bank under every unit id, one under each unit id of a mapping, or a `Handler` of
    the user's. The bank's methods are called in the server's thread, one at a time: while one
    waits, all clients wait.

    A peer that breaks the protocol or the connection loses its connection, and nobody else does.
    A peer that does not read its answers is not read from either.
    """

    def __init__(
        self,
        bank: Banks | Handler,
        host: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
        *,
        framing: Framing = Framing.TCP,
    ) -> None:
        """Make a stopped server; port 0 lets the system choose one at each start."""
        if not 0 <= port <= 0xFFFF:
            raise ValueError(f"port {port} is not in 0..65535")
        self.host = host
        self.port = port
        self.framing = framing
        self._handler = bank if isinstance(bank, Handler) else Handler(bank)
        self._starting = Lock()
        self._loop: Loop | None = None

    @property
    def is_running(self) -> bool:
        """Whether it serves."""
        return self._loop is not None and self._loop.is_running

    @property
    def address(self) -> tuple[str, int]:
        """The host and port it listens on; while stopped, those it was made with."""
        if self._loop is not None and self._loop.is_running:
            return self._loop.address
        return self.host, self.port

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return self._loop.connections if self._loop is not None else 0

    def start(self) -> None:
        """Listen and serve, until `stop`; a running server stays as it is.

        Raises `OSError` where it cannot listen at host and port.
        """
        with self._starting:
            if self.is_running:
                return
            self.stop()
            handler, framing = self._handler, self.framing
            listener = _listen(self.host, self.port)
            try:
                loop = Loop(listener, lambda: ServerConnection(handler, framing))
            except BaseException:
                listener.close()
                raise
            # a bank may stop the server before `start` has returned
            self._loop = loop
            loop.start()

    def stop(self) -> None:
        """Close the listener and every connection, and wait until that is done.

        In the server's own thread, that is out of a bank, it does not wait: the server ends when
        the bank has returned.
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

    def __repr__(self) -> str:
        host, port = self.address
        return f"{type(self).__name__}({host!r}, {port}, framing={self.framing!r})"


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket at the first address of the host that can be had."""
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except UnicodeError as error:
        raise OSError(f"{host!r} does not resolve: {error}") from error
    failure: OSError | None = None
    for family, _, _, _, address in found:
        try:
            return _listen_at(family, address)
        except OSError as error:
            failure = failure or error
    if failure is None:
        raise OSError(f"{host!r} has no address")
    failure.strerror = f"{failure.strerror}: {host} port {port}"
    raise failure


def _listen_at(family: int, address: tuple[Any, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener
