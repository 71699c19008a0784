"""Values out of instances and into them: dictionaries, JSON, and the schema of both."""

import json
import math
from datetime import UTC, datetime, timedelta
from enum import IntEnum, IntFlag
from ipaddress import IPv4Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_schema.codecs import (
    array,
    bit_list,
    date_time,
    duration,
    enum,
    flags,
    float32,
    int16,
    ipv4,
    mac,
    raw,
    string,
    timestamp,
    uint16,
    uint32,
)
from modbus_schema.describe.json_schema import to_json_schema
from modbus_schema.errors import EncodeError
from modbus_schema.fields.descriptors import RO, RW, WO
from modbus_schema.fields.placements import coil, group, holding_register, input_register, repeat
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.values.mapping import from_dict, from_json, to_dict, to_json


class Mode(IntEnum):
    """A mode."""

    OFF = 0
    HEAT = 1


class Alarm(IntFlag):
    """Alarms."""

    HOT = 1


class Zone(RegisterMap):
    """A zone."""

    target: RW[float] = holding_register(0, int16.scaled("0.1"), unit="degC", min=5, max=30)


class Plant(RegisterMap):
    """All kinds of values."""

    mode: RW[Mode | int] = holding_register(0, enum(Mode, keep_unknown=True))
    alarm: RO[Alarm] = input_register(0, flags(Alarm))
    level: RO[float | None] = input_register(1, int16.scaled("0.1").optional(0x8000))
    power: RO[float] = input_register(2, float32, description="of all zones", unit="W")
    name: RW[str] = holding_register(1, string(4), default="plant")
    key: RW[bytes] = holding_register(5, raw(2))
    counts: RO[tuple[int, ...]] = input_register(4, array(uint16, 2))
    valves: RW[tuple[bool, ...]] = coil(0, bit_list(3))
    pump: RW[bool] = coil(5)
    reset: WO[int] = holding_register(7, uint16, default=None)
    started: RO[datetime] = input_register(6, timestamp())
    made: RO[datetime] = input_register(8, date_time("year", "month", "day"))
    period: RW[timedelta] = holding_register(8, duration(uint16, "min"))
    host: RW[IPv4Address] = holding_register(9, ipv4)
    card: RO[str] = input_register(11, mac)
    zones: RO[tuple[Zone, ...]] = repeat(Zone, base=100, stride=1, count=2)
    main: RW[Zone] = group(Zone, base=110)


PLANT = Plant(
    mode=Mode.HEAT,
    alarm=Alarm(5),
    level=None,
    power=math.nan,
    key=b"\x01\x02\x03\x04",
    counts=(1, 2),
    valves=(True, False, True),
    pump=True,
    started=datetime(2024, 1, 1, tzinfo=UTC),
    made=datetime(2023, 12, 31),
    period=timedelta(minutes=90),
    host=IPv4Address("10.0.0.1"),
    card="00:80:f4:02:1a:2b",
    zones=(Zone(target=20.5), Zone(target=21.0)),
    main=Zone(target=5.0),
)


def test_a_dictionary_holds_the_values_as_they_are() -> None:
    """Groups are dictionaries, what repeats is a list, and the way back gives the instance."""
    values = to_dict(PLANT)
    assert values["mode"] is Mode.HEAT
    assert values["zones"] == [{"target": 20.5}, {"target": 21.0}]
    assert values["main"] == {"target": 5.0}
    assert from_dict(Plant, values) == PLANT


def test_json_is_what_other_programs_read() -> None:
    """Names, texts and numbers; the way back gives the instance."""
    values = json.loads(to_json(PLANT))
    assert values | {"zones": [], "main": {}} == {
        "mode": "HEAT",
        "alarm": 5,
        "level": None,
        "power": "NaN",
        "name": "plant",
        "key": "01020304",
        "counts": [1, 2],
        "valves": [True, False, True],
        "pump": True,
        "reset": None,
        "started": "2024-01-01T00:00:00+00:00",
        "made": "2023-12-31T00:00:00",
        "period": 5400.0,
        "host": "10.0.0.1",
        "card": "00:80:f4:02:1a:2b",
        "zones": [],
        "main": {},
    }
    back = from_json(Plant, to_json(PLANT))
    assert math.isnan(back.power)
    assert back.replace(power=0.0) == PLANT.replace(power=0.0)


