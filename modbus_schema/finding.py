"""Which fields of a layout a source means: in the map that its user is in, or in one around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from modbus_schema.layout import Absent, GroupNode, Node, RepeatNode
from modbus_schema.refs import Path
from modbus_schema.slots import Found, Slot
from modbus_schema.sources import Outer, Source


class Scope(NamedTuple):
    """A map whose fields may be meant."""

    node: GroupNode


class _NotFoundError(Exception):
    """Why a source is none, and whether it may be one where the map is placed in another."""

    def __init__(self, problem: str, *, may_be_further_out: bool = False) -> None:
        super().__init__(problem)
        self.may_be_further_out = may_be_further_out


def find(source: Source[Any], scopes: Sequence[Scope]) -> Found:
    """Find the fields of a source that is used in the last of some maps, each in the one before."""
    try:
        return Found(source, [_field(each, scopes) for each in source.inputs()])
    except _NotFoundError as error:
        return Found(source, (), problem=str(error), may_be_further_out=error.may_be_further_out)


def _field(source: Source[Any], scopes: Sequence[Scope]) -> Slot | None:
    try:
        path = source.target()
    except LookupError as error:
        raise _NotFoundError(str(error)) from None
    if isinstance(source, Outer):
        around = [scope.node for scope in scopes[:-1] if source.name in scope.node.members]
        if not around:
            problem = f"no map around it has a field {source.name!r}"
            raise _NotFoundError(problem, may_be_further_out=True)
        return _leaf(source, around[-1], path)
    return _leaf(source, scopes[-1].node, path)


def _leaf(source: Source[Any], root: GroupNode, path: Path) -> Slot | None:
    node: Node = root
    for step in path:
        found = _step(node, step)
        if found is None:
            raise _NotFoundError(f"{source!r} is no field of {root.model.__name__}")
        node = found
    if isinstance(node, Absent):
        return None
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
        return node.items[step] if step < len(node.items) else Absent(f"[{step}]")
    return None
