"""Which fields of a map are read at which period: its poll groups."""

from __future__ import annotations

from collections.abc import Iterator

from modbus_schema.layout import GroupNode, Layout, Node, Path, RepeatNode, Slot
from modbus_schema.periods import Period


def poll_groups(layout: Layout, default: Period | None) -> dict[Period, tuple[Path, ...]]:
    """Return what is read at each period, by paths to fields and whole groups; WO is left out.

    A group whose fields have one period is one path, the whole map ``()``. Raises ValueError where
    a field has no period and there is no default, or where there is nothing to read.
    """
    if default is None:
        _refuse_fields_without(layout)
    found: dict[Period, list[Path]] = {}
    for period, path in _parts(layout.root, (), default):
        found.setdefault(period, []).append(path)
    if not found:
        raise ValueError(f"nothing in {layout.model.__name__} can be read")
    return {period: tuple(paths) for period, paths in sorted(found.items(), key=_length)}


def _length(group: tuple[Period, object]) -> float:
    nanoseconds = group[0].nanoseconds
    return float("inf") if nanoseconds is None else nanoseconds


def _refuse_fields_without(layout: Layout) -> None:
    lacking = [slot for slot in layout.slots if slot.access.readable and slot.every is None]
    if lacking:
        others = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        verb = "have" if others else "has"
        raise ValueError(f"{lacking[0].name}{others} {verb} no period: give the poller every=")


def _parts(node: Node, path: Path, default: Period | None) -> list[tuple[Period, Path]]:
    if isinstance(node, Slot):
        period = node.every or default
        return [(period, path)] if period and node.access.readable else []
    parts = [
        part for step, member in _members(node) for part in _parts(member, (*path, step), default)
    ]
    periods = {period for period, _ in parts}
    return [(periods.pop(), path)] if len(periods) == 1 else parts


def _members(node: Node) -> Iterator[tuple[str | int, Node]]:
    if isinstance(node, GroupNode):
        yield from node.members.items()
    elif isinstance(node, RepeatNode):
        yield from enumerate(node.items)
