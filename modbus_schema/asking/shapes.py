"""Reads and writes of a device that says of itself which shape it has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from modbus_schema.asking.flow import ATTEMPTS, Asking, Read
from modbus_schema.asking.state import ShapeState
from modbus_schema.errors import DecodeError, EncodeError
from modbus_schema.fields.rules import ReadRules
from modbus_schema.layout.shapes import relevant, shaped, value_in
from modbus_schema.layout.tree import Layout, NotThere, Path, Slot
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.planning.blocks import Refused
from modbus_schema.reading.bad import Bad
from modbus_schema.reading.partial import Partial, partial_flow
from modbus_schema.reading.requests import ReadPlan, plan_flow
from modbus_wire.errors import ExceptionResponse, ModbusError
from modbus_wire.flows import Flow

M = TypeVar("M", bound=RegisterMap)

WHOLE: Path = ()


class _Quick(NamedTuple):
    """How a whole map is read by a shape, and what says of an instance whether that holds."""

    layout: Layout
    plan: ReadPlan[Any]
    holds: Callable[[Any], bool]


class Shapes(ShapeState[M]):
    """How a device is read and written in the shape that it tells."""

    def __init__(self, full: Layout, rules: ReadRules) -> None:
        super().__init__(full, rules)
        self._quick: _Quick | None = None
        """How the whole map was read last."""

    def avoid(self, refused: Refused) -> None:
        super().avoid(refused)
        self._quick = None

    def read(self, paths: tuple[Path, ...]) -> Flow[Any]:
        """Read the values at some paths, of the whole map where there are none."""
        if self._quick is not None and not paths:
            return (yield from self._read_quickly(self._quick))
        return (yield from self._read_and_confirm(paths, None))

    def _read_quickly(self, quick: _Quick) -> Flow[Any]:
        """Read the whole map by the generated code of the last shape, and look whether it holds."""
        plan = quick.plan
        try:
            result = yield plan.step
        except ModbusError as error:
            is_refused = isinstance(error, ExceptionResponse)
            if not is_refused or not (yield from Asking(self, (WHOLE,)).differs()):
                plan.locate(error)
                raise
            return (yield from self._read_and_confirm((), None))
        with suppress(DecodeError):  # which may be of a field that is no longer there
            value = plan.value(result)
            if quick.holds(value):
                return value
        return (yield from self._read_and_confirm((), Read(quick.layout, plan, plan.data(result))))

    def _read_and_confirm(self, paths: tuple[Path, ...], first: Read[Any] | None) -> Flow[Any]:
        layout, plan, data = yield from self.bring(paths, first)
        try:
            value = plan.decode(data)
        except ModbusError as error:
            plan.locate(error)
            raise
        if not paths:
            self._quick = _Quick(layout, plan, layout.once("holds", lambda: _holds(layout)))
        return value

    def bring(self, paths: tuple[Path, ...], first: Read[Any] | None = None) -> Flow[Read[Any]]:
        """Read what is at some paths, as `read`, but decode only what the shape depends on.

        ``first`` is what has been read already, by a shape that may be out of date.
        """
        asking = Asking(self, paths or (WHOLE,))

        def plan_of(layout: Layout) -> ReadPlan[Any]:
            plans = self.plans(layout)
            return plans.of_paths_with(paths, asking.slots(layout)) if paths else plans.of_model()

        if first is not None and asking.confirms(first):
            return first
        return (yield from asking.bring(plan_of))

    def read_partial(self, paths: tuple[Path, ...], bad: Bad) -> Flow[Partial[M]]:
        """Read what the device gives of some paths.

        Its shape is asked before and after; a part of which it does not say where, or whether, it
        is, has failed.
        """
        asking = Asking(self, paths or (WHOLE,))
        layout, missing = yield from asking.settle_in_part(bad)
        for _ in range(ATTEMPTS):
            partial = yield from partial_flow(self.plans(layout), paths, bad, missing)
            if not asking.questions(layout):
                return partial
            before = layout
            layout, missing = yield from asking.settle_in_part(bad)
            if layout.answers == before.answers:
                return partial
        raise asking.restless()

    def supposed(self, paths: tuple[Path, ...], told: Told) -> Layout:
        """Return the layout by what the device said last, and what it is told now.

        Raises `EncodeError` where that is not enough to know where something is.
        """
        layout = shaped(self.full, self.answers)
        unknown = [each.text for each in relevant(layout, paths) if each in layout.open]
        if unknown:
            raise EncodeError(f"the device has to be read first, for the {', '.join(unknown)}")
        return _as_told(self.full, layout, told)

    def known(self, paths: tuple[Path, ...], needs_of: NeedsOf, told: Told) -> Flow[Known]:
        """Read afresh what the shape and the values of what is to be written depend on.

        ``told`` are fields that are written in the same go: these are not read.
        """
        asking = Asking(self, paths)
        for _ in range(ATTEMPTS):
            layout = yield from asking.settle()
            own = _as_told(self.full, layout, told)
            problem, needs = _needs(needs_of, own)
            stale = [slot for slot in asking.slots(layout, stale=True) if slot.path not in told]
            values: Mapping[Slot, Any] = {}
            try:
                if stale or needs:
                    values = yield from plan_flow(self.plans(layout).of_slots([*stale, *needs]))
            except ExceptionResponse:
                if not stale or not (yield from asking.differs()):
                    raise
                continue
            if stale and not asking.take(layout, {slot: values[slot] for slot in stale}):
                continue
            if problem is not None:
                raise problem
            return Known(own, {slot.path: value for slot, value in values.items()})
        raise asking.restless()


Told = Mapping[Path, Any]
"""The values of fields, by their paths."""


class Known(NamedTuple):
    """The layout that a write is for, and the values of fields that it depends on."""

    layout: Layout
    values: Told

    def value_of(self, slot: Slot) -> Any:
        """Return the value of a field; LookupError where it is not known."""
        return self.values[slot.path]


NeedsOf = Callable[[Layout], Iterable[Slot]]
"""Which fields have to be known to write by a layout; raises `EncodeError`."""


def _holds(layout: Layout) -> Callable[[Any], bool]:
    """Return what says whether an instance gives the answers that a layout was made by."""
    checks = [
        (
            question.found,
            [_getter(slot) for slot in question.found.slots],
            layout.answers[question.key],
        )
        for question in layout.questions
    ]

    def holds(instance: Any) -> bool:
        for found, getters, answer in checks:
            values = [get(instance) for get in getters]
            if (values[0] if found.is_plain else found.computed(*values)) != answer:
                return False
        return True

    return holds


def _getter(slot: Slot | None) -> Callable[[Any], Any]:
    """Return what gives the value of a field in an instance of its shape."""
    if slot is None:
        return lambda _: None
    if all(isinstance(step, str) for step in slot.path):
        return attrgetter(".".join(map(str, slot.path)))
    return partial(value_in, slot=slot)


def _needs(needs_of: NeedsOf, layout: Layout) -> tuple[ModbusError | None, list[Slot]]:
    """Return what a write needs, or why it cannot be: by a shape that may be out of date."""
    try:
        return None, [*needs_of(layout)]
    except (EncodeError, NotThere) as error:
        return error, []


def _as_told(full: Layout, layout: Layout, told: Told) -> Layout:
    """Return the layout as it is when some fields have been written."""
    if not any(path in told for each in layout.questions for path in each.found.paths):
        return layout
    answers = dict(layout.answers)
    for question in layout.questions:
        if all(path in told for path in question.found.paths):
            answers[question.key] = question.answer(lambda slot: told[slot.path])
    return shaped(full, answers)
