"""What can be wrong with the fields of a map together: places, sources, defaults, commands."""

from collections.abc import Iterable, Iterator, Mapping

from modbus_schema.codecs.base import encode_checked
from modbus_schema.fields.declared import UNSET, Declaration
from modbus_schema.fields.refs import Path
from modbus_schema.layout.checks.declarations import may_hold
from modbus_schema.layout.slots import Found
from modbus_schema.layout.tree import Layout, Node, Question, Slot
from modbus_wire.codes import (
    ADDRESS_SPACE,
)

_KINDS: dict[str, tuple[type, str]] = {
    "present_if": (bool, "a truth value"),
    "word_order": (str, "an order"),
    "byte_order": (str, "an order"),
}
"""What a field has to hold for a keyword, where that is not an integer."""


def layout_problems(layout: Layout) -> Iterator[str]:
    """Say which fields are outside of their table, and which overlap.

    Of two fields that a device has only if it says so, for different reasons, it may have one.
    """
    for slot in layout.slots:
        if not 0 <= slot.address <= slot.end <= ADDRESS_SPACE:
            yield f"{slot.place} is outside of 0..{ADDRESS_SPACE - 1}"
    conditions = _conditions(layout)
    for slot, other in _overlaps(layout.slots):
        if not (conditions and _may_exclude(slot, other, conditions)):
            yield f"{slot.place} overlaps {other.place}"


def source_problems(layout: Layout) -> Iterator[str]:
    """Say which sources of a class are no fields that can be asked, or have no fitting value.

    What ``outer`` names may be further out than the class knows: that is no fault.
    """
    for question in layout.questions:
        name = f"{question.name}: {question.keyword}"
        yield from (f"{name}: {each}" for each in _source_problems(question.found, question))
    for slot in layout.slots:
        for factor in slot.factors:
            yield from (f"{slot.place}: {each}" for each in _source_problems(factor, None))


def default_problems(layout: Layout, fields: Mapping[str, Declaration]) -> Iterator[str]:
    """Say which of these fields of the layout's class have a default that they cannot hold."""
    for name, field in fields.items():
        slot = layout.root.members[name]
        if field.default is UNSET or not isinstance(slot, Slot):
            continue
        if field.default is None and (not slot.access.readable or field.present_if is not None):
            continue  # nothing to write
        try:
            slot.check(field.default)
            if not slot.codec.needs:
                encode_checked(slot.codec, field.default)
        except Exception as error:  # a codec of the user's may fail in any way
            yield f"{slot.place}: the default {field.default!r} cannot be held: {error}"


def command_problems(layout: Layout) -> Iterator[str]:
    """Say which fields cannot have the commands that follow a write of them."""
    for slot in layout.slots:
        for path, value in slot.writing.then:
            problem = _command_problem(layout.node(path), value)
            if problem:
                yield f"{slot.place}: then: {problem}"
            elif _leads_to(layout, path, slot.path, set()):
                yield f"{slot.place}: then: it would follow itself"


def _command_problem(node: Node, value: object) -> str | None:
    if not isinstance(node, Slot):
        return "a command is written to one field, not to a group"
    if not node.access.writable:
        return f"{node.place} is read-only"
    try:
        node.check(value)
        if not node.codec.needs:
            encode_checked(node.codec, value)
    except Exception as error:  # a codec of the user's may fail in any way
        return f"{node.place} cannot hold {value!r}: {error}"
    return None


def _leads_to(layout: Layout, start: Path, end: Path, seen: set[Path]) -> bool:
    """Whether a command for the field at ``start`` leads to one for the field at ``end``."""
    if start == end:
        return True
    seen.add(start)
    return any(
        _leads_to(layout, path, end, seen)
        for slot in layout.slots_of(start)
        for path, _ in slot.writing.then
        if path not in seen
    )


def _overlaps(slots: Iterable[Slot]) -> Iterator[tuple[Slot, Slot]]:
    open_slots: list[Slot] = []
    for slot in sorted(slots, key=lambda slot: (slot.table.label, slot.address)):
        open_slots = [
            other for other in open_slots if other.table is slot.table and other.end > slot.address
        ]
        for other in open_slots:
            if other.overlaps(slot) and not (other.alias or slot.alias):
                yield other, slot
        open_slots.append(slot)


def _conditions(layout: Layout) -> dict[Path, Question]:
    """Return the open questions whether something is there, by its path."""
    asked = (question for question in layout.open if question.keyword == "present_if")
    return {question.path: question for question in asked}


def _may_exclude(slot: Slot, other: Slot, conditions: Mapping[Path, Question]) -> bool:
    """Whether a device may have one of two fields and not the other, either way."""
    first, second = ({*_prefixes(each.path)} & conditions.keys() for each in (slot, other))
    return bool(first - second and second - first)


def _prefixes(path: Path) -> Iterator[Path]:
    return (path[:end] for end in range(1, len(path) + 1))


def _source_problems(found: Found, question: Question | None) -> Iterator[str]:
    if found.problem:
        if not found.may_be_further_out:
            yield found.problem
        return
    slot = found.slots[0]
    if not found.is_plain or slot is None:
        return
    kind, noun = _KINDS.get(question.keyword if question else "", (int, "an integer"))
    if not may_hold(slot.codec, kind):
        yield f"{slot.name} has {slot.codec!r}, which is not {noun}; given() may make one of it"
