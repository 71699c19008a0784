"""What a map says is written after other fields: once, at the end, by whatever writes them."""

from collections.abc import Callable
from typing import Any

import pytest

from modbus_schema import (
    RO,
    RW,
    WO,
    DefinitionError,
    Device,
    RegisterMap,
    Simulation,
    bit,
    float32,
    group,
    holding_register,
    input_register,
    outcome_of,
    repeat,
    simulate,
    uint16,
)
from modbus_wire import (
    Client,
    IllegalDataValue,
    MaskWriteRegister,
    WriteMultipleRegisters,
    WriteSingleRegister,
)
from tests.schema.writers import PickyWire, failure


class Zone(RegisterMap):
    """A zone with a commit register of its own."""

    apply: RW[int] = holding_register(9, uint16)
    target: RW[int] = holding_register(0, uint16, then=apply.to(1))
    limit: RW[int] = holding_register(1, uint16, then=apply.to(1))
    name: RW[int] = holding_register(2, uint16)


class Plant(RegisterMap):
    """Zones, a setting with two commands, and one that another command needs."""

    store: WO[int] = holding_register(50, uint16, default=None)
    go: RW[bool] = holding_register(51, bit(3), then=store.to(7))
    power: RW[float] = holding_register(0, float32, then=(go.to(True), store.to(7)))
    mode: RW[int] = holding_register(2, uint16, then=[store.to(7)])
    plain: RW[int] = holding_register(3, uint16)
    zones: RW[tuple[Zone, ...]] = repeat(Zone, base=100, stride=10, count=2)


def a_plant() -> Plant:
    """Return an instance."""
    zone = Zone(apply=0, target=5, limit=6, name=7)
    return Plant(go=False, power=1.5, mode=2, plain=3, zones=(zone, zone))


def test_a_commit_follows_all_fields_that_name_it() -> None:
    """Once, at the end, however many of them are written."""
    wire = PickyWire()
    done = Device(wire, Zone).write(Zone.target.to(1), Zone.name.to(3), Zone.limit.to(2))
    assert wire.requests == [WriteMultipleRegisters(0, [1, 2, 3]), WriteSingleRegister(9, 1)]
    assert done.written == (Zone.target, Zone.limit, Zone.name, Zone.apply)


def test_nothing_follows_a_field_that_names_nothing() -> None:
    """What needs no commit gets none."""
    wire = PickyWire()
    Device(wire, Zone).write(Zone.name.to(3))
    assert wire.requests == [WriteSingleRegister(2, 3)]


def test_several_commands_keep_their_order() -> None:
    """As the field names them; what a command needs itself comes after it, and only once."""
    wire = PickyWire()
    Device(wire, Plant).write(Plant.mode.to(1), Plant.power.to(0.0), Plant.plain.to(4))
    assert wire.requests == [
        WriteMultipleRegisters(0, [0, 0, 1, 4]),
        MaskWriteRegister(51, 0xFFF7, 0x8),
        WriteSingleRegister(50, 7),
    ]


def test_each_item_has_its_own_commit() -> None:
    """The field is the one of the same group."""
    wire = PickyWire()
    zones = Plant.zones
    Device(wire, Plant).write(
        zones[1].at(Zone.target).to(1), zones[0].at(Zone.limit).to(2), zones[1].at(Zone.limit).to(3)
    )
    assert wire.requests == [
        WriteMultipleRegisters(110, [1, 3]),
        WriteSingleRegister(101, 2),
        WriteSingleRegister(119, 1),
        WriteSingleRegister(109, 1),
    ]


def test_a_whole_instance_writes_the_command_and_not_the_registers_own_value() -> None:
    """What the instance has for the commit register is left out."""
    wire = PickyWire()
    Device(wire, Plant).write(a_plant())
    assert wire.requests == [
        WriteMultipleRegisters(0, [0x3FC0, 0, 2, 3]),
        WriteMultipleRegisters(100, [5, 6, 7]),
        WriteMultipleRegisters(110, [5, 6, 7]),
        MaskWriteRegister(51, 0xFFF7, 0x8),
        WriteSingleRegister(50, 7),
        WriteSingleRegister(109, 1),
        WriteSingleRegister(119, 1),
    ]


