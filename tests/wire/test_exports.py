"""What the package root offers: every name, from where it is said to be, when it is asked for."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import modbus_wire

NAMES: list[str] = vars(modbus_wire)["__all__"]


def imported_for_checkers() -> set[str]:
    """Return the names that type checkers find in the root."""
    tree = ast.parse(Path(modbus_wire.__file__).read_text(encoding="utf-8"))
    branches = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for branch in branches for node in branch.body]
    return {
        alias.asname or alias.name
        for node in imports
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_checkers_and_programs_see_the_same_names() -> None:
    """What a program can import is what a checker says it can, each name once."""
    assert len(set(NAMES)) == len(NAMES)
    assert imported_for_checkers() | {"VERSION", "__version__"} == set(NAMES)
    assert set(NAMES) <= set(dir(modbus_wire))


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_there(name: str) -> None:
    """It is found, and it is found again."""
    value = getattr(modbus_wire, name)
    assert getattr(modbus_wire, name) is value


def test_another_name_is_not() -> None:
    """The error is that of any module."""
    with pytest.raises(AttributeError, match="module 'modbus_wire' has no attribute 'Nothing'"):
        modbus_wire.Nothing  # noqa: B018


def test_a_blocking_client_needs_no_asyncio() -> None:
    """Nor do TLS, serial lines or metrics come along."""
    code = "from modbus_wire import Client, Server; import sys; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
    unwanted = {"asyncio", "ssl", "serial", "prometheus_client", "cryptography", "fastcrc"}
    assert unwanted.isdisjoint(loaded.split())
