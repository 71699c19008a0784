"""Maps whose shape the device says: counts, strides, places, and parts that may be absent."""

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

import pytest

from modbus_schema import (
    RO,
    RW,
    WO,
    AsyncDevice,
    DecodeError,
    DefinitionError,
    Device,
    EncodeError,
    RegisterMap,
    Verify,
    blank,
    boolean,
    coil,
    discrete_input,
    enum,
    feed,
    float32,
    given,
    group,
    holding_register,
    input_register,
    int16,
    outer,
    repeat,
    simulate,
    uint16,
    uint32,
)
from modbus_schema.describe.json_schema import to_json_schema
from modbus_schema.describe.markdown import to_markdown
from modbus_schema.simulation.device import SimulatedDevice
from modbus_schema.values.columns import columns
from modbus_schema.values.mapping import from_dict, from_json, to_dict, to_json
from modbus_wire import AsyncClient, Client, IllegalDataValue, Table
from modbus_wire.errors import IllegalDataAddress, RequestError
from modbus_wire.handler import Handler
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.sync.server import Server
from modbus_wire.unit import Unit
from tests.schema.counting import Counting


class Zone(RegisterMap):
    """What repeats."""

    temperature: RO[float] = holding_register(0, int16.scaled("0.1"))
    target: RW[float] = holding_register(1, int16.scaled("0.1"), min=5, max=30)


class Cooling(RegisterMap):
    """What only some devices have."""

    power: RW[int] = holding_register(0, uint16)
    valve: RW[bool] = coil(0)


class HeatPump(RegisterMap, max_gap=2):
    """A device with as many zones as it says, and cooling if it says so."""

    zone_count: RO[int] = holding_register(0, uint16)
    has_cooling: RO[bool] = discrete_input(5)
    firmware: RO[int] = holding_register(1, uint16)
    outdoor: RO[float] = input_register(0, float32)
    eco: RW[bool | None] = coil(7, present_if=given(firmware, lambda v: v >= 0x200))
    zones: RW[tuple[Zone, ...]] = repeat(Zone, base=3, stride=2, count=zone_count, at_most=8)
    cooling: RW[Cooling | None] = group(Cooling, base=300, present_if=has_cooling)


def pump(count: int, **values: Any) -> HeatPump:
    """Return a heat pump with some zones."""
    zones = tuple(Zone(temperature=20.0 + index, target=21.0) for index in range(count))
    given_values: dict[str, Any] = {
        "zone_count": count,
        "has_cooling": False,
        "firmware": 0x100,
        "outdoor": 7.5,
        "eco": None,
        "zones": zones,
        "cooling": None,
    }
    return HeatPump(**given_values | values)


COOLING = Cooling(power=1200, valve=True)


class Changeable:
    """A server whose device becomes another: its instance is exchanged between two requests."""

    def __init__(self, instance: RegisterMap) -> None:
        self.units: dict[int, Unit] = {}
        self.become(instance)
        self.server = Server(Handler(self.units), port=0)

    def become(self, instance: RegisterMap) -> SimulatedDevice[Any]:
        """Serve another instance from now on."""
        device = SimulatedDevice(instance)
        self.units[1] = device.unit
        return device


@contextmanager
def changeable(instance: RegisterMap) -> Iterator[tuple[Changeable, Counting]]:
    """Serve an instance that may become another, and reach it by a client that counts."""
    device = Changeable(instance)
    with device.server as server, Client(*server.address) as client:
        yield device, Counting(client)


STATES = [
    pump(0),
    pump(3),
    pump(8, has_cooling=True, cooling=COOLING),
    pump(1, firmware=0x200, eco=True),
]


@pytest.mark.parametrize("state", STATES)
def test_a_device_is_read_in_its_shape(state: HeatPump) -> None:
    """What is simulated comes back, by the same class, from the first read on."""
    with simulate(state, port=0) as sim, Client(sim.host, sim.port) as client:
        device = Device(client, HeatPump, unit_id=1)
        assert device.read() == state
        assert device.read() == state
        assert sim.snapshot() == state


def test_a_stable_device_costs_no_extra_request() -> None:
    """The first read asks the shape; those after it bring it with the rest."""
    with changeable(pump(3)) as (_, counting):
        device = Device(counting, HeatPump, unit_id=1)
        device.read()
        assert len(counting.asked) == 2 + 3  # the shape is in two tables, all of it in three
        for _ in range(3):
            counting.asked.clear()
            device.read()
            assert len(counting.asked) == 3


