"""A TCP connection that an event loop only watches: what it brings is read here.

The way through a transport of asyncio costs a third more for each request, and a KiB for each
connection.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

from modbus_wire.aio.link import Receiver
from modbus_wire.aio.socket_link import SocketLink

ADU_SIZE = 260
"""Bytes of one ADU (TCP §4.1): a small buffer is the quickest to come by."""


class DirectLink(SocketLink):
    """A TCP connection; its event loop has to be able to watch sockets."""

    __slots__ = ("_backlog", "_is_closing", "_loop", "_size")

    def __init__(self, receiver: Receiver, connected: socket.socket) -> None:
        super().__init__(receiver, connected)
        self._size = receiver.most * ADU_SIZE
        self._backlog = b""
        """What the server has not taken yet."""

        self._is_closing = False
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(connected, self._read)

    def send(self, frame: bytes) -> None:
        """Send a frame, as soon as the server takes it."""
        if self._backlog:
            self._backlog += frame
            return
        try:
            sent = self._socket.send(frame)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._loop.call_soon(self._end, error)
            return
        if sent < len(frame):
            self._backlog = frame[sent:]
            self._loop.add_writer(self._socket, self._write)
            self._receiver.pause()

    def send_all(self, frames: Sequence[bytes]) -> None:
        """Send the frames in one go."""
        self.send(b"".join(frames))

    def close(self) -> None:
        """Close, when all has been sent."""
        self._is_closing = True
        if not self._backlog:
            self._end(None)

    def abort(self) -> None:
        """Close at once."""
        self._end(None)

    def _read(self) -> None:
        try:
            data = self._socket.recv(self._size)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error)
            return
        if data:
            self._receiver.received(data)
        else:
            self._end(None)

    def _write(self) -> None:
        try:
            sent = self._socket.send(self._backlog)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error)
            return
        self._backlog = self._backlog[sent:]
        if self._backlog:
            return
        if self._is_closing:
            self._end(None)
            return
        self._loop.remove_writer(self._socket)
        self._receiver.resume()

    def _end(self, error: Exception | None) -> None:
        if self.is_gone:
            return
        self._loop.remove_reader(self._socket)
        if self._backlog:
            self._loop.remove_writer(self._socket)
        self._socket.close()
        self._ended(error)
