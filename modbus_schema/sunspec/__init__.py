"""SunSpec: its models as typed classes; ``load(103)`` is the class of a model."""

from modbus_schema.sunspec.catalogue import UnknownModel, model_ids
from modbus_schema.sunspec.classes import load

__all__ = ["UnknownModel", "load", "model_ids"]