def test_a_device_that_changes_is_read_again_by_its_new_shape() -> None:
    """More zones, fewer, and cooling: the read that notices is repeated, and right."""
    with changeable(pump(2)) as (server, counting):
        device = Device(counting, HeatPump, unit_id=1)
        assert device.read() == pump(2)
        for state in (pump(5), pump(1), *STATES, pump(2)):
            server.become(state)
            assert device.read() == state


def test_a_device_that_never_rests_is_given_up() -> None:
    """After a few reads, with an error that names what changes."""
    with changeable(pump(1)) as (server, counting):
        device = Device(counting, HeatPump, unit_id=1)
        counts = iter(range(1000))

        def execute(request: Any, *, unit_id: int | None = None) -> Any:
            server.become(pump(next(counts) % 8))
            return counting.client.execute(request, unit_id=unit_id)

        def read_many(requests: list[AnyRequest], /, *, unit_id: int | None = None) -> Any:
            return [execute(request, unit_id=unit_id) for request in requests]

        counting.execute = execute  # type: ignore[method-assign]
        counting.read_many = read_many  # type: ignore[method-assign]
        with pytest.raises(DecodeError, match=r"its shape keeps changing.*HeatPump\.zone_count"):
            device.read(HeatPump.zones)


def test_reading_by_reference_asks_what_matters_only() -> None:
    """A field with a fixed place costs one request; a zone brings the count with it."""
    with changeable(pump(3)) as (server, counting):
        device = Device(counting, HeatPump, unit_id=1)
        assert device.read(HeatPump.outdoor) == 7.5
        assert len(counting.asked) == 1
        counting.asked.clear()
        assert device.read(HeatPump.zones[2].at(Zone.temperature)) == 22.0
        assert len(counting.asked) == 1 + 2
        counting.asked.clear()
        assert device.read(HeatPump.zones[1], HeatPump.outdoor)[0].temperature == 21.0
        assert len(counting.asked) == 2 + 1
        server.become(pump(4))
        assert device.read(HeatPump.zones[3].at(Zone.temperature)) == 23.0
        assert device.read(HeatPump.zones) == pump(4).zones
        server.become(pump(6))
        device.write(HeatPump.zones[5].at(Zone.target).to(9))
        assert device.read(HeatPump.zones)[5].target == 9.0


def test_what_is_absent_is_none_by_reference_too() -> None:
    """A field, a group and a member of the group; what is there comes."""
    with changeable(pump(1)) as (server, counting):
        device = Device(counting, HeatPump, unit_id=1)
        power = HeatPump.cooling.at(Cooling.power)
        assert device.read(HeatPump.cooling) is None
        assert device.read(power) is None
        assert device.read(HeatPump.eco, power, HeatPump.zone_count) == (None, None, 1)
        server.become(pump(1, has_cooling=True, cooling=COOLING, firmware=0x300, eco=False))
        assert device.read(HeatPump.eco, power, HeatPump.zone_count) == (False, 1200, 1)
        assert device.read(HeatPump.cooling) == COOLING


def test_an_index_past_the_count_is_an_error() -> None:
    """It says how many there are, and who says so."""
    with (
        changeable(pump(2)) as (_, counting),
        pytest.raises(
            RequestError, match=r"HeatPump\.zones\[5\]: there are 2, as HeatPump\.zone_count: hold"
        ),
    ):
        Device(counting, HeatPump, unit_id=1).read(HeatPump.zones[5])


def test_a_count_beyond_the_most_is_an_error() -> None:
    """It is no count, and the error names both fields."""
    with changeable(pump(2)) as (server, counting):
        bank = server.become(pump(2)).bank
        bank.set_registers(Table.HOLDING_REGISTERS, 0, [9])
        device = Device(counting, HeatPump, unit_id=1)
        for _ in range(2):
            with pytest.raises(
                DecodeError,
                match=r"zone_count: holding\[0\]: 9 is no count of HeatPump\.zones: .* 0\.\.8",
            ):
                device.read()
        bank.set_registers(Table.HOLDING_REGISTERS, 0, [2])
        assert device.read() == pump(2)
        bank.set_registers(Table.HOLDING_REGISTERS, 0, [9])
        with pytest.raises(DecodeError, match="is no count of"):
            device.read()


def test_a_refusal_that_is_not_about_the_shape_is_raised() -> None:
    """The shape is asked again, once; then the device's exception comes through."""
    with changeable(pump(2)) as (server, counting):
        device = Device(counting, HeatPump, unit_id=1)
        device.read()
        simulated = server.become(pump(2))
        simulated.fault(HeatPump.outdoor, IllegalDataAddress())
        with pytest.raises(IllegalDataAddress, match=r"HeatPump\.outdoor"):
            device.read()


