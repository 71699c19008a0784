"""What a write says came of it where it failed before anything of it was sent."""

import asyncio
from collections.abc import Iterator

import pytest

from modbus_schema import (
    RO,
    RW,
    AsyncDevice,
    Device,
    EncodeError,
    Outcome,
    RegisterMap,
    coil,
    group,
    holding_register,
    int16,
    outcome_of,
    repeat,
    simulate,
    uint16,
)
from modbus_schema.simulation.simulate import Simulation
from modbus_wire import (
    AsyncClient,
    Client,
    ModbusError,
    RequestError,
    ServerDeviceBusy,
    ServerDeviceFailure,
)
from tests.schema.writers import PickyWire
from tests.wire.async_peers import AsyncPeer, run, scripted


class Level(RegisterMap):
    """What may be there, or repeat."""

    value: RW[int] = holding_register(0, uint16, max=100)
    limit: RO[int] = holding_register(1, uint16)


class Station(RegisterMap):
    """A device that has to be read before it is written."""

    count: RW[int] = holding_register(0, uint16)
    factor: RO[int] = holding_register(1, int16)
    power: RW[float] = holding_register(2, int16.scaled_by(factor))
    where: RO[int] = holding_register(3, uint16)
    has_level: RO[bool] = coil(0)
    level: RW[Level | None] = group(Level, base=30, present_if=has_level)
    placed: RW[Level] = group(Level, base=where)
    levels: RW[tuple[Level, ...]] = repeat(Level, base=10, stride=2, count=count, at_most=4)


A_LEVEL = Level(value=1, limit=9)
START = Station(
    count=1,
    factor=0,
    power=5.0,
    where=40,
    has_level=True,
    level=A_LEVEL,
    placed=A_LEVEL,
    levels=(A_LEVEL,),
)


@pytest.fixture
def sim() -> Iterator[Simulation[Station]]:
    """Return a station that is served."""
    with simulate(START, port=0) as sim:
        yield sim


@pytest.fixture
def device(sim: Simulation[Station]) -> Iterator[Device[Station]]:
    """Return the station as a client has it."""
    with Client(sim.host, sim.port) as client:
        yield Device(client, Station)


def the_outcome(error: BaseException) -> Outcome[Station]:
    """Return what an error says was written, which is nothing."""
    outcome = outcome_of(error)
    assert outcome is not None
    assert (outcome.written, outcome.uncertain, outcome.requests) == ((), (), ())
    assert not outcome.may_have_been_applied
    return outcome


def test_where_the_shape_cannot_be_read_nothing_is_written(
    sim: Simulation[Station], device: Device[Station]
) -> None:
    """The fields of the settings are named, of groups as well, and what follows."""
    settings = Station.level.to(A_LEVEL), Station.placed.at(Level.value).to(2)
    with sim.fault(Station.has_level, ServerDeviceBusy), pytest.raises(ServerDeviceBusy) as caught:
        device.write(*settings, then=Station.count.to(1))
    assert str(the_outcome(caught.value)) == (
        "not written: Station.level.value, Station.placed.value, Station.count"
    )
    assert the_outcome(caught.value).not_written[-1] == Station.count
    assert "not written" not in str(caught.value)


def test_where_the_shape_cannot_be_read_no_instance_is_written(
    sim: Simulation[Station], device: Device[Station]
) -> None:
    """Nor is what has changed: the fields that the instances have are named."""
    with sim.fault(Station.count, ServerDeviceBusy):
        with pytest.raises(ServerDeviceBusy) as caught:
            device.write(START)
        fields = the_outcome(caught.value).not_written
        assert [field.name for field in fields] == [
            "Station.count",
            "Station.power",
            "Station.level.value",
            "Station.levels[0].value",
        ]
        with pytest.raises(ServerDeviceBusy) as caught:
            device.write_changes(START, START.replace(power=6.0))
        assert the_outcome(caught.value).not_written == (Station.power,)


def test_where_a_factor_cannot_be_read_nothing_is_written(
    sim: Simulation[Station], device: Device[Station]
) -> None:
    """Neither by a plain write nor by one that reads as well."""
    with sim.fault(Station.factor, ServerDeviceFailure):
        with pytest.raises(ServerDeviceFailure) as caught:
            device.write(Station.power.to(6.0))
        assert the_outcome(caught.value).not_written == (Station.power,)
        with pytest.raises(ServerDeviceFailure) as caught:
            device.write_and_read(Station.power.to(6.0), read=Station.count)
        assert the_outcome(caught.value).not_written == (Station.power,)


def test_who_is_cancelled_while_the_shape_is_read_has_written_nothing() -> None:
    """The cancellation says so."""

    async def main() -> None:
        asked = asyncio.Event()

        async def script(peer: AsyncPeer) -> None:
            await peer.request()
            asked.set()
            await peer.wait_for_end()

        async with scripted(script) as peers, AsyncClient(peers.host, peers.port) as client:
            task = asyncio.create_task(
                AsyncDevice(client, Station).write(Station.level.at(Level.value).to(3))
            )
            await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            assert str(the_outcome(caught.value)) == "not written: Station.level.value"

    run(main())


def test_what_cannot_be_encoded_or_be_one_request_was_not_written(device: Device[Station]) -> None:
    """All of the write is named, not only what is wrong."""
    with pytest.raises(EncodeError) as caught:
        device.write(Station.count.to(1), Station.level.at(Level.value).to(101))
    assert str(the_outcome(caught.value)) == "not written: Station.count, Station.level.value"
    with pytest.raises(RequestError) as refused:
        device.write_and_read(Station.count.to(1), Station.power.to(6.0), read=Station.count)
    assert str(the_outcome(refused.value)) == "not written: Station.count, Station.power"


def test_a_write_that_is_refused_says_what_was_not_written() -> None:
    """The outcome does; the error names the field anyway."""
    wire = PickyWire(failures={0: ServerDeviceBusy()})
    with pytest.raises(ModbusError) as caught:
        Device(wire, Level).write(Level.value.to(1))
    assert str(outcome_of(caught.value)) == "not written: Level.value"
    assert repr(outcome_of(caught.value)) == "<Outcome of 1 requests; not written: Level.value>"


def test_a_write_of_nothing_says_so() -> None:
    """Equal instances leave nothing to write."""
    done = Device(PickyWire(), Level).write_changes(A_LEVEL, A_LEVEL)
    assert repr(done) == "<Outcome of 0 requests; nothing to write>"
