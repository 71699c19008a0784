"""What can be wrong with the fields of a map: a line of text per fault, nothing raised.

A line names class.field and, as far as they are known, table and address range.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from modbus_schema.codecs.base import Codec, encode_checked
from modbus_schema.declared import UNSET, Declaration, Leaf, Mapped, Nested, Repeat
from modbus_schema.layout import Layout, Node, Question, Slot, cells_text
from modbus_schema.options import Access, order_problem
from modbus_schema.periods import period_problem
from modbus_schema.refs import Path
from modbus_schema.slots import Found
from modbus_schema.sources import Source
from modbus_schema.write_rules import choice_problem
from modbus_wire.codes import (
    ADDRESS_SPACE,
    MAX_READ_BITS,
    MAX_READ_REGISTERS,
    MAX_WRITE_COILS,
    MAX_WRITE_REGISTERS,
    Table,
)

LAST_BIT = 15

_KINDS: dict[str, tuple[type, str]] = {
    "present_if": (bool, "a truth value"),
    "word_order": (str, "an order"),
    "byte_order": (str, "an order"),
}
"""What a field has to hold for a keyword, where that is not an integer."""


def declaration_problems(field: Declaration, access: Access) -> Iterator[str]:
    """Say what is wrong with a field that is annotated with ``access``, taken by itself."""
    condition: object = field.present_if
    if condition is not None and not isinstance(condition, Source):
        yield f"present_if is a field of the map, outer() or given(), not {condition!r}"
    if isinstance(field, Nested):
        yield from _group_problems(field, access)
    else:
        yield from _leaf_problems(field, access)


def override_problem(old: Declaration, new: Declaration) -> str | None:
    """Say why a field cannot stand for the one of the base class that it replaces, or None."""
    if type(old) is not type(new):
        return "a field of one codec, a group and what repeats cannot replace each other"
    if isinstance(old, Nested) and isinstance(new, Nested) and not issubclass(new.model, old.model):
        return f"{new.model.__name__} is not derived from {old.model.__name__}"
    if not new.access.includes(old.access):
        return f"{new.access.value} cannot replace {old.access.value}"
    return None


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
    if not _may_hold(slot.codec, kind):
        yield f"{slot.name} has {slot.codec!r}, which is not {noun}; given() may make one of it"


def _group_problems(group: Nested, access: Access) -> Iterator[str]:
    problems = list(_number_problems(group))
    yield from problems
    yield from _order_problems(group)
    yield from _period_problems(group, access)
    problem = choice_problem(group.write_with)
    if problem:
        yield problem
    if isinstance(group, Repeat) and not problems:
        last = group.item(group.times - 1).base
        if not isinstance(last, Source) and last >= ADDRESS_SPACE:
            yield f"item {group.times - 1} begins at {last}, past {ADDRESS_SPACE - 1}"
    model: object = group.model
    if not (isinstance(model, type) and issubclass(model, Mapped)):
        yield f"{model!r} is no register map"
    elif access is Access.WO:
        yield "a group is RO or RW; its members may be WO"
    elif access is Access.RW and not _has_writable(model):
        yield f"nothing in {model.__name__} is writable, so the group is RO"


def _has_writable(model: type[Mapped]) -> bool:
    return any(
        _has_writable(field.model) if isinstance(field, Nested) else field.access.writable
        for field in model.__fields__.values()
    )


def _leaf_problems(leaf: Leaf, access: Access) -> Iterator[str]:
    if type(leaf.address) is not int:
        yield f"{_place(leaf)}: the address must be an int, not {leaf.address!r}"
    if not leaf.access.includes(access):
        yield f"{_place(leaf)} is read-only, so the field is RO, not {access.value}"
    yield from _option_problems(leaf)
    yield from _write_problems(leaf, access)
    yield from _period_problems(leaf, access)
    codec: object = leaf.codec
    if not isinstance(codec, Codec):
        yield f"{_place(leaf)}: {codec!r} is no codec"
    elif codec.bit_table != leaf.table.is_bits:
        kinds = ("bits", "registers") if codec.bit_table else ("registers", "bits")
        yield f"{_place(leaf)}: {codec!r} is a codec of {kinds[0]}, the table is one of {kinds[1]}"
    else:
        yield from _size_problems(leaf, access)
        yield from _limit_problems(leaf)


def _place(leaf: Leaf) -> str:
    return f"{leaf.table.label}[{leaf.address!r}]"


def _option_problems(leaf: Leaf) -> Iterator[str]:
    yield from _order_problems(leaf)
    validators: tuple[object, ...] = leaf.validators
    for validator in validators:
        if not callable(validator):
            yield f"the validator {validator!r} is not callable"


def _period_problems(field: Declaration, access: Access) -> Iterator[str]:
    problem = period_problem(field.every)
    if problem:
        yield problem
    elif field.every is not None and not access.readable:
        yield "a field that is never read has no period"


def _write_problems(leaf: Leaf, access: Access) -> Iterator[str]:
    problem = choice_problem(leaf.write_with)
    if leaf.then and not access.writable:
        yield "is never written, so then says nothing"
    if problem:
        yield problem
    elif leaf.write_with is not None and not leaf.table.is_writable:
        yield "is in a read-only table, so write_with says nothing"
    elif leaf.write_with == "single" and leaf.codec.registers != 1:
        yield f"{leaf.codec!r} takes {leaf.codec.registers} cells: it cannot be written one by one"


def _order_problems(field: Declaration) -> Iterator[str]:
    for keyword, order in (("word_order", field.word_order), ("byte_order", field.byte_order)):
        problem = None if isinstance(order, Source) else order_problem(keyword, order)
        if problem:
            yield problem


def _number_problems(group: Nested) -> Iterator[str]:
    yield from _int_problems("base", group.base)
    if isinstance(group, Repeat):
        yield from _int_problems("stride", group.stride, least=1)
        yield from _times_problems(group)


def _times_problems(group: Repeat) -> Iterator[str]:
    if group.told_by is None:
        yield from _int_problems("count", group.times, least=1)
        if group.at_most is not None:
            yield "at_most is for a count that the device says"
    elif group.at_most is None:
        yield "a count that the device says needs at_most="
    else:
        yield from _int_problems("at_most", group.at_most, least=1)


def _int_problems(word: str, value: object, *, least: int = 0) -> Iterator[str]:
    if isinstance(value, Source):
        return
    if type(value) is not int or not least <= value < ADDRESS_SPACE:
        yield f"{word} must be an int in {least}..{ADDRESS_SPACE - 1}, not {value!r}"


def _size_problems(leaf: Leaf, access: Access) -> Iterator[str]:
    size: object = leaf.codec.registers
    most = _most_cells(leaf.table, access)
    first, last = leaf.codec.bit_range or (0, 0)
    if not isinstance(size, int) or size < 1:
        yield f"{leaf.codec!r} must have a size of at least 1, not {size!r}"
    elif leaf.codec.bit_range and not (size == 1 and 0 <= first <= last <= LAST_BIT):
        yield f"{leaf.codec!r} has bits {first}..{last}, which are not in one register"
    elif size > most:
        cells = cells_text(leaf.table, leaf.address, size)
        verb = "written" if access.writable else "read"
        yield f"{cells} is too long to be {verb} by one request, which moves at most {most}"


def _most_cells(table: Table, access: Access) -> int:
    if table.is_bits:
        return MAX_WRITE_COILS if access.writable else MAX_READ_BITS
    return MAX_WRITE_REGISTERS if access.writable else MAX_READ_REGISTERS


def _limit_problems(leaf: Leaf) -> Iterator[str]:
    limits: list[object] = [leaf.minimum, leaf.maximum]
    given = [limit for limit in limits if limit is not None]
    if not given:
        return
    numbers = [limit for limit in given if isinstance(limit, int | float)]
    if len(numbers) < len(given):
        yield f"min and max must be numbers, not {', '.join(map(repr, given))}"
    elif not _may_hold_numbers(leaf.codec):
        yield f"min and max bound numbers, which {leaf.codec!r} does not hold"
    elif len(numbers) == 2 and not numbers[0] <= numbers[1]:
        yield f"min {numbers[0]!r} is above max {numbers[1]!r}"


def _may_hold_numbers(codec: Codec[Any]) -> bool:
    return _may_hold(codec, int) or _may_hold(codec, float)


def _may_hold(codec: Codec[Any], kind: type) -> bool:
    try:
        value = codec.decode([0] * codec.registers)
    except Exception:  # a codec of the user's may fail in any way; then nothing is known
        return True
    return value is None or (isinstance(value, kind) and isinstance(value, bool) is (kind is bool))
