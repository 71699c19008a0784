"""Maps in a program's own classes, which cattrs takes apart and puts together."""

import json
import math
from importlib import import_module
from typing import Any

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from modbus_schema.codecs import float32, uint16
from modbus_schema.compile.plain import assemble
from modbus_schema.errors import EncodeError
from modbus_schema.fields.descriptors import RO, RW
from modbus_schema.fields.placements import holding_register, input_register
from modbus_schema.layout.tree import layout_of
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.values.cattrs_hooks import register_maps
from modbus_schema.values.mapping import from_plain, to_json, to_plain
from tests.schema.generated_maps import Extent, cells, maps, whole_tables
from tests.schema.test_compile_generated import assert_same_instance, readable_values
from tests.schema.test_values import PLANT as ANY_PLANT
from tests.schema.test_values import Plant, Zone

pytest.importorskip("cattrs")


PLANT = ANY_PLANT.replace(power=1500.5)  # a number that equals itself


@attrs.frozen
class Site:
    """A class of the user's."""

    name: str
    plant: Plant
    zones: dict[str, Zone]
    spare: Zone | None = None


SITE = Site("north", PLANT, {"hall": Zone(target=21.5)})


@pytest.fixture(params=["cattrs", "cattrs.preconf.json", "cattrs.preconf.pyyaml"])
def converter(request: pytest.FixtureRequest) -> Any:
    """Return converters of several makes."""
    module = import_module(request.param)
    make = getattr(module, "Converter", None) or module.make_converter
    made = make()
    register_maps(made)
    return made


def test_a_map_inside_a_class_comes_back(converter: Any) -> None:
    """As a field, in a dictionary, and as something that may be missing."""
    plain = converter.unstructure(SITE)
    assert plain["plant"] == to_plain(PLANT)
    assert plain["zones"] == {"hall": {"target": 21.5}}
    assert converter.structure(plain, Site) == SITE
    assert converter.structure({**plain, "spare": {"target": 5}}, Site).spare == Zone(target=5)
    assert converter.structure(json.loads(json.dumps(plain)), Site) == SITE


def test_a_converter_of_texts_writes_what_to_json_writes() -> None:
    """The text of a map alone is that of `to_json`."""
    json_converter = import_module("cattrs.preconf.json").make_converter()
    register_maps(json_converter)
    assert json.loads(json_converter.dumps(PLANT)) == json.loads(to_json(PLANT))
    assert json_converter.loads(to_json(PLANT), Plant) == PLANT


def test_what_is_not_a_map_is_left_alone(converter: Any) -> None:
    """Other classes, and types that are no classes, go their own ways."""
    assert converter.structure({"a": "1"}, dict[str, int]) == {"a": 1}
    optional: Any = int | None
    assert converter.structure("3", optional) == 3


def test_a_value_that_its_field_cannot_hold_is_named(converter: Any) -> None:
    """The error of the field is in the error of cattrs; nothing is made."""
    plain = converter.unstructure(SITE)
    plain["zones"]["hall"]["target"] = 99
    with pytest.raises(Exception, match="While structuring Site") as raised:
        converter.structure(plain, Site)
    errors = list(leaves(raised.value))
    assert [type(error) for error in errors] == [EncodeError]
    assert "Zone.target: holding[0]: 99" in str(errors[0])


def leaves(error: BaseException) -> list[BaseException]:
    """Return the errors in a group of errors."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]


class Broken(RegisterMap):
    """A number that may not be one, and a default."""

    level: RO[float] = input_register(0, float32)
    limit: RW[int] = holding_register(0, uint16, default=7)


def test_numbers_that_are_none_and_defaults(converter: Any) -> None:
    """NaN is a text, for JSON has none; what is left out has its default."""
    assert converter.unstructure(Broken(level=math.inf, limit=1)) == {
        "level": "Infinity",
        "limit": 1,
    }
    made = converter.structure({"level": "NaN"}, Broken)
    assert math.isnan(made.level)
    assert made.limit == 7


@settings(max_examples=50)
@given(st.data(), maps())
def test_every_map_comes_back(data: st.DataObject, drawn: Extent) -> None:
    """Generated classes: what is read from a device is the same after JSON, to the last bit."""
    layout = layout_of(drawn.model)
    values = readable_values(layout, data.draw(cells(whole_tables(layout))))
    instance = assemble(layout.root, values.get)
    try:
        plain = to_plain(instance)
        assume(json.loads(json.dumps(plain)) == plain)  # a user's own values need not be JSON's
        back = from_plain(drawn.model, plain)
    except TypeError:
        assume(False)  # JSON has nothing for the values of a user's codec
    except EncodeError:
        assume(False)  # the cells held what no field may be given
    assert_same_instance(layout, back, instance)
