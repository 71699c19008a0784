"""``import sunspec``: the source of models; ``scan``: what models a device has."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from modbus_schema.sunspec.catalogue import definition, definition_in
from modbus_schema.sunspec.definitions import Definition
from modbus_schema.sunspec.scanning import Found, Scan, scan
from modbus_schema.sunspec.source import write_source
from modbus_schema.values.mapping import to_plain
from modbus_schema.values.plainly import Json
from modbus_wire.errors import ModbusError
from modbus_wire.sync.client import Client


def add_sunspec_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``import sunspec`` takes."""
    parser.add_argument("model", nargs="+", help="an id such as 103, or a file of a definition")
    parser.add_argument(
        "--length", type=int, help="L of the device: room for the items that fit; none: 10 to 50"
    )
    _add_source(parser)


def add_scan_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``scan`` takes."""
    parser.add_argument("device", help="host or URL: tcp://inverter:502, rtu:///dev/ttyUSB0")
    parser.add_argument("--unit", type=int, default=1, help="unit id (1)")
    parser.add_argument("--timeout", type=float, default=3.0, help="seconds for an answer (3)")
    parser.add_argument("--json", action="store_true", help="print their values too, as JSON")
    _add_source(parser)


def run_sunspec(given: argparse.Namespace) -> int:
    """Print the source of models; return the status of the process."""
    sys.stdout.write(write_source(list(_definitions(given)), length=given.length))
    return 0


def run_scan(given: argparse.Namespace) -> int:
    """Print the models of a device; return the status of the process, 1 for a broken chain."""
    with Client(given.device, timeout=given.timeout) as client:
        found = scan(client, unit_id=given.unit, source=given.source)
        if given.json:
            entries = [_entry(found, each) for each in found.models]
            sys.stdout.write(json.dumps(entries, indent=2, ensure_ascii=False) + "\n")
        else:
            sys.stdout.writelines(f"{_line(each)}\n" for each in found.models)
    if found.fault:
        sys.stderr.write(f"{found.fault}\n")
    return 1 if found.fault else 0


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source", type=Path, metavar="FOLDER", help="where definitions are; none: pysunspec2"
    )


def _definitions(given: argparse.Namespace) -> Iterator[Definition]:
    for model in given.model:
        yield definition(int(model), given.source) if model.isdigit() else definition_in(model)


def _line(found: Found) -> str:
    name = found.name or "(unknown)"
    lacks = f", {found.lacks} fewer than defined" if found.lacks else ""
    return f"{found.address:5} {found.model_id:5} {name:32} {found.length} registers{lacks}"


def _entry(scanned: Scan, found: Found) -> dict[str, Json]:
    """Return a model with its values, or with the reason why they did not come."""
    entry = {name: getattr(found, name) for name in ("model_id", "name", "address", "length")}
    if found.definition is None:
        return entry
    try:
        return entry | {"values": to_plain(scanned.device(found).read())}
    except ModbusError as error:
        return entry | {"error": str(error)}
