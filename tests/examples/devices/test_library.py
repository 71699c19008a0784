"""The library as a whole: each device has a source and a test.

The SunSpec models are left out: the generator has written them, and its tests compare them.
"""

import ast
from pathlib import Path

import pytest

from modbus_schema import RegisterMap, simulate
from modbus_schema.describe.diff import diff
from modbus_schema.describe.html import to_html
from modbus_schema.describe.markdown import to_markdown
from modbus_schema.describe.table_csv import to_csv
from modbus_schema.layout import layout_of
from modbus_schema.values.mapping import from_dict, from_json, to_dict, to_json
from tests.examples.devices import (
    test_abb_b23,
    test_carlo_gavazzi_em24,
    test_delta_vfd_ed,
    test_eastron_sdm630,
    test_julabo_presto,
    test_lg_therma_v,
    test_modicon_m221,
    test_schneider_meters,
    test_siemens_pac2200,
)

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


STATES: list[RegisterMap] = [
    test_abb_b23.STATE,
    test_carlo_gavazzi_em24.READINGS,
    test_carlo_gavazzi_em24.meter(),
    test_delta_vfd_ed.STATE,
    test_eastron_sdm630.STATE,
    test_julabo_presto.STATE,
    test_lg_therma_v.STATE,
    test_modicon_m221.STATE,
    test_schneider_meters.METER,
    test_siemens_pac2200.STATE,
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: type(state).__name__)
def test_its_values_come_back(state: RegisterMap) -> None:
    """From a dictionary, from JSON, and from the registers of a device made of them."""
    assert from_dict(type(state), to_dict(state)) == state
    assert from_json(type(state), to_json(state)) == state
    with simulate(state, port=0) as sim:
        assert sim.snapshot() == state


@pytest.mark.parametrize("state", STATES, ids=lambda state: type(state).__name__)
def test_it_is_a_document(state: RegisterMap) -> None:
    """Every field is in the table that a customer gets; a map does not differ from itself."""
    model = type(state)
    names = [slot.name.removeprefix(f"{model.__name__}.") for slot in layout_of(model).slots]
    for document in (to_markdown(model).replace("\\", ""), to_html(model), to_csv(model)):
        assert [name for name in names if name not in document] == []
    assert diff(model, model) == []
