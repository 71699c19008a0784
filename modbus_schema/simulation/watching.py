"""Who is told of what clients write to a simulated device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from modbus_schema.compile.plain import assemble
from modbus_schema.fields.refs import Ref
from modbus_schema.layout.tree import Absent, Layout, Node, NotThere, Slot, ValueOf
from modbus_schema.simulation.guard import Written
from modbus_wire.log import logger

Failed: TypeAlias = Callable[[BaseException], object]
"""What is told what a function of the user's raised."""


class Watcher(NamedTuple):
    """A function of the old and the new value of a field or group."""

    ref: Ref[Any, Any]
    node: Node
    slots: frozenset[Slot]
    callback: Callable[[Any, Any], object]

    def in_layout(self, layout: Layout) -> Watcher:
        """Return the watcher of the same field in another shape, which may not have it."""
        try:
            slots = frozenset(layout.slots_of(self.ref.path))
            return self._replace(node=layout.node(self.ref.path), slots=slots)
        except NotThere:
            node = Absent(self.ref.name, is_known=True)
            return self._replace(node=node, slots=frozenset())

    def tell(self, written: Written, value_of: ValueOf, failed: Failed) -> None:
        """Call the function if a field of its own was written; ``value_of`` is for the others."""
        if self.slots.isdisjoint(written):
            return

        def before(slot: Slot) -> Any:
            return written[slot][0] if slot in written else value_of(slot)

        def after(slot: Slot) -> Any:
            return written[slot][1] if slot in written else value_of(slot)

        try:
            self.callback(assemble(self.node, before), assemble(self.node, after))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # ``pytest.fail`` raises what is no Exception
            failed(error)
            logger("modbus_schema.simulation").exception(
                "%r, which watches %r, failed", self.callback, self.ref
            )
