"""What can be wrong with a declaration, taken by itself."""

from collections.abc import Iterator
from typing import Any

from modbus_schema.codecs.base import Codec
from modbus_schema.fields.declared import Declaration, Leaf, Mapped, Nested, Repeat
from modbus_schema.fields.options import Access, order_problem
from modbus_schema.fields.periods import period_problem
from modbus_schema.fields.write_rules import choice_problem
from modbus_schema.layout.tree import cells_text
from modbus_schema.sources import Source
from modbus_wire.codes import (
    ADDRESS_SPACE,
    MAX_READ_BITS,
    MAX_READ_REGISTERS,
    MAX_WRITE_COILS,
    MAX_WRITE_REGISTERS,
    Table,
)

LAST_BIT = 15


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
    return may_hold(codec, int) or may_hold(codec, float)


def may_hold(codec: Codec[Any], kind: type) -> bool:
    """Whether the values of a codec may be of a kind, or None."""
    try:
        value = codec.decode([0] * codec.registers)
    except Exception:  # a codec of the user's may fail in any way; then nothing is known
        return True
    return value is None or (isinstance(value, kind) and isinstance(value, bool) is (kind is bool))
