"""The entities of Home Assistant's modbus integration as fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.bit_fields import bit, boolean
from modbus_schema.codecs.bit_table import bit_list, single_bit
from modbus_schema.codecs.enums import enum
from modbus_schema.codecs.numbers import uint16
from modbus_schema.fields.declared import Leaf
from modbus_schema.fields.options import Access
from modbus_schema.fields.refs import Path, path_text
from modbus_schema.imports.codec_text import Kinds
from modbus_schema.imports.documents import known, needed, whole
from modbus_schema.imports.names import class_name, field_name
from modbus_schema.imports.sketch import Entry
from modbus_schema.imports.structures import limits_of, orders_of, sensor_codec
from modbus_wire.codes import ADDRESS_SPACE, Table

_INPUTS = {
    "coil": Table.COILS,
    "coils": Table.COILS,
    "discrete_input": Table.DISCRETE_INPUTS,
    "holding": Table.HOLDING_REGISTERS,
    "holdings": Table.HOLDING_REGISTERS,
    "input": Table.INPUT_REGISTERS,
}


class Entity(NamedTuple):
    """One entry of the configuration."""

    where: str
    given: Mapping[str, Any]
    kinds: Kinds

    @property
    def title(self) -> str:
        """Its name, as people see it."""
        return str(needed(self.given, "name"))

    @property
    def path(self) -> Path:
        """Its name as a field."""
        return (field_name(self.title),)

    def entry(
        self, path: Path, table: Table, address: object, codec: Codec[Any], **options: Any
    ) -> Entry:
        """Return a field of the entity; RO unless the options say otherwise."""
        options.setdefault("access", Access.RO)
        if "description" not in options and path == self.path and path[0] != self.title:
            options["description"] = self.title
        if options["access"].readable and self.given.get("scan_interval"):
            options["every"] = f"{whole(self.given['scan_interval'], 'scan_interval')}s"
        leaf = Leaf(table=table, address=_address(address), codec=codec, **options)
        return Entry(self.where, path, leaf)

    def states(self, path: Path, values: Mapping[int, str]) -> Codec[Any]:
        """Return the codec of a register with named values."""
        name = class_name("_".join(str(step) for step in path))
        kind = self.kinds.make(name, values, path_text(path).removeprefix("."))
        return enum(kind, uint16, keep_unknown=True)


def _sensors(entity: Entity) -> Iterator[Entry]:
    given = entity.given
    codec = sensor_codec(given)
    yield entity.entry(
        entity.path,
        _table(given.get("input_type", "holding"), "holding", "input"),
        needed(given, "address"),
        codec,
        unit=str(given.get("unit_of_measurement") or ""),
        **limits_of(given),
        **orders_of(given, codec),
    )


def _binary_sensors(entity: Entity) -> Iterator[Entry]:
    given = entity.given
    table = _table(given.get("input_type", "coil"), *_INPUTS)
    address = _address(needed(given, "address"))
    count = 1 + whole(given.get("virtual_count", given.get("slave_count", 0)), "virtual_count")
    if table.is_bits:
        yield entity.entry(
            entity.path, table, address, bit_list(count) if count > 1 else single_bit
        )
        return
    for index in range(count):
        name = f"{entity.path[0]}_{index}" if index else entity.path[0]
        yield entity.entry((name,), table, address + index // 16, bit(index % 16))


def _switches(entity: Entity) -> Iterator[Entry]:
    given = entity.given
    table = _table(given.get("write_type", "holding"), "holding", "holdings", "coil", "coils")
    on, off = (whole(given.get(f"command_{word}", 1 - n), word) for n, word in enumerate(_SIDES))
    address = _address(needed(given, "address"))
    verify = given.get("verify", {}) or {} if "verify" in given else None
    state = _state(entity, verify, table, address, on, off) if verify is not None else None
    is_read = verify is not None and state is None
    codec = _switch_codec(entity, entity.path, table, on, off)
    yield entity.entry(
        entity.path, table, address, codec, access=Access.RW if is_read else Access.WO
    )
    if state is not None:
        yield state


_SIDES = ("on", "off")


def _state(
    entity: Entity, verify: Mapping[str, Any], table: Table, address: int, on: int, off: int
) -> Entry | None:
    """Return the field that tells the state of a switch; None for the switch's own cell."""
    known(verify, "verify")
    other = _table(verify["input_type"], *_INPUTS) if "input_type" in verify else table
    place = _address(verify.get("address", address))
    if (other, place) == (table, address):
        return None
    on, off = whole(verify.get("state_on", on), "on"), whole(verify.get("state_off", off), "off")
    path = (f"{entity.path[0]}_state",)
    return entity.entry(path, other, place, _switch_codec(entity, path, other, on, off))


