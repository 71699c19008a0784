"""Whether a device holds what was written to it: read back after a while, and compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import attrs

from modbus_schema.compile.plain import decode_slot, supplies_of, with_factors
from modbus_schema.errors import DecodeError, SchemaError
from modbus_schema.fields.refs import Ref, reference
from modbus_schema.layout.tree import Slot, ValueOf
from modbus_schema.planning.blocks import Block
from modbus_schema.reading.plans import ReadPlans
from modbus_schema.reading.requests import ReadPlan
from modbus_schema.writing.changes import is_same
from modbus_schema.writing.parts import Part
from modbus_wire.errors import ModbusError
from modbus_wire.flows import Flow, Pause

_LONGEST = 3600.0


def _check_seconds(_: object, attribute: attrs.Attribute[float], value: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{attribute.name} {value!r} is no number of seconds")
    if not 0 <= value <= _LONGEST:
        raise ValueError(f"{attribute.name} {value!r} is not in 0..{_LONGEST}")


_ROUNDING = 1e-9
"""So that 3 times 0.1 is within 0.3."""


@attrs.frozen
class Verify:
    """How a write is verified.

    The fields are read back ``settle`` seconds after the last request was answered: many devices
    tell the old values for a moment. Where one differs they are read again, after further
    ``settle`` seconds each time, as long as no more than ``within`` seconds were waited in all.
    """

    settle: float = attrs.field(default=0.5, validator=_check_seconds)
    within: float = attrs.field(default=0.0, validator=_check_seconds)

    def __attrs_post_init__(self) -> None:
        if self.within and not self.settle:
            raise ValueError("settle is not above 0, which is the time between two tries")

    @property
    def tries(self) -> int:
        """How often the fields are read at most."""
        return max(1, int(self.within / self.settle + _ROUNDING)) if self.settle else 1


def verify_of(verify: bool | Verify) -> Verify | None:
    """Return how a write is verified, None for not at all; raises TypeError for something else."""
    if isinstance(verify, bool):
        return Verify() if verify else None
    if not isinstance(verify, Verify):
        raise TypeError(f"verify is True, False or a Verify, not {verify!r}")
    return verify


class Difference(NamedTuple):
    """A field that does not hold what was written to it."""

    ref: Ref[Any, Any]
    wanted: Any
    """What was written, as it is read."""
    found: Any
    """What was read; a `DecodeError` where that is no value of the field."""


class NotVerified(SchemaError):
    """A device acknowledged a write, and does not hold what was written."""

    differences: tuple[Difference, ...] = ()
    """The fields that differ, with what was written and what was found."""


class Verified(NamedTuple):
    """What came of a verification."""

    same: list[Slot]
    different: list[tuple[Slot, Difference]]

    def check(self) -> None:
        """Raise `NotVerified` where something differs."""
        if self.different:
            error = NotVerified("; ".join(_texts(self.different)))
            error.differences = tuple(difference for _, difference in self.different)
            raise error


def verification(
    plans: ReadPlans[Any], parts: Sequence[Part], value_of: ValueOf, verify: Verify
) -> Flow[Verified]:
    """Read back what parts of a write have written, as far as it can be read.

    ``value_of`` gives the values that what was written depends on, as they were then.
    Commands that follow others are left out: a device takes them back when it has obeyed.
    """
    slots = _slots_of(parts)
    if not slots:
        return Verified([], [])
    written = _written(parts, value_of)
    wanted = {slot: written[slot] for slot in slots}
    plan: ReadPlan[Any] = ReadPlan(plans.blocks(with_factors(slots)), tuple)
    verified = Verified([], [])
    for _ in range(verify.tries):
        yield Pause(verify.settle)
        try:
            data = plan.value((yield plan.step))
        except ModbusError as error:
            plan.locate(error)
            raise
        found = _found(plan.blocks, data)
        verified = _compared(plans.layout.model, wanted, found)
        if not verified.different:
            break
    return verified


def _slots_of(parts: Sequence[Part]) -> list[Slot]:
    """Return what can be read, but what a command has changed since."""
    commanded = [slot for part in parts if part.is_commit for slot in part.block.slots]
    return [
        slot
        for part in parts
        if not part.is_commit
        for slot in part.block.slots
        if slot.access.readable and not any(slot.overlaps(other) for other in commanded)
    ]


def _written(parts: Sequence[Part], value_of: ValueOf) -> dict[Slot, Any]:
    """Return what all fields of the parts are as they are read, by what was known when written."""
    values: dict[Slot, Any] = {}

    def known(slot: Slot) -> Any:
        return values[slot] if slot in values else value_of(slot)

    places = [(slot, part) for part in parts if not part.is_commit for slot in part.block.slots]
    for slot, part in sorted(places, key=lambda place: bool(place[0].factors)):
        values[slot] = _value(slot, part.block, part.data, known)
    return values


def _found(blocks: Sequence[Block], data: Sequence[bytes]) -> dict[Slot, Any]:
    found: dict[Slot, Any] = {}
    places = [
        (slot, block, cells)
        for block, cells in zip(blocks, data, strict=True)
        for slot in block.slots
    ]
    for slot, block, cells in sorted(places, key=lambda place: bool(place[0].factors)):
        found[slot] = _value(slot, block, cells, found.get)
    return found


def _value(slot: Slot, block: Block, data: bytes, value_of: ValueOf) -> Any:
    """Return the value of a field, or the error where its cells mean nothing."""
    try:
        return decode_slot(slot, block, data, supplies_of(slot, value_of))
    except DecodeError as error:
        return error


def _compared(model: type[Any], wanted: dict[Slot, Any], found: dict[Slot, Any]) -> Verified:
    verified = Verified([], [])
    for slot, value in wanted.items():
        if is_same(value, found[slot]):
            verified.same.append(slot)
        else:
            difference = Difference(reference(model, slot.path), value, found[slot])
            verified.different.append((slot, difference))
    return verified


def _texts(different: Iterable[tuple[Slot, Difference]]) -> Iterator[str]:
    for slot, difference in different:
        found = difference.found
        text = found.message if isinstance(found, DecodeError) else repr(found)
        yield f"{slot.place}: {difference.wanted!r} was written, and {text} was read"
