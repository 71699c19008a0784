"""A UDP socket that hears one server only."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from modbus_wire.sync.stream_link import SocketLink, connected

_DATAGRAM_SIZE = 65536


class DatagramLink(SocketLink):
    """Frames in datagrams, each on its own.

    Nothing tells that a server is there: one that is not is a `ResponseTimeout`, or a
    `ConnectionClosedError` where its host refuses the port. Other senders are not heard.
    """

    def __init__(self, host: str, port: int, timeout: float) -> None:
        """Choose the address; raises `ConnectError` where the name does not resolve."""
        super().__init__(connected(host, port, timeout, socket.SOCK_DGRAM), timeout)

    def ask(self, frame: bytes, timeout: float) -> bytes:
        """Send a frame and return the datagram that comes first; raises as `send`, `receive`."""
        self.send(frame)
        return self.receive(timeout)

    def send_all(self, frames: Sequence[bytes]) -> None:
        """Send each frame in its own datagram; raises as `send`."""
        for frame in frames:
            self.send(frame)

    def receive(self, timeout: float, size: int = _DATAGRAM_SIZE) -> bytes:
        """Return one datagram, whatever the ``size``, that came within ``timeout`` seconds."""
        return super().receive(timeout, _DATAGRAM_SIZE)

    def _nothing(self) -> bytes:
        """Return an empty datagram; raises `ConnectionClosedError` where this side has closed."""
        return super()._nothing() if self.aborted else b""
