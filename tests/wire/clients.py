"""Clients of the scripted servers, and waiting for what arrives on their sockets, untouched."""

import select
import socket
from collections.abc import Callable
from time import monotonic

from modbus_wire.framing.base import Framing
from modbus_wire.sync.client import Client
from modbus_wire.sync.stream_link import SocketLink
from tests.wire.peers import LIMIT, ScriptedServer


def client_of(
    server: ScriptedServer, framing: Framing = Framing.TCP, *, timeout: float = LIMIT
) -> Client:
    """Return a client of the server, which by default has all the time of a test."""
    return Client(server.host, server.port, timeout=timeout, framing=framing)


def wait_until_readable(client: Client) -> None:
    """Wait until bytes, or the end, have arrived on the client's connection."""
    _wait(client, select.POLLIN)


def wait_until_closed_by_server(client: Client) -> None:
    """Wait until the server's end of the connection has arrived, behind whatever bytes."""
    _wait(client, getattr(select, "POLLRDHUP", select.POLLHUP))


def wait_until(condition: Callable[[], object]) -> None:
    """Look until a condition holds that nothing tells of."""
    deadline = monotonic() + LIMIT
    while not condition():
        assert monotonic() < deadline


def option(client: Client, level: int, name: int) -> int:
    """Return an option of the client's socket."""
    return _socket(client).getsockopt(level, name)


def _wait(client: Client, event: int) -> None:
    watch = select.poll()
    watch.register(_socket(client), event)
    assert watch.poll(LIMIT * 1000)


def _socket(client: Client) -> socket.socket:
    link = client._link
    link = getattr(link, "_stream", link)  # under TLS
    assert isinstance(link, SocketLink)
    return link._socket
