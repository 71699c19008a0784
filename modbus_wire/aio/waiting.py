"""How the async style carries out the pauses and turns of a flow."""

from __future__ import annotations

from modbus_wire.flows import Turn, Wait
from modbus_wire.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Lock


class AsyncTurn(Turn):
    """The turn of one of several tasks; each event loop begins anew."""

    __slots__ = ("_lock", "_loop")

    _lock: Lock

    def __init__(self) -> None:
        self._loop: AbstractEventLoop | None = None

    async def acquire(self) -> None:
        from asyncio import Lock, get_running_loop

        loop = get_running_loop()
        if loop is not self._loop:
            self._loop, self._lock = loop, Lock()
        await self._lock.acquire()

    def release(self) -> None:
        self._lock.release()


async def wait(step: Wait) -> None:
    """Wait for a turn, or as long as a pause says."""
    from asyncio import sleep  # devices need it before any event loop does

    if isinstance(step, Turn):
        await step.acquire()
    else:
        await sleep(step.seconds)
