"""The source of classes: what it says, that it is the class that is loaded, that checkers agree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modbus_schema.describe.diff import diff
from modbus_schema.describe.json_schema import to_json_schema
from modbus_schema.describe.markdown import to_markdown
from modbus_schema.layout.tree import layout_of
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.sunspec.catalogue import UnknownModel, definition, model_ids
from modbus_schema.sunspec.classes import load
from modbus_schema.sunspec.parsing import parse
from modbus_schema.sunspec.source import write_source
from tests.sunspec.official import IS_THERE, needs_files
from tests.sunspec.own import BOILER, group, model, point

ROOT = Path(__file__).parents[2]

BOILER_SOURCE = '''\
"""SunSpec model 64900, written by `python -m modbus_schema import sunspec`.

Names and texts are those of SunSpec's definitions.
"""

from enum import IntEnum, IntFlag

from modbus_schema import (
    RO,
    RW,
    RegisterMap,
    enum,
    flags,
    holding_register,
    int16,
    outer,
    repeat,
    string,
    uint16,
    uint32,
)


class BoilerSt(IntEnum):
    """The values of Boiler.St."""

    OFF = 0
    ON_2 = 1


class BoilerEvt(IntFlag):
    """The bits of Boiler.Evt."""

    HOT = 1 << 3
    """Too hot"""


class BoilerTank(RegisterMap):
    """The group tank of Boiler."""

    Lvl: RO[float | None] = holding_register(
        0, uint32.scaled("0.01").optional(0xFFFFFFFF), default=None, unit="m"
    )
    Tmp: RO[float | None] = holding_register(
        2, int16.scaled_by(outer("Tmp_SF")).optional(0x8000), default=None
    )
    Name: RW[str | None] = holding_register(
        3, string(2, terminated=True, fallback="latin-1").optional(0), default=None
    )


class Boiler(RegisterMap):
    """Model 64900: A boiler.

    With tanks.
    """

    ID: RO[int] = holding_register(0, uint16, default=64900)
    L: RO[int] = holding_register(1, uint16, default=7)
    Tmp_SF: RO[int | None] = holding_register(2, int16.optional(0x8000), min=-10, max=10)
    N: RO[int] = holding_register(8, uint16)
    Tmp: RO[float] = holding_register(
        3, int16.scaled_by(Tmp_SF).or_nan(0x8000), unit="C", description="Temperature"
    )
    TmpSet: RW[float | None] = holding_register(
        4,
        int16.scaled_by(Tmp_SF).optional(0x8000),
        default=None,
        unit="C",
        description="What is wanted.",
    )
    St: RO[BoilerSt | int | None] = holding_register(
        5, enum(BoilerSt, keep_unknown=True).optional(0xFFFF), default=None
    )
    Evt: RO[BoilerEvt | None] = holding_register(
        6, flags(BoilerEvt, uint32).optional(0xFFFFFFFF), default=None
    )
    tank: RW[tuple[BoilerTank, ...]] = repeat(BoilerTank, base=9, stride=5, count=N, at_most=50)
'''


def run(source: str) -> dict[str, Any]:
    """Return what a module defines."""
    namespace: dict[str, Any] = {"__name__": __name__}
    exec(compile(source, "written", "exec"), namespace)
    return namespace


def test_the_source_of_a_model() -> None:
    """Enums, flags, groups and the model, in the form in which people write them."""
    assert write_source([parse(BOILER, "own")]) == BOILER_SOURCE


@needs_files
def test_every_definition_is_written_as_it_is_loaded() -> None:
    """All together in one module, where no class takes the place of another's, or one by one."""
    found = run(write_source([definition(each) for each in model_ids()]))
    written = [
        each
        for each in found.values()
        if isinstance(each, type) and issubclass(each, RegisterMap) and "L" in each.__fields__
    ]
    assert len(written) == len(model_ids()) >= 112
    for model_id, one in zip(model_ids(), written, strict=True):
        loaded = load(model_id)
        assert one is not loaded
        assert diff(one, loaded) == []
        assert one.__fields__.keys() == loaded.__fields__.keys()
        field: Any = one.__fields__["ID"]
        assert field.default == model_id


