"""What the type checkers accept, and which types they see; never run."""

# ruff: noqa: D101, D103

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import IntEnum, IntFlag
from typing import Any, assert_type

import attrs

from examples.devices.sunspec_1 import Common
from examples.devices.sunspec_103 import InverterThreePhase, InverterThreePhaseSt
from examples.devices.sunspec_160 import Mppt, MpptModule
from modbus_schema import sunspec
from modbus_schema.async_device import AsyncDevice
from modbus_schema.codecs.arrays import array
from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.bit_fields import bits, uint8
from modbus_schema.codecs.bit_table import bit_list
from modbus_schema.codecs.enums import enum, flags
from modbus_schema.codecs.numbers import float32, int16, uint16, uint32
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
from modbus_schema.fields.refs import Ref, Setting, WritableRef, Write
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.polling.async_poller import AsyncPoller
from modbus_schema.polling.events import Change, Failure, PollStatistics, Reading, Recovery
from modbus_schema.polling.poller import Poller
from modbus_schema.pytest_plugin import Simulated, SimulatedWithDevice
from modbus_schema.reading.partial import Partial
from modbus_schema.simulation import (
    AsyncRecorder,
    Clock,
    Delay,
    FaultInForce,
    ManualClock,
    Motion,
    Movement,
    NoAnswer,
    Recorder,
    Replay,
    counter,
    noise,
    ramp,
    record,
    replay,
    rounded,
    sine,
    steps,
)
from modbus_schema.simulation.device import SimulatedDevice
from modbus_schema.simulation.simulate import Simulation, simulate
from modbus_schema.sources import given, outer
from modbus_schema.variants import Variants, one_of
from modbus_schema.writing.outcome import Outcome, outcome_of
from modbus_schema.writing.preview import PlannedRequest, PlannedWrite
from modbus_schema.writing.verification import Difference, NotVerified, Verify
from modbus_wire.aio.client import AsyncClient
from modbus_wire.client import ModbusClient
from modbus_wire.codes import Table
from modbus_wire.errors import ModbusError, ServerDeviceBusy
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.sync.client import Client


class Mode(IntEnum):
    OFF = 0
    HEAT = 1


class Alarm(IntFlag):
    FLOW = 1
    ICE = 2


class Celsius:
    pass


class CelsiusCodec(Codec[Celsius]):
    pass


class Fan(RegisterMap):
    speed: RW[int] = holding_register(5, uint16)


class Zone(RegisterMap):
    temperature: RO[float | None] = input_register(
        0, int16.scaled("0.1").optional(0x8000), unit="degC", description="in the room"
    )
    target: RW[float] = holding_register(0, int16.scaled("0.1"), default=20.0, min=5, max=30.5)
    fan: RO[Fan] = group(Fan, base=3)


class HeatPump(RegisterMap, word_order="little", byte_order="big", max_gap=8):
    outdoor: RO[float] = input_register(12, float32)
    energy: RO[int] = input_register(14, uint32, word_order="big", byte_order="little")
    mode: RW[Mode] = holding_register(0, enum(Mode))
    odd_mode: RW[Mode | int] = holding_register(1, enum(Mode, keep_unknown=True))
    alarms: RO[Alarm] = holding_register(2, flags(Alarm))
    pump: RW[bool] = coil(3)
    heater: RO[bool] = coil(4, default=False)
    relays: RW[tuple[bool, ...]] = coil(8, bit_list(4))
    flow: RO[bool] = discrete_input(4)
    reset: WO[int] = holding_register(9, int16, default=0)
    start: WO[bool] = coil(5, default=None)
    shift: WO[int] = holding_register(11, int16, min=-5, default=None)
    rooms: WO[tuple[bool, ...]] = coil(12, bit_list(3), default=None)
    command: WO[Mode] = holding_register(12, enum(Mode))
    stage: RW[int] = holding_register(10, bits(0, 3), overlap=True)
    level: RW[int] = holding_register(10, uint8.high)
    label: RW[str] = holding_register(20, string(8), default="attic")
    curve: RW[tuple[int, ...]] = holding_register(30, array(int16, 3))
    own: RW[Celsius] = holding_register(40, CelsiusCodec(), default=Celsius())
    even: RW[int] = holding_register(41, int16, validator=attrs.validators.in_([0, 2, 4]))
    odd: RW[int] = holding_register(
        42, int16, validator=[attrs.validators.instance_of(int), attrs.validators.gt(3)]
    )
    name: RW[str] = holding_register(50, string(8), validator=attrs.validators.max_len(10))
    zones: RO[tuple[Zone, ...]] = repeat(Zone, base=200, stride=10, count=3)
    circuit: RO[Zone] = group(Zone, base=300)
    fan: RW[Fan] = group(Fan, base=400, default=Fan(speed=3))

    @property
    def warm(self) -> bool:
        return self.outdoor > 3


