"""An instance to begin with: what a device holds on which nothing has been set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import Enum
from typing import Any, TypeVar

from modbus_schema.codecs.base import Codec, encode_checked
from modbus_schema.compile.plain import located
from modbus_schema.errors import DecodeError, EncodeError
from modbus_schema.fields.declared import UNSET, Declaration, Leaf
from modbus_schema.fields.refs import Setting, declaration_at, reference
from modbus_schema.layout.shapes import default_in, settled, value_in
from modbus_schema.layout.tree import Absent, GroupNode, Layout, Node, RepeatNode, Slot, layout_of
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.sources import Supply
from modbus_schema.values.labels import enum_of

M = TypeVar("M", bound=RegisterMap)


def blank(model: type[M], **values: object) -> M:
    """Return an instance with the values given, and for the other fields what comes near to zero.

    That is a field's default; else what cells of 0 mean, where the field may hold it; else its
    minimum, the first member of its enum, or None. A scale factor is None only where no value needs
    it. Raises `TypeError` for a name that is no field, and `EncodeError` for a field to which none
    of these applies: a value has to be given for it.
    """
    kind: object = model
    if not isinstance(kind, type):
        raise TypeError(f"a blank is made of a class of register map, not of {kind!r}")
    full = layout_of(model)
    fields = model.__fields__
    for name in values:
        if name not in fields:
            raise TypeError(f"{model.__name__} has no field {name!r}")
    layout = _layout(full, values)
    members = layout.root.members
    rest = {name: _value(members[name], fields[name]) for name in fields if name not in values}
    made = model(**values, **rest)
    lacking = [slot for slot in _lacking(layout, made) if slot.path[0] not in values]
    return made.replace(*(_filled(model, slot) for slot in lacking))


def _lacking(layout: Layout, made: RegisterMap) -> Iterator[Slot]:
    """Return the scale factors that are None though the value of another field needs them."""
    for slot in layout.slots:
        if slot.factors and _is_number(_held(made, slot)):
            for factor in (each for found in slot.factors for each in found.slots):
                if factor is not None and _held(made, factor) is None:
                    yield factor


def _held(made: RegisterMap, slot: Slot) -> Any:
    with suppress(DecodeError):  # who gives values may leave out items
        return value_in(made, slot)
    return None


def _is_number(value: object) -> bool:
    return value is not None and value == value  # a NaN is as good as none


def _filled(model: type[M], slot: Slot) -> Setting[M]:
    """Return the setting of a field to what cells of 0 mean, whatever its default."""
    return reference(model, slot.path).to(_of_slot(slot, declaration_at(model, slot.path)))


def _layout(full: Layout, values: Mapping[str, object]) -> Layout:
    """Return the layout of a device that has these values, and is blank otherwise."""

    def value_of(slot: Slot) -> Any:
        name = slot.path[0]
        if name in values:
            return value_in(values[str(name)], slot, 1)
        try:
            return default_in(full.model, slot, 0)
        except DecodeError:
            return _of_slot(slot, declaration_at(full.model, slot.path))

    return settled(full, value_of)


def _value(node: Node, field: Declaration) -> Any:
    if field.default is not UNSET:
        return field.default
    if isinstance(node, RepeatNode):
        return tuple(_instance(item) for item in node.items)
    if isinstance(node, GroupNode):
        return _instance(node)
    if isinstance(node, Absent):
        return None
    return _of_slot(node, field)


def _instance(node: GroupNode) -> Any:
    fields = node.model.__fields__
    model: Any = node.model
    return model(**{name: _value(member, fields[name]) for name, member in node.members.items()})


def _of_slot(slot: Slot, field: Declaration) -> Any:
    if isinstance(field, Leaf) and not slot.access.readable:
        return None
    for value in _candidates(slot):
        with suppress(Exception):  # a codec or validator of the user's may fail in any way
            slot.check(value)
            encode_checked(_codec(slot), value)
            return value
    raise located(EncodeError("needs a value: neither 0 nor its minimum is one"), slot)


def _codec(slot: Slot) -> Codec[Any]:
    """Return the codec of a slot on a device whose scale factors are 0, as blank ones are."""
    return slot.codec.supplied({need: Supply(0, repr(need)) for need in slot.codec.needs})


def _candidates(slot: Slot) -> list[Any]:
    candidates: list[Any] = []
    with suppress(Exception):
        candidates.append(_codec(slot).decode([0] * slot.size))
    if slot.minimum is not None:
        is_whole = not any(isinstance(each, float) for each in candidates)
        candidates += [*([slot.minimum] if is_whole else []), float(slot.minimum)]
    enum = enum_of(slot.codec)
    members: list[Enum] = [] if enum is None else list(enum.kind)
    return [*candidates, *members[:1], None]
