"""Maps inside of a program's own classes: hooks for its cattrs converter.

They are the conversions of `values.mapping`; this module needs nothing of cattrs itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeGuard

from modbus_schema.model.register_map import RegisterMap
from modbus_schema.values.mapping import from_plain, to_plain


class AnyConverter(Protocol):
    """What is asked of a converter: ``cattrs.Converter``, or one of ``cattrs.preconf``."""

    def register_unstructure_hook_func(
        self, check_func: Callable[[Any], bool], func: Callable[[Any], Any], /
    ) -> None:
        """Use a function to unstructure what is of a class that is checked for."""
        ...

    def register_structure_hook_func(
        self, check_func: Callable[[Any], bool], func: Callable[[Any, Any], Any], /
    ) -> None:
        """Use a function to structure a class that is checked for."""
        ...


def register_maps(converter: AnyConverter) -> None:
    """Let a converter structure and unstructure every map, also inside of other classes.

    Values are as JSON has them, whatever the converter does with such values elsewhere: members of
    enums are names, moments ISO 8601; `describe.json_schema` describes them. Structuring checks
    that each field can hold its value and raises `EncodeError`, which cattrs puts into its own
    errors.
    """
    converter.register_unstructure_hook_func(_is_map, to_plain)
    converter.register_structure_hook_func(_is_map, _structure)


def _is_map(kind: object) -> TypeGuard[type[RegisterMap]]:
    return isinstance(kind, type) and issubclass(kind, RegisterMap)


def _structure(values: Any, model: type[RegisterMap]) -> RegisterMap:
    return from_plain(model, values)
