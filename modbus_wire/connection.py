"""The client's end of a connection: requests in, frames out; bytes in, responses out.

It knows no socket and no clock: whoever waits decides how long.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from modbus_wire.codes import MAX_PDU
from modbus_wire.errors import FrameError, RequestError, ResponseMismatch
from modbus_wire.framing.base import Adu, Framer, Framing
from modbus_wire.framing.choice import framer_of_responses
from modbus_wire.framing.mbap import MbapFramer
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.policy import Ids
from modbus_wire.typed import TypeAlias

Trace: TypeAlias = Callable[[bytes, bool], None]
"""Called with each whole frame, or the bytes that are none, and whether it is sent or received."""

Response: TypeAlias = tuple[int, bytes]
"""A transaction id and the response PDU."""


class ClientConnection:
    """Pairs responses with the requests that are under way.

    With transaction ids, a response to nothing that is under way is dropped: it is the late answer
    to a request that was given up. Any number of requests may be under way, and their answers come
    in any order. Without ids, or where ``ids`` says that they mean nothing, a response belongs to
    the oldest request; another unit's answer, on a line that many units share, is dropped.
    """

    __slots__ = (
        "_strict_units",
        "_under_way",
        "framer",
        "ids",
        "sent",
        "tells_late_answers",
        "trace",
    )

    def __init__(
        self,
        framing: Framing = Framing.TCP,
        trace: Trace | None = None,
        ids: Ids = Ids.STRICT,
    ) -> None:
        """Take what does not change while the connection lasts."""
        self.framer: Framer = framer_of_responses(framing)
        self.trace = trace
        self.ids = ids
        self.tells_late_answers = self.framer.has_transaction_ids and ids is not Ids.ANY
        """Whether the answer to a request that was given up is known for what it is.

        Only then may several requests be under way, and the connection outlive a timeout.
        """

        self._strict_units = ids is Ids.STRICT
        self._under_way: dict[int, int] = {}
        """The unit id asked in each transaction under way, oldest first."""

        self.sent = 0
        """Goes up with each request that is sent."""

    def send(self, request: AnyRequest, unit_id: int) -> tuple[int | None, bytes]:
        """Return the transaction id of a request and its frame, to be sent now.

        A request that nobody answers has no transaction id: a broadcast, or one that says so.

        Raises `RequestError` for a unit id outside 0..255, a broadcast of a read and a PDU that is
        longer than 253 bytes.
        """
        framer, under_way = self.framer, self._under_way
        pdu = request.encode()
        if len(pdu) > MAX_PDU:
            raise RequestError(f"a PDU of {len(pdu)} bytes is longer than {MAX_PDU}")
        self.sent += 1
        while (transaction_id := self.sent & 0xFFFF) in under_way:
            self.sent += 1
        try:
            frame = framer.encode(transaction_id, unit_id, pdu)
        except (struct.error, TypeError, ValueError):
            raise RequestError(f"unit id {unit_id!r} is not in 0..255") from None
        is_broadcast = unit_id == framer.broadcast_unit_id
        if is_broadcast and not request.writes:
            raise RequestError("a broadcast has no response, so it cannot read")
        if self.trace is not None:
            self.trace(frame, True)
        if is_broadcast or not request.answered:
            return None, frame
        if not framer.has_transaction_ids:
            framer.expect(unit_id if self._strict_units else None, request, pdu)
        under_way[transaction_id] = unit_id
        return transaction_id, frame

    def send_many(
        self, reads: Sequence[AnyRequest], unit_id: int
    ) -> tuple[Sequence[int], list[bytes]]:
        """Return the transaction ids and the frames of reads that are to go out together.

        For connections that tell late answers. Raises as `send`: then none of them is under way.
        """
        framer, under_way = self.framer, self._under_way
        pdus = [read.encode() for read in reads]
        first = (self.sent & 0xFFFF) + 1
        ids = range(first, first + len(pdus))
        is_plain = self.trace is None and not under_way and ids.stop <= 0x10000
        if not (is_plain and isinstance(framer, MbapFramer) and max(map(len, pdus)) <= MAX_PDU):
            return self._send_each(reads, unit_id)
        try:
            frames = framer.encode_all(first, unit_id, pdus)
        except struct.error:
            raise RequestError(f"unit id {unit_id!r} is not in 0..255") from None
        self.sent += len(pdus)
        under_way.update(dict.fromkeys(ids, unit_id))
        return ids, frames

    def _send_each(
        self, reads: Sequence[AnyRequest], unit_id: int
    ) -> tuple[Sequence[int], list[bytes]]:
        ids: list[int] = []
        frames: list[bytes] = []
        try:
            for read in reads:
                transaction_id, frame = self.send(read, unit_id)
                frames.append(frame)
                if transaction_id is not None:
                    ids.append(transaction_id)
        except RequestError:
            for begun in ids:
                self.forget(begun)
            raise
        return ids, frames

    def forget(self, transaction_id: int | None) -> None:
        """Give a request up: its response, should it come, is dropped."""
        if transaction_id is not None:
            self._under_way.pop(transaction_id, None)

    def discard(self, data: bytes) -> None:
        """Take in bytes that came while nothing was under way: late answers, which are dropped.

        Raises `FrameError` where the stream cannot be trusted any more; without transaction ids,
        never: the next answer begins with the next bytes, whatever these were.
        """
        framer = self.framer
        if not framer.has_transaction_ids:
            if self.trace is not None and data:
                self.trace(data, False)
            framer.clear()
            return
        response = self.receive(data)
        while response is not None:
            response = self.next_response()

    def receive(self, data: bytes) -> Response | None:
        """Take in the bytes that one read brought; return as `next_response`."""
        try:
            adu = self.framer.receive(data)
        except FrameError:
            if self.trace is not None:
                self.trace(data, False)
            raise
        if adu is None:
            return None
        if self.trace is None and self.tells_late_answers:  # `_response` in the usual case
            transaction_id, unit_id, pdu = adu
            if self._under_way.get(transaction_id) == unit_id:
                del self._under_way[transaction_id]
                return transaction_id, pdu
        return self._response(adu)

    def receive_all(self, data: bytes) -> list[Response]:
        """Take in the bytes that one read brought; return all responses; raises as `receive`."""
        framer, under_way = self.framer, self._under_way
        if self.trace is not None or not isinstance(framer, MbapFramer):
            return self._each_response(data)
        responses: list[Response] = []
        for transaction_id, unit_id, pdu in framer.receive_all(data):
            asked = under_way.pop(transaction_id, None)
            if asked == unit_id or (asked is not None and not self._strict_units):
                responses.append((transaction_id, pdu))
            elif asked is not None:
                raise _wrong_unit(transaction_id, unit_id, asked)
        return responses

    def _each_response(self, data: bytes) -> list[Response]:
        responses: list[Response] = []
        response = self.receive(data)
        while response is not None:
            responses.append(response)
            response = self.next_response()
        return responses

    def next_response(self) -> Response | None:
        """Return the next response to something under way, None for "not yet".

        Raises `FrameError` where the stream cannot be trusted any more, and `ResponseMismatch`
        for the answer of another unit: that transaction is over, those of others go on.
        """
        adu = self.framer.next_adu()
        return None if adu is None else self._response(adu)

    def _response(self, adu: Adu | None) -> Response | None:
        framer, under_way = self.framer, self._under_way
        while adu is not None:
            transaction_id, unit_id, pdu = adu
            if self.trace is not None:
                self.trace(framer.encode(transaction_id, unit_id, pdu), False)
            if not self.tells_late_answers:
                transaction_id = next(iter(under_way), -1)
            asked = under_way.get(transaction_id)
            if asked is not None:
                if asked == unit_id or not self._strict_units:
                    del under_way[transaction_id]
                    return transaction_id, pdu
                if framer.has_transaction_ids:
                    del under_way[transaction_id]
                    raise _wrong_unit(transaction_id, unit_id, asked)
            adu = framer.next_adu()
        return None


def _wrong_unit(transaction_id: int, unit_id: int, asked: int) -> ResponseMismatch:
    error = ResponseMismatch(f"unit {unit_id} answered for unit {asked}")
    error.transaction_id = transaction_id
    return error
