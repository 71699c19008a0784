"""Waiting for a result, as cheaply as a task can."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator

from modbus_wire.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextvars import Context


class Reply:
    """What one task awaits, once: a value or an error that is still to come.

    It is a future as far as a task needs one (`asyncio.isfuture`), with one difference: `wake`
    carries the task on at once instead of in the next turn of the loop, which saves a fifth of the
    time of a request.
    """

    __slots__ = (
        "_asyncio_future_blocking",
        "_context",
        "_error",
        "_loop",
        "_task",
        "is_over",
        "value",
    )

    value: Any
    """The value, once it has been awaited."""

    _context: Context

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._asyncio_future_blocking = False
        self._loop = loop
        self._task: Callable[[Reply], object] | None = None
        """What carries the task on that waits, None where none does."""

        self._error: BaseException | None = None
        self.is_over = False

    def __await__(self) -> Generator[Any, None, None]:
        """Wait until `value` is there; raises the error that came instead.

        An iterator over one future is all that a task asks for, and costs less than a generator.
        """
        if self.is_over:
            self.result()
            return iter(())  # type: ignore[return-value]
        self._asyncio_future_blocking = True
        return iter((self,))  # type: ignore[return-value]

    def succeed(self, value: object) -> None:
        """End with a value, unless it is over already."""
        if not self.is_over:
            self.value = value
            self.is_over = True
            self.wake_soon()

    def fail(self, error: BaseException) -> None:
        """End with an error, unless it is over already."""
        if not self.is_over:
            self._error = error
            self.is_over = True
            self.wake_soon()

    def wake(self) -> None:
        """Carry on the task that waits, right now; only where no task is running."""
        task, self._task = self._task, None
        if task is not None:
            self._context.run(task, self)

    def wake_soon(self) -> None:
        """Carry on the task that waits in the next turn of the loop."""
        if self._task is not None:
            self._loop.call_soon(self.wake)

    def add_done_callback(self, task: Callable[[Reply], object], *, context: Context) -> None:
        """Remember what carries on the task that waits from now on; a task calls it."""
        self._task = task
        self._context = context

    def cancel(self, msg: object = None) -> bool:
        """End, because the task that waits is cancelled; return whether it was not over."""
        if self.is_over:
            return False
        self.fail(asyncio.CancelledError() if msg is None else asyncio.CancelledError(msg))
        return True

    def result(self) -> None:
        """Raise the error, if there is one; a task that is carried on calls it."""
        error, self._error = self._error, None
        if error is not None:
            raise error


def wake_all(replies: list[Reply]) -> None:
    """Carry on the tasks that wait, one after the other, right now."""
    try:
        for reply in replies:
            reply.wake()
    except BaseException:  # one was interrupted from the keyboard
        for reply in replies:
            reply.wake_soon()
        raise
