"""The loop of a server: one thread over all its sockets.

It knows descriptors and what to call when they are ready. Who connects, and what the bytes are,
is the matter of the door it is given.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread, current_thread
from time import monotonic

from modbus_wire.log import logger
from modbus_wire.sync.poller import READ, new_poller
from modbus_wire.typed import Any, Protocol
from modbus_wire.withheld import Wait

_LOGGER = "modbus_wire.server"
_WAKING_SIZE = 256


class Door(Protocol):
    """Where a server's clients come in: a listening socket, or one that takes datagrams."""

    address: tuple[str, int]

    @property
    def connections(self) -> int: ...

    def open(self, loop: Loop) -> None:
        """Let the loop watch the door from now on; called once."""
        ...

    def due(self) -> float | None:
        """Do what the time has come for; return the seconds until more is due, None for never."""
        ...

    def drop(self, fd: int) -> None:
        """End the connection with that descriptor, if it is one."""
        ...

    def shut(self) -> None:
        """Let nobody in any more, and free the port if those who are in can do without it."""
        ...

    def close(self) -> None:
        """End every connection and close the door."""
        ...


class Loop:
    """One run of a server, from the first connection to `stop`, in a thread of its own."""

    def __init__(self, door: Door) -> None:
        """Get ready to serve who comes in by the door, which the loop owns once it is made."""
        self.address = door.address
        self._door = door
        self._logger = logger(_LOGGER)
        """Fetched now: without a descriptor nothing could be imported."""

        self._stopping = False
        self._poller = new_poller()
        self._wake, self._waker = socket.socketpair()
        self._is_woken = False
        self._posted: deque[tuple[int, Callable[[], bool]]] = deque()
        self._timers: list[tuple[float, int, int, Callable[[], bool]]] = []
        """A heap of what is to be posted when: time, turn, descriptor and function."""

        self._turn = 0
        self._serve: dict[int, Callable[[], bool]] = {}
        """What to call when a descriptor is ready; it tells whether its connection goes on."""

        self.watch(self._wake, self._woken)
        door.open(self)
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
        return self._door.connections

    def stop(self) -> None:
        """Close everything; wait until that is done, unless in the loop's own thread."""
        self._stopping = True
        self._wake_up()
        if current_thread() is self._thread:
            self._door.shut()  # the next run may begin before this one has ended
        else:
            self.join()

    def join(self) -> None:
        """Wait until somebody has stopped the loop and everything is closed."""
        if self._thread.is_alive():  # after a fork the child has the loop without its thread
            self._closed.wait()
            self._thread.join()

    def watch(self, watched: socket.socket, goes_on: Callable[[], bool]) -> None:
        """Call ``goes_on`` whenever the socket is readable, until it says that it does not."""
        watched.setblocking(False)
        self._poller.register(watched.fileno(), READ)
        self._serve[watched.fileno()] = goes_on

    def unwatch(self, fd: int) -> None:
        """Watch a descriptor no more; to be called before it is closed."""
        del self._serve[fd]
        self._poller.unregister(fd)

    def watch_for(self, fd: int, events: int) -> None:
        """Watch a descriptor that is watched for other events, `READ`, `WRITE` or `NOTHING`."""
        self._poller.modify(fd, events)

    def post(self, fd: int, goes_on: Callable[[], bool]) -> None:
        """Call ``goes_on`` in the loop's thread, as if the descriptor were ready; from anywhere."""
        self._posted.append((fd, goes_on))
        if not self._is_woken:
            self._is_woken = True
            self._wake_up()

    def post_after(self, wait: Wait, fd: int, goes_on: Callable[[], bool]) -> None:
        """Call ``goes_on`` as `post` does, after a wait; from the loop's thread only."""
        if callable(wait):
            wait(lambda: self.post(fd, goes_on))
        elif wait:
            from heapq import heappush

            self._turn += 1
            heappush(self._timers, (monotonic() + wait, self._turn, fd, goes_on))
        else:
            self.post(fd, goes_on)

    def _until_timer(self, due: float | None) -> float | None:
        """Call what the time has come for; return the seconds until more is due, as ``due``."""
        from heapq import heappop

        timers, now = self._timers, monotonic()
        while timers and timers[0][0] <= now:
            _, _, fd, goes_on = heappop(timers)
            self._serve_one(fd, goes_on)
        if not timers:
            return due
        wait = timers[0][0] - now
        return wait if due is None else min(due, wait)

    def _wake_up(self) -> None:
        with suppress(OSError):
            self._waker.send(b"\0")

    def _woken(self) -> bool:
        self._wake.recv(_WAKING_SIZE)
        self._is_woken = False
        while self._posted and not self._stopping:
            self._serve_one(*self._posted.popleft())
        return True

    def _run(self) -> None:
        due, poll, timers = self._door.due, self._poller.poll, self._timers
        try:
            while not self._stopping:
                self._serve_ready(poll(self._until_timer(due()) if timers else due()))
        finally:
            self._close()

    def _serve_ready(self, ready: list[tuple[int, int]]) -> None:
        serve = self._serve
        for fd, _ in ready:
            goes_on = serve.get(fd)
            if goes_on is not None:  # else closed in this turn
                self._serve_one(fd, goes_on)
            if self._stopping:
                break

    def _serve_one(self, fd: int, goes_on: Callable[[], bool]) -> None:
        try:
            if not goes_on():
                self._door.drop(fd)
        except BlockingIOError:
            pass  # it is not ready after all
        except OSError:
            self._door.drop(fd)
        except BaseException:  # also what would end the thread, and the server with it
            self._logger.exception("a connection failed and is closed")
            self._door.drop(fd)

    def _close(self) -> None:
        self._door.close()
        self._poller.close()
        self._wake.close()
        self._waker.close()
        self._closed.set()


def address_of(bound: socket.socket) -> tuple[str, int]:
    """Return the host and port that a socket is bound to."""
    name: tuple[Any, ...] = bound.getsockname()
    return name[0], name[1]