def _switch_codec(entity: Entity, path: Path, table: Table, on: int, off: int) -> Codec[Any]:
    if table.is_bits:
        return single_bit
    return boolean if (on, off) == (1, 0) else entity.states(path, {off: "OFF", on: "ON"})


_MODES = ("hvac_mode_register", "hvac_action_register", "fan_mode_register", "swing_mode_register")


def _climates(entity: Entity) -> Iterator[Entry]:
    given, group = entity.given, entity.path
    codec = sensor_codec(given)
    orders, unit = orders_of(given, codec), str(given.get("temperature_unit") or "")
    table = _table(given.get("input_type", "holding"), "holding", "input")
    current = (*group, "current_temperature")
    yield entity.entry(current, table, needed(given, "address"), codec, unit=unit, **orders)
    target = given.get("target_temp_register")
    for index, address in enumerate(_several(target)):
        yield entity.entry(
            (*group, f"target_temperature_{index}" if index else "target_temperature"),
            Table.HOLDING_REGISTERS,
            address,
            codec,
            access=Access.RW,
            unit=unit,
            **limits_of(given, "min_temp", "max_temp"),
            **orders,
        )
    for word in _MODES:
        if given.get(word) is not None:
            yield _mode(entity, word, known(given[word], word))
    yield from _on_off(entity)


def _mode(entity: Entity, word: str, given: Mapping[str, Any]) -> Entry:
    path = (*entity.path, word.removesuffix("_register"))
    values: dict[int, str] = {}
    for state, numbers in known(needed(given, "values"), "values").items():
        if state != "__line__":
            name = str(state).partition("_")[2].upper() or str(state)
            for index, number in enumerate(_several(numbers)):
                text = f"{name}_{index + 1}" if index else name
                values.setdefault(whole(number, str(state)), text)
    is_read_only = word == "hvac_action_register"
    table = _table(given.get("input_type", "holding"), "holding", "input")
    writable = table.is_writable and not is_read_only
    (address, *_) = _several(needed(given, "address"))
    access = Access.RW if writable else Access.RO
    return entity.entry(path, table, address, entity.states(path, values), access=access)


def _on_off(entity: Entity) -> Iterator[Entry]:
    given, path = entity.given, (*entity.path, "is_on")
    if given.get("hvac_onoff_coil") is not None:
        address = given["hvac_onoff_coil"]
        yield entity.entry(path, Table.COILS, address, single_bit, access=Access.RW)
    elif given.get("hvac_onoff_register") is not None:
        on, off = (whole(given.get(f"hvac_{w}_value", 1 - n), w) for n, w in enumerate(_SIDES))
        table = Table.HOLDING_REGISTERS
        codec = _switch_codec(entity, path, table, on, off)
        address = given["hvac_onoff_register"]
        yield entity.entry(path, table, address, codec, access=Access.RW)


ENTITIES: dict[str, Callable[[Entity], Iterator[Entry]]] = {
    "sensors": _sensors,
    "binary_sensors": _binary_sensors,
    "switches": _switches,
    "lights": _switches,
    "fans": _switches,
    "climates": _climates,
}
"""How the entities below each word of a hub become fields."""


def _table(text: object, *allowed: str) -> Table:
    if text not in allowed:
        raise ValueError(f"{text!r} is none of {', '.join(allowed)}")
    return _INPUTS[str(text)]


def _address(value: object) -> int:
    address = whole(value, "address")
    if not 0 <= address < ADDRESS_SPACE:
        raise ValueError(f"the address {address} is outside of the table")
    return address


def _several(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
