"""Work of several exchanges as a generator of requests, which any client can run.

A flow yields a request, or a list of reads that may go out together, and is sent the result, or
the list of results; it is thrown the error where that failed. A `Pause` or a `Turn` is a wait,
without a result. It knows no client, no clock and no lock.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator

from modbus_wire.pdu.base import AnyRequest, R
from modbus_wire.typed import TYPE_CHECKING, Any, TypeAlias


class Pause:
    """A step that sends nothing: the driver waits that many seconds."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __repr__(self) -> str:
        return f"Pause({self.seconds!r})"


class Turn:
    """A step that waits until no other flow has the turn, which this one then ends by `release`.

    What locks it, the style of the driver decides.
    """

    __slots__ = ()

    def acquire(self) -> Any:
        """Wait for the turn; of the async style, return what is to be awaited."""
        raise NotImplementedError

    def release(self) -> None:
        """Let the next one go on."""
        raise NotImplementedError


Wait: TypeAlias = Pause | Turn
"""A step that sends nothing."""

Step: TypeAlias = AnyRequest | list[AnyRequest] | Wait
if TYPE_CHECKING:
    Flow: TypeAlias = Generator[Step, Any, R]
else:
    Flow = Generator  # takes a parameter also where annotations are not postponed
"""Requests out, their results in, ``R`` at the end."""


def run_flow(flow: Flow[R], ask: Callable[[Step], Any]) -> R:
    """Run a flow to its end; ``ask`` carries out a step.

    What it raises is thrown into the flow, an interrupt too: a flow knows how it ended.
    """
    try:
        step = next(flow)
        while True:
            try:
                result = ask(step)
            except BaseException as error:
                step = flow.throw(error)
            else:
                step = flow.send(result)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]


async def run_flow_async(flow: Flow[R], ask: Callable[[Step], Awaitable[Any]]) -> R:
    """Run a flow to its end, as `run_flow`."""
    try:
        step = next(flow)
        while True:
            try:
                result = await ask(step)
            except BaseException as error:
                step = flow.throw(error)
            else:
                step = flow.send(result)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