def test_partial_reads_ask_the_shape_first() -> None:
    """What is absent is None, a hole fails its field, and a new shape is met."""
    with changeable(pump(2)) as (server, counting):
        device = Device(counting, HeatPump, unit_id=1)
        partial = device.read(partial=True)
        assert partial.complete == pump(2)
        assert partial[HeatPump.cooling] is None
        assert partial[HeatPump.zones[1].at(Zone.target)] == 21.0
        simulated = server.become(pump(4))
        simulated.fault(HeatPump.outdoor, IllegalDataAddress())
        partial = device.read(partial=True)
        assert partial[HeatPump.zones] == pump(4).zones
        assert {ref.name for ref in partial.failed} == {"HeatPump.outdoor"}
        assert device.bad[Table.INPUT_REGISTERS] == (range(2),)
        server.become(pump(3))
        assert device.read(HeatPump.zones, partial=True)[HeatPump.zones] == pump(3).zones


def test_a_raw_read_has_the_blocks_of_the_shape() -> None:
    """They are not for columns, which want the same fields of all."""
    with changeable(pump(2)) as (_, counting):
        snapshot = Device(counting, HeatPump, unit_id=1).read_raw()
        assert sum(block.quantity for block in snapshot.blocks) == 7 + 1 + 2
        with pytest.raises(TypeError, match="no columns"):
            columns([snapshot])


def test_writes_go_where_the_device_has_it_now() -> None:
    """The shape is read afresh, by one plan, before a write whose place depends on it."""
    with changeable(pump(2)) as (server, counting):
        device = Device(counting, HeatPump, unit_id=1)
        device.read()
        simulated = server.become(pump(2, has_cooling=True, cooling=COOLING))
        counting.asked.clear()
        device.write(
            HeatPump.cooling.at(Cooling.power).to(5), HeatPump.zones[1].at(Zone.target).to(9)
        )
        assert len(counting.asked) == 2 + 2
        assert simulated.snapshot().cooling == Cooling(power=5, valve=True)
        assert simulated.snapshot().zones[1].target == 9.0
        server.become(pump(1))
        with pytest.raises(
            EncodeError, match=r"HeatPump\.cooling.*has none; present_if: .*has_cool"
        ):
            device.write(HeatPump.cooling.at(Cooling.power).to(5))
        with pytest.raises(RequestError, match=r"zones\[1\]: there are 1"):
            device.write(HeatPump.zones[1].at(Zone.target).to(9))


def test_whole_instances_are_written_where_they_fit() -> None:
    """By writes, by changes, verified; an instance of another shape is refused with both names."""
    state = pump(2, has_cooling=True, cooling=COOLING)
    with changeable(state) as (server, counting):
        simulated = server.become(state)
        device = Device(counting, HeatPump, unit_id=1)
        changed = state.replace(
            zones=(state.zones[0], state.zones[1].replace(target=12.5)),
            cooling=Cooling(power=1, valve=False),
        )
        outcome = device.write_changes(state, changed, verify=Verify(settle=0))
        assert len(outcome.verified) == 3
        assert simulated.snapshot() == changed
        device.write(state)
        assert simulated.snapshot() == state
        counting.asked.clear()
        device.write_changes(state, state)
        assert not any(request.writes for request in counting.asked)
        with pytest.raises(EncodeError, match=r"zones: 3 items were given where .*zone_count.* 2"):
            device.write(pump(3))
        with pytest.raises(EncodeError, match=r"zone_count: holding\[0\]: is read-only|3 items"):
            device.write_changes(state, pump(3))


def test_a_dry_run_goes_by_what_is_known() -> None:
    """Before the first read nothing is; then it shows what would be sent."""
    with changeable(pump(2)) as (_, counting):
        device = Device(counting, HeatPump, unit_id=1)
        change = HeatPump.zones[1].at(Zone.target).to(9)
        with pytest.raises(EncodeError, match="has to be read first"):
            device.plan_write(change)
        device.read()
        assert len(device.plan_write(change)) == 1
        assert len(device.plan_write(pump(2))) == 2


class Rack(RegisterMap):
    """A count that clients may write, of what begins where the device says, as far apart."""

    base: RO[int] = holding_register(0, uint16)
    width: RO[int] = holding_register(1, uint16)
    count: RW[int] = holding_register(2, uint16)
    slots: RW[tuple[Zone, ...]] = repeat(
        Zone, base=base, stride=given(width, lambda n: 2 + n), count=count, at_most=5
    )


