"""One connection of an async client: what is sent when, and what becomes of what comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from modbus_wire.aio.exchange import Exchange
from modbus_wire.aio.flight import Flight
from modbus_wire.aio.link import Link
from modbus_wire.aio.queue import Queue, another
from modbus_wire.aio.reply import Reply, wake_all
from modbus_wire.connection import ClientConnection
from modbus_wire.errors import (
    ConnectionClosedError,
    ExceptionResponse,
    ModbusError,
    ProtocolError,
    ResponseMismatch,
    ResponseTimeout,
)
from modbus_wire.framing.base import Framing

_MOST_SILENT = 2
"""How many requests in a row may time out: then the connection may be dead without a word."""

_SIZES = {Framing.TCP: (1, 7), Framing.RTU: (1, 3), Framing.ASCII: (2, 7)}
"""How many bytes a frame takes for each byte of its PDU, and besides."""


class Pipeline(Flight):
    """Sends what waits, pairs the answers, and ends with its link.

    A request that was given up after it was sent keeps its place until its answer comes or is
    overdue: the server never has more to answer than ``most`` requests.
    """

    __slots__ = (
        "_ended",
        "_frames",
        "_has_room",
        "_is_matched",
        "_joins",
        "_overhead",
        "_pacing",
        "_patience",
        "_pump_is_due",
        "_scale",
        "_silent",
        "is_over",
        "is_prompt",
        "link",
        "most",
    )

    link: Link

    def __init__(
        self,
        connection: ClientConnection,
        framing: Framing,
        queue: Queue,
        most: int,
        patience: float,
        ended: Callable[[Pipeline], None],
    ) -> None:
        """Get ready for a link.

        ``most`` requests may be under way; ``patience`` is how many seconds the server may take no
        bytes. ``ended`` is called when the pipeline takes no more requests.
        """
        super().__init__(connection, queue)
        self._ended = ended
        self._patience = patience
        self._scale, self._overhead = _SIZES[framing]
        self._is_matched = connection.tells_late_answers
        self.most = most if self._is_matched else 1
        self._joins = self.most > 1
        """Whether the requests of one turn of the loop go out together."""

        self._frames: list[bytes] = []
        """What goes out with the next pump."""

        self.is_prompt = self._is_matched
        """Whether a read may be sent without a look at the link."""

        self.is_over = False
        self._has_room = True
        """Whether the server takes bytes."""

        self._silent = 0
        """How many requests in a row have timed out."""

        self._pacing: asyncio.TimerHandle | None = None
        self._pump_is_due = False

    def send(self, exchange: Exchange) -> None:
        """Send a read, for which there has to be room, with the others of this turn of the loop."""
        frame = self._begin(exchange, monotonic())
        if frame is None:
            return
        if not self._joins:
            self.link.send(frame)
            return
        self._frames.append(frame)
        if not self._pump_is_due:
            self._pump_is_due = True
            self._loop.call_soon(self.pump)

    def pump_soon(self) -> None:
        """Pump; in the next turn of the loop, where the requests of one turn go out together."""
        if not self._joins:
            self.pump()
        elif not self._pump_is_due:
            self._pump_is_due = True
            self._loop.call_soon(self.pump)

    def pump(self) -> None:
        """Send as much of what waits as may be under way."""
        self._pump_is_due = False
        if not self._has_room:
            return
        waiting, in_flight = self._queue.waiting, self.in_flight
        frames = self._frames
        now = monotonic()
        while waiting and len(in_flight) < self.most:
            exchange = waiting[0]
            if (exchange.batch or exchange).is_over:
                waiting.pop(0)
                continue
            if exchange.policy.request_delay and self._is_late_for(exchange, now):
                break
            if not (in_flight or frames or self._is_quiet_for(exchange)):
                break
            frames += self._begin_next(self.most - len(in_flight), now)
        if frames:
            self._frames = []
            self.link.send_all(frames)

    def received(self, data: bytes) -> None:
        """Take in bytes, and carry on the tasks whose answers they bring."""
        in_flight = self.in_flight
        connection = self._connection
        now = self.active_at = monotonic()
        self.has_answered = True
        ready: list[Reply] = []
        try:
            if not in_flight:
                connection.discard(data)
                return
            response = connection.receive(data)
            while response is not None:
                exchange = in_flight.pop(response[0])
                reply = self._answered(exchange, response[1], now)
                if reply is not None:
                    ready.append(reply)
                response = connection.next_response() if in_flight else None
            if not (in_flight or connection.framer.is_empty):
                connection.discard(b"")
        except ResponseMismatch as error:
            self._mismatched(error)
        except ProtocolError as error:
            self._broken(error)
        if self._queue.waiting or not self.most:
            self._go_on()
        wake_all(ready)

    def lost(self, error: ModbusError) -> None:
        """End with the link; reads that an idle link may have swallowed wait again."""
        if self.is_over:
            return
        again = []
        exchanges = self._empty()
        stood = all(exchange.may_repeat for exchange in exchanges)
        self.has_failed = not (stood or self.has_answered)
        for exchange in exchanges:
            if exchange.reply.is_over:
                continue
            if exchange.may_repeat and not exchange.request.writes:
                exchange.may_repeat = False
                exchange.unit.retries += 1
                again.append(exchange)
            else:
                self._queue.failed(exchange, another(error), sent=True)
        self._queue.waiting[:0] = again
        self._end()

    def pause(self) -> None:
        """Send nothing until the server takes bytes again."""
        self._has_room = self.is_prompt = False
        self._pace(self._patience)

    def resume(self) -> None:
        """Send again."""
        self._has_room = True
        self.is_prompt = self._is_matched and not self.is_over
        if self._pacing is not None:
            self._pacing.cancel()
            self._pacing = None
        self._go_on()

    def stop(self, error: Exception) -> None:
        """End all that is under way with an error, and the link when all has been sent."""
        for exchange in self._empty():
            self._queue.end(exchange, another(error), sent=True)
        self._end(self.link.close)

    def retire(self) -> None:
        """Send nothing more; end when the answers have come or are overdue."""
        self.most = 0
        self.is_prompt = False
        self._go_on()

    def _is_late_for(self, exchange: Exchange, now: float) -> bool:
        """Whether the unit of an exchange needs more silence first; that is waited for."""
        left = self.active_at + exchange.policy.request_delay - now
        if left > 0 and not self.in_flight:
            self._pace(left)
        return left > 0 or bool(self.in_flight)

    def _is_quiet_for(self, exchange: Exchange) -> bool:
        """Whether the link stands, where that has to be known, and brings no late answers."""
        if self._is_matched and not exchange.request.writes:
            return True
        try:
            self.link.check(self._connection)
        except (ConnectionClosedError, ProtocolError):
            self._end()
        return not self.is_over

    def _answered(self, exchange: Exchange, pdu: bytes, now: float) -> Reply | None:
        """Take in an answer; return what is to be woken, None for nothing."""
        self._silent = 0
        unit = exchange.unit
        unit.responses += 1  # `answered`, without the call
        unit.bytes_received += len(pdu) * self._scale + self._overhead
        unit.latency += (seconds := now - exchange.sent_at)
        if seconds > unit.latency_max:
            unit.latency_max = seconds
        try:
            return exchange.answer(exchange.request.decode_response(pdu))
        except Exception as error:  # a request of the user's own may raise anything
            if isinstance(error, ExceptionResponse):
                unit.refused(error.code)
            else:
                self._distrust()
            self._queue.failed(exchange, error, sent=True)
            return None

    def _mismatched(self, error: ResponseMismatch) -> None:
        """Fail the one exchange that another unit answered, and see what else has come."""
        assert error.transaction_id is not None
        exchange = self.in_flight.pop(error.transaction_id)
        self._distrust()
        self._queue.failed(exchange, error, sent=True)
        self.received(b"")

    def _broken(self, error: ProtocolError) -> None:
        """Fail all that is under way: nothing that comes can be told from garbage."""
        self._fail_all(error)
        if self.link.is_lasting:
            self._connection.discard(b"")
            self._go_on()
        else:
            self._end()

    def _distrust(self) -> None:
        """Send nothing more over a link whose server answered wrongly, if another can be had."""
        if not self.link.is_lasting:
            self.most = 0
            self.is_prompt = False

    def _go_on(self) -> None:
        if self._queue.waiting or self._frames:
            self.pump()
        if not self.most and not self.in_flight:
            self._end()

    def _time_out(self, transaction_id: int) -> None:
        exchange = self.in_flight.pop(transaction_id)
        self._connection.forget(transaction_id)
        exchange.unit.timeouts += 1
        self._silent += 1
        if not self._is_matched or self._silent >= _MOST_SILENT:
            self._distrust()
        self._queue.failed(exchange, ResponseTimeout("no response in time"), sent=True)
        self._queue.postpone(exchange.unit_id)

    def _pace(self, seconds: float) -> None:
        if self._pacing is not None:
            self._pacing.cancel()
        self._pacing = self._loop.call_later(seconds, self._paced)

    def _paced(self) -> None:
        self._pacing = None
        if self._has_room:
            self._go_on()
        else:
            self._fail_all(ResponseTimeout("the server takes no bytes"))
            self._end()

    def _end(self, part: Callable[[], None] | None = None) -> None:
        if self.is_over:
            return
        self.is_over = True
        self.most = 0
        self._frames.clear()
        self.is_prompt = False
        self._stop_timer()
        if self._pacing is not None:
            self._pacing.cancel()
            self._pacing = None
        (part or self.link.abort)()
        self._ended(self)
