"""What a simulated device can do wrong when it is told to, and to which requests."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

from modbus_schema.layout.tree import Slot
from modbus_schema.simulation.clock import Clock
from modbus_schema.simulation.fault_orders import (
    Joined,
    Keeping,
    Refusal,
    decides,
    goes_with,
    is_delay,
)
from modbus_schema.simulation.guard import GuardedBank
from modbus_schema.simulation.touched import Touched, touched_by
from modbus_schema.simulation.turns import Turns, When
from modbus_wire.errors import ExceptionResponse
from modbus_wire.orders import Order
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.peer import Peer
from modbus_wire.unit import Unit

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

Fault: TypeAlias = Order | ExceptionResponse | type[ExceptionResponse]
"""What goes wrong: `Delay`, `NoAnswer`, `Disconnect`, `Hole`, `Stuck`, an `Order` of your own, or
the exception that refuses."""


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
        """How many requests it was about, struck or not; none where a newer fault decided."""
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
        for key in when:
            if key not in When.__annotations__:
                known = ", ".join(When.__annotations__)
                raise TypeError(f"{key!r} does not say when a fault strikes: {known}")
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

    def _order_of(self, fault: object, slots: frozenset[Slot] | None) -> Order:
        if isinstance(fault, ExceptionResponse):
            return Refusal(fault)
        if isinstance(fault, type) and issubclass(fault, ExceptionResponse):
            return Refusal(fault())
        if isinstance(fault, Stuck):
            if slots is None:
                raise ValueError("a whole device cannot be stuck; name the fields")
            return Keeping(self._bank, slots)
        if isinstance(fault, Order):
            return fault
        if isinstance(fault, type) and issubclass(fault, Order):
            raise TypeError(f"{fault.__name__} is a class: a fault is a {fault.__name__}(...)")
        raise TypeError(f"{fault!r} is no fault: neither an Order nor an ExceptionResponse")

    def _thaw(self) -> None:
        stuck = [one.slots for one in self.in_force if isinstance(one.order, Keeping)]
        self._freeze(frozenset().union(*(slots for slots in stuck if slots is not None)))

    def _look(self, request: AnyRequest, peer: Peer) -> Order | None:
        """Return what is to become of a request."""
        own = self._own(request, peer)
        touched = touched_by(request)
        with self._lock:
            orders = self._striking(request, touched, own)
            over = [one for one in self.in_force if one._turns.are_over]
        if not orders:
            self.remove(*over)
            return None
        delay = sum(order.seconds for order in orders if is_delay(order))
        others = [order for order in orders if not is_delay(order)]
        return Joined(others, delay, self._clock, lambda: self.remove(*over))

    def _own(self, request: AnyRequest, peer: Peer) -> Order | None:
        """Return what the unit's owner wants of a request, as if it were the oldest fault."""
        try:
            return None if self._before is None else self._before(request, peer)
        except ExceptionResponse as error:
            return Refusal(error)

    def _striking(
        self, request: AnyRequest, touched: tuple[Touched, ...], own: Order | None
    ) -> list[Order]:
        """Return what strikes a request: the order that decides, if any, and what goes with it.

        Faults that have no say are not asked, and do not count the request.
        """
        newest = self.in_force[::-1]
        deciding = next(
            (one.order for one in newest if decides(one.order) and one.strikes(request, touched)),
            own if own is not None and decides(own) else None,
        )
        orders = [] if deciding is None else [deciding]
        orders += [
            one.order
            for one in newest
            if not decides(one.order)
            and goes_with(one.order, deciding)
            and one.strikes(request, touched)
        ]
        if own is not None and is_delay(own) and goes_with(own, deciding):
            orders.append(own)
        return orders
