"""The library as a whole: each device has a source and a test.

The SunSpec models are left out: the generator has written them, and its tests compare them.
"""

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent
DEVICES = [
    path
    for path in sorted((HERE.parents[2] / "examples" / "devices").glob("[a-z]*.py"))
    if not path.stem.startswith("sunspec_")
]


@pytest.mark.parametrize("path", DEVICES, ids=lambda path: path.stem)
def test_a_device_has_a_source_and_a_test(path: Path) -> None:
    """Its docstring says where the map is from; a module beside this one tests it."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert "Source: " in docstring
    assert (HERE / f"test_{path.stem}.py").is_file()


def test_there_are_devices() -> None:
    """The search has not gone blind."""
    assert len(DEVICES) >= 9
