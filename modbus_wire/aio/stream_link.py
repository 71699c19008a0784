"""A TCP connection as an async client uses it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

from modbus_wire.aio.direct_link import DirectLink
from modbus_wire.aio.link import Receiver
from modbus_wire.aio.socket_link import connected
from modbus_wire.aio.transport_link import TransportLink
from modbus_wire.endpoint import TcpEndpoint


class StreamLink(TransportLink, asyncio.Protocol):
    """A TCP connection in an event loop that is not asyncio's own over a selector."""

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        """Pass bytes on."""
        self._receiver.received(data)

    def send(self, frame: bytes) -> None:
        """Send a frame, as soon as the server takes it."""
        self._transport.write(frame)

    def send_all(self, frames: Sequence[bytes]) -> None:
        """Send the frames in one go."""
        self._transport.write(b"".join(frames))


async def open_stream(endpoint: TcpEndpoint, receiver: Receiver, deadline: float) -> None:
    """Connect by a deadline on the monotonic clock; raises `ConnectError`."""
    host, port = endpoint.host, endpoint.port
    stream = await connected(host, port, socket.SOCK_STREAM, deadline)
    loop = asyncio.get_running_loop()
    if isinstance(loop, asyncio.SelectorEventLoop):
        DirectLink(receiver, stream)
        return
    try:
        await loop.create_connection(lambda: StreamLink(receiver, stream), sock=stream)
    except BaseException:
        stream.close()
        raise
