"""A UDP socket that hears one server only, as an async client uses it."""

from __future__ import annotations

import asyncio
import socket

from modbus_wire.aio.link import Receiver
from modbus_wire.aio.socket_link import MOST_LATE_PIECES, connected
from modbus_wire.aio.transport_link import TransportLink
from modbus_wire.connection import ClientConnection
from modbus_wire.endpoint import UdpEndpoint
from modbus_wire.errors import ConnectionClosedError


class DatagramLink(TransportLink, asyncio.DatagramProtocol):
    """Frames in datagrams, each on its own.

    Nothing tells that a server is there: one that is not is a `ResponseTimeout`, or a
    `ConnectionClosedError` where its host refuses the port. Other senders are not heard.
    """

    __slots__ = ()

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Pass a datagram on."""
        self._receiver.received(data)

    def error_received(self, exc: Exception) -> None:
        """End: the server's host says that nobody is there."""
        self._receiver.lost(ConnectionClosedError(f"receiving failed: {exc}"))

    def send(self, frame: bytes) -> None:
        """Send a frame in a datagram."""
        self._transport.sendto(frame)

    def check(self, connection: ClientConnection) -> None:
        """Drop late answers; raises as `Link.check`."""
        for _ in range(MOST_LATE_PIECES):
            data = self.read_now()
            if data is None:
                return
            connection.discard(data)
        raise ConnectionClosedError("the server does not stop sending")


async def open_datagrams(endpoint: UdpEndpoint, receiver: Receiver, deadline: float) -> None:
    """Choose the address; raises `ConnectError` where the name does not resolve."""
    datagrams = await connected(endpoint.host, endpoint.port, socket.SOCK_DGRAM, deadline)
    try:
        await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: DatagramLink(receiver, datagrams), sock=datagrams
        )
    except BaseException:
        datagrams.close()
        raise
