"""What a device has said of its shape so far, and the plans for it."""

from __future__ import annotations

from typing import Generic, TypeVar

from modbus_schema.errors import DecodeError, DefinitionError
from modbus_schema.fields.rules import ReadRules
from modbus_schema.layout.tree import Answers, Layout
from modbus_schema.planning.blocks import NOTHING, Refused
from modbus_schema.reading.plans import ReadPlans, plans_of

M = TypeVar("M")


class ShapeState(Generic[M]):
    """The answers that a device gave last, and what it refused.

    Several threads may use it: the answers are exchanged as a whole.
    """

    def __init__(self, full: Layout, rules: ReadRules) -> None:
        self.full = full
        self.rules = rules
        self.answers: Answers = {}
        self._refused = NOTHING
        self._avoiding: dict[Layout, ReadPlans[M]] = {}

    def plans(self, layout: Layout) -> ReadPlans[M]:
        """Return the plans for a shape; raises `DecodeError` where it cannot be read by the rules.

        What the device refused they keep away from. As long as parts of the shape are not known,
        they bridge no gaps: write-only cells may be there.
        """
        rules = self.rules._replace(max_gap=0) if layout.open else self.rules
        try:
            plans: ReadPlans[M] = plans_of(layout, rules)
        except DefinitionError as error:
            raise DecodeError(f"a device of this shape cannot be read: {error}") from error
        if self._refused == NOTHING:
            return plans
        avoiding = self._avoiding.get(layout)
        if avoiding is None:
            self._avoiding = {layout: plans.avoiding(_refused_in(self._refused, layout))}
            avoiding = self._avoiding[layout]
        return avoiding

    def avoid(self, refused: Refused) -> None:
        """Keep away from what the device refuses."""
        self._refused = refused
        self._avoiding = {}


def _refused_in(refused: Refused, layout: Layout) -> Refused:
    """Return what was refused of another shape, as far as it is at the same place in this one."""
    places = {(slot.path, slot.table, slot.address): slot for slot in layout.slots}
    errors = {
        places[slot.path, slot.table, slot.address]: error
        for slot, error in refused.errors.items()
        if (slot.path, slot.table, slot.address) in places
    }
    return Refused(errors, refused.borders)
