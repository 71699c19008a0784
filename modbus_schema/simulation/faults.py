"""What a simulated device can do wrong when it is told to, and to which requests."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

from modbus_schema.layout.tree import Slot
from modbus_schema.simulation.clock import Clock
from modbus_schema.simulation.guard import GuardedBank
from modbus_schema.simulation.touched import Touched, touched_by
from modbus_schema.simulation.turns import Turns, When
from modbus_wire.errors import ExceptionResponse, IllegalDataAddress
from modbus_wire.orders import Delay, Order, Respond, held_back
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.peer import Peer
from modbus_wire.unit import Unit
from modbus_wire.withheld import Answer

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

Fault: TypeAlias = Order | ExceptionResponse | type[ExceptionResponse]
"""What goes wrong: `Delay`, `NoAnswer`, `Disconnect`, `Hole`, `Stuck`, an `Order` of your own, or
the exception that refuses."""


class Hole(Order):
    """The cells are not there: illegal data address."""

    __slots__ = ()

    def answer(self, respond: Respond) -> Answer:
        return respond(IllegalDataAddress())


class Stuck(Order):
    """The field stays as it is: it moves no more, and writes to it are answered and lost.

    What the test itself sets it has. A whole device cannot be stuck.
    """

    __slots__ = ()


class FaultInForce:
    """A fault of a simulated device, from `SimulatedDevice.fault` until it is over or `end` is.

    In a ``with`` block it is over when the block is left.
    """

    def __init__(
        self,
        faults: Faults,
        order: Order,
        slots: frozenset[Slot] | None,
        turns: Turns,
        description: str,
    ) -> None:
        self._faults = faults
        self._turns = turns
        self._description = description
        self.order = order
        self.slots = slots
        """The fields it is about; None for the whole device."""

    def __repr__(self) -> str:
        return f"<FaultInForce {self._description}: {self.hits} of {self.asked} requests>"

    @property
    def asked(self) -> int:
        """How many requests it was about, struck or not."""
        return self._turns.asked

    @property
    def hits(self) -> int:
        """How many requests it struck."""
        return self._turns.hits

    @property
    def is_over(self) -> bool:
        """Whether no later request can be struck."""
        return self not in self._faults.in_force

    def end(self) -> None:
        """Let the device do right again; once is enough."""
        self._faults.remove(self)

    def strikes(self, request: AnyRequest, touched: tuple[Touched, ...]) -> bool:
        """Count a request that it is about; return whether it strikes."""
        only = self._turns.only
        if self.slots is None:
            is_about = only is None or request.writes is (only == "writes")
        else:
            is_about = any(
                one.touches(slot)
                for one in touched
                if only is None or one.is_written is (only == "writes")
                for slot in self.slots
            )
        return is_about and self._turns.take()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()


class Faults:
    """The faults of one device; its unit asks for them only while there are any."""

    def __init__(
        self,
        unit: Unit,
        bank: GuardedBank,
        clock: Clock,
        freeze: Callable[[frozenset[Slot]], None],
    ) -> None:
        """``freeze`` is told which fields are stuck, whenever that changes."""
        self.in_force: tuple[FaultInForce, ...] = ()
        self._unit = unit
        self._bank = bank
        self._clock = clock
        self._freeze = freeze
        self._lock = Lock()
        self._before = unit.before_request
        """What the unit's owner wants of its requests."""

    def add(
        self, fault: Fault, slots: frozenset[Slot] | None, name: str, when: When
    ) -> FaultInForce:
        """Put a fault in force; raises TypeError for what is none, and ValueError."""
        turns = Turns(**when)
        order = self._order_of(fault, slots)
        added = FaultInForce(self, order, slots, turns, f"{fault!r} of {name}")
        with self._lock:
            if not self.in_force:
                self._before = self._unit.before_request
                self._unit.before_request = self._look
            self.in_force += (added,)
        self._thaw()
        return added

    def remove(self, *removed: FaultInForce) -> None:
        """End faults, those that are over already too."""
        with self._lock:
            was_any = bool(self.in_force)
            self.in_force = tuple(one for one in self.in_force if one not in removed)
            if was_any and not self.in_force:
                self._unit.before_request = self._before
        self._thaw()

    def _order_of(self, fault: Fault, slots: frozenset[Slot] | None) -> Order:
        if isinstance(fault, ExceptionResponse):
            return _Refusal(fault)
        if isinstance(fault, type) and issubclass(fault, ExceptionResponse):
            return _Refusal(fault())
        if isinstance(fault, Stuck):
            if slots is None:
                raise ValueError("a whole device cannot be stuck; name the fields")
            return _Keeping(self._bank, slots)
        if type(fault) is Delay:
            return _Waiting(self._clock, fault.seconds)
        if isinstance(fault, Order):
            return fault
        raise TypeError(f"{fault!r} is no fault: neither an Order nor an ExceptionResponse")

    def _thaw(self) -> None:
        stuck = [one.slots for one in self.in_force if isinstance(one.order, _Keeping)]
        self._freeze(frozenset().union(*(slots for slots in stuck if slots is not None)))

    def _look(self, request: AnyRequest, peer: Peer) -> Order | None:
        """Return what is to become of a request."""
        own = None if self._before is None else self._before(request, peer)
        touched = touched_by(request)
        with self._lock:
            striking = [one for one in self.in_force if one.strikes(request, touched)]
            over = [one for one in self.in_force if one._turns.are_over]
        orders = [one.order for one in striking] + ([] if own is None else [own])
        if not orders:
            self.remove(*over)
            return None
        return _AllOf(orders, lambda: self.remove(*over))


class _Refusal(Order):
    __slots__ = ("error",)

    def __init__(self, error: ExceptionResponse) -> None:
        self.error = error

    def answer(self, respond: Respond) -> Answer:
        return respond(self.error)


class _Waiting(Order):
    """A delay by the clock of the device."""

    __slots__ = ("_clock", "seconds")

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self.seconds = seconds

    def answer(self, respond: Respond) -> Answer:
        return held_back(respond(), self._clock.hold(self.seconds))


class _Keeping(Order):
    __slots__ = ("_bank", "_slots")

    def __init__(self, bank: GuardedBank, slots: frozenset[Slot]) -> None:
        self._bank = bank
        self._slots = slots

    def answer(self, respond: Respond) -> Answer:
        with self._bank.keeping(self._slots):
            return respond()


class _AllOf(Order):
    """Several orders at once, the first around the others."""

    __slots__ = ("_finally", "_orders")

    def __init__(self, orders: list[Order], finally_: Callable[[], None]) -> None:
        self._orders = orders
        self._finally = finally_

    def answer(self, respond: Respond) -> Answer:
        for order in reversed(self._orders):
            respond = _around(order, respond)
        try:
            return respond()
        finally:
            self._finally()


def _around(order: Order, respond: Respond) -> Respond:
    def answer(error: ExceptionResponse | None = None) -> Answer:
        outer = error

        def inner(error: ExceptionResponse | None = None) -> Answer:
            return respond(error or outer)

        return order.answer(inner)

    return answer
