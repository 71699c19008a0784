"""The configuration of Telegraf's modbus input as the source of maps, one for each unit id."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import modbus_schema.codecs as codecs
from modbus_schema.addresses import Notation, parse_address
from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.bit_table import single_bit
from modbus_schema.codecs.numbers import Number
from modbus_schema.codecs.text import String
from modbus_schema.fields.declared import Leaf
from modbus_schema.fields.options import Access, WordOrder
from modbus_schema.imports.codec_text import Kinds
from modbus_schema.imports.documents import by_unit, known, listed, needed, whole
from modbus_schema.imports.faults import Faults
from modbus_schema.imports.names import field_name
from modbus_schema.imports.sketch import Entry, checked
from modbus_schema.imports.source import write_source
from modbus_wire.codes import Table

_LISTS = {
    "discrete_inputs": Table.DISCRETE_INPUTS,
    "coils": Table.COILS,
    "input_registers": Table.INPUT_REGISTERS,
    "holding_registers": Table.HOLDING_REGISTERS,
}
_REGISTERS = {
    "coil": Table.COILS,
    "discrete": Table.DISCRETE_INPUTS,
    "input": Table.INPUT_REGISTERS,
    "holding": Table.HOLDING_REGISTERS,
}
_NUMBERS: dict[str, Number[Any]] = {
    "INT8L": codecs.int8.low,
    "INT8H": codecs.int8.high,
    "UINT8L": codecs.uint8.low,
    "UINT8H": codecs.uint8.high,
    "INT16": codecs.int16,
    "UINT16": codecs.uint16,
    "INT32": codecs.int32,
    "UINT32": codecs.uint32,
    "INT64": codecs.int64,
    "UINT64": codecs.uint64,
    **dict.fromkeys(("FLOAT16", "FLOAT16-IEEE"), codecs.float16),
    **dict.fromkeys(("FLOAT32", "FLOAT32-IEEE"), codecs.float32),
    **dict.fromkeys(("FLOAT64", "FLOAT64-IEEE"), codecs.float64),
}
_SIGNED = {1: codecs.int16, 2: codecs.int32, 4: codecs.int64}
_UNSIGNED = {1: codecs.uint16, 2: codecs.uint32, 4: codecs.uint64}
_FIXED = {"FIXED": _SIGNED, "UFIXED": _UNSIGNED, "FLOAT32": _UNSIGNED}
"""Whole numbers of as many registers as there are addresses; FLOAT32 is UFIXED's former name."""

_ORDERS: dict[str, tuple[WordOrder, WordOrder]] = {
    **dict.fromkeys(("AB", "ABCD", "ABCDEFGH"), ("big", "big")),
    **dict.fromkeys(("CDAB", "GHEFCDAB"), ("little", "big")),
    **dict.fromkeys(("BADC", "BADCFEHG"), ("big", "little")),
    **dict.fromkeys(("BA", "DCBA", "HGFEDCBA"), ("little", "little")),
}


class _Field(NamedTuple):
    """A field of any style, and what its style says about it."""

    where: str
    unit_id: int
    table: Table
    address: int
    codec: Codec[Any]
    order: str
    given: Mapping[str, Any]


def from_telegraf(
    text: str, *, name: str = "Device", notation: Notation = "zero", file: str = "toml"
) -> str:
    """Return the source of the maps that a configuration reads, in any style of the plugin.

    Telegraf only reads, so every field is RO. Raises `ImportFailed` with all faults, each with
    ``file`` and the entry.
    """
    faults, kinds = Faults(), Kinds()
    found: dict[int, list[Entry]] = {}
    with faults.at(file):
        for plugin_where, plugin in _plugins(text, file):
            for field in _fields(plugin_where, plugin, notation, faults):
                with faults.at(field.where):
                    found.setdefault(field.unit_id, []).append(_entry(field))
        if not found and not faults.found:
            raise ValueError("there are no fields of the modbus input")
    units = {unit_id: checked(entries, faults) for unit_id, entries in found.items()}
    faults.check()
    return write_source(by_unit(name, file, units), kinds, f"Register maps of {file}.")


