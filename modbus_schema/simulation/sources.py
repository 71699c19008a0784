"""What gives a field of a simulated device its value: a motion, or other fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from modbus_schema.fields.refs import Ref
from modbus_schema.layout.tree import Absent, Layout, Node, Slot, resolve
from modbus_schema.planning.blocks import runs
from modbus_wire.access import check_function

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class Source:
    """Where the value of a field, or of a group, comes from."""

    def __init__(self, layout: Layout, ref: Ref[Any, Any], function: Callable[..., Any]) -> None:
        """Take what computes the value; raises TypeError for what is no field of the map.

        So it does for what cannot be called, and for a coroutine function.
        """
        check_function("what gives a field its value", function)
        self.ref = ref
        self.node: Node = resolve(layout, ref)
        self.slots = frozenset(layout.slots_of(ref.path))
        if isinstance(self.node, Absent):
            raise TypeError(f"{ref!r}: a device of this shape has none")
        if not layout.deciding.isdisjoint(self.slots):
            raise TypeError(f"{ref!r} cannot move: by it the device says what its shape is")
        self.block = runs(self.slots)[0] if isinstance(self.node, Slot) else None
        """Where it is put, if it is one field."""

        self.factors = _factors_of(self.slots) - self.slots
        """The fields that say how its value is written."""

        self.needs = self.factors
        """The fields that it is made of."""

        self.function = function
        self.failure: BaseException | None = None
        """Why it has no value now."""

        self.is_running = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.ref!r} by {self.function!r}>"

    def touches(self, slots: frozenset[Slot]) -> bool:
        """Whether it gives one of the fields its value, or shares a bit with one."""
        return not self.slots.isdisjoint(slots) or any(
            slot.overlaps(other) for slot in self.slots for other in slots
        )


class Movement(Source):
    """A function of the seconds since the device began.

    `stop` ends it, and so does leaving a ``with`` block.
    """

    def __init__(
        self,
        layout: Layout,
        ref: Ref[Any, Any],
        function: Callable[[float], Any],
        drop: Callable[[Source], None],
    ) -> None:
        super().__init__(layout, ref, function)
        self._drop = drop

    def stop(self) -> None:
        """Let the field keep the value that it has now; once is enough."""
        self._drop(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class Dependence(Source):
    """A function of the values of other fields."""

    def __init__(
        self,
        layout: Layout,
        ref: Ref[Any, Any],
        function: Callable[..., Any],
        inputs: tuple[Ref[Any, Any], ...],
    ) -> None:
        super().__init__(layout, ref, function)
        self.inputs = inputs
        self.nodes = tuple(resolve(layout, one) for one in inputs)
        given = frozenset(slot for one in inputs for slot in layout.slots_of(one.path))
        self.needs = self.factors | given | _factors_of(given)
        self.seen: tuple[Any, ...] | None = None
        """The values that the field was last computed of, and written by."""


def _factors_of(slots: frozenset[Slot]) -> frozenset[Slot]:
    """Return the fields that say how the values of others are written: scale factors."""
    found = (one for slot in slots for factor in slot.factors for one in factor.slots)
    return frozenset(slot for slot in found if slot is not None)


def in_order(sources: list[Source]) -> list[Source]:
    """Return sources so that each comes after those that it is made of.

    Raises ValueError, which spells the circle, where a field would depend on itself.
    """
    ordered: list[Source] = []
    trail: list[Source] = []

    def visit(source: Source) -> None:
        if source in ordered:
            return
        if source in trail:
            circle = [*trail[trail.index(source) :], source]
            names = " <- ".join(one.ref.name for one in circle)
            raise ValueError(f"{source.ref!r} would depend on itself: {names}")
        trail.append(source)
        for other in sources:
            if source.needs and other.touches(source.needs):
                visit(other)
        trail.pop()
        ordered.append(source)

    for source in sources:
        visit(source)
    return ordered
