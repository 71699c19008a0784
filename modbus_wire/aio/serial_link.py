"""A serial line as an async client uses it: a thread waits on the line for the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

from modbus_wire.aio.link import Link, Receiver
from modbus_wire.connection import ClientConnection
from modbus_wire.endpoint import SerialEndpoint
from modbus_wire.errors import ModbusError, ResponseTimeout
from modbus_wire.sync.serial_port import SerialPort

_LONG = 3600.0
"""Seconds; every frame to be sent ends a wait."""


class SerialLink(Link):
    """The line; it stays open whatever happens to a request.

    Opening a line anew would not bring it in step, and restarts devices that listen to its signals.
    What comes before a frame has gone out is the late answer to another, and dropped.
    """

    __slots__ = (
        "_endpoint",
        "_frames",
        "_is_closing",
        "_loop",
        "_opened",
        "_port",
        "_queued",
        "_thread",
    )

    is_lasting = True

    def __init__(self, endpoint: SerialEndpoint, receiver: Receiver) -> None:
        super().__init__(receiver)
        self._endpoint = endpoint
        self._frames: deque[bytes] = deque()
        self._queued = 0
        """How many frames have been handed over."""

        self._is_closing = False
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._port: SerialPort | None = None
        self._thread = Thread(target=self._run, name=f"{endpoint}", daemon=True)

    async def open(self) -> None:
        """Open the line; raises `ConnectError`, or ImportError where pyserial is not installed."""
        self._thread.start()
        try:
            await self._opened
        except asyncio.CancelledError:
            self.abort()
            await self.wait_closed()  # the device is free for the next attempt
            raise
        except Exception:
            self._thread.join()
            raise

    def send(self, frame: bytes) -> None:
        """Send a frame, after the silence that has to precede it."""
        self._queued += 1
        self._frames.append(frame)
        self._wake()

    def check(self, connection: ClientConnection) -> None:
        """Drop what is left of a late answer."""
        connection.discard(b"")

    def close(self) -> None:
        """Begin to close, when all has been sent."""
        self._is_closing = True
        self._wake()

    def abort(self) -> None:
        """Begin to close at once."""
        self._frames.clear()
        self.close()

    def forsake(self) -> None:
        """Close the line, whose event loop has ended."""
        self.abort()
        self._thread.join()

    async def wait_closed(self) -> None:
        """Wait until the thread has ended."""
        await super().wait_closed()
        self._thread.join()

    def _wake(self) -> None:
        if self._port is not None:
            with suppress(OSError, TypeError):  # the thread may be closing it
                self._port.cancel()

    def _run(self) -> None:
        try:
            port = self._port = SerialPort(self._endpoint)
        except Exception as error:
            self._tell(self._note_opened, error)
            self._tell(self._ended, None)
            return
        failure: ModbusError | None = None
        self._tell(self._note_opened, None)
        try:
            self._serve(port)
        except ModbusError as error:
            failure = error
        finally:
            port.close()
            self._tell(self._ended, failure)

    def _serve(self, port: SerialPort) -> None:
        sent = 0
        while True:
            with suppress(IndexError):  # no more frames
                while True:
                    frame = self._frames.popleft()
                    port.receive(0.0)
                    with suppress(ResponseTimeout):
                        port.send(frame)
                    sent += 1
            if self._is_closing:
                return
            data = port.receive(_LONG)
            if data:
                self._tell(self._hear, data, sent)

    def _tell(self, function: Callable[..., None], *values: object) -> None:
        """Call a function in the event loop, unless that has ended."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *values)

    def _note_opened(self, error: Exception | None) -> None:
        if self._opened.done():  # nobody waits for it any more
            return
        if error is None:
            self._opened.set_result(None)
        else:
            self._opened.set_exception(error)

    def _hear(self, data: bytes, sent: int) -> None:
        if sent == self._queued:
            self._receiver.received(data)
