"""A device behind an async client: what the blocking one does, awaited, many reads at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest

from modbus_schema import (
    RO,
    RW,
    AsyncDevice,
    DecodeError,
    Device,
    EncodeError,
    RegisterMap,
    Simulation,
    holding_register,
    simulate,
    uint16,
)
from modbus_schema.simulation.device import SimulatedDevice
from modbus_wire.aio.client import AsyncClient
from modbus_wire.codes import Table
from modbus_wire.errors import (
    IllegalDataAddress,
    IllegalDataValue,
    RequestError,
    ResponseTimeout,
)
from modbus_wire.handler import Handler
from modbus_wire.pdu.base import AnyRequest, RawRead, Request
from modbus_wire.pdu.bits import WriteSingleCoil
from modbus_wire.pdu.registers import (
    MaskWriteRegister,
    ReadHoldingRegisters,
    WriteMultipleRegisters,
    WriteSingleRegister,
)
from modbus_wire.server_connection import ServerConnection
from modbus_wire.sync.client import Client
from tests.schema.maps import Circuit, House, Mode, Zone, a_house

R = TypeVar("R")

BLOCKS = 8
"""How many requests bring a house."""

READ_SIZE = 12
"""Bytes of a Modbus TCP frame that asks for a read."""


class Recorder:
    """An async client that notes the requests that pass through it."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self.requests: list[object] = []

    def execute(self, request: Request[R], *, unit_id: int | None = None) -> Awaitable[R]:
        """Note the request and carry it out."""
        self.requests.append(request)
        return self.client.execute(request, unit_id=unit_id)

    def read_many(
        self, requests: list[AnyRequest], /, *, unit_id: int | None = None
    ) -> Awaitable[list[Any]]:
        """Note the requests and carry them out."""
        self.requests += requests
        return self.client.read_many(requests, unit_id=unit_id)


@asynccontextmanager
async def a_served_house(
    max_in_flight: int = 1,
) -> AsyncIterator[tuple[AsyncDevice[House], Recorder, Simulation[House]]]:
    """Give a simulated house, its client and what it served from, all in this loop."""
    async with (
        simulate(a_house(), port=0) as sim,
        AsyncClient(sim.host, sim.port, max_in_flight=max_in_flight) as wire,
    ):
        client = Recorder(wire)
        yield AsyncDevice(client, House), client, sim


@pytest.mark.parametrize("max_in_flight", [1, 3, 16])
def test_models_fields_and_groups_are_read(max_in_flight: int) -> None:
    """However many requests may be under way, the values are the same."""

    async def main() -> None:
        async with a_served_house(max_in_flight) as (house, client, _):
            assert await house.read() == a_house().replace(reset=None)
            assert len(client.requests) == BLOCKS
            assert await house.read(House.outdoor) == -3.5
            mode, circuit, on = await house.read(House.mode, House.circuit, House.pump)
            assert (mode, circuit) == (Mode.HEAT, Circuit(hours=0x10002, name="attic"))
            assert on is True

    asyncio.run(main())


def test_many_reads_at_once_do_not_mix() -> None:
    """Gathered reads of several units over one connection each get their own values."""

    async def main() -> None:
        async with simulate(a_house(), port=0, unit_id=0) as sim:
            for unit_id in range(1, 20):
                sim.add(a_house().replace(energy=unit_id), unit_id=unit_id)
            async with AsyncClient(sim.host, sim.port, max_in_flight=8) as client:
                devices = [AsyncDevice(client, House, unit_id=unit_id) for unit_id in range(1, 20)]
                states = await asyncio.gather(*(device.read() for device in devices))
        assert [state.energy for state in states] == list(range(1, 20))

    asyncio.run(main())


