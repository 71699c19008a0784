"""Which framer a side of a connection needs. RTU comes with its CRC when it is first asked for."""

from modbus_wire.framing.base import Framer, Framing
from modbus_wire.framing.mbap import MbapFramer


def framer_of_requests(framing: Framing) -> Framer:
    """Return the framer of what a server receives."""
    if framing is Framing.RTU:
        from modbus_wire.framing.rtu import RtuFramer

        return RtuFramer.of_requests()
    return MbapFramer()


def framer_of_responses(framing: Framing) -> Framer:
    """Return the framer of what a client receives."""
    if framing is Framing.RTU:
        from modbus_wire.framing.rtu import RtuFramer

        return RtuFramer.of_responses()
    return MbapFramer()
