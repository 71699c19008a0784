"""What both styles of pollers share: their devices, who is told of what, and the latest values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from threading import Condition
from typing import Any, Generic, TypedDict, TypeVar, overload

from modbus_schema.device_base import DeviceBase
from modbus_schema.fields.periods import Every, period_of
from modbus_schema.fields.refs import Ref, reference
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.polling.events import Change, Failure, PollStatistics, Reading, Recovery, log
from modbus_schema.polling.polled import Call, Listeners, Poll, Polled, PollOptions
from modbus_schema.polling.timing import Timer
from modbus_schema.polling.watching import Watcher, check_watch
from modbus_schema.simulation.clock import SYSTEM_CLOCK, Clock
from modbus_wire.policy import Backoff

M = TypeVar("M", bound=RegisterMap)
V = TypeVar("V", bound=DeviceBase[Any, Any])
T = TypeVar("T")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[[Any], object])


class PollerOptions(TypedDict, total=False):
    """The keywords of a poller."""

    every: Every | None
    """The period of fields that have none of their own."""

    partial: bool
    """Whether a read brings what the device gives, where it refuses some; else it is all or
    nothing."""

    renew_once: bool
    """Whether what is read once is read again when a device is back that failed."""

    backoff: Backoff | None
    """How long a device is left alone that failed; half a second at first, 30 seconds at most."""

    clock: Clock | None
    """The time to keep; the system's unless a test has its own, such as a `ManualClock`."""