def rack(base: int, width: int, *targets: float) -> Rack:
    """Return a rack with slots."""
    slots = tuple(Zone(temperature=each, target=each) for each in targets)
    return Rack(base=base, width=width, count=len(slots), slots=slots)


def test_places_and_distances_come_from_the_device() -> None:
    """Base and stride, too; and both may change."""
    states = [rack(10, 0, 5.0, 6.0), rack(100, 3, 7.0), rack(3, 1), rack(50, 2, 5.0, 6.0, 7.0)]
    with changeable(states[0]) as (server, counting):
        device = Device(counting, Rack, unit_id=1)
        for state in states * 2:
            server.become(state)
            assert device.read() == state
            if state.slots:
                device.write(Rack.slots[0].at(Zone.target).to(29.5))
                assert device.read(Rack.slots[0].at(Zone.target)) == 29.5


def test_a_place_outside_of_the_table_is_an_error() -> None:
    """So is one where something else is: the device cannot be so."""
    with changeable(rack(10, 0, 5.0)) as (server, counting):
        simulated = server.become(rack(10, 0, 5.0))
        device = Device(counting, Rack, unit_id=1)
        simulated.bank.set_registers(Table.HOLDING_REGISTERS, 0, [65535])
        with pytest.raises(DecodeError, match=r"cannot be .*slots\[0\].target.*is outside of"):
            device.read()
        simulated.bank.set_registers(Table.HOLDING_REGISTERS, 0, [10])
        assert device.read() == rack(10, 0, 5.0)
        simulated.bank.set_registers(Table.HOLDING_REGISTERS, 0, [1])
        with pytest.raises(DecodeError, match=r"cannot be .*Rack\.width.* overlaps Rack\.slots"):
            device.read()


def test_a_count_may_be_written_together_with_what_it_counts() -> None:
    """The write goes by the shape that it makes; the simulation has room as it began."""
    before, after = rack(10, 0, 5.0, 6.0), rack(10, 0, 7.0)
    bank = SimulatedDevice(before).bank
    server = Server(Handler({1: Unit(_Loose(bank))}), port=0)
    with server, Client(*server.address) as client:
        device = Device(client, Rack, unit_id=1)
        device.read()
        device.write_changes(before, after.replace(slots=before.slots[:1]))
        assert bank.get_registers(Table.HOLDING_REGISTERS, 2, 1) == [1]
        device.write(Rack.count.to(2), Rack.slots[1].at(Zone.target).to(22.0))
        assert device.read(Rack.count, Rack.slots)[1][1].target == 22.0


class _Loose:
    """A bank that takes what a simulated one refuses."""

    def __init__(self, bank: Any) -> None:
        self._bank = bank

    def write_registers(self, address: int, data: bytes) -> None:
        """Write past the guard."""
        words = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
        self._bank.set_registers(Table.HOLDING_REGISTERS, address, words)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bank, name)


class Point(RegisterMap):
    """The inmost."""

    value: RW[float] = holding_register(0, int16.scaled_by(outer("value_sf")))


class Curve(RegisterMap):
    """As SunSpec has them: points counted in the map around, and an own part that may be absent."""

    active: RO[int] = holding_register(0, uint16)
    points: RW[tuple[Point, ...]] = repeat(
        Point, base=2, stride=1, count=outer("point_count"), at_most=4
    )
    extra: RO[int | None] = holding_register(1, uint16, present_if=given(active, bool))


class Curves(RegisterMap):
    """Counted groups of counted groups, whose distance is by the inner count."""

    curve_count: RO[int] = holding_register(0, uint16)
    point_count: RO[int] = holding_register(1, uint16)
    curves: RW[tuple[Curve, ...]] = repeat(
        Curve,
        base=10,
        stride=given(point_count, lambda n: n + 2),
        count=curve_count,
        at_most=3,
    )
    value_sf: RO[int] = holding_register(2, int16)


def curves(points: int, *actives: int) -> Curves:
    """Return curves of as many points each."""
    return Curves(
        curve_count=len(actives),
        point_count=points,
        value_sf=-1,
        curves=tuple(
            Curve(
                active=active,
                points=tuple(Point(value=index / 10) for index in range(points)),
                extra=7 if active else None,
            )
            for active in actives
        ),
    )


def test_groups_in_groups_are_told_by_the_maps_around() -> None:
    """Counts, strides and scale factors from further out; presence by each item itself."""
    states = [curves(2, 1, 0), curves(4, 0, 0, 1), curves(0, 1), curves(3), curves(1, 1, 1, 1)]
    with changeable(states[0]) as (server, counting):
        device = Device(counting, Curves, unit_id=1)
        for state in states * 2:
            server.become(state)
            assert device.read() == state
        point = Curves.curves[2].at(Curve.points)[0].at(Point.value)
        device.write(point.to(2.5))
        assert device.read(point) == 2.5
        assert device.read(Curves.curves[1].at(Curve.extra)) == 7


