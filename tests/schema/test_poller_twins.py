"""The blocking and the async poller are twins; the time they keep moves as it is told."""

import asyncio
import inspect
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import get_overloads

import pytest

from modbus_schema import AsyncPoller, Poller
from modbus_schema.polling.clock import Clock, ManualClock
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


def test_the_clock_of_the_machine() -> None:
    """Its ticks are nanoseconds, its date is in UTC, and it waits no longer than it is told."""
    clock = Clock()
    before = time.monotonic_ns()
    assert before <= clock.ticks() <= time.monotonic_ns()
    assert clock.now().utcoffset() == timedelta(0)
    condition = threading.Condition()
    until = clock.ticks() + 2_000_000
    with condition:
        while clock.ticks() < until:
            clock.wait(condition, until)
        clock.wait(condition, until - 10**12)
    asyncio.run(clock.sleep(clock.ticks() - 1))
    until = clock.ticks() + 2_000_000
    asyncio.run(clock.sleep(until))
    assert clock.ticks() >= until


def test_the_clock_of_a_test() -> None:
    """It stands still until it is moved, and wakes whoever waits for a time that has come."""
    clock = ManualClock(datetime(2024, 2, 29, tzinfo=UTC))
    clock.advance(1.5)
    assert clock.ticks() == 1_500_000_000
    assert clock.now() == datetime(2024, 2, 29, 0, 0, 1, 500_000, UTC)
    for seconds in (-1, float("nan")):
        with pytest.raises(ValueError, match="time does not go back"):
            clock.advance(seconds)
    condition = threading.Condition()

    def wait() -> None:
        with condition:
            while clock.ticks() < 3_000_000_000:
                clock.wait(condition, 3_000_000_000)

    waiting = in_thread(wait)
    clock.advance(1)
    clock.advance(1)
    waiting.join(LIMIT)
    assert not waiting.is_alive()


def test_sleepers_of_the_clock_of_a_test() -> None:
    """Each wakes at its time; one that was cancelled disturbs nobody."""
    clock = ManualClock()

    async def main() -> None:
        first, second, gone = (
            asyncio.create_task(clock.sleep(seconds * 1_000_000_000)) for seconds in (1, 2, 1)
        )
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        clock.advance(1)
        await first
        assert not second.done()
        clock.advance(5)
        await second
        await clock.sleep(3)

    asyncio.run(main())
