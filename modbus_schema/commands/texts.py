"""Fields and their values as a person types and reads them: ``zones[1].target=21.5``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from modbus_schema.errors import EncodeError
from modbus_schema.fields.declared import Group, Leaf, Mapped
from modbus_schema.fields.refs import (
    Path,
    Ref,
    Setting,
    Write,
    declaration_at,
    path_text,
    reference,
)
from modbus_schema.layout.tree import Slot, layout_of
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.values.plainly import Json, form_of

_HEX = re.compile(r"0[xX][0-9a-fA-F]+")
_STEP = re.compile(r"\.?([^.\[\]=]+)|\[(\d+)\]")


def ref_of(model: type[RegisterMap], text: str) -> Ref[Any, Any]:
    """Return the reference that ``zones[1].target`` spells; ValueError where there is none."""
    path = _path_of(text)
    try:
        layout_of(model).node(path)
    except (LookupError, TypeError):
        raise ValueError(f"{model.__name__} has no field {text!r}") from None
    return reference(model, path)


def settings_of_texts(model: type[RegisterMap], pairs: Iterable[str]) -> Iterator[Setting[Any]]:
    """Return what texts such as ``zones[1].target=21.5`` ask for.

    Raises ValueError for a text that is no such pair, `EncodeError` for no value of the field.
    """
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise ValueError(f"{pair!r} is not as mode=HEAT")
        ref = ref_of(model, name)
        field = declaration_at(model, ref.path)
        if not isinstance(field, Leaf):
            raise ValueError(f"{ref!r} is a group: name one of its fields")
        try:
            yield ref.to(value_of(field, text))
        except EncodeError as error:
            error.where = _place(model, ref)
            raise


def writes_of_texts(model: type[RegisterMap], pairs: Iterable[str]) -> list[Write[Any]]:
    """Return the writes that texts ask for; raises as `settings_of_texts`, also for a RO field."""
    writes: list[Write[Any]] = []
    for setting in settings_of_texts(model, pairs):
        if not isinstance(setting, Write):
            error = EncodeError("is read-only")
            error.where = _place(model, setting.ref)
            raise error
        writes.append(setting)
    return writes


def leaves_of(model: type[Mapped], start: Path = ()) -> Iterator[tuple[Path, Leaf]]:
    """Return all that a device of a map may have, field by field, in the order of definition."""
    for name, field in model.__fields__.items():
        path = (*start, name)
        if isinstance(field, Leaf):
            yield path, field
        elif isinstance(field, Group):
            yield from leaves_of(field.model, path)
        else:
            for index in range(field.times):
                yield from leaves_of(field.model, (*path, index))


def value_of(field: Leaf, text: str) -> Any:
    """Return the value that a text means for a field: JSON, ``0x1F``, or the text itself."""
    form = form_of(field.codec)
    if form.schema.get("type") == "boolean" and text in ("0", "1"):
        return text == "1"
    try:
        return form.value(int(text, 16) if _HEX.fullmatch(text) else json.loads(text))
    except (TypeError, ValueError):
        try:
            return form.value(text)
        except (TypeError, ValueError) as error:
            raise EncodeError(str(error)) from None


def plain_of(field: Leaf | Slot, value: Any) -> Json:
    """Return a value as JSON has it; None of what is not there."""
    return None if value is None else form_of(field.codec).plain(value)


def text_of(field: Leaf | Slot, value: Any) -> str:
    """Return the text of a value, with its unit: ``21.5 degC``; ``-`` of what is not there."""
    if value is None:
        return "-"
    plain = plain_of(field, value)
    text = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False, default=str)
    return f"{text} {field.unit}" if field.unit else text


def lines_of(rows: Iterable[tuple[Path, str]]) -> Iterator[str]:
    """Return a line for the text of each field, the texts below one another."""
    named = [(name_of(path), text) for path, text in rows]
    width = max((len(name) for name, _ in named), default=0)
    return (f"{name:{width}}  {text}" for name, text in named)


def name_of(path: Path) -> str:
    """Return how a path is typed: ``zones[1].target``."""
    return path_text(path).removeprefix(".")


def _place(model: type[RegisterMap], ref: Ref[Any, Any]) -> str:
    """Return what an error says of a field: where it is too, unless only the device knows."""
    node = layout_of(model).node(ref.path)
    return node.place if isinstance(node, Slot) else ref.name


def _path_of(text: str) -> Path:
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            raise ValueError(f"{text!r} is no name of a field, such as zones[1].target")
        name, index = step.groups()
        steps.append(name if index is None else int(index))
        at = step.end()
    return tuple(steps)
