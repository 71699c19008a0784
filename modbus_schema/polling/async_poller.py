"""The async poller: a task for each device reads what is due there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

from modbus_schema.async_device import AsyncDevice
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.polling.base import PollerBase, PollerOptions, log_failure
from modbus_schema.polling.polled import Call, Poll, Polled

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

M = TypeVar("M", bound=RegisterMap)


class AsyncPoller(PollerBase[M, AsyncDevice[Any]]):
    """What `Poller` is, for those who await: the same beats, events and values.

    No device waits for another, as far as their client lets them. Callbacks are called in the event
    loop; one that is a coroutine function is awaited, and the device is not read meanwhile.
    """

    @overload
    def __init__(
        self,
        devices: AsyncDevice[M] | Sequence[AsyncDevice[M]],
        /,
        **options: Unpack[PollerOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: AsyncPoller[Any],
        devices: Sequence[AsyncDevice[Any]],
        /,
        **options: Unpack[PollerOptions],
    ) -> None: ...
    def __init__(self, devices: Any, /, **options: Unpack[PollerOptions]) -> None:
        super().__init__(devices, options)
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        """Which runs the tasks; one that ended without a `stop` stands in nobody's way."""

    async def start(self) -> None:
        """Begin to poll, in tasks; everything is due at once. RuntimeError where it runs."""
        loop = asyncio.get_running_loop()
        if self._stopped is not None and self._loop is loop:
            raise RuntimeError("the poller runs already")
        self._loop = loop
        self._tasks = set()
        self._stopped = asyncio.Event()
        for polled in self._polled.values():
            polled.start(self._timer.ticks())
            self._tasks.add(loop.create_task(self._serve(polled), name="modbus poller"))

    async def stop(self) -> None:
        """End polling; reads under way are cancelled.

        A callback may await it: its own task ends after it.
        """
        stopped, self._stopped = self._stopped, None
        if stopped is None or self._loop is not asyncio.get_running_loop():
            return
        stopped.set()
        others = self._tasks - {asyncio.current_task()}
        self._tasks = set()
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def run(self) -> None:
        """Poll until `stop` is called, by a callback or another task, or until cancelled."""
        await self.start()
        stopped = self._stopped
        try:
            if stopped is not None:
                await stopped.wait()
        finally:
            await self.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    def _check_device(self, device: AsyncDevice[Any]) -> None:
        if not isinstance(device, AsyncDevice):
            raise TypeError(f"{type(self).__name__} polls an AsyncDevice, not {device!r}")

    def _check_callback(self, callback: Callable[[Any], object]) -> None:
        """Take any: what is to be awaited is."""

    async def _serve(self, polled: Polled[Any]) -> None:
        """Read a device whenever it is due."""
        stopped = self._stopped
        while (due := polled.due) is not None and stopped is self._stopped is not None:
            await self._timer.sleep(due)
            poll = self._begin(polled)
            if poll is not None:
                await self._call(await self._read(polled, poll))

    async def _read(self, polled: Polled[Any], poll: Poll) -> list[Call]:
        try:
            result = await polled.read(poll)
        except Exception as error:
            return self._failed(polled, poll, error)
        return self._came(polled, poll, result)

    async def _call(self, calls: Sequence[Call]) -> None:
        for callback, event in calls:
            try:
                result = callback(event)
                if isawaitable(result):
                    await result
            except asyncio.CancelledError:
                if _is_cancelled():
                    raise
                log_failure(callback, event)
            except Exception:
                log_failure(callback, event)


def _is_cancelled() -> bool:
    """Whether the running task itself is cancelled, not only something that it awaited."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