class PollerBase(Generic[M, V]):
    """Devices that are polled, each by its own schedule."""

    def __init__(self, devices: V | Iterable[V], options: PollerOptions) -> None:
        each = [devices] if isinstance(devices, DeviceBase) else list(devices)
        self._timer = Timer(options.get("clock") or SYSTEM_CLOCK)
        self._condition = Condition()
        """Holds off who looks at the state, or waits for it to change."""
        self._listeners = Listeners()
        every = options.get("every")
        poll_options = PollOptions(
            every=None if every is None else period_of(every),
            is_partial=options.get("partial", False),
            renew_once=options.get("renew_once", False),
            backoff=options.get("backoff") or Backoff(),
        )
        self._polled: dict[int, Polled[Any]] = {}
        for device in each:
            self._check_device(device)
            if id(device) in self._polled:
                raise ValueError(f"{device!r} is polled already")
            self._polled[id(device)] = Polled(device, poll_options, self._listeners)
        if not each:
            raise ValueError("there is no device to poll")
        self.devices = tuple(each)

    @overload
    def on_change(
        self, ref: Ref[M, T], /
    ) -> Callable[[Callable[[Change[T]], R]], Callable[[Change[T]], R]]: ...
    # These look as if they overlapped; but references are invariant, so that each fits one.
    @overload
    def on_change(  # type: ignore[overload-overlap]
        self, ref: Ref[M, float], /, *, dead_band: float
    ) -> Callable[[Callable[[Change[float]], R]], Callable[[Change[float]], R]]: ...
    @overload
    def on_change(  # type: ignore[overload-overlap]
        self, ref: Ref[M, int], /, *, dead_band: float
    ) -> Callable[[Callable[[Change[int]], R]], Callable[[Change[int]], R]]: ...
    @overload
    def on_change(  # type: ignore[overload-overlap]
        self, ref: Ref[M, float | None], /, *, dead_band: float
    ) -> Callable[[Callable[[Change[float | None]], R]], Callable[[Change[float | None]], R]]: ...
    @overload
    def on_change(  # pyright: ignore[reportOverlappingOverload]
        self, ref: Ref[M, int | None], /, *, dead_band: float
    ) -> Callable[[Callable[[Change[int | None]], R]], Callable[[Change[int | None]], R]]: ...
    def on_change(self, ref: Ref[M, Any], /, *, dead_band: float = 0.0) -> Any:
        """Call the decorated function with a `Change` whenever a field, or a group, has changed.

        It is called with the first value as well. A number has changed when it is more than
        ``dead_band`` away from the value that was told last, so that a slow drift is told too; a
        NaN is the same as another one. Everything else has changed when it is not equal.

        Raises TypeError for a field of no device here, for one that is write-only, and for a dead
        band of what is no number.
        """
        watched = [
            polled
            for polled in self._polled.values()
            if issubclass(polled.device.model, getattr(ref, "model", ()))
        ]
        if not watched:
            raise TypeError(f"{ref!r} is no field of a device that is polled")
        for polled in watched:
            check_watch(reference(polled.device.model, ref.path), dead_band)

        def watch(callback: Callable[[Change[Any]], R]) -> Callable[[Change[Any]], R]:
            self._check_callback(callback)
            with self._condition:
                for polled in watched:
                    polled.watchers.append(Watcher(ref, dead_band, callback))
            return callback

        return watch

    def on_reading(self, callback: Callable[[Reading[M]], R], /) -> Callable[[Reading[M]], R]:
        """Call the decorated function with a `Reading` whenever fields of a device were read."""
        return self._add(self._listeners.reading, callback)

    def on_failure(self, callback: Callable[[Failure], R], /) -> Callable[[Failure], R]:
        """Call the decorated function with a `Failure` when a device ceases to give its fields.

        It is called once, until there was a `Recovery`; `statistics` counts each failure.
        """
        return self._add(self._listeners.failure, callback)

    def on_recovery(self, callback: Callable[[Recovery], R], /) -> Callable[[Recovery], R]:
        """Call the decorated function with a `Recovery` when a device is back that had failed."""
        return self._add(self._listeners.recovery, callback)

    def latest(self, ref: Ref[M, T], /, *, device: V | None = None) -> T:
        """Return the value that came last of a field or group; KeyError where none came yet.

        Of several devices, ``device`` says which; here and below.
        """
        with self._condition:
            value: T = self._of(device).values[ref]
        return value

    def values(self, *, device: V | None = None) -> Mapping[Ref[M, Any], Any]:
        """Return the values that came last, field by field."""
        with self._condition:
            return self._of(device).values.by_field()

    def snapshot(self, *, device: V | None = None) -> M | None:
        """Return an instance with the values that came last; None until each field came once.

        They are of the times at which their periods read them.
        """
        with self._condition:
            instance: M | None = self._of(device).values.whole()
        return instance

    def statistics(self, *, device: V | None = None) -> PollStatistics:
        """Return how polling went so far."""
        with self._condition:
            return self._of(device).statistics

    def _check_device(self, device: V) -> None:
        """Refuse a device of the other style; raises TypeError."""
        raise NotImplementedError

    def _check_callback(self, callback: Callable[[Any], object]) -> None:
        """Refuse a callback of the other style; raises TypeError."""
        raise NotImplementedError

    def _add(self, listeners: list[Callable[[Any], object]], callback: F) -> F:
        self._check_callback(callback)
        listeners.append(callback)
        return callback

    def _of(self, device: V | None) -> Polled[Any]:
        if device is None and len(self.devices) == 1:
            device = self.devices[0]
        if device is None:
            raise ValueError("there are several devices: say which by device=")
        if id(device) not in self._polled:
            raise ValueError(f"{device!r} is not polled here")
        return self._polled[id(device)]

    def _begin(self, polled: Polled[Any]) -> Poll | None:
        with self._condition:
            return polled.begin(max(self._timer.ticks(), polled.due or 0))

    def _came(self, polled: Polled[Any], poll: Poll, result: object) -> list[Call]:
        with self._condition:
            return polled.came(poll, result, self._timer.ticks(), self._timer.date())

    def _failed(self, polled: Polled[Any], poll: Poll, error: Exception) -> list[Call]:
        with self._condition:
            return polled.failed(poll, error, self._timer.ticks(), self._timer.date())


def log_failure(callback: Callable[[Any], object], event: object) -> None:
    """Say in the log that a callback raised the exception that is being handled."""
    log().exception("%r failed, called with %r", callback, event)