class Commanded(Fan, write_with="single", max_write={Table.COILS: 8}, mask_write=False):
    store: WO[int] = holding_register(1, uint16)
    go: RW[bool] = coil(2, then=store.to(3))
    mode: RW[Mode] = holding_register(
        2, enum(Mode), write_with="multiple", then=(go.to(True), store.to(7))
    )
    on: RW[bool] = coil(0, write_with="single", then=[store.to(1), Fan.speed.to(3)])
    fan: RO[Fan] = group(Fan, base=10, then=mode.to(Mode.HEAT), write_with="auto")
    fans: RO[tuple[Fan, ...]] = repeat(Fan, base=20, stride=1, count=2, then=store.to(3))


class BigHeatPump(HeatPump, byte_order="little"):
    extra: RW[int] = holding_register(99, int16, default=5)


class Ruled(
    RegisterMap,
    every="1m",
    max_gap=3,
    max_block={Table.COILS: 100},
    forbidden={Table.HOLDING_REGISTERS: [range(3)]},
    readable={Table.INPUT_REGISTERS: (range(3), range(9, 20))},
    read_alone={},
):
    fan: RO[Fan] = group(Fan, base=3, together=True, every=5)
    fans: RO[tuple[Fan, ...]] = repeat(Fan, base=30, stride=3, count=2, together=True, every="1h")
    hours: RO[int] = input_register(0, uint32, every=timedelta(hours=1))
    alarm: RO[bool] = discrete_input(0, every=0.25)
    serial: RW[str] = holding_register(60, string(4), every="once")


class Short(Ruled, max_block=10):
    pass


class Scaled(RegisterMap):
    factor: RO[int | None] = holding_register(0, int16.optional(0x8000))
    count: RO[int] = holding_register(1, uint16)
    mode: RO[Mode] = holding_register(2, enum(Mode))
    amps: RO[float] = holding_register(3, int16.scaled_by(factor))
    volts: RW[float | None] = holding_register(4, uint16.scaled_by(count).optional(0xFFFF))
    watts: RW[float] = holding_register(5, int16.scaled_by(outer("watts_sf")))
    steps: RW[tuple[float, ...]] = holding_register(
        6, array(uint8.low.scaled_by(given(mode, lambda mode: mode.value), steps={0: "0.1"}), 1)
    )
    heat: RW[int | None] = holding_register(
        7, int16, present_if=given(mode, count, lambda mode, n: mode is Mode.HEAT and n > 3), min=3
    )
    cold: RO[int | None] = input_register(8, int16, present_if=given(count, bool), default=None)
    valve: RW[bool | None] = coil(7, present_if=given(count, lambda n: n > 3))
    relays: RW[tuple[bool, ...] | None] = coil(8, bit_list(3), present_if=outer("has_relays"))
    door: RO[bool] = discrete_input(7)
    window: RO[bool | None] = discrete_input(8, present_if=door)
    fan: RW[Fan | None] = group(Fan, base=100, present_if=door)
    moved: RW[Fan] = group(Fan, base=count)
    fans: RO[tuple[Fan, ...]] = repeat(
        Fan, base=count, stride=given(count, lambda n: n + 9), count=count, at_most=8
    )
    zones: RW[tuple[Zone, ...] | None] = repeat(
        Zone, base=200, stride=10, count=3, present_if=given(door, lambda shut: not shut)
    )


class MoreScaled(Scaled):
    more: RW[float] = holding_register(9, int16.scaled_by(Scaled.factor))