def test_a_map_with_outer_sources_is_used_inside_of_another_only() -> None:
    """It says what is missing."""
    with pytest.raises(DefinitionError, match=r"Curve\.points: outer\('point_count'\)"):
        Device(Client("127.0.0.1", 1), Curve)


def test_instances_that_contradict_themselves_are_no_devices() -> None:
    """Not simulated, not fed into a bank, not made of a dictionary: with both names."""
    with pytest.raises(EncodeError, match=r"HeatPump\.zones: 2 items .*HeatPump\.zone_count.* 3"):
        simulate(pump(2).replace(zone_count=3))
    with pytest.raises(EncodeError, match=r"HeatPump\.cooling: .* has none; .*has_cooling"):
        simulate(pump(2).replace(cooling=COOLING))
    with pytest.raises(EncodeError, match=r"None is no Cooling"):
        simulate(pump(2).replace(has_cooling=True))
    with pytest.raises(EncodeError, match=r"9 is no count of HeatPump\.zones"):
        simulate(pump(9))
    with pytest.raises(EncodeError, match=r"HeatPump.zones: 3 items are expected"):
        from_dict(HeatPump, to_dict(pump(2)) | {"zone_count": 3})
    with pytest.raises(EncodeError, match="has none"):
        from_dict(HeatPump, to_dict(pump(2)) | {"cooling": to_dict(COOLING)})


@pytest.mark.parametrize("state", [*STATES, rack(10, 2, 5.0, 6.0), curves(2, 1, 0)])
def test_values_go_through_dictionaries_and_json(state: RegisterMap) -> None:
    """In the shape of the instance."""
    assert from_dict(type(state), to_dict(state)) == state
    assert from_json(type(state), to_json(state)) == state


def test_a_simulated_device_keeps_its_shape() -> None:
    """Neither a client nor its owner changes it; what keeps it may be written again."""
    with simulate(rack(10, 0, 5.0), port=0) as sim, Client(sim.host, sim.port) as client:
        with pytest.raises(IllegalDataValue):
            client.write_single_register(2, 2)
        client.write_single_register(2, 1)
        with pytest.raises(EncodeError, match=r"keeps its shape.*count of Rack\.slots"):
            sim.set(Rack.count.to(3))
        with pytest.raises(EncodeError, match="9 is no count"):
            sim.set(Rack.count.to(9))
        sim.set(Rack.count.to(1))
        with pytest.raises(TypeError, match="cannot move"):
            sim.move(Rack.count, lambda _: 1)
        seen: list[object] = []
        sim.on_write(Rack.slots)(lambda old, new: seen.append((old[0].target, new[0].target)))
        client.write_single_register(11, 99)
        assert seen == [(5.0, 9.9)]
    with pytest.raises(TypeError, match="has none"):
        simulate(pump(1)).on_write(HeatPump.cooling)


def test_a_bank_is_fed_by_the_shape() -> None:
    """What is absent writes nothing."""
    from modbus_wire.server import DataBank

    DataBank.set_words(300, [77])
    state = rack(400, 1, 5.0, 6.0)
    feed(DataBank, state)
    assert DataBank.get_words(0, 3) == [400, 1, 2]
    assert DataBank.get_words(400, 6) == [50, 50, 0, 60, 60, 0]
    assert DataBank.get_words(300, 1) == [77]


def test_documents_say_what_depends_on_the_device() -> None:
    """All that there may be, and by what the device tells."""
    text = to_markdown(HeatPump)
    assert "zones\\[7\\].target" in text
    assert "counted by zone\\_count" in text
    assert "present by has\\_cooling" in text
    schema = to_json_schema(HeatPump)["properties"]
    assert (schema["zones"]["minItems"], schema["zones"]["maxItems"]) == (0, 8)
    assert schema["cooling"]["anyOf"][1] == {"type": "null"}
    assert to_json_schema(Rack)["properties"]["slots"]["maxItems"] == 5


def test_a_blank_has_the_shape_that_its_values_say() -> None:
    """Nothing counted, nothing present, unless the values given say so."""
    assert blank(HeatPump).zones == ()
    assert blank(HeatPump).cooling is None
    some = blank(HeatPump, zone_count=2, has_cooling=True)
    assert len(some.zones) == 2
    assert some.cooling == Cooling(power=0, valve=False)


