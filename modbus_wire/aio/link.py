"""What an async client sends over, whatever the transport underneath."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from modbus_wire.connection import ClientConnection
from modbus_wire.errors import ConnectionClosedError, ModbusError
from modbus_wire.typed import Protocol

PARTING_TIME = 1.0
"""Seconds that a link gets to send its last bytes, and to take leave where TLS asks for that."""


class Receiver(Protocol):
    """Who hears what a link brings, in the event loop."""

    link: Link
    """The link; it says so itself, before it brings anything."""

    most: int
    """How many answers may come at once."""

    def received(self, data: bytes) -> None:
        """Take in bytes."""
        ...

    def lost(self, error: ModbusError) -> None:
        """Take note that the link has ended."""
        ...

    def pause(self) -> None:
        """Send nothing for now: the server takes no bytes."""
        ...

    def resume(self) -> None:
        """Send again."""
        ...


class Link:
    """An open way to a server."""

    __slots__ = ("_gone", "_receiver", "is_gone")

    is_lasting = False
    """Whether it outlives failed requests, for a new one would be no better: a serial line."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        receiver.link = self
        self.is_gone = False
        self._gone: asyncio.Future[None] | None = None

    def send(self, frame: bytes) -> None:
        """Send a frame, as soon as it can go."""
        raise NotImplementedError

    def send_all(self, frames: Sequence[bytes]) -> None:
        """Send each frame as soon as it can go, in one go where the transport can."""
        for frame in frames:
            self.send(frame)

    def check(self, connection: ClientConnection) -> None:
        """Drop the late answers of an idle link that the event loop has not seen yet.

        Raises `ConnectionClosedError` where it has ended, or `ProtocolError`.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Begin to end it, when all has been sent."""
        raise NotImplementedError

    def abort(self) -> None:
        """Begin to end it at once."""
        raise NotImplementedError

    async def wait_closed(self) -> None:
        """Wait until it has ended, which is at once where it does not in `PARTING_TIME` seconds."""
        if self.is_gone:
            return
        if self._gone is None:
            self._gone = asyncio.get_running_loop().create_future()
        await asyncio.wait([self._gone], timeout=PARTING_TIME)
        if not self._gone.done():
            self.abort()
            await asyncio.shield(self._gone)

    def forsake(self) -> None:
        """Give back what can be where the event loop has ended."""
        raise NotImplementedError

    def _ended(self, error: Exception | None) -> None:
        """Take note that it has ended, by itself or not."""
        self.is_gone = True
        if self._gone is not None:
            self._gone.set_result(None)
        self._receiver.lost(_closed(error))


def _closed(error: Exception | None) -> ModbusError:
    if isinstance(error, ModbusError):
        return error
    if error is None:
        return ConnectionClosedError("the server closed the connection")
    return ConnectionClosedError(f"receiving failed: {error}")
