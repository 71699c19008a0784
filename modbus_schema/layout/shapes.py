"""The shapes that devices of one class have: a layout for what each says of itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict, TypeVar

from modbus_schema.errors import DecodeError, DefinitionError, EncodeError
from modbus_schema.fields.declared import UNSET, Mapped
from modbus_schema.fields.options import ByteOrder, MapOptions, WordOrder, order_problem
from modbus_schema.fields.refs import declaration_at
from modbus_schema.layout.checks import layout_problems
from modbus_schema.layout.flatten import build_layout, shaped_layout
from modbus_schema.layout.tree import (
    Answers,
    Layout,
    Path,
    Placed,
    Question,
    Slot,
    ValueOf,
    device_layout_of,
)
from modbus_wire.codes import ADDRESS_SPACE

K = TypeVar("K")

MOST_SHAPES = 32
"""How many shapes of one class are kept, and how many places."""


def shaped(full: Layout, answers: Answers) -> Layout:
    """Return the layout of a device that gives these answers; what depends on others is left out.

    Raises `DecodeError` where there can be no such device.
    """
    shapes: dict[frozenset[Any], Layout] = full.once("shapes", dict)
    key = frozenset(answers.items())
    found = shapes.get(key)
    if found is None:
        found = shaped_layout(full.model, answers, full.placed)
        problems = list(layout_problems(found))
        if problems:
            raise DecodeError("a device cannot be as this one says: " + "; ".join(problems))
        _keep(shapes, key, found)
    return found


class Place(TypedDict, total=False):
    """Where a device has a map, and in which orders; see `placed_layout`."""

    base: int
    word_order: WordOrder | None
    byte_order: ByteOrder | None


def placed_layout(
    model: type,
    *,
    base: int = 0,
    word_order: WordOrder | None = None,
    byte_order: ByteOrder | None = None,
) -> Layout:
    """Return the layout of a class on a device that has it ``base`` cells further up.

    The orders stand in place of those that the class says. Raises ValueError for what is none, and
    `DefinitionError` where a field is outside of its table then.
    """
    layout = device_layout_of(model)
    if type(base) is not int or not 0 <= base < ADDRESS_SPACE:
        raise ValueError(f"base {base!r} is not in 0..{ADDRESS_SPACE - 1}")
    for keyword, order in (("word_order", word_order), ("byte_order", byte_order)):
        problem = order_problem(keyword, order)
        if problem:
            raise ValueError(problem)
    placed = Placed(base, MapOptions(word_order=word_order, byte_order=byte_order))
    if placed == Placed():
        return layout
    known: dict[Placed, Layout] = layout.once("placed", dict)
    found = known.get(placed)
    if found is None:
        found = build_layout(layout.model, placed)
        problems = list(layout_problems(found))
        if problems:
            raise DefinitionError("\n".join(problems))
        _keep(known, placed, found)
    return found


def placed_as(layout: Layout) -> Layout:
    """Return the layout of the class that a shape is of, where the device has it."""
    base, options = layout.placed
    word_order, byte_order = options.word_order, options.byte_order
    return placed_layout(layout.model, base=base, word_order=word_order, byte_order=byte_order)


def _keep(known: dict[K, Layout], key: K, layout: Layout) -> None:
    while len(known) >= MOST_SHAPES:
        known.pop(next(iter(known)), None)
    known[key] = layout


def settled(full: Layout, value_of: ValueOf) -> Layout:
    """Return the layout by the values of its fields; raises `DecodeError` where they make none."""
    found = full if not full.questions else shaped(full, {})
    while found.open:
        answers = {each.key: each.answer(value_of) for each in answerable(found.open)}
        found = shaped(full, {**found.answers, **answers})
    return found


def answerable(questions: list[Question]) -> list[Question]:
    """Return the questions that can be put now; raises `DecodeError` where there are none."""
    found = [question for question in questions if not question.found.is_open]
    if not found:
        texts = ", ".join(question.text for question in questions)
        raise DecodeError(f"cannot be known, for one is needed for the other: {texts}")
    return found


def layout_for(instance: Any, full: Layout | None = None) -> Layout:
    """Return the layout of the device that an instance describes.

    ``full`` is that of its class, where not as the class says. Raises `EncodeError` for an
    instance that describes none.
    """
    whole = device_layout_of(type(instance)) if full is None else full
    if not whole.questions:
        return whole
    try:
        return settled(whole, lambda slot: value_in(instance, slot))
    except DecodeError as error:
        refused = EncodeError(error.message)
        refused.where = error.where
        raise refused from error


def value_in(instance: Any, slot: Slot, start: int = 0) -> Any:
    """Return the value of a field in an instance, whose own path has ``start`` steps.

    Raises `DecodeError` where it has none.
    """
    value = instance
    try:
        for step in slot.path[start:]:
            value = getattr(value, step) if isinstance(step, str) else value[step]
    except (AttributeError, IndexError, TypeError):
        error = DecodeError(f"has no value in {instance!r}")
        error.where = slot.place
        raise error from None
    return value


def default_in(model: type[Mapped], slot: Slot, start: int) -> Any:
    """Return the default of a field, or what the default of a group has there.

    ``start`` says how many steps of the path there are values for. Raises `DecodeError` where there
    is no default.
    """
    for end in range(start + 1, len(slot.path) + 1):
        default = declaration_at(model, slot.path[:end]).default
        if default is not UNSET:
            return value_in(default, slot, end)
    error = DecodeError("needs a value")
    error.where = slot.place
    raise error


def relevant(layout: Layout, paths: tuple[Path, ...]) -> tuple[Question, ...]:
    """Return the questions that decide where, or whether, what is at some paths is."""
    return layout.once(("relevant", paths), lambda: tuple(_relevant(layout, paths)))


def _relevant(layout: Layout, paths: Iterable[Path]) -> list[Question]:
    wanted = [*paths]
    found: set[Question] = set()
    for path in wanted:  # it grows meanwhile
        for question in layout.questions:
            if question not in found and touch(question.path, path):
                found.add(question)
                wanted += (each for each in question.found.paths if each not in wanted)
        for slot in layout.slots:
            if slot.factors and touch(slot.path, path):
                inputs = (each for factor in slot.factors for each in factor.paths)
                wanted += [each for each in inputs if each not in wanted]
    return [question for question in layout.questions if question in found]


def touch(path: Path, other: Path) -> bool:
    """Whether one leads to the other."""
    size = min(len(path), len(other))
    return path[:size] == other[:size]
