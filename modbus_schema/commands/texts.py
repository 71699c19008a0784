"""Fields and their values as a person types and reads them: ``zones[1].target=21.5``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from modbus_schema.compile.plain import located
from modbus_schema.errors import EncodeError
from modbus_schema.fields.refs import Path, Ref, Setting, Write, path_text, reference
from modbus_schema.layout.tree import Absent, Slot, layout_of
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.values.plainly import form_of

_STEP = re.compile(r"\.?([^.\[\]=]+)|\[(\d+)\]")


def ref_of(model: type[RegisterMap], text: str) -> Ref[Any, Any]:
    """Return the reference that ``zones[1].target`` spells; ValueError where there is none."""
    path = _path_of(text)
    try:
        layout_of(model).node(path)
    except (LookupError, TypeError):
        raise ValueError(f"{model.__name__} has no field {text!r}") from None
    return reference(model, path)


def settings_of_texts(
    model: type[RegisterMap], pairs: Iterable[str]
) -> Iterator[tuple[Slot, Setting[Any]]]:
    """Return what texts such as ``zones[1].target=21.5`` ask for.

    Raises ValueError for a text that is no such pair, `EncodeError` for no value of the field.
    """
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise ValueError(f"{pair!r} is not as mode=HEAT")
        ref = ref_of(model, name)
        slot = layout_of(model).node(ref.path)
        if isinstance(slot, Absent):
            raise ValueError(f"{ref!r} is where only the device knows")
        if not isinstance(slot, Slot):
            raise ValueError(f"{ref!r} is a group: name one of its fields")
        yield slot, ref.to(value_of(slot, text))


def writes_of_texts(model: type[RegisterMap], pairs: Iterable[str]) -> list[Write[Any]]:
    """Return the writes that texts ask for; raises as `settings_of_texts`, also for a RO field."""
    writes: list[Write[Any]] = []
    for slot, setting in settings_of_texts(model, pairs):
        if not isinstance(setting, Write):
            raise located(EncodeError("is read-only"), slot)
        writes.append(setting)
    return writes


def value_of(slot: Slot, text: str) -> Any:
    """Return the value that a text means for a field: JSON, or the text itself."""
    form = form_of(slot.codec)
    try:
        return form.value(json.loads(text))
    except (TypeError, ValueError):
        try:
            return form.value(text)
        except (TypeError, ValueError) as error:
            raise located(EncodeError(str(error)), slot) from None


def text_of(slot: Slot, value: Any) -> str:
    """Return the text of a value, with its unit: ``21.5 degC``; ``-`` of what is not there."""
    if value is None:
        return "-"
    plain = form_of(slot.codec).plain(value)
    text = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False, default=str)
    return f"{text} {slot.unit}" if slot.unit else text


def lines_of(rows: Iterable[tuple[Path, str]]) -> Iterator[str]:
    """Return a line for the text of each field, the texts below one another."""
    named = [(name_of(path), text) for path, text in rows]
    width = max((len(name) for name, _ in named), default=0)
    return (f"{name:{width}}  {text}" for name, text in named)


def name_of(path: Path) -> str:
    """Return how a path is typed: ``zones[1].target``."""
    return path_text(path).removeprefix(".")


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
