"""Simulated fields that are computed of others: when, of which values, and what cannot be."""

import logging
from collections.abc import Callable

import pytest

from modbus_schema import (
    RO,
    RW,
    RegisterMap,
    SimulatedDevice,
    bit,
    float32,
    group,
    holding_register,
    input_register,
    repeat,
    simulate,
    uint16,
)
from modbus_schema.simulation import ManualClock, counter
from modbus_wire import Client, ServerDeviceFailure
from tests.schema.maps import House


class Phase(RegisterMap):
    """One phase of a meter."""

    voltage: RO[float] = input_register(0, float32)
    current: RO[float] = input_register(2, float32)
    power: RO[float] = input_register(4, float32)


class Meter(RegisterMap):
    """A meter whose values hang together."""

    phases: RO[tuple[Phase, ...]] = repeat(Phase, base=0, stride=6, count=3)
    mean: RO[Phase] = group(Phase, base=30)
    total: RO[float] = input_register(50, float32)
    limit: RW[int] = holding_register(0, uint16)
    target: RW[int] = holding_register(1, uint16, max=100)
    over: RO[bool] = holding_register(2, bit(0))
    on: RW[bool] = holding_register(2, bit(1))
    word: RO[int] = holding_register(2, uint16, overlap=True)


NOTHING = Phase(voltage=0, current=0, power=0)
START = Meter(
    phases=(NOTHING, Phase(voltage=230, current=2, power=0), NOTHING),
    mean=NOTHING,
    total=0,
    limit=10,
    target=0,
    over=False,
    on=False,
    word=0,
)


@pytest.fixture
def clock() -> ManualClock:
    """The time of the test."""
    return ManualClock()


@pytest.fixture
def meter(clock: ManualClock) -> SimulatedDevice[Meter]:
    """A meter that computes its powers, their sum, and whether that is above a limit."""
    device = SimulatedDevice(START, clock=clock)
    for phase in Meter.phases:

        @device.depends(
            phase.at(Phase.power), on=(phase.at(Phase.voltage), phase.at(Phase.current))
        )
        def power(voltage: float, current: float) -> float:
            return voltage * current

    @device.depends(Meter.total, on=Meter.phases)
    def total(phases: tuple[Phase, ...]) -> float:
        return sum(phase.power for phase in phases)

    @device.depends(Meter.over, on=(Meter.total, Meter.limit))
    def over(total: float, limit: int) -> bool:
        return total > limit

    return device


def test_it_is_computed_at_once(meter: SimulatedDevice[Meter]) -> None:
    """What the instance said of the field is no more, and chains are followed."""
    state = meter.snapshot()
    assert [phase.power for phase in state.phases] == [0, 460, 0]
    assert (state.total, state.over, state.on) == (460, True, False)


def test_it_follows_what_is_set(meter: SimulatedDevice[Meter]) -> None:
    """A setting of one input changes all that is made of it."""
    meter.set(Meter.phases[0].at(Phase.voltage).to(100), Meter.phases[0].at(Phase.current).to(1))
    assert meter.get(Meter.total) == 560
    meter.set(Meter.phases[1].to(NOTHING))
    assert meter.get(Meter.total) == 100


def test_it_follows_what_a_client_writes(meter: SimulatedDevice[Meter]) -> None:
    """Before the answer is out, and watchers see it done."""
    seen: list[bool] = []
    meter.on_write(Meter.limit)(lambda old, new: seen.append(meter.snapshot().over))
    sim = simulate(START, port=0, unit_id=1)
    sim._units.put(2, meter.unit)
    with sim, Client(sim.host, sim.port, unit_id=2) as client:
        client.write_single_register(0, 1000)
        assert client.read_holding_registers(2) == [0]
        client.mask_write_register(2, 0xFFFD, 2)
        assert client.read_holding_registers(2) == [2]
        client.write_multiple_registers(0, [100])
        assert client.read_holding_registers(2) == [3]
        client.read_write_multiple_registers(2, 1, 0, [1000])
    assert seen == [False, True, False]


def test_it_follows_what_moves(meter: SimulatedDevice[Meter], clock: ManualClock) -> None:
    """Who reads the sum has the motion of a part worked out, at the same moment."""
    meter.move(Meter.phases[2].at(Phase.voltage), counter(0, 1))
    meter.set(Meter.phases[2].at(Phase.current).to(1))
    clock.advance(40)
    assert meter.bank.read_registers(Meter.total._declaration.table, 50, 2)  # type: ignore[union-attr]
    assert meter.get(Meter.total) == 500
    state = meter.snapshot()
    assert state.total == sum(phase.power for phase in state.phases) == 500


