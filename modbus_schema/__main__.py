"""The command line: documents of a map, and what changed between two.

    python -m modbus_schema markdown devices.meter:Meter
    python -m modbus_schema html devices.meter:Meter > meter.html
    python -m modbus_schema csv devices.meter:Meter
    python -m modbus_schema json-schema devices.meter:Meter
    python -m modbus_schema diff old.meter:Meter devices.meter:Meter
    python -m modbus_schema import csv meter.csv --column address=Register --notation modicon
    python -m modbus_schema import telegraf telegraf.conf > devices.py
    python -m modbus_schema import home-assistant configuration.yaml > devices.py

A map is named by its module and class. ``diff`` ends with status 1 where a change is breaking,
``import`` where the file gives no map: it prints the source of the classes, or all faults.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from modbus_schema.describe.diff import diff
from modbus_schema.describe.html import to_html
from modbus_schema.describe.json_schema import to_json_schema
from modbus_schema.describe.markdown import to_markdown
from modbus_schema.describe.table_csv import to_csv
from modbus_schema.imports.command import add_import_arguments, run_import
from modbus_schema.model import RegisterMap

_DOCUMENTS: dict[str, Callable[[type[RegisterMap]], str]] = {
    "markdown": to_markdown,
    "html": to_html,
    "csv": to_csv,
    "json-schema": lambda model: json.dumps(to_json_schema(model), indent=2, ensure_ascii=False),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say; return the status of the process."""
    given = _parser().parse_args(arguments)
    if given.command == "diff":
        return _print_diff(given.old, given.new)
    if given.command == "import":
        return run_import(given)
    sys.stdout.write(_DOCUMENTS[given.command](given.map).rstrip("\n") + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m modbus_schema", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name in _DOCUMENTS:
        document = commands.add_parser(name, help=f"print a map as {name}")
        document.add_argument("map", type=_map, help="module:Class")
    changes = commands.add_parser("diff", help="print what changed between two maps")
    changes.add_argument("old", type=_map, help="module:Class")
    changes.add_argument("new", type=_map, help="module:Class")
    source = commands.add_parser("import", help="print the source of the maps in a file")
    add_import_arguments(source)
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


def _print_diff(old: type[RegisterMap], new: type[RegisterMap]) -> int:
    differences = diff(old, new)
    sys.stdout.writelines(f"{difference}\n" for difference in differences)
    return 1 if any(difference.is_breaking for difference in differences) else 0


if __name__ == "__main__":
    sys.exit(main())
