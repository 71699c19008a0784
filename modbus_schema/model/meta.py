"""The metaclass of maps: from a class body to a frozen attrs class with a layout and references."""

from __future__ import annotations

from collections.abc import Mapping
from types import MemberDescriptorType
from typing import Any

import attrs

from modbus_schema.errors import DefinitionError
from modbus_schema.fields.declared import UNSET, Declaration, Mapped
from modbus_schema.fields.descriptors import Field
from modbus_schema.fields.options import MapOptions, options_from
from modbus_schema.fields.refs import Ref, references
from modbus_schema.layout.checks import (
    command_problems,
    default_problems,
    layout_problems,
    source_problems,
)
from modbus_schema.layout.flatten import build_layout
from modbus_schema.layout.tree import Layout
from modbus_schema.model.body import read_body
from modbus_schema.planning.blocks import plan_problems, write_problems


class MapMeta(type):
    """Makes maps: frozen attrs classes with slots, whose class attributes are references.

    An instance finds its values in the slots, as that of any attrs class; only access through the
    class passes here.
    """

    __fields__: Mapping[str, Declaration]
    __options__: MapOptions
    __layout__: Layout
    __refs__: Mapping[str, Ref[Any, Any]]

    @classmethod
    def __prepare__(
        cls, name: str, bases: tuple[type, ...], /, **keywords: object
    ) -> dict[str, object]:
        """Return the namespace of a class body, which notices a field that is declared twice."""
        return _Namespace()

    def __new__(
        metacls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **keywords: object
    ) -> Any:
        """Make the class, or raise one DefinitionError with a line for each fault."""
        if "__attrs_attrs__" in namespace:  # attrs makes a class with slots a second time
            return super().__new__(metacls, name, bases, _without_refs(namespace))
        _check_bases(name, bases)
        inherited = _inherited_fields(bases)
        body = read_body(name, bases, namespace, inherited)
        options, faults = options_from(keywords)
        fields = {**inherited, **body.fields}
        cls = _with_slots(super().__new__(metacls, name, bases, body.rest), fields)
        cls.__fields__ = fields
        cls.__options__ = options.over(cls.__options__)
        cls.__layout__ = build_layout(cls)
        problems = [f"{name}: {fault}" for fault in faults] + body.problems
        twice = namespace.twice if isinstance(namespace, _Namespace) else ()
        problems += [f"{name}.{field}: is declared twice" for field in twice]
        problems += default_problems(cls.__layout__, body.fields)
        problems += source_problems(cls.__layout__)
        problems += layout_problems(cls.__layout__)
        if not problems:
            problems += plan_problems(cls.__layout__, cls.__layout__.rules)
            problems += write_problems(cls.__layout__, cls.__layout__.write_rules)
            problems += command_problems(cls.__layout__)
        if problems:
            raise DefinitionError("\n".join(problems))
        cls.__refs__ = references(cls)
        return cls

    def __setattr__(cls, name: str, value: object) -> None:
        cls._refuse_change_of(name)
        super().__setattr__(name, value)

    def __delattr__(cls, name: str) -> None:
        cls._refuse_change_of(name)
        super().__delattr__(name)

    def _refuse_change_of(cls, name: str) -> None:
        if name in getattr(cls, "__refs__", ()):
            raise AttributeError(f"{cls.__name__}.{name} is a field of the map and stays one")

    def __getattribute__(cls, name: str) -> Any:
        value = super().__getattribute__(name)
        if type(value) is MemberDescriptorType:
            return cls.__refs__.get(name, value)
        return value


class _Namespace(dict[str, object]):
    def __init__(self) -> None:
        super().__init__()
        self.twice: list[str] = []
        """The fields that were declared again."""

    def __setitem__(self, name: str, value: object) -> None:
        if isinstance(self.get(name), Field):
            self.twice.append(name)
        super().__setitem__(name, value)


def _check_bases(name: str, bases: tuple[type, ...]) -> None:
    """Raise DefinitionError for bases that cannot share one instance, which has its own slots."""
    with_fields = {base: _with_own_fields(base) for base in bases if _with_own_fields(base)}
    most = max(with_fields.values(), key=len, default=set())
    if any(owners - most for owners in with_fields.values()):
        names = " and ".join(base.__name__ for base in with_fields)
        raise DefinitionError(
            f"{name}: {names} have fields each, and a map has one base with fields; "
            "make one of them the base of the other, or a group(...)"
        )


def _with_own_fields(base: type) -> set[type]:
    """Return the classes among a class and its bases that add fields."""
    return {each for each in base.__mro__ if issubclass(each, Mapped) and vars(each)["__slots__"]}


def _inherited_fields(bases: tuple[type, ...]) -> dict[str, Declaration]:
    fields: dict[str, Declaration] = {}
    for base in reversed(bases):
        if issubclass(base, Mapped):
            fields.update(base.__fields__)
    return fields


def _with_slots(cls: Any, fields: Mapping[str, Declaration]) -> Any:
    plain = attrs.field()
    return attrs.define(
        cls,
        these={
            name: plain if field.default is UNSET else attrs.field(default=field.default)
            for name, field in fields.items()
        },
        frozen=True,
        kw_only=True,
        weakref_slot=False,
        eq=False,  # the base has these; to generate them takes as long as all the rest
        repr=False,
    )


def _without_refs(namespace: dict[str, Any]) -> dict[str, Any]:
    # Of an inherited field attrs copies what it takes for the slot's descriptor; the true one is
    # inherited.
    return {name: value for name, value in namespace.items() if not isinstance(value, Ref)}
