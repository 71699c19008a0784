"""References: the fields of a map by name, for reads, writes and events."""

import copy
import pickle
from typing import Any

import pytest

from modbus_schema.codecs import int16, uint16
from modbus_schema.fields.descriptors import RO, RW, WO
from modbus_schema.fields.placements import group, holding_register, input_register, repeat
from modbus_schema.fields.refs import Ref, Setting, WritableRef, Write, reference
from modbus_schema.layout.tree import layout_of
from modbus_schema.model.register_map import RegisterMap


class Fan(RegisterMap):
    """A fan."""

    speed: RW[int] = holding_register(1, uint16)


class Zone(RegisterMap):
    """A zone."""

    temperature: RO[float] = input_register(0, int16.scaled("0.1"))
    target: RW[float] = holding_register(0, int16.scaled("0.1"))
    fan: RO[Fan] = group(Fan, base=3)


class BigZone(Zone):
    """A zone with a number."""

    number: RO[int] = input_register(1, uint16)


class HeatPump(RegisterMap):
    """A heat pump."""

    outdoor: RO[float] = input_register(12, int16.scaled("0.1"))
    mode: RW[int] = holding_register(0, uint16)
    reset: WO[int] = holding_register(9, uint16)
    zones: RO[tuple[Zone, ...]] = repeat(Zone, base=200, stride=10, count=3)
    main: RW[BigZone] = group(BigZone, base=300)


class Hybrid(HeatPump):
    """A heat pump with a boiler."""


def test_access_through_the_class_is_a_reference() -> None:
    """A class attribute is a reference, writable for RW and WO, named model.field."""
    assert type(HeatPump.outdoor) is Ref
    assert type(HeatPump.mode) is WritableRef
    assert type(HeatPump.reset) is WritableRef
    assert (HeatPump.mode.path, HeatPump.mode.model) == (("mode",), HeatPump)
    assert repr(HeatPump.mode) == "HeatPump.mode"


def test_a_subclass_has_references_of_its_own() -> None:
    """An inherited field is the subclass's when reached through the subclass."""
    assert Hybrid.mode.model is Hybrid
    assert repr(Hybrid.zones[0]) == "Hybrid.zones[0]"
    assert Hybrid.mode != HeatPump.mode


def test_what_repeats_has_items() -> None:
    """Indexes work as in a tuple of the count, and so does iteration."""
    assert repr(HeatPump.zones[1]) == "HeatPump.zones[1]"
    assert HeatPump.zones[-1] == HeatPump.zones[2]
    assert list(HeatPump.zones) == [HeatPump.zones[index] for index in range(3)]
    for index in (3, -4):
        with pytest.raises(IndexError, match=r"HeatPump\.zones has 3 items, and no \["):
            HeatPump.zones[index]


def test_items_are_as_writable_as_the_whole() -> None:
    """Items of what is RW as a whole can be written as a whole; those of RO cannot."""

    class Building(RegisterMap):
        """A building."""

        zones: RW[tuple[Zone, ...]] = repeat(Zone, base=200, stride=10, count=2)

    assert [type(zone) for zone in Building.zones] == [WritableRef, WritableRef]
    assert type(HeatPump.zones[0]) is Ref


def test_members_of_groups_are_reached() -> None:
    """A path leads through items and groups to a member, which keeps its own access."""
    target = HeatPump.zones[1].at(Zone.target)
    assert repr(target) == "HeatPump.zones[1].target"
    assert target.path == ("zones", 1, "target")
    assert type(target) is WritableRef
    assert type(HeatPump.zones[1].at(Zone.temperature)) is Ref
    assert repr(HeatPump.main.at(BigZone.fan).at(Fan.speed)) == "HeatPump.main.fan.speed"
    assert HeatPump.main.at(BigZone.fan.at(Fan.speed)).path == ("main", "fan", "speed")
    inherited = Zone.target
    assert HeatPump.main.at(inherited) == HeatPump.main.at(BigZone.target)


def test_only_groups_have_members_and_only_repeats_have_items() -> None:
    """A reference used as what it is not raises a TypeError that names it."""
    misused: Any = HeatPump
    with pytest.raises(TypeError, match=r"HeatPump\.mode is not a group"):
        misused.mode.at(Zone.target)
    with pytest.raises(TypeError, match=r"HeatPump\.zones is not a group"):
        misused.zones.at(Zone.target)
    with pytest.raises(TypeError, match=r"HeatPump\.zones\[0\] is a Zone, .* BigZone\.number"):
        misused.zones[0].at(BigZone.number)
    with pytest.raises(TypeError, match=r"HeatPump\.main does not repeat"):
        misused.main[0]
    with pytest.raises(TypeError, match=r"HeatPump\.mode does not repeat"):
        iter(misused.mode)


def test_equal_references_are_one_key() -> None:
    """References of one model and path are equal, hash alike, and differ from all others."""
    seen = {HeatPump.mode: 1, HeatPump.zones[1].at(Zone.target): 2}
    assert seen[HeatPump.mode] == 1
    assert seen[HeatPump.zones[1].at(Zone.target)] == 2
    assert HeatPump.zones[0] != HeatPump.zones[1]
    assert HeatPump.mode != "HeatPump.mode"


@pytest.mark.parametrize("ref", [HeatPump.mode, HeatPump.zones[1].at(Zone.target)])
def test_references_survive_copy_and_pickle(ref: Ref[HeatPump, Any]) -> None:
    """A copied or pickled reference is equal to the original and as writable."""
    for twin in (copy.deepcopy(ref), pickle.loads(pickle.dumps(ref))):
        assert twin == ref
        assert type(twin) is type(ref)


def test_to_pairs_a_field_with_a_value() -> None:
    """A read-only field gives a Setting, a writable one a Write; both compare and show."""
    setting, write = HeatPump.outdoor.to(8.0), HeatPump.mode.to(3)
    assert type(setting) is Setting
    assert type(write) is Write
    assert (write.ref, write.value) == (HeatPump.mode, 3)
    assert write == HeatPump.mode.to(3)
    assert write != HeatPump.mode.to(4)
    assert repr(HeatPump.zones[0].at(Zone.target).to(1.5)) == "HeatPump.zones[0].target.to(1.5)"
    assert isinstance(write, Setting)


def test_a_path_that_leads_nowhere_is_a_lookup_error() -> None:
    """Neither references nor layouts invent a field."""
    for path in [("nothing",), ("mode", 1), ("zones", "target"), ("main", 0)]:
        with pytest.raises(LookupError):
            reference(HeatPump, path)
        with pytest.raises(LookupError):
            layout_of(HeatPump).node(path)


def test_a_reference_finds_its_slots() -> None:
    """The layout resolves a reference of its model, or of the model's base, to slots."""
    layout = layout_of(Hybrid)
    (slot,) = layout.slots_of(HeatPump.zones[2].at(Zone.target).path)
    assert slot.place == "Hybrid.zones[2].target: holding[220]"
    names = [slot.name for slot in layout.slots_of(Hybrid.main.path)]
    assert names == [
        f"Hybrid.main.{name}" for name in ("temperature", "target", "fan.speed", "number")
    ]
    assert len(layout.slots_of(Hybrid.zones.path)) == 9


def test_other_attributes_of_the_class_are_untouched() -> None:
    """A name that is no field raises an AttributeError, as in any class."""
    with pytest.raises(AttributeError):
        HeatPump.nothing  # type: ignore[attr-defined]  # noqa: B018
