"""The rows of the house: a module imports only from lower rows, and nobody the package root."""

import ast
import sys
from collections.abc import Iterable, Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TypeAlias

import pytest

ROOT = Path(__file__).parents[1]

Rows: TypeAlias = dict[str, tuple[str, ...]]
"""What lives in each row, low to high: modules, and subpackages as one."""

WIRE: Rows = {
    "codes, bit packing, crc, log": ("typed", "version", "later", "codes", "bits", "crc", "log"),
    "plain values": ("policy", "peer", "statistics"),
    "errors": ("errors",),
    "pdu": ("pdu",),
    "framing": ("framing",),
    "connection, bank": (
        "flows",
        "withheld",
        "orders",
        "identification",
        "recovery",
        "conversation",
        "held",
        "connection",
        "datagram_connection",
        "server_connection",
        "bank",
    ),
    "handler": ("unit", "services", "access", "responding", "hooks", "handler", "gateway"),
    "endpoints": ("endpoint", "tls", "trace", "limits", "secure", "senders", "serving"),
    "drivers": ("sync", "aio", "prometheus"),
    "faces": ("constants", "utils", "dropin", "client", "server"),
}

SCHEMA: Rows = {
    "errors": ("errors",),
    "codecs": ("sources", "codecs"),
    "fields": ("fields",),
    "layout": ("layout",),
    "planning and compile": ("planning", "compile"),
    "model": ("model",),
    "values and documents": ("addresses", "values", "describe", "imports"),
    "transfer": ("reading", "asking", "writing"),
    "device and tools": (
        "device_base",
        "device",
        "async_device",
        "variants",
        "feeding",
        "blanks",
        "simulation",
    ),
    "pollers": ("polling",),
    "on top": ("sunspec",),
    "command line, pytest": ("commands", "__main__", "pytest_plugin"),
}

HOUSE = {"modbus_wire": WIRE, "modbus_schema": SCHEMA}
"""The two packages; the first never imports the second."""

ORDER = {
    f"{package}.{part}": place
    for place, (package, part) in enumerate(
        (package, part) for package, rows in HOUSE.items() for row in rows.values() for part in row
    )
}
"""The place of each part; an import leads to a lower place."""

SANS_IO = tuple(
    f"modbus_wire.{part}"
    for row, parts in WIRE.items()
    if row not in ("endpoints", "drivers", "faces")
    for part in parts
)
CLOCKS = {
    "modbus_schema.polling.async_poller": {"asyncio"},
    "modbus_schema.polling.timing": {"asyncio"},
    "modbus_schema.simulation.clock": {"asyncio", "time"},
}
"""The modules of the schema that keep time, and what they need for it."""

OUTSIDE = {"asyncio", "select", "selectors", "signal", "socket", "ssl", "subprocess", "time"}
"""Modules of sockets, clocks and loops."""

EXTRAS = {
    "modbus_wire.crc": "fastcrc",
    "modbus_wire.tls": "cryptography",
    "modbus_wire.sync.serial_port": "serial",
    "modbus_wire.prometheus": "prometheus_client",
    "modbus_schema.pytest_plugin": "pytest",
    "modbus_schema.imports.home_assistant": "yaml",
    "modbus_schema.values.bulk": "numpy",
    "modbus_schema.values.data_frame": "pandas",
    "modbus_schema.values.arrow_table": "pyarrow",
}
"""The one module that imports what an optional extra brings."""

THREADS = {"concurrent", "multiprocessing", "threading"}


def modules() -> dict[str, str]:
    """Return the source of every module of the two packages, by its dotted name."""
    found = {}
    for package in HOUSE:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = path.read_text(encoding="utf-8")
    return found


MODULES = modules()
INSIDE = [name for name in MODULES if name not in HOUSE]
"""All modules but the two roots, which may import anything of their package."""


