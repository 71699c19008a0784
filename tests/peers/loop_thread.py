"""An event loop in a thread of its own, for blocking tests that use asynchronous peers."""

import asyncio
from collections.abc import Coroutine
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.wire.peers import LIMIT

T = TypeVar("T")


class LoopThread:
    """Runs coroutines while the block lasts; at its end no task may be left."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop and return its result; raises TimeoutError if it hangs."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(LIMIT)

    async def _left_over(self) -> set[str]:
        me = asyncio.current_task()
        others = asyncio.all_tasks() - {me}
        if not others:
            return set()
        # what a close has set off may need a few turns of the loop
        _, pending = await asyncio.wait(others, timeout=LIMIT / 5)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        return {repr(task) for task in pending}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        left = self.run(self._left_over())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LIMIT)
        self._loop.close()
        if kind is None:
            assert left == set()
