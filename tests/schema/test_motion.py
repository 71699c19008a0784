"""Simulated values that move: what clients read at which time, and when nothing can be read."""

import asyncio
import logging
import threading
from math import sin
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_schema import (
    RO,
    RW,
    AsyncDevice,
    Device,
    EncodeError,
    RegisterMap,
    SimulatedDevice,
    bit,
    coil,
    enum,
    float32,
    group,
    holding_register,
    input_register,
    int16,
    simulate,
    uint16,
    uint32,
)
from modbus_schema.simulation import (
    Hole,
    ManualClock,
    Motion,
    Played,
    counter,
    line,
    noise,
    ramp,
    rounded,
    sine,
    steps,
)
from modbus_wire import AsyncClient, Client, IllegalDataAddress, ServerDeviceFailure, Table
from tests.schema.maps import Circuit, House, Mode, Zone, a_house


class Plant(RegisterMap):
    """A device with fields that can move in all ways."""

    outdoor: RO[float] = input_register(0, float32, unit="degC")
    energy: RO[int] = input_register(2, uint32)
    level: RO[float] = input_register(4, int16.scaled("0.1"))
    mode: RW[Mode] = holding_register(0, enum(Mode))
    alarm: RO[bool] = holding_register(1, bit(3))
    reset: RW[bool] = holding_register(1, bit(4))
    speed: RW[int] = holding_register(2, uint16, max=3000)
    pump: RW[bool] = coil(0)
    circuit: RO[Circuit] = group(Circuit, base=100)


def a_plant() -> Plant:
    """Return a plant at rest."""
    return Plant(
        outdoor=0,
        energy=0,
        level=0,
        mode=Mode.OFF,
        alarm=False,
        reset=True,
        speed=0,
        pump=False,
        circuit=Circuit(hours=0, name=""),
    )


def test_a_value_moves_with_the_time_of_the_test() -> None:
    """Whoever reads gets what the function gives at that moment, over the wire or in the test."""
    clock = ManualClock()
    with simulate(a_plant(), port=0, clock=clock) as sim, Client(sim.host, sim.port) as client:
        plant = Device(client, Plant)
        sim.move(Plant.outdoor, lambda t: 7.5 + 3 * t)
        assert plant.read(Plant.outdoor) == 7.5
        clock.advance(60)
        assert plant.read(Plant.outdoor) == 187.5
        assert sim.get(Plant.outdoor) == sim.snapshot().outdoor == 187.5
        assert sim.seconds == 60


def test_the_time_begins_with_the_device() -> None:
    """A clock that has run before does not matter, nor when the motion was given."""
    clock = ManualClock(1000)
    device = SimulatedDevice(a_plant(), clock=clock)
    clock.advance(5)
    device.move(Plant.energy, lambda t: int(t))
    assert device.get(Plant.energy) == 5


def test_the_system_clock_goes_on_by_itself() -> None:
    """Without a clock of the test's, time passes."""
    device = SimulatedDevice(a_plant())
    device.move(Plant.outdoor, lambda t: t)
    first = device.get(Plant.outdoor)
    while device.get(Plant.outdoor) == first:
        pass
    assert device.get(Plant.outdoor) > first >= 0


def test_every_kind_of_field_moves() -> None:
    """Enums, bits beside other bits, coils, groups: what is not moved stays."""
    clock = ManualClock()
    with simulate(a_plant(), port=0, clock=clock) as sim, Client(sim.host, sim.port) as client:
        sim.move(Plant.mode, steps((0, Mode.OFF), (10, Mode.HEAT)))
        sim.move(Plant.alarm, lambda t: t > 5)
        sim.move(Plant.pump, lambda t: t > 5)
        sim.move(Plant.circuit.at(Circuit.hours), counter(3, per_second=0.5))
        clock.advance(10)
        state = Device(client, Plant).read()
    assert (state.mode, state.alarm, state.reset, state.pump) == (Mode.HEAT, True, True, True)
    assert state.circuit == Circuit(hours=8, name="")


