"""Polling maps whose shape the device says: what comes, goes and moves between two reads."""

import pytest

from modbus_schema import (
    RO,
    RW,
    Device,
    Failure,
    RegisterMap,
    coil,
    group,
    holding_register,
    int16,
    repeat,
    simulate,
    uint16,
)
from modbus_schema.fields.periods import period_of
from modbus_schema.polling.grouping import poll_groups
from modbus_schema.simulation.device import SimulatedDevice
from modbus_wire import Client, IllegalDataAddress
from tests.schema.picky import Wire
from tests.schema.poll_bench import Bench, names


class Zone(RegisterMap):
    """What repeats, at two periods."""

    temperature: RO[float] = holding_register(0, int16.scaled("0.1"))
    target: RW[float] = holding_register(1, int16.scaled("0.1"), every="5s")


class Cooling(RegisterMap):
    """What only some devices have."""

    power: RW[int] = holding_register(0, uint16)
    valve: RW[bool] = coil(0)


class HeatPump(RegisterMap, every="1s"):
    """A device with as many zones as it says, cooling if it says so, and a part that moves."""

    zone_count: RO[int] = holding_register(0, uint16, every="1m")
    has_cooling: RO[bool] = coil(5)
    place: RO[int] = holding_register(1, uint16)
    zones: RW[tuple[Zone, ...]] = repeat(Zone, base=10, stride=2, count=zone_count, at_most=8)
    cooling: RW[Cooling | None] = group(Cooling, base=300, present_if=has_cooling)
    moving: RO[Zone] = group(Zone, base=place)


def pump(count: int, *, cooling: Cooling | None = None, place: int = 400) -> HeatPump:
    """Return a heat pump with some zones."""
    zones = tuple(Zone(temperature=20.0 + index, target=21.0) for index in range(count))
    return HeatPump(
        zone_count=count,
        has_cooling=cooling is not None,
        place=place,
        zones=zones,
        cooling=cooling,
        moving=Zone(temperature=1.0, target=2.0),
    )


COOLING = Cooling(power=1200, valve=True)


class Changing(Wire):
    """A client of a device that becomes another one."""

    def __init__(self, instance: HeatPump) -> None:
        self.become(instance)

    def become(self, instance: HeatPump) -> SimulatedDevice[HeatPump]:
        """Answer as another instance from now on."""
        device = SimulatedDevice(instance)
        super().__init__(device.bank)
        return device


def test_what_the_device_tells_of_is_one_part() -> None:
    """It is read at the shortest of its periods; the fields that tell have their own."""
    one, five, minute = period_of("1s"), period_of("5s"), period_of("1m")
    for by_field in (False, True):
        assert poll_groups(HeatPump, None, by_field=by_field) == {
            one: (("has_cooling",), ("place",), ("zones",), ("cooling",), ("moving",)),
            minute: (("zone_count",),),
        }
    assert poll_groups(Zone, five) == {five: ((),)}


@pytest.mark.parametrize("partial", [False, True])
def test_parts_come_and_go(partial: bool) -> None:
    """The latest values have the shape of the device as it was read last."""
    wire = Changing(pump(2))
    bench = Bench(Device(wire, HeatPump), partial=partial)
    zones, third = bench.watch(HeatPump.zones), bench.watch(HeatPump.zones[2].at(Zone.target))
    power = bench.watch(HeatPump.cooling.at(Cooling.power))
    values = bench.polled.values
    bench.pass_time(1)
    assert values.whole() == pump(2)
    assert HeatPump.zones[2] not in values
    assert HeatPump.zones[1].at(Zone.target) in values
    assert values[HeatPump.cooling] is None
    wire.become(pump(3, cooling=COOLING, place=500))
    bench.pass_time(1)
    assert values.whole() == pump(3, cooling=COOLING, place=500).replace(zone_count=2)
    assert values[HeatPump.zones[2].at(Zone.temperature)] == 22.0
    wire.become(pump(0))
    bench.pass_time(60)
    assert values.whole() == pump(0)
    assert [len(change.new) for change in zones] == [2, 3, 0]
    assert [change.new for change in third] == [21.0]
    assert [change.new for change in power] == [None, 1200, None]
    assert not any(isinstance(each, Failure) for each in bench.told)


def test_a_reading_has_the_fields_that_there_are() -> None:
    """Those of a part that is absent are not among them."""
    wire = Changing(pump(1))
    bench = Bench(Device(wire, HeatPump))
    bench.pass_time()
    always = {"zone_count", "has_cooling", "place", "moving.temperature", "moving.target"}
    assert names(bench.told[0]) == always | {"zones[0].temperature", "zones[0].target"}
    wire.become(pump(0, cooling=COOLING))
    bench.pass_time(1)
    assert names(bench.told[1]) == always - {"zone_count"} | {"cooling.power", "cooling.valve"}


def test_a_part_of_which_a_field_is_refused_keeps_its_latest_values() -> None:
    """In a partial poll the reading has what came of it; the part as a whole did not come."""
    temperature, target = (HeatPump.zones[0].at(ref) for ref in (Zone.temperature, Zone.target))
    with simulate(pump(1), port=0) as sim, Client(sim.host, sim.port) as client:
        bench = Bench(Device(client, HeatPump), partial=True)
        bench.pass_time()
        sim.set(temperature.to(5.0))
        with sim.fault(target, IllegalDataAddress):
            bench.pass_time(1)
        reading = bench.told[-1]
        assert list(reading.failed) == [target]
        assert reading[temperature] == 5.0
        with pytest.raises(IllegalDataAddress):
            reading[target]
        assert target not in reading
        assert temperature in reading
        values = bench.polled.values
        assert (values[temperature], values[target]) == (20.0, 21.0)
        bench.polled.device.bad.clear()
        bench.pass_time(1)
        assert (values[temperature], values[target]) == (5.0, 21.0)
