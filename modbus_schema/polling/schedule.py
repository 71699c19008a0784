"""When a device is read: the beats of its periods, and the patience with one that fails.

It knows no clock and no device: times are whole nanoseconds that somebody else counts.
"""

from __future__ import annotations

from collections.abc import Iterable

from modbus_schema.fields.periods import Period
from modbus_wire.policy import Backoff


class Beats:
    """The beats of one period: the first at the start, then one a period, whatever happens.

    ``missed`` counts those at which nothing was read. What is read once has one beat.
    """

    __slots__ = ("_beat", "_retry_at", "_start", "failures", "is_over", "missed", "period")

    def __init__(self, period: Period) -> None:
        self.period = period
        self.missed = 0
        self.start(0)

    def start(self, now: int) -> None:
        """Begin anew: the first beat is now."""
        self._start = now
        self._beat = 0
        """The number of the beat that is to be read next."""
        self._retry_at = now
        self.failures = 0
        """How often reading these fields failed in a row though the device answered."""
        self.is_over = False
        """Whether there is no further beat."""

    @property
    def due(self) -> int:
        """The time of the next read, unless it is over."""
        return max(self._start + self._beat * (self.period.nanoseconds or 0), self._retry_at)

    def begin(self, now: int) -> None:
        """Take the latest beat as the one that is read; those before it were missed."""
        if self.period.nanoseconds:
            self._skip_to((now - self._start) // self.period.nanoseconds)

    def succeed(self, now: int) -> None:
        """Go on to the next beat; those that passed during the read were missed."""
        self.failures = 0
        if self.period.nanoseconds is None:
            self.is_over = True
        else:
            self._beat += 1
            self._skip_to(-((self._start - now) // self.period.nanoseconds))

    def fail(self, now: int, delay: int) -> None:
        """Leave the beat to be read after a delay, or at the next one, whichever is earlier."""
        self.failures += 1
        self._retry_at = now + delay
        if self.period.nanoseconds:
            passed = (now - self._start) // self.period.nanoseconds
            next_beat = self._start + (passed + 1) * self.period.nanoseconds
            self._retry_at = min(self._retry_at, next_beat)

    def _skip_to(self, beat: int) -> None:
        if beat > self._beat:
            self.missed += beat - self._beat
            self._beat = beat


class Schedule:
    """When the fields of one device are read, by their periods.

    What is due is read together. A device that does not answer is left alone for longer and longer,
    as ``backoff`` says. Where it answers but reading failed, each period is read by itself, so that
    the one at fault fails alone; that one is tried again after the back-off, but at each beat.
    """

    __slots__ = ("_beats", "_failures", "_retry_at", "backoff")

    def __init__(self, periods: Iterable[Period], backoff: Backoff) -> None:
        self._beats = {period: Beats(period) for period in periods}
        self.backoff = backoff
        self.start(0)

    def start(self, now: int) -> None:
        """Begin anew: everything is due now."""
        self._failures = 0
        self._retry_at = now
        for beats in self._beats.values():
            beats.start(now)

    @property
    def missed(self) -> int:
        """How many beats passed without a read."""
        return sum(beats.missed for beats in self._beats.values())

    @property
    def is_failing(self) -> bool:
        """Whether some of it failed and did not yet succeed."""
        return bool(self._failures) or any(beats.failures for beats in self._beats.values())

    @property
    def due(self) -> int | None:
        """The time of the next read; None where nothing is left to be read."""
        times = [beats.due for beats in self._beats.values() if not beats.is_over]
        return max(min(times), self._retry_at) if times else None

    def begin(self, now: int) -> tuple[Period, ...]:
        """Return the periods whose fields are to be read now, in one read; none is ``()``."""
        if now < self._retry_at:
            return ()
        due = [beats for beats in self._beats.values() if not beats.is_over and beats.due <= now]
        sound = [beats for beats in due if not beats.failures]
        chosen = sound or due[:1]
        for beats in chosen:
            beats.begin(now)
        return tuple(beats.period for beats in chosen)

    def succeed(self, periods: Iterable[Period], now: int) -> None:
        """Note that a read, which ended now, brought the fields of these periods."""
        self._failures = 0
        for period in periods:
            self._beats[period].succeed(now)

    def fail(self, periods: tuple[Period, ...], now: int, *, has_answered: bool) -> None:
        """Note that a read, which ended now, failed; whether by the device's own answer."""
        if not has_answered:
            self._failures += 1
            self._retry_at = now + self._delay(self._failures)
            return
        self._failures = 0
        for period in periods:
            beats = self._beats[period]
            beats.fail(now, 0 if len(periods) > 1 else self._delay(beats.failures + 1))

    def renew(self, period: Period, now: int) -> None:
        """Let the fields of a period be read anew, from now on."""
        if period in self._beats:
            self._beats[period].start(now)

    def _delay(self, failures: int) -> int:
        return round(self.backoff.delay(failures) * 1_000_000_000)