assert_type(Scaled.heat, WritableRef[Scaled, int | None])
assert_type(Scaled.cold, Ref[Scaled, int | None])
assert_type(Scaled.fan, WritableRef[Scaled, Fan | None])
assert_type(Scaled.fan.at(Fan.speed), WritableRef[Scaled, int | None])
assert_type(Scaled.fans[3].at(Fan.speed), WritableRef[Scaled, int])
assert_type(Scaled.zones, WritableRef[Scaled, tuple[Zone, ...] | None])
assert_type(Scaled.zones[0], WritableRef[Scaled, Zone | None])
assert_type(Scaled.zones[0].at(Zone.target), WritableRef[Scaled, float | None])
assert_type(Scaled.zones[0].at(Zone.temperature), Ref[Scaled, float | None])
assert_type(next(iter(Scaled.zones)), WritableRef[Scaled, Zone | None])


class Told(RegisterMap):
    fan: RO[Fan] = group(Fan, base=0)
    maybe: RO[Fan | None] = group(Fan, base=10, present_if=outer("has_fan"))
    low: RO[int] = holding_register(
        20, uint32, word_order=given(fan.at(Fan.speed), lambda n: "big" if n else "little")
    )
    fans: RO[tuple[Fan, ...]] = repeat(
        Fan,
        base=30,
        stride=9,
        count=fan.at(Fan.speed),
        at_most=3,
        byte_order=given(maybe.at(Fan.speed), lambda n: "big" if n else "little"),
    )
    other: RO[Fan] = group(Fan, base=80, word_order="little", byte_order="little")


class MoreScaledStill(Scaled):
    other: RW[int] = holding_register(9, int16)


VARIANTS: Variants[Scaled] = one_of(Fan.speed, {3: MoreScaled, 4: MoreScaledStill})


async def variants_are_of_what_they_share(client: Client, later: AsyncClient) -> None:
    assert_type(VARIANTS.device(client, unit_id=3, base=100), Device[Scaled])
    assert_type(await VARIANTS.async_device(later, word_order="little"), AsyncDevice[Scaled])
    some: Variants[Scaled] = one_of(Fan.speed, {3: MoreScaled}, otherwise=MoreScaledStill)
    assert_type(some.device(client).read().amps, float)
    assert_type(one_of(HeatPump.mode, {Mode.HEAT: Fan}), Variants[Fan])


async def devices_are_placed_and_ordered(client: Client, later: AsyncClient) -> None:
    Device(client, HeatPump, base=1000, word_order="big", byte_order="little")
    AsyncDevice(later, HeatPump, base=1000, word_order="big", byte_order="little")
    simulate(pump, base=1000, word_order="big", byte_order="little")


def parts_may_be_absent(device: Device[Scaled], state: Scaled) -> None:
    assert_type(state.amps, float)
    assert_type(state.volts, float | None)
    assert_type(state.steps, tuple[float, ...])
    assert_type(state.valve, bool | None)
    assert_type(state.window, bool | None)
    assert_type(state.fan, Fan | None)
    assert_type(state.moved, Fan)
    assert_type(state.fans, tuple[Fan, ...])
    assert_type(state.zones, tuple[Zone, ...] | None)
    assert_type(device.read(Scaled.fan), Fan | None)
    assert_type(device.read(Scaled.fan.at(Fan.speed)), int | None)
    device.write(Scaled.fan.at(Fan.speed).to(3), Scaled.volts.to(None), Scaled.heat.to(5))


fan = Fan(speed=3)
zone = Zone(temperature=None, fan=fan)
pump = HeatPump(
    outdoor=1.0,
    energy=3,
    mode=Mode.HEAT,
    odd_mode=7,
    alarms=Alarm.FLOW | Alarm.ICE,
    pump=True,
    relays=(True, False, True, False),
    flow=True,
    command=None,
    stage=3,
    level=4,
    curve=(1, 2),
    own=Celsius(),
    even=4,
    odd=5,
    name="x",
    zones=(zone, zone, zone),
    circuit=zone,
)

assert_type(pump.outdoor, float)
assert_type(pump.mode, Mode)
assert_type(pump.odd_mode, Mode | int)
assert_type(pump.alarms, Alarm)
assert_type(pump.reset, int | None)
assert_type(pump.shift, int | None)
assert_type(pump.relays, tuple[bool, ...])
assert_type(pump.zones, tuple[Zone, ...])
assert_type(pump.zones[0].temperature, float | None)
assert_type(pump.circuit.fan.speed, int)
assert_type(pump.warm, bool)
assert_type(pump.replace(mode=Mode.OFF), HeatPump)
assert_type(
    pump.replace(HeatPump.outdoor.to(3.5), HeatPump.zones[1].at(Zone.target).to(21)), HeatPump
)

