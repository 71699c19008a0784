"""A connected socket, and how an event loop connects one."""

from __future__ import annotations

import asyncio
import socket
from time import monotonic

from modbus_wire.aio.link import Link, Receiver
from modbus_wire.connection import ClientConnection
from modbus_wire.errors import ConnectError, ConnectionClosedError
from modbus_wire.typed import Any

RECEIVE_SIZE = 8192
"""Bytes taken in at once."""

MOST_LATE_PIECES = 16
"""How much an idle connection may have brought; whoever sends more never stops."""

_LEAST_WAIT = 0.001


class SocketLink(Link):
    """A connected socket that does not block."""

    __slots__ = ("_socket",)

    def __init__(self, receiver: Receiver, connected: socket.socket) -> None:
        super().__init__(receiver)
        self._socket = connected

    def check(self, connection: ClientConnection) -> None:
        """Drop the late answers of the idle stream; raises as `Link.check`."""
        for _ in range(MOST_LATE_PIECES):
            data = self.read_now()
            if data == b"":
                raise ConnectionClosedError("the server closed the connection")
            connection.discard(data or b"")
            if data is None:
                return
        raise ConnectionClosedError("the server does not stop sending")

    def read_now(self, flags: int = 0) -> bytes | None:
        """Return what has come by now, None for nothing, no bytes for the end of a stream.

        Raises `ConnectionClosedError`.
        """
        try:
            return self._socket.recv(RECEIVE_SIZE, flags)
        except BlockingIOError:
            return None
        except OSError as error:
            raise ConnectionClosedError(f"receiving failed: {error}") from error

    def forsake(self) -> None:
        """Close the socket, whose event loop has ended."""
        self._socket.close()


async def connected(
    host: str, port: int, kind: socket.SocketKind, deadline: float
) -> socket.socket:
    """Return a socket that is connected to the first address of the host that can be reached.

    The deadline is on the monotonic clock. Raises `ConnectError`.
    """
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    addresses = await _resolve(loop, host, port, kind)
    for number, (family, _, protocol, _, address) in enumerate(addresses):
        share = max((deadline - monotonic()) / (len(addresses) - number), _LEAST_WAIT)
        try:
            candidate = socket.socket(family, kind, protocol)
        except OSError as error:
            failure = error
            continue
        try:
            if kind is socket.SOCK_STREAM:
                candidate.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                candidate.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            candidate.setblocking(False)
            async with asyncio.timeout(share):
                await loop.sock_connect(candidate, address)
        except OSError as error:
            failure = error
            candidate.close()
        except BaseException:
            candidate.close()
            raise
        else:
            return candidate
    reason = "no answer in time" if isinstance(failure, TimeoutError) else failure
    raise ConnectError(f"{host} port {port} cannot be reached: {reason}") from failure


async def _resolve(
    loop: asyncio.AbstractEventLoop, host: str, port: int, kind: socket.SocketKind
) -> list[tuple[Any, ...]]:
    """Return the addresses of a host; a numeric one needs no thread to look it up."""
    try:
        try:
            return socket.getaddrinfo(host, port, type=kind, flags=socket.AI_NUMERICHOST)
        except socket.gaierror:
            return await loop.getaddrinfo(host, port, type=kind)
    except (OSError, ValueError) as error:
        raise ConnectError(f"{host} does not resolve: {error}") from error