def test_what_is_written_stays_until_an_input_changes() -> None:
    """A default that follows its mode and may be changed is such a field."""
    computed: list[int] = []
    with simulate(START, port=0) as sim, Client(sim.host, sim.port) as client:

        @sim.depends(Meter.target, on=Meter.limit)
        def half(limit: int) -> int:
            computed.append(limit)
            return limit // 2

        assert client.read_holding_registers(1) == [5]
        client.write_single_register(1, 42)
        assert client.read_holding_registers(1) == [42]
        client.write_single_register(0, 10)  # no change
        assert client.read_holding_registers(1) == [42]
        client.write_single_register(0, 12)
        assert client.read_holding_registers(1) == [6]
        sim.set(Meter.target.to(7))
        assert client.read_holding_registers(1) == [7]
    assert computed == [10, 12]


def test_what_the_field_cannot_hold_is_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    """The write that led there was done; who reads hears 04, and what depends on it has none."""
    with simulate(START, port=0) as sim, Client(sim.host, sim.port) as client:
        sim.depends(Meter.target, on=Meter.limit)(lambda limit: limit // 2)
        sim.depends(Meter.total, on=Meter.target)(float)
        with caplog.at_level(logging.ERROR, "modbus_schema.simulation"):
            client.write_single_register(0, 500)
            for read in (client.read_holding_registers, client.read_input_registers):
                with pytest.raises(ServerDeviceFailure):
                    read(1 if read == client.read_holding_registers else 50)
            assert client.read_holding_registers(0) == [500]
        assert len(caplog.records) == 1
        assert "250 is above the maximum of 100" in caplog.text
        client.write_single_register(0, 50)
        assert (sim.get(Meter.target), sim.get(Meter.total)) == (25, 25.0)


def test_what_is_set_by_hand_holds_where_the_function_failed() -> None:
    """By the test and by a client, until what it depends on changes; what depends on it follows."""
    with simulate(START, port=0) as sim, Client(sim.host, sim.port) as client:
        sim.depends(Meter.total, on=Meter.target)(float)
        sim.depends(Meter.target, on=Meter.limit)(lambda limit: limit)
        by_hand: dict[int, Callable[[], None]] = {
            7: lambda: sim.set(Meter.target.to(7)),
            8: lambda: client.write_single_register(1, 8),
        }
        for value, give in by_hand.items():
            sim.set(Meter.limit.to(500 + value))
            with pytest.raises(ServerDeviceFailure):
                client.read_holding_registers(1)
            give()
            assert client.read_holding_registers(1) == [value]
            assert (sim.get(Meter.target), sim.get(Meter.total)) == (value, value)
        sim.set(Meter.limit.to(9))
        assert client.read_holding_registers(1) == [9]


def test_what_is_set_by_hand_holds_where_another_field_failed() -> None:
    """A field is given a value though that which it depends on has none."""
    device = SimulatedDevice(START)
    device.depends(Meter.target, on=Meter.limit)(lambda limit: limit)
    device.depends(Meter.total, on=Meter.target)(float)
    device.set(Meter.limit.to(500))
    device.set(Meter.total.to(3.5))
    assert device.get(Meter.total) == 3.5
    device.set(Meter.limit.to(5))
    assert device.get(Meter.total) == 5.0


def test_a_circle_is_refused(meter: SimulatedDevice[Meter]) -> None:
    """By name, however long it is; what stood before stands."""
    with pytest.raises(ValueError, match=r"Meter\.limit would depend on itself: Meter\.limit <- "):
        meter.depends(Meter.limit, on=Meter.over)(int)
    with pytest.raises(ValueError, match=r"Meter\.target <- Meter\.target"):
        meter.depends(Meter.target, on=Meter.target)(lambda target: target)
    with pytest.raises(ValueError, match="would depend on itself"):
        meter.depends(Meter.over, on=Meter.word)(bool)
    assert meter.get(Meter.over) is True
    meter.set(Meter.limit.to(1000))
    assert meter.get(Meter.over) is False


def test_the_last_word_counts(meter: SimulatedDevice[Meter]) -> None:
    """A field has one source: a motion, or others, and a group takes its members' place."""
    meter.depends(Meter.total, on=Meter.limit)(float)
    assert meter.get(Meter.total) == 10
    meter.move(Meter.total, lambda t: 3.5)
    assert meter.get(Meter.total) == 3.5
    meter.depends(Meter.phases[1], on=Meter.phases[0])(lambda phase: phase)
    assert meter.get(Meter.phases[1].at(Phase.power)) == 0


def test_many_inputs_and_other_maps() -> None:
    """More than three are taken as they come; a field of another map is refused."""
    device = SimulatedDevice(START)

    @device.depends(
        Meter.target, on=(Meter.limit, Meter.on, Meter.over, Meter.mean.at(Phase.power))
    )
    def mixed(limit: int, on: bool, over: bool, power: float) -> int:
        return limit + on + over + int(power)

    device.set(Meter.on.to(True), Meter.mean.at(Phase.power).to(4.0))
    assert device.get(Meter.target) == 15
    with pytest.raises(TypeError, match="is no field of Meter"):
        device.depends(Meter.target, on=House.limit)(lambda limit: limit)  # type: ignore[arg-type]
