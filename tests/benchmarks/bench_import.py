"""What importing the packages costs: CPU seconds inside a fresh isolated interpreter."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from tests.benchmarks.children import ROOT
from tests.benchmarks.harness import Effort, Meter, Ratio, Samples, Unavailable, interleave

WIRE = "from modbus_wire import Client, Server"
SCHEMA = "from modbus_schema import Device, RegisterMap, simulate"
UNNEEDED = ("asyncio", "attr", "dataclasses", "inspect", "modbus_schema", "typing_extensions")
"""Modules that the wire package has no use for."""


def in_fresh_interpreter(code: str) -> str:
    """Run the code with ``-I`` and the repository first in ``sys.path``; return what it prints."""
    prelude = f"import sys, time; sys.path.insert(0, {str(ROOT)!r}); "
    command = [sys.executable, "-I", "-c", prelude + code]
    return subprocess.run(
        command, check=True, timeout=30, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


def import_meter(statement: str, after: str = "pass") -> Meter:
    """Return a meter of an import statement in an interpreter that has run ``after``."""
    timed = f"start = time.process_time(); {statement}; print(time.process_time() - start)"
    return lambda: float(in_fresh_interpreter(f"{after}; {timed}"))


def check_unneeded_modules() -> None:
    """Raise AssertionError when ``import modbus_wire`` loads a module it does not need."""
    loaded = in_fresh_interpreter(f"{WIRE}; print(*sys.modules)").split()
    surplus = sorted(set(UNNEEDED) & set(loaded))
    assert not surplus, f"import modbus_wire loads {surplus}"


def measure(effort: Effort, **meters: Meter) -> Samples:
    """Run each meter once, which leaves the byte code in its cache, then measure."""
    for meter in meters.values():
        meter()
    return interleave(meters, effort)


def run(effort: Effort) -> Iterator[Ratio]:
    """Measure the imports.

    ``modbus_wire`` with its client and server, against pyModbusTCP's client and server. What
    ``modbus_schema`` costs on top of ``modbus_wire``, attrs included, against ``import attrs``
    in an interpreter that has imported nothing yet.
    """
    if find_spec("pyModbusTCP") is None:
        raise Unavailable("pyModbusTCP 0.1.10 is not installed")
    check_unneeded_modules()
    samples = measure(
        effort,
        modbus_wire=import_meter(WIRE),
        pyModbusTCP=import_meter("import pyModbusTCP.client, pyModbusTCP.server"),
        modbus_schema=import_meter(SCHEMA, after=WIRE),
        attrs=import_meter("import attrs"),
    )
    yield samples.at_most("import modbus_wire", "modbus_wire", "pyModbusTCP", 1.5)
    yield samples.at_most("import modbus_schema on top", "modbus_schema", "attrs", 1.5)
