"""What the type checkers refuse: every line that says so must have an error, and no other line."""

# ruff: noqa: B018, D101, D103, F841

from enum import IntEnum

import attrs

from examples.devices.sunspec_1 import Common
from modbus_schema import sunspec
from modbus_schema.async_device import AsyncDevice
from modbus_schema.codecs.enums import enum
from modbus_schema.codecs.numbers import float32, int16
from modbus_schema.codecs.text import string
from modbus_schema.device import Device
from modbus_schema.fields.descriptors import RO, RW, WO
from modbus_schema.fields.placements import (
    coil,
    discrete_input,
    group,
    holding_register,
    input_register,
    repeat,
)
from modbus_schema.fields.refs import Ref, Setting, WritableRef
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.polling.async_poller import AsyncPoller
from modbus_schema.polling.events import Change, Reading
from modbus_schema.polling.poller import Poller
from modbus_schema.simulation import Hole, sine
from modbus_schema.simulation.simulate import Simulation
from modbus_schema.sources import given
from modbus_schema.variants import one_of
from modbus_wire.aio.client import AsyncClient
from modbus_wire.codes import Table
from modbus_wire.sync.client import Client


class Mode(IntEnum):
    OFF = 0


def positive(instance: object, attribute: "attrs.Attribute[int]", value: int) -> None: ...


class Zone(RegisterMap):
    seen: RO[float] = input_register(0, float32)
    set: RW[float] = holding_register(0, float32)


class Placements(RegisterMap):
    read_only_table: RW[float] = input_register(12, float32)  # error
    read_only_bits: RW[bool] = discrete_input(12)  # error
    write_only_input: WO[float] = input_register(12, float32)  # error
    int_for_float: RO[float] = input_register(12, int16)  # error
    int_for_float_too: RW[float] = holding_register(12, int16)  # error
    int_for_enum: RW[Mode] = holding_register(12, int16)  # error
    never_none: RO[float] = input_register(0, int16.scaled("0.1").optional(3))  # error
    bit_for_float: RW[float] = coil(3)  # error
    text_default: RW[float] = holding_register(12, float32, default="x")  # error
    float_default: RW[int] = holding_register(12, int16, default=1.5)  # error
    int_default: RW[Mode] = holding_register(12, enum(Mode), default=0)  # error
    text_bit_default: RW[bool] = coil(3, default="on")  # error
    none_default: RW[int] = holding_register(12, int16, default=None)  # error
    none_bit_default: RW[bool] = coil(12, default=None)  # error
    misspelt: RW[float] = holding_register(12, float32, units="degC")  # error
    misspelt_bit: RW[bool] = coil(3, overlaps=True)  # error
    text_limit: RW[float] = holding_register(12, float32, min="1")  # error
    number: RO[int] = holding_register(12, int16)
    text: RO[str] = holding_register(13, string(1))
    real: RO[float] = holding_register(14, float32)
    scaled_by_text: RO[float] = holding_register(12, int16.scaled_by(text))  # error
    scaled_by_real: RO[float] = holding_register(12, int16.scaled_by(real))  # error
    scaled_by_constant: RO[float] = holding_register(12, int16.scaled_by(3))  # error
    scaled_is_float: RO[int] = holding_register(12, int16.scaled_by(number))  # error
    present_by_number: RW[int | None] = holding_register(12, int16, present_if=number)  # error
    present_by_constant: RW[bool | None] = coil(12, present_if=True)  # error
    maybe_absent: RW[int] = holding_register(12, int16, present_if=given(number, bool))  # error
    bit_maybe_absent: RO[bool] = discrete_input(12, present_if=given(number, bool))  # error
    wrong_argument: RO[float] = holding_register(12, int16.scaled_by(given(text, abs)))  # error
    group_maybe_absent: RO[Zone] = group(Zone, base=12, present_if=given(number, bool))  # error
    counted_by_text: RO[tuple[Zone, ...]] = repeat(Zone, base=0, stride=4, count=text)  # error
    based_on_real: RO[Zone] = group(Zone, base=real)  # error
    ordered_by_number: RO[int] = holding_register(12, int16, word_order=number)  # error
    group_in_no_order: RO[Zone] = group(Zone, base=0, word_order="middle")  # error
    member_of_number: RO[int] = holding_register(12, int16, present_if=number.at(real))  # error
    no_order: RW[float] = holding_register(12, float32, word_order="middle")  # error
    order_of_bits: RW[bool] = coil(12, word_order="big")  # error
    swapped: RO[float] = holding_register(float32, 5)  # error
    no_group: RO[int] = group(Zone, base=1)  # error
    no_map: RO[int] = group(int, base=1)  # error
    no_base: RO[Zone] = group(Zone)  # error
    one_of_many: RO[Zone] = repeat(Zone, base=1, stride=3, count=2)  # error
    not_together: RO[Zone] = group(Zone, base=1, together="yes")  # error
    many_of_one: RO[tuple[Zone, ...]] = group(Zone, base=1)  # error
    no_count: RO[tuple[Zone, ...]] = repeat(Zone, base=1, stride=3)  # error
    no_period: RO[float] = input_register(0, float32, every=b"1s")  # error
    no_bit_period: RO[bool] = discrete_input(0, every=[1])  # error
    no_group_period: RO[Zone] = group(Zone, base=1, every=b"1s")  # error
    number_check: RW[str] = holding_register(1, string(3), validator=positive)  # error


