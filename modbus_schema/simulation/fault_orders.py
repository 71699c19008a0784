"""What the faults of a simulated device do to a request, and how several of them go together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeGuard

from modbus_schema.layout.tree import Slot
from modbus_schema.simulation.clock import Clock
from modbus_schema.simulation.guard import GuardedBank
from modbus_wire.errors import ExceptionResponse, IllegalDataAddress
from modbus_wire.orders import Delay, Disconnect, NoAnswer, Order, Respond, held_back
from modbus_wire.withheld import Answer


class Hole(Order):
    """The cells are not there: illegal data address."""

    __slots__ = ()

    def answer(self, respond: Respond) -> Answer:
        return respond(IllegalDataAddress())


class Refusal(Order):
    """The request is refused with an exception."""

    __slots__ = ("error",)

    def __init__(self, error: ExceptionResponse) -> None:
        self.error = error

    def answer(self, respond: Respond) -> Answer:
        return respond(self.error)


class Keeping(Order):
    """The request is carried out, and fields hold after it what they held before."""

    __slots__ = ("_bank", "_slots")

    def __init__(self, bank: GuardedBank, slots: frozenset[Slot]) -> None:
        self._bank = bank
        self._slots = slots

    def answer(self, respond: Respond) -> Answer:
        with self._bank.keeping(self._slots):
            return respond()


class Joined(Order):
    """Several orders at once, the first around the others, all after a delay by a clock."""

    __slots__ = ("_clock", "_delay", "_finally", "_orders")

    def __init__(
        self, orders: list[Order], delay: float, clock: Clock, finally_: Callable[[], None]
    ) -> None:
        self._orders = orders
        self._delay = delay
        self._clock = clock
        self._finally = finally_

    def answer(self, respond: Respond) -> Answer:
        for order in reversed(self._orders):
            respond = _around(order, respond)
        try:
            answer = respond()
        finally:
            self._finally()
        return held_back(answer, self._clock.hold(self._delay)) if self._delay else answer


def is_delay(order: Order) -> TypeGuard[Delay]:
    """Whether an order is nothing but a delay, which goes by the clock of the device."""
    return type(order) is Delay


def decides(order: Order) -> bool:
    """Whether an order says what becomes of the request, so that older ones have no say."""
    return not is_delay(order) and not isinstance(order, Keeping)


def goes_with(order: Order, deciding: Order | None) -> bool:
    """Whether a delay, or what is kept, can be noticed beside the order that decides, if any."""
    if isinstance(deciding, (NoAnswer, Disconnect)):
        return deciding.carried_out and not is_delay(order)
    return is_delay(order) or not isinstance(deciding, (Refusal, Hole))


def _around(order: Order, respond: Respond) -> Respond:
    def answer(error: ExceptionResponse | None = None) -> Answer:
        outer = error

        def inner(error: ExceptionResponse | None = None) -> Answer:
            return respond(error or outer)

        return order.answer(inner)

    return answer
