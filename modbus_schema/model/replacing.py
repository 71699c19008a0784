"""Copies of instances with some values changed, in groups and in what repeats too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import attrs

from modbus_schema.fields.refs import Path, Setting

T = TypeVar("T")


def with_settings(instance: T, settings: Iterable[Setting[Any]]) -> T:
    """Return a copy in which each setting's field has its value.

    Raises TypeError for what is no setting of this map, or leads into a group that is not there,
    and IndexError past the items that there are.
    """
    for setting in settings:
        ref = getattr(setting, "ref", None)
        if ref is None or not isinstance(instance, ref.model):
            raise TypeError(f"{setting!r} is no setting of a {type(instance).__name__}")
        instance = _put(instance, ref.path, setting)
    return instance


def _put(old: Any, path: Path, setting: Setting[Any]) -> Any:
    """Return what stands at the start of a path, with the setting's value at its end."""
    if not path:
        return setting.value
    if old is None:
        raise TypeError(f"{setting!r} leads into a group that is not there")
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return (*old[:step], _put(old[step], rest, setting), *old[step + 1 :])
    return attrs.evolve(old, **{step: _put(getattr(old, step), rest, setting)})
