"""Reading the body of a class: which names are fields, and what is wrong with them.

It knows annotations and declarations; it makes no class.
"""

import sys
from collections import ChainMap
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, get_origin

from modbus_schema.fields.declared import Command, Declaration, Leaf, sources_of
from modbus_schema.fields.descriptors import RO, RW, WO, Field
from modbus_schema.fields.options import Access
from modbus_schema.fields.refs import Ref, Setting
from modbus_schema.layout.checks import declaration_problems, override_problem
from modbus_schema.sources import Member, Source

_ACCESS: dict[object, Access] = {RO: Access.RO, WO: Access.WO, RW: Access.RW}

_HEADS: dict[str, object] = {"RO": RO, "WO": WO, "RW": RW, "ClassVar": ClassVar}


class Body(NamedTuple):
    """A class body, sorted."""

    fields: dict[str, Declaration]
    """The sound fields, by name, in the order of definition."""
    problems: list[str]
    """A line for each fault, beginning with class.field."""
    rest: dict[str, Any]
    """The namespace without the fields."""


def read_body(
    name: str,
    bases: tuple[type, ...],
    namespace: Mapping[str, Any],
    inherited: Mapping[str, Declaration],
) -> Body:
    """Sort the namespace of a class that is about to be made; its bases have ``inherited``."""
    body = Body({}, [], {})
    reader = _Reader(_taken_names(bases), inherited, _annotation_heads(namespace), namespace, bases)
    for attribute, value in namespace.items():
        if isinstance(value, Field):
            value.name = attribute
        else:
            body.rest[attribute] = value
    for attribute in dict.fromkeys((*namespace, *reader.heads)):
        value = namespace.get(attribute)
        problems = list(reader.problems(attribute, value))
        where = f"{name}.{attribute}"
        body.problems.extend(f"{where}: {_placed(problem, value)}" for problem in problems)
        if isinstance(value, Field) and not problems:
            declaration = _as(value.declaration, _ACCESS[reader.heads[attribute]])
            body.fields[attribute] = _with_names(declaration)
    return body


def _as(declaration: Declaration, access: Access) -> Declaration:
    return declaration if declaration.access is access else declaration._replace(access=access)


def _placed(problem: str, value: object) -> str:
    """Return a problem with table and address of the field, as far as they are known."""
    leaf = value.declaration if isinstance(value, Field) else None
    if not isinstance(leaf, Leaf) or problem.startswith(f"{leaf.table.label}["):
        return problem
    return f"{leaf.table.label}[{leaf.address!r}]: {problem}"


class _Reader(NamedTuple):
    taken: Mapping[str, type]
    inherited: Mapping[str, Declaration]
    heads: Mapping[str, object]
    namespace: Mapping[str, Any]
    bases: tuple[type, ...]

    def problems(self, attribute: str, value: object) -> Iterator[str]:
        if isinstance(value, Field):
            yield from self._name_problems(attribute)
            yield from self._field_problems(attribute, value.declaration)
        elif attribute in self.inherited:
            yield "is a field of the base class; only a field can replace it"
        elif attribute in self.heads and self.heads[attribute] is not ClassVar:
            yield "is annotated, but neither a placement nor a ClassVar"

    def _name_problems(self, attribute: str) -> Iterator[str]:
        if attribute == "self":
            yield "a field cannot be called self"
        elif attribute.startswith("_"):
            yield "the name of a field cannot begin with an underscore"
        elif attribute in self.taken and attribute not in self.inherited:
            yield f"the name is taken by {self.taken[attribute].__name__}.{attribute}"

    def _field_problems(self, attribute: str, declaration: Declaration) -> Iterator[str]:
        if attribute not in self.heads:
            yield f"has no annotation, such as {declaration.access.value}[...]"
            return
        access = _ACCESS.get(self.heads[attribute])
        if access is None:
            yield "a placement is annotated with RO[...], RW[...] or WO[...]"
            return
        yield from declaration_problems(declaration, access)
        yield from self._then_problems(declaration)
        yield from self._source_problems(declaration)
        old = self.inherited.get(attribute)
        problem = old and override_problem(old, _as(declaration, access))
        if problem:
            yield f"in the base class, it is another kind of field: {problem}"

    def _then_problems(self, declaration: Declaration) -> Iterator[str]:
        for command in declaration.then:
            if isinstance(command, Setting):
                base = command.ref.model
                if len(command.ref.path) != 1 or not any(issubclass(b, base) for b in self.bases):
                    yield f"then: {command.ref!r} is no field of a base class"
            elif not isinstance(command, Command):
                yield f"then takes settings, such as apply.to(1), not {command!r}"
            elif self.namespace.get(command.field.name) is not command.field:
                yield f"then: {command.field!r} is no field of this class"

    def _source_problems(self, declaration: Declaration) -> Iterator[str]:
        for keyword, source in sources_of(declaration):
            for each in source.inputs():
                problem = self._input_problem(each)
                if problem:
                    yield f"{keyword}: {problem}"

    def _input_problem(self, source: Source[Any]) -> str | None:
        if isinstance(source, Member):
            return self._input_problem(source.group)
        if isinstance(source, Field) and self.namespace.get(source.name or "") is not source:
            return f"{source!r} is no field of this class"
        if isinstance(source, Ref) and not any(
            issubclass(base, source.model) for base in self.bases
        ):
            return f"{source!r} is no field of a base class; of a map further out it is outer(...)"
        return None


def _with_names(declaration: Declaration) -> Declaration:
    """Return a declaration whose commands have the names of their fields."""
    if not declaration.then:
        return declaration
    names = (
        Command(each.ref.path[0] if isinstance(each, Setting) else each.field.name, each.value)
        for each in declaration.then
    )
    return declaration._replace(then=tuple(names))


def _taken_names(bases: tuple[type, ...]) -> dict[str, type]:
    """Return the attributes that a class inherits, each with the class that has it."""
    parents = [parent for base in bases for parent in base.__mro__]
    return {name: parent for parent in reversed(parents) for name in vars(parent)}


def _annotation_heads(namespace: Mapping[str, Any]) -> dict[str, object]:
    """Return what stands before each annotation's brackets: RO, WO, RW, ClassVar or other."""
    module = sys.modules.get(namespace.get("__module__", ""))
    scope = ChainMap(dict(namespace), vars(module) if module else {})
    annotations: dict[str, object] = namespace.get("__annotations__", {})
    return {name: _head(annotation, scope) for name, annotation in annotations.items()}


def _head(annotation: object, scope: Mapping[str, Any]) -> object:
    if not isinstance(annotation, str):
        return get_origin(annotation) or annotation
    # Only the head is looked up: the rest may name what exists for type checkers only.
    first, *others = annotation.strip("'\" ").partition("[")[0].strip().split(".")
    found = scope.get(first)
    for step in others:
        found = getattr(found, step, None)
    return found if found is not None else _HEADS.get([first, *others][-1])
