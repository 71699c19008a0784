"""The promises of the types, held by mypy --strict and pyright without a plugin."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

CHECKERS = [
    pytest.param("mypy", marks=pytest.mark.skipif(not find_spec("mypy"), reason="no mypy")),
    pytest.param(
        "pyright", marks=pytest.mark.skipif(not find_spec("pyright"), reason="no pyright")
    ),
]


def complaints(checker: str, path: Path) -> dict[int, str]:
    """Run a checker over a file, as the configuration says; returns the errors by line."""
    return mypy_errors(path) if checker == "mypy" else pyright_errors(path)


def mypy_errors(path: Path) -> dict[int, str]:
    """Return mypy's errors in a file by line."""
    output = run("mypy", "--no-error-summary", str(path))
    lines = re.findall(r"^(.+?):(\d+): error: (.+)$", output, re.MULTILINE)
    return {int(number): text for file, number, text in lines if Path(file).name == path.name}


def pyright_errors(path: Path) -> dict[int, str]:
    """Return pyright's errors in a file by line."""
    output = run("pyright", "--pythonversion", "3.11", "--outputjson", str(path))
    found = json.loads(output[output.index("{") :])["generalDiagnostics"]
    errors = (each for each in found if each["severity"] == "error")
    return {each["range"]["start"]["line"] + 1: each["message"] for each in errors}


def run(module: str, *arguments: str) -> str:
    """Run a module as a script in the repository; returns what it prints."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("checker", CHECKERS)
def test_accepts_what_is_right(checker: str) -> None:
    """A right map, its instances and references have no errors and the types that we promise."""
    assert complaints(checker, HERE / "accepted.py") == {}


@pytest.mark.parametrize("checker", CHECKERS)
def test_rejects_what_is_wrong(checker: str) -> None:
    """Every mistake is an error on its line, and there are no errors on other lines."""
    path = HERE / "rejected.py"
    lines = path.read_text(encoding="utf-8").splitlines()
    marked = {number for number, line in enumerate(lines, 1) if line.endswith("# error")}
    errors = complaints(checker, path)
    assert {number: lines[number - 1] for number in marked - errors.keys()} == {}
    assert {number: errors[number] for number in errors.keys() - marked} == {}


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize("name", ["star_schema.py", "star_wire.py"])
def test_knows_what_a_star_imports(checker: str, name: str) -> None:
    """All names of a package come with their types, and none that a program does not get."""
    assert complaints(checker, HERE / name) == {}
