"""What the schema's packages offer: each name from where it is, when it is asked for."""

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import modbus_schema
import modbus_schema.simulation

PACKAGES: list[ModuleType] = [modbus_schema, modbus_schema.simulation]
NAMES = [(package, name) for package in PACKAGES for name in vars(package)["__all__"]]


@pytest.mark.parametrize("package", PACKAGES)
def test_checkers_and_programs_see_the_same_names(package: ModuleType) -> None:
    """What a program can import is what a checker says it can, each name once."""
    assert package.__file__ is not None
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    branches = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for branch in branches for node in branch.body]
    seen = {
        alias.asname or alias.name
        for node in imports
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    names = list[str](vars(package)["__all__"])
    assert len(set(names)) == len(names)
    assert seen | ({"__version__"} & set(names)) == set(names)
    assert set(names) <= set(dir(package))


@pytest.mark.parametrize(("package", "name"), NAMES)
def test_every_name_is_there(package: ModuleType, name: str) -> None:
    """It is found, and no module of the same name takes its place."""
    value = getattr(package, name)
    assert not isinstance(value, ModuleType)
    assert getattr(package, name) is value


@pytest.mark.parametrize("package", PACKAGES)
def test_another_name_is_not(package: ModuleType) -> None:
    """The error is that of any module."""
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        package.Nothing  # noqa: B018


def test_the_root_alone_brings_nothing_along() -> None:
    """Who only has the package installed, or runs its command, pays for what is used."""
    code = "import modbus_schema; import sys; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
    unwanted = {"attr", "attrs", "modbus_schema.model.register_map", "modbus_wire.sync"}
    assert unwanted.isdisjoint(loaded.split())
