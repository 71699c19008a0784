"""Definitions: what is read of them, and everything that is wrong with one at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modbus_schema.imports.faults import ImportFailed
from modbus_schema.sunspec.catalogue import UnknownModel, definition, definition_in, model_ids
from modbus_schema.sunspec.definitions import Symbol
from modbus_schema.sunspec.parsing import parse
from tests.sunspec.official import needs_files
from tests.sunspec.own import BOILER, group, model, point


def test_a_definition_is_read() -> None:
    """Types, scale factors, symbols, counts and texts."""
    found = parse(json.dumps(BOILER), "boiler.json")
    assert (found.model_id, found.length) == (64900, 7)
    points = {each.name: each for each in found.group.points}
    assert points["Tmp"].scale == "Tmp_SF"
    assert (points["Tmp"].mandatory, points["Tmp"].writable) == (True, False)
    assert (points["TmpSet"].writable, points["TmpSet"].text) == (True, "What is wanted.")
    assert points["Evt"].symbols == (Symbol("HOT", 3, "Too hot"),)
    (tank,) = found.group.groups
    assert (tank.times, tank.size, tank.points[0].scale) == ("N", 5, -2)


@needs_files
def test_all_of_pysunspec2_are_read() -> None:
    """There are 112 in the release that this was written with, and they lose nothing."""
    ids = model_ids()
    assert len(ids) >= 112
    for model_id in ids:
        found = definition(model_id)
        assert (found.model_id, found.group.points[0].name) == (model_id, "ID")
    assert sum(len(definition(each).group.points) for each in ids) > 2700


def test_numbers_may_be_texts() -> None:
    """As spreadsheets give them: sizes, counts and scale factors."""
    tank = group("tank", point("A", sf="-1"), count="2")
    found = parse(model(64900, point("B", size="1"), groups=[tank]), "own")  # type: ignore[arg-type]
    assert found.group.groups[0].times == 2
    assert found.group.groups[0].points[0].scale == -1


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("{", "own: Expecting property name"),
        ("[]", r"own: the document is no table of names, but \[\]"),
        ("{}", "own: id is a whole number in 1..65534, not None"),
        ({"id": 70000}, "id is a whole number in 1..65534, not 70000"),
        ({"id": 1}, "own: group is no table of names, but None"),
        ({"id": 1, "group": {}}, "name is a text, not None"),
        ({"id": 1, "group": group("a")}, r"own: a: begins with ID and L, not with \[\]"),
        ({"id": 2, "group": model(1)["group"]}, "own.ID: is 1, not 2"),
        (model(1, point("A", "int17")), "own.A: type is one of int16,"),
        (model(1, point("A", "int32")), "own.A: a int32 has the size 2, not 1"),
        (model(1, point("A", "string", 0)), "size is a whole number in 1..65535, not 0"),
        (model(1, point("A", access="W")), "access is one of R, RW, not 'W'"),
        (model(1, point("A", mandatory="Y")), "mandatory is one of M, O, not 'Y'"),
        (model(1, point("A", sf=11)), "sf is a whole number in -10..10, not 11"),
        (model(1, point("A", sf="B_SF")), "own.A: 'B_SF' is no scale factor of its group"),
        (model(1, point("A", sf="B"), point("B")), "'B' is no scale factor"),
        (model(1, point("A", "float32", 2, sf=1)), "a float32 has no scale factor"),
        (model(1, point("A", count=2)), "own.A: a point does not repeat"),
        (model(1, point("A"), point("A")), "own.A: is there twice"),
        (model(1, point("A"), groups=[group("A")]), "own.A: is there twice"),
        (model(1, groups=[group("A", count="N")]), "A: repeats 'N' times, which is no point"),
        (model(1, groups=[group("A", count=-1)]), "count is a whole number in 0..65535"),
        (model(1, groups=[group("A", count=0), group("B")]), "A: fills the model, so it is the la"),
        (model(1, groups=[group("A", groups=[group("B", count=0)])]), "B: only a group of the mod"),
        (
            model(1, groups=[group("A", groups=[group("B")], count=0)]),
            "A: fills the model, so it has no groups",
        ),
        (model(1, type="list"), "type is one of group, sync, not 'list'"),
        (model(1, count=2), "own: a model itself does not repeat"),
        (model(1, point("A", symbols=[{"name": "B", "value": 1}])), "a uint16 has no symbols"),
        (
            model(1, point("A", "bitfield16", symbols=[{"name": "B", "value": 16}])),
            "own.A: value is a whole number in 0..15, not 16",
        ),
        (model(1, point("A", "enum16", symbols=[{"value": 1}])), "own.A: name is a text"),
        (
            model(
                1,
                point(
                    "A", "enum16", symbols=[{"name": "B", "value": 1}, {"name": "C", "value": 1}]
                ),
            ),
            "two of the symbols are the same",
        ),
        (model(1, "A"), r"points\[2\] is no table of names, but 'A'"),  # type: ignore[arg-type]
    ],
)
def test_a_fault_is_named(document: Any, says: str) -> None:
    """With document, group and point."""
    with pytest.raises(ImportFailed, match=says) as failed:
        parse(document, "own")
    assert str(failed.value).startswith("own: ")


def test_all_faults_are_told_at_once() -> None:
    """A line for each."""
    tank = group("tank", point("C", "int64"), count="M")
    bad = model(1, point("A", "int17"), point("B", sf="B_SF"), groups=[tank])
    with pytest.raises(ImportFailed) as failed:
        parse(bad, "own")
    assert len(failed.value.faults) == 4


def test_definitions_of_ones_own(tmp_path: Path) -> None:
    """A folder of files named after their models, or one file of any name."""
    (tmp_path / "model_64900.json").write_text(json.dumps(BOILER), encoding="utf-8")
    (tmp_path / "model_new.json").write_text("{}", encoding="utf-8")
    (tmp_path / "model_7.json").write_text(json.dumps(BOILER), encoding="utf-8")
    known = parse(BOILER, "own")
    assert definition(64900, tmp_path) == known == definition(BOILER)
    assert definition(64900, tmp_path / "model_64900.json") == known
    assert definition_in(tmp_path / "model_7.json") == known
    assert model_ids(tmp_path) == (7, 64900)
    assert model_ids(tmp_path / "model_7.json") == (64900,)
    with pytest.raises(UnknownModel, match="no definition of model 103 in"):
        definition(103, tmp_path)
    with pytest.raises(UnknownModel, match=r"model_7.json defines model 64900, not 7"):
        definition(7, tmp_path)
    with pytest.raises(ImportFailed, match=r"model_new.json: id is a whole number"):
        definition_in(tmp_path / "model_new.json")


@needs_files
def test_an_unknown_model() -> None:
    """It is named."""
    with pytest.raises(UnknownModel, match="no definition of model 12345 in pysunspec2"):
        definition(12345)
