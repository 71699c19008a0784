"""What is written after others because the map says so: their commit registers."""

from __future__ import annotations

from collections.abc import Iterable

from modbus_schema.layout.tree import Layout, Slot
from modbus_schema.writing.changes import Change


def commits_of(layout: Layout, slots: Iterable[Slot]) -> list[Change]:
    """Return the commands that have to follow a write of fields, each once and in order.

    One that another one needs comes after it; otherwise they are in the order in which the fields
    name them.
    """
    done: list[Change] = []

    def visit(command: Change) -> None:
        if command not in done:
            for each in reversed(_commands(layout, [command[0]])):
                visit(each)
            done.append(command)

    for command in reversed(_commands(layout, slots)):
        visit(command)
    return done[::-1]


def _commands(layout: Layout, slots: Iterable[Slot]) -> list[Change]:
    """Return the commands that fields name themselves, each once, in the order of the first."""
    commands: list[Change] = []
    for slot in slots:
        for path, value in slot.writing.then:
            fields = layout.slots_of(path)  # none where the device has not got it
            commands += [(field, value) for field in fields if (field, value) not in commands]
    return commands


def without_commits(slots: Iterable[Slot], commits: Iterable[Change]) -> list[Slot]:
    """Return the slots that no command is written to anyway."""
    commanded = {slot for slot, _ in commits}
    return [slot for slot in slots if slot not in commanded]


def staged(
    layout: Layout, changes: Iterable[tuple[Change, bool]], then: Iterable[Change]
) -> tuple[list[Change], list[Change]]:
    """Return what is written first, and the commands that follow it.

    With each change comes whether its field was asked for by name. The commands are those of the
    map, then ``then``, which stands for what the map would write to the same field. A field that
    takes a command keeps a value of its own only where that was asked for by name and differs: a
    lock may be opened first and closed at the end.
    """
    wanted = [*changes]
    last = [*then]
    if not wanted:
        return [], []
    others = {slot for slot, _ in last}
    slots = [slot for (slot, _), _ in wanted]
    mapped = [each for each in commits_of(layout, [*slots, *others]) if each[0] not in others]
    commanded = others | {slot for slot, _ in mapped}
    first = [
        change
        for change, is_named in wanted
        if change[0] not in commanded or (is_named and change not in mapped)
    ]
    return first, [*mapped, *last]