assert_type(HeatPump.outdoor, Ref[HeatPump, float])
assert_type(HeatPump.mode, WritableRef[HeatPump, Mode])
assert_type(HeatPump.heater, Ref[HeatPump, bool])
assert_type(HeatPump.reset, WritableRef[HeatPump, int])
assert_type(HeatPump.shift, WritableRef[HeatPump, int])
assert_type(HeatPump.zones, Ref[HeatPump, tuple[Zone, ...]])
assert_type(HeatPump.zones[1], Ref[HeatPump, Zone])
assert_type(HeatPump.zones[1].at(Zone.target), WritableRef[HeatPump, float])
assert_type(HeatPump.zones[1].at(Zone.temperature), Ref[HeatPump, float | None])
assert_type(HeatPump.circuit.at(Zone.fan).at(Fan.speed), WritableRef[HeatPump, int])
assert_type([each.at(Zone.target) for each in HeatPump.zones], list[WritableRef[HeatPump, float]])
assert_type(HeatPump.fan, WritableRef[HeatPump, Fan])

assert_type(HeatPump.outdoor.to(3.5), Setting[HeatPump])
assert_type(HeatPump.mode.to(Mode.HEAT), Write[HeatPump])
assert_type(HeatPump.reset.to(1), Write[HeatPump])
assert_type(HeatPump.zones[1].at(Zone.target).to(21), Write[HeatPump])
assert_type(HeatPump.circuit.at(Zone.temperature).to(None), Setting[HeatPump])
assert_type(HeatPump.fan.to(fan), Write[HeatPump])


def a_subclass_inherits(big: BigHeatPump) -> None:
    assert_type(big.outdoor, float)
    assert_type(big.extra, int)
    assert_type(big.replace(extra=1), BigHeatPump)
    assert_type(big.replace(BigHeatPump.extra.to(1), BigHeatPump.outdoor.to(3)), BigHeatPump)
    assert_type(BigHeatPump.outdoor, Ref[BigHeatPump, float])
    assert_type(BigHeatPump.zones[1].at(Zone.target), WritableRef[BigHeatPump, float])


def a_reference_of_the_base(outdoor: Ref[HeatPump, float]) -> Ref[BigHeatPump, float]:
    return outdoor


def a_write_of_the_base() -> Write[BigHeatPump]:
    return HeatPump.mode.to(Mode.OFF)


def a_device_reads(device: Device[HeatPump]) -> None:
    assert_type(device.read(), HeatPump)
    assert_type(device.read(HeatPump.outdoor), float)
    assert_type(device.read(HeatPump.zones), tuple[Zone, ...])
    assert_type(device.read(HeatPump.zones[1]), Zone)
    assert_type(device.read(HeatPump.zones[1].at(Zone.temperature)), float | None)
    assert_type(device.read(HeatPump.mode, HeatPump.pump), tuple[Mode, bool])


def a_device_reads_in_part(device: Device[HeatPump]) -> None:
    partial = device.read(partial=True)
    assert_type(partial, Partial[HeatPump])
    assert_type(partial[HeatPump.outdoor], float)
    assert_type(partial[HeatPump.zones[1].at(Zone.temperature)], float | None)
    assert_type(partial.get(HeatPump.mode), Mode | None)
    assert_type(partial.get(HeatPump.mode, 3), Mode | int)
    assert_type(partial.values, Mapping[Ref[HeatPump, Any], Any])
    assert_type(partial.failed, Mapping[Ref[HeatPump, Any], ModbusError])
    assert_type(partial.complete, HeatPump | None)
    assert_type(device.read(HeatPump.mode, HeatPump.pump, partial=True), Partial[HeatPump])
    assert_type(device.bad[Table.COILS], tuple[range, ...])


async def an_async_device_reads_in_part(device: AsyncDevice[HeatPump]) -> None:
    assert_type(await device.read(partial=True), Partial[HeatPump])
    assert_type((await device.read(HeatPump.mode, partial=True))[HeatPump.mode], Mode)