def _plugins(text: str, file: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    # a scale is an exact decimal: it is not read as a float
    document = tomllib.loads(text, parse_float=Decimal)
    inputs = known(document.get("inputs", {}), "inputs")
    for index, plugin in enumerate(listed(inputs, "modbus")):
        yield f"{file}: inputs.modbus[{index}]", plugin


def _fields(
    where: str, plugin: Mapping[str, Any], notation: Notation, faults: Faults
) -> Iterator[_Field]:
    for list_name, table in _LISTS.items():
        for place, given in _each(where, list_name, plugin, faults):
            with faults.at(place):
                yield _register(place, plugin, table, given, notation)
    for style in ("request", "metric"):
        for place, request in _each(where, style, plugin, faults):
            for inner, given in _each(place, "fields", request, faults):
                with faults.at(inner):
                    if given.get("omit") is not True:
                        yield _requested(inner, style, request, given, notation)


def _each(
    where: str, word: str, holder: Mapping[str, Any], faults: Faults
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with faults.at(where):
        for index, given in enumerate(listed(holder, word)):
            name = given.get("name")
            yield f"{where}.{word}[{index}]{f' ({name})' if name else ''}", given


def _register(
    where: str,
    plugin: Mapping[str, Any],
    table: Table,
    given: Mapping[str, Any],
    notation: Notation,
) -> _Field:
    """Return a field of the ``register`` style, which lists the address of each register."""
    written = needed(given, "address")
    if not isinstance(written, list) or not written:
        raise ValueError(f"address is a list of addresses, not {written!r}")
    addresses = [parse_address(each, notation, table).address for each in written]
    if addresses != list(range(addresses[0], addresses[0] + len(addresses))):
        raise ValueError(f"the addresses {addresses} do not follow each other")
    codec = single_bit if table.is_bits else _listed_codec(given, len(addresses))
    if codec.registers != len(addresses):
        raise ValueError(f"{codec!r} has a size of {codec.registers}, not {len(addresses)}")
    unit_id = whole(plugin.get("slave_id", 1), "slave_id")
    order = str(given.get("byte_order", "AB"))
    is_number = not table.is_bits and not isinstance(codec, String)
    if is_number and len(order) != 2 * codec.registers:
        raise ValueError(f"{order!r} is no byte order of {2 * codec.registers} bytes")
    return _Field(where, unit_id, table, addresses[0], codec, order, given)


def _listed_codec(given: Mapping[str, Any], registers: int) -> Codec[Any]:
    kind = str(needed(given, "data_type")).upper()
    if kind in _FIXED:
        sizes = _FIXED[kind]
        if registers not in sizes:
            raise ValueError(f"{kind} has 1, 2 or 4 addresses, not {registers}")
        return _scaled(sizes[registers], given)
    return _codec(kind, given, registers)


def _requested(
    where: str, style: str, request: Mapping[str, Any], given: Mapping[str, Any], notation: Notation
) -> _Field:
    """Return a field of the ``request`` or of the ``metric`` style."""
    holder = request if style == "request" else given
    register = str(holder.get("register", "holding"))
    if register not in _REGISTERS:
        raise ValueError(f"{register!r} is no register ({', '.join(_REGISTERS)})")
    table = _REGISTERS[register]
    address = parse_address(needed(given, "address"), notation, table).address
    codec: Codec[Any] = single_bit
    if not table.is_bits:
        length = whole(given.get("length", 0), "length")
        codec = _codec(str(needed(given, "type")).upper(), given, length)
    unit_id = whole(needed(request, "slave_id"), "slave_id")
    order = str(request.get("byte_order", "ABCD"))
    return _Field(where, unit_id, table, address, codec, order, given)


def _codec(kind: str, given: Mapping[str, Any], registers: int) -> Codec[Any]:
    if kind == "BIT":
        return codecs.bit(whole(given.get("bit", 0), "bit"))
    if kind == "STRING":
        return codecs.string(registers, terminated=True)
    if kind not in _NUMBERS:
        raise ValueError(f"{kind!r} is no type")
    return _scaled(_NUMBERS[kind], given)


def _scaled(number: Number[Any], given: Mapping[str, Any]) -> Codec[Any]:
    scale = given.get("scale", 1)
    if isinstance(scale, bool) or not isinstance(scale, int | Decimal):
        raise ValueError(f"scale is a number, not {scale!r}")
    return number if scale in (0, 1) else number.scaled(str(scale))


def _entry(field: _Field) -> Entry:
    if field.order not in _ORDERS:
        raise ValueError(f"{field.order!r} is no byte order ({', '.join(_ORDERS)})")
    word, byte = _ORDERS[field.order]
    if byte == "little" and not field.codec.number_registers:
        raise ValueError(f"there is no {field.codec!r} with the order {field.order}")
    is_plain = field.table.is_bits
    name = str(needed(field.given, "name"))
    path = field_name(name)
    leaf = Leaf(
        table=field.table,
        address=field.address,
        codec=field.codec,
        access=Access.RO,
        description="" if path == name else name,
        word_order=None if is_plain or field.codec.registers == 1 else word,
        byte_order=None if is_plain else byte,
    )
    return Entry(field.where, (path,), leaf)
