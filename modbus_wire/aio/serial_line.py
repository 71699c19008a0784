"""An async server's serial line: a thread hears and speaks, the event loop answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future

from modbus_wire.conversation import Converse
from modbus_wire.endpoint import SerialEndpoint
from modbus_wire.sync.serial_loop import SerialLoop


class SerialRun:
    """A serial line, from `open` to `stop`."""

    connections = 0

    def __init__(self, endpoint: SerialEndpoint, converse: Converse) -> None:
        """Get ready; the line is opened by `open`."""
        self.address = (endpoint.device, 0)
        self._endpoint = endpoint
        self._converse = converse
        self._called: Future[bytes] | None = None
        """The call that the line's thread made last."""

    async def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        # opening a line is quick, and its thread must not run before
        self._serial = SerialLoop(self._endpoint, self._converse, self._call)
        self._serial.start()

    async def stop(self) -> None:
        self._serial.ask_to_stop()
        await self._loop.run_in_executor(None, self._serial.join)

    def forsake(self) -> None:
        """Close the line, whose event loop has ended and answers no more calls."""
        self._serial.ask_to_stop()
        if self._called is not None:
            self._called.cancel()
        self._serial.join()

    def _call(self, function: Callable[[], bytes]) -> bytes:
        """Call a function in the event loop, out of the line's thread."""
        done: Future[bytes] = Future()
        self._called = done
        self._loop.call_soon_threadsafe(_resolve, done, function)
        return done.result()


def _resolve(done: Future[bytes], function: Callable[[], bytes]) -> None:
    try:
        done.set_result(function())
    except BaseException as error:
        done.set_exception(error)
        if isinstance(error, KeyboardInterrupt):
            raise
