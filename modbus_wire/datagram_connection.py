"""The client's end of a connection whose bytes come in datagrams: each is whole, or worth nothing.

Imported when an endpoint asks for datagrams.
"""

from __future__ import annotations

from modbus_wire.connection import ClientConnection, Response
from modbus_wire.errors import FrameError


class DatagramConnection(ClientConnection):
    """Drops what is no frame, for the next datagram may be the answer.

    No frame that begins in one datagram goes on in the next.
    """

    __slots__ = ()

    def receive(self, data: bytes) -> Response | None:
        """Take in a datagram; return as `next_response`."""
        self.framer.clear()
        try:
            return super().receive(data)
        except FrameError:
            self.framer.clear()
            return None

    def receive_all(self, data: bytes) -> list[Response]:
        """Take in a datagram; return all responses; raises as `receive`."""
        return self._each_response(data)

    def next_response(self) -> Response | None:
        """Return the next response in the datagram, None for no more; raises ResponseMismatch."""
        try:
            return super().next_response()
        except FrameError:
            self.framer.clear()
            return None
