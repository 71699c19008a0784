"""Which fields of a layout a source means: in the map that its user is in, or in one around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from modbus_schema.fields.refs import Path
from modbus_schema.layout.slots import Found, Slot
from modbus_schema.layout.tree import Absent, GroupNode, Node, RepeatNode
from modbus_schema.sources import Outer, Source


class Scope(NamedTuple):
    """A map whose fields may be meant, and where it is."""

    node: GroupNode
    path: Path


class _NotFoundError(Exception):
    """Why a source is none, and whether it may be one where the map is placed in another."""

    def __init__(self, problem: str, *, may_be_further_out: bool = False) -> None:
        super().__init__(problem)
        self.may_be_further_out = may_be_further_out


def find(source: Source[Any], scopes: Sequence[Scope]) -> Found:
    """Find the fields of a source that is used in the last of some maps, each in the one before."""
    found = Found(source)
    try:
        for each in source.inputs():
            _add(found, each, scopes)
    except _NotFoundError as error:
        found.problem = str(error)
        found.may_be_further_out = error.may_be_further_out
    return found


def _add(found: Found, source: Source[Any], scopes: Sequence[Scope]) -> None:
    try:
        path = source.target()
    except LookupError as error:
        raise _NotFoundError(str(error)) from None
    if isinstance(source, Outer):
        around = [scope for scope in scopes[:-1] if source.name in scope.node.members]
        if not around:
            problem = f"no map around it has a field {source.name!r}"
            raise _NotFoundError(problem, may_be_further_out=True)
        scope = around[-1]
    else:
        scope = scopes[-1]
    node = _node(source, scope.node, path)
    found.paths = (*found.paths, (*scope.path, *path))
    found.slots = (*found.slots, None if isinstance(node, Absent) else node)
    found.is_open |= isinstance(node, Absent) and not node.is_known


def _node(source: Source[Any], root: GroupNode, path: Path) -> Slot | Absent:
    node: Node = root
    for step in path:
        found = _step(node, step)
        if found is None:
            problem = f"{source!r} is no field of {root.model.__name__}"
            raise _NotFoundError(problem, may_be_further_out=True)  # another fault is told of it
        node = found
    if isinstance(node, Absent):
        return node
    if not isinstance(node, Slot):
        raise _NotFoundError(f"{source!r} is a group, not a field of one value")
    if not node.access.readable:
        raise _NotFoundError(f"{node.name} is write-only: it cannot be asked")
    if node.codec.needs:
        raise _NotFoundError(f"{node.name} depends on another field itself")
    return node


def _step(node: Node, step: str | int) -> Node | None:
    if isinstance(node, Absent):
        return node
    if isinstance(node, GroupNode) and isinstance(step, str):
        return node.members.get(step)
    if isinstance(node, RepeatNode) and isinstance(step, int):
        known = step < len(node.items)
        return node.items[step] if known else Absent(f"{node.name}[{step}]", is_known=True)
    return None
