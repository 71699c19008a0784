"""What importing the packages costs: CPU seconds inside a fresh isolated interpreter."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from tests.benchmarks.children import ROOT
from tests.benchmarks.harness import Effort, Meter, Ratio, Samples, Unavailable, interleave

UNNEEDED = ("asyncio", "attr", "dataclasses", "inspect", "modbus_schema", "typing_extensions")
"""Modules that the wire package has no use for."""


def in_fresh_interpreter(code: str) -> str:
    """Run the code with ``-I`` and the repository first in ``sys.path``; return what it prints."""
    prelude = f"import sys, time; sys.path.insert(0, {str(ROOT)!r}); "
    command = [sys.executable, "-I", "-c", prelude + code]
    return subprocess.run(
        command, check=True, timeout=30, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


def import_meter(modules: str, after: str = "sys") -> Meter:
    """Return a meter of ``import modules`` in an interpreter that has imported ``after``."""
    code = (
        f"import {after}; a = time.process_time(); import {modules}; print(time.process_time() - a)"
    )
    return lambda: float(in_fresh_interpreter(code))


def check_unneeded_modules() -> None:
    """Raise AssertionError when ``import modbus_wire`` loads a module it does not need."""
    loaded = in_fresh_interpreter("import modbus_wire; print(*sys.modules)").split()
    surplus = sorted(set(UNNEEDED) & set(loaded))
    assert not surplus, f"import modbus_wire loads {surplus}"


def measure(effort: Effort, **meters: Meter) -> Samples:
    """Run each meter once, which leaves the byte code in its cache, then measure."""
    for meter in meters.values():
        meter()
    return interleave(meters, effort)


def run(effort: Effort) -> Iterator[Ratio]:
    """Measure ``modbus_wire`` against pyModbusTCP, and ``modbus_schema`` on top against attrs."""
    if find_spec("pyModbusTCP") is None:
        raise Unavailable("pyModbusTCP 0.1.10 is not installed")
    check_unneeded_modules()
    wire = measure(
        effort,
        modbus_wire=import_meter("modbus_wire"),
        pyModbusTCP=import_meter("pyModbusTCP.client, pyModbusTCP.server"),
    )
    yield wire.at_most("import modbus_wire", "modbus_wire", "pyModbusTCP", 1.5)
    schema = measure(
        effort,
        modbus_schema=import_meter("modbus_schema", after="modbus_wire"),
        attrs=import_meter("attrs", after="modbus_wire"),
    )
    yield schema.at_most(
        "import modbus_schema, modbus_wire imported before", "modbus_schema", "attrs", 1.5
    )
