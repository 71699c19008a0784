"""Annotations as strings: they are understood by what stands before the bracket."""

from __future__ import annotations

import typing as t
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from modbus_schema.codecs import int16, uint16
from modbus_schema.errors import DefinitionError
from modbus_schema.fields import descriptors as f
from modbus_schema.fields.descriptors import RO, RW
from modbus_schema.fields.options import Access
from modbus_schema.fields.placements import group, holding_register
from modbus_schema.layout.tree import layout_of
from modbus_schema.model.register_map import RegisterMap

if TYPE_CHECKING:
    from decimal import Decimal


def accesses(model: type[RegisterMap]) -> list[Access]:
    """Return the access of each leaf field."""
    return [slot.access for slot in layout_of(model).slots]


def test_strings_are_resolved() -> None:
    """Plain, dotted and quoted annotations are all understood."""

    class Map(RegisterMap):
        LIMIT: ClassVar[int] = 3
        NAMES: t.ClassVar[list[Decimal]] = []
        one: RO[int] = holding_register(0, uint16)
        two: f.RW[int] = holding_register(1, uint16)
        three: f.WO[int] = holding_register(2, uint16)
        four: "RW[int]" = holding_register(3, uint16)  # noqa: UP037

    assert accesses(Map) == [Access.RO, Access.RW, Access.WO, Access.RW]


def test_names_of_the_function_are_not_needed() -> None:
    """A map made in a function may name types, groups and annotations that only it knows."""
    from modbus_schema.fields.descriptors import WO

    class Local(RegisterMap):
        speed: RW[int] = holding_register(0, int16)

    class Map(RegisterMap):
        local: RO[Local] = group(Local, base=3)
        reset: WO[int] = holding_register(0, int16)

    assert accesses(Map) == [Access.RW, Access.WO]


def test_a_name_for_checkers_only_does_no_harm() -> None:
    """What stands within the brackets is never evaluated."""

    class Map(RegisterMap):
        total: RO[Decimal] = t.cast("Any", holding_register(0, uint16))

    assert accesses(Map) == [Access.RO]


def test_anything_else_is_refused() -> None:
    """A string that is no RO, RW or WO is a fault, as the object would be."""
    with pytest.raises(
        DefinitionError, match=r"Map\.x: holding\[0\]: a placement is annotated with RO"
    ):

        class Map(RegisterMap):
            x: list[int] = t.cast("Any", holding_register(0, uint16))