class MisspeltKeyword(RegisterMap, word_orders="little"):  # error
    pass


class NoOrder(RegisterMap, word_order="middle"):  # error
    pass


class TextGap(RegisterMap, max_gap="3"):  # error
    pass


class TextBlock(RegisterMap, max_block="3"):  # error
    pass


class BytesPeriod(RegisterMap, every=b"1s"):  # error
    pass


class NoTable(RegisterMap, forbidden={"input": [range(3)]}):  # error
    pass


class NoRanges(RegisterMap, read_alone={Table.COILS: [3]}):  # error
    pass


class BothFunctions(RegisterMap, write_with="both"):  # error
    pass


class TextWrite(RegisterMap, max_write="3"):  # error
    pass


class Commands(RegisterMap):
    seen: RO[float] = input_register(0, float32)
    apply: RW[int] = holding_register(0, int16)
    on: RW[bool] = coil(3)
    read_only: RW[int] = holding_register(1, int16, then=seen.to(1.0))  # error
    text: RW[int] = holding_register(2, int16, then=apply.to("x"))  # error
    bare: RW[int] = holding_register(3, int16, then=apply)  # error
    several: RW[int] = holding_register(4, int16, then=[on.to(True), apply.to(1.5)])  # error
    of_base: RW[int] = holding_register(5, int16, then=Zone.seen.to(1.5))  # error
    never: RO[int] = input_register(6, int16, then=apply.to(1))  # error
    no_choice: RW[int] = holding_register(7, int16, write_with="both")  # error
    no_single: RO[int] = input_register(8, int16, write_with="single")  # error
    zone: RO[Zone] = group(Zone, base=10, then=seen.to(1.0))  # error


class Pump(RegisterMap):
    mode: RW[Mode] = holding_register(13, enum(Mode), default=Mode.OFF)
    seen: RO[float] = input_register(12, float32)
    set: RW[float] = holding_register(12, float32)
    zone: RO[Zone] = group(Zone, base=3)
    zones: RO[tuple[Zone, ...]] = repeat(Zone, base=1, stride=3, count=2)


zone = Zone(seen=1.0, set=2)
Zone(seen=1.0)  # error
Zone(seen=1.0, set=2.0, other=3)  # error
Zone(seen="3", set=3)  # error
Zone(seen=3, set=None)  # error
Zone(3, 4)  # error
zone.seen.hex().nothing  # error
zone.nothing  # error
zone.replace(1)  # error
zone.replace(Zone.set.to("3"))  # error
zone.replace(Pump.seen.to(3.0))  # error
text: str = zone.set  # error


