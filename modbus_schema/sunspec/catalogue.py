"""Where definitions come from: pysunspec2's files, a folder of one's own, or one file.

Only the files of pysunspec2 are read; its code is not imported.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from modbus_schema.errors import SchemaError
from modbus_schema.sunspec.definitions import Definition
from modbus_schema.sunspec.parsing import parse

Source: TypeAlias = str | os.PathLike[str]
"""A folder with files such as ``model_103.json``, or one file of any name."""


class UnknownModel(SchemaError, LookupError):
    """There is no definition of a model."""


def definition(model: int | Mapping[str, Any], source: Source | None = None) -> Definition:
    """Return the definition of a model by its id, or from its JSON as a dictionary.

    ``source`` is where to look for it; None is pysunspec2 (``pip install
    'modbus-schema[sunspec]'``). Raises `UnknownModel` where it is not there,
    `imports.faults.ImportFailed` for a definition with faults, and TypeError for what is no id.
    """
    if isinstance(model, Mapping):
        return parse(model, f"model {model.get('id', '?')}")
    wanted: object = model
    if not isinstance(wanted, int):
        raise TypeError(
            f"a model is an id such as 103, or its JSON as a dictionary, not {wanted!r}; "
            "where its file is, source= says"
        )
    path = _file_of(model, source)
    if path is None:
        raise UnknownModel(f"there is no definition of model {model} in {source or 'pysunspec2'}")
    found = _read(path)
    if found.model_id != model:
        raise UnknownModel(f"{path} defines model {found.model_id}, not {model}")
    return found


def definition_in(file: Source) -> Definition:
    """Return the definition in a file; raises `imports.faults.ImportFailed` and OSError."""
    return _read(Path(file))


def model_ids(source: Source | None = None) -> tuple[int, ...]:
    """Return the ids of all models that a source defines, in ascending order."""
    folder = _official() if source is None else Path(source)
    if folder.is_file():
        return (definition_in(folder).model_id,)
    return tuple(sorted(_ids(folder)))


def _ids(folder: Path) -> Iterator[int]:
    for path in folder.glob("model_*.json"):
        number = path.stem.removeprefix("model_")
        if number.isdigit():
            yield int(number)


def _file_of(model_id: int, source: Source | None) -> Path | None:
    place = _official() if source is None else Path(source)
    path = place if place.is_file() else place / f"model_{model_id}.json"
    return path if path.is_file() else None


@cache
def _official() -> Path:
    spec = find_spec("sunspec2")
    for place in (spec and spec.submodule_search_locations) or ():
        folder = Path(place) / "models" / "json"
        if folder.is_dir():
            return folder
    raise UnknownModel(
        "the definitions come with pysunspec2: pip install 'modbus-schema[sunspec]', "
        "or say where the files are"
    )


def _read(path: Path) -> Definition:
    return _parsed(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _parsed(path: Path, _changed: int) -> Definition:
    return parse(path.read_bytes(), path.name)
