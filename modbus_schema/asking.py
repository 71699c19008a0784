"""Reads of a device that says of itself which shape it has: what it said last is tried first.

A read brings the fields that the shape depends on together with the others, in one plan. Only
where they say something new is it read again, by the new shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from modbus_schema.errors import DecodeError, DefinitionError, EncodeError
from modbus_schema.layout import Answers, Layout, NotThere, Path, Question, QuestionKey, Slot
from modbus_schema.model import RegisterMap
from modbus_schema.partial import Bad, Partial, partial_flow
from modbus_schema.plain import values_in
from modbus_schema.planning import NOTHING, Refused
from modbus_schema.reading import ReadPlans, plans_of
from modbus_schema.rules import ReadRules
from modbus_schema.shapes import answerable, relevant, shaped
from modbus_schema.transfer import ReadPlan, plan_flow
from modbus_wire.errors import ExceptionResponse, ModbusError
from modbus_wire.flows import Flow

M = TypeVar("M", bound=RegisterMap)
R = TypeVar("R")

ATTEMPTS = 4
"""How often something is read at most, while the device says something else of its shape."""

WHOLE: Path = ()


class Read(NamedTuple, Generic[R]):
    """What was read, by which plan of which layout."""

    layout: Layout
    plan: ReadPlan[R]
    data: Sequence[bytes]


class Shapes(Generic[M]):
    """What a device has said of its shape so far, and the plans for it.

    Several threads may use it: each flow keeps its own answers until it is done.
    """

    def __init__(self, full: Layout, rules: ReadRules) -> None:
        self.full = full
        self.rules = rules
        self.answers: Answers = {}
        self._refused = NOTHING
        self._avoiding: dict[Layout, ReadPlans[M]] = {}

    def plans(self, layout: Layout) -> ReadPlans[M]:
        """Return the plans for a shape; raises `DecodeError` where it cannot be read by the rules.

        What the device refused they keep away from.
        """
        try:
            plans: ReadPlans[M] = plans_of(layout, self.rules)
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

    def read(self, paths: tuple[Path, ...]) -> Flow[Any]:
        """Read the values at some paths, of the whole map where there are none."""
        _, plan, data = yield from self.bring(paths)
        try:
            return plan.decode(data)
        except ModbusError as error:
            plan.locate(error)
            raise

    def bring(self, paths: tuple[Path, ...]) -> Flow[Read[Any]]:
        """Read what is at some paths, as `read`, but decode only what the shape depends on."""
        asking = _Asking(self, paths or (WHOLE,))

        def plan_of(layout: Layout) -> ReadPlan[Any]:
            plans = self.plans(layout)
            return plans.of_paths(paths, asking.slots(layout)) if paths else plans.of_model()

        return (yield from asking.bring(plan_of))

    def read_partial(self, paths: tuple[Path, ...], bad: Bad) -> Flow[Partial[M]]:
        """Read what the device gives of some paths; its shape is asked first, and has to come."""
        asking = _Asking(self, paths or (WHOLE,))
        for _ in range(ATTEMPTS):
            asking.forget()
            layout = yield from asking.settle()
            partial = yield from partial_flow(self.plans(layout), paths, bad)
            if not (yield from asking.differs()):
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
        asking = _Asking(self, paths)
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


class _Asking:
    """One read under way: what the device says of the shape of what is at some paths."""

    def __init__(self, shapes: Shapes[Any], paths: tuple[Path, ...]) -> None:
        self._shapes = shapes
        self._paths = paths
        self._answers: dict[QuestionKey, Any] = {**shapes.answers}
        self._fresh: set[QuestionKey] = set()
        """What was answered since the read began."""

    def questions(self, layout: Layout) -> tuple[Question, ...]:
        """Return what matters for the paths."""
        return relevant(layout, self._paths)

    def slots(self, layout: Layout, *, stale: bool = False) -> tuple[Slot, ...]:
        """Return the fields that the answers are made of; of those that are not fresh alone."""
        asked = (
            question
            for question in self.questions(layout)
            if not (stale and question.key in self._fresh)
        )
        slots = (slot for question in asked for slot in question.found.slots if slot is not None)
        return tuple(dict.fromkeys(slots))

    def settle(self) -> Flow[Layout]:
        """Ask what was never answered; returns the layout, which may be out of date."""
        while True:
            layout = shaped(self._shapes.full, self._answers)
            self._publish(layout)
            open_ones = [each for each in self.questions(layout) if each in layout.open]
            if not open_ones:
                return layout
            open_ones = answerable(open_ones)
            asked = (slot for question in open_ones for slot in question.found.slots)
            slots = [slot for slot in asked if slot is not None]
            plan = self._shapes.plans(layout).of_slots(slots)
            values = yield from plan_flow(plan)
            self._answer(open_ones, values, plan)
            self._fresh.update(question.key for question in open_ones)

    def bring(self, plan_of: Callable[[Layout], ReadPlan[R]]) -> Flow[Read[R]]:
        """Read by the shape as it was, again where it turns out to be another."""
        for _ in range(ATTEMPTS):
            layout = yield from self.settle()
            try:
                plan = plan_of(layout)
            except NotThere:  # but it may be by now
                if not self.slots(layout, stale=True) or not (yield from self.differs()):
                    raise
                continue
            try:
                data = plan.data((yield plan.step))
            except ExceptionResponse as error:
                # what is no longer there may have been asked for
                if not (yield from self.differs()):
                    plan.locate(error)
                    raise
                continue
            except ModbusError as error:
                plan.locate(error)
                raise
            slots = self.slots(layout)
            try:
                if self.take(layout, values_in(plan.blocks, data, slots) if slots else {}):
                    return Read(layout, plan, data)
            except DecodeError as error:
                plan.locate(error)
                raise
        raise self.restless()

    def take(self, layout: Layout, values: Mapping[Slot, Any]) -> bool:
        """Take over what the fields of a layout say; returns whether that is what it was made by.

        Once one answer is another, those after it may have been read where they are no longer.
        """
        is_same = True
        for question in self.questions(layout):
            if any(slot is not None and slot not in values for slot in question.found.slots):
                continue
            try:
                answer = question.answer(values.__getitem__)
            except DecodeError:
                if is_same:
                    raise
                del self._answers[question.key]
                continue
            is_same = is_same and answer == self._answers[question.key]
            self._answers[question.key] = answer
        if not is_same:
            self._note_fresh(values)
        return is_same

    def _note_fresh(self, values: Iterable[Slot]) -> None:
        """Note which answers hold in the new shape, too: those by fields that are where they were.

        Raises `DecodeError` where there can be no such shape.
        """
        read = {(slot.path, slot.table, slot.address) for slot in values}
        for question in shaped(self._shapes.full, self._answers).questions:
            slots = question.found.slots
            if all(slot and (slot.path, slot.table, slot.address) in read for slot in slots):
                self._fresh.add(question.key)

    def differs(self) -> Flow[bool]:
        """Ask again what the shape is; returns whether it is another."""
        before = yield from self.settle()
        if not self.questions(before):
            return False
        self.forget()
        after = yield from self.settle()
        return after.answers != before.answers

    def forget(self) -> None:
        """Ask everything again that matters for the paths."""
        layout = shaped(self._shapes.full, self._answers)
        for question in self.questions(layout):
            self._answers.pop(question.key, None)
        self._fresh.clear()

    def restless(self) -> DecodeError:
        """Return the error of a device whose shape keeps changing."""
        layout = shaped(self._shapes.full, self._shapes.answers)
        texts = ", ".join(question.text for question in self.questions(layout))
        error = DecodeError(f"its shape keeps changing: it was read {ATTEMPTS} times ({texts})")
        error.where = self._shapes.full.model.__name__
        return error

    def _answer(
        self, questions: Iterable[Question], values: Mapping[Slot, Any], plan: ReadPlan[Any]
    ) -> None:
        try:
            for question in questions:
                self._answers[question.key] = question.answer(values.__getitem__)
        except DecodeError as error:
            plan.locate(error)
            raise

    def _publish(self, layout: Layout) -> None:
        """Let reads to come begin with what is known now."""
        self._answers = {**layout.answers}
        self._shapes.answers = layout.answers


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


def _refused_in(refused: Refused, layout: Layout) -> Refused:
    """Return what was refused of another shape, as far as it is at the same place in this one."""
    places = {(slot.path, slot.table, slot.address): slot for slot in layout.slots}
    errors = {
        places[slot.path, slot.table, slot.address]: error
        for slot, error in refused.errors.items()
        if (slot.path, slot.table, slot.address) in places
    }
    return Refused(errors, refused.borders)
