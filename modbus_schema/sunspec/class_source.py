"""The source of one model: a class for the model, for each group, and for each enum in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from modbus_schema.imports.imported import Imported
from modbus_schema.imports.names import unused
from modbus_schema.imports.text import call, docstring, literal, sentence
from modbus_schema.sunspec.definitions import Definition, Group, Point
from modbus_schema.sunspec.extents import Extent, constant, item_extent, whole_extent
from modbus_schema.sunspec.naming import class_name, field_names
from modbus_schema.sunspec.points import Spelling, defaults, limits, parts, spell
from modbus_schema.sunspec.symbols import kind_source

MOST_REGISTERS = 1000
"""How many registers the items of a group have at most, where nobody says how long a model is.

A class has a place for each item: there are 10 to 50, but 1000 of one register, as certificates
have them.
"""

_LETTERS = "nmkjihgfedcba"
"""What the counts are called that an extent is computed from."""


class Scope(NamedTuple):
    """A group whose class is being written, and where it is."""

    group: Group
    class_name: str
    fields: dict[str, str]
    """Its fields by SunSpec's names of points and groups."""
    around: Scope | None

    def reference(self, name: str) -> str:
        """Return how a field of the class refers to a point of its group, or of one around."""
        scope: Scope | None = self
        while scope is not None and all(point.name != name for point in scope.group.points):
            scope = scope.around
        field = scope.fields[name] if scope else name
        return field if scope is self else f"outer({literal(field)})"


