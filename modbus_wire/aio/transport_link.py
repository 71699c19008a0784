"""A socket that an event loop reads and writes itself."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from modbus_wire.aio.socket_link import RECEIVE_SIZE, SocketLink
from modbus_wire.typed import Any


class TransportLink(SocketLink):
    """A socket, and the event loop's transport that owns it."""

    __slots__ = ("_transport",)

    _transport: Any
    """A transport of a stream or of datagrams."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport over."""
        self._transport = transport
        # Where the event loop lets itself be told: a buffer of 256 KiB, asyncio's own choice, costs
        # more than the rest of a request.
        with suppress(AttributeError):
            self._transport.max_size = RECEIVE_SIZE

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note that it has ended."""
        self._ended(exc)

    def pause_writing(self) -> None:
        """Pass on that the server takes no bytes."""
        self._receiver.pause()

    def resume_writing(self) -> None:
        """Pass on that the server takes bytes again."""
        self._receiver.resume()

    def close(self) -> None:
        """Begin to close, when all has been sent."""
        self._transport.close()

    def abort(self) -> None:
        """Begin to close at once."""
        self._transport.abort()