def simulate(*settings: Setting[Pump]) -> None: ...


def use(device: Device[Pump]) -> None:
    device.write(Pump.seen.to(3.0))  # error
    device.write(Pump.set.to("x"))  # error
    device.write(Pump.mode.to(0))  # error
    device.write(Pump.set)  # error
    device.write(Zone.set.to(3.0))  # error
    device.write(Pump.zone.at(Zone.seen).to(3.0))  # error
    device.write(Pump.zone.at(Pump.set).to(3.0))  # error
    device.write(Pump.zones[0].at(Zone.set).to("3"))  # error
    device.write(Pump.zones.at(Zone.set).to(3.0))  # error
    device.write(Pump.zone[1].at(Zone.set).to(3.0))  # error
    device.write(Pump.zones["a"].at(Zone.set).to(3.0))  # error
    device.write(Pump.zone.to(zone))  # error
    device.write(zone)  # error
    device.write_changes(zone, zone)  # error
    device.write(Pump.set.to(1.0), then=Pump.seen.to(1.0))  # error
    device.write(Pump.set.to(1.0), then=[Zone.set.to(1.0)])  # error
    device.write(Pump.set.to(1.0)).nothing  # error
    device.plan_write(Pump.seen.to(1.0))  # error
    device.write(Pump.set.to(1.0), verify=0.5)  # error
    device.write_and_read(Pump.seen.to(1.0), read=Pump.set)  # error
    device.write_and_read(Pump.set.to(1.0), read=Zone.set)  # error
    device.write_and_read(Pump.set.to(1.0))  # error
    device.write_and_read(read=Pump.set)  # error
    device.write_and_read(Pump.set.to(1.0), read=Pump.set).nothing  # error
    device.plan_write(Pump.set.to(1.0)).nothing  # error
    device.read(Zone.set)  # error
    device.read(Pump.seen).nothing  # error
    partial = device.read(partial=True)
    partial.seen  # error
    partial[Zone.set]  # error
    partial[Pump.seen].nothing  # error
    partial.complete.seen  # error
    number: float = partial.get(Pump.seen)  # error
    device.read(partial=1)  # error
    device.read(Zone.set, partial=True)  # error
    device.bad["input"]  # error
    simulate(Pump.seen.to("x"))  # error
    simulate(Zone.seen.to(3.0))  # error
    simulate(Pump.seen.to(3.0))
    Pump.set[1]  # error
    Pump.nothing  # error
    stranger: Ref[Pump, float] = Zone.seen  # error
    writable: WritableRef[Pump, float] = Pump.seen  # error
    wider: Ref[Pump, float | None] = Pump.seen  # error


async def use_async(device: AsyncDevice[Pump], sim: Simulation[Pump]) -> None:
    await device.write(Pump.seen.to(3.0))  # error
    await device.write(Pump.set.to("x"))  # error
    await device.write(Zone.set.to(3.0))  # error
    await device.write(zone)  # error
    await device.write_changes(zone, zone)  # error
    await device.read(Zone.set)  # error
    (await device.read(partial=True)).seen  # error
    (await device.read(Pump.seen)).nothing  # error
    forgotten: float = device.read(Pump.seen)  # error
    sim.on_write(Pump.mode)(lambda old, new: old.nothing)  # error
    sim.on_write(Zone.set)  # error
    sim.on_write(Pump.seen)  # error
    sim.on_write(Pump.zone.at(Zone.seen))  # error
    sim.get(Zone.set)  # error
    sim.get(Pump.seen).nothing  # error
    sim.move(Pump.seen, lambda t: "x")  # error
    sim.move(Pump.mode, sine(0, 1, period=3))  # error
    sim.move(Zone.set, sine(0, 1, period=3))  # error
    sim.depends(Pump.seen, on=Pump.mode)(lambda mode: "x")  # error
    sim.depends(Pump.seen, on=Pump.mode)(lambda mode: mode.nothing)  # error
    sim.depends(Pump.seen, on=Zone.set)  # error
    sim.fault(Zone.set, Hole())  # error
    sim.fault(Pump.seen, ValueError)  # error
    sim.fault(Pump.seen)  # error
    sim.fault(Hole(), often=3)  # error
    sim.fault(Hole(), only="coils")  # error
    sim.fault(Hole(), times="2")  # error


