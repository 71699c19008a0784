"""The blocking poller: a thread for each client reads what is due there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import iscoroutinefunction
from threading import RLock, Thread, current_thread
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

from modbus_schema.device import Device
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.polling.base import PollerBase, PollerOptions, log_failure
from modbus_schema.polling.polled import Call, Poll, Polled

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

M = TypeVar("M", bound=RegisterMap)


class Poller(PollerBase[M, Device[Any]]):
    """Reads devices again and again, each field at its own period.

    What is due together is read together, in the requests of one `Device.read`. The beats of a
    period are counted from the start on and do not drift; one that passes while the device is being
    read is missed, not made up for. Devices of one client take turns, and those of different
    clients do not wait for each other. A device that fails is asked again after the ``backoff``,
    and is back at its beats as soon as it answers. `PollerOptions` has the keywords.

    ``with poller:`` polls in threads while the block runs, `run` until `stop` is called. Callbacks
    are called one at a time, in these threads; what they raise is logged. Between a stop and a
    start the latest values stay.

    Raises ValueError where a field has no period and there is no ``every``, or that is none.
    """

    @overload
    def __init__(
        self, devices: Device[M] | Sequence[Device[M]], /, **options: Unpack[PollerOptions]
    ) -> None: ...
    @overload
    def __init__(
        self: Poller[Any], devices: Sequence[Device[Any]], /, **options: Unpack[PollerOptions]
    ) -> None: ...
    def __init__(self, devices: Any, /, **options: Unpack[PollerOptions]) -> None:
        super().__init__(devices, options)
        self._calling = RLock()
        self._threads: list[Thread] = []
        self._is_stopped = True

    def start(self) -> None:
        """Begin to poll, in threads; everything is due at once. RuntimeError where it runs."""
        with self._condition:
            if any(thread.is_alive() for thread in self._threads):
                raise RuntimeError("the poller runs already")
            self._is_stopped = False
            lines: dict[int, list[Polled[Any]]] = {}
            for polled in self._polled.values():
                polled.start(self._timer.ticks())
                lines.setdefault(id(polled.device.client), []).append(polled)
            self._threads = [
                Thread(target=self._serve, args=(line,), name="modbus poller", daemon=True)
                for line in lines.values()
            ]
            for thread in self._threads:
                thread.start()

    def stop(self) -> None:
        """End polling; returns when the reads under way are over, which their clients bound.

        A callback may call it: it does not wait then.
        """
        with self._condition:
            self._is_stopped = True
            self._condition.notify_all()
            threads = self._threads
        if current_thread() in threads:
            return
        for thread in threads:
            thread.join()
        with self._condition:
            if self._threads is threads:
                self._threads = []

    def run(self) -> None:
        """Poll until `stop` is called, by a callback or another thread, or until Ctrl-C."""
        self.start()
        try:
            with self._condition:
                while not self._is_stopped:
                    self._condition.wait()
        finally:
            self.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _check_device(self, device: Device[Any]) -> None:
        if not isinstance(device, Device):
            raise TypeError(f"{type(self).__name__} polls a Device, not {device!r}")

    def _check_callback(self, callback: Callable[[Any], object]) -> None:
        if iscoroutinefunction(callback):
            raise TypeError(f"{callback!r} is a coroutine function, which nobody would await")

    def _serve(self, line: Sequence[Polled[Any]]) -> None:
        """Read the devices of a client when they are due, the longest overdue one first."""
        while (polled := self._await_due(line)) is not None:
            poll = self._begin(polled)
            if poll is not None:
                self._call(self._read(polled, poll))

    def _await_due(self, line: Sequence[Polled[Any]]) -> Polled[Any] | None:
        """Return a device that is to be read; None when polling ends."""
        with self._condition:
            while not self._is_stopped:
                times = [(polled.due, polled) for polled in line]
                due, polled = min(times, key=_first_due)
                if due is not None and self._timer.has_come(due):
                    return polled
                self._timer.wait(self._condition, due)
        return None

    def _read(self, polled: Polled[Any], poll: Poll) -> list[Call]:
        try:
            result = polled.read(poll)
        except Exception as error:
            return self._failed(polled, poll, error)
        return self._came(polled, poll, result)

    def _call(self, calls: Sequence[Call]) -> None:
        for callback, event in calls:
            with self._calling:
                try:
                    callback(event)
                except Exception:
                    log_failure(callback, event)


def _first_due(each: tuple[int | None, object]) -> float:
    return float("inf") if each[0] is None else each[0]