def test_an_async_device_does_the_same() -> None:
    """Reads, partial reads, raw reads and writes."""

    async def use() -> None:
        state = pump(3, has_cooling=True, cooling=COOLING)
        async with simulate(state, port=0) as sim, AsyncClient(sim.host, sim.port) as client:
            device = AsyncDevice(client, HeatPump)
            assert await device.read() == state
            assert await device.read(HeatPump.eco) is None
            assert (await device.read(partial=True)).complete == state
            await device.write(HeatPump.zones[2].at(Zone.target).to(6.5))
            assert (await device.read(HeatPump.zones))[2].target == 6.5
            assert len((await device.read_raw()).blocks) == 5

    asyncio.run(use())


class Kind(IntEnum):
    """Which of two a device is."""

    HEATER = 1
    COOLER = 2


class Either(RegisterMap):
    """Two groups at the same place, of which a device has one; and a field of either firmware."""

    kind: RO[Kind] = holding_register(0, enum(Kind))
    heater: RW[Zone | None] = group(
        Zone, base=10, present_if=given(kind, lambda kind: kind is Kind.HEATER)
    )
    cooler: RW[Cooling | None] = group(
        Cooling, base=10, present_if=given(kind, lambda kind: kind is Kind.COOLER)
    )
    old: RO[int] = holding_register(1, uint16)
    new: RO[float | None] = holding_register(
        1, int16.scaled("0.1"), present_if=given(kind, lambda kind: kind > 1), overlap=True
    )


def test_alternatives_may_be_at_the_same_place() -> None:
    """What excludes each other does not overlap; a view of something else that is there may."""
    heater = Either(
        kind=Kind.HEATER, heater=Zone(temperature=5.0, target=6.0), cooler=None, old=3, new=None
    )
    cooler = Either(kind=Kind.COOLER, heater=None, cooler=COOLING, old=30, new=3.0)
    with changeable(heater) as (server, counting):
        device = Device(counting, Either, unit_id=1)
        assert device.read() == heater
        server.become(cooler)
        assert device.read() == cooler


def test_a_definition_says_what_is_wrong_with_its_shape() -> None:
    """All at once, a line for each."""
    with pytest.raises(DefinitionError) as caught:

        class Wrong(RegisterMap):
            hidden: WO[int] = holding_register(0, uint16)
            real: RO[float] = holding_register(1, float32)
            number: RO[int] = holding_register(3, uint16)
            a: RO[tuple[Zone, ...]] = repeat(Zone, base=10, stride=2, count=number)
            b: RO[tuple[Zone, ...]] = repeat(Zone, base=20, stride=2, count=3, at_most=4)
            c: RO[int | None] = holding_register(30, uint16, present_if=True)  # type: ignore[call-overload]

    assert str(caught.value).splitlines() == [
        "Wrong.a: a count that the device says needs at_most=",
        "Wrong.b: at_most is for a count that the device says",
        "Wrong.c: holding[30]: present_if is a field of the map, outer() or given(), not True",
    ]


def test_a_definition_says_which_fields_are_no_sources() -> None:
    """Of another kind, write-only; and what overlaps where a device has the most of it."""
    with pytest.raises(DefinitionError) as caught:

        class Wrong(RegisterMap):
            hidden: WO[int] = holding_register(0, uint16)
            real: RO[float] = holding_register(1, float32)
            number: RO[int] = holding_register(3, uint16)
            fixed: RO[int] = holding_register(13, uint16)
            a: RO[tuple[Zone, ...]] = repeat(
                Zone,
                base=10,
                stride=2,
                count=real,  # type: ignore[arg-type]
                at_most=2,
            )
            b: RO[Zone] = group(Zone, base=hidden)
            c: RO[int | None] = holding_register(30, uint16, present_if=number)  # type: ignore[arg-type]
            d: RO[tuple[Zone, ...]] = repeat(Zone, base=65530, stride=2, count=number, at_most=4)

    hint = "given() may make one of it"
    assert str(caught.value).splitlines() == [
        "Wrong.d: item 3 begins at 65536, past 65535",
        f"Wrong.a: count: Wrong.real has float32, which is not an integer; {hint}",
        "Wrong.b: base: Wrong.hidden is write-only: it cannot be asked",
        f"Wrong.c: present_if: Wrong.number has uint16, which is not a truth value; {hint}",
        "Wrong.fixed: holding[13] overlaps Wrong.a[1].target: holding[13]",
    ]


class Counted(RegisterMap):
    """A base of others."""

    number: RO[int] = holding_register(0, uint16)


class Derived(Counted):
    """What a derived class counts by a field of its base."""

    zones: RO[tuple[Zone, ...]] = repeat(Zone, base=10, stride=2, count=Counted.number, at_most=2)


