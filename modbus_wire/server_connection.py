"""The server's end of a connection: received bytes in, the bytes to send out.

It knows no socket and no clock. Everything that one read brought is answered at once, in order.
"""

from __future__ import annotations

from struct import Struct

from modbus_wire.errors import CrcError, FrameError
from modbus_wire.framing.base import Framing
from modbus_wire.framing.choice import framer_of_requests
from modbus_wire.typed import Protocol

_READ = Struct(">HIBBHH")
"""The frame of a plain read: transaction id, protocol id and length, unit id, function code,
address, quantity (TCP §3.1.3, AP §6.1 to §6.4)."""

_READ_SIZE = _READ.size
_READ_LENGTH = 6
"""Protocol id 0 and the length of such a frame, as one number."""

_LENGTH_AT = 5
"""Where the low byte of the length is."""

_read = _READ.unpack
_reads = _READ.iter_unpack
_head = Struct(">HIBBB").pack
"""The answer's head: transaction id, protocol id and length, unit id, function code, byte count."""

_COUNTED = 3
"""Bytes of the head that the length counts."""


class Answers(Protocol):
    """Who answers requests: a `modbus_wire.handler.Handler`."""

    def handle(self, unit_id: int, pdu: bytes) -> bytes | None:
        """Return the response to a request PDU; None: no response is due."""
        ...

    def read(
        self, unit_id: int, function_code: int, address: int, quantity: int
    ) -> bytes | bytearray | None:
        """Return the cells that a sound plain read asks for; None: `handle` has to speak."""
        ...

    def broadcast(self, pdu: bytes) -> None:
        """Carry out a request that nobody answers."""
        ...


class ServerConnection:
    """Answers the requests of one client.

    A frame with a wrong checksum is not answered and a broadcast is carried out only. After bytes
    that form no frame nothing in the stream can be trusted: `closed` is set, what was due before
    is still to be sent, and whatever comes after is not looked at.
    """

    def __init__(self, handler: Answers, framing: Framing = Framing.TCP) -> None:
        self.closed = False
        self._handler = handler
        self._framer = framer_of_requests(framing)
        self._is_mbap = self._begins_mbap = framing is Framing.TCP
        """Whether the frames, and the next byte, are those of MBAP."""

    def receive(self, data: bytes) -> bytes:
        """Take in received bytes and return all that is to be sent now, b"" for nothing."""
        answers: list[bytes | bytearray] = []
        if self._begins_mbap:
            if len(data) == _READ_SIZE:
                answer = self._answer_read(data)
                if answer is not None:
                    return answer
            elif len(data) > _READ_SIZE and data[_LENGTH_AT] == _READ_LENGTH:
                data = self._answer_reads(data, answers)
        if data and not self.closed:
            self._answer_all(data, answers)
        return b"".join(answers)

    def _answer_read(self, frame: bytes) -> bytes | None:
        """Return the answer to a frame that is a plain read, None for any other."""
        transaction_id, length, unit_id, function_code, address, quantity = _read(frame)
        if length != _READ_LENGTH:
            return None
        data = self._handler.read(unit_id, function_code, address, quantity)
        if data is None:
            return None
        size = len(data)
        return _head(transaction_id, size + _COUNTED, unit_id, function_code, size) + data

    def _answer_reads(self, data: bytes, answers: list[bytes | bytearray]) -> bytes:
        """Answer the plain reads that ``data`` begins with; return the bytes after them."""
        read = self._handler.read
        whole = data[: len(data) // _READ_SIZE * _READ_SIZE]
        done = 0
        for transaction_id, length, unit_id, function_code, address, quantity in _reads(whole):
            if length != _READ_LENGTH:
                break
            cells = read(unit_id, function_code, address, quantity)
            if cells is None:
                break
            size = len(cells)
            answers.append(_head(transaction_id, size + _COUNTED, unit_id, function_code, size))
            answers.append(cells)
            done += _READ_SIZE
        return data[done:]

    def _answer_all(self, data: bytes, answers: list[bytes | bytearray]) -> None:
        framer, handler = self._framer, self._handler
        try:
            adu = framer.receive(data)
            while adu is not None:
                transaction_id, unit_id, pdu = adu
                if unit_id == framer.broadcast_unit_id:
                    handler.broadcast(pdu)
                elif (answer := handler.handle(unit_id, pdu)) is not None:
                    answers.append(framer.encode(transaction_id, unit_id, answer))
                adu = framer.next_adu()
        except CrcError:
            pass  # it gets no answer; the next frame begins with the next bytes
        except FrameError:
            self.closed = True
        self._begins_mbap = self._is_mbap and framer.is_empty
