"""The values of a map that came so far, some of them by field and some by group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

from modbus_schema.layout import Absent, GroupNode, Layout, Node, Path, Slot, resolve
from modbus_schema.model import RegisterMap
from modbus_schema.refs import Ref, reference

M = TypeVar("M", bound=RegisterMap)
T = TypeVar("T")


class Values(Generic[M]):
    """Values of the fields of a map; each is asked for by its reference, or by that of a group."""

    __slots__ = ("_by_path", "_layout")

    def __init__(
        self, layout: Layout, by_path: Mapping[Path, Any] | Iterable[tuple[Path, Any]] = ()
    ) -> None:
        self._layout = layout
        self._by_path = dict(by_path)

    def update(self, other: Values[M]) -> None:
        """Take over all values of others."""
        self._by_path.update(other._by_path)

    def __getitem__(self, ref: Ref[M, T]) -> T:
        node = resolve(self._layout, ref)
        try:
            value: T = self._value(node, ref.path)
        except LookupError:
            raise KeyError(f"{ref!r} has no value") from None
        return value

    def __contains__(self, ref: Ref[M, Any]) -> bool:
        try:
            self[ref]
        except KeyError:
            return False
        return True

    def by_field(self) -> dict[Ref[M, Any], Any]:
        """Return the values field by field."""
        found = {}
        for slot in self._layout.slots:
            ref: Ref[M, Any] = reference(self._layout.model, slot.path)
            if slot.access.readable and ref in self:
                found[ref] = self[ref]
        return found

    def whole(self) -> M | None:
        """Return an instance with all of them; None where a field has no value."""
        try:
            instance: M = self._value(self._layout.root, ())
        except LookupError:
            return None
        return instance

    def _value(self, node: Node, path: Path) -> Any:
        """Return the value of what a path leads to; LookupError where it did not come."""
        for end in range(len(path), -1, -1):
            if path[:end] in self._by_path:
                return _inside(self._by_path[path[:end]], path[end:])
        return self._gathered(node, path)

    def _gathered(self, node: Node, path: Path) -> Any:
        """Return the value of what came in parts."""
        if path in self._by_path:
            return self._by_path[path]
        if isinstance(node, Slot):
            if node.access.readable:
                raise LookupError(path)
            return None
        if isinstance(node, Absent):
            return None
        if not isinstance(node, GroupNode):
            return tuple(
                self._gathered(item, (*path, index)) for index, item in enumerate(node.items)
            )
        instance: Any = object.__new__(node.model)
        for name, member in node.members.items():
            object.__setattr__(instance, name, self._gathered(member, (*path, name)))
        return instance


def _inside(value: Any, path: Path) -> Any:
    """Return what is at a path in an instance; None in a group that is absent."""
    for step in path:
        if value is None:
            return None
        value = value[step] if isinstance(step, int) else getattr(value, step)
    return value
