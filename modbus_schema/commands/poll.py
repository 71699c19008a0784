"""``poll``: what changes in a device, a line for each change, until it is interrupted."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from threading import Event
from typing import Any

from modbus_schema.commands.ask import add_client_options, client_of
from modbus_schema.commands.texts import leaves_of, name_of, ref_of, text_of
from modbus_schema.device import Device
from modbus_schema.fields.declared import Leaf
from modbus_schema.fields.refs import Path, reference
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.polling.events import Change, Failure, Recovery
from modbus_schema.polling.poller import Poller


def add_poll_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``poll`` takes after the device and its map."""
    parser.add_argument("field", nargs="*", help="such as zones[1].target; none: all of them")
    parser.add_argument("--every", default="1s", help="of fields that do not say so: 500ms (1s)")
    add_client_options(parser)


def run_poll(given: argparse.Namespace) -> int:
    """Print the fields of a device as they change; return the status of the process."""
    fields = list(_fields(given.map, given.field))
    with client_of(given) as client:
        device: Device[RegisterMap] = Device(client, given.map, unit_id=given.unit)
        poller = Poller(device, every=given.every, partial=True)
        poller.on_failure(_print_failure)
        poller.on_recovery(_print_recovery)
        for path, field in fields:
            poller.on_change(reference(given.map, path))(_printer(path, field))
        poller.start()
        try:
            with suppress(KeyboardInterrupt):
                Event().wait()
        finally:
            client.close()  # which ends the request under way
            poller.stop()
    return 0


def _fields(model: type[RegisterMap], names: list[str]) -> Iterator[tuple[Path, Leaf]]:
    """Return the fields that are named, by themselves or by a group; all without a name."""
    wanted = [ref_of(model, name).path for name in names] or [()]
    for path, field in leaves_of(model):
        if field.access.readable and any(path[: len(start)] == start for start in wanted):
            yield path, field


def _printer(path: Path, field: Leaf) -> Callable[[Change[Any]], None]:
    def print_change(change: Change[Any]) -> None:
        _print(change.at, f"{name_of(path)}: {text_of(field, change.new)}")

    return print_change


def _print_failure(failure: Failure) -> None:
    _print(failure.at, f"({failure.error})")


def _print_recovery(recovery: Recovery) -> None:
    _print(recovery.at, f"(back after {(recovery.at - recovery.since).total_seconds():.1f} s)")


def _print(at: datetime, text: str) -> None:
    sys.stdout.write(f"{at.astimezone():%H:%M:%S} {text}\n")
    sys.stdout.flush()
