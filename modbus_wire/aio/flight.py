"""What is under way on a connection of an async client, and when that has taken too long."""

from __future__ import annotations

import asyncio
from itertools import takewhile
from math import inf
from time import monotonic

from modbus_wire.aio.exchange import Exchange
from modbus_wire.aio.queue import Queue, another
from modbus_wire.connection import ClientConnection

_SLACK = 0.001
"""Seconds that a timer may fire early."""


class Flight:
    """The exchanges under way, and one timer for all of them."""

    __slots__ = (
        "_connection",
        "_loop",
        "_queue",
        "_timer",
        "_timer_at",
        "active_at",
        "has_answered",
        "has_failed",
        "in_flight",
    )

    def __init__(self, connection: ClientConnection, queue: Queue) -> None:
        self._loop = asyncio.get_running_loop()
        self._connection = connection
        self._queue = queue
        self.in_flight: dict[int, Exchange] = {}
        self.has_answered = False
        """Whether the server has sent anything."""

        self.has_failed = False
        """Whether it ended at its first request."""

        self.active_at = 0.0
        """When something was sent or received last, over whichever connection."""

        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = inf
        """When the timer fires; not later than the first deadline."""

    def _time_out(self, transaction_id: int) -> None:
        """Give up what is overdue."""
        raise NotImplementedError

    def _go_on(self) -> None:
        """Make use of the room that others left."""
        raise NotImplementedError

    def _begin(self, exchange: Exchange, now: float) -> bytes | None:
        """Put an exchange under way; return its frame, None where there is none."""
        request, unit = exchange.request, exchange.unit
        try:
            transaction_id, frame = self._connection.send(request, exchange.unit_id)
            if transaction_id is None:
                exchange.reply.succeed(request.unanswered())
        except Exception as error:  # a request of the user's own may raise anything
            self._queue.end(exchange, error, sent=False)
            return None
        unit.requests += 1
        unit.bytes_sent += len(frame)
        self.active_at = now
        if transaction_id is None:
            return frame
        exchange.sent_at = now
        exchange.deadline = deadline = now + exchange.policy.timeout
        self.in_flight[transaction_id] = exchange
        if deadline < self._timer_at:
            self._set_timer(deadline, now)
        return frame

    def _begin_next(self, room: int, now: float) -> list[bytes]:
        """Put what waits first under way, and with it the reads of the same call; return frames."""
        waiting = self._queue.waiting
        first = waiting[0]
        batch = first.batch
        if batch is not None and not first.policy.request_delay:
            reads = list(takewhile(lambda exchange: exchange.batch is batch, waiting[:room]))
            frames = self._begin_reads(reads, now) if len(reads) > 1 else None
            if frames is not None:
                del waiting[: len(reads)]
                return frames
        waiting.pop(0)
        frame = self._begin(first, now)
        return [] if frame is None else [frame]

    def _begin_reads(self, reads: list[Exchange], now: float) -> list[bytes] | None:
        """Put reads of one call under way; return their frames, None where one has no frame."""
        first = reads[0]
        unit = first.unit
        requests = [exchange.request for exchange in reads]
        try:
            ids, frames = self._connection.send_many(requests, first.unit_id)
        except Exception:  # it is that of one read, which has to be tried by itself
            return None
        unit.requests += len(frames)
        unit.bytes_sent += sum(map(len, frames))
        self.active_at = now
        deadline = now + first.policy.timeout
        for transaction_id, exchange in zip(ids, reads, strict=True):
            exchange.sent_at = now
            exchange.deadline = deadline
            self.in_flight[transaction_id] = exchange
        if deadline < self._timer_at:
            self._set_timer(deadline, now)
        return frames

    def _set_timer(self, deadline: float, now: float) -> None:
        self._stop_timer()
        self._timer = self._loop.call_later(max(deadline - now, 0.0), self._tick)
        self._timer_at = deadline

    def _tick(self) -> None:
        """See what is overdue."""
        self._timer = None
        self._timer_at = inf
        now = monotonic()
        overdue = [
            transaction_id
            for transaction_id, exchange in self.in_flight.items()
            if exchange.deadline <= now + _SLACK
        ]
        for transaction_id in overdue:
            self._time_out(transaction_id)
        if self.in_flight:
            deadlines = (exchange.deadline for exchange in self.in_flight.values())
            self._set_timer(min(deadlines), now)
        if overdue:
            self._go_on()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fail_all(self, error: Exception) -> None:
        """Fail all that is under way."""
        for exchange in self._empty():
            self._queue.failed(exchange, another(error), sent=True)

    def _empty(self) -> list[Exchange]:
        """Take out all that is under way."""
        exchanges = list(self.in_flight.values())
        for transaction_id in self.in_flight:
            self._connection.forget(transaction_id)
        self.in_flight.clear()
        return exchanges
