"""Sockets that wait for clients, bound to a host and a port."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

from modbus_wire.typed import Any

BACKLOG = 1024
"""A scanner opens hundreds of connections at once."""

RETRY_ACCEPT = 0.1
"""Seconds until the next try to accept, where the system had no descriptor to give."""

_ACCEPTED_AT_ONCE = 64
"""Connections accepted before the others get their turn."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket at the first address of the host that can be had.

    An empty host is every interface, port 0 one that is free. Raises `OSError`.
    """
    return _first(host, port, socket.SOCK_STREAM)


def bind_datagrams(host: str, port: int) -> socket.socket:
    """Return a socket that takes datagrams there; raises as `listen`."""
    return _first(host, port, socket.SOCK_DGRAM)


def accept_waiting(listener: socket.socket) -> Iterator[tuple[socket.socket, tuple[Any, ...]]]:
    """Accept who waits at a listener that does not block, some at once, with their addresses.

    Raises `OSError` where the system has no descriptor to give.
    """
    for _ in range(_ACCEPTED_AT_ONCE):
        try:
            accepted = listener.accept()
        except BlockingIOError:
            return
        except ConnectionError:
            continue  # it was gone before it was accepted
        yield accepted


def _first(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    try:
        found = socket.getaddrinfo(host or None, port, type=kind, flags=socket.AI_PASSIVE)
    except (UnicodeError, socket.gaierror) as error:
        raise OSError(f"{host!r} does not resolve: {error}") from error
    failure: OSError | None = None
    for family, _, _, _, address in found:
        try:
            return _bound(family, kind, address)
        except OSError as error:
            failure = failure or error
    if failure is None:
        raise OSError(f"{host!r} has no address")
    failure.strerror = f"{failure.strerror}: {host} port {port}"
    raise failure


def _bound(family: int, kind: socket.SocketKind, address: tuple[Any, ...]) -> socket.socket:
    bound = socket.socket(family, kind)
    try:
        if kind is socket.SOCK_STREAM:
            if os.name == "posix":  # elsewhere it would let two servers share a port
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            bound.listen(BACKLOG)
        else:
            bound.bind(address)
    except BaseException:
        bound.close()
        raise
    return bound


def is_numeric(host: str) -> bool:
    """Whether a host is an address, or every interface: nothing has to be looked up."""
    try:
        socket.getaddrinfo(host or None, 0, flags=socket.AI_NUMERICHOST | socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        return False
    return True
