"""Which framer a side of a connection needs. A serial one comes in when it is first asked for."""

from __future__ import annotations

from modbus_wire.framing.base import Framer, Framing, PduLength
from modbus_wire.framing.mbap import MbapFramer


def framer_of_requests(framing: Framing, pdu_length: PduLength | None = None) -> Framer:
    """Return the framer of what a server receives.

    ``pdu_length`` knows the requests that the server answers; None: those of the specification.
    """
    if framing is Framing.RTU:
        from modbus_wire.framing.rtu import RtuFramer

        return RtuFramer.of_requests(pdu_length)
    return _ascii_framer() if framing is Framing.ASCII else MbapFramer()


def framer_of_responses(framing: Framing) -> Framer:
    """Return the framer of what a client receives."""
    if framing is Framing.RTU:
        from modbus_wire.framing.rtu import RtuFramer

        return RtuFramer.of_responses()
    return _ascii_framer() if framing is Framing.ASCII else MbapFramer()


def _ascii_framer() -> Framer:
    from modbus_wire.framing.ascii import AsciiFramer

    return AsciiFramer()