def devices_override_the_rules(client: Client, later: AsyncClient) -> None:
    Device(client, Ruled, max_gap=0, max_block=3, forbidden={}, readable={}, read_alone={})
    Device(client, Ruled, write_with="multiple", max_write=3, mask_write=True)
    AsyncDevice(later, Ruled, write_with="auto", max_write={Table.COILS: 8}, mask_write=False)
    AsyncDevice(later, Ruled, max_block={Table.COILS: 3}, forbidden={Table.COILS: [range(3)]})


def a_device_writes(device: Device[HeatPump], bigger: Device[BigHeatPump]) -> None:
    device.write(HeatPump.mode.to(Mode.HEAT), HeatPump.zones[1].at(Zone.target).to(21.5))
    device.write(HeatPump.circuit.at(Zone.target).to(20), HeatPump.fan.to(fan))
    device.write(pump)
    device.write_changes(pump, pump.replace(mode=Mode.OFF))
    bigger.write(BigHeatPump.extra.to(3), HeatPump.mode.to(Mode.OFF), then=HeatPump.reset.to(1))
    device.write_changes(pump, pump, then=[HeatPump.reset.to(1), HeatPump.mode.to(Mode.OFF)])


def a_write_says_what_it_did(device: Device[HeatPump], error: Exception) -> None:
    done = device.write(HeatPump.mode.to(Mode.HEAT))
    assert_type(done, Outcome[HeatPump])
    assert_type(device.write(pump), Outcome[HeatPump])
    assert_type(device.write_changes(pump, pump), Outcome[HeatPump])
    assert_type(done.written, tuple[Ref[HeatPump, Any], ...])
    assert_type(done.uncertain, tuple[Ref[HeatPump, Any], ...])
    assert_type(done.not_written, tuple[Ref[HeatPump, Any], ...])
    assert_type(done.requests, tuple[AnyRequest, ...])
    assert_type(done.is_complete, bool)
    assert_type(outcome_of(error), Outcome[Any] | None)


def a_write_is_verified(device: Device[HeatPump], error: NotVerified) -> None:
    assert_type(device.write(HeatPump.mode.to(Mode.HEAT), verify=True), Outcome[HeatPump])
    device.write(pump, verify=Verify(settle=0.2, within=2))
    device.write_changes(pump, pump, verify=Verify())
    assert_type(error.differences, tuple[Difference, ...])
    assert_type(error.differences[0].ref, Ref[Any, Any])


def one_request_writes_and_reads(device: Device[HeatPump]) -> None:
    level = HeatPump.level.to(3)
    assert_type(device.write_and_read(level, read=HeatPump.mode), Mode)
    assert_type(
        device.write_and_read(level, level, read=(HeatPump.mode, HeatPump.label)),
        tuple[Mode, str],
    )
    three = device.write_and_read(level, read=(HeatPump.mode, HeatPump.label, HeatPump.alarms))
    assert_type(three, tuple[Mode, str, Alarm])


async def one_request_writes_and_reads_later(device: AsyncDevice[HeatPump]) -> None:
    level = HeatPump.level.to(3)
    assert_type(await device.write_and_read(level, read=HeatPump.mode), Mode)
    both = await device.write_and_read(level, read=(HeatPump.mode, HeatPump.label))
    assert_type(both, tuple[Mode, str])


def a_write_is_previewed(device: Device[HeatPump], later: AsyncDevice[HeatPump]) -> None:
    planned = device.plan_write(HeatPump.mode.to(Mode.HEAT), then=HeatPump.reset.to(1))
    assert_type(planned, PlannedWrite[HeatPump])
    assert_type(planned[0], PlannedRequest[HeatPump])
    assert_type(planned[0].fields, tuple[Ref[HeatPump, Any], ...])
    assert_type(planned[0].pdu, bytes | None)
    assert_type(planned.requests, tuple[AnyRequest, ...])
    assert_type(later.plan_write(pump), PlannedWrite[HeatPump])
    assert_type(later.plan_write_changes(pump, pump), PlannedWrite[HeatPump])


async def an_async_device_reads(device: AsyncDevice[HeatPump]) -> None:
    assert_type(await device.read(), HeatPump)
    assert_type(await device.read(HeatPump.outdoor), float)
    assert_type(await device.read(HeatPump.zones[1].at(Zone.temperature)), float | None)
    assert_type(await device.read(HeatPump.mode, HeatPump.pump), tuple[Mode, bool])


