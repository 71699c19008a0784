"""How a map is written by some rules: from settings, instances and changes to parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from modbus_schema.compile.plain import with_factors
from modbus_schema.errors import DefinitionError
from modbus_schema.fields.refs import Setting
from modbus_schema.fields.write_rules import WriteRules, write_rules_from
from modbus_schema.layout.tree import Layout, Slot, ValueOf
from modbus_schema.planning.blocks import write_problems, write_with
from modbus_schema.writing.changes import (
    Change,
    Encoded,
    encode_known,
    encode_writes,
    writable_values,
    writes_of,
)
from modbus_schema.writing.commits import staged
from modbus_schema.writing.differences import changes_between
from modbus_schema.writing.instances import InstanceWriters
from modbus_schema.writing.parts import Part


def write_plans(layout: Layout, **overrides: object) -> WritePlans:
    """Return how a map is written, by its own rules or as they are overridden by keyword.

    None overrides nothing. Raises ValueError for a wrong keyword, `DefinitionError` where a field
    cannot be written by the rules.
    """
    given = {keyword: value for keyword, value in overrides.items() if value is not None}
    rules, problems = write_rules_from(given)
    if problems:
        raise ValueError("\n".join(problems))
    # what the classes say about functions is in the slots, each group's for its own fields
    return write_plans_of(layout, rules.over(layout.write_rules._replace(write_with=None)))


def write_plans_of(layout: Layout, rules: WriteRules) -> WritePlans:
    """Return how a map is written by some rules; raises `DefinitionError` where it cannot be."""

    def make() -> WritePlans:
        problems = list(write_problems(layout, rules))
        if problems:
            raise DefinitionError("\n".join(problems))
        return WritePlans(layout, rules)

    return layout.once(("write", rules), make)


class Wanted(NamedTuple):
    """What shall be written: the fields and their values, and the commands that follow."""

    changes: Sequence[tuple[Change, bool]]
    """With each, whether the field was asked for by name."""
    last: Sequence[Change] = ()

    def needs(self) -> list[Slot]:
        """Return the fields whose values have to be known besides, such as scale factors."""
        written = {slot for (slot, _), _ in self.changes} | {slot for slot, _ in self.last}
        found = with_factors(slot for slot in written if slot.factors)
        return [slot for slot in found if slot not in written]


class WritePlans:
    """The parts of writes of a map by some rules; all values are encoded before any is sent.

    All its methods raise `EncodeError`.
    """

    def __init__(self, layout: Layout, rules: WriteRules) -> None:
        self.layout = layout
        self.rules = rules
        self._instances = InstanceWriters(layout, rules)

    def of_settings(
        self, settings: Iterable[Setting[Any]], then: Iterable[Setting[Any]] = ()
    ) -> Wanted:
        """Return what settings say, in their order, and what follows them."""
        return Wanted([*writes_of(self.layout, settings)], self._last(then))

    def of_changes(self, old: object, new: object, then: Iterable[Setting[Any]] = ()) -> Wanted:
        """Return what differs between two instances: nothing where nothing does."""
        changes = [(change, False) for change in changes_between(self.layout, old, new)]
        return Wanted(changes, self._last(then))

    def of_instance(self, instance: object, then: Iterable[Setting[Any]] = ()) -> Wanted:
        """Return the writable fields of an instance, and what follows them."""
        changes = [(change, False) for change in writable_values(self.layout.root, instance)]
        return Wanted(changes, self._last(then))

    def instance_parts(self, instance: object) -> list[Part] | None:
        """Return the parts of an instance by generated code; None where that is not its case."""
        writer = None if self.layout.is_scaled else self._instances.writer_for(instance)
        if writer is None:
            return None
        return [*writer.parts(instance), *self._commits(writer.commits, None)]

    def parts(self, wanted: Wanted, value_of: ValueOf | None = None) -> list[Part]:
        """Return the parts of what shall be written.

        ``value_of`` gives the values of what that `needs`.
        """
        first, commits = staged(self.layout, wanted.changes, wanted.last)
        encoded = encode_writes(first, self.rules, value_of)
        return [*self._parts(encoded), *self._commits(commits, value_of)]

    def known_parts(self, wanted: Wanted) -> list[Part]:
        """Return the parts of what shall be written before what it `needs` has been read."""
        unknown = wanted.needs()
        first, commits = staged(self.layout, wanted.changes, wanted.last)
        stages = [(first, False), *(([commit], True) for commit in commits)]
        return [
            Part(
                block,
                data or bytes(block.size),
                write_with(block.slots, self.rules),
                is_commit=is_commit,
                is_known=data is not None,
            )
            for changes, is_commit in stages
            for block, data in encode_known(changes, self.rules, unknown)
        ]

    def _last(self, then: Iterable[Setting[Any]]) -> list[Change]:
        return [change for change, _ in writes_of(self.layout, then)]

    def _commits(self, commits: Iterable[Change], value_of: ValueOf | None) -> list[Part]:
        """Return a part for each command: what follows is never sent together."""
        encoded = [encode_writes([commit], self.rules, value_of) for commit in commits]
        return [part._replace(is_commit=True) for each in encoded for part in self._parts(each)]

    def _parts(self, encoded: Encoded) -> list[Part]:
        return [Part(block, data, write_with(block.slots, self.rules)) for block, data in encoded]
