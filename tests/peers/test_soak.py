"""Clients and servers at work for a while: nothing piles up in the process."""

import asyncio
import gc
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from modbus_wire.aio.client import AsyncClient
from modbus_wire.aio.server import AsyncServer
from modbus_wire.bank import SparseBank
from modbus_wire.codes import Table
from modbus_wire.endpoint import Endpoint
from modbus_wire.errors import IllegalDataAddress
from modbus_wire.sync.client import Client
from modbus_wire.sync.server import Server
from tests.peers.face import Where
from tests.peers.our_clients import reaching, stream
from tests.wire.peers import LIMIT

DESCRIPTORS = Path("/proc/self/fd")
pytestmark = pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason=f"there is no {DESCRIPTORS}")

WATCHED, MOST, ROUNDS = 3, 12, 110
"""Stretches of work that are watched together, how many there may be, rounds in each."""

PER_ROUND = 6
RECONNECT_EVERY = 40
CELLS = 200
LIMIT_PER_REQUEST = 0.5
"""Bytes that the process may grow by for each request of one client and one server."""

VALUES = list(range(100, 160))
PATTERN = [n % 3 == 0 for n in range(100)]

LIVES = 12
"""Servers and clients that come and go."""


class Footprint(NamedTuple):
    """What a process holds."""

    descriptors: int
    threads: int
    tasks: int
    memory: int

    @classmethod
    def now(cls, tasks: int = 0) -> "Footprint":
        """Count, with all garbage out of the way."""
        gc.collect()
        return cls(
            len(list(DESCRIPTORS.iterdir())),
            threading.active_count(),
            tasks,
            tracemalloc.get_traced_memory()[0],
        )


def is_settled(footprints: list[Footprint]) -> bool:
    """Whether the last three stretches of work have taken no more memory than is allowed.

    Python keeps freed objects for later, up to some hundred of a kind: it takes a few stretches
    until it has enough. What never settles grows. All else has to be as after the first stretch.
    """
    held = [footprint.memory for footprint in footprints]
    assert {footprint._replace(memory=0) for footprint in footprints} == {
        footprints[0]._replace(memory=0)
    }
    assert len(held) <= MOST, held
    allowed = WATCHED * ROUNDS * PER_ROUND * LIMIT_PER_REQUEST
    return len(held) > WATCHED and held[-1] - held[-1 - WATCHED] < allowed


@pytest.fixture(autouse=True)
def traced() -> Iterator[None]:
    """Count the memory that Python gives out."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


def bank() -> SparseBank:
    """Return tables that end."""
    return SparseBank({table: [range(CELLS)] for table in Table})


def work(client: Client) -> None:
    """Read, write and be refused."""
    for number in range(ROUNDS):
        client.write_multiple_registers(0, VALUES)
        assert client.read_holding_registers(0, len(VALUES)) == VALUES
        client.write_multiple_coils(0, PATTERN)
        assert client.read_coils(0, len(PATTERN)) == PATTERN
        assert client.read_write_multiple_registers(0, 3, 2, [102]) == VALUES[:3]
        with pytest.raises(IllegalDataAddress):
            client.read_input_registers(CELLS, 1)
        if (number + 1) % RECONNECT_EVERY == 0:
            client.close()


async def work_async(client: AsyncClient, reconnect_every: int) -> None:
    """Read, write and be refused."""
    for number in range(ROUNDS):
        await client.write_multiple_registers(0, VALUES)
        assert await client.read_holding_registers(0, len(VALUES)) == VALUES
        await client.write_multiple_coils(0, PATTERN)
        assert await client.read_coils(0, len(PATTERN)) == PATTERN
        assert await client.read_write_multiple_registers(0, 3, 2, [102]) == VALUES[:3]
        with pytest.raises(IllegalDataAddress):
            await client.read_input_registers(CELLS, 1)
        if (number + 1) % reconnect_every == 0:
            await client.close()


def listening(transport: str) -> Endpoint:
    """Return where a server of the test listens."""
    return stream(transport, "127.0.0.1", 0)


@pytest.mark.parametrize("transport", ["tcp", "rtu+tcp"])
def test_blocking(transport: str) -> None:
    """A client and a server hold at the end what they held after the first requests."""
    with Server(bank(), listening(transport)) as server:
        where = Where(transport, server.address[1])
        with Client(reaching(where), timeout=LIMIT) as client:
            footprints: list[Footprint] = []
            while not footprints or not is_settled(footprints):
                work(client)
                footprints.append(Footprint.now())


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_async(transport: str) -> None:
    """A client and a server in one event loop, likewise, and no task is left either."""

    async def soak() -> None:
        async with AsyncServer(bank(), listening(transport)) as server:
            where = Where(transport, server.address[1])
            async with AsyncClient(reaching(where), timeout=LIMIT) as client:
                # a server remembers some hundred senders of datagrams: it stays with one
                often = 2 * ROUNDS if transport == "udp" else RECONNECT_EVERY
                footprints: list[Footprint] = []
                while not footprints or not is_settled(footprints):
                    await work_async(client, often)
                    footprints.append(Footprint.now(len(asyncio.all_tasks())))

    asyncio.run(soak())


def test_ends_of_clients_and_servers() -> None:
    """What is closed leaves nothing behind, however often."""

    async def live_async() -> None:
        async with AsyncServer(bank(), port=0) as server:
            client = AsyncClient("127.0.0.1", server.address[1])
            await client.read_coils(0, 3)
            await client.close()

    def live() -> None:
        for _ in range(LIVES):
            with Server(bank(), port=0) as server, Client("127.0.0.1", server.address[1]) as client:
                client.read_coils(0, 3)
            asyncio.run(live_async())

    live()
    before = Footprint.now()
    live()
    assert Footprint.now()[:2] == before[:2]
