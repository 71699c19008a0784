"""``simulate``: a device that any Modbus client can talk to, made of its map."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path as File
from threading import Event
from typing import Any

from modbus_schema.blanks import blank
from modbus_schema.commands.texts import name_of, settings_of_texts, text_of
from modbus_schema.fields.refs import reference
from modbus_schema.layout.shapes import layout_for
from modbus_schema.layout.tree import Slot
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.simulation.simulate import Simulation, simulate
from modbus_schema.values.mapping import from_json


def add_simulate_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``simulate`` takes after the map."""
    parser.add_argument("setting", nargs="*", help="such as outdoor=7.5; the rest is blank")
    parser.add_argument("--values", type=File, metavar="FILE", help="JSON, as `read --json` prints")
    parser.add_argument("--at", default="127.0.0.1", metavar="WHERE", help="host or URL to serve")
    parser.add_argument("--port", type=int, help="port (502; 0: any that is free)")
    parser.add_argument("--unit", type=int, help="unit id; none: all")


def run_simulate(given: argparse.Namespace) -> int:
    """Serve a device until the process is interrupted, and print what clients write."""
    simulation = simulate(
        _instance(given.map, given), host=given.at, port=given.port, unit_id=given.unit
    )
    simulation.set(*settings_of_texts(given.map, given.setting))
    _report_writes(simulation)
    with simulation:
        where = f"{simulation.host} port {simulation.port}" if simulation.port else simulation.host
        _say(f"{given.map.__name__} is served at {where}; interrupt to end")
        with suppress(KeyboardInterrupt):
            Event().wait()
    return 0


def _instance(model: type[RegisterMap], given: argparse.Namespace) -> RegisterMap:
    if given.values is not None:
        return from_json(model, given.values.read_text(encoding="utf-8"))
    return blank(model, **_top_level(model, given.setting))


def _top_level(model: type[RegisterMap], pairs: Iterable[str]) -> dict[str, Any]:
    """Return the values of the fields that are in no group: a blank may need them."""
    given = [(setting.ref.path, setting.value) for setting in settings_of_texts(model, pairs)]
    return {f"{path[0]}": value for path, value in given if len(path) == 1}


def _report_writes(simulation: Simulation[Any]) -> None:
    """Watch the fields that a device of this shape has."""
    for slot in layout_for(simulation.snapshot()).slots:
        if slot.access.writable and not slot.alias:
            watch: Any = simulation.on_write(reference(simulation.model, slot.path))
            watch(_reporter(slot))


def _reporter(slot: Slot) -> Callable[[object, object], None]:
    def report(old: object, new: object) -> None:
        _say(f"{name_of(slot.path)}: {text_of(slot, old)} -> {text_of(slot, new)}")

    return report


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
