"""How pollers wait by a clock: that of the system, or one that a test moves by hand."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Condition
from typing import TYPE_CHECKING

from modbus_schema.simulation.clock import Clock, SystemClock

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future

_SECOND = 1_000_000_000
_TOLERANCE = 50_000
"""Nanoseconds; a clock of Unix time that is moved by floats is off by less for very long."""

_LONGEST_WAIT = 3600.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Timer:
    """A clock in whole nanoseconds, in which periods are exact, and the waits of both styles.

    The dates of a clock that is not the system's are its seconds, counted from 1970 on.
    """

    __slots__ = ("_clock", "_origin")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._origin = clock.seconds()

    def ticks(self) -> int:
        """Return the nanoseconds since the timer was made."""
        return round((self._clock.seconds() - self._origin) * _SECOND)

    def has_come(self, time: int) -> bool:
        """Whether it is time, as far as floats can tell."""
        return time - self.ticks() <= _TOLERANCE

    def date(self) -> datetime:
        """Return the date and time, in UTC."""
        if isinstance(self._clock, SystemClock):
            return datetime.now(UTC)
        return _EPOCH + timedelta(seconds=self._clock.seconds())

    def wait(self, condition: Condition, until: int | None) -> None:
        """Wait for a condition, which the caller holds, to be notified, or for a time; or less."""
        if until is None:
            condition.wait()
            return
        while not self.has_come(until):
            ticks = self.ticks()
            wait = self._clock.hold(_seconds(until - ticks))
            if not callable(wait):
                condition.wait(min(wait, _LONGEST_WAIT))
                return
            wait(partial(_notify, condition))
            if self.ticks() == ticks:  # else the wait began too late
                condition.wait()
                return

    async def sleep(self, until: int) -> None:
        """Wait for a time in an event loop."""
        from asyncio import get_running_loop, sleep

        while not self.has_come(until):
            ticks = self.ticks()
            wait = self._clock.hold(_seconds(until - ticks))
            if not callable(wait):
                await sleep(min(wait, _LONGEST_WAIT))
                continue
            loop = get_running_loop()
            future: Future[None] = loop.create_future()
            wait(partial(_wake, loop, future))
            if self.ticks() == ticks:
                await future


def _seconds(nanoseconds: int) -> float:
    # no sum of floats may come out so late that the time has come before
    return max(nanoseconds - _TOLERANCE // 2, 0) / _SECOND


def _notify(condition: Condition) -> None:
    with condition:
        condition.notify_all()


def _wake(loop: AbstractEventLoop, future: Future[None]) -> None:
    with suppress(RuntimeError):  # the loop has ended
        loop.call_soon_threadsafe(_finish, future)


def _finish(future: Future[None]) -> None:
    if not future.done():
        future.set_result(None)