def test_what_is_left_out_has_its_default() -> None:
    """A field with a default may be missing; a write-only one is None."""
    values = {
        name: value for name, value in to_dict(PLANT).items() if name not in ("name", "reset")
    }
    assert from_dict(Plant, values) == PLANT


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"mode": "BOIL"}, r"Plant\.mode: holding\[0\]: 'BOIL' is none of OFF, HEAT"),
        ({"key": "0102"}, r"Plant\.key: holding\[5\.\.6\]: 2 bytes"),
        ({"key": "xyz"}, r"Plant\.key: .*hexadecimal"),
        ({"counts": [1]}, r"Plant\.counts: .*1 values where 2"),
        ({"counts": "12"}, r"Plant\.counts: .*no list"),
        ({"counts": [1, 70000]}, r"Plant\.counts: .*outside 0\.\.65535"),
        ({"pump": 1}, r"Plant\.pump: coil\[5\]: 1 is neither true nor false"),
        ({"power": "much"}, r"Plant\.power: .*no number"),
        ({"power": True}, r"Plant\.power: .*no number"),
        ({"name": 7}, r"Plant\.name: .*no text"),
        ({"name": "far too long"}, r"Plant\.name: .*takes 12 bytes"),
        ({"started": "yesterday"}, r"Plant\.started: .*isoformat"),
        ({"alarm": 1.5}, r"Plant\.alarm: .*no integer"),
        ({"host": "10.0.0"}, r"Plant\.host: .*10\.0\.0"),
        ({"main": {"target": 31.0}}, r"Plant\.main\.target: holding\[110\]: 31\.0 is above"),
        ({"main": {"goal": 1}}, r"Plant\.main has no field 'goal'"),
        ({"main": {}}, r"Plant\.main: .*target"),
        ({"main": 3}, r"Plant\.main: a mapping is expected"),
        ({"zones": [{"target": 6}]}, r"Plant\.zones: 2 items are expected"),
        ({"zones": [{"target": 6}, {"target": "x"}]}, r"Plant\.zones\[1\]\.target: holding\[101\]"),
        ({"extra": 1}, r"Plant has no field 'extra'"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], why: str) -> None:
    """An error says which field, where it is, and what is wrong with the value."""
    values = json.loads(to_json(PLANT)) | change
    with pytest.raises(EncodeError, match=why):
        from_json(Plant, json.dumps(values))


def test_the_schema_says_what_the_json_is() -> None:
    """Types, limits, names, what is required and what clients only read or only write."""
    schema = to_json_schema(Plant, title="Plant 7")
    properties = schema["properties"]
    assert schema["title"] == "Plant 7"
    assert schema["description"] == "All kinds of values."
    assert set(properties) - set(schema["required"]) == {"name", "reset"}
    assert schema["additionalProperties"] is False
    assert properties["mode"] == {"anyOf": [{"enum": ["OFF", "HEAT"]}, {"type": "integer"}]}
    assert properties["power"]["description"] == "of all zones; in W"
    assert properties["power"]["readOnly"] is True
    assert properties["reset"]["writeOnly"] is True
    assert properties["level"]["anyOf"][1] == {"type": "null"}
    assert properties["zones"]["maxItems"] == 2
    target = properties["main"]["properties"]["target"]
    assert (target["minimum"], target["maximum"]) == (5, 30)
    assert properties["key"]["pattern"] == "^[0-9a-f]{8}$"
    assert json.loads(json.dumps(schema)) == schema


def test_the_schema_has_no_nan_that_the_field_refuses() -> None:
    """An integer that is scaled is finite; only floats, and what may be NaN, have its text."""

    class Tank(RegisterMap):
        level: RW[float] = holding_register(0, int16.scaled("0.1"))

    assert to_json_schema(Tank)["properties"]["level"] == {"type": "number"}
    with pytest.raises(EncodeError):
        from_json(Tank, '{"level": "NaN"}')


@given(st.floats(width=32), st.floats(5, 30).map(lambda value: round(value, 1)))
def test_any_value_survives(power: float, target: float) -> None:
    """What is written as JSON is read as the same value."""
    plant = PLANT.replace(power=power, main=Zone(target=target))
    back = from_json(Plant, to_json(plant))
    assert back.main == plant.main
    assert back.power == power or (math.isnan(power) and math.isnan(back.power))


def test_a_number_of_a_large_integer_is_exact() -> None:
    """Integers stay integers."""

    class Meter(RegisterMap):
        energy: RO[int] = input_register(0, uint32)

    assert from_json(Meter, to_json(Meter(energy=2**32 - 1))).energy == 2**32 - 1


def test_a_text_where_limits_stand_is_no_number() -> None:
    """In a dictionary, where a value comes as it is, and in a write."""
    values = to_dict(PLANT)
    values["main"] = {"target": "warm"}
    fault = r"Plant\.main\.target: holding\[110\]: 'warm' is no number, and the field has limits"
    with pytest.raises(EncodeError, match=fault):
        from_dict(Plant, values)
