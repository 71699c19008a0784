"""What the tests of pollers share: a meter with periods, and devices that do not answer."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from queue import Queue
from typing import Any

from modbus_schema import (
    RO,
    RW,
    WO,
    Change,
    Device,
    Reading,
    RegisterMap,
    coil,
    float32,
    group,
    holding_register,
    input_register,
    int16,
    string,
    uint16,
)
from modbus_schema.fields.periods import Period
from modbus_schema.polling.polled import Call, Listeners, Polled, PollOptions
from modbus_schema.polling.watching import Watcher
from modbus_schema.simulation import ManualClock
from modbus_schema.simulation.device import SimulatedDevice
from modbus_wire.policy import Backoff
from tests.schema.picky import Wire

SECOND = 1_000_000_000
DAWN = datetime(2000, 1, 1, tzinfo=UTC)

LIMIT = 10.0
"""Seconds that a test waits for what has to come."""


class Phase(RegisterMap):
    """A phase of a meter."""

    voltage: RO[float] = input_register(0, float32, unit="V")
    current: RO[float | None] = input_register(2, int16.scaled("0.1").optional(0x8000), every="3s")


class Meter(RegisterMap, every="1s"):
    """A meter that is read at four periods."""

    serial: RO[str] = input_register(100, string(4), every="once")
    power: RO[float] = input_register(0, float32, unit="W")
    phase: RO[Phase] = group(Phase, base=2)
    hours: RO[int] = input_register(50, uint16, every="1m")
    limit: RW[int] = holding_register(0, uint16, every="3s")
    reset: WO[bool] = coil(0)


def a_meter(power: float = 100.0) -> Meter:
    """Return a meter in an ordinary state."""
    phase = Phase(voltage=230.0, current=4.5)
    return Meter(serial="A1", power=power, phase=phase, hours=7, limit=3, reset=False)


class Told:
    """The events that a poller tells, in their order; a test waits for them."""

    def __init__(self) -> None:
        self._queue: Queue[Any] = Queue()

    def __call__(self, event: Any) -> None:
        self._queue.put(event)

    def next(self) -> Any:
        """Return the next event, when it comes."""
        return self._queue.get(timeout=LIMIT)

    def rest(self) -> list[Any]:
        """Return the events that have come and were not yet returned."""
        return [self._queue.get_nowait() for _ in range(self._queue.qsize())]


def names(reading: Any) -> set[str]:
    """Return the names of the fields that a reading brought."""
    return {ref.name.partition(".")[2] for ref in reading.values}


def date_of(clock: ManualClock) -> datetime:
    """Return the date that events of now have."""
    return datetime.fromtimestamp(clock.seconds(), UTC)


@contextmanager
def silent_server() -> Iterator[int]:
    """Take connections on a port, which it returns, and answer nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def poller_threads() -> list[threading.Thread]:
    """Return the threads of pollers that are alive."""
    return [thread for thread in threading.enumerate() if thread.name == "modbus poller"]


def in_thread(work: Callable[[], object]) -> threading.Thread:
    """Do something in a thread of its own."""
    thread = threading.Thread(target=work)
    thread.start()
    return thread


class Bench:
    """A device that is polled by hand: `pass_time` reads whatever becomes due."""

    def __init__(
        self,
        device: Device[Any],
        *,
        every: Period | None = None,
        partial: bool = False,
        **rest: Any,
    ) -> None:
        self.listeners = Listeners()
        options = PollOptions(every, partial, rest.pop("renew_once", False), Backoff(0.5, 4))
        self.polled = Polled(device, options, self.listeners)
        self.told: list[Any] = []
        for listeners in (
            self.listeners.reading,
            self.listeners.failure,
            self.listeners.recovery,
        ):
            listeners.append(self.told.append)
        self.now = 0
        self.polled.start(0)
        self.error: Exception | None = None
        """With which all reads fail."""

    def watch(self, ref: Any, dead_band: float = 0.0) -> list[Change[Any]]:
        """Return a list that changes of a field will be in."""
        changes: list[Change[Any]] = []
        self.polled.watchers.append(Watcher(ref, dead_band, changes.append))
        return changes

    def pass_time(self, seconds: float = 0.0) -> None:
        """Let time pass, with a read whenever one is due."""
        until = self.now + round(seconds * SECOND)
        while (due := self.polled.due) is not None and due <= until:
            self.now = max(due, self.now)
            self.read()
        self.now = until

    def read(self) -> None:
        """Read what is due now."""
        poll = self.polled.begin(self.now)
        assert poll is not None
        at = DAWN + timedelta(seconds=self.now / SECOND)
        calls: list[Call]
        try:
            if self.error is not None:
                raise self.error
            result = self.polled.read(poll)
        except Exception as error:
            calls = self.polled.failed(poll, error, self.now, at)
        else:
            calls = self.polled.came(poll, result, self.now, at)
        for callback, event in calls:
            callback(event)

    def readings(self) -> list[tuple[int, set[str]]]:
        """Return when fields came, in whole seconds, and which; and forget all that was told."""
        found = [
            (round((each.at - DAWN).total_seconds()), names(each))
            for each in self.told
            if isinstance(each, Reading)
        ]
        self.told.clear()
        return found


def device_of(instance: RegisterMap) -> tuple[SimulatedDevice[Any], Device[Any]]:
    """Return a simulated device and, joined to it without a socket, the device that reads it."""
    simulated = SimulatedDevice(instance)
    return simulated, Device(Wire(simulated.bank), type(instance))
