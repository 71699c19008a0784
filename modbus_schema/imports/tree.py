"""The fields of a map by their paths: groups, and what repeats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from modbus_schema.imports.faults import Fault, ImportFailed
from modbus_schema.imports.sketch import Entry


class Branch:
    """A map or a group: its members by name, in the order of the document."""

    def __init__(self) -> None:
        self.members: dict[str, Node] = {}

    def leaves(self) -> Iterator[Entry]:
        """Return the fields below."""
        for member in self.members.values():
            yield from leaves_of(member)

    @property
    def base(self) -> int:
        """The lowest address below, in whatever table."""
        return min(entry.leaf.address for entry in self.leaves())

    @property
    def extent(self) -> int:
        """How many cells there are from the lowest address to the end of the last field."""
        ends = (entry.leaf.address + entry.leaf.codec.registers for entry in self.leaves())
        return max(ends) - self.base


Node: TypeAlias = "Entry | Branch | dict[int, Branch]"


def leaves_of(node: Node) -> Iterator[Entry]:
    """Return the fields of a node."""
    if isinstance(node, Entry):
        yield node
    elif isinstance(node, Branch):
        yield from node.leaves()
    else:
        for item in node.values():
            yield from item.leaves()


def tree_of(entries: Sequence[Entry]) -> Branch:
    """Return the tree of some fields; raises `ImportFailed` where a field is a group as well."""
    root = Branch()
    faults = []
    for entry in entries:
        try:
            _plant(root, entry)
        except ValueError as error:
            faults.append(Fault(entry.where, f"{entry.name}: {error}"))
    if faults:
        raise ImportFailed(faults)
    return root


def _plant(branch: Branch, entry: Entry) -> None:
    path = list(entry.path)
    while True:
        name = path.pop(0)
        if not isinstance(name, str):
            raise ValueError("is no name of a field")
        if not path:
            _put(branch, name, entry)
            return
        branch = _item(branch, name, path) if isinstance(path[0], int) else _group(branch, name)
        if not path:
            raise ValueError("an item of what repeats is a group")


def _put(branch: Branch, name: str, entry: Entry) -> None:
    if name in branch.members:
        raise ValueError("is a group as well")
    branch.members[name] = entry


def _group(branch: Branch, name: str) -> Branch:
    found = branch.members.setdefault(name, Branch())
    if not isinstance(found, Branch):
        raise ValueError(f"{name} is no group elsewhere")
    return found


def _item(branch: Branch, name: str, path: list[str | int]) -> Branch:
    index = int(path.pop(0))
    items = branch.members.setdefault(name, {})
    if not isinstance(items, dict):
        raise ValueError(f"{name} does not repeat elsewhere")
    return items.setdefault(index, Branch())
