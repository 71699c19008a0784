"""What a simulated device is besides its registers, and hooks on what clients write to it."""

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from modbus_schema import Device, Simulation, simulate
from modbus_schema.simulation.served import Limits
from modbus_wire.codes import Table
from modbus_wire.errors import IllegalDataValue, IllegalFunction, ServerDeviceBusy
from modbus_wire.hooks import Write
from modbus_wire.pdu.files import FileRecord
from modbus_wire.pdu.identity import DeviceIdentification, ServerId
from modbus_wire.sync.client import Client
from modbus_wire.unit import MemoryFiles
from tests.schema.maps import House, Mode, Zone, a_house


@pytest.fixture
def sim() -> Iterator[Simulation[House]]:
    """A simulated house that is being served, under one unit id."""
    with simulate(a_house(), port=0, unit_id=1) as simulation:
        yield simulation


@pytest.fixture
def client(sim: Simulation[House]) -> Iterator[Client]:
    """A client of the simulated house."""
    with Client(sim.host, sim.port) as wire:
        yield wire


def test_what_is_not_supplied_is_not_answered(client: Client) -> None:
    """A device that says nothing of itself refuses to make something up."""
    for ask in (client.report_server_id, client.read_device_identification):
        with pytest.raises(IllegalFunction):
            ask()


def test_each_unit_says_what_it_is(sim: Simulation[House], client: Client) -> None:
    """Identification, server id and files are supplied while it is served, unit by unit."""
    zone = sim.add(Zone(temperature=None, target=20, boost=False), unit_id=2)
    sim.unit.identification = DeviceIdentification.of("Acme", "H1", "2.0")
    zone.unit.identification = DeviceIdentification.of("Acme", "Z1", "1.1")
    zone.unit.server_id = ServerId(b"z", is_running=True)
    sim.unit.files = MemoryFiles({4: [10, 11, 12]})
    assert client.read_device_identification().product_code == "H1"
    assert client.read_device_identification(unit_id=2).product_code == "Z1"
    assert client.report_server_id(unit_id=2).is_running
    assert client.read_file_record([FileRecord(4, 1, 2)]) == [[11, 12]]
    with pytest.raises(IllegalFunction):
        client.read_file_record([FileRecord(4, 1, 2)], unit_id=2)


def test_a_hook_refuses_what_the_map_allows(sim: Simulation[House], client: Client) -> None:
    """The device is not told of a write that a hook of the server refused."""
    told: list[object] = []
    sim.on_write(House.mode)(lambda old, new: told.append(new))

    @sim.handler.before_write
    def busy(write: Write) -> None:
        if write.table is Table.HOLDING_REGISTERS and write.address == 0 and write.old == [1]:
            raise ServerDeviceBusy

    with pytest.raises(ServerDeviceBusy):
        Device(client, House).write(House.mode.to(Mode.OFF))
    assert (told, sim.snapshot().mode) == ([], Mode.HEAT)
    sim.set(House.mode.to(Mode.COOL))
    Device(client, House).write(House.mode.to(Mode.OFF))
    assert (told, sim.snapshot().mode) == ([Mode.OFF], Mode.OFF)


def test_hooks_and_watchers_are_called_once_each(sim: Simulation[House], client: Client) -> None:
    """The watcher gets values, the hook cells; a write that the map refuses reaches neither."""
    told: list[object] = []
    sim.on_write(House.curve)(lambda old, new: told.append((old, new)))

    @sim.handler.after_write
    def written(write: Write) -> None:
        told.append((write.address, write.old, write.new))

    client.write_multiple_registers(7, [0, 0x4020])
    assert told == [(1.25, 2.5), (7, [0, 0x3FA0], [0, 0x4020])]
    with pytest.raises(IllegalDataValue):
        client.write_single_register(6, 1001)
    assert len(told) == 2


def test_watchers_hold_no_lock_even_with_hooks(sim: Simulation[House], client: Client) -> None:
    """While a watcher is called another thread may use the device."""
    sim.handler.before_write(lambda write: None)
    told: list[int] = []

    with ThreadPoolExecutor(1) as other:

        @sim.on_write(House.limit)
        def changed(old: int, new: int) -> None:
            other.submit(sim.set, House.energy.to(new)).result(timeout=5)
            told.append(sim.snapshot().energy)

        client.write_single_register(6, 8)
    assert told == [8]


@pytest.mark.parametrize("limits", [{"allow": ["192.0.2.0/24"]}, {"max_connections": 1}])
def test_a_simulation_has_the_limits_of_its_server(limits: Limits) -> None:
    """Who may not come in, or has to make room, is closed out, in both styles."""

    async def in_a_loop() -> None:
        async with simulate(a_house(), port=0, **limits) as sim:
            await asyncio.to_thread(closed_out, sim)

    with simulate(a_house(), port=0, **limits) as sim:
        closed_out(sim)
    asyncio.run(in_a_loop())


def closed_out(sim: Simulation[House]) -> None:
    """Connect until the server closes a connection, the second one at last."""
    with (
        socket.create_connection((sim.host, sim.port), 5) as first,
        socket.create_connection((sim.host, sim.port), 5),
    ):
        assert first.recv(1) == b""