def styles(client: Client, later: AsyncClient) -> None:
    Device(client, Pump)
    Device(later, Pump)  # error
    AsyncDevice(later, Pump)
    AsyncDevice(client, Pump)  # error
    Device(client, Pump, max_block="3")  # error
    Device(client, Pump, write_with="both")  # error
    AsyncDevice(later, Pump, mask_write="no")  # error
    Device(client, Pump, forbidden=[range(3)])  # error
    AsyncDevice(later, Pump, readable={Table.COILS: range(3)})  # error


class Panel(RegisterMap):
    lamp: RW[bool] = coil(0)
    label: RW[str] = holding_register(0, string(4))
    level: RO[float] = input_register(0, float32)
    count: RO[int] = input_register(2, int16)
    mode: RO[Mode] = input_register(3, enum(Mode))


def take_float(change: Change[float]) -> None: ...


def take_text(change: Change[str]) -> None: ...


def take_other(reading: Reading[Pump]) -> None: ...


def poll(device: Device[Panel], later: AsyncDevice[Panel]) -> None:
    poller = Poller(device, every="1s")
    poller.on_change(Panel.level, dead_band=1)(take_float)
    poller.on_change(Panel.lamp, dead_band=1)  # error
    poller.on_change(Panel.label, dead_band=1)  # error
    poller.on_change(Panel.mode, dead_band=1)  # error
    poller.on_change(Panel.level, dead_band="1")  # error
    poller.on_change(Panel.level, 1.0)  # error
    poller.on_change(Panel.level)(take_text)  # error
    poller.on_change(Panel.count)(take_float)  # error
    poller.on_change(Panel.level, dead_band=1)(take_text)  # error
    poller.on_change(Pump.seen)  # error
    poller.on_reading(take_other)  # error
    poller.on_failure(take_float)  # error
    poller.latest(Pump.seen)  # error
    poller.latest(Panel.level).nothing  # error
    poller.snapshot().level  # error
    poller.statistics(device=later)  # error
    Poller(later, every="1s")  # error
    Poller(device, every=b"1s")  # error
    Poller(device, evry="1s")  # error
    AsyncPoller(device)  # error
    AsyncPoller(later, partial=1)  # error


class Named(RegisterMap):
    code: RO[int] = holding_register(0, int16)


def choose(client: Client, later: AsyncClient) -> None:
    one_of(Named.code, {"x": Named})  # error
    one_of(Named.code, {1: int})  # error
    one_of(Named.code, {1: Named}, others=Named)  # error
    named = one_of(Named.code, {1: Named})
    named.device(client).read().text  # error
    named.device(later)  # error
    named.device(client, place=3)  # error
    Device(client, Named, base="1000")  # error
    Device(client, Named, word_order="middle")  # error


def sunspec_models(client: Client, later: AsyncClient, common: Common) -> None:
    found = sunspec.scan(client)
    found.device(Common).write(Common.Mn.to("Acme"))  # error
    found.device(Common).read().Manufacturer  # error
    found.device(Common, "1")  # error
    sunspec.scan(later)  # error
    sunspec.load("103")  # error
    sunspec.simulate(Common)  # error
    sunspec.simulate(common).part(Common).set(Panel.level.to(1))  # error
    Common(Mn="Acme", Md="P", SN=None)  # error
