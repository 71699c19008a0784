"""The ``modbus:`` part of a Home Assistant configuration as the source of maps, one for each unit.

Home Assistant polls sensors and binary sensors only: they are RO. A switch is WO unless the
configuration verifies it by its own register. It needs PyYAML.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from modbus_schema.imports.codec_text import Kinds
from modbus_schema.imports.documents import by_unit, known, listed, whole
from modbus_schema.imports.entities import ENTITIES, Entity
from modbus_schema.imports.faults import Faults
from modbus_schema.imports.names import class_name
from modbus_schema.imports.sketch import Entry, checked
from modbus_schema.imports.source import write_source

LINE = "__line__"
"""Under which each dictionary of the document has the line that it begins at."""


class _Loader(yaml.SafeLoader):
    """Reads tags such as ``!secret`` as nothing, and notes lines."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        made = super().construct_mapping(node, deep=True)
        made[LINE] = node.start_mark.line + 1
        return made


_Loader.add_constructor(
    "tag:yaml.org,2002:map", lambda loader, node: loader.construct_mapping(node)
)
_Loader.add_multi_constructor("!", lambda _loader, _tag, _node: None)


def from_home_assistant(text: str, *, name: str = "Device", file: str = "yaml") -> str:
    """Return the source of the maps of a configuration, or of the list below its ``modbus:``.

    Sensors, binary sensors, switches, lights, fans and climates are taken; of others the module's
    docstring says that they are left out. Raises `ImportFailed` with all faults, each with
    ``file``, line and entity.
    """
    faults, kinds = Faults(), Kinds()
    units: dict[tuple[str, int], list[Entry]] = {}
    left_out: dict[str, int] = {}
    with faults.at(file):
        hubs = _hubs(text)
        for hub, word, given in _entities(hubs, file, faults):
            where = f"{file}:{given.get(LINE, 0)}: {word} {given.get('name', 'without a name')}"
            if word not in ENTITIES:
                left_out[word] = left_out.get(word, 0) + 1
                continue
            with faults.at(where):
                key = (hub, _unit_id(given))
                found = ENTITIES[word](Entity(where, given, kinds))
                units.setdefault(key, []).extend(found)
        if not units and not faults.found:
            raise ValueError("there are no entities of registers")
    sketches = []
    for hub in dict.fromkeys(hub for hub, _ in units):
        own = {unit: entries for (other, unit), entries in units.items() if other == hub}
        sound = {unit: checked(entries, faults) for unit, entries in own.items()}
        sketches += by_unit(name if len(hubs) == 1 else f"{name}{hub}", file, sound)
    faults.check()
    heading = f"Register maps of {file}."
    if left_out:
        counts = ", ".join(f"{count} {word}" for word, count in left_out.items())
        heading += f"\n\nLeft out: {counts}."
    return write_source(sketches, kinds, heading)


def _hubs(text: str) -> list[Mapping[str, Any]]:
    loader = _Loader(text)
    try:
        document = loader.get_single_data()
    except yaml.YAMLError as error:
        raise ValueError(f"it is no YAML: {error}") from None
    finally:
        loader.dispose()
    if isinstance(document, dict) and "modbus" in document:
        document = document["modbus"]
    if isinstance(document, dict):
        document = [document]
    return listed({"modbus": document}, "modbus")


def _entities(
    hubs: list[Mapping[str, Any]], file: str, faults: Faults
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for index, hub in enumerate(hubs):
        hub_name = class_name(str(hub.get("name", "")), "Hub") + (
            "" if hub.get("name") else str(index)
        )
        for word, value in hub.items():
            if isinstance(value, list):
                with faults.at(f"{file}:{hub.get(LINE, 0)}: {word}"):
                    for item in value:
                        yield hub_name, word, known(item, word)


def _unit_id(given: Mapping[str, Any]) -> int:
    for word in ("device_address", "slave"):
        if given.get(word) is not None:
            return whole(given[word], word)
    return 0
