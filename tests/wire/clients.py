"""Clients of the scripted servers, and waiting for what arrives on their sockets, untouched."""

import select

from modbus_wire.framing.base import Framing
from modbus_wire.sync.client import Client
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


def option(client: Client, level: int, name: int) -> int:
    """Return an option of the client's socket."""
    assert client._link is not None
    return client._link._socket.getsockopt(level, name)


def _wait(client: Client, event: int) -> None:
    assert client._link is not None
    watch = select.poll()
    watch.register(client._link._socket, event)
    assert watch.poll(LIMIT * 1000)
