"""Simulated devices served in an event loop, on every transport, and how they are reached."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from modbus_schema import AsyncDevice, Device, Simulation, simulate
from modbus_wire.aio.client import AsyncClient
from modbus_wire.endpoint import Endpoint, SerialEndpoint, TcpEndpoint
from modbus_wire.errors import ConnectError
from modbus_wire.framing.base import Framing
from modbus_wire.sync.client import Client
from tests.schema.maps import House, Mode, a_house
from tests.wire.serial_line import null_modem

URLS = [
    "tcp://127.0.0.1:0",
    "tcp://[::1]:0",
    "rtu+tcp://127.0.0.1:0",
    "ascii+tcp://127.0.0.1:0",
    "udp://127.0.0.1:0",
    "rtu+udp://127.0.0.1:0",
]


def url_of(sim: Simulation[House], url: str) -> str:
    """Return where a simulation that was given a URL with port 0 is."""
    return f"{url.rpartition(':')[0]}:{sim.port}"


def reads_and_writes(where: str | Endpoint) -> House:
    """Use a house from a thread of its own; returns what it is at last."""
    with Client(where) as client:
        house = Device(client, House)
        assert house.read() == a_house().replace(reset=None)
        house.write(House.limit.to(7), House.fan.to(3))
        return house.read()


async def reads_and_writes_later(where: str | Endpoint) -> House:
    """Use a house from this loop; returns what it is at last."""
    async with AsyncClient(where) as client:
        house = AsyncDevice(client, House)
        assert await house.read() == a_house().replace(reset=None)
        await house.write(House.limit.to(7), House.fan.to(3))
        return await house.read()


CHANGED = a_house().replace(reset=None, limit=7, fan=3)


@pytest.mark.parametrize("url", URLS)
def test_any_network_transport_serves_both_styles(url: str) -> None:
    """One URL with port 0 opens the simulation; the one that clients use has its port."""

    async def main() -> None:
        async with simulate(a_house(), host=url) as sim:
            assert await asyncio.to_thread(reads_and_writes, url_of(sim, url)) == CHANGED
        async with simulate(a_house(), host=url) as sim:
            assert await reads_and_writes_later(url_of(sim, url)) == CHANGED

    asyncio.run(main())
    with simulate(a_house(), host=url) as sim:
        assert reads_and_writes(url_of(sim, url)) == CHANGED


@pytest.mark.parametrize("framing", [Framing.RTU, Framing.ASCII])
def test_a_serial_line_serves_both_styles(framing: Framing) -> None:
    """A simulated device at one end of a null modem, its clients at the other."""

    async def main(ours: SerialEndpoint, theirs: SerialEndpoint) -> None:
        async with simulate(a_house(), host=ours) as sim:
            assert sim.host == ours.device
            assert await reads_and_writes_later(theirs) == CHANGED

    with null_modem() as devices:
        ours, theirs = (
            SerialEndpoint(device, framing=framing, baudrate=115_200) for device in devices
        )
        with simulate(a_house(), host=ours):
            assert reads_and_writes(theirs) == CHANGED
        asyncio.run(main(ours, theirs))


def test_watchers_are_called_in_the_loop() -> None:
    """What a client writes is told in the thread of the loop, where tasks may be started."""
    told: list[tuple[Mode, Mode, bool]] = []

    async def main() -> None:
        mine = threading.current_thread()
        loop = asyncio.get_running_loop()
        async with simulate(a_house(), port=0) as sim:

            @sim.on_write(House.mode)
            def changed(old: Mode, new: Mode) -> None:
                assert asyncio.get_running_loop() is loop
                told.append((old, new, threading.current_thread() is mine))
                sim.set(House.energy.to(1))

            async with AsyncClient(sim.host, sim.port) as client:
                house = AsyncDevice(client, House)
                await house.write(House.mode.to(Mode.COOL))
                assert await house.read(House.mode, House.energy) == (Mode.COOL, 1)

    asyncio.run(main())
    assert told == [(Mode.HEAT, Mode.COOL, True)]


def test_a_simulation_goes_from_one_style_to_the_other() -> None:
    """It keeps its port and what it holds; when it has stopped nobody listens there."""

    def limit_of(sim: Simulation[House]) -> int:
        with Client(sim.host, sim.port) as client:
            return Device(client, House).read(House.limit)

    async def serve(sim: Simulation[House]) -> tuple[int, int]:
        async with sim:
            limit = await asyncio.to_thread(limit_of, sim)
            sim.set(House.limit.to(limit + 1))
            return sim.port, limit

    sim = simulate(a_house(), port=0)
    port, limit = asyncio.run(serve(sim))
    assert (port > 0, limit) == (True, 500)
    with pytest.raises(ConnectError):
        limit_of(sim)
    with sim:
        assert (sim.port, limit_of(sim)) == (port, 501)
    assert asyncio.run(serve(sim)) == (port, 501)


def test_a_simulation_is_served_once_at_a_time() -> None:
    """The second server would be another one at the same port."""

    async def main() -> None:
        sim = simulate(a_house(), port=0)
        async with sim:
            with pytest.raises(RuntimeError, match="served in an event loop already"):
                sim.start()
            with pytest.raises(RuntimeError, match="served already"):
                await sim.__aenter__()
        with sim, pytest.raises(RuntimeError, match="served already"):
            await sim.__aenter__()

    asyncio.run(main())


def test_a_port_that_cannot_be_had_says_so() -> None:
    """The second simulation of one port fails, the first goes on, and the second may try again."""

    async def main() -> None:
        second = simulate(a_house(), port=0)
        async with simulate(a_house(), port=0) as first:
            taken = simulate(a_house(), port=first.port)
            with pytest.raises(OSError, match=str(first.port)):
                await taken.__aenter__()
            async with second, AsyncClient(first.host, first.port) as client:
                assert await AsyncDevice(client, House).read(House.limit) == 500
        async with taken:
            assert taken.port == first.port

    asyncio.run(main())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: simulate(a_house(), host="tcp://127.0.0.1:0", port=5020), "says port and framing"),
        (lambda: simulate(a_house(), host=TcpEndpoint("h", 0), framing=Framing.RTU), "its own"),
        (lambda: simulate(a_house(), host="ftp://127.0.0.1"), "no transport"),
        (lambda: simulate(a_house(), port=65536), "65536"),
    ],
)
def test_a_place_that_is_none_is_refused(
    make: Callable[[], Simulation[House]], message: str
) -> None:
    """When the simulation is made, not when it starts."""
    with pytest.raises(ValueError, match=message):
        make()


def test_two_hundred_simulations_share_a_loop() -> None:
    """Each has its own port and its own values; all are read at once and all stop."""

    async def main() -> None:
        sims = [simulate(a_house().replace(energy=n), port=0) for n in range(200)]
        for sim in sims:
            await sim.__aenter__()

        async def energy_of(sim: Simulation[House]) -> int:
            async with AsyncClient(sim.host, sim.port) as client:
                return await AsyncDevice(client, House).read(House.energy)

        energies = await asyncio.gather(*(energy_of(sim) for sim in sims))
        for sim in sims:
            await sim.__aexit__(None, None, None)
        assert energies == list(range(200))

    asyncio.run(main())


def test_tls_serves_both_styles() -> None:
    """Modbus/TCP Security, with certificates on both sides."""
    certificates = pytest.importorskip("tests.wire.certificates", reason="no cryptography")

    async def main() -> None:
        async with simulate(a_house(), host=certificates.server_endpoint()) as sim:
            assert await reads_and_writes_later(certificates.client_endpoint(sim.port)) == CHANGED

    asyncio.run(main())
    with simulate(a_house(), host=certificates.server_endpoint()) as sim:
        assert reads_and_writes(certificates.client_endpoint(sim.port)) == CHANGED