def test_a_derived_class_counts_by_a_field_of_its_base() -> None:
    """By the reference to it."""
    state = Derived(number=1, zones=(Zone(temperature=5.0, target=6.0),))
    with simulate(state, port=0) as sim, Client(sim.host, sim.port) as client:
        assert Device(client, Derived).read() == state


def test_rules_of_reading_bind_what_a_device_has() -> None:
    """Not what it might have; a device that says it has more is refused by what it says."""
    area = {Table.HOLDING_REGISTERS: [range(9)]}
    with changeable(pump(3)) as (device, client):
        reader = Device(client, HeatPump, unit_id=1, readable=area)
        assert reader.read() == pump(3)
        device.become(pump(4))
        with pytest.raises(
            DecodeError, match=r"zones\[3\].temperature: holding\[9\] is not in one"
        ):
            reader.read()
        with pytest.raises(DefinitionError, match=r"zone_count: holding\[0\] is not in one"):
            Device(client, HeatPump, readable={Table.HOLDING_REGISTERS: [range(1, 9)]})


def test_a_number_of_items_that_is_not_the_one_told_has_no_json() -> None:
    """Both numbers are in the error."""
    with pytest.raises(EncodeError, match=r"HeatPump.zones: 2 items are expected, not \(Zone"):
        to_json(pump(3).replace(zone_count=2))


class Settings(RegisterMap):
    """A register that says the orders of all others, as some thermostats have it."""

    order: RW[int] = holding_register(93, uint16, max=3)
    clock: RO[int] = holding_register(
        100, uint32, word_order=given(order, lambda order: "little" if order in (1, 2) else "big")
    )
    zones: RW[tuple[Zone, ...]] = repeat(
        Zone,
        base=110,
        stride=2,
        count=2,
        byte_order=given(order, lambda order: "little" if order in (1, 3) else "big"),
    )
    fixed: RW[Zone] = group(Zone, base=120, byte_order="little")


def test_orders_come_from_the_device() -> None:
    """Word by word and byte by byte; writes go by the order that the device has by then."""
    zones = (Zone(temperature=1.0, target=6.0), Zone(temperature=2.0, target=7.0))
    words = {}
    for order in range(4):
        state = Settings(order=order, clock=0x00010002, zones=zones, fixed=zones[0])
        with changeable(pump(0)) as (server, counting):
            simulated = server.become(state)
            device = Device(counting, Settings, unit_id=1)
            assert device.read() == state
            assert device.read(Settings.clock) == 0x00010002
            device.write(Settings.zones[1].at(Zone.target).to(9.0))
            assert device.read(Settings.zones)[1].target == 9.0
            words[order] = simulated.bank.get_registers(Table.HOLDING_REGISTERS, 100, 2)
            assert simulated.bank.get_registers(Table.HOLDING_REGISTERS, 120, 1) == [10 << 8]
    assert words == {0: [1, 2], 1: [2, 1], 2: [2, 1], 3: [1, 2]}


def test_what_is_no_order_is_an_error() -> None:
    """It names the field that says it."""

    class Odd(RegisterMap):
        order: RO[int] = holding_register(0, uint16)
        value: RO[int] = holding_register(
            1,
            uint32,
            word_order=given(order, lambda order: "middle"),  # type: ignore[arg-type,return-value]
        )

    with pytest.raises(EncodeError, match=r"'middle' is no word_order of Odd\.value: it is neit"):
        simulate(Odd(order=1, value=2))
    with pytest.raises(DefinitionError, match="which is not an order"):

        class Wrong(RegisterMap):
            order: RO[int] = holding_register(0, uint16)
            value: RO[int] = holding_register(1, uint32, word_order=order)  # type: ignore[arg-type]


class Header(RegisterMap):
    """What other parts are told by."""

    count: RW[int] = holding_register(0, uint16)
    factor: RO[int] = holding_register(1, int16)
    has_more: RO[bool] = holding_register(2, boolean)


class Headed(RegisterMap):
    """Counts, factors and presence in a group of their own."""

    header: RW[Header] = group(Header, base=50)
    zones: RW[tuple[Zone, ...]] = repeat(
        Zone, base=60, stride=2, count=header.at(Header.count), at_most=3
    )
    level: RW[float] = holding_register(0, int16.scaled_by(header.at(Header.factor)))
    more: RO[int | None] = holding_register(1, uint16, present_if=header.at(Header.has_more))