class ClassSource:
    """Writes the classes of one model.

    ``taken`` is what no class of the module may be called. A group whose items the device counts
    has as many as fit into ``length`` at most; where that is None, a usual number.
    """

    def __init__(self, imported: Imported, taken: set[str], length: int | None) -> None:
        self.imported = imported
        self.taken = taken
        self.length = length
        self.written: list[list[str]] = []

    def of_model(self, definition: Definition) -> list[list[str]]:
        """Return the lines of each class, in the order in which they need each other."""
        scope = self._scope(definition.group, None)
        points = list(_placed(definition.points))[2:]
        body = [*self._header(definition, scope), *self._points(scope, points)]
        body += self._groups(scope)
        label = definition.group.label or definition.group.name
        self._class(scope, f"Model {definition.model_id}: {label}", body)
        return self.written

    def _scope(self, group: Group, around: Scope | None) -> Scope:
        name = unused(class_name(group.name, around.class_name if around else ""), self.taken)
        self.taken.add(name)
        fields = field_names(group.names)
        return Scope(group, name, fields, around)

    def _class(self, scope: Scope, title: str, body: Sequence[str]) -> None:
        head = f"class {scope.class_name}({self.imported.use('RegisterMap')}):"
        text = f"{sentence(title)}\n\n{scope.group.description}".strip()
        self.written.append([head, *docstring(text), "", *body])

    def _header(self, definition: Definition, scope: Scope) -> Iterator[str]:
        """Write ID and L, which begin as what the definition says."""
        length = item_extent(definition.group).constant - 2
        header = definition.group.points[:2]
        for address, (point, value) in enumerate(
            zip(header, (definition.model_id, length), strict=True)
        ):
            yield from self._field(
                f"{scope.fields[point.name]}: {self.imported.use('RO')}",
                address,
                Spelling("uint16", "int"),
                [f"default={value}", *_texts(point)],
            )

    def _points(self, scope: Scope, points: Sequence[tuple[int, Point]]) -> Iterator[str]:
        """Write fields, those first that other fields refer to."""
        named = {point.scale for _, point in points} | _counts(scope.group)
        for address, point in sorted(points, key=lambda placed: placed[1].name not in named):
            yield from self._point(scope, address, point)

    def _point(self, scope: Scope, address: int, point: Point) -> Iterator[str]:
        field = scope.fields[point.name]
        scale = scope.reference(point.scale) if isinstance(point.scale, str) else None
        counts = point.name in _counts(scope.group)
        kind = self._kind(scope, field, point) if point.symbols else None
        access = self.imported.use("RW" if point.writable else "RO")
        for suffix, part in parts(point):
            options = [*defaults(part, counts), *limits(part), *_texts(part)]
            spelling = spell(part, kind=kind, scale=scale, counts=counts)
            yield from self._field(f"{field}{suffix}: {access}", address, spelling, options)
            address += part.size

    def _kind(self, scope: Scope, field: str, point: Point) -> str:
        name = unused(f"{scope.class_name}{class_name(field)}", self.taken)
        self.taken.add(name)
        lines = kind_source(name, f"{scope.class_name}.{field}", point, self.imported)
        self.written.append(lines)
        return name

    def _field(
        self, head: str, address: int, spelling: Spelling, options: Sequence[str]
    ) -> list[str]:
        annotation, codec = map(self.imported.source, (spelling.annotation, spelling.codec))
        placement = self.imported.use("holding_register")
        return call(f"{head}[{annotation}] = {placement}", [str(address), codec, *options])

    def _groups(self, scope: Scope) -> Iterator[str]:
        base = constant(scope.group.size)
        for group in scope.group.groups:
            yield from self._group(scope, group, base)
            base = base.plus(whole_extent(group))

    def _group(self, around: Scope, group: Group, base: Extent) -> Iterator[str]:
        scope = self._scope(group, around)
        body = [*self._points(scope, list(_placed(group.points))), *self._groups(scope)]
        self._class(scope, group.label or f"The group {group.name} of {around.class_name}", body)
        repeats = group.times is not None
        kind = f"tuple[{scope.class_name}, ...]" if repeats else scope.class_name
        access = self.imported.use("RW" if _is_writable(group) else "RO")
        placement = self.imported.use("repeat" if repeats else "group")
        head = f"{around.fields[group.name]}: {access}[{self.imported.source(kind)}] = {placement}"
        arguments = [scope.class_name, f"base={self._extent(around, base)}"]
        if repeats:
            arguments.append(f"stride={self._extent(around, item_extent(group))}")
            arguments.append(f"count={self._count(around, group, base)}")
            if not group.times or isinstance(group.times, str):
                arguments.append(f"at_most={self._most(group)}")
        if group.together:
            arguments.append("together=True")
        if group.text:
            arguments.append(f"description={literal(group.text)}")
        yield from call(head, arguments)

    def _count(self, scope: Scope, group: Group, base: Extent) -> str:
        if group.times == 0:
            return self._filling(scope, group, base)
        if isinstance(group.times, str):
            return self.imported.source(scope.reference(group.times))
        return str(group.times)

    def _filling(self, scope: Scope, group: Group, base: Extent) -> str:
        """Return the count of a group that repeats as often as the length of the model allows."""
        first, others = _LETTERS[0], _LETTERS[1:]
        variables = dict(zip(base.counts, others, strict=False))
        sources = ", ".join(scope.reference(name) for name in ("L", *variables))
        fixed = base.plus(constant(-2)).text(variables)
        rest = f"{first} - ({fixed})" if variables else f"{first} - {fixed}"
        parameters = ", ".join((first, *variables.values()))
        each = item_extent(group).constant
        return self.imported.source(f"given({sources}, lambda {parameters}: ({rest}) // {each})")

    def _most(self, group: Group) -> int:
        size = item_extent(group).constant
        if self.length is not None:
            return max(1, self.length // size)
        return max(10, min(50, MOST_REGISTERS // size)) if size > 1 else MOST_REGISTERS

    def _extent(self, scope: Scope, extent: Extent) -> str:
        variables = dict(zip(extent.counts, _LETTERS, strict=False))
        if not variables:
            return extent.text({})
        sources = ", ".join(scope.reference(name) for name in variables)
        parameters = ", ".join(variables.values())
        text = f"given({sources}, lambda {parameters}: {extent.text(variables)})"
        return self.imported.source(text)


def _placed(points: Sequence[Point]) -> Iterator[tuple[int, Point]]:
    address = 0
    for point in points:
        yield address, point
        address += point.size


def _counts(group: Group) -> set[str | int | None]:
    """Return the counts of the groups in a group, however deep."""
    found: set[str | int | None] = set()
    for inner in group.groups:
        found |= {inner.times, *_counts(inner)}
    return found


def _is_writable(group: Group) -> bool:
    return any(point.writable for point in group.points) or any(map(_is_writable, group.groups))


def _texts(point: Point) -> Iterator[str]:
    if point.unit:
        yield f"unit={literal(point.unit)}"
    if point.text:
        yield f"description={literal(point.text)}"
