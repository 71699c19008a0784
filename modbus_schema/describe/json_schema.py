"""The JSON Schema of a map's values, as `modbus_schema.values.mapping.to_json` writes them."""

from __future__ import annotations

from typing import Any

from modbus_schema.describe.rows import summary
from modbus_schema.fields.declared import Declaration, Group, Repeat
from modbus_schema.layout.tree import Absent, Node, RepeatNode, Slot, layout_of
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.values.plainly import Json, form_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def to_json_schema(model: type[RegisterMap], *, title: str | None = None) -> dict[str, Json]:
    """Return the schema of the instances of a map."""
    head = {"$schema": DIALECT, "title": title or model.__name__}
    text = summary(model)
    return head | ({"description": text} if text else {}) | _schema(layout_of(model).root)


def _schema(node: Node) -> dict[str, Json]:
    if isinstance(node, Slot):
        return _of_slot(node)
    if isinstance(node, RepeatNode):
        items = _schema(node.items[0]) if node.items else {}
        least = 0 if node.question else len(node.items)
        return {"type": "array", "items": items, "minItems": least, "maxItems": len(node.items)}
    if isinstance(node, Absent):
        return {}
    fields = node.model.__fields__
    required = [name for name, field in fields.items() if not _has_default(field)]
    return {
        "type": "object",
        "properties": {
            name: _of_member(fields[name], member) for name, member in node.members.items()
        },
        "required": required,
        "additionalProperties": False,
    }


def _of_member(field: Declaration, node: Node) -> dict[str, Json]:
    schema = _schema(node)
    if isinstance(node, Absent) and isinstance(field, Group | Repeat):  # only a device knows where
        schema = _schema(layout_of(field.model).root)
    if isinstance(field, Repeat) and (isinstance(node, Absent) or field.stride_is_told):
        items = schema if isinstance(node, Absent) else schema["items"]
        least = 0 if field.told_by else field.times
        schema = {"type": "array", "items": items, "minItems": least, "maxItems": field.times}
    return schema if field.present_if is None else {"anyOf": [schema, {"type": "null"}]}


def _has_default(field: Any) -> bool:
    from modbus_schema.fields.declared import UNSET

    return field.default is not UNSET


def _of_slot(slot: Slot) -> dict[str, Json]:
    schema = dict(form_of(slot.codec).schema)
    if slot.minimum is not None:
        schema["minimum"] = slot.minimum
    if slot.maximum is not None:
        schema["maximum"] = slot.maximum
    if not slot.access.readable:
        schema = {"anyOf": [schema, {"type": "null"}], "writeOnly": True}
    elif not slot.access.writable:
        schema["readOnly"] = True
    notes = "; ".join(part for part in (slot.description, slot.unit and f"in {slot.unit}") if part)
    return schema | ({"description": notes} if notes else {})
