"""Instances to begin with: every field that can do without a value gets one that it may hold."""

from datetime import datetime
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from modbus_schema import (
    RO,
    RW,
    WO,
    EncodeError,
    RegisterMap,
    blank,
    coil,
    date_time,
    enum,
    group,
    holding_register,
    input_register,
    int16,
    repeat,
    string,
    uint16,
)
from modbus_schema.layout.tree import layout_of
from modbus_schema.simulation.device import SimulatedDevice
from tests.schema.generated_maps import Extent, maps
from tests.schema.test_compile_generated import assert_same_instance


class Mode(IntEnum):
    """None of them is 0."""

    OFF = 3
    ON = 7


class Zone(RegisterMap):
    """A group."""

    target: RW[float] = holding_register(0, int16.scaled("0.1"), min=5, max=30)


class Pump(RegisterMap):
    """A field for each rule."""

    outdoor: RO[float | None] = input_register(0, int16.scaled("0.1").optional(0x8000))
    absent: RO[int | None] = input_register(1, uint16.optional(0))
    speed: RW[int] = holding_register(0, uint16, default=1500)
    least: RW[int] = holding_register(1, uint16, min=8)
    mode: RW[Mode] = holding_register(2, enum(Mode))
    name: RW[str] = holding_register(3, string(4))
    zone: RW[Zone] = group(Zone, base=10)
    zones: RW[tuple[Zone, ...]] = repeat(Zone, base=20, stride=1, count=2)
    reset: WO[bool] = coil(0)


class Clock(RegisterMap):
    """A field for which there is no rule."""

    now: RW[datetime] = holding_register(0, date_time("year", "month day", "hour minute"))


def test_each_field_comes_near_to_zero() -> None:
    """A default, what zeros mean, the minimum, the first member, None."""
    assert blank(Pump) == Pump(
        outdoor=0.0,
        absent=None,
        speed=1500,
        least=8,
        mode=Mode.OFF,
        name="",
        zone=Zone(target=5.0),
        zones=(Zone(target=5.0), Zone(target=5.0)),
        reset=None,
    )


def test_values_that_are_given_stand() -> None:
    """Also those that a blank would not have found."""
    assert blank(Pump, mode=Mode.ON, speed=1).mode is Mode.ON
    now = datetime(2024, 2, 29, 12, 30)
    assert blank(Clock, now=now) == Clock(now=now)


def test_what_needs_a_value_is_named() -> None:
    """An error instead of a value that its field cannot hold."""
    with pytest.raises(EncodeError, match=r"Clock.now: holding\[0..2\]: needs a value"):
        blank(Clock)
    with pytest.raises(TypeError, match="Pump has no field 'tempo'"):
        blank(Pump, tempo=1)


class Meter(RegisterMap):
    """Values with factors that may be lacking, as SunSpec has them."""

    hz_sf: RO[int | None] = holding_register(0, int16.optional(0x8000), default=None)
    hz: RO[float] = holding_register(1, uint16.scaled_by(hz_sf))
    w_sf: RO[int | None] = holding_register(2, int16.optional(0x8000), default=None)
    w: RO[float | None] = holding_register(3, int16.scaled_by(w_sf).optional(0x8000), default=None)


class Site(RegisterMap):
    """Meters in groups."""

    meters: RO[tuple[Meter, ...]] = repeat(Meter, base=0, stride=4, count=2)


def test_a_factor_is_there_where_a_value_needs_it() -> None:
    """Whatever its default: a device of a blank can be simulated."""
    meter = Meter(hz_sf=0, hz=0.0, w_sf=None, w=None)
    assert blank(Meter) == meter
    assert blank(Site) == Site(meters=(meter, meter))
    assert blank(Meter, w=5.0).w_sf == 0
    assert SimulatedDevice(blank(Site)).snapshot() == blank(Site)
    assert blank(Meter, hz_sf=None).hz_sf is None


def test_a_minimum_is_a_value_of_its_field() -> None:
    """A float where the field is one."""
    assert type(blank(Zone).target) is float
    assert type(blank(Pump).least) is int


@pytest.mark.parametrize("wrong", [int, Zone(target=5.0)])
def test_a_blank_is_of_a_map(wrong: Any) -> None:
    """Neither of another class nor of an instance."""
    with pytest.raises(TypeError, match="register map"):
        blank(wrong)


@settings(max_examples=60, suppress_health_check=[HealthCheck.filter_too_much])
@given(maps(aliases=False))
def test_a_blank_can_be_simulated(drawn: Extent) -> None:
    """Whatever has a blank is held by its cells."""
    layout = layout_of(drawn.model)
    assume(not any(not slot.access.readable for slot in layout.slots))
    try:
        instance: Any = blank(drawn.model)
    except EncodeError:
        assume(False)
    assert_same_instance(layout, SimulatedDevice(instance).snapshot(), instance)
