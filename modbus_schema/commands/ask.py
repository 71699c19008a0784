"""``read`` and ``write``: a device at an address, asked by its map."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from modbus_schema.commands.dry import dry_run
from modbus_schema.commands.texts import (
    leaves_of,
    lines_of,
    name_of,
    plain_of,
    ref_of,
    text_of,
    writes_of_texts,
)
from modbus_schema.device import Device
from modbus_schema.fields.declared import Leaf
from modbus_schema.fields.refs import Path, Ref, declaration_at, reference
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.reading.partial import Partial
from modbus_schema.values.mapping import to_json
from modbus_schema.values.plainly import Json
from modbus_wire.errors import ModbusError
from modbus_wire.sync.client import Client


def add_read_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``read`` takes after the device and its map."""
    parser.add_argument("field", nargs="*", help="such as zones[1].target; none: all of them")
    parser.add_argument("--json", action="store_true", help="as JSON: the map, or fields by name")
    add_client_options(parser)


def add_write_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``write`` takes after the device and its map."""
    parser.add_argument("setting", nargs="+", help="such as zones[1].target=21.5")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print the requests, write nothing; what they depend on is read",
    )
    parser.add_argument("--verify", action="store_true", help="read it back and compare")
    add_client_options(parser)


def run_read(given: argparse.Namespace) -> int:
    """Print what a device holds; return the status of the process, 1 where some did not come."""
    refs = [ref_of(given.map, text) for text in given.field]
    with client_of(given) as client:
        device: Device[RegisterMap] = Device(client, given.map, unit_id=given.unit)
        if given.json and not refs:
            sys.stdout.write(to_json(device.read(), indent=2) + "\n")
            return 0
        if given.json:
            return _print_json(device.read(*refs, partial=True), given.map)
        return _print(device.read(*refs, partial=True), given.map)


def run_write(given: argparse.Namespace) -> int:
    """Write fields of a device and print what it holds then; return the status of the process."""
    writes = writes_of_texts(given.map, given.setting)
    with client_of(given) as client:
        if given.dry_run:
            planned = dry_run(client, given.map, given.unit, writes)
            sys.stdout.writelines(f"{each}\n" for each in planned)
            return 0
        device: Device[RegisterMap] = Device(client, given.map, unit_id=given.unit)
        done = device.write(*writes, verify=given.verify)
        refs = [write.ref for write in writes if _is_readable(given.map, write.ref)]
        if refs:
            return _print(device.read(*refs, partial=True), given.map)
        sys.stdout.write(f"{done}\n")
        return 0


def add_client_options(parser: argparse.ArgumentParser) -> None:
    """Declare how the device is asked."""
    parser.add_argument("--unit", type=int, default=1, help="unit id (1)")
    parser.add_argument("--timeout", type=float, default=3.0, help="seconds for an answer (3)")


def client_of(given: argparse.Namespace) -> Client:
    """Return a client of the device that is given."""
    return Client(given.device, timeout=given.timeout)


def _is_readable(model: type[RegisterMap], ref: Ref[Any, Any]) -> bool:
    field = declaration_at(model, ref.path)
    return not isinstance(field, Leaf) or field.access.readable


def _print(partial: Partial[Any], model: type[RegisterMap]) -> int:
    sys.stdout.writelines(f"{line}\n" for line in lines_of(_rows(partial, model)))
    return 1 if partial.failed else 0


def _print_json(partial: Partial[Any], model: type[RegisterMap]) -> int:
    values: dict[str, Json] = {}
    for path, field in leaves_of(model):
        ref = reference(model, path)
        if ref in partial.values:
            values[name_of(path)] = plain_of(field, partial.values[ref])
    sys.stdout.write(json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stderr.writelines(f"{error}\n" for error in partial.failed.values())
    return 1 if partial.failed else 0


def _rows(partial: Partial[Any], model: type[RegisterMap]) -> Iterator[tuple[Path, str]]:
    """Return a text for each field that was asked for, in the order of the map."""
    for path, field in leaves_of(model):
        ref = reference(model, path)
        if ref in partial.values:
            yield path, text_of(field, partial.values[ref])
        elif ref in partial.failed:
            yield path, _reason(partial.failed[ref])


def _reason(error: ModbusError) -> str:
    return f"({error.message})"
