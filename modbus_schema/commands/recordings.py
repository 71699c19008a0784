"""``record`` and ``replay``: a device's answers into a file, and a device that gives them again."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from pathlib import Path as File
from threading import Event

from modbus_schema.simulation.recording_gateway import RecordingGateway
from modbus_schema.simulation.replaying import replay


def add_record_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``record`` takes."""
    parser.add_argument("device", help="host or URL: tcp://plc:502, rtu:///dev/ttyUSB0")
    parser.add_argument("file", type=File, help="the recording, lines of JSON")
    parser.add_argument("--overwrite", action="store_true", help="in the place of an older one")
    _add_places(parser)


def add_replay_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``replay`` takes."""
    parser.add_argument("file", type=File, help="a recording")
    parser.add_argument("--repeat", action="store_true", help="begin anew at the end")
    _add_places(parser)


def run_record(given: argparse.Namespace) -> int:
    """Pass on what clients ask of a device, and note it, until the process is interrupted."""
    with RecordingGateway(
        given.device, given.file, given.at, given.port, overwrite=given.overwrite
    ) as gateway:
        host, port = gateway.address
        _serve(f"{given.device} is recorded for clients of", host, port)
    return 0


def run_replay(given: argparse.Namespace) -> int:
    """Serve a recorded device until the process is interrupted."""
    with replay(given.file, host=given.at, port=given.port, repeat=given.repeat) as again:
        _serve(f"{again.duration:g} seconds are replayed at", again.host, again.port)
    return 0


def _add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--at", default="127.0.0.1", metavar="WHERE", help="host or URL to serve")
    parser.add_argument("--port", type=int, help="port (502; 0: any that is free)")


def _serve(what: str, host: str, port: int) -> None:
    where = f"{host} port {port}" if port else host
    sys.stdout.write(f"{what} {where}; interrupt to end\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        Event().wait()
