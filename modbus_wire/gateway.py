"""A gateway between a server's clients and the devices behind other clients; no sockets, no clocks.

It looks at unit ids and function codes and passes PDUs on as they are. What goes wrong behind it
is told by the exceptions for that: 0A where there is no way to the unit, 0B where the unit did not
answer, 06 where too many requests wait already (AP §7).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping

from modbus_wire.access import Access
from modbus_wire.codes import EXCEPTION_FLAG, ExceptionCode, FunctionCode
from modbus_wire.connection import Trace
from modbus_wire.conversation import MOST_WAITING, Later
from modbus_wire.errors import (
    ClientBusy,
    ConnectError,
    CrcError,
    ExceptionResponse,
    FrameError,
    ModbusError,
    RequestError,
)
from modbus_wire.framing.base import Framing
from modbus_wire.framing.choice import framer_of_requests
from modbus_wire.log import logger
from modbus_wire.pdu.raw import RawPdu
from modbus_wire.peer import Peer
from modbus_wire.typed import Generic, Protocol, TypeAlias, TypeVar

_BROADCAST = 0
_MAX_UNIT_ID = 0xFF
_ECHOES: dict[int, int | None] = {
    FunctionCode.WRITE_SINGLE_COIL: None,
    FunctionCode.WRITE_SINGLE_REGISTER: None,
    FunctionCode.DIAGNOSTICS: None,
    FunctionCode.WRITE_MULTIPLE_COILS: 5,
    FunctionCode.WRITE_MULTIPLE_REGISTERS: 5,
    FunctionCode.WRITE_FILE_RECORD: None,
    FunctionCode.MASK_WRITE_REGISTER: None,
}
"""What can be broadcast, and how many bytes of such a request its response repeats."""

_CODES: tuple[tuple[type[ModbusError], ExceptionCode], ...] = (
    (ClientBusy, ExceptionCode.SERVER_DEVICE_BUSY),
    (ConnectError, ExceptionCode.GATEWAY_PATH_UNAVAILABLE),
    (RequestError, ExceptionCode.ILLEGAL_DATA_VALUE),
    (ModbusError, ExceptionCode.GATEWAY_TARGET_FAILED_TO_RESPOND),
)
"""What a client is told of an error behind the gateway."""

MAX_WAITING = 1024
"""How many requests may wait for one client where nothing is said: those of several peers that
send as many at once as are taken in."""

Done: TypeAlias = Callable[[bytes], None]
"""Called once with the response PDU, b"" where none is due."""


class Route(Protocol):
    """The way to devices: one client."""

    broadcasts: bool
    """Whether unit id 0 reaches all devices and is not answered."""

    def forward(self, asker: object, unit_id: int, request: RawPdu, done: Done) -> bool:
        """Have a request carried out; return whether there is room for it among the waiting."""
        ...

    def forget(self, asker: object) -> None:
        """Drop the requests of an asker who is gone that are not being carried out yet."""
        ...


R = TypeVar("R")


class Routes(Generic[R]):
    """Which way leads to which unit."""

    def __init__(self, only: R | None, by_unit: Mapping[int, R]) -> None:
        """Take the one way to every unit, or one for each unit id there is.

        Raises ValueError for none at all, and for ids that no unit has.
        """
        if only is None and not by_unit:
            raise ValueError("a gateway without a client answers nobody")
        for unit_id in by_unit:
            if unit_id not in range(_MAX_UNIT_ID + 1):
                raise ValueError(f"unit id {unit_id!r} is no int in 0..{_MAX_UNIT_ID}")
        self._only = only
        self._by_unit = dict(by_unit)
        self.all: list[R] = list(dict.fromkeys(by_unit.values())) if only is None else [only]

    def to(self, unit_id: int) -> R | None:
        """Return the way to a unit, None where there is none."""
        return self._by_unit.get(unit_id) if self._only is None else self._only


class GatewayConversation:
    """Passes on the requests of one client and answers when the answers come.

    With transaction ids they go out as they come, without in the order of the requests.
    """

    def __init__(
        self,
        routes: Routes[Route],
        framing: Framing,
        peer: Peer,
        later: Later,
        access: Access | None = None,
        trace: Trace | None = None,
        *,
        shared_line: bool = False,
    ) -> None:
        """Begin; on a ``shared_line`` requests for units without a way are for others there."""
        self.closed = False
        self.is_full = False
        self._routes = routes
        self._framer = framer_of_requests(framing)
        self._peer = peer
        self._later = later
        self._access = access
        self._trace = trace
        self._is_shared = shared_line
        self._is_broken = False
        self._is_behind = False
        """Whether there may be whole requests that were received and not taken yet."""

        self._open: deque[_Ticket] = deque()
        """The requests that are not answered yet, oldest first."""

    def receive(self, data: bytes) -> bytes:
        """Take in received bytes and return what can be answered at once."""
        if self._is_broken:
            return b""
        self._is_behind = True
        return self._go_on(data)

    def _go_on(self, received: bytes | None = None) -> bytes:
        """Take requests while there is room for them; return what can be answered at once."""
        frames: list[bytes] = []
        while received is not None or (self._is_behind and not self.is_full):
            self._take_some(received)
            received = None
            frames.append(self._due())
        return b"".join(frames)

    def _take_some(self, received: bytes | None) -> None:
        """Take as many of the requests that were received as may wait for their answers."""
        framer = self._framer
        while received is not None or len(self._open) < MOST_WAITING:
            try:
                adu = framer.next_adu() if received is None else framer.receive(received)
            except CrcError:
                received = None  # it gets no answer; a next frame may follow
                continue
            except FrameError:
                self._is_broken = True
                adu = None
            if adu is None:
                self._is_behind = False
                break
            received = None
            self._take(_Ticket(*adu))

    def end(self) -> None:
        """Have nothing more carried out for a client that nobody can answer."""
        for route in self._routes.all:
            route.forget(self)

    def interrupt(self) -> None:
        """Forget the bytes of an unfinished frame."""
        self._framer.clear()

    def _take(self, ticket: _Ticket) -> None:
        if self._trace is not None:
            self._trace(
                self._framer.encode(ticket.transaction_id, ticket.unit_id, ticket.pdu), False
            )
        self._open.append(ticket)
        request = RawPdu(ticket.pdu)
        if not 0 < request.function_code < EXCEPTION_FLAG or not self._permits(ticket, request):
            ticket.answer = _exception(ticket.pdu, ExceptionCode.ILLEGAL_FUNCTION)
        elif ticket.unit_id == _BROADCAST:
            self._broadcast(ticket, request)
        else:
            self._forward(ticket, request, self._routes.to(ticket.unit_id))

    def _permits(self, ticket: _Ticket, request: RawPdu) -> bool:
        return self._access is None or self._access(self._peer, ticket.unit_id, request)

    def _forward(self, ticket: _Ticket, request: RawPdu, route: Route | None) -> None:
        def done(answer: bytes) -> None:
            self._later(lambda: self._answer(ticket, answer))

        if route is None:
            code = ExceptionCode.GATEWAY_PATH_UNAVAILABLE
            ticket.answer = b"" if self._is_shared else _exception(ticket.pdu, code)
        elif not route.forward(self, ticket.unit_id, request, done):
            ticket.answer = _exception(ticket.pdu, ExceptionCode.SERVER_DEVICE_BUSY)

    def _broadcast(self, ticket: _Ticket, request: RawPdu) -> None:
        """Pass a write on to every line that can broadcast; the gateway answers in their place."""
        own = self._routes.to(_BROADCAST)
        if own is not None and not own.broadcasts:
            self._forward(ticket, request, own)
            return
        lines = [route for route in ([own] if own else self._routes.all) if route.broadcasts]
        if not lines or request.function_code not in _ECHOES:
            ticket.answer = _exception(ticket.pdu, ExceptionCode.GATEWAY_PATH_UNAVAILABLE)
            return
        answers: list[bytes] = []

        def done(answer: bytes) -> None:
            answers.append(answer)
            if len(answers) == len(lines):
                self._later(lambda: self._answer(ticket, _joint(ticket.pdu, answers)))

        for line in lines:
            if not line.forward(self, _BROADCAST, request, done):
                done(_exception(ticket.pdu, ExceptionCode.SERVER_DEVICE_BUSY))

    def _answer(self, ticket: _Ticket, answer: bytes) -> bytes:
        ticket.answer = answer
        return self._due() + self._go_on()

    def _due(self) -> bytes:
        """Return the frames of all answers that may go out now."""
        frames: list[bytes] = []
        waiting: deque[_Ticket] = deque()
        for ticket in self._open:
            if ticket.answer is None or (waiting and not self._framer.has_transaction_ids):
                waiting.append(ticket)
            elif ticket.answer and ticket.unit_id != self._framer.broadcast_unit_id:
                frames.append(self._frame(ticket, ticket.answer))
        self._open = waiting
        self.is_full = len(waiting) >= MOST_WAITING
        self.closed = self._is_broken and not waiting
        return b"".join(frames)

    def _frame(self, ticket: _Ticket, answer: bytes) -> bytes:
        frame = self._framer.encode(ticket.transaction_id, ticket.unit_id, answer)
        if self._trace is not None:
            self._trace(frame, True)
        return frame


class _Ticket:
    """A request that came and the answer to it, once there is one."""

    __slots__ = ("answer", "pdu", "transaction_id", "unit_id")

    def __init__(self, transaction_id: int, unit_id: int, pdu: bytes) -> None:
        self.transaction_id = transaction_id
        self.unit_id = unit_id
        self.pdu = pdu
        self.answer: bytes | None = None
        """The response PDU, b"" for none, None for "not yet"."""


def passed_on(request: RawPdu, answer: bytes) -> bytes:
    """Return the answer of a device, or exception 0B where it answers something else."""
    if answer and (answer[0] ^ request.function_code) & ~EXCEPTION_FLAG:
        return _exception(request.pdu, ExceptionCode.GATEWAY_TARGET_FAILED_TO_RESPOND)
    return answer


def refusal(request: RawPdu, error: Exception) -> bytes:
    """Return the exception response that tells what went wrong behind the gateway."""
    if isinstance(error, ExceptionResponse):
        return _exception(request.pdu, error.code)
    for kind, code in _CODES:
        if isinstance(error, kind):
            return _exception(request.pdu, code)
    logger("modbus_wire.gateway").error("a request failed", exc_info=error)
    return _exception(request.pdu, ExceptionCode.SERVER_DEVICE_FAILURE)


def _exception(pdu: bytes, code: int) -> bytes:
    return bytes((pdu[0] | EXCEPTION_FLAG, code))


def _joint(pdu: bytes, answers: Iterable[bytes]) -> bytes:
    """Return the first refusal among the answers of several lines, else what a device says."""
    for answer in answers:
        if answer and answer[0] & EXCEPTION_FLAG:
            return answer
    return pdu[: _ECHOES[pdu[0]]]
