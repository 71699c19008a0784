"""Simulations and devices that are used in the wrong style say so."""

import asyncio

import pytest

from modbus_schema import AsyncDevice, Device, simulate
from modbus_wire.aio.client import AsyncClient
from modbus_wire.sync.client import Client
from tests.schema.maps import House, a_house


def test_stop_in_an_event_loop_is_refused() -> None:
    """In an ``async with`` block `stop` raises; leaving the block stops, and another serves."""
    sim = simulate(a_house(), port=0)

    async def main() -> None:
        async with sim:
            port = sim.port
            with pytest.raises(RuntimeError, match="served by the running loop"):
                sim.stop()
            await read()
        with pytest.raises(OSError, match=r"\d"):
            await asyncio.open_connection(sim.host, port)
        async with sim:
            assert sim.port == port
            await read()

    async def read() -> None:
        async with AsyncClient(sim.host, sim.port) as client:
            await AsyncDevice(client, House).read()

    asyncio.run(main())
    sim.stop()


def test_a_simulation_whose_loop_has_ended() -> None:
    """A block that its event loop never left stands in nobody's way."""
    sim = simulate(a_house(), port=0)
    asyncio.run(sim.__aenter__())
    sim.stop()
    with sim, Client(sim.host, sim.port) as client:
        Device(client, House).read()


def test_clients_of_the_other_style() -> None:
    """A device refuses a client that it cannot use, before it asks it anything."""
    with pytest.raises(TypeError, match="AsyncDevice awaits its client"):
        AsyncDevice(Client("127.0.0.1"), House)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="Device does not await its client"):
        Device(AsyncClient("127.0.0.1"), House)  # type: ignore[arg-type]
