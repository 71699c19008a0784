"""The blocking and the async poller are twins; the time they keep moves as it is told."""

import asyncio
import inspect
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import get_overloads

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_schema import AsyncPoller, Poller
from modbus_schema.polling.timing import Timer
from modbus_schema.simulation import ManualClock
from modbus_schema.simulation.clock import SYSTEM_CLOCK
from modbus_wire.withheld import Wait
from tests.schema.poll_bench import LIMIT, in_thread
from tests.schema.test_device_twins import methods

WAITING = {"start", "stop", "run"}
"""The methods that wait."""


def test_there_are_no_methods_of_one_style_only() -> None:
    """What one can do, the other can."""
    assert methods(Poller).keys() == methods(AsyncPoller).keys() >= {"on_change", *WAITING}


@pytest.mark.parametrize("name", sorted(methods(Poller)))
def test_a_method_has_the_same_signature(name: str) -> None:
    """Overload by overload, but for the kind of device; those that wait are coroutine functions."""
    blocking, later = methods(Poller)[name], methods(AsyncPoller)[name]
    blocking_texts = [
        f"{inspect.signature(each)}" for each in get_overloads(blocking) or [blocking]
    ]
    later_texts = [f"{inspect.signature(each)}" for each in get_overloads(later) or [later]]
    swapped = [text.replace("Async", "") for text in later_texts]
    assert blocking_texts == swapped
    assert inspect.iscoroutinefunction(later) is (name in WAITING)


def test_the_time_of_the_system() -> None:
    """Its ticks are nanoseconds, its date is in UTC, and it waits no longer than it is told."""
    before = time.monotonic_ns()
    timer = Timer(SYSTEM_CLOCK)
    assert 0 <= timer.ticks() <= time.monotonic_ns() - before + 1000
    assert abs(timer.date() - datetime.now(UTC)) < timedelta(seconds=LIMIT)
    condition = threading.Condition()
    until = timer.ticks() + 2_000_000
    with condition:
        while not timer.has_come(until):
            timer.wait(condition, until)
        timer.wait(condition, until - 10**12)
    asyncio.run(timer.sleep(timer.ticks() - 1))
    until = timer.ticks() + 2_000_000
    asyncio.run(timer.sleep(until))
    assert timer.has_come(until)


def test_the_time_of_a_test() -> None:
    """Whoever waits for a time wakes when it has come, in however many steps."""
    clock = ManualClock(86400)
    timer = Timer(clock)
    assert timer.date() == datetime(1970, 1, 2, tzinfo=UTC)
    condition = threading.Condition()
    until = timer.ticks() + 3_000_000_000

    def wait() -> None:
        with condition:
            while not timer.has_come(until):
                timer.wait(condition, until)

    waiting = in_thread(wait)
    for _ in range(30):
        clock.advance(0.1)
    waiting.join(LIMIT)
    assert not waiting.is_alive()


@given(st.lists(st.integers(1000, 2 * 10**6), min_size=1, max_size=20), st.floats(0, 2e9))
def test_no_rounding_delays_a_wait(steps: list[int], start: float) -> None:
    """A clock that is moved to the time of a beat, by floats, wakes who waits for it."""
    clock = ManualClock(start)
    timer = Timer(clock)

    async def main() -> None:
        for step in steps:
            sleeping = asyncio.create_task(timer.sleep(timer.ticks() + step * 1000))
            await asyncio.sleep(0)
            assert not sleeping.done()
            clock.advance(step / 10**6)
            await asyncio.wait_for(sleeping, LIMIT)

    asyncio.run(main())


def test_a_clock_that_goes_on_while_a_wait_begins() -> None:
    """The wait is for the time that was meant, not for one that is later by so much."""

    class Hasty(ManualClock):
        """A clock that goes on just before it is told to wait."""

        def hold(self, seconds: float, /) -> Wait:
            begun = super().hold(seconds)

            def begin(call: Callable[[], None]) -> object:
                self.advance(0.75)
                return begun(call) if callable(begun) else None

            return begin

    timer = Timer(Hasty())
    asyncio.run(timer.sleep(1_000_000_000))
    assert timer.ticks() == 1_500_000_000
    condition = threading.Condition()
    with condition:
        timer.wait(condition, 2_500_000_000)
    assert timer.ticks() == 3_000_000_000


def test_sleepers_of_the_time_of_a_test() -> None:
    """Each wakes at its time; one that was cancelled, or whose loop ended, disturbs nobody."""
    clock = ManualClock()
    timer = Timer(clock)

    async def main() -> None:
        first, second, gone = (
            asyncio.create_task(timer.sleep(seconds * 1_000_000_000)) for seconds in (1, 2, 1)
        )
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        clock.advance(1)
        await first
        assert not second.done()
        clock.advance(5)
        await second
        await timer.sleep(3)
        asyncio.create_task(timer.sleep(10**12))  # noqa: RUF006
        await asyncio.sleep(0)

    asyncio.run(main())
    clock.advance(1000)
