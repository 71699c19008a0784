"""Instances as dictionaries and as JSON, and back.

A group is a dictionary in the dictionary, what repeats is a list of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from modbus_schema.compile.plain import (
    absent_error,
    encode_supplies,
    encode_value,
    leaf_values,
    located,
)
from modbus_schema.errors import DecodeError, EncodeError
from modbus_schema.layout.shapes import default_in, layout_for, settled
from modbus_schema.layout.tree import Absent, GroupNode, Layout, Node, RepeatNode, Slot, layout_of
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.values.plainly import Form, Json, form_of

M = TypeVar("M", bound=RegisterMap)

Convert = Callable[[Slot, Any], Any]


def to_dict(instance: RegisterMap) -> dict[str, Any]:
    """Return the values of an instance as they are, under the names of the fields."""
    tree: dict[str, Any] = _tree(_root(instance), instance, lambda _, value: value)
    return tree


def from_dict(model: type[M], values: Mapping[str, Any]) -> M:
    """Return the instance that `to_dict` gave the values of.

    A field that is left out has its default. Raises `EncodeError` for a name that is no field, a
    field without a value, and a value that its field cannot hold.
    """
    return _instance(model, values, lambda _, value: value)


def to_plain(instance: RegisterMap) -> dict[str, Json]:
    """Return the values of an instance as JSON has them; `describe.json_schema` describes it."""
    tree: dict[str, Json] = _tree(_root(instance), instance, _plain)
    return tree


def from_plain(model: type[M], values: Mapping[str, Json]) -> M:
    """Return the instance that `to_plain` gave the values of; raises as `from_dict`."""
    return _instance(model, values, _value)


def to_json(instance: RegisterMap, *, indent: int | None = None) -> str:
    """Return the JSON text of an instance; `describe.json_schema` describes it."""
    return json.dumps(to_plain(instance), indent=indent, ensure_ascii=False, allow_nan=False)


def from_json(model: type[M], text: str | bytes) -> M:
    """Return the instance of a JSON text; raises as `from_dict`, and ValueError for other text."""
    return from_plain(model, json.loads(text))


def _root(instance: RegisterMap) -> GroupNode:
    return layout_for(instance, layout_of(type(instance))).root


def _form(slot: Slot) -> Form:
    return form_of(slot.codec)


def _plain(slot: Slot, value: Any) -> Json:
    return None if value is None else _form(slot).plain(value)


def _value(slot: Slot, plain: Json) -> Any:
    if plain is None and not slot.access.readable:
        return None
    try:
        return _form(slot).value(plain)
    except (TypeError, ValueError, OverflowError) as error:
        raise located(EncodeError(str(error)), slot) from error


def _tree(node: Node, value: Any, convert: Convert) -> Any:
    if isinstance(node, Slot):
        return convert(node, value)
    if isinstance(node, RepeatNode):
        if len(value) != len(node.items):
            raise EncodeError(f"{node.name}: {len(node.items)} items are expected, not {value!r}")
        return [_tree(item, each, convert) for item, each in zip(node.items, value, strict=True)]
    if isinstance(node, Absent):
        return None
    return {
        name: _tree(member, getattr(value, name), convert) for name, member in node.members.items()
    }


def _instance(model: type[M], values: Any, convert: Convert) -> M:
    layout = _layout(layout_of(model), values, convert)
    made: M = _made(layout.root, values, convert, model.__name__)
    _check_scaled(layout, made)
    return made


def _layout(full: Layout, values: Any, convert: Convert) -> Layout:
    """Return the layout that values are of, by those among them that tell of it."""
    if not full.questions:
        return full

    def value_of(slot: Slot) -> Any:
        value = values
        for index, step in enumerate(slot.path):
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return default_in(full.model, slot, index)
        return convert(slot, value)

    try:
        return settled(full, value_of)
    except DecodeError as error:
        refused = EncodeError(error.message)
        refused.where = error.where
        raise refused from error


def _check_scaled(layout: Layout, instance: object) -> None:
    """Raise `EncodeError` for a value that its field cannot hold by what it depends on."""
    if not layout.is_scaled:
        return
    given = dict(leaf_values(layout.root, instance))
    for slot, value in given.items():
        if slot.factors and (value is not None or slot.access.readable):
            encode_value(slot, value, encode_supplies(slot, given.__getitem__))


def _made(node: Node, value: Any, convert: Convert, name: str) -> Any:
    if isinstance(node, Slot):
        return _checked(node, convert(node, value))
    if isinstance(node, RepeatNode):
        return _items(node, value, convert, name)
    if isinstance(node, Absent):
        if value is not None:
            raise absent_error(node, f"{value!r} is given")
        return None
    return _group(node, value, convert, name)


def _checked(slot: Slot, value: Any) -> Any:
    if value is None and not slot.access.readable:
        return None
    if not slot.factors:
        encode_value(slot, value)
    return value


def _items(node: RepeatNode, value: Any, convert: Convert, name: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple) or len(value) != len(node.items):
        raise EncodeError(f"{name}: {len(node.items)} items are expected, not {value!r}")
    pairs = zip(node.items, value, strict=True)
    return tuple(
        _made(item, each, convert, f"{name}[{index}]") for index, (item, each) in enumerate(pairs)
    )


def _group(node: GroupNode, value: Any, convert: Convert, name: str) -> Any:
    if not isinstance(value, Mapping):
        raise EncodeError(f"{name}: a mapping is expected, not {value!r}")
    unknown = [key for key in value if key not in node.members]
    if unknown:
        raise EncodeError(f"{name} has no field {unknown[0]!r}")
    given = {
        member: _made(node.members[member], value[member], convert, f"{name}.{member}")
        for member in node.members
        if member in value
    }
    try:
        return node.model(**given)
    except TypeError as error:
        raise EncodeError(f"{name}: {error}") from None
