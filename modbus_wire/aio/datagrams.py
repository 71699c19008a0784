"""An async server's datagrams: each carries whole frames, its answer goes to who sent it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

from modbus_wire.aio.waits import call_after
from modbus_wire.conversation import Converse
from modbus_wire.limits import Limits
from modbus_wire.log import logger
from modbus_wire.senders import DATAGRAM_SIZE, Address, Senders
from modbus_wire.sync.loop import address_of
from modbus_wire.withheld import Wait


class DatagramRun(asyncio.DatagramProtocol):
    """A socket that takes datagrams, from `open` to `stop`. There are no connections."""

    connections = 0
    _transport: asyncio.DatagramTransport

    def __init__(self, bound: socket.socket, converse: Converse, limits: Limits) -> None:
        """Take the bound socket over."""
        self.address = address_of(bound)
        self._socket = bound
        self._senders = Senders(converse, limits, self._later)

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._lost: asyncio.Future[None] = loop.create_future()
        try:
            self._transport, _ = await loop.create_datagram_endpoint(
                lambda: self, sock=self._socket
            )
        except BaseException:
            self._socket.close()
            raise
        with suppress(AttributeError):  # not every loop's transports have it
            setattr(self._transport, "max_size", DATAGRAM_SIZE)  # noqa: B010

    async def stop(self) -> None:
        self._transport.abort()
        await asyncio.shield(self._lost)

    def forsake(self) -> None:
        """Close the socket, whose event loop has ended."""
        self._socket.close()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._answer(lambda: self._senders.receive(data[:DATAGRAM_SIZE], addr), addr)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.set_result(None)

    def _later(self, address: Address, make: Callable[[], bytes], wait: Wait) -> None:
        if wait:
            call_after(wait, lambda: self._send_made(address, make))
        else:
            self._send_made(address, make)

    def _send_made(self, address: Address, make: Callable[[], bytes]) -> None:
        if not self._transport.is_closing():
            self._answer(make, address)

    def _answer(self, make: Callable[[], bytes], address: Address) -> None:
        try:
            answer = make()
        except Exception:
            logger("modbus_wire.server").exception("a datagram could not be answered")
            return
        if answer:
            self._transport.sendto(answer, address)
