"""The time that pollers keep: that of the machine, or one that a test moves by hand."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import Future

_SECOND = 1_000_000_000
_LONGEST_WAIT = 3600.0


class Clock:
    """The time of the machine."""

    def ticks(self) -> int:
        """Return nanoseconds of a time that never jumps."""
        return time.monotonic_ns()

    def now(self) -> datetime:
        """Return the date and time, in UTC."""
        return datetime.now(UTC)

    def wait(self, condition: threading.Condition, until: int | None) -> None:
        """Wait for a condition, which the caller holds, to be notified, or for a time; or less."""
        seconds = _LONGEST_WAIT if until is None else (until - self.ticks()) / _SECOND
        condition.wait(min(seconds, _LONGEST_WAIT))

    async def sleep(self, until: int) -> None:
        """Wait for a time in an event loop."""
        from asyncio import sleep

        while (left := until - self.ticks()) > 0:
            await sleep(min(left / _SECOND, _LONGEST_WAIT))


class ManualClock(Clock):
    """A time that stands still until `advance` moves it: for tests, which need not wait then.

    It begins at midnight of 1 January 2000, or at ``start``.
    """

    def __init__(self, start: datetime = datetime(2000, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._ticks = 0
        self._waiting: set[threading.Condition] = set()
        self._sleeping: list[tuple[int, Future[None]]] = []

    def ticks(self) -> int:
        return self._ticks

    def now(self) -> datetime:
        return self._start + timedelta(microseconds=self._ticks / 1000)

    def wait(self, condition: threading.Condition, until: int | None) -> None:
        self._waiting.add(condition)
        if until is None or self._ticks < until:
            condition.wait()

    async def sleep(self, until: int) -> None:
        from asyncio import get_running_loop

        if self._ticks < until:
            future = get_running_loop().create_future()
            self._sleeping.append((until, future))
            await future

    def advance(self, seconds: float) -> None:
        """Let time pass, for those in other threads and for those in the running event loop."""
        if not seconds >= 0:
            raise ValueError(f"time does not go back by {seconds!r} seconds")
        self._ticks += round(seconds * _SECOND)
        for condition in list(self._waiting):
            with condition:
                condition.notify_all()
        over = [future for until, future in self._sleeping if until <= self._ticks]
        self._sleeping = [each for each in self._sleeping if each[0] > self._ticks]
        for future in over:
            if not future.done():
                future.set_result(None)