@needs_files
@pytest.mark.parametrize("model_id", [1, 103, 160, 203])
def test_the_examples_are_written(model_id: int) -> None:
    """They are what the command writes, with nothing changed by hand."""
    path = ROOT / "examples" / "devices" / f"sunspec_{model_id}.py"
    assert path.read_text(encoding="utf-8") == write_source([definition(model_id)])


@needs_files
def test_a_model_is_loaded_once() -> None:
    """The same arguments give the same class; documents and tracebacks show it."""
    assert load(103) is load(103)
    assert load(103).__name__ == "InverterThreePhase"
    assert load(103, length=50) is not load(103, length=20)
    assert "SLEEPING" in to_markdown(load(103))
    assert to_json_schema(load(160))["properties"]["module"]["type"] == "array"


@needs_files
def test_a_formatter_has_nothing_to_change(tmp_path: Path) -> None:
    """The lines are broken as people's formatters break them."""
    path = tmp_path / "models.py"
    few = (1, 8, 103, 122, 160, 203, 704, 707, 803, 64411)
    path.write_text(write_source([definition(each) for each in few]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--diff", "--line-length=100", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_what_belongs_to_one_moment_is_read_together() -> None:
    """A group of type sync, as a whole."""
    pair = group("pair", point("A"), point("B"), type="sync")
    made = load(model(64905, point("C"), groups=[pair]))
    bundles = {slot.path: slot.bundle for slot in layout_of(made).slots}
    assert bundles[("C",)] is None
    assert bundles["pair", "A"] == bundles["pair", "B"] == ("pair",)


@pytest.mark.skipif(IS_THERE, reason="pysunspec2 is installed")
def test_without_the_official_definitions() -> None:
    """The error says where they come from."""
    with pytest.raises(UnknownModel, match=r"pip install 'modbus-schema\[sunspec\]'"):
        load(103)


def test_names_that_python_does_not_take() -> None:
    """They get the least change that it does take, and no two get the same."""
    odd = model(
        64901,
        point("class"),
        point("A B"),
        point("A-B"),
        point("3ph"),
        point("_x"),
        point("replace"),
        point("int"),
        point("string", "string", 2),
        point("St", "enum16", symbols=[{"name": "%W", "value": 0}, {"name": "1 ph", "value": 1}]),
        point("Mode", "enum16", symbols=[{"name": "name", "value": 0}]),
        groups=[group("uint16", point("A", mandatory="M"))],
    )
    made: Any = load(odd)
    names = ["ID", "L", "class_", "A_B", "A_B2", "n3ph", "x", "replace_", "int", "string", "St"]
    assert list(made.__fields__) == [*names, "Mode", "uint16"]
    made(uint16=made.__fields__["uint16"].model(A=1))


def test_texts_cannot_break_out() -> None:
    """Quotes, backslashes and line ends of a definition stay text."""
    text = 'a """ \\ \n\' + __import__("os").abort() + \''
    odd = model(
        64902,
        point("A", label=text, desc=text, units=text),
        point("St", "enum16", symbols=[{"name": "X", "value": 0, "label": text, "desc": text}]),
        label=text,
        desc=text,
    )
    made = load(odd)
    assert "abort" in str(made.__doc__)
    assert load(odd) is made


def test_a_shorter_model() -> None:
    """It has the points that are there, and none whose scale factor is not."""
    assert list(load(BOILER, length=4).__fields__) == ["ID", "L", "Tmp_SF", "Tmp", "TmpSet", "St"]
    late = model(64903, point("A", sf="A_SF"), point("B"), point("A_SF", "sunssf"))
    assert list(load(late, length=2).__fields__) == ["ID", "L", "B"]


def test_a_text_too_long_for_a_request() -> None:
    """It is in parts, each of which one request carries."""
    made: Any = load(model(64904, point("Text", "string", 150, access="RW")))
    assert list(made.__fields__) == ["ID", "L", "Text_1", "Text_2"]
    assert [made.__fields__[each].codec.registers for each in ("Text_1", "Text_2")] == [75, 75]
