"""Which time it is for a simulated device: the system's, or the test's own."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from threading import Condition
from time import monotonic
from typing import Protocol

from modbus_wire.withheld import Wait


class Clock(Protocol):
    """What tells a simulated device the time, and when a delayed answer is due."""

    def seconds(self) -> float:
        """Return seconds, counted from any moment; never fewer than before."""
        ...

    def hold(self, seconds: float, /) -> Wait:
        """Return how a server is to wait so long."""
        ...


class SystemClock:
    """The time of the system, which nobody sets."""

    def seconds(self) -> float:
        return monotonic()

    def hold(self, seconds: float, /) -> Wait:
        return seconds


SYSTEM_CLOCK = SystemClock()


class ManualClock:
    """A clock that stands still until it is told to go on; for tests that do not sleep.

    What moves, replays and delayed answers go by it. Any thread may use it.
    """

    def __init__(self, now: float = 0.0) -> None:
        """Begin at that many seconds."""
        self._now = now
        self._changed = Condition()
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._turn = 0

    def __repr__(self) -> str:
        return f"<ManualClock at {self.seconds():g} s>"

    def seconds(self) -> float:
        return self._now

    @property
    def waiting(self) -> int:
        """How many answers are held back, and pollers wait, until their time has come.

        Answers to clients that are gone meanwhile are among them.
        """
        return len(self._waiting)

    def advance(self, seconds: float) -> None:
        """Let so much time pass; what becomes due meanwhile is done in its order.

        Raises ValueError for less than nothing.
        """
        if not seconds >= 0:
            raise ValueError(f"time does not go on by {seconds!r} s")
        with self._changed:
            end = self._now + seconds
            due: list[Callable[[], None]] = []
            while self._waiting and self._waiting[0][0] <= end:
                due.append(heappop(self._waiting)[2])
            self._now = end
        for call in due:
            call()

    def hold(self, seconds: float, /) -> Wait:
        def begin(call: Callable[[], None]) -> None:
            with self._changed:
                self._turn += 1
                heappush(self._waiting, (self._now + seconds, self._turn, call))
                self._changed.notify_all()

        return begin

    def until_waiting(self, count: int = 1, *, timeout: float = 5.0) -> None:
        """Block until so many answers are held back; in an event loop `until_waiting_async` waits.

        The timeout is in seconds of the system; raises TimeoutError.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._waiting) >= count, timeout):
                held = len(self._waiting)
                raise TimeoutError(f"{held} answers are held back, not {count}")

    async def until_waiting_async(self, count: int = 1, *, timeout: float = 5.0) -> None:
        """Wait as `until_waiting` does, while the event loop goes on."""
        from asyncio import to_thread

        await to_thread(self.until_waiting, count, timeout=timeout)
