"""What documents made of dictionaries and lists share: their parts, and a map for each unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modbus_schema.imports.sketch import Entry, Sketch


def needed(given: Mapping[str, Any], word: str) -> Any:
    """Return what a dictionary has under a word; raises ValueError where it has nothing."""
    if given.get(word) is None:
        raise ValueError(f"{word} is missing")
    return given[word]


def known(value: object, word: str) -> Mapping[str, Any]:
    """Return a value that has to be a dictionary."""
    if not isinstance(value, dict):
        raise ValueError(f"{word} is no table of names, but {value!r}")
    return value


def listed(given: Mapping[str, Any], word: str) -> list[Mapping[str, Any]]:
    """Return the dictionaries that are listed under a word; none where the word is not there."""
    value = given.get(word)
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{word} is no list, but {value!r}")
    return [known(item, f"{word}[{index}]") for index, item in enumerate(value)]


def whole(value: object, word: str) -> int:
    """Return a value that has to be a whole number; text such as ``0x10`` is one as well."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str):
            return int(value, 0)
    except ValueError:
        pass
    raise ValueError(f"{word} is a whole number, not {value!r}")


def by_unit(name: str, file: str, units: Mapping[int, tuple[Entry, ...]]) -> list[Sketch]:
    """Return a sketch for each unit id; the id is in its name where there are several."""
    return [
        Sketch(
            name if len(units) == 1 else f"{name}Unit{unit_id}",
            f"The registers of unit {unit_id} in {file}.",
            entries,
        )
        for unit_id, entries in units.items()
    ]
