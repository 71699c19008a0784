"""Which model a class is for: its ID, by the default of that field."""

from __future__ import annotations

from modbus_schema.fields.declared import Leaf
from modbus_schema.model.register_map import RegisterMap


def model_id_of(model: type[RegisterMap]) -> int:
    """Return the id of the model that a class is for; TypeError for a class of none."""
    kind: object = model
    if not isinstance(kind, type) or not issubclass(kind, RegisterMap):
        raise TypeError(f"{model!r} is no register map")
    model_id, length = (model.__fields__.get(name) for name in ("ID", "L"))
    if not isinstance(model_id, Leaf) or not isinstance(length, Leaf) or length.address != 1:
        raise TypeError(f"{model.__name__} is no SunSpec model, which begins with ID and L")
    if not isinstance(model_id.default, int):
        raise TypeError(f"{model.__name__}.ID has no default, so it is of no model")
    return model_id.default
