"""What a framer is: the frames of one direction of one connection, without sockets or clocks."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from modbus_wire.pdu.base import AnyRequest
from modbus_wire.typed import Protocol, TypeAlias


class Framing(Enum):
    """How ADUs are laid out on a byte stream."""

    TCP = "tcp"
    """MBAP header, no checksum (TCP §3.1.3)."""

    RTU = "rtu"
    """Unit id, PDU and CRC-16 (SL §2.5.1), on a serial line or carried over a network."""

    ASCII = "ascii"
    """Colon, unit id and PDU in hex, LRC (SL §2.5.2), on a serial line or over a network."""


Adu: TypeAlias = tuple[int, int, bytes]
"""An application data unit, out of its frame: transaction id, unit id, PDU.

The transaction id pairs a response with its request; it is 0 where the framing carries none.
"""


PduLength: TypeAlias = Callable[[bytes], int | None]
"""Tells the length of the PDU that begins with some bytes, None for "not yet known".

Raises `KeyError` or `NotImplementedError` where nothing announces it.
"""


class Framer(Protocol):
    """Turns PDUs into frames and received bytes into ADUs, whatever the chunks they came in."""

    broadcast_unit_id: int | None
    """The unit id that every device obeys and none answers, None where the framing has none."""

    has_transaction_ids: bool
    """Whether a late response can be told from the one waited for."""

    def encode(self, transaction_id: int, unit_id: int, pdu: bytes) -> bytes:
        """Return the frame of a PDU."""
        ...

    def expect(self, unit_id: int | None, request: AnyRequest, pdu: bytes) -> None:
        """Be told what the next frame answers; ``unit_id`` None: any unit may answer.

        Only a framer without transaction ids has to be told.
        """
        ...

    def receive(self, data: bytes) -> Adu | None:
        """Take in the bytes that one read brought; return as `next_adu`."""
        ...

    def next_adu(self) -> Adu | None:
        """Return the next whole ADU of what was taken in, None for "not yet".

        Raises `FrameError` where the bytes cannot be a frame, `CrcError` where the next bytes can.
        """
        ...

    @property
    def is_empty(self) -> bool:
        """Whether the next byte begins a frame."""
        ...

    def clear(self) -> None:
        """Forget the bytes of an unfinished frame."""
        ...