def test_a_group_as_a_whole_does_the_same() -> None:
    """As does an instance that is written the plain way, because more follows."""
    wire = PickyWire()
    device = Device(wire, Plant)
    device.write(Plant.zones[0].to(a_plant().zones[0]))
    assert wire.requests == [WriteMultipleRegisters(100, [5, 6, 7]), WriteSingleRegister(109, 1)]
    wire.requests.clear()
    device.write(a_plant(), then=Plant.plain.to(9))
    assert WriteMultipleRegisters(0, [0x3FC0, 0, 2]) in wire.requests
    assert wire.requests[-1] == WriteSingleRegister(3, 9)


def test_changes_are_followed_too() -> None:
    """Of equal instances nothing is written; a changed commit register alone is a change."""
    wire = PickyWire()
    device = Device(wire, Zone)
    zone = Zone(apply=0, target=5, limit=6, name=7)
    device.write_changes(zone, zone)
    assert wire.requests == []
    device.write_changes(zone, zone.replace(limit=9, apply=3))
    assert wire.requests == [WriteSingleRegister(1, 9), WriteSingleRegister(9, 1)]
    wire.requests.clear()
    device.write_changes(zone, zone.replace(apply=3))
    assert wire.requests == [WriteSingleRegister(9, 3)]


def test_a_commit_that_is_asked_for_as_well_is_written_once() -> None:
    """At the end; another value, such as the key of a lock, goes where it was asked for."""
    wire = PickyWire()
    device = Device(wire, Zone)
    device.write(Zone.apply.to(1), Zone.target.to(2))
    assert wire.requests == [WriteSingleRegister(0, 2), WriteSingleRegister(9, 1)]
    wire.requests.clear()
    device.write(Zone.apply.to(0xABCD), Zone.target.to(2))
    assert wire.requests == [
        WriteSingleRegister(9, 0xABCD),
        WriteSingleRegister(0, 2),
        WriteSingleRegister(9, 1),
    ]


def test_what_the_call_says_stands_for_what_the_map_says() -> None:
    """Of the same field, that is; what else the map says stays."""
    wire = PickyWire()
    Device(wire, Plant).write(Plant.power.to(0.0), then=Plant.store.to(8))
    assert wire.requests == [
        WriteMultipleRegisters(0, [0, 0]),
        MaskWriteRegister(51, 0xFFF7, 0x8),
        WriteSingleRegister(50, 8),
    ]


def test_no_commit_after_a_failure() -> None:
    """The outcome counts it among what was not written."""
    wire = PickyWire(failures={1: failure(IllegalDataValue(), applied=False)})
    with pytest.raises(IllegalDataValue) as caught:
        Device(wire, Plant).write(Plant.zones[0].at(Zone.target).to(1), Plant.mode.to(2))
    outcome = outcome_of(caught.value)
    assert outcome is not None
    assert outcome.written == (Plant.zones[0].at(Zone.target),)
    assert outcome.not_written == (Plant.mode, Plant.zones[0].at(Zone.apply), Plant.store)
    assert len(wire.requests) == 2


def test_a_group_may_need_a_command_of_the_map_around_it() -> None:
    """Whatever is written in it, also deeper down; its own commands come first."""

    class Inner(RegisterMap):
        x: RW[int] = holding_register(0, uint16)

    class Middle(RegisterMap):
        done: RW[int] = holding_register(1, uint16)
        inner: RW[Inner] = group(Inner, base=0, then=done.to(2))

    class Outer(RegisterMap):
        save: RW[int] = holding_register(99, uint16)
        all: RW[tuple[Middle, ...]] = repeat(
            Middle, base=0, stride=10, count=2, then=save.to(3), write_with="multiple"
        )

    wire = PickyWire()
    device = Device(wire, Outer)
    second = Outer.all[1].at(Middle.inner).at(Inner.x)
    device.write(second.to(5), Outer.all[0].at(Middle.done).to(6))
    assert wire.requests == [
        WriteMultipleRegisters(10, [5]),
        WriteMultipleRegisters(1, [6]),
        WriteMultipleRegisters(11, [2]),
        WriteSingleRegister(99, 3),
    ]


def test_a_subclass_may_name_a_field_of_its_base() -> None:
    """By the reference, and a base's field that is replaced is replaced for the commands too."""

    class Bigger(Zone):
        apply: RW[int] = holding_register(8, uint16)
        extra: RW[int] = holding_register(3, uint16, then=Zone.apply.to(2))

    wire = PickyWire()
    Device(wire, Bigger).write(Bigger.extra.to(1))
    Device(wire, Bigger).write(Bigger.target.to(1))
    assert wire.requests == [
        WriteSingleRegister(3, 1),
        WriteSingleRegister(8, 2),
        WriteSingleRegister(0, 1),
        WriteSingleRegister(8, 1),
    ]