def test_a_group_moves_as_a_whole() -> None:
    """A motion of a group gives instances; an item of what repeats likewise."""
    clock = ManualClock()
    device = SimulatedDevice(a_house(), clock=clock)
    device.move(House.circuit, lambda t: Circuit(hours=int(t), name="x"))
    device.move(House.zones[1], lambda t: Zone(temperature=t, target=20, boost=t > 1))
    clock.advance(2)
    state = device.snapshot()
    assert state.circuit == Circuit(hours=2, name="x")
    assert state.zones[1] == Zone(temperature=2.0, target=20.0, boost=True)
    assert state.zones[0] == a_house().zones[0]


def test_all_fields_of_one_read_are_of_one_moment() -> None:
    """However the clock runs on meanwhile, fields that move alike are read alike."""

    class Running(ManualClock):
        def seconds(self) -> float:
            self.advance(1)
            return super().seconds()

    class Pair(RegisterMap):
        first: RO[int] = input_register(0, uint32)
        second: RO[int] = input_register(2, uint32)

    with simulate(Pair(first=0, second=0), port=0, clock=Running()) as sim:
        sim.move(Pair.first, counter(0, 1))
        sim.move(Pair.second, counter(0, 1))
        with Client(sim.host, sim.port) as client:
            reads = [Device(client, Pair).read() for _ in range(3)]
        assert sim.snapshot().first == sim.snapshot().second - 1
    assert [pair.first - pair.second for pair in reads] == [0, 0, 0]
    assert len({pair.first for pair in reads}) == 3


def test_only_what_is_read_is_worked_out() -> None:
    """A motion costs nothing while nobody looks at its field, and there is no thread."""
    asked: list[float] = []

    def asks(seconds: float) -> float:
        asked.append(seconds)
        return 1.0

    threads = threading.active_count()
    device = SimulatedDevice(a_plant())
    device.move(Plant.outdoor, asks)
    device.bank.read_registers(Table.INPUT_REGISTERS, 2, 3)
    device.bank.read_registers(Table.HOLDING_REGISTERS, 0, 3)
    assert asked == []
    device.bank.read_registers(Table.INPUT_REGISTERS, 1, 1)
    assert len(asked) == 1
    assert threading.active_count() == threads


def test_a_motion_ends() -> None:
    """By being stopped, or left, or replaced, or because the test sets the field."""
    clock = ManualClock()
    device = SimulatedDevice(a_plant(), clock=clock)
    with device.move(Plant.energy, counter(0, 1)) as movement:
        clock.advance(3)
        assert device.get(Plant.energy) == 3
    clock.advance(3)
    assert device.get(Plant.energy) == 3
    movement.stop()
    device.move(Plant.energy, counter(0, 1))
    device.move(Plant.energy, counter(100, 1))
    assert device.get(Plant.energy) == 106
    device.set(Plant.energy.to(7), Plant.outdoor.to(1.0))
    clock.advance(1)
    assert device.get(Plant.energy) == 7


def test_what_a_client_writes_lasts_until_the_field_is_read() -> None:
    """The device itself says what such a field holds."""
    clock = ManualClock()
    with simulate(a_plant(), port=0, clock=clock) as sim, Client(sim.host, sim.port) as client:
        told: list[tuple[int, int]] = []
        sim.on_write(Plant.speed)(lambda old, new: told.append((old, new)))
        sim.move(Plant.speed, counter(0, 10))
        clock.advance(7)
        client.write_single_register(2, 5)
        assert told == [(70, 5)]
        assert client.read_holding_registers(2) == [70]


def test_a_write_beside_a_moving_bit_keeps_it() -> None:
    """Bits of the register that move are what they are now, also for who writes the others."""
    clock = ManualClock()
    with simulate(a_plant(), port=0, clock=clock) as sim, Client(sim.host, sim.port) as client:
        sim.move(Plant.alarm, lambda t: t >= 1)
        clock.advance(1)
        Device(client, Plant).write(Plant.reset.to(False))
        assert client.read_holding_registers(1) == [8]


