"""The client's end of a connection: requests in, frames out; bytes in, responses out.

It knows no socket and no clock: whoever waits decides how long.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from modbus_wire.codes import MAX_PDU
from modbus_wire.errors import RequestError, ResponseMismatch
from modbus_wire.framing.base import Adu, Framing
from modbus_wire.framing.choice import framer_of_responses
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.typed import TypeAlias

Trace: TypeAlias = Callable[[bytes, bool], None]
"""Called with each whole frame and whether it is sent (True) or received (False)."""

Response: TypeAlias = tuple[int, bytes]
"""A transaction id and the response PDU."""


class ClientConnection:
    """Pairs responses with the requests that are under way.

    With transaction ids, a response to nothing that is under way is dropped: it is the late answer
    to a request that was given up. Without them, a response belongs to the oldest request.
    """

    def __init__(self, framing: Framing = Framing.TCP, trace: Trace | None = None) -> None:
        self.framer = framer_of_responses(framing)
        self.trace = trace
        self._units: dict[int, int] = {}
        """The unit id asked in each transaction under way, oldest first."""

        self.sent = 0
        """How many requests have been sent."""

    def send(self, request: AnyRequest, unit_id: int) -> tuple[int | None, bytes]:
        """Return the transaction id of a request and its frame, to be sent now.

        A broadcast, which has no response, has no transaction id.

        Raises `RequestError` for a unit id outside 0..255, a broadcast of a read and a PDU that is
        longer than 253 bytes.
        """
        framer = self.framer
        pdu = request.encode()
        if len(pdu) > MAX_PDU:
            raise RequestError(f"a PDU of {len(pdu)} bytes is longer than {MAX_PDU}")
        self.sent += 1
        transaction_id = self.sent & 0xFFFF
        try:
            frame = framer.encode(transaction_id, unit_id, pdu)
        except (struct.error, TypeError, ValueError):
            raise RequestError(f"unit id {unit_id!r} is not in 0..255") from None
        is_broadcast = unit_id == framer.broadcast_unit_id
        if is_broadcast and not request.writes:
            raise RequestError("a broadcast has no response, so it cannot read")
        if self.trace is not None:
            self.trace(frame, True)
        if is_broadcast:
            return None, frame
        self._units[transaction_id] = unit_id
        return transaction_id, frame

    def forget(self, transaction_id: int | None) -> None:
        """Give a request up: its response, should it come, is dropped."""
        if transaction_id is not None:
            self._units.pop(transaction_id, None)

    def discard(self, data: bytes) -> None:
        """Take in bytes that came while nothing was under way: late answers, which are dropped.

        Raises as `next_response`.
        """
        response = self.receive(data)
        while response is not None:
            response = self.next_response()
        if not self.framer.has_transaction_ids:
            self.framer.clear()

    def receive(self, data: bytes) -> Response | None:
        """Take in the bytes that one read brought; return as `next_response`."""
        return self._response(self.framer.receive(data))

    def next_response(self) -> Response | None:
        """Return the next response to something under way, None for "not yet".

        Raises `FrameError` where the stream cannot be trusted any more, and `ResponseMismatch`
        for the answer of another unit.
        """
        return self._response(self.framer.next_adu())

    def _response(self, adu: Adu | None) -> Response | None:
        framer = self.framer
        while adu is not None:
            transaction_id, unit_id, pdu = adu
            if self.trace is not None:
                self.trace(framer.encode(transaction_id, unit_id, pdu), False)
            if not framer.has_transaction_ids:
                transaction_id = next(iter(self._units), 0)
            asked = self._units.pop(transaction_id, None)
            if asked == unit_id:
                return transaction_id, pdu
            if asked is not None:
                raise ResponseMismatch(f"unit {unit_id} answered for unit {asked}")
            adu = framer.next_adu()
        return None
