"""The server's end of a connection: received bytes in, the bytes to send out.

It knows no socket and no clock. Everything that one read brought is answered at once, in order.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct

from modbus_wire.conversation import MOST_WAITING, Later
from modbus_wire.errors import CrcError, FrameError
from modbus_wire.framing.base import Framing
from modbus_wire.framing.choice import framer_of_requests
from modbus_wire.peer import NOBODY, Peer
from modbus_wire.typed import TYPE_CHECKING, Protocol
from modbus_wire.withheld import Wait, Withheld

if TYPE_CHECKING:
    from modbus_wire.framing.ascii import AsciiFramer
    from modbus_wire.held import HeldAnswers

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

_read_fields = Struct(">BHH").unpack
_READ_PDU_SIZE = 5
_LAST_READ = 4
"""The size of a plain read's PDU and the last function code that is one (AP §6.1 to §6.4)."""

_COUNTED = 3
"""Bytes of the head that the length counts."""

_refused = Struct(">HIB").pack
"""The head of an exception response: transaction id, protocol id and length, unit id."""

_REFUSED_LENGTH = 3


class Answers(Protocol):
    """Who answers requests: a `modbus_wire.handler.Handler`."""

    def handle(self, unit_id: int, pdu: bytes, peer: Peer = NOBODY) -> bytes | None:
        """Return the response to a request PDU, which may be `Withheld`; None: none is due."""
        ...

    def read(
        self, unit_id: int, function_code: int, address: int, quantity: int
    ) -> bytes | bytearray | None:
        """Return the cells that a plain read asks for; None: `handle` has to speak.

        Raises what refuses it.
        """
        ...

    def refuse(self, function_code: int, error: BaseException) -> bytes:
        """Return the response to a plain read that `read` refused with an error."""
        ...

    def broadcast(self, pdu: bytes, peer: Peer = NOBODY) -> None:
        """Carry out a request that nobody answers."""
        ...

    def request_length(self, head: bytes) -> int | None:
        """Return the length of the request PDU that begins with ``head``; None: not yet known.

        Raises KeyError or NotImplementedError where nothing announces it.
        """
        ...

    def has_unit(self, unit_id: int) -> bool:
        """Whether there is a unit with that id."""
        ...

    def overhear(self) -> None:
        """Be told of a request for a unit that is not here."""
        ...

    def bad_frame(self) -> None:
        """Be told of a frame with a wrong checksum."""
        ...

    def ascii_delimiter(self) -> bytes:
        """Return what follows the carriage return at the end of an ASCII frame."""
        ...


