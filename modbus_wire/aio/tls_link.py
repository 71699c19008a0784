"""A TCP connection under TLS (Modbus/TCP Security) as an async client uses it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from time import monotonic

from modbus_wire.aio.link import PARTING_TIME, Receiver
from modbus_wire.aio.socket_link import connected
from modbus_wire.aio.stream_link import StreamLink
from modbus_wire.connection import ClientConnection
from modbus_wire.endpoint import TlsEndpoint
from modbus_wire.errors import ConnectError, ConnectionClosedError
from modbus_wire.tls import client_context, meaning_of


class TlsLink(StreamLink):
    """A TCP connection whose bytes the event loop deciphers."""

    __slots__ = ()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note that it has ended; the server may have refused this side's certificate."""
        super().connection_lost(meaning_of(exc) if isinstance(exc, ssl.SSLError) else exc)

    def check(self, connection: ClientConnection) -> None:
        """Notice the end of the idle connection; raises as `Link.check`."""
        if self.read_now(socket.MSG_PEEK) == b"":
            raise ConnectionClosedError("the server closed the connection")
        connection.discard(b"")


async def open_tls(endpoint: TlsEndpoint, receiver: Receiver, deadline: float) -> None:
    """Connect and shake hands by a deadline on the monotonic clock; raises `ConnectError`.

    Raises ValueError for certificate files that are missing or cannot be read.
    """
    host, port = endpoint.host, endpoint.port
    context = client_context(endpoint)
    stream = await connected(host, port, socket.SOCK_STREAM, deadline)
    try:
        async with asyncio.timeout(deadline - monotonic()):
            await asyncio.get_running_loop().create_connection(
                lambda: TlsLink(receiver, stream),
                sock=stream,
                ssl=context,
                server_hostname=endpoint.server_hostname or host,
                ssl_shutdown_timeout=PARTING_TIME,
            )
    except OSError as error:
        stream.close()
        reason = "no answer in time" if isinstance(error, TimeoutError) else error
        raise ConnectError(f"TLS with {host} port {port} failed: {reason}") from error
    except BaseException:
        stream.close()
        raise
