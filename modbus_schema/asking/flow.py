"""One read of a device under way, which finds out whether the shape is still what it was.

What the shape depends on comes with the rest, in one plan. Only where it says something new is it
all read again, by the new shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from modbus_schema.asking.state import ShapeState
from modbus_schema.compile.plain import values_in
from modbus_schema.errors import DecodeError
from modbus_schema.layout.shapes import answerable, relevant, shaped
from modbus_schema.layout.tree import Answers, Layout, NotThere, Path, Question, QuestionKey, Slot
from modbus_schema.reading.bad import Bad
from modbus_schema.reading.partial import Missing, Parts, parts_flow
from modbus_schema.reading.requests import ReadPlan, plan_flow
from modbus_wire.errors import ExceptionResponse, ModbusError
from modbus_wire.flows import Flow

R = TypeVar("R")

ATTEMPTS = 4
"""How often something is read at most, while the device says something else of its shape."""


class Read(NamedTuple, Generic[R]):
    """What was read, by which plan of which layout."""

    layout: Layout
    plan: ReadPlan[R]
    data: Sequence[bytes]


class Asking:
    """One read under way: what the device says of the shape of what is at some paths."""

    def __init__(self, state: ShapeState[Any], paths: tuple[Path, ...]) -> None:
        self._state = state
        self._paths = paths
        self._answers: dict[QuestionKey, Any] = {**state.answers}
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
        """Ask what was never answered; returns the layout, which may be out of date.

        Where that fails, it may have been asked at a place that is out of date: then all is asked.
        """
        try:
            return (yield from self._settle())
        except (ExceptionResponse, DecodeError):
            if self._answers.keys() <= self._fresh:
                raise
        self.forget()
        return (yield from self._settle())

    def _settle(self) -> Flow[Layout]:
        while True:
            layout = shaped(self._state.full, self._answers)
            self._publish(layout)
            open_ones = [each for each in self.questions(layout) if each in layout.open]
            if not open_ones:
                return layout
            open_ones = answerable(open_ones)
            asked = (slot for question in open_ones for slot in question.found.slots)
            slots = [slot for slot in asked if slot is not None]
            plan = self._state.plans(layout).of_slots(slots)
            values = yield from plan_flow(plan)
            self._answer(open_ones, values, plan)
            self._fresh.update(question.key for question in open_ones)

    def settle_in_part(self, bad: Bad) -> Flow[tuple[Layout, Missing]]:
        """Ask everything again; returns the layout, and the parts whose questions stay open."""
        self.forget()
        errors: dict[QuestionKey, ModbusError] = {}
        while True:
            layout = shaped(self._state.full, self._answers)
            self._publish(layout)
            unknown = [each for each in self.questions(layout) if each in layout.open]
            asked = [each for each in unknown if each.key not in errors]
            if errors:  # what waits for those that failed will have no answer
                asked = [each for each in asked if not each.found.is_open]
            if not asked:
                break
            yield from self._ask_in_part(layout, answerable(asked), bad, errors)
        first = [*errors.values()][:1]
        return layout, {each.path: errors.get(each.key, *first) for each in unknown}

    def _ask_in_part(
        self,
        layout: Layout,
        questions: Sequence[Question],
        bad: Bad,
        errors: dict[QuestionKey, ModbusError],
    ) -> Flow[None]:
        """Ask questions, each of which may get an answer or an error."""
        slots = [slot for each in questions for slot in each.found.slots if slot is not None]
        paths = tuple(dict.fromkeys(slot.path for slot in slots))
        parts = Parts({}, {})
        if paths:
            parts = yield from parts_flow(self._state.plans(layout), paths, bad)
        answers: dict[QuestionKey, Any] = {}
        for question in questions:
            failed = [parts.errors.get(slot) for slot in question.found.slots if slot is not None]
            error = next(filter(None, failed), None)
            if error is not None:
                errors[question.key] = error
                continue
            try:
                answers[question.key] = question.answer(parts.values.__getitem__)
            except DecodeError as wrong:
                errors[question.key] = wrong.with_traceback(None)
        self._admit(answers, errors)
        self._fresh.update(question.key for question in questions)

    def _admit(self, answers: Answers, errors: dict[QuestionKey, ModbusError]) -> None:
        """Take over answers; where they make no device, those that do with the ones before."""
        try:
            shaped(self._state.full, {**self._answers, **answers})
        except DecodeError as error:
            if len(answers) == 1:
                errors.update(dict.fromkeys(answers, error.with_traceback(None)))
                return
            for key, answer in answers.items():
                self._admit({key: answer}, errors)
        else:
            self._answers.update(answers)

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
            read = Read(layout, plan, data)
            if self.confirms(read):
                return read
        raise self.restless()

    def confirms(self, read: Read[Any]) -> bool:
        """Whether what was read says that the device has the shape that it was read by.

        Takes over what it says, if not.
        """
        slots = self.slots(read.layout)
        try:
            values = values_in(read.plan.blocks, read.data, slots) if slots else {}
            return self.take(read.layout, values)
        except DecodeError as error:
            read.plan.locate(error)
            raise

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
                self._answers.pop(question.key, None)
                continue
            is_same = is_same and answer == layout.answers[question.key]
            self._answers[question.key] = answer
        if not is_same:
            self._note_fresh(values)
        return is_same

    def _note_fresh(self, values: Iterable[Slot]) -> None:
        """Note which answers hold in the new shape, too: those by fields that are where they were.

        Where old and new answers make no shape together, all is asked again.
        """
        read = {(slot.path, slot.table, slot.address) for slot in values}
        try:
            layout = shaped(self._state.full, self._answers)
        except DecodeError:
            self.forget()
            return
        for question in layout.questions:
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
        self._fresh.clear()
        try:
            layout = shaped(self._state.full, self._answers)
        except DecodeError:  # old and new answers together make no device
            self._answers = {}
            return
        for question in self.questions(layout):
            self._answers.pop(question.key, None)

    def restless(self) -> DecodeError:
        """Return the error of a device whose shape keeps changing."""
        layout = shaped(self._state.full, self._state.answers)
        texts = ", ".join(question.text for question in self.questions(layout))
        error = DecodeError(f"its shape keeps changing: it was read {ATTEMPTS} times ({texts})")
        error.where = self._state.full.model.__name__
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
        self._state.answers = layout.answers
