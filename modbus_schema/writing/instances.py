"""Whole instances as parts of a write: their cells by generated code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from modbus_schema.compile import compile_encoder
from modbus_schema.fields.write_rules import WriteRules, WriteWith
from modbus_schema.layout.tree import Layout, Path, Slot
from modbus_schema.planning.blocks import Block, plan_writes, write_with
from modbus_schema.writing.changes import Change, in_turn
from modbus_schema.writing.commits import commits_of, without_commits
from modbus_schema.writing.parts import Part

_MOST_WRITERS = 16
"""How many functions are generated for one map, by which of its write-only fields are None."""


class InstanceWriter(NamedTuple):
    """What writes the instances that say as much: the same fields of theirs are None."""

    blocks: list[tuple[Block, WriteWith]]
    """With each, by which function it is written."""
    encode: Callable[[Any], list[bytes]]
    commits: list[Change]

    def parts(self, instance: object) -> list[Part]:
        """Return the parts of an instance but for its commits; raises `EncodeError`."""
        pairs = zip(self.blocks, self.encode(instance), strict=True)
        return [Part(block, data, choice) for (block, choice), data in pairs]


class InstanceWriters:
    """The generated functions of a map that is written by some rules."""

    def __init__(self, layout: Layout, rules: WriteRules) -> None:
        self._layout = layout
        self._rules = rules
        self._own = [slot for slot in layout.slots if slot.access.writable and not slot.alias]
        self._write_only = [slot for slot in self._own if not slot.access.readable]
        self._writers: dict[frozenset[Slot], InstanceWriter] = {}

    def writer_for(self, instance: object) -> InstanceWriter | None:
        """Return what writes an instance; None where that is for the plain way."""
        try:
            absent = frozenset(
                slot for slot in self._write_only if _at(instance, slot.path) is None
            )
        except (AttributeError, IndexError, TypeError):  # it has something else for a group
            return None
        writer = self._writers.get(absent)
        if writer is None and len(self._writers) < _MOST_WRITERS:
            writer = self._writers[absent] = self._made(absent)
        return writer

    def _made(self, absent: frozenset[Slot]) -> InstanceWriter:
        own = [slot for slot in self._own if slot not in absent]
        commits = commits_of(self._layout, own)
        own = without_commits(own, commits)
        blocks = in_turn(plan_writes(own, self._rules), own)
        chosen: list[tuple[Block, WriteWith]]
        chosen = [(block, write_with(block.slots, self._rules)) for block in blocks]
        return InstanceWriter(chosen, compile_encoder(self._layout.root, blocks), commits)


def _at(instance: Any, path: Path) -> Any:
    value = instance
    for step in path:
        value = getattr(value, step) if isinstance(step, str) else value[step]
    return value
