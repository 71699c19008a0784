"""Who sends datagrams to a server: a conversation with each of the last ones."""

from __future__ import annotations

from collections.abc import Callable

from modbus_wire.conversation import Converse, LineConversation
from modbus_wire.limits import Limits
from modbus_wire.peer import Peer
from modbus_wire.typed import Any, TypeAlias
from modbus_wire.withheld import Wait

Address: TypeAlias = tuple[Any, ...]
"""Where a datagram came from: host, port, and what IPv6 adds."""

DATAGRAM_SIZE = 2048
"""Bytes of a datagram that are taken in; the answers to what fits in fit in one datagram."""

_PORT = 1
"""Where the port is in an address."""

_REMEMBERED = 256


class Senders:
    """Answers datagrams. Nothing that one brings is kept for the next: a frame is whole or lost.

    A sender who waits for many answers is not heard until some of them have been sent.
    """

    def __init__(
        self,
        converse: Converse,
        limits: Limits,
        later: Callable[[Address, Callable[[], bytes], Wait], None],
    ) -> None:
        self._converse = converse
        self._limits = limits
        self._later = later
        self._conversations: dict[Address, LineConversation] = {}

    def receive(self, data: bytes, address: Address) -> bytes:
        """Take in a datagram and return the one that answers it, b"" for none."""
        conversation = self._conversations.get(address)
        if conversation is None:
            if not (address[_PORT] and self._limits.allows(address[0])):
                return b""  # at port 0 nobody could be answered
            conversation = self._begin(address)
        elif conversation.is_full:
            return b""
        try:
            answer = conversation.receive(data)
        except BaseException:
            del self._conversations[address]
            raise
        if conversation.closed:
            del self._conversations[address]
        else:
            conversation.interrupt()
        return answer

    def _begin(self, address: Address) -> LineConversation:
        if len(self._conversations) >= _REMEMBERED:
            del self._conversations[next(iter(self._conversations))]
        peer = Peer(address[0], address[1])

        def later(make: Callable[[], bytes], wait: Wait = 0.0) -> None:
            self._later(address, make, wait)

        conversation = self._converse(peer, later)
        self._conversations[address] = conversation
        return conversation