class ServerConnection:
    """Answers the requests of one client.

    A frame with a wrong checksum is not answered and a broadcast is carried out only. On a line
    that is shared with other servers, requests for units that are not here are theirs. After bytes
    that form no frame nothing in the stream can be trusted: `closed` is set, what was due before
    is still to be sent, and whatever comes after is not looked at.

    ``trace`` is called with each whole frame and whether it is sent. A `Withheld` answer is handed
    to ``later`` and, without one, never sent; with many that wait, `is_full` is set.
    """

    __slots__ = (
        "_ascii",
        "_begins_mbap",
        "_framer",
        "_handler",
        "_held",
        "_is_line",
        "_is_mbap",
        "_is_shared",
        "_later",
        "_peer",
        "_trace",
        "closed",
        "is_full",
    )

    def __init__(
        self,
        handler: Answers,
        framing: Framing = Framing.TCP,
        peer: Peer = NOBODY,
        trace: Callable[[bytes, bool], None] | None = None,
        *,
        shared_line: bool = False,
        later: Later | None = None,
    ) -> None:
        self.closed = False
        self.is_full = False
        self._later = later
        self._held: HeldAnswers | None = None
        """Made when the first answer is to wait."""

        self._handler = handler
        self._framer = framer_of_requests(framing, handler.request_length)
        self._peer = peer
        self._trace = trace
        self._is_shared = shared_line
        self._is_line = framing is not Framing.TCP
        self._is_mbap = self._begins_mbap = framing is Framing.TCP and trace is None
        """Whether the frames, and the next byte, are those of MBAP, and nobody looks on."""

        self._ascii: AsciiFramer | None = None
        if framing is Framing.ASCII:
            self._follow_delimiter()

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

    def interrupt(self) -> None:
        """Forget the bytes of an unfinished frame: there was silence on the line."""
        self._framer.clear()
        self._begins_mbap = self._is_mbap

    def end(self) -> None:
        """Do nothing: what was asked is carried out already."""

    def _answer_read(self, frame: bytes) -> bytes | None:
        """Return the answer to a frame that is a plain read, None for any other."""
        transaction_id, length, unit_id, function_code, address, quantity = _read(frame)
        if length != _READ_LENGTH:
            return None
        try:
            data = self._handler.read(unit_id, function_code, address, quantity)
        except (Exception, SystemExit) as error:
            head = _refused(transaction_id, _REFUSED_LENGTH, unit_id)
            return head + self._handler.refuse(function_code, error)
        if data is None:
            return None
        size = len(data)
        return _head(transaction_id, size + _COUNTED, unit_id, function_code, size) + data

    def _answer_reads(self, data: bytes, answers: list[bytes | bytearray]) -> bytes:
        """Answer the plain reads that ``data`` begins with; return the bytes after them.

        There are no other answers yet.
        """
        read, append = self._handler.read, answers.append
        whole = data[: len(data) // _READ_SIZE * _READ_SIZE]
        for transaction_id, length, unit_id, function_code, address, quantity in _reads(whole):
            if length != _READ_LENGTH:
                break
            try:
                cells = read(unit_id, function_code, address, quantity)
            except (Exception, SystemExit) as error:
                append(_refused(transaction_id, _REFUSED_LENGTH, unit_id))
                append(self._handler.refuse(function_code, error))
            else:
                if cells is None:
                    break
                size = len(cells)
                append(_head(transaction_id, size + _COUNTED, unit_id, function_code, size))
                append(cells)
        return data[len(answers) // 2 * _READ_SIZE :]  # each has a head and a body

    def _answer_all(self, received: bytes | None, answers: list[bytes | bytearray]) -> None:
        """Answer what is received, None for what was before, until too many answers wait."""
        framer, trace = self._framer, self._trace
        respond = self._respond_on_line if self._is_line else self._handler.handle
        if self._ascii is not None:
            # it may have been changed over another connection
            self._ascii.delimiter = self._handler.ascii_delimiter()
        while not self.closed and (received is not None or not self.is_full):
            try:
                adu = framer.next_adu() if received is None else framer.receive(received)
            except CrcError:
                self._handler.bad_frame()  # it gets no answer; a next frame may follow
                received = None
                continue
            except FrameError:
                self.closed = True
                break
            if adu is None:
                break
            received = None
            transaction_id, unit_id, pdu = adu
            if trace is not None:
                trace(framer.encode(transaction_id, unit_id, pdu), False)
            response = respond(unit_id, pdu, self._peer)
            if type(response) is Withheld:
                self._withhold(transaction_id, unit_id, response)
            elif response is not None:
                frame = framer.encode(transaction_id, unit_id, response)
                is_plain = trace is None and self._held is None
                answers.append(frame if is_plain else self._in_turn(frame))
            if self._ascii is not None:
                self._ascii.delimiter = self._handler.ascii_delimiter()
        self._begins_mbap = self._is_mbap and framer.is_empty

    def _respond_on_line(self, unit_id: int, pdu: bytes, peer: Peer) -> bytes | None:
        """Return the response to a request that may be for others, or for all."""
        handler = self._handler
        if unit_id == self._framer.broadcast_unit_id:
            handler.broadcast(pdu, peer)
        elif self._is_shared and not handler.has_unit(unit_id):
            handler.overhear()
        elif len(pdu) == _READ_PDU_SIZE and pdu[0] <= _LAST_READ:
            return self._respond_to_read(unit_id, pdu, peer)
        else:
            return handler.handle(unit_id, pdu, peer)
        return None

    def _respond_to_read(self, unit_id: int, pdu: bytes, peer: Peer) -> bytes | None:
        function_code, address, quantity = _read_fields(pdu)
        try:
            cells = self._handler.read(unit_id, function_code, address, quantity)
        except (Exception, SystemExit) as error:
            return self._handler.refuse(function_code, error)
        if cells is None:
            return self._handler.handle(unit_id, pdu, peer)
        return bytes((function_code, len(cells))) + cells

    def _withhold(self, transaction_id: int, unit_id: int, response: Withheld) -> None:
        """Let a response wait, or never be sent, as it says."""
        self.closed = response.closes
        if self.closed or not response or self._later is None:
            return
        frame = self._framer.encode(transaction_id, unit_id, response)
        if self._held is None:
            from modbus_wire.held import HeldAnswers

            self._held = HeldAnswers(self._send_later, self._sent, in_order=self._is_line)
        self._held.hold(frame, response.wait)
        self.is_full = self._held.count >= MOST_WAITING

    def _send_later(self, make: Callable[[], bytes], wait: Wait) -> None:
        """Send what ``make`` returns after a wait, and what nobody looked at meanwhile."""
        if self._later is not None:
            self._later(lambda: make() + self._go_on(), wait)

    def _go_on(self) -> bytes:
        """Answer what was received and had to wait, as far as there is room for more."""
        answers: list[bytes | bytearray] = []
        if not (self.is_full or self._framer.is_empty):
            self._answer_all(None, answers)
        return b"".join(answers)

    def _in_turn(self, frame: bytes) -> bytes:
        """Return a frame that may go out now; one that has to wait for others goes with them."""
        if self._held is None:
            return self._sent(frame)
        frame = self._held.in_turn(frame)
        self.is_full = self._held.count >= MOST_WAITING
        return frame

    def _sent(self, frame: bytes) -> bytes:
        """Return a frame that is about to be sent."""
        if self._held is not None:
            self.is_full = self._held.count >= MOST_WAITING
        if self._trace is not None:
            self._trace(frame, True)
        return frame

    def _follow_delimiter(self) -> None:
        """End ASCII frames from now on as the handler says."""
        from modbus_wire.framing.ascii import AsciiFramer

        if isinstance(self._framer, AsciiFramer):
            self._ascii = self._framer
            self._ascii.delimiter = self._handler.ascii_delimiter()
