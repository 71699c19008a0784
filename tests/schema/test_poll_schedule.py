"""When fields are read: every beat once or counted, what is due together, failures apart."""

from collections import Counter
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_schema.fields.periods import ONCE, Period, period_of
from modbus_schema.polling.schedule import Schedule
from modbus_wire.policy import Backoff

MS = 1_000_000
START = 7 * MS + 3


def periods(*texts: str) -> tuple[Period, ...]:
    """Return the periods of some texts."""
    return tuple(period_of(text) for text in texts)


class Try(NamedTuple):
    """How a read goes: how late it begins, how long it takes and how it ends, in nanoseconds."""

    late: int
    takes: int
    error: str = ""
    """``silent`` where the device does not answer, ``refused`` where it does."""


class Driver:
    """A poller without device, clock or wait: it notes what it did."""

    def __init__(self, *given: Period, backoff: Backoff | None = None) -> None:
        self.periods = given
        self.schedule = Schedule(given, backoff or Backoff(0.5, 4))
        self.now = START
        self.schedule.start(START)
        self.reads: list[tuple[int, tuple[Period, ...]]] = []
        """The time at which each read that succeeded began, and what was read."""
        self.asked: list[tuple[int, tuple[Period, ...]]] = []

    def step(self, each: Try) -> None:
        """Wait until something is due, and read it."""
        due = self.schedule.due
        assert due is not None
        if due - 1 >= self.now:
            assert self.schedule.begin(due - 1) == ()
        self.now = max(self.now, due) + each.late
        begun, chosen = self.now, self.schedule.begin(self.now)
        assert chosen
        self.asked.append((begun, chosen))
        self.now += each.takes
        if each.error:
            self.schedule.fail(chosen, self.now, has_answered=each.error == "refused")
        else:
            self.schedule.succeed(chosen, self.now)
            self.reads.append((begun, chosen))

    def beats(self, period: Period) -> list[int]:
        """Return the numbers of the beats at which a period was read."""
        assert period.nanoseconds
        times = [begun for begun, chosen in self.reads if period in chosen]
        return [(time - START) // period.nanoseconds for time in times]

    def settle(self) -> None:
        """Read until nothing is due now, nor to be tried again; each read takes no time."""
        while (due := self.schedule.due) is not None and (
            due <= self.now or self.schedule.is_failing
        ):
            self.step(Try(0, 0))


def beats_until(period: Period, now: int) -> int:
    """Return how many beats a period has until now, this moment included."""
    assert period.nanoseconds
    return (now - START) // period.nanoseconds + 1


PERIODS = st.lists(
    st.sampled_from(periods("10ms", "20ms", "30ms", "50ms", "1s", "once")),
    min_size=1,
    max_size=4,
    unique=True,
)
TIMES = st.sampled_from([0, 0, 1, 4 * MS, 10 * MS, 33 * MS, 70 * MS])
TRIES = st.lists(st.builds(Try, TIMES, TIMES, st.just("")), max_size=30)
ODD_TRIES = st.lists(
    st.builds(Try, TIMES, TIMES, st.sampled_from(["", "", "silent", "refused"])), max_size=40
)


def timed(given: list[Period]) -> list[Period]:
    """Return the periods that have beats, without once."""
    return [period for period in given if period != ONCE]


@given(PERIODS, ODD_TRIES)
def test_every_beat_is_read_once_or_counted(given: list[Period], tries: list[Try]) -> None:
    """Whatever reads take and however they fail, none is read twice and none is lost."""
    driver = Driver(*given)
    for each in tries:
        if driver.schedule.due is not None:
            driver.step(each)
    driver.settle()
    for period in timed(given):
        beats = driver.beats(period)
        assert beats == sorted(set(beats))
    read = sum(len(driver.beats(period)) for period in timed(given))
    passed = sum(beats_until(period, driver.now) for period in timed(given))
    assert read + driver.schedule.missed == passed
    assert Counter(each for _, chosen in driver.reads for each in chosen)[ONCE] <= 1
    assert not driver.schedule.is_failing


@given(PERIODS, TRIES)
def test_what_is_due_is_read_together(given: list[Period], tries: list[Try]) -> None:
    """One read brings every period that has a beat since its last read ended, and no other."""
    driver = Driver(*given)
    unread = dict.fromkeys(given, START)
    for each in tries:
        if driver.schedule.due is None:
            break
        driver.step(each)
        begun, chosen = driver.reads[-1]
        assert set(chosen) == {period for period, time in unread.items() if time <= begun}
        for period in chosen:
            if period.nanoseconds is None:
                del unread[period]
            else:
                after = beats_until(period, max(begun, driver.now - 1))
                unread[period] = START + after * period.nanoseconds


@given(PERIODS, st.integers(0, 200))
def test_beats_do_not_drift(given: list[Period], count: int) -> None:
    """A poller that is in time reads at start + n periods, exactly, and misses nothing."""
    driver = Driver(*given)
    shortest = min((period.nanoseconds or 10 * MS) for period in given)
    for number in range(count):
        if driver.schedule.due is not None:
            driver.step(Try(0, number * 7 % (shortest - 1)))
    for period in timed(given):
        times = [begun for begun, chosen in driver.reads if period in chosen]
        assert times == [START + n * (period.nanoseconds or 0) for n in range(len(times))]
    assert driver.schedule.missed == 0


def test_a_read_that_is_too_long_does_not_pile_up() -> None:
    """The beats in it are counted and left; the next read is at the next beat."""
    driver = Driver(*periods("10ms"))
    driver.step(Try(0, 35 * MS))
    assert (driver.schedule.missed, driver.schedule.due) == (3, START + 40 * MS)
    driver.step(Try(0, 10 * MS))
    assert (driver.schedule.missed, driver.schedule.due) == (3, START + 50 * MS)
    driver.step(Try(25 * MS, 0))
    assert (driver.schedule.missed, driver.schedule.due) == (5, START + 80 * MS)


def test_a_device_that_does_not_answer_is_left_alone() -> None:
    """For twice as long each time; what it missed meanwhile is counted, and its beats stay."""
    driver = Driver(*periods("1s", "10s"), backoff=Backoff(0.5, 4))
    for _ in range(5):
        driver.step(Try(0, 0, "silent"))
    assert driver.schedule.is_failing
    times = [(begun - START) // MS for begun, _ in driver.asked]
    assert times == [0, 500, 1500, 3500, 7500]
    driver.step(Try(0, 0))
    begun, chosen = driver.reads[0]
    assert ((begun - START) // MS, chosen) == (11500, periods("1s", "10s"))
    assert driver.schedule.due == START + 12_000 * MS
    assert driver.schedule.missed == 11 + 1
    assert not driver.schedule.is_failing


def test_fields_that_are_refused_fail_alone() -> None:
    """What was read with them is read by itself from then on, at every beat of its own."""
    driver = Driver(*periods("1s", "2s", "3s"), backoff=Backoff(0.5, 4))
    bad = period_of("2s")
    for _ in range(60):
        due = driver.schedule.due
        assert due is not None
        driver.now = max(driver.now, due)
        asked = driver.schedule.begin(driver.now)
        if bad in asked:
            driver.schedule.fail(asked, driver.now, has_answered=True)
        else:
            driver.schedule.succeed(asked, driver.now)
            driver.reads.append((driver.now, asked))
        driver.asked.append((driver.now, asked))
    for period in periods("1s", "3s"):
        beats = driver.beats(period)
        assert beats == list(range(len(beats)))
    assert [asked for _, asked in driver.asked if bad in asked][1:] == [(bad,)] * (
        sum(bad in asked for _, asked in driver.asked) - 1
    )
    assert driver.schedule.is_failing


def test_one_that_fails_with_others_is_found_at_once() -> None:
    """After a read of several that failed, each is tried alone without a pause."""
    driver = Driver(*periods("1s", "2s"))
    driver.step(Try(0, 0, "refused"))
    assert driver.schedule.due == START
    driver.step(Try(0, 0))
    driver.step(Try(0, 0))
    assert driver.reads == [(START, periods("1s")), (START, periods("2s"))]
    driver.step(Try(0, 0))
    driver.step(Try(0, 0))
    assert driver.reads[-1] == (START + 2000 * MS, periods("1s", "2s"))


def test_once_is_read_until_it_came() -> None:
    """And then never again, unless it is asked for."""
    driver = Driver(ONCE)
    driver.step(Try(0, 0, "silent"))
    driver.step(Try(0, 0, "refused"))
    driver.step(Try(0, 0))
    over = driver.schedule.due
    assert over is None
    assert driver.schedule.begin(driver.now + 10**12) == ()
    driver.schedule.renew(ONCE, driver.now)
    assert driver.schedule.due == driver.now
    assert driver.schedule.begin(driver.now) == (ONCE,)


def test_a_schedule_begins_anew() -> None:
    """At a new start everything is due, and what was missed before is still counted."""
    driver = Driver(*periods("10ms", "once"))
    driver.step(Try(0, 25 * MS))
    driver.schedule.start(START + 31 * MS)
    assert driver.schedule.due == START + 31 * MS
    assert driver.schedule.begin(START + 31 * MS) == periods("10ms", "once")
    assert driver.schedule.missed == 2


@pytest.mark.parametrize("error", ["silent", "refused"])
def test_a_failure_is_retried_before_the_next_beat(error: str) -> None:
    """A field that is read once an hour does not wait an hour for the next attempt."""
    driver = Driver(*periods("1h"))
    driver.step(Try(0, 0, error))
    assert driver.schedule.due == START + 500 * MS
    driver.step(Try(0, 0))
    assert driver.schedule.due == START + 3_600_000 * MS
    assert driver.schedule.missed == 0


def test_what_is_refused_is_tried_at_each_beat() -> None:
    """A device that answers may be asked; a slow period does not wait for its next beat."""
    for text, times in (
        ("1s", [0, 500, 1000, 2000, 3000]),
        ("10s", [0, 500, 1500, 3500, 7500]),
        ("once", [0, 500, 1500, 3500, 7500]),
    ):
        driver = Driver(*periods(text), backoff=Backoff(0.5, 4))
        for _ in times:
            driver.step(Try(0, 0, "refused"))
        assert [(begun - START) // MS for begun, _ in driver.asked] == times
