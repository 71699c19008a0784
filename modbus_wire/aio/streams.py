"""An async server's streams: connections in the event loop, within the limits."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from modbus_wire.aio.accepting import Accepting
from modbus_wire.aio.waits import call_after
from modbus_wire.conversation import Conversation, Converse, PartingConversation
from modbus_wire.limits import Limits
from modbus_wire.log import logger
from modbus_wire.peer import Peer
from modbus_wire.sync.loop import address_of
from modbus_wire.typed import Any
from modbus_wire.withheld import Wait

_LOGGER = "modbus_wire.server"

_RECEIVE_SIZE = 4096
"""Bytes taken in at once, where the event loop lets itself be told: its own buffer of 256 KiB
costs more than the rest of a request."""


class StreamRun:
    """A listening socket and its connections, from `open` to `stop`."""

    def __init__(self, listener: socket.socket, converse: Converse, limits: Limits) -> None:
        """Take the listener over; ``converse`` is called for each connection."""
        self.address = address_of(listener)
        self.converse = converse
        self.limits = limits
        self._connections: dict[_Connection, None] = {}
        self._new_connection = _TimedConnection if limits.is_timed else _Connection
        self._accepting = Accepting(listener, lambda: self._new_connection(self))
        self._timer: asyncio.TimerHandle | None = None
        self.is_stopped = False
        self._gone: asyncio.Future[None] | None = None
        """Done when the last connection is gone, once that is waited for."""

    @property
    def connections(self) -> int:
        return len(self._connections)

    async def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._accepting.open()
        if self.limits.idle_timeout is not None:
            self._end_idle(self.limits.idle_timeout)

    async def stop(self) -> None:
        self.is_stopped = True
        if self._timer is not None:
            self._timer.cancel()
        self._accepting.pause()
        for connection in list(self._connections):
            connection.end()
        await self._accepting.stop()
        if self._connections:
            self._gone = self._gone or self._loop.create_future()
            await asyncio.shield(self._gone)

    def forsake(self) -> None:
        """Close the listener and end the connections, whose event loop has ended."""
        self._accepting.forsake()
        for connection in self._connections:
            connection.shut()
        self._connections.clear()

    def enter(self, connection: _Connection) -> None:
        """Count a connection in; where there are too many the one idle longest makes room."""
        most = self.limits.max_connections
        if most is not None and len(self._connections) >= most:
            idle_longest = min(self._connections, key=lambda connection: connection.used_at)
            idle_longest.end()
            self.leave(idle_longest)
        self._connections[connection] = None

    def see_off(self, connection: _Connection) -> None:
        """Count in a connection that came too late and is being closed: it is waited for."""
        self._connections[connection] = None

    def leave(self, connection: _Connection) -> None:
        """Count a connection out, if it is in."""
        self._connections.pop(connection, None)
        if self._gone is not None and not self._connections and not self._gone.done():
            self._gone.set_result(None)

    def _end_idle(self, timeout: float) -> None:
        now = monotonic()
        for connection in list(self._connections):
            if connection.used_at + timeout <= now:
                connection.end()
        uses = (connection.used_at for connection in self._connections)
        oldest = min((used_at for used_at in uses if used_at + timeout > now), default=now)
        self._timer = self._loop.call_later(oldest + timeout - now, self._end_idle, timeout)


class _Connection(asyncio.Protocol):
    """One connection.

    It is not read from while the peer does not take what it asked for, or waits for many answers.
    """

    __slots__ = (
        "_answer",
        "_conversation",
        "_has_begun",
        "_is_stuffed",
        "_run",
        "_transport",
        "_write",
    )

    used_at = 0.0
    """When it last got an answer or took one in, by the monotonic clock, where that matters."""

    _conversation: Conversation
    _transport: asyncio.Transport

    def __init__(self, run: StreamRun) -> None:
        self._run = run
        self._has_begun = False
        """Whether there is a conversation: who may not enter has none."""

        self._is_stuffed = False
        """Whether the peer does not take what it asked for."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream's, of whatever loop
        self._write = self._transport.write
        with suppress(AttributeError):  # not every loop's transports have it
            setattr(transport, "max_size", _RECEIVE_SIZE)  # noqa: B010
        address = transport.get_extra_info("peername")
        if self._run.is_stopped:
            self._run.see_off(self)
            self._transport.abort()
            return
        if address is None or not self._may_enter(address):
            self._transport.abort()
            return
        accepted = transport.get_extra_info("socket")
        with suppress(OSError):  # it is gone already, and will be told so
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        try:
            self._begin(self._run.converse(Peer(*address[:2]), self.later))
        except Exception:
            self._fail()
            return
        self._run.enter(self)

    def data_received(self, data: bytes) -> None:
        try:
            answer = self._answer(data)
        except Exception:
            self._fail()
            return
        if answer:
            self._write(answer)
        if self._conversation.closed:
            self._transport.close()
        elif self._conversation.is_full:
            self._read_on()

    def pause_writing(self) -> None:
        self._is_stuffed = True
        self._read_on()

    def resume_writing(self) -> None:
        self._is_stuffed = False
        self._read_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self._run.leave(self)
        if self._has_begun:
            self._conversation.end()

    def later(self, make: Callable[[], bytes], wait: Wait = 0.0) -> None:
        """Send what ``make`` returns, after a wait or not; to be called in the event loop."""
        if wait:
            call_after(wait, lambda: self._send_made(make))
        else:
            self._send_made(make)

    def _send_made(self, make: Callable[[], bytes]) -> None:
        if self._transport.is_closing():
            return
        try:
            self._write(make())
        except Exception:
            self._fail()
            return
        if self._conversation.closed:
            self._transport.close()
        else:
            self._read_on()

    def _read_on(self) -> None:
        """Read from the peer, or not, as it is."""
        if self._transport.is_closing():
            return
        if self._is_stuffed or self._conversation.is_full:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def end(self) -> None:
        """Say farewell and close the connection, whatever has not been sent."""
        is_closing = self._transport.is_closing()
        if isinstance(self._conversation, PartingConversation) and not is_closing:
            self._write(self._conversation.farewell())
        self._transport.abort()

    def shut(self) -> None:
        """End the connection for the peer, where no event loop is left to close it."""
        with suppress(OSError, AttributeError, TypeError):  # the loop has closed it
            self._transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def _begin(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._has_begun = True
        self._answer = conversation.receive

    def _may_enter(self, address: tuple[Any, ...]) -> bool:
        if self._run.limits.allows(address[0]):
            return True
        logger(_LOGGER).info("%s port %d may not connect", *address[:2])
        return False

    def _fail(self) -> None:
        logger(_LOGGER).exception("a connection failed and is closed")
        self._transport.abort()


class _TimedConnection(_Connection):
    """A connection that remembers when it was last used."""

    __slots__ = ("used_at",)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.used_at = monotonic()
        super().connection_made(transport)

    def resume_writing(self) -> None:
        self.used_at = monotonic()
        super().resume_writing()

    def _send_made(self, make: Callable[[], bytes]) -> None:
        self.used_at = monotonic()
        super()._send_made(make)

    def _begin(self, conversation: Conversation) -> None:
        super()._begin(conversation)
        self._answer = self._noted

    def _noted(self, data: bytes) -> bytes:
        answer = self._conversation.receive(data)
        if answer:  # bytes that never become a request are no use of the connection
            self.used_at = monotonic()
        return answer
