"""The loop of a server: one thread over all its sockets.

It knows sockets and nothing of what they carry: a connection's bytes go through an object that
turns what came into what is to be sent.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread, current_thread
from time import monotonic

from modbus_wire.log import logger
from modbus_wire.sync.poller import READ, WRITE, Poller, new_poller
from modbus_wire.typed import Protocol

_LOGGER = "modbus_wire.server"

_ACCEPTED_AT_ONCE = 64
"""Connections accepted before the others get their turn."""

_RETRY_ACCEPT = 0.1
"""Seconds until the next try to accept, where the system had no descriptor to give."""

_RECEIVE_SIZE = 4096
"""Bytes taken in at once. What they ask for is the most that a peer which never reads makes the
server hold: 22 times as much."""


class Conversation(Protocol):
    """What a peer's bytes go through."""

    closed: bool
    """Whether the connection is to end when all has been sent."""

    def receive(self, data: bytes) -> bytes:
        """Take in received bytes and return what is to be sent now."""
        ...


class Loop:
    """One run of a server, from the first connection to `stop`, in a thread of its own."""

    def __init__(self, listener: socket.socket, converse: Callable[[], Conversation]) -> None:
        """Get ready to serve what connects to ``listener``, which the loop owns once it is made.

        ``converse`` is called for each connection.
        """
        self.address: tuple[str, int] = listener.getsockname()[:2]
        self._listener = listener
        self._converse = converse
        self._accept_again: float | None = None
        """When to accept again, while the system has no descriptor to give."""

        self._starved = False
        self._logger = logger(_LOGGER)
        """Fetched now: without a descriptor nothing could be imported."""

        self._stopping = False
        self._poller = new_poller()
        self._links: dict[int, _Link] = {}
        self._wake, self._waker = socket.socketpair()
        self._serve: dict[int, Callable[[], bool]] = {}
        """What to call when a descriptor is ready; it tells whether its connection goes on."""

        self._watch(self._wake, self._woken)
        self._watch(listener, self._accept)
        self._thread = Thread(target=self._run, name="modbus-server", daemon=True)
        self._closed = Event()

    def start(self) -> None:
        """Serve from now on."""
        try:
            self._thread.start()
        except BaseException:
            self._close()
            raise

    @property
    def is_running(self) -> bool:
        """Whether it serves and nobody has stopped it."""
        return self._thread.is_alive() and not self._stopping

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return len(self._links)

    def stop(self) -> None:
        """Close everything; wait until that is done, unless in the loop's own thread."""
        self._stopping = True
        with suppress(OSError):
            self._waker.send(b"\0")
        if current_thread() is not self._thread:
            self.join()

    def join(self) -> None:
        """Wait until somebody has stopped the loop and everything is closed."""
        self._closed.wait()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping:
                waiting = None if self._accept_again is None else _RETRY_ACCEPT
                self._serve_ready(self._poller.poll(waiting))
                self._resume_accepting()
        finally:
            self._close()

    def _serve_ready(self, ready: list[tuple[int, int]]) -> None:
        serve = self._serve
        for fd, _ in ready:
            goes_on = serve.get(fd)
            if goes_on is None:
                continue  # closed in this turn
            try:
                if not goes_on():
                    self._drop(fd)
            except BlockingIOError:
                pass  # it is not ready after all
            except OSError:
                self._drop(fd)
            except Exception:
                self._logger.exception("a connection failed and is closed")
                self._drop(fd)
            if self._stopping:
                break

    def _watch(self, watched: socket.socket, goes_on: Callable[[], bool]) -> None:
        watched.setblocking(False)
        self._poller.register(watched.fileno(), READ)
        self._serve[watched.fileno()] = goes_on

    def _woken(self) -> bool:
        self._wake.recv(_RECEIVE_SIZE)
        return True

    def _accept(self) -> bool:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                accepted, _ = self._listener.accept()
            except BlockingIOError:
                break
            except ConnectionError:
                continue  # it was gone before it was accepted
            except OSError as error:
                self._pause_accepting(error)
                break
            self._starved = False
            self._welcome(accepted)
        return True

    def _welcome(self, accepted: socket.socket) -> None:
        try:
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            link = _Link(accepted, self._converse(), self._poller)
            self._watch(accepted, link.serve)
        except OSError:
            accepted.close()  # it is gone already
        except BaseException:
            accepted.close()
            raise
        else:
            self._links[accepted.fileno()] = link

    def _pause_accepting(self, error: OSError) -> None:
        """Let the others go on: the listener stays ready and would take every turn."""
        if not self._starved:
            self._logger.warning("no connection can be accepted for now: %s", error)
        self._starved = True
        self._poller.unregister(self._listener.fileno())
        self._accept_again = monotonic() + _RETRY_ACCEPT

    def _resume_accepting(self) -> None:
        if self._accept_again is not None and monotonic() >= self._accept_again:
            self._accept_again = None
            self._poller.register(self._listener.fileno(), READ)

    def _drop(self, fd: int) -> None:
        link = self._links.pop(fd, None)
        if link is not None:  # the listener stays, whatever happened to it
            del self._serve[fd]
            self._poller.unregister(fd)
            link.close()

    def _close(self) -> None:
        for fd in list(self._links):
            self._drop(fd)
        self._listener.close()
        self._poller.close()
        self._wake.close()
        self._waker.close()
        self._closed.set()


class _Link:
    """One connection. It is not read from while the peer does not take what it asked for."""

    __slots__ = ("_answer", "_conversation", "_poller", "_receive", "_send", "_socket", "_unsent")

    def __init__(self, accepted: socket.socket, conversation: Conversation, poller: Poller) -> None:
        self._socket = accepted
        self._conversation = conversation
        self._poller = poller
        self._receive = accepted.recv
        self._answer = conversation.receive
        self._send = accepted.send
        self._unsent = b""

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
        if sent < len(data) or self._unsent:
            self._keep(data[sent:])
        return bool(self._unsent) if self._conversation.closed else True

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _keep(self, unsent: bytes) -> None:
        self._unsent = unsent
        self._poller.modify(self._socket.fileno(), WRITE if unsent else READ)
