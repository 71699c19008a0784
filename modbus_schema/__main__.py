"""The command line: devices read, written and simulated by their maps, and documents of a map.

    python -m modbus_schema read tcp://192.168.1.10 devices.meter:Meter --unit 7
    python -m modbus_schema read rtu:///dev/ttyUSB0?baudrate=9600 devices.meter:Meter voltage
    python -m modbus_schema write 192.168.1.10 devices.pump:Pump mode=HEAT zones[1].target=21.5
    python -m modbus_schema poll 192.168.1.10 devices.pump:Pump outdoor mode --every 500ms
    python -m modbus_schema simulate devices.pump:Pump outdoor=7.5 --port 5020
    python -m modbus_schema record tcp://192.168.1.10 pump.jsonl --port 5020
    python -m modbus_schema replay pump.jsonl --port 5020
    python -m modbus_schema markdown devices.meter:Meter
    python -m modbus_schema html devices.meter:Meter > meter.html
    python -m modbus_schema csv devices.meter:Meter
    python -m modbus_schema json-schema devices.meter:Meter
    python -m modbus_schema diff old.meter:Meter devices.meter:Meter
    python -m modbus_schema import csv meter.csv --column address=Register --notation modicon
    python -m modbus_schema import telegraf telegraf.conf > devices.py
    python -m modbus_schema import home-assistant configuration.yaml > devices.py
    python -m modbus_schema import sunspec 103 160 model_64900.json > inverter.py
    python -m modbus_schema scan tcp://192.168.1.10 --json

A map is named by its module and class. ``read`` ends with status 1 where a field did not come,
``diff`` where a change is breaking, ``import`` where the file gives no map: it prints the source of
the classes, or all faults. ``scan`` lists the SunSpec models of a device.
``record`` passes on what any program asks of a device and notes the answers, for ``replay``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TypeAlias

from modbus_schema.commands import ask, poll, recordings, serve, sunspec
from modbus_schema.describe.diff import diff
from modbus_schema.describe.html import to_html
from modbus_schema.describe.json_schema import to_json_schema
from modbus_schema.describe.markdown import to_markdown
from modbus_schema.describe.table_csv import to_csv
from modbus_schema.imports.command import add_import_arguments, run_import
from modbus_schema.model.register_map import RegisterMap
from modbus_wire.errors import ModbusError

_Run: TypeAlias = Callable[[argparse.Namespace], int]

_ASKING: dict[str, tuple[_Run, Callable[[argparse.ArgumentParser], None], str]] = {
    "read": (ask.run_read, ask.add_read_arguments, "print what a device holds"),
    "write": (ask.run_write, ask.add_write_arguments, "write fields of a device"),
    "poll": (poll.run_poll, poll.add_poll_arguments, "print what changes in a device"),
}

_RECORDINGS: dict[str, tuple[_Run, Callable[[argparse.ArgumentParser], None], str]] = {
    "record": (recordings.run_record, recordings.add_record_arguments, "record a device"),
    "replay": (recordings.run_replay, recordings.add_replay_arguments, "serve a recorded device"),
}

_LISTED = {"read": "field", "poll": "field", "write": "setting", "simulate": "setting"}
"""The argument of which there may be many."""

_DOCUMENTS: dict[str, Callable[[type[RegisterMap]], str]] = {
    "markdown": to_markdown,
    "html": to_html,
    "csv": to_csv,
    "json-schema": lambda model: json.dumps(to_json_schema(model), indent=2, ensure_ascii=False),
}


_INTERRUPTED = 130
"""The status of a process that Ctrl-C ended, as shells have it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say; return the status of the process."""
    given = _parsed(arguments)
    try:
        status: int = given.run(given)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except (ModbusError, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return status


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the arguments; fields and settings may stand before and after options."""
    parser = _parser()
    given, more = parser.parse_known_args(arguments)
    listed = _LISTED.get(given.command)
    if more and (listed is None or any(text.startswith("-") for text in more)):
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    if listed is not None:
        getattr(given, listed).extend(more)
    return given


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m modbus_schema", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, (run, add_arguments, summary) in _ASKING.items():
        asking = commands.add_parser(name, help=summary)
        asking.set_defaults(run=run)
        asking.add_argument("device", help="host or URL: tcp://plc:502, rtu:///dev/ttyUSB0")
        asking.add_argument("map", type=_map, help="module:Class")
        add_arguments(asking)
    served = commands.add_parser("simulate", help="serve a simulated device")
    served.set_defaults(run=serve.run_simulate)
    served.add_argument("map", type=_map, help="module:Class")
    serve.add_simulate_arguments(served)
    for name, (run, add_arguments, summary) in _RECORDINGS.items():
        recording = commands.add_parser(name, help=summary)
        recording.set_defaults(run=run)
        add_arguments(recording)
    for name in _DOCUMENTS:
        document = commands.add_parser(name, help=f"print a map as {name}")
        document.set_defaults(run=_print_document)
        document.add_argument("map", type=_map, help="module:Class")
    changes = commands.add_parser("diff", help="print what changed between two maps")
    changes.set_defaults(run=_print_diff)
    changes.add_argument("old", type=_map, help="module:Class")
    changes.add_argument("new", type=_map, help="module:Class")
    source = commands.add_parser("import", help="print the source of the maps in a file")
    source.set_defaults(run=run_import)
    models = add_import_arguments(source).add_parser(
        "sunspec", help="definitions of SunSpec models"
    )
    models.set_defaults(run=sunspec.run_sunspec)
    sunspec.add_sunspec_arguments(models)
    scan = commands.add_parser("scan", help="list the SunSpec models of a device")
    scan.set_defaults(run=sunspec.run_scan)
    sunspec.add_scan_arguments(scan)
    return parser


def _map(name: str) -> type[RegisterMap]:
    module, _, attribute = name.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: object = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{name} cannot be had: {error}") from error
    if not isinstance(found, type) or not issubclass(found, RegisterMap):
        raise argparse.ArgumentTypeError(f"{name} is no register map")
    return found


def _print_document(given: argparse.Namespace) -> int:
    sys.stdout.write(_DOCUMENTS[given.command](given.map).rstrip("\n") + "\n")
    return 0


def _print_diff(given: argparse.Namespace) -> int:
    differences = diff(given.old, given.new)
    sys.stdout.writelines(f"{difference}\n" for difference in differences)
    return 1 if any(difference.is_breaking for difference in differences) else 0


if __name__ == "__main__":
    sys.exit(main())
