"""The exchanges of an async client that wait for their turn, and those that failed."""

from __future__ import annotations

from modbus_wire.aio.exchange import Exchange
from modbus_wire.errors import ClientBusy, ModbusError
from modbus_wire.recovery import blame, is_worth_a_retry, note_outcome


class Queue:
    """A bounded queue, oldest first."""

    __slots__ = ("max_waiting", "peer", "waiting")

    def __init__(self, max_waiting: int, peer: str) -> None:
        if max_waiting < 1:
            raise ValueError(f"max_waiting {max_waiting} is not above 0")
        self.max_waiting = max_waiting
        self.peer = peer
        """What errors call the server."""

        self.waiting: list[Exchange] = []
        """A list, always the same: it is short, and takes a tenth of the memory of a deque."""

    def put(self, exchange: Exchange) -> None:
        """Queue an exchange; raises `ClientBusy` where too many wait already."""
        if len(self.waiting) >= self.max_waiting:
            raise self._busy(exchange)
        self.waiting.append(exchange)

    def put_all(self, exchanges: list[Exchange]) -> None:
        """Queue the exchanges of one call; raises as `put`, for all of them together."""
        if len(self.waiting) >= self.max_waiting:
            raise self._busy(exchanges[0])
        self.waiting += exchanges

    def sweep(self) -> None:
        """Remove what is over, such as cancelled exchanges."""
        self.waiting[:] = [exchange for exchange in self.waiting if not exchange.reply.is_over]

    def postpone(self, unit_id: int) -> None:
        """Let all other units go before one that does not answer."""
        self.waiting.sort(key=lambda exchange: exchange.unit_id == unit_id)

    def failed(self, exchange: Exchange, error: Exception, *, sent: bool) -> None:
        """Queue a failed exchange again where that may help, end it otherwise."""
        if exchange.reply.is_over:
            return
        if exchange.retries < exchange.policy.retries and is_worth_a_retry(error, exchange.request):
            exchange.retries += 1
            exchange.unit.retries += 1
            self.waiting.append(exchange)
        else:
            self.end(exchange, error, sent=sent)

    def end(self, exchange: Exchange, error: Exception, *, sent: bool) -> None:
        """End an exchange, and the other reads of its call, with an error."""
        note_outcome(error, exchange.request, sent=sent)
        if isinstance(error, ModbusError):
            blame(error, exchange.request, self.peer, exchange.unit_id)
        exchange.reply.fail(error)
        if exchange.batch is not None:
            self.sweep()

    def end_all(self, error: Exception) -> None:
        """End all that waits with an error; nothing of it has been sent."""
        waiting = self.waiting.copy()
        self.waiting.clear()
        for exchange in waiting:
            self.end(exchange, another(error), sent=False)

    def _busy(self, exchange: Exchange) -> ClientBusy:
        error = ClientBusy(f"{len(self.waiting)} requests wait already")
        blame(error, exchange.request, self.peer, exchange.unit_id)
        return error


def another(error: Exception) -> Exception:
    """Return an error for a further exchange: each says of its own request what it says."""
    if not isinstance(error, ModbusError):
        return error
    twin = type(error)(error.message)
    twin.__cause__ = error.__cause__
    return twin