async def an_async_device_writes(device: AsyncDevice[HeatPump]) -> None:
    await device.write(HeatPump.mode.to(Mode.HEAT), HeatPump.zones[1].at(Zone.target).to(21.5))
    await device.write(pump)
    await device.write_changes(pump, pump.replace(mode=Mode.OFF))
    assert_type(await device.write(pump, then=HeatPump.reset.to(1)), Outcome[HeatPump])


def clients_of_devices(client: Client, drop_in: ModbusClient, later: AsyncClient) -> None:
    assert_type(Device(client, HeatPump), Device[HeatPump])
    assert_type(Device(drop_in, HeatPump), Device[HeatPump])
    assert_type(AsyncDevice(later, HeatPump, unit_id=3), AsyncDevice[HeatPump])


async def a_simulation_serves_in_both_styles() -> None:
    with simulate(pump, port=0) as sim:
        assert_type(sim, Simulation[HeatPump])
    async with simulate(pump, host="udp://127.0.0.1:0") as later:
        assert_type(later, Simulation[HeatPump])
        assert_type(later.snapshot(), HeatPump)

    later.on_write(HeatPump.zones[0])(lambda old, new: print(old.target, new.target))
    later.on_write(HeatPump.zones)(lambda old, new: print(old[0].target, new[0].target))
    later.on_write(HeatPump.zones[1].at(Zone.target))(lambda old, new: print(old.hex(), new.hex()))
    later.on_write(HeatPump.fan)(lambda old, new: print(old.speed, new.speed))

    @later.on_write(HeatPump.mode)
    def changed(old: Mode, new: Mode) -> None:
        later.set(HeatPump.outdoor.to(3.0))


def a_poller_tells(device: Device[HeatPump], other: Device[Fan]) -> None:
    poller = Poller(device, every="1s", partial=True, renew_once=True)
    assert_type(poller, Poller[HeatPump])
    assert_type(Poller([device, device]), Poller[HeatPump])
    assert_type(Poller([device, other], every=timedelta(seconds=1)), Poller[Any])

    @poller.on_change(HeatPump.outdoor, dead_band=0.5)
    def outdoor(change: Change[float]) -> None:
        assert_type(change.old, float | None)
        assert_type(change.new, float)
        assert_type(change.ref, Ref[Any, float])
        assert_type(change.at, datetime)

    @poller.on_change(HeatPump.zones[0].at(Zone.temperature), dead_band=0.5)
    def temperature(change: Change[float | None]) -> None: ...

    @poller.on_change(HeatPump.energy, dead_band=100)
    def energy(change: Change[int]) -> int:
        return change.new

    assert_type(energy(Change(device, HeatPump.energy, 1, 2, datetime.now(), False)), int)

    @poller.on_change(HeatPump.mode)
    def mode(change: Change[Mode]) -> None:
        assert_type(change.new, Mode)

    @poller.on_change(HeatPump.circuit)
    def circuit(change: Change[Zone]) -> None: ...

    @poller.on_reading
    def read(reading: Reading[HeatPump]) -> None:
        assert_type(reading[HeatPump.outdoor], float)
        assert_type(reading[HeatPump.zones[1].at(Zone.temperature)], float | None)
        assert_type(reading.failed, Mapping[Ref[HeatPump, Any], ModbusError])

    @poller.on_failure
    def failed(failure: Failure) -> None:
        assert_type(failure.error, Exception)

    @poller.on_recovery
    def recovered(recovery: Recovery) -> None: ...

    assert_type(poller.latest(HeatPump.outdoor), float)
    assert_type(poller.latest(HeatPump.circuit, device=device), Zone)
    assert_type(poller.values(), Mapping[Ref[HeatPump, Any], Any])
    assert_type(poller.snapshot(), HeatPump | None)
    assert_type(poller.statistics(device=device), PollStatistics)
    with poller as running:
        assert_type(running, Poller[HeatPump])


async def an_async_poller_tells(device: AsyncDevice[HeatPump], other: AsyncDevice[Fan]) -> None:
    assert_type(AsyncPoller(device), AsyncPoller[HeatPump])
    assert_type(AsyncPoller([device, other], every=1), AsyncPoller[Any])
    async with AsyncPoller(device, every="1s") as poller:
        assert_type(poller, AsyncPoller[HeatPump])

        @poller.on_change(HeatPump.outdoor, dead_band=0.5)
        async def outdoor(change: Change[float]) -> None: ...

        assert_type(poller.latest(HeatPump.mode), Mode)
        assert_type(poller.snapshot(device=device), HeatPump | None)


