"""Layouts: names, absolute addresses and orders of every leaf field, and the checks of a value."""

import math
from typing import Any

import pytest
from attrs.validators import instance_of, lt

from modbus_schema.codecs import array, bit, bit_list, bits, float32, int16, raw, uint16, uint32
from modbus_schema.codecs.order import ABCD, BADC, CDAB, DCBA, Order
from modbus_schema.errors import EncodeError
from modbus_schema.fields.descriptors import RO, RW
from modbus_schema.fields.options import Access
from modbus_schema.fields.placements import coil, group, holding_register, input_register, repeat
from modbus_schema.layout.tree import GroupNode, RepeatNode, layout_of
from modbus_schema.model.register_map import RegisterMap
from modbus_wire.codes import Table


class Fan(RegisterMap):
    """A fan, which says nothing about orders."""

    speed: RW[int] = holding_register(1, uint32)


class Motor(RegisterMap, byte_order="big"):
    """A motor, whose bytes have an order of their own."""

    torque: RO[int] = input_register(2, uint32)


class Zone(RegisterMap):
    """A zone."""

    temperature: RO[float] = input_register(0, int16.scaled("0.1"), unit="degC")
    fans: RO[tuple[Fan, ...]] = repeat(Fan, base=10, stride=4, count=2)
    motor: RO[Motor] = group(Motor, base=5)


class HeatPump(RegisterMap, word_order="little", byte_order="little", max_gap=3):
    """A heat pump."""

    state: RO[int] = holding_register(8473, bits(3, 4))
    alarm: RO[bool] = holding_register(8473, bit(7), byte_order="big")
    energy: RO[int] = input_register(14, uint32, word_order="big")
    relays: RW[tuple[bool, ...]] = coil(3, bit_list(4))
    zones: RO[tuple[Zone, ...]] = repeat(Zone, base=200, stride=50, count=2)


class Plain(HeatPump, word_order="big", byte_order="big"):
    """A heat pump that keeps to the protocol's order."""


SLOTS = {slot.name: slot for slot in layout_of(HeatPump).slots}


def test_places_are_absolute_and_in_the_order_of_definition() -> None:
    """Bases and strides add up, in each table, through groups in items."""
    assert [slot.place for slot in layout_of(HeatPump).slots] == [
        "HeatPump.state: holding[8473] bits 3..4",
        "HeatPump.alarm: holding[8473] bit 7",
        "HeatPump.energy: input[14..15]",
        "HeatPump.relays: coil[3..6]",
        "HeatPump.zones[0].temperature: input[200]",
        "HeatPump.zones[0].fans[0].speed: holding[211..212]",
        "HeatPump.zones[0].fans[1].speed: holding[215..216]",
        "HeatPump.zones[0].motor.torque: input[207..208]",
        "HeatPump.zones[1].temperature: input[250]",
        "HeatPump.zones[1].fans[0].speed: holding[261..262]",
        "HeatPump.zones[1].fans[1].speed: holding[265..266]",
        "HeatPump.zones[1].motor.torque: input[257..258]",
    ]


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("HeatPump.state", DCBA),
        ("HeatPump.alarm", CDAB),
        ("HeatPump.energy", BADC),
        ("HeatPump.zones[1].fans[0].speed", DCBA),
        ("HeatPump.zones[1].motor.torque", CDAB),
    ],
)
def test_the_nearest_order_wins(name: str, order: Order) -> None:
    """A field's order goes before its class's, a group's before that of the map that holds it."""
    assert SLOTS[name].order == order


def test_a_subclass_lays_out_inherited_fields_its_own_way() -> None:
    """Class keywords hold for all fields of the class, inherited ones included."""
    orders = {slot.name: slot.order for slot in layout_of(Plain).slots}
    assert orders["Plain.state"] == ABCD
    assert orders["Plain.zones[0].fans[0].speed"] == ABCD
    assert layout_of(Plain).rules.gap == 3


def test_slots_carry_what_was_declared() -> None:
    """Table, size, access, codec and unit are those of the placement and annotation."""
    slot = SLOTS["HeatPump.zones[1].temperature"]
    assert (slot.table, slot.address, slot.size) == (Table.INPUT_REGISTERS, 250, 1)
    assert (slot.access, slot.unit, slot.path) == (Access.RO, "degC", ("zones", 1, "temperature"))
    assert SLOTS["HeatPump.relays"].access is Access.RW


def test_nodes_have_the_shape_of_the_class() -> None:
    """Groups and items are nodes of their classes, slots are the same objects everywhere."""
    layout = layout_of(HeatPump)
    zones = layout.node(("zones",))
    assert isinstance(zones, RepeatNode)
    assert [item.model for item in zones.items] == [Zone, Zone]
    motor = layout.node(("zones", 1, "motor"))
    assert isinstance(motor, GroupNode)
    assert list(motor.leaves()) == [SLOTS["HeatPump.zones[1].motor.torque"]]
    assert list(layout.root.members) == ["state", "alarm", "energy", "relays", "zones"]


def test_the_mask_is_that_of_the_wire() -> None:
    """The bits of a slot are those of the register as it is sent, in the slot's byte order."""
    assert SLOTS["HeatPump.state"].mask == 0x1800
    assert SLOTS["HeatPump.alarm"].mask == 0x0080
    assert SLOTS["HeatPump.energy"].mask == 0xFFFF


def test_only_maps_have_a_layout() -> None:
    """What is none is refused, with a hint where an instance stands for its class or vice versa."""
    instance: Any = Fan(speed=1)
    with pytest.raises(TypeError, match=r"no class of register map; its class is Fan"):
        layout_of(instance)
    with pytest.raises(TypeError, match="a class was given where an instance"):
        layout_of(type(Fan))
    with pytest.raises(TypeError, match="is no register map"):
        layout_of(int)


class Limited(RegisterMap):
    """A map of values that are checked."""

    target: RW[float] = holding_register(0, float32, min=5, max=30)
    step: RW[float] = holding_register(2, float32, validator=[instance_of(float), lt(3.0)])


TARGET, STEP = layout_of(Limited).slots


@pytest.mark.parametrize("value", [5, 7.5, 30, None])
def test_values_within_limits_pass(value: float | None) -> None:
    """Both limits are included, and the absence of a value is within any."""
    TARGET.check(value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (4.9, "4.9 is below the minimum of 5"),
        (30.5, "30.5 is above the maximum of 30"),
        (math.nan, "nan is below the minimum of 5"),
        (math.inf, "inf is above the maximum of 30"),
    ],
)
def test_values_outside_of_limits_are_refused(value: float, message: str) -> None:
    """The error says which limit; no value slips through a comparison."""
    with pytest.raises(EncodeError) as caught:
        TARGET.check(value)
    assert str(caught.value) == message


def test_validators_are_those_of_attrs() -> None:
    """Every validator sees the value, and its refusal is an EncodeError with its words."""
    STEP.check(2.5)
    with pytest.raises(EncodeError, match="must be < 3"):
        STEP.check(3.5)
    with pytest.raises(EncodeError, match=r"'Limited.step' must be <class 'float'>"):
        STEP.check(2)


def test_sizes_are_in_cells() -> None:
    """Codecs of several registers or bits take up as many cells."""

    class Map(RegisterMap):
        samples: RO[tuple[int, ...]] = input_register(0, array(uint16, 100))
        key: RO[bytes] = input_register(100, raw(4))
        flags: RO[tuple[bool, ...]] = coil(0, bit_list(2000))

    assert [(slot.size, slot.end) for slot in layout_of(Map).slots] == [
        (100, 100),
        (4, 104),
        (2000, 2000),
    ]
