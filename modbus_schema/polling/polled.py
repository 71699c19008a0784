"""One device that is polled: what is read of it next, and what comes of a read.

It knows no client and no clock; a driver reads, and says when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from modbus_schema.device_base import DeviceBase
from modbus_schema.errors import DecodeError
from modbus_schema.fields.periods import ONCE, Period
from modbus_schema.fields.refs import Ref, reference
from modbus_schema.layout.tree import Path
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.polling.events import Failure, PollStatistics, Reading, Recovery, log
from modbus_schema.polling.grouping import poll_groups
from modbus_schema.polling.schedule import Schedule
from modbus_schema.polling.values import Values
from modbus_schema.polling.watching import Watcher
from modbus_schema.reading.partial import Partial
from modbus_wire.errors import (
    Acknowledge,
    ExceptionResponse,
    GatewayPathUnavailable,
    GatewayTargetFailedToRespond,
    ModbusError,
    ServerDeviceBusy,
)
from modbus_wire.policy import Backoff

M = TypeVar("M", bound=RegisterMap)

Call: TypeAlias = tuple[Callable[[Any], object], object]
"""A callback, and the event that it is to be called with."""

_NOT_NOW = (
    Acknowledge,
    GatewayPathUnavailable,
    GatewayTargetFailedToRespond,
    ServerDeviceBusy,
)
"""Answers that say nothing of the fields that were asked for."""


class PollOptions(NamedTuple):
    """How devices are polled."""

    every: Period | None
    is_partial: bool
    renew_once: bool
    backoff: Backoff


class Poll(NamedTuple):
    """A read that is due."""

    periods: tuple[Period, ...]
    refs: tuple[Ref[Any, Any], ...]
    """What `Device.read` takes; nothing for the whole map."""
    paths: tuple[Path, ...]


class Listeners:
    """Who is told of what."""

    def __init__(self) -> None:
        self.reading: list[Callable[[Any], object]] = []
        self.failure: list[Callable[[Any], object]] = []
        self.recovery: list[Callable[[Any], object]] = []


class Polled(Generic[M]):
    """The schedule of a device, its latest values and who watches them."""

    def __init__(
        self, device: DeviceBase[M, Any], options: PollOptions, listeners: Listeners
    ) -> None:
        self.device = device
        self.values: Values[M] = Values(device.model)
        self._options = options
        self._listeners = listeners
        self._groups = poll_groups(device.model, options.every, by_field=options.is_partial)
        self._all_once = self._groups.get(ONCE, ())
        self._schedule = Schedule(self._groups, options.backoff)
        self._polls: dict[tuple[Period, ...], Poll] = {}
        self.watchers: list[Watcher] = []
        self._failing_since: datetime | None = None
        self._poll_count = 0
        self._failure_count = 0

    def start(self, now: int) -> None:
        """Begin: everything is due now."""
        self._schedule.start(now)
        self._set_once(self._all_once)

    @property
    def due(self) -> int | None:
        """The time of the next read; None where nothing is left to be read."""
        return self._schedule.due

    @property
    def statistics(self) -> PollStatistics:
        """The counts so far."""
        is_failing = self._failing_since is not None
        return PollStatistics(
            self._poll_count, self._failure_count, self._schedule.missed, is_failing
        )

    def read(self, poll: Poll) -> Any:
        """Ask the device for what is due; what comes back is the result, or to be awaited."""
        device: Any = self.device
        if self._options.is_partial:
            return device.read(*poll.refs, partial=True)
        return device.read(*poll.refs)

    def begin(self, now: int) -> Poll | None:
        """Return the read that is to be made now, if any; `came` or `failed` ends it."""
        periods = self._schedule.begin(now)
        if not periods:
            return None
        self._poll_count += 1
        if periods not in self._polls:
            self._polls[periods] = self._poll(periods)
        return self._polls[periods]

    def came(self, poll: Poll, result: Any, now: int, at: datetime) -> list[Call]:
        """Take what a read brought; returns whom to tell of what."""
        values = Values(self.device.model, _values(poll, result))
        self.values.update(values)
        reading = Reading(self.device, at, result if isinstance(result, Partial) else values)
        self._go_on(poll, reading, now)
        calls: list[Call] = []
        if self._failing_since is not None and not self._is_failing:
            recovery = Recovery(self.device, at, self._failing_since)
            calls += [(callback, recovery) for callback in self._listeners.recovery]
            self._failing_since = None
            if not calls:
                log().info("%r gives all of its fields again", self.device)
            if self._options.renew_once and ONCE not in poll.periods:
                self._set_once(self._all_once)
                self._schedule.renew(ONCE, now)
        calls += [(callback, reading) for callback in self._listeners.reading]
        return calls + list(self._changes(at))

    def failed(self, poll: Poll, error: Exception, now: int, at: datetime) -> list[Call]:
        """Take that a read failed; returns whom to tell."""
        self._failure_count += 1
        self._schedule.fail(poll.periods, now, has_answered=_is_of_fields(error))
        if self._failing_since is not None:
            return []
        self._failing_since = at
        failure = Failure(self.device, error, at)
        if not self._listeners.failure:  # so that somebody may hear of it
            unknown = None if isinstance(error, ModbusError) else error
            log().warning("%r cannot be polled: %s", self.device, error, exc_info=unknown)
        return [(callback, failure) for callback in self._listeners.failure]

    @property
    def _is_failing(self) -> bool:
        # a partial read says by itself what it did not bring
        return self._schedule.is_failing and not self._options.is_partial

    def _poll(self, periods: tuple[Period, ...]) -> Poll:
        paths = tuple(path for period in periods for path in self._groups[period])
        model = self.device.model
        refs = () if paths == ((),) else tuple(reference(model, path) for path in paths)
        return Poll(periods, refs, paths)

    def _go_on(self, poll: Poll, reading: Reading[M], now: int) -> None:
        """Note the read in the schedule; what is read once is over where all of it came."""
        once = self._groups[ONCE] if ONCE in poll.periods else ()
        left = tuple(path for path in once if any(_is_in(ref.path, path) for ref in reading.failed))
        if left:
            self._set_once(left)
            self._schedule.succeed((each for each in poll.periods if each != ONCE), now)
            self._schedule.fail((ONCE,), now, has_answered=True)
        else:
            self._schedule.succeed(poll.periods, now)

    def _set_once(self, paths: tuple[Path, ...]) -> None:
        """Let these be what is read once, and did not come yet."""
        if paths and paths != self._groups[ONCE]:
            self._groups[ONCE] = paths
            self._polls.clear()

    def _changes(self, at: datetime) -> Iterator[Call]:
        for watcher in self.watchers:
            try:
                change = watcher.change(self.device, self.values, at)
            except Exception:  # values of a codec of the user's may not compare
                log().exception("the values of %r do not compare", watcher)
                continue
            if change is not None:
                yield watcher.callback, change


def _values(poll: Poll, result: Any) -> Iterator[tuple[Path, Any]]:
    """Return what a read brought; of a partial one, what came as a whole."""
    if not isinstance(result, Partial):
        yield from zip(poll.paths, result if len(poll.paths) > 1 else (result,), strict=True)
        return
    for path, ref in zip(poll.paths, poll.refs, strict=True):
        with suppress(KeyError, ModbusError):
            yield path, result[ref]


def _is_of_fields(error: Exception) -> bool:
    """Whether the device answered, and others of its fields may come."""
    return isinstance(error, DecodeError) or (
        isinstance(error, ExceptionResponse) and not isinstance(error, _NOT_NOW)
    )


def _is_in(path: Path, group: Path) -> bool:
    return path[: len(group)] == group