def names_in(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the dotted name of each module that import statements among the nodes import."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def imports_of(source: str) -> Iterator[str]:
    """Yield the modules that a source imports, wherever the import stands."""
    return names_in(ast.walk(ast.parse(source)))


def imports_at_once(source: str) -> Iterator[str]:
    """Yield the modules that a source imports when it is itself imported."""
    return names_in(ast.parse(source).body)


def part_of(module: str) -> str:
    """Return the part of the house that a module belongs to: package and first name below."""
    return ".".join(module.split(".")[:2])


def is_ours(module: str) -> bool:
    """Whether a module is of one of the two packages."""
    return module.split(".")[0] in HOUSE


def complaint(module: str, imported: str) -> str | None:
    """Return what is wrong about an import, None for nothing."""
    if imported.startswith("."):
        return f"{module} imports relatively: {imported}"
    if imported in HOUSE:
        return f"{module} imports the package root {imported}"
    if not is_ours(imported) or part_of(imported) == part_of(module):
        return None
    if ORDER[part_of(imported)] >= ORDER[part_of(module)]:
        return f"{module} imports {imported}, which lives higher"
    return None


@pytest.mark.parametrize("module", INSIDE)
def test_module_imports_only_from_lower_rows(module: str) -> None:
    """Each import leads down the house, stays in the same subpackage, or leaves the project."""
    assert part_of(module) in ORDER, f"{module} has no place in the house: give it one above"
    complaints = [complaint(module, imported) for imported in imports_of(MODULES[module])]
    assert [text for text in complaints if text is not None] == []


@pytest.mark.parametrize("package", HOUSE)
def test_root_imports_only_its_own_modules(package: str) -> None:
    """A root gathers its package; the schema's reaches below for the version and late names."""
    others = {name for name in imports_of(MODULES[package]) if is_ours(name)} - {package}
    foreign = {name for name in others if not name.startswith(f"{package}.")}
    below = {f"modbus_wire.{part}" for part in ("later", "typed", "version")}
    assert foreign <= (below if package == "modbus_schema" else set())


def test_imports_have_no_cycle() -> None:
    """Not within a subpackage, nor through its root, can the order of imports matter."""
    graph = {
        name: {imported for imported in imports_at_once(source) if imported in MODULES}
        for name, source in MODULES.items()
    }
    assert len(tuple(TopologicalSorter(graph).static_order())) == len(MODULES)


@pytest.mark.parametrize("module", [name for name in INSIDE if part_of(name) in SANS_IO])
def test_core_knows_no_socket_clock_or_thread(module: str) -> None:
    """What decides about bytes does no input or output; only the bank has a lock."""
    forbidden = OUTSIDE if module == "modbus_wire.bank" else OUTSIDE | THREADS
    tops = {name.split(".")[0] for name in imports_of(MODULES[module])}
    assert tops & forbidden == set()


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("modbus_schema")])
def test_schema_leaves_sockets_to_the_wire(module: str) -> None:
    """The schema reaches the outside only through the wire package; clocks keep the time."""
    tops = {name.split(".")[0] for name in imports_of(MODULES[module])}
    assert tops & OUTSIDE == CLOCKS.get(module, set())


@pytest.mark.parametrize("module", MODULES)
def test_dependencies_are_the_declared_ones(module: str) -> None:
    """The wire package needs the standard library alone, the schema attrs besides, extras apart."""
    allowed = {"modbus_wire"} if module.startswith("modbus_wire") else {*HOUSE, "attrs"}
    allowed |= {EXTRAS[module]} if module in EXTRAS else set()
    tops = {name.split(".")[0] for name in imports_of(MODULES[module])}
    assert tops - allowed - sys.stdlib_module_names == set()


@pytest.mark.parametrize("module", MODULES)
def test_only_the_faces_print(module: str) -> None:
    """Nothing but a drop-in face writes to the user's terminal."""
    faces = {f"modbus_wire.{part}" for part in WIRE["faces"]}
    names = {node.id for node in ast.walk(ast.parse(MODULES[module])) if isinstance(node, ast.Name)}
    assert "print" not in names or part_of(module) in faces


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("modbus_wire.errors", "from modbus_wire.sync.client import Client"),
        ("modbus_wire.codes", "import modbus_wire.bits"),
        ("modbus_wire.sync.client", "def late():\n    import modbus_schema.errors"),
        ("modbus_wire.client", "from modbus_wire import constants"),
        ("modbus_schema.device", "import modbus_schema"),
        ("modbus_schema.device", "from modbus_wire import Client"),
        ("modbus_schema.codecs.base", "from .order import Order"),
        (
            "modbus_schema.layout.tree",
            "if TYPE_CHECKING:\n    from modbus_schema.model.register_map import X",
        ),
    ],
)
def test_an_import_that_leads_up_is_found(module: str, source: str) -> None:
    """The check sees late, type-only, relative and root imports."""
    assert [complaint(module, imported) for imported in imports_of(source)] != [None]
