"""``import sunspec``: the source of SunSpec models."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from modbus_schema.sunspec.catalogue import definition, definition_in
from modbus_schema.sunspec.definitions import Definition
from modbus_schema.sunspec.source import write_source


def add_sunspec_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``import sunspec`` takes."""
    parser.add_argument("model", nargs="+", help="an id such as 103, or a file of a definition")
    parser.add_argument(
        "--length", type=int, help="L of the device: room for the items that fit; none: 50 of them"
    )
    _add_source(parser)


def run_sunspec(given: argparse.Namespace) -> int:
    """Print the source of models; return the status of the process."""
    sys.stdout.write(write_source(list(_definitions(given)), length=given.length))
    return 0


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source", type=Path, metavar="FOLDER", help="where definitions are; none: pysunspec2"
    )


def _definitions(given: argparse.Namespace) -> Iterator[Definition]:
    for model in given.model:
        yield definition(int(model), given.source) if model.isdigit() else definition_in(model)