def test_the_members_of_a_group_are_sources() -> None:
    """Of the groups of the same body, by the references of their members."""
    zone = Zone(temperature=1.0, target=6.0)
    first = Headed(
        header=Header(count=2, factor=-2, has_more=True), zones=(zone, zone), level=0.25, more=7
    )
    second = Headed(
        header=Header(count=0, factor=1, has_more=False), zones=(), level=50.0, more=None
    )
    with changeable(first) as (server, counting):
        device = Device(counting, Headed, unit_id=1)
        assert device.read() == first
        device.write(Headed.level.to(0.5))
        server.become(second)
        assert device.read() == second
        assert device.read(Headed.more) is None
    with pytest.raises(DefinitionError, match="takes a field of the group"):

        class Wrong(RegisterMap):
            header: RW[Header] = group(Header, base=50)
            other: RO[float] = holding_register(0, int16.scaled_by(header.at(Zone.target)))  # type: ignore[arg-type]


class Command(RegisterMap):
    """What is written and never read."""

    go: WO[int] = holding_register(0, uint16)


class Guarded(RegisterMap, max_gap=9):
    """Cells that must not be read lie between those that tell of them."""

    count: RO[int] = holding_register(0, uint16)
    commands: RW[tuple[Command, ...]] = repeat(Command, base=1, stride=1, count=count, at_most=2)
    has_more: RO[bool] = holding_register(3, boolean)
    more: RO[int | None] = holding_register(5, uint16, present_if=has_more)
    factor: RO[int | None] = holding_register(6, int16, present_if=has_more)
    value: RO[float | None] = holding_register(7, int16.scaled_by(factor).optional(0x8000))


def test_what_is_not_known_yet_is_not_touched() -> None:
    """The first read bridges no gap, in which write-only cells may be."""
    state = Guarded(
        count=2,
        commands=(Command(go=None), Command(go=None)),
        has_more=True,
        more=5,
        factor=0,
        value=3.0,
    )
    with changeable(state) as (_, counting):
        assert Device(counting, Guarded, unit_id=1).read(Guarded.more) == 5
        assert Device(counting, Guarded, unit_id=1).read() == state


def test_a_value_whose_factor_is_absent_is_no_number() -> None:
    """As with any factor that is not available; one that is missing needs none."""
    state = Guarded(count=0, commands=(), has_more=False, more=None, factor=None, value=None)
    with changeable(state) as (server, counting):
        device = Device(counting, Guarded, unit_id=1)
        assert device.read() == state
        bank = server.become(state).bank
        bank.set_registers(Table.HOLDING_REGISTERS, 7, [1])
        assert math.isnan(device.read().value or 0.0)


def test_one_request_may_write_and_read_in_a_shape() -> None:
    """And does not hide that the shape has changed since."""
    state = rack(10, 0, 5.0, 6.0)
    with changeable(state) as (server, counting):
        device = Device(counting, Rack, unit_id=1)
        target = Rack.slots[1].at(Zone.target)
        assert device.write_and_read(target.to(9.0), read=target) == 9.0
        assert device.read(target) == 9.0
        server.become(rack(30, 1, 5.0, 7.0))
        assert device.read(target) == 7.0
        server.become(rack(40, 0, 5.0, 8.0))
        assert device.write_and_read(target.to(9.5), read=Rack.slots)[1].target == 9.5


def test_a_simulated_device_may_become_another() -> None:
    """Of any shape, between two requests of its clients; who watches goes on watching."""
    with simulate(pump(2), port=0) as sim, Client(sim.host, sim.port) as client:
        device = Device(client, HeatPump)
        seen: list[Any] = []
        sim.on_write(HeatPump.zones)(lambda old, new: seen.append(len(new)))
        sim.on_write(HeatPump.zones[1].at(Zone.target))(lambda old, new: seen.append((old, new)))
        motion = sim.move(HeatPump.outdoor, lambda seconds: 3.0)
        sim.fault(HeatPump.firmware, IllegalDataAddress)
        for state in STATES:
            sim.become(state)
            assert sim.snapshot() == state
            assert device.read() == state
            assert sim.get(HeatPump.zone_count) == state.zone_count
        sim.become(pump(5))
        device.write(HeatPump.zones[1].at(Zone.target).to(8.5))
        assert seen == [5, (21.0, 8.5)]
        assert sim.faults == ()
        motion.stop()
        assert sim.get(HeatPump.outdoor) == 7.5
        with pytest.raises(EncodeError, match="items were given"):
            sim.become(pump(2).replace(zone_count=3))
        with pytest.raises(TypeError, match="is no HeatPump"):
            sim.become(rack(1, 1))  # type: ignore[arg-type]
        assert device.read() == sim.snapshot()
