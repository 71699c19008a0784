"""Letting clients in: a listening socket in an event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from modbus_wire.log import logger
from modbus_wire.sync.listening import BACKLOG, RETRY_ACCEPT, accept_waiting

_TURNS = 3
"""Turns of an event loop after which who was accepted is connected, and what was closed is."""


class Accepting:
    """Connects who comes to a listening socket, from `open` to `stop`.

    asyncio's own way tries as often as its backlog is long where the system has no descriptor to
    give, logs each try and is back at it in several places; here the loop watches the socket as it
    would any other. Where a loop can watch none, as on Windows, asyncio's way is the one.
    """

    def __init__(
        self, listener: socket.socket, new_protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        """Take the listener over; each connection gets a protocol of its own."""
        self._listener = listener
        self._new_protocol = new_protocol
        self._entering: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._again: asyncio.TimerHandle | None = None
        """Due when the system, which had no descriptor to give, is asked again."""

        self._starved = False
        self._is_stopped = False

    async def open(self) -> None:
        """Let clients in from now on."""
        self._loop = asyncio.get_running_loop()
        self._listener.setblocking(False)
        try:
            await self._begin()
        except BaseException:
            self._listener.close()
            raise

    def pause(self) -> None:
        """Let nobody in any more; who has been accepted is still connected."""
        self._is_stopped = True
        if self._again is not None:
            self._again.cancel()
        if self._server is None:
            self._loop.remove_reader(self._listener)

    async def stop(self) -> None:
        """Close the listener when all that were accepted are connected."""
        self.pause()
        await turns()  # asyncio loses those that are being accepted while their server closes
        await asyncio.gather(*self._entering, return_exceptions=True)
        if self._server is not None:
            self._server.close()
        self._listener.close()
        await turns()

    def forsake(self) -> None:
        """Close the listener, whose event loop has ended."""
        self._listener.close()

    async def _begin(self) -> None:
        try:
            self._loop.add_reader(self._listener, self._accept)
        except NotImplementedError:
            self._server = await self._loop.create_server(
                self._new_protocol, sock=self._listener, backlog=BACKLOG
            )

    def _accept(self) -> None:
        try:
            for accepted, _ in accept_waiting(self._listener):
                self._starved = False
                task = self._loop.create_task(self._connect(accepted))
                self._entering.add(task)
                task.add_done_callback(self._entering.discard)
        except OSError as error:
            self._wait_for_descriptors(error)

    async def _connect(self, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._new_protocol, accepted)
        except OSError:
            accepted.close()  # it is gone already

    def _wait_for_descriptors(self, error: OSError) -> None:
        """Let the others go on: the listener stays ready and would take every turn."""
        if not self._starved:
            logger("modbus_wire.server").warning("no connection can be accepted for now: %s", error)
        self._starved = True
        self._loop.remove_reader(self._listener)
        self._again = self._loop.call_later(RETRY_ACCEPT, self._resume)

    def _resume(self) -> None:
        self._again = None
        if not self._is_stopped:
            self._loop.add_reader(self._listener, self._accept)


async def turns() -> None:
    """Let an event loop do what is due."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)
