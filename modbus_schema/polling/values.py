"""The values of a map that came so far, some of them by field and some by group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

from modbus_schema.fields.declared import Declaration, Group, Leaf
from modbus_schema.fields.refs import Path, Ref, declaration_at, reference
from modbus_schema.model.register_map import RegisterMap

M = TypeVar("M", bound=RegisterMap)
T = TypeVar("T")


class Values(Generic[M]):
    """Values of the fields of a map; each is asked for by its reference, or by that of a group."""

    __slots__ = ("_by_path", "_model")

    def __init__(self, model: type[M], by_path: Iterable[tuple[Path, Any]] = ()) -> None:
        self._model = model
        self._by_path = dict(by_path)

    def update(self, other: Values[M]) -> None:
        """Take over all values of others."""
        self._by_path.update(other._by_path)

    def __getitem__(self, ref: Ref[M, T]) -> T:
        try:
            value: T = self._value(ref.path)
        except LookupError:
            raise KeyError(f"{ref!r} has no value") from None
        return value

    def __contains__(self, ref: Ref[M, Any]) -> bool:
        try:
            self._value(ref.path)
        except LookupError:
            return False
        return True

    def by_field(self) -> dict[Ref[M, Any], Any]:
        """Return the values field by field, in the order of the map."""
        found = self._fields(Group(self._model, base=0), ())
        return {reference(self._model, path): value for path, value in found}

    def whole(self) -> M | None:
        """Return an instance with all of them; None where a field has no value."""
        try:
            instance: M = self._value(())
        except LookupError:
            return None
        return instance

    def _value(self, path: Path) -> Any:
        """Return the value of what a path leads to; LookupError where it did not come."""
        for end in range(len(path), -1, -1):
            if path[:end] in self._by_path:
                return _inside(self._by_path[path[:end]], path[end:])
        return self._gathered(declaration_at(self._model, path), path)

    def _gathered(self, field: Declaration, path: Path) -> Any:
        """Return the value of what came in parts."""
        if path in self._by_path:
            return self._by_path[path]
        if isinstance(field, Leaf):
            if field.access.readable:
                raise LookupError(path)
            return None
        if not isinstance(field, Group):
            indexes = range(field.times)
            return tuple(self._gathered(field.item(index), (*path, index)) for index in indexes)
        instance: Any = object.__new__(field.model)
        for name, member in field.model.__fields__.items():
            object.__setattr__(instance, name, self._gathered(member, (*path, name)))
        return instance

    def _fields(self, field: Declaration, path: Path) -> Iterator[tuple[Path, Any]]:
        if path in self._by_path:
            yield from _fields_in(field, path, self._by_path[path])
        elif isinstance(field, Group):
            for name, member in field.model.__fields__.items():
                yield from self._fields(member, (*path, name))
        elif not isinstance(field, Leaf):
            for index in range(field.times):
                yield from self._fields(field.item(index), (*path, index))


def _inside(value: Any, path: Path) -> Any:
    """Return what is at a path in an instance; None in a group that is absent."""
    for step in path:
        if value is None:
            return None
        value = value[step] if isinstance(step, int) else getattr(value, step)
    return value


def _fields_in(field: Declaration, path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """Return the fields of a value; a group that is absent has none."""
    if isinstance(field, Leaf):
        if field.access.readable:
            yield path, value
    elif value is None:
        return
    elif isinstance(field, Group):
        for name, member in field.model.__fields__.items():
            yield from _fields_in(member, (*path, name), getattr(value, name))
    else:
        for index, item in enumerate(value):
            yield from _fields_in(field.item(index), (*path, index), item)
