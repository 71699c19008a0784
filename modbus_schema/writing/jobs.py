"""What a write was called with: settings, an instance, or the difference between two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from modbus_schema.errors import DecodeError
from modbus_schema.fields.refs import Setting
from modbus_schema.layout.shapes import value_in
from modbus_schema.layout.tree import Layout, Path, Slot
from modbus_schema.writing.changes import is_same
from modbus_schema.writing.outcome import Named
from modbus_schema.writing.plans import Wanted, WritePlans


class Job(Protocol):
    """Something to write, of which no layout says yet where it is."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """What is written, and by what it is followed."""
        ...

    def fields(self, full: Layout) -> list[Named]:
        """Return the fields that are to be written, as far as that is known without the device."""
        ...

    def told(self, full: Layout) -> Mapping[Path, Any]:
        """Return what is written of the fields that the shape of the device depends on."""
        ...

    def wanted(self, plans: WritePlans) -> Wanted:
        """Return what shall be written by the layout of some plans; raises `EncodeError`."""
        ...


class SettingsJob:
    """What settings say."""

    def __init__(self, settings: Iterable[Setting[Any]], then: Sequence[Setting[Any]]) -> None:
        self.settings = tuple(settings)
        self.then = then

    @property
    def paths(self) -> tuple[Path, ...]:
        """The fields and groups that the settings name."""
        every: tuple[object, ...] = (*self.settings, *self.then)
        return tuple(each.ref.path for each in every if isinstance(each, Setting))

    def fields(self, full: Layout) -> list[Named]:
        """Return the fields of the settings."""
        return _fields_of(full, (*self.settings, *self.then))

    def told(self, full: Layout) -> Mapping[Path, Any]:
        """Return the values among the settings, also in those of groups."""
        found = {}
        for slot in _deciding(full):
            for setting in self.settings:
                path = setting.ref.path
                if path == slot.path[: len(path)]:
                    found[slot.path] = value_in(setting.value, slot, len(path))
        return found

    def wanted(self, plans: WritePlans) -> Wanted:
        """Return the fields of the settings."""
        return plans.of_settings(self.settings, self.then)


class InstanceJob:
    """All writable fields of an instance."""

    paths: tuple[Path, ...] = ((),)

    def __init__(self, instance: object, then: Sequence[Setting[Any]]) -> None:
        self.instance = instance
        self.then = then

    def fields(self, full: Layout) -> list[Named]:
        """Return the fields that the instance has."""
        return [*_said(full.slots, self.instance), *_fields_of(full, self.then)]

    def told(self, full: Layout) -> Mapping[Path, Any]:
        """Return the values in the instance."""
        return dict(_in_instance(_deciding(full), self.instance))

    def wanted(self, plans: WritePlans) -> Wanted:
        """Return its writable fields."""
        return plans.of_instance(self.instance, self.then)


class ChangesJob:
    """The fields in which an instance differs from an older one."""

    paths: tuple[Path, ...] = ((),)

    def __init__(self, old: object, new: object, then: Sequence[Setting[Any]]) -> None:
        self.old = old
        self.new = new
        self.then = then

    def fields(self, full: Layout) -> list[Named]:
        """Return the fields whose values are others."""
        before, after = _said(full.slots, self.old), _said(full.slots, self.new)
        changed = (
            slot
            for slot, value in after.items()
            if slot not in before or not is_same(before[slot], value)
        )
        return [*changed, *_fields_of(full, self.then)]

    def told(self, full: Layout) -> Mapping[Path, Any]:
        """Return the values that have changed."""
        before = dict(_in_instance(_deciding(full), self.old))
        return {
            path: value
            for path, value in _in_instance(_deciding(full), self.new)
            if path not in before or not is_same(before[path], value)
        }

    def wanted(self, plans: WritePlans) -> Wanted:
        """Return what differs."""
        return plans.of_changes(self.old, self.new, self.then)


def _deciding(full: Layout) -> list[Slot]:
    """Return the fields that a client may write and the shape of a device depends on."""
    paths = {path for question in full.questions for path in question.found.paths}
    return [slot for slot in full.slots if slot.path in paths and slot.access.writable]


def _fields_of(full: Layout, settings: Iterable[object]) -> list[Named]:
    """Return what settings are about: of a group its fields, but for one that nobody can place."""
    fields: list[Named] = []
    for setting in settings:
        if isinstance(setting, Setting):
            path = setting.ref.path
            fields += _said(_slots_at(full, path), setting.value, len(path)) or [setting.ref]
    return fields


def _slots_at(full: Layout, path: Path) -> tuple[Slot, ...]:
    try:
        return full.slots_of(path)
    except LookupError:  # it is of another map
        return ()


def _said(slots: Iterable[Slot], value: object, start: int = 0) -> dict[Slot, Any]:
    """Return the fields that a value says something of, and that a client may write."""
    said: dict[Slot, Any] = {}
    for slot in slots:
        if not slot.access.writable or (slot.alias and len(slot.path) > start):
            continue
        with suppress(DecodeError):  # of a part that it has not
            own = value_in(value, slot, start)
            if slot.access.readable or own is not None:
                said[slot] = own
    return said


def _in_instance(slots: Iterable[Slot], instance: object) -> Iterator[tuple[Path, Any]]:
    for slot in slots:
        try:
            yield slot.path, value_in(instance, slot)
        except DecodeError:  # a part that it has not
            continue
