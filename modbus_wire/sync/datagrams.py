"""A blocking server's door for datagrams: each carries whole frames, one answers them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from modbus_wire.conversation import Converse
from modbus_wire.limits import Limits
from modbus_wire.senders import DATAGRAM_SIZE, Address, Senders
from modbus_wire.sync.loop import Loop, address_of
from modbus_wire.withheld import Wait

_TAKEN_AT_ONCE = 64
"""Datagrams taken in before somebody else may have the processor."""


class Datagrams:
    """A socket that takes datagrams. There are no connections."""

    connections = 0

    def __init__(self, bound: socket.socket, converse: Converse, limits: Limits) -> None:
        """Take the bound socket over."""
        self.address = address_of(bound)
        self._socket = bound
        self._senders = Senders(converse, limits, self._later)

    def open(self, loop: Loop) -> None:
        self._loop = loop
        self._fd = self._socket.fileno()
        loop.watch(self._socket, self._serve)

    def due(self) -> None:
        return None

    def drop(self, fd: int) -> None:
        """Do nothing: one datagram that failed leaves nothing behind."""

    def shut(self) -> None:
        """Do nothing: answers go out by the same socket."""

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> bool:
        for _ in range(_TAKEN_AT_ONCE):
            data, address = self._socket.recvfrom(DATAGRAM_SIZE)
            answer = self._senders.receive(data, address)
            if answer:
                self._send(answer, address)
        return True

    def _send(self, answer: bytes, address: Address) -> None:
        with suppress(OSError):  # nobody expects every datagram to arrive
            self._socket.sendto(answer, address)

    def _later(self, address: Address, make: Callable[[], bytes], wait: Wait) -> None:
        self._loop.post_after(wait, self._fd, partial(self._send_made, address, make))

    def _send_made(self, address: Address, make: Callable[[], bytes]) -> bool:
        self._send(make(), address)
        return True
