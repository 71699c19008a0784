"""The loop of a server on a serial line: one thread that hears, answers and hears again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread, Timer, current_thread

from modbus_wire.conversation import Converse, LineConversation
from modbus_wire.endpoint import SerialEndpoint
from modbus_wire.errors import ConnectError, ConnectionClosedError, ResponseTimeout
from modbus_wire.framing.base import Framing
from modbus_wire.log import logger
from modbus_wire.peer import Peer
from modbus_wire.sync.serial_port import SerialPort
from modbus_wire.typed import TypeAlias
from modbus_wire.withheld import Wait

_LOGGER = "modbus_wire.server"

_ASCII_GAP = 1.0
"""Seconds between two characters after which an ASCII frame is broken off (SL §2.5.2.1)."""

_RTU_GAP = 0.05
"""Seconds after which an RTU frame is: adapters hand over what comes every 16 ms or so."""

_NO_GAP = 3600.0
_REOPEN = 1.0
"""Seconds between two tries to open a line that was lost."""

Call: TypeAlias = Callable[[Callable[[], bytes]], bytes]
"""Calls a function where the server's handler belongs and returns what it returns."""


class SerialLoop:
    """One run of a server on a serial line. A line that is lost is opened again when it is back."""

    connections = 0

    def __init__(
        self,
        endpoint: SerialEndpoint,
        converse: Converse,
        call: Call = lambda function: function(),
    ) -> None:
        """Open the line; raises `ConnectError`, an OSError. ``call`` runs the conversation."""
        self.address = (endpoint.device, 0)
        self._endpoint = endpoint
        self._converse = converse
        self._call = call
        is_ascii = endpoint.framing is Framing.ASCII
        self._gap = _ASCII_GAP if is_ascii else max(_RTU_GAP, 2 * endpoint.silence)
        self._posted: deque[Callable[[], bytes]] = deque()
        self._stopped = Event()
        self._closed = Event()
        self._begin()
        self._port: SerialPort | None = SerialPort(endpoint)
        self._thread = Thread(target=self._run, name="modbus-server", daemon=True)

    def start(self) -> None:
        """Serve from now on."""
        try:
            self._thread.start()
        except BaseException:
            self._close()
            raise

    @property
    def is_running(self) -> bool:
        """Whether it serves and nobody has stopped it."""
        return self._thread.is_alive() and not self._stopped.is_set()

    def stop(self) -> None:
        """Close the line; wait until that is done, unless in the loop's own thread."""
        self.ask_to_stop()
        if current_thread() is not self._thread:
            self.join()

    def ask_to_stop(self) -> None:
        """Let the loop end, and do not wait for it."""
        self._stopped.set()
        self._wake_up()

    def join(self) -> None:
        """Wait until somebody has stopped the loop and the line is closed."""
        if self._thread.is_alive():  # after a fork the child has the loop without its thread
            self._closed.wait()
            self._thread.join()

    def _begin(self) -> None:
        self._conversation: LineConversation
        self._conversation = self._converse(Peer(self._endpoint.device), self._later)

    def _later(self, make: Callable[[], bytes], wait: Wait = 0.0) -> None:
        if callable(wait):
            wait(lambda: self._post(make))
        elif wait:
            timer = Timer(wait, self._post, (make,))  # few wait on a line: it is one at a time
            timer.daemon = True
            timer.start()
        else:
            self._post(make)

    def _post(self, make: Callable[[], bytes]) -> None:
        self._posted.append(make)
        self._wake_up()

    def _wake_up(self) -> None:
        port = self._port
        if port is not None:
            with suppress(OSError, TypeError):  # it is closed just now
                port.cancel()

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                try:
                    if self._port is None:
                        self._port = SerialPort(self._endpoint)
                    self._serve(self._port)
                except ConnectError:
                    self._stopped.wait(_REOPEN)
                except ConnectionClosedError as error:
                    self._lose(error)
        finally:
            self._close()

    def _serve(self, port: SerialPort) -> None:
        wait = _NO_GAP
        while not self._stopped.is_set():
            data = port.receive(wait)
            if data:
                self._answer(port, lambda: self._conversation.receive(data))  # noqa: B023
                wait = self._gap
            elif self._posted:
                while self._posted:
                    self._answer(port, self._posted.popleft())
            else:
                self._fall_silent()
                wait = _NO_GAP

    def _answer(self, port: SerialPort, make: Callable[[], bytes]) -> None:
        try:
            answer = self._call(make)
            if answer:
                port.send(answer)
        except ConnectionClosedError:
            raise
        except ResponseTimeout as error:
            logger(_LOGGER).warning("%s: %s", self._endpoint, error)
        except BaseException:  # also what would end the thread, and the server with it
            logger(_LOGGER).exception("%s: a request failed", self._endpoint)
            self._begin()

    def _fall_silent(self) -> None:
        """Let the next byte begin a frame."""
        if self._conversation.closed:
            self._begin()
        else:
            self._conversation.interrupt()

    def _lose(self, error: ConnectionClosedError) -> None:
        if self._stopped.is_set():
            return
        logger(_LOGGER).warning("%s is lost: %s", self._endpoint, error)
        self._begin()
        if self._port is not None:
            self._port.close()
            self._port = None
        self._stopped.wait(_REOPEN)

    def _close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.close()
        self._closed.set()
