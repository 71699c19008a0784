"""A blocking server's door for streams: who connects, within the limits, and what is not yet sent.

It knows sockets and nothing of what they carry.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import monotonic

from modbus_wire.conversation import Conversation, Converse, PartingConversation
from modbus_wire.limits import Limits
from modbus_wire.log import logger
from modbus_wire.peer import Peer
from modbus_wire.sync.listening import RETRY_ACCEPT, accept_waiting
from modbus_wire.sync.loop import Loop, address_of
from modbus_wire.sync.poller import NOTHING, READ, WRITE
from modbus_wire.typed import Any
from modbus_wire.withheld import Wait

_LOGGER = "modbus_wire.server"

_RECEIVE_SIZE = 4096
"""Bytes taken in at once. What they ask for is the most that a peer which never reads makes the
server hold: 22 times as much."""


class Streams:
    """A listening socket and the connections it has accepted."""

    def __init__(self, listener: socket.socket, converse: Converse, limits: Limits) -> None:
        """Take the listener over; ``converse`` is called for each connection."""
        self.address = address_of(listener)
        self._listener = listener
        self._converse = converse
        self._limits = limits
        self._new_link = _TimedLink if limits.is_timed else _Link
        self._accept_again: float | None = None
        """When to accept again, while the system has no descriptor to give."""

        self._starved = False
        self._look_again = 0.0
        """When a connection may have been idle for too long."""

        self._logger = logger(_LOGGER)
        self._links: dict[int, _Link] = {}

    @property
    def connections(self) -> int:
        return len(self._links)

    def open(self, loop: Loop) -> None:
        self._loop = loop
        loop.watch(self._listener, self._accept)

    def due(self) -> float | None:
        if self._limits.idle_timeout is not None:
            return self._end_idle(self._limits.idle_timeout)
        return None if self._accept_again is None else self._resume_accepting()

    def drop(self, fd: int) -> None:
        link = self._links.pop(fd, None)
        if link is not None:  # the listener stays, whatever happened to it
            self._loop.unwatch(fd)
            link.close()

    def shut(self) -> None:
        fd = self._listener.fileno()
        if fd >= 0:
            if self._accept_again is None:
                self._loop.unwatch(fd)
            self._listener.close()

    def close(self) -> None:
        for fd in list(self._links):
            self.drop(fd)
        self._listener.close()

    def _accept(self) -> bool:
        try:
            for accepted, address in accept_waiting(self._listener):
                self._starved = False
                self._welcome(accepted, address)
        except OSError as error:
            if self._listener.fileno() >= 0:  # else it was shut just now
                self._pause_accepting(error)
        return True

    def _welcome(self, accepted: socket.socket, address: tuple[Any, ...]) -> None:
        try:
            if not self._limits.allows(address[0]):
                self._logger.info("%s port %d may not connect", *address[:2])
                accepted.close()
                return
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            link = self._new_link(accepted, self._loop)
            link.begin(self._converse(Peer(*address[:2]), link.later))
            self._make_room()
            self._loop.watch(accepted, link.serve)
        except OSError:
            accepted.close()  # it is gone already
        except BaseException:
            accepted.close()
            raise
        else:
            self._links[accepted.fileno()] = link

    def _make_room(self) -> None:
        """Close the connection that was idle longest, where there are as many as there may be."""
        most = self._limits.max_connections
        if most is not None and len(self._links) >= most:
            self.drop(min(self._links, key=lambda fd: self._links[fd].used_at))

    def _end_idle(self, timeout: float) -> float:
        """End who is idle for too long; return the seconds until that may be so of another."""
        now = monotonic()
        if now >= self._look_again:
            for fd, link in list(self._links.items()):
                if link.used_at + timeout <= now:
                    self.drop(fd)
            uses = (link.used_at for link in self._links.values())
            self._look_again = min(uses, default=now) + timeout
        wait = self._look_again - now
        if self._accept_again is not None:
            wait = min(wait, self._resume_accepting() or wait)
        return wait

    def _pause_accepting(self, error: OSError) -> None:
        """Let the others go on: the listener stays ready and would take every turn."""
        if not self._starved:
            self._logger.warning("no connection can be accepted for now: %s", error)
        self._starved = True
        self._loop.unwatch(self._listener.fileno())
        self._accept_again = monotonic() + RETRY_ACCEPT

    def _resume_accepting(self) -> float | None:
        if self._accept_again is None or monotonic() < self._accept_again:
            return RETRY_ACCEPT
        self._accept_again = None
        self._loop.watch(self._listener, self._accept)
        return None


class _Link:
    """One connection.

    It is not read from while the peer does not take what it asked for, or waits for many answers.
    """

    __slots__ = (
        "_answer",
        "_conversation",
        "_events",
        "_loop",
        "_receive",
        "_send",
        "_socket",
        "_unsent",
    )

    used_at = 0.0
    """When it last got an answer or took one in, by the monotonic clock, where that matters."""

    _conversation: Conversation

    def __init__(self, accepted: socket.socket, loop: Loop) -> None:
        self._socket = accepted
        self._loop = loop
        self._receive = accepted.recv
        self._send = accepted.send
        self._unsent = b""
        self._events = READ

    def begin(self, conversation: Conversation) -> None:
        """Let the bytes go through a conversation from now on."""
        self._conversation = conversation
        self._answer = conversation.receive

    def serve(self) -> bool:
        """Do what the socket is ready for; return whether the connection goes on."""
        data = self._unsent
        if not data:
            received = self._receive(_RECEIVE_SIZE)
            if not received:
                return False
            data = self._answer(received)
        try:
            sent = self._send(data) if data else 0
        except BlockingIOError:
            sent = 0
        if sent < len(data) or self._unsent or self._conversation.is_full:
            self._keep(data[sent:])
        return bool(self._unsent) if self._conversation.closed else True

    def later(self, make: Callable[[], bytes], wait: Wait = 0.0) -> None:
        """Send what ``make`` returns, which is called in the loop's thread, after a wait or not."""
        fd = self._socket.fileno()
        if fd >= 0:
            self._loop.post_after(wait, fd, partial(self._send_made, make))

    def close(self) -> None:
        """Say farewell, close the socket and end the conversation."""
        if isinstance(self._conversation, PartingConversation) and not self._unsent:
            with suppress(OSError):
                self._send(self._conversation.farewell())
        self._socket.close()
        self._conversation.end()

    def _send_made(self, make: Callable[[], bytes]) -> bool:
        if self._socket.fileno() < 0:
            return True  # it has ended meanwhile; the descriptor may be another's by now
        data = make()
        if self._unsent:
            self._unsent += data
        else:
            self._send_now(data)
        self._watch()
        return not self._conversation.closed or bool(self._unsent)

    def _send_now(self, data: bytes) -> None:
        try:
            sent = self._send(data) if data else 0
        except BlockingIOError:
            sent = 0
        self._unsent = data[sent:]

    def _keep(self, unsent: bytes) -> None:
        self._unsent = unsent
        self._watch()

    def _watch(self) -> None:
        """Be told of what there is to do next."""
        events = WRITE if self._unsent else NOTHING if self._conversation.is_full else READ
        if events != self._events:
            self._events = events
            self._loop.watch_for(self._socket.fileno(), events)


class _TimedLink(_Link):
    """A connection that remembers when it was last used."""

    __slots__ = ("used_at",)

    def __init__(self, accepted: socket.socket, loop: Loop) -> None:
        super().__init__(accepted, loop)
        self.used_at = monotonic()

    def begin(self, conversation: Conversation) -> None:
        super().begin(conversation)
        self._answer = self._noted

    def serve(self) -> bool:
        if self._unsent:
            self.used_at = monotonic()
        return super().serve()

    def _send_made(self, make: Callable[[], bytes]) -> bool:
        self.used_at = monotonic()
        return super()._send_made(make)

    def _noted(self, data: bytes) -> bytes:
        answer = self._conversation.receive(data)
        if answer:  # bytes that never become a request are no use of the connection
            self.used_at = monotonic()
        return answer
