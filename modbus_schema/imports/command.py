"""The arguments of ``python -m modbus_schema import``, and what it does."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from modbus_schema.addresses import NOTATIONS
from modbus_schema.imports.faults import ImportFailed
from modbus_schema.imports.names import class_name
from modbus_wire.codes import Table

if TYPE_CHECKING:
    Kinds: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_import_arguments(parser: argparse.ArgumentParser) -> Kinds:
    """Declare the kinds of files and their options; returns where others may be added."""
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="kind")
    for kind in ("csv", "home-assistant", "telegraf"):
        source = kinds.add_parser(kind, help=f"a file of {kind}")
        source.add_argument("file", type=Path)
        source.add_argument("--name", help="name of the class; else that of the file")
        if kind != "home-assistant":
            source.add_argument("--notation", choices=NOTATIONS, default="zero")
        if kind == "csv":
            source.add_argument("--table", type=Table, help="of lines that do not say theirs")
            source.add_argument("--delimiter", default=",")
            source.add_argument(
                "--column", action="append", default=[], type=_pair, metavar="MEANING=HEADING"
            )
    return kinds


def run_import(given: argparse.Namespace) -> int:
    """Print the source of the maps in a file; return the status of the process."""
    try:
        source = _source(given)
    except (ImportFailed, OSError, UnicodeError, ImportError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(source)
    return 0


def _source(given: argparse.Namespace) -> str:
    file: Path = given.file
    text = file.read_text(encoding="utf-8-sig")
    name = given.name or class_name(file.stem)
    if given.kind == "telegraf":
        from modbus_schema.imports.telegraf import from_telegraf

        return from_telegraf(text, name=name, notation=given.notation, file=file.name)
    if given.kind == "home-assistant":
        from modbus_schema.imports.home_assistant import from_home_assistant

        return from_home_assistant(text, name=name, file=file.name)
    from modbus_schema.imports.table_csv import from_csv

    return from_csv(
        text,
        name=name,
        columns=dict(given.column),
        notation=given.notation,
        table=given.table,
        delimiter=given.delimiter,
        file=file.name,
    )


def _pair(text: str) -> tuple[str, str]:
    meaning, equals, heading = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not as address=Register")
    return meaning, heading