@pytest.mark.parametrize(
    ("give", "said"),
    [
        (lambda t: -1, "-1 is outside"),
        (lambda t: 3001, "3001 is above the maximum of 3000"),
        (lambda t: 1.5, "1.5 is not an int"),
        (lambda t: 1 // 0, "division"),
    ],
)
def test_what_a_field_cannot_hold_is_a_failure_of_the_device(
    give: Motion[int], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The client hears 04, the log hears once why, the test gets the error, others are read."""
    clock = ManualClock()
    with simulate(a_plant(), port=0, clock=clock) as sim, Client(sim.host, sim.port) as client:
        sim.move(Plant.speed, lambda t: give(t) if t < 10 else 7)
        with caplog.at_level(logging.ERROR, "modbus_schema.simulation"):
            for _ in range(3):
                with pytest.raises(ServerDeviceFailure):
                    client.read_holding_registers(0, 3)
        assert client.read_holding_registers(0, 2) == [0, 16]
        (record,) = caplog.records
        assert said in caplog.text
        assert "Plant.speed" in record.getMessage()
        with pytest.raises((EncodeError, ZeroDivisionError), match=said.split()[0]):
            sim.snapshot()
        client.write_single_register(2, 5)  # a write needs no value that was there before
        clock.advance(10)
        assert client.read_holding_registers(2) == [7]
        assert sim.snapshot().speed == 7


def test_a_hole_beside_what_fails_is_a_hole() -> None:
    """Addresses are checked first."""
    device = SimulatedDevice(a_plant())
    device.move(Plant.speed, lambda t: -1)
    with pytest.raises(IllegalDataAddress):
        device.bank.read_registers(Table.HOLDING_REGISTERS, 2, 2)


def test_a_function_may_look_at_its_device() -> None:
    """It sees the other fields as they are now, and its own as it was."""
    clock = ManualClock()
    device = SimulatedDevice(a_plant(), clock=clock)
    device.move(Plant.energy, counter(0, 1))
    device.move(Plant.speed, lambda t: device.snapshot().speed + device.get(Plant.energy))
    clock.advance(2)
    assert device.get(Plant.speed) == 2
    assert device.get(Plant.speed) == 4


def test_a_scale_factor_may_move() -> None:
    """What is written by it is written by what it is at that moment, and depends on it too."""

    class Inverter(RegisterMap):
        exponent: RO[int] = holding_register(0, int16)
        watts: RO[float] = holding_register(1, uint16.scaled_by(exponent))
        double: RO[float] = holding_register(2, uint16.scaled_by(exponent))
        near: RO[float] = holding_register(3, uint16.scaled("0.01"))

    clock = ManualClock()
    start = Inverter(exponent=0, watts=0, double=0, near=0)
    with simulate(start, port=0, clock=clock) as sim, Client(sim.host, sim.port) as client:
        sim.move(Inverter.watts, lambda t: 10 + t)
        sim.depends(Inverter.double, on=Inverter.watts)(lambda watts: 2 * watts)
        sim.depends(Inverter.near, on=Inverter.double)(lambda double: double)
        sim.move(Inverter.exponent, lambda t: -1 if t == 5 else 0 if t < 9 else 20)
        assert client.read_holding_registers(0, 4) == [0, 10, 20, 2000]
        clock.advance(5)
        assert client.read_holding_registers(2) == [300]
        assert client.read_holding_registers(0, 4) == [0xFFFF, 150, 300, 3000]
        clock.advance(1)
        assert Device(client, Inverter).read() == Inverter(
            exponent=0, watts=16.0, double=32.0, near=32.0
        )
        clock.advance(3)
        with pytest.raises(ServerDeviceFailure):
            client.read_holding_registers(3)


def test_what_a_device_does_not_have_neither_moves_nor_fails() -> None:
    """A field that its shape is without is refused when it is named."""

    class Boiler(RegisterMap):
        has_pump: RO[bool] = coil(0)
        pump: RO[bool | None] = coil(1, present_if=has_pump)

    device = SimulatedDevice(Boiler(has_pump=False, pump=None))
    with pytest.raises(TypeError, match=r"Boiler\.pump: a device of this shape has none"):
        device.move(Boiler.pump, lambda t: True)
    with pytest.raises(TypeError, match=r"Boiler\.pump: a device of this shape has none"):
        device.fault(Boiler.pump, Hole())
    assert device.get(Boiler.pump) is None


def test_async_clients_and_servers_see_it_move() -> None:
    """In an event loop it is the same."""
    clock = ManualClock()

    async def main() -> list[float]:
        async with (
            simulate(a_plant(), port=0, clock=clock) as sim,
            AsyncClient(sim.host, sim.port) as client,
        ):
            sim.move(Plant.outdoor, ramp(0, 10, 5))
            plant = AsyncDevice(client, Plant)
            found = []
            for _ in range(3):
                found.append(await plant.read(Plant.outdoor))
                clock.advance(4)
            return found

    assert asyncio.run(main()) == [0, 8, 10]


def test_an_added_device_goes_by_the_same_clock() -> None:
    """One clock moves all devices of a simulation."""
    clock = ManualClock()
    sim = simulate(a_plant(), port=0, unit_id=1, clock=clock)
    clock.advance(10)
    second = sim.add(a_plant(), unit_id=2)
    second.move(Plant.energy, counter(0, 1))
    clock.advance(3)
    assert second.get(Plant.energy) == 3
    assert sim.seconds == 13


def test_no_other_map_moves_here() -> None:
    """A reference of another map is refused when it is given."""
    device = SimulatedDevice(a_plant())
    with pytest.raises(TypeError, match="is no field of Plant"):
        device.move(House.outdoor, lambda t: t)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="is no field of Plant"):
        device.get(House.outdoor)  # type: ignore[arg-type]


def test_a_ramp_stays_or_begins_anew() -> None:
    """It is even, and over after its time."""
    assert [ramp(2, 6, 4)(t) for t in (0, 1, 4, 9)] == [2, 3, 6, 6]
    assert [ramp(2, 6, 4, repeat=True)(t) for t in (0, 1, 4, 9)] == [2, 3, 2, 3]


def test_a_sine_swings() -> None:
    """A quarter of its period after it rose through the middle it is at its height."""
    swing = sine(20, 5, period=60)
    assert [round(swing(t), 9) for t in (0, 15, 30, 45)] == [20, 25, 20, 15]
    assert sine(20, 5, period=60, phase=15)(0) == 25
    assert sine(0, 1, period=2)(0.25) == pytest.approx(sin(3.14159265 / 4))


def test_a_line_goes_through_its_points() -> None:
    """Before the first and after the last it is level; repeated it begins anew."""
    shape = ((1.0, 10.0), (3.0, 20.0), (4.0, 0.0))
    assert [line(*shape)(t) for t in (0, 1, 2, 3, 3.5, 9)] == [10, 10, 15, 20, 10, 0]
    assert [line(*shape, repeat=5)(t) for t in (7, 8, 9.5)] == [15, 20, 0]


def test_steps_hold_their_values() -> None:
    """A value is there from its time on."""
    modes = steps((2, Mode.OFF), (5, Mode.HEAT), repeat=10)
    assert [modes(t) for t in (0, 2, 5, 9.9, 10)] == [
        Mode.OFF,
        Mode.OFF,
        Mode.HEAT,
        Mode.HEAT,
        Mode.OFF,
    ]


def test_rounding_is_said_and_not_done_silently() -> None:
    """A field with a scale holds its decimals; what is between is refused until it is rounded."""
    device = SimulatedDevice(a_plant())
    device.move(Plant.level, lambda t: 1.26)
    with pytest.raises(EncodeError, match="not a multiple of the step"):
        device.snapshot()
    device.move(Plant.level, rounded(lambda t: 1.26, 1))
    device.move(Plant.energy, rounded(lambda t: 1.6))
    assert (device.snapshot().level, device.snapshot().energy) == (1.3, 2)


@given(
    around=st.floats(-1e6, 1e6),
    spread=st.floats(0, 1e3),
    seed=st.integers(0, 2**32),
    times=st.lists(st.floats(0, 1e6), max_size=20),
    every=st.none() | st.floats(0.01, 100),
)
def test_noise_is_the_same_again(
    around: float, spread: float, seed: int, times: list[float], every: float | None
) -> None:
    """Seed and time decide, not the order of the questions; it keeps within its spread."""
    first = noise(around, spread, seed=seed, every=every)
    second = noise(lambda t: around, spread, seed=seed, every=every)
    there = [first(t) for t in times]
    back = [second(t) for t in reversed(times)]
    assert there == back[::-1]
    assert all(abs(value - around) <= spread * (1 + 1e-9) + 1e-9 * abs(around) for value in there)


def test_noise_scatters() -> None:
    """Other seeds and other moments are other values; within ``every`` it is one."""
    assert len({noise(20, 1, seed=seed)(3) for seed in range(20)}) == 20
    assert len({noise(20, 1)(t) for t in range(20)}) == 20
    assert len({noise(20, 1, every=10)(t) for t in range(20)}) == 2


@pytest.mark.parametrize(
    "make",
    [
        lambda: ramp(0, 1, 0),
        lambda: sine(0, 1, -1),
        lambda: noise(0, 1, every=0),
        lambda: steps(),
        lambda: line((0, 1), (0, 2)),
        lambda: steps((1, 0), (0, 0)),
        lambda: line((0, 1), repeat=0),
        lambda: steps((0, 1), repeat=-1),
    ],
)
def test_motions_that_cannot_be(make: Motion[object]) -> None:
    """They are refused when they are made."""
    with pytest.raises(ValueError, match=r"cannot be|no points|do not ascend"):
        make()  # type: ignore[call-arg]


def a_table(path: Path, text: str) -> Path:
    """Write a CSV file."""
    file = path / "day.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_table_is_replayed(tmp_path: Path) -> None:
    """Columns by their names; dates begin at the first row; text is what the test makes of it."""
    path = a_table(
        tmp_path,
        "when,outdoor,mode\n2026-01-01T12:00:00,1.5,OFF\n2026-01-01T12:00:10,2.5,HEAT\n",
    )
    day = Played(path, time="when")
    assert list(day) == ["outdoor", "mode"]
    assert len(day) == 2
    clock = ManualClock()
    device = SimulatedDevice(a_plant(), clock=clock)
    device.move(Plant.outdoor, day["outdoor"])
    device.move(Plant.mode, day.column("mode", Mode.__getitem__))
    found = []
    for _ in range(3):
        found.append((device.snapshot().outdoor, device.snapshot().mode))
        clock.advance(7.5)
    assert found == [(1.5, Mode.OFF), (1.5, Mode.OFF), (2.5, Mode.HEAT)]
    straight = Played(path, time="when", linear=True, repeat=20)["outdoor"]
    assert [straight(t) for t in (0, 5, 10, 25)] == [1.5, 2.0, 2.5, 2.0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,a\n", "there are no rows"),
        ("t,a\n1,2\n", "there is no column 'time'"),
        ("time,a\n1,2\nlater,3\n", "line 3: time: 'later'"),
        ("time,a\n1,2\n1,3\n", "line 3: the times do not ascend"),
        ("time,a\n1,x\n", "line 2: a: 'x'"),
        ("time,a\n1\n", "line 2: a: None"),
    ],
)
def test_a_table_that_is_none(tmp_path: Path, text: str, said: str) -> None:
    """What is wrong is told with its line."""
    path = a_table(tmp_path, text)
    with pytest.raises(ValueError, match=said):
        Played(path)["a"]


def test_a_table_has_no_other_column(tmp_path: Path) -> None:
    """It is a mapping like any other."""
    table = Played(a_table(tmp_path, "time;a\n0;1\n"), delimiter=";")
    with pytest.raises(KeyError):
        table["b"]
    assert dict(table)["a"](5) == 1


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_time_does_not_go_back(seconds: float) -> None:
    """A clock of the test's goes on or stands."""
    clock = ManualClock(5)
    with pytest.raises(ValueError, match="does not go on"):
        clock.advance(seconds)
    assert repr(clock) == "<ManualClock at 5 s>"