def a_simulation_behaves(sim: Simulation[HeatPump], device: SimulatedDevice[BigHeatPump]) -> None:
    assert_type(sim.get(HeatPump.outdoor), float)
    assert_type(sim.get(HeatPump.zones[1]), Zone)
    assert_type(sim.move(HeatPump.outdoor, sine(20, 5, period=60)), Movement)
    sim.move(HeatPump.outdoor, counter(0, 1))
    sim.move(HeatPump.mode, steps((0, Mode.OFF), (10, Mode.HEAT)))
    sim.move(HeatPump.zones[1].at(Zone.temperature), lambda t: None if t < 3 else t)
    device.move(BigHeatPump.outdoor, noise(ramp(0, 1, 60), 0.5))
    assert_type(rounded(noise(0, 1)), Motion[int])
    assert_type(rounded(noise(0, 1), 1), Motion[float])

    @sim.depends(HeatPump.outdoor, on=(HeatPump.mode, HeatPump.pump))
    def outdoor(mode: Mode, pump: bool) -> float:
        return 1 if pump else 2.5

    assert_type(outdoor(Mode.OFF, True), float)
    sim.depends(HeatPump.pump, on=HeatPump.mode)(lambda mode: mode is Mode.HEAT)

    with sim.fault(HeatPump.outdoor, NoAnswer(), times=2) as fault:
        assert_type(fault, FaultInForce)
        assert_type(fault.hits, int)
    sim.fault(ServerDeviceBusy, only="writes", chance=0.5, seed=3)
    device.fault(HeatPump.zones[1].at(Zone.target), Delay(0.5), every=3)


def clocks(clock: ManualClock) -> Clock:
    simulate(pump, clock=clock, allow=["10.0.0.0/8"], max_connections=3, idle_timeout=60)
    return clock


def fixtures(simulated: Simulated, simulated_device: SimulatedWithDevice) -> None:
    assert_type(simulated(pump, unit_id=3, clock=ManualClock()), Simulation[HeatPump])
    sim, device = simulated_device(pump, max_connections=3)
    assert_type(sim, Simulation[HeatPump])
    assert_type(device, Device[HeatPump])


def recorders(client: Client, later: AsyncClient) -> Replay:
    recorded = record(client, "pump.jsonl")
    assert_type(recorded, Recorder)
    assert_type(record(later, "pump.jsonl", clock=ManualClock()), AsyncRecorder)
    assert_type(Device(recorded, HeatPump), Device[HeatPump])
    assert_type(AsyncDevice(record(later, "pump.jsonl"), HeatPump), AsyncDevice[HeatPump])
    return replay("pump.jsonl", port=0, clock=ManualClock(), repeat=True, allow=["::1"])


async def sunspec_devices(client: Client, later: AsyncClient) -> None:
    assert_type(sunspec.load(103), type[RegisterMap])
    found = sunspec.scan(client, unit_id=1)
    device = found.device(InverterThreePhase)
    assert_type(device, Device[InverterThreePhase])
    assert_type(
        device.read(InverterThreePhase.W, InverterThreePhase.DCW), tuple[float, float | None]
    )
    assert_type(device.read().St, InverterThreePhaseSt | int)
    assert_type(found.device(Mppt, 1).read().module, tuple[MpptModule, ...])
    assert_type(found.device(found.models[0]), Device[RegisterMap])
    found.device(Common).write(Common.DA.to(3))
    assert_type((await sunspec.scan_async(later)).device(Common), AsyncDevice[Common])


def sunspec_simulations(common: Common, module: MpptModule) -> None:
    assert_type(sunspec.with_length(Mppt(module=(module,))), Mppt)
    with sunspec.simulate(common, Mppt(module=(module, module)), port=0) as sim:
        part = sim.part(Common)
        assert_type(part.snapshot(), Common)
        part.set(Common.Mn.to("Acme"))
        sim.move(part.at(Common.DA), lambda t: int(t))

        @sim.on_write(part.at(Common.DA))
        def readdressed(old: int | None, new: int | None) -> None: ...
