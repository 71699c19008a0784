"""The command line: the source of models."""

import json
from pathlib import Path

import pytest

from modbus_schema.__main__ import main
from tests.sunspec.own import BOILER


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a folder with the definition of model 64900."""
    path = tmp_path / "model_64900.json"
    path.write_text(json.dumps(BOILER), encoding="utf-8")
    return tmp_path


def test_the_command_writes_source(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By id or by file; what is wrong with a definition is told line by line."""
    assert main(["import", "sunspec", "64900", "--source", str(source)]) == 0
    by_id = capsys.readouterr().out
    assert main(["import", "sunspec", str(source / "model_64900.json")]) == 0
    assert capsys.readouterr().out == by_id
    assert "class Boiler(RegisterMap):" in by_id
    (source / "model_2.json").write_text("{}", encoding="utf-8")
    assert main(["import", "sunspec", str(source / "model_2.json")]) == 1
    assert "model_2.json: id is a whole number" in capsys.readouterr().err
    assert main(["import", "sunspec", "64901", "--source", str(source)]) == 1
    assert "no definition of model 64901" in capsys.readouterr().err