def test_a_simulated_device_gets_it() -> None:
    """Over a socket: the value first, then the command."""
    seen: list[tuple[str, int]] = []
    with simulate(a_plant(), port=0) as sim, Client(sim.host, sim.port) as client:
        note(sim, seen)
        Device(client, Plant).write(Plant.zones[1].at(Zone.target).to(22))
    assert seen == [("target", 22), ("apply", 1)]


def note(sim: Simulation[Plant], seen: list[tuple[str, int]]) -> None:
    """Note in order what is written to the second zone."""

    @sim.on_write(Plant.zones[1].at(Zone.target))
    def target(old: int, new: int) -> None:
        seen.append(("target", new))

    @sim.on_write(Plant.zones[1].at(Zone.apply))
    def apply(old: int, new: int) -> None:
        seen.append(("apply", new))


def a_group_for_a_field() -> type[RegisterMap]:
    """Command a group."""

    class Map(RegisterMap):
        zone: RW[Zone] = group(Zone, base=100)
        x: RW[int] = holding_register(0, uint16, then=zone.to(a_plant().zones[0]))

    return Map


def a_read_only_field() -> type[RegisterMap]:
    """Command an input register."""

    class Map(RegisterMap):
        seen: RO[int] = input_register(0, uint16)
        x: RW[int] = holding_register(0, uint16, then=seen.to(1))  # type: ignore[attr-defined]

    return Map


def a_guarded_field() -> type[RegisterMap]:
    """Command a holding register that is RO."""

    class Map(RegisterMap):
        seen: RO[int] = holding_register(1, uint16)
        x: RW[int] = holding_register(0, uint16, then=seen.to(1))  # type: ignore[attr-defined]

    return Map


def a_value_that_does_not_fit() -> type[RegisterMap]:
    """Command more than the field holds."""

    class Map(RegisterMap):
        apply: RW[int] = holding_register(1, uint16, max=9)
        x: RW[int] = holding_register(0, uint16, then=apply.to(10))

    return Map


def a_field_that_is_never_written() -> type[RegisterMap]:
    """Let a command follow what nobody writes."""

    class Map(RegisterMap):
        apply: RW[int] = holding_register(1, uint16, max=9)
        x: RO[int] = holding_register(0, uint16, then=apply.to(1))

    return Map


def a_field_of_another_class() -> type[RegisterMap]:
    """Command what this map does not have."""

    class Map(RegisterMap):
        x: RW[int] = holding_register(0, uint16, then=Zone.apply.to(1))

    return Map


def no_setting() -> type[RegisterMap]:
    """Name the field without a value."""

    class Map(RegisterMap):
        apply: RW[int] = holding_register(1, uint16)
        x: RW[int] = holding_register(0, uint16, then=apply)  # type: ignore[call-overload]

    return Map


def a_circle() -> type[RegisterMap]:
    """Let a field of a base class follow itself by way of a subclass."""

    class Map(Zone):
        apply: RW[int] = holding_register(9, uint16, then=Zone.target.to(1))

    return Map


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (a_group_for_a_field, r"Map\.x: holding\[0\]: then: a command is written to one field"),
        (a_read_only_field, r"Map\.x: holding\[0\]: then: Map\.seen: input\[0\] is read-only"),
        (a_guarded_field, r"Map\.x: holding\[0\]: then: Map\.seen: holding\[1\] is read-only"),
        (
            a_value_that_does_not_fit,
            r"Map\.x: holding\[0\]: then: Map\.apply: holding\[1\] cannot hold 10: .*above the max",
        ),
        (a_field_that_is_never_written, r"Map\.x: holding\[0\]: is never written, so then says"),
        (
            a_field_of_another_class,
            r"Map\.x: holding\[0\]: then: Zone\.apply is no field of a base class",
        ),
        (no_setting, r"Map\.x: holding\[0\]: then takes settings, such as apply\.to\(1\), not app"),
        (a_circle, r"Map\.target: holding\[0\]: then: it would follow itself"),
    ],
)
def test_wrong_commands_are_said_when_the_class_is_made(
    make: Callable[[], Any], fault: str
) -> None:
    """With the field that names them, its table and its address."""
    with pytest.raises(DefinitionError, match=fault):
        make()
