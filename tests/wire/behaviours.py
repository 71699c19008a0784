"""What a peer can do on a connection, well or badly, on any framing."""

from collections.abc import Callable
from typing import Any

from modbus_wire.framing.base import Framing
from tests.wire.peers import Peer, ascii_frame, mbap, registers, rtu

UNIT = 1
GOOD = registers(7)
"""The answer to a read when all is well."""


class Wire:
    """One connection of a peer: requests of PDUs of five bytes in, frames of its framing out."""

    def __init__(self, peer: Peer, framing: Framing) -> None:
        self._peer = peer
        self._framing = framing
        self._sizes = {Framing.TCP: 12, Framing.RTU: 8, Framing.ASCII: 17}
        self.transaction_id = 0

    def request(self) -> None:
        """Take the next request; what is sent from now on answers it."""
        frame = self._peer.request_of(self._sizes[self._framing])
        if self._framing is Framing.TCP:
            self.transaction_id = int.from_bytes(frame[:2])

    def frame(
        self, pdu: bytes, *, unit_id: int = UNIT, shift: int = 0, protocol_id: int = 0
    ) -> bytes:
        """Return a frame; ``shift`` is how far its transaction id is from the one asked."""
        if self._framing is Framing.TCP:
            return mbap((self.transaction_id + shift) & 0xFFFF, unit_id, pdu, protocol_id)
        return (rtu if self._framing is Framing.RTU else ascii_frame)(unit_id, pdu)

    def send(self, *pieces: bytes) -> None:
        """Send bytes, each piece on its own."""
        for piece in pieces:
            self._peer.send(piece)

    def answer(self, pdu: bytes = GOOD) -> None:
        """Take the next request and answer it well."""
        self.request()
        self.send(self.frame(pdu))

    def reset(self) -> None:
        """Break the connection (RST)."""
        self._peer.reset()

    def stay(self) -> None:
        """Do nothing until the client closes."""
        self._peer.wait_for_end()


Behaviour = Callable[[Wire], None]
"""What the peer does on one connection; when it returns, the connection is closed."""


def good(wire: Wire) -> None:
    """Answer one read."""
    wire.answer()


def answering(*pieces: Callable[[Wire], bytes], then: Behaviour = Wire.stay) -> Behaviour:
    """Answer one request by pieces, then go on as told: by default, wait for the client's end."""

    def behaviour(wire: Wire) -> None:
        wire.request()
        wire.send(*(piece(wire) for piece in pieces))
        then(wire)

    return behaviour


def pdu(response: str, **where: Any) -> Callable[[Wire], bytes]:
    """Return what makes the frame of a response PDU, given in hex."""
    return lambda wire: wire.frame(bytes.fromhex(response), **where)


def cut(wire: Wire) -> None:
    """Answer reads in two pieces, one for every place where a frame can be cut; one bytewise."""
    wire.request()
    size = len(wire.frame(GOOD))
    for at in range(1, size):
        frame = wire.frame(GOOD)
        wire.send(frame[:at], frame[at:])
        wire.request()
    wire.send(*(bytes((byte,)) for byte in wire.frame(GOOD)))


SIZES = {
    Framing.TCP: len(mbap(0, UNIT, GOOD)),
    Framing.RTU: len(rtu(UNIT, GOOD)),
    Framing.ASCII: len(ascii_frame(UNIT, GOOD)),
}
"""Bytes of a good answer."""


def with_late_answer(wire: Wire) -> None:
    """Answer the first request together with the second."""
    wire.request()
    late = wire.frame(registers(1))
    wire.request()
    wire.send(late + wire.frame(GOOD))


def twice(wire: Wire) -> None:
    """Answer the first request twice in one go."""
    wire.request()
    wire.send(wire.frame(registers(1)) + wire.frame(registers(2)))
    wire.answer()


def half(response: str) -> Callable[[Wire], bytes]:
    """Return what makes half the frame of a response."""
    return lambda wire: (frame := pdu(response)(wire))[: len(frame) // 2]


def raw(data: bytes) -> Callable[[Wire], bytes]:
    """Return what makes these bytes, whatever was asked."""
    return lambda wire: data


def closing(wire: Wire) -> None:
    """Close."""
