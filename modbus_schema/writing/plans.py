"""How a map is written by some rules: from settings, instances and changes to parts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from modbus_schema.changes import (
    Change,
    Encoded,
    changes_between,
    encode_writes,
    writable_values,
    writes_of,
)
from modbus_schema.errors import DefinitionError
from modbus_schema.layout import Layout
from modbus_schema.planning import write_problems, write_with
from modbus_schema.refs import Setting
from modbus_schema.write_rules import WriteRules, write_rules_from
from modbus_schema.writing.commits import staged
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
    rules = rules.over(layout.write_rules._replace(write_with=None))

    def make() -> WritePlans:
        problems = list(write_problems(layout, rules))
        if problems:
            raise DefinitionError("\n".join(problems))
        return WritePlans(layout, rules)

    return layout.once(("write", rules), make)


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
    ) -> list[Part]:
        """Return the parts of what settings say, in their order, and of what follows them."""
        return self._of(writes_of(self.layout, settings), then)

    def of_changes(self, old: object, new: object, then: Iterable[Setting[Any]] = ()) -> list[Part]:
        """Return the parts of what differs between two instances; none where nothing does."""
        changes = changes_between(self.layout, old, new)
        return self._of(((change, False) for change in changes), then)

    def of_instance(self, instance: object, then: Iterable[Setting[Any]] = ()) -> list[Part]:
        """Return the parts of the writable fields of an instance, and of what follows them."""
        last = [*then]
        writer = None if last else self._instances.writer_for(instance)
        if writer is None:
            changes = writable_values(self.layout.root, instance)
            return self._of(((change, False) for change in changes), last)
        return [*self._parts(writer.encoded(instance)), *self._commits(writer.commits)]

    def _of(
        self, changes: Iterable[tuple[Change, bool]], then: Iterable[Setting[Any]]
    ) -> list[Part]:
        last = [change for change, _ in writes_of(self.layout, then)]
        first, commits = staged(self.layout, changes, last)
        return [*self._parts(encode_writes(first, self.rules)), *self._commits(commits)]

    def _commits(self, commits: Iterable[Change]) -> list[Part]:
        """Return a part for each command: what follows is never sent together."""
        encoded = [encode_writes([commit], self.rules) for commit in commits]
        return [part._replace(is_commit=True) for each in encoded for part in self._parts(each)]

    def _parts(self, encoded: Encoded) -> list[Part]:
        return [Part(block, data, write_with(block.slots, self.rules)) for block, data in encoded]