@asynccontextmanager
async def a_patient_server(requests: int) -> AsyncIterator[tuple[str, int]]:
    """Serve a house whose server answers when all of the requests are there, and not before."""
    connection = ServerConnection(Handler(SimulatedDevice(a_house()).bank))
    answered = asyncio.Event()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(connection.receive(await reader.readexactly(requests * READ_SIZE)))
            await writer.drain()
            assert await reader.read() == b""
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()
            await writer.wait_closed()
            answered.set()

    async with await asyncio.start_server(converse, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()
        await answered.wait()


def test_the_blocks_of_a_read_are_under_way_together() -> None:
    """A server that waits for all of them before it answers is no obstacle."""

    async def main() -> None:
        async with (
            a_patient_server(BLOCKS) as (host, port),
            AsyncClient(host, port, max_in_flight=16) as client,
        ):
            assert await AsyncDevice(client, House).read() == a_house().replace(reset=None)

    asyncio.run(main())


def test_the_blocks_of_a_blocking_read_are_under_way_together() -> None:
    """The blocking device asks as well."""

    def read(host: str, port: int) -> House:
        with Client(host, port, max_in_flight=16) as client:
            return Device(client, House).read()

    async def main() -> None:
        async with a_patient_server(BLOCKS) as (host, port):
            state = await asyncio.to_thread(read, host, port)
        assert state == a_house().replace(reset=None)

    asyncio.run(main())


def test_by_default_requests_go_out_one_by_one() -> None:
    """Where more than one outstanding is not asked for, a server gets the next after an answer."""

    async def main() -> None:
        async with (
            a_patient_server(2) as (host, port),
            AsyncClient(host, port, timeout=0.2) as client,
        ):
            with pytest.raises(ResponseTimeout, match=r"^House\.pump: coil\[3\]"):
                await AsyncDevice(client, House).read()

    asyncio.run(main())


class Apart(RegisterMap):
    """Three blocks, one of which no house has."""

    mode: RW[int] = holding_register(0, uint16)
    beyond: RO[int] = holding_register(300, uint16)
    limit: RW[int] = holding_register(6, uint16)


@pytest.mark.parametrize("max_in_flight", [1, 16])
def test_of_many_requests_the_refused_one_is_named(max_in_flight: int) -> None:
    """The error names block and request, and the client goes on."""

    async def main() -> None:
        async with a_served_house(max_in_flight) as (house, client, _):
            place = r"^Apart\.beyond: holding\[300\]: exception 02"
            with pytest.raises(IllegalDataAddress, match=place) as refusal:
                await AsyncDevice(client, Apart).read()
            assert refusal.value.request == RawRead(ReadHoldingRegisters(300, 1))
            assert (await house.read()).limit == 500

    asyncio.run(main())


def test_registers_that_mean_nothing_name_their_field() -> None:
    """A value that no enum member has is an error with the field's name and the request."""

    async def main() -> None:
        async with a_served_house() as (house, _, sim):
            sim.bank.set_registers(Table.HOLDING_REGISTERS, 0, [9])
            with pytest.raises(DecodeError, match=r"House\.mode: holding\[0\]: 9") as failure:
                await house.read()
            assert isinstance(failure.value.request, RawRead)

    asyncio.run(main())


def test_writes_go_out_in_order() -> None:
    """Adjacent registers share a request, bits go out by mask, each after the answer before."""

    async def main() -> None:
        async with a_served_house(16) as (house, client, sim):
            await house.write(
                House.curve.to(2.5), House.limit.to(7), House.fan.to(15), House.mode.to(Mode.COOL)
            )
            assert client.requests == [
                WriteMultipleRegisters(6, [7, 0x0000, 0x4020]),
                MaskWriteRegister(5, 0xFFFF & ~0x3C, 15 << 2),
                WriteSingleRegister(0, 2),
            ]
            assert (sim.snapshot().mode, sim.snapshot().limit) == (Mode.COOL, 7)

    asyncio.run(main())


def test_instances_and_changes_are_written() -> None:
    """All writable fields of an instance, or those that differ."""

    async def main() -> None:
        async with a_served_house() as (house, client, sim):
            wanted = a_house().replace(mode=Mode.OFF, limit=3, energy=1, pump=False)
            await house.write(wanted)
            assert sim.snapshot() == wanted.replace(energy=70_000, reset=None)
            state = await house.read()
            client.requests.clear()
            await house.write_changes(state, state.replace(pump=True, limit=501))
            assert client.requests == [WriteSingleRegister(6, 501), WriteSingleCoil(3, True)]

    asyncio.run(main())


def test_a_write_that_fails_in_the_middle_says_what_was_done() -> None:
    """Some requests were carried out: the error says that, and names the fields."""

    class Unlimited(House):
        limit: RW[int] = holding_register(6, uint16, max=60_000)

    async def main() -> None:
        async with a_served_house() as (house, _, sim):
            device = AsyncDevice(house.client, Unlimited)
            with pytest.raises(
                IllegalDataValue, match=r"; written: Unlimited\.pump; not written: Unlimited\.li"
            ) as no:
                await device.write(Unlimited.pump.to(False), Unlimited.limit.to(5000))
            assert no.value.may_have_been_applied
            assert (sim.snapshot().pump, sim.snapshot().limit) == (False, 500)

    asyncio.run(main())


def test_what_is_wrong_is_refused_before_anything_is_sent() -> None:
    """A value out of range, a read-only change, a field that cannot be read, another map's."""

    async def main() -> None:
        async with a_served_house() as (house, client, _):
            state = a_house()
            with pytest.raises(EncodeError, match=r"House\.limit: holding\[6\]: 1001 is above"):
                await house.write(House.mode.to(Mode.OFF), House.limit.to(1001))
            with pytest.raises(EncodeError, match=r"House\.energy: input\[14\.\.15\]: is read-on"):
                await house.write_changes(state, state.replace(energy=1))
            with pytest.raises(RequestError, match=r"House\.reset: holding\[40\]: is write-only"):
                await house.read(House.reset)
            with pytest.raises(TypeError, match=r"Zone\.target is no field of House"):
                await house.read(Zone.target)  # type: ignore[arg-type]
            assert client.requests == []

    asyncio.run(main())


def test_a_read_may_be_cancelled() -> None:
    """Whoever no longer waits for an answer leaves the client as it was."""

    async def main() -> None:
        async with a_served_house(4) as (house, _, _):
            for _ in range(20):
                read = asyncio.create_task(house.read())
                await asyncio.sleep(0)
                read.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await read
            assert await house.read(House.limit) == 500

    asyncio.run(main())


def test_a_device_says_what_it_is() -> None:
    """For a log: the style, the map and the unit."""
    device = AsyncDevice(AsyncClient("127.0.0.1", 1), House, unit_id=7)
    assert repr(device).startswith("AsyncDevice(")
    assert repr(device).endswith("House, unit_id=7)")
