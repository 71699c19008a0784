"""What a peer's bytes go through, on whichever transport they came."""

from __future__ import annotations

from collections.abc import Callable

from modbus_wire.peer import Peer
from modbus_wire.typed import Protocol, TypeAlias
from modbus_wire.withheld import Wait

MOST_WAITING = 256
"""Requests of one peer that wait for their answers before it is read from no more."""


class Later(Protocol):
    """What a conversation answers with when it has something to send between two receives."""

    def __call__(self, make: Callable[[], bytes], wait: Wait = 0.0) -> None:
        """Have ``make`` called, now or after a wait, and what it returns sent.

        It is called where `Conversation.receive` is called, so the two never run at once. A
        blocking server's may be called from any thread, an async server's in its event loop. After
        the end of the connection nothing is called.
        """
        ...


class Conversation(Protocol):
    """One peer's end of the talk: its bytes in, the bytes for it out."""

    closed: bool
    """Whether the connection is to end when all has been sent."""

    @property
    def is_full(self) -> bool:
        """Whether nothing more is to be taken in until what `Later` was given has been sent."""
        ...

    def receive(self, data: bytes) -> bytes:
        """Take in received bytes and return what is to be sent now."""
        ...

    def end(self) -> None:
        """Be told that the connection has ended: nobody waits for an answer any more."""
        ...


class PartingConversation(Conversation):
    """A conversation that has a last word."""

    __slots__ = ()

    def farewell(self) -> bytes:
        """Return what is to be sent before this side ends the connection, if it can be."""
        raise NotImplementedError


class LineConversation(Conversation, Protocol):
    """A conversation whose frames end by silence, or by the end of a datagram."""

    def interrupt(self) -> None:
        """Forget the bytes of an unfinished frame."""
        ...


Converse: TypeAlias = Callable[[Peer, Later], LineConversation]
"""Begins the conversation with a peer."""
