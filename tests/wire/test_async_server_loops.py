"""Async servers whose event loop ended before anybody stopped them."""

import asyncio
import gc
import socket
import warnings
from collections.abc import Iterator

import pytest

from modbus_wire.aio.client import AsyncClient
from modbus_wire.aio.server import AsyncServer
from modbus_wire.bank import SharedBank
from modbus_wire.endpoint import Endpoint, SerialEndpoint, endpoint_of
from modbus_wire.framing.base import Framing
from modbus_wire.sync.client import Client
from tests.wire.peers import LIMIT, mbap
from tests.wire.raw_client import READ, server_threads
from tests.wire.serial_line import null_modem
from tests.wire.test_async_server import Run, in_asyncio, in_uvloop

RUNS = [in_asyncio, in_uvloop]


@pytest.fixture
def unclosed() -> Iterator[None]:
    """Let asyncio say that a loop was closed before its transports."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("url", ["tcp://127.0.0.1:0", "udp://127.0.0.1:0"])
@pytest.mark.usefixtures("unclosed")
def test_it_is_stopped_and_starts_in_the_next_loop(run: Run, url: str) -> None:
    """It does not run, its port is free, and it starts, serves and stops elsewhere."""
    server = AsyncServer(SharedBank(), url)
    run(server.start())
    assert not server.is_running
    assert server.address == ("127.0.0.1", 0)
    assert server.connections == 0

    async def again() -> None:
        async with server:
            assert server.is_running
            where = url.replace(":0", f":{server.address[1]}")
            async with AsyncClient(where, timeout=LIMIT) as client:
                assert await client.read_holding_registers(0) == [0]
        assert not server.is_running

    run(again())


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.usefixtures("unclosed")
def test_it_may_be_stopped_in_the_next_loop(run: Run) -> None:
    """Stopping it then frees the port, and stopping it again does nothing."""
    server = AsyncServer(SharedBank(), port=0)
    ports = []

    async def start() -> None:
        await server.start()
        ports.append(server.address[1])

    run(start())
    run(server.stop())
    socket.create_server(("127.0.0.1", ports[0])).close()
    run(server.stop())


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.usefixtures("unclosed")
def test_its_connections_end(run: Run) -> None:
    """Who was connected is told so, and not left waiting."""
    server = AsyncServer(SharedBank(), port=0)
    kept: list[socket.socket] = []

    async def connect() -> None:
        await server.start()
        loop = asyncio.get_running_loop()
        kept.append(peer := socket.socket())
        peer.setblocking(False)
        await loop.sock_connect(peer, server.address)
        await loop.sock_sendall(peer, mbap(1, 1, READ))
        assert await loop.sock_recv(peer, 260)

    run(connect())
    assert server.connections == 0
    with kept[0] as peer:
        peer.settimeout(LIMIT)
        assert peer.recv(1) == b""


def test_two_that_start_it_in_each_loop() -> None:
    """Those who wait for one another do so in the loop they are in."""
    server = AsyncServer(SharedBank(), port=0)

    async def at_once() -> None:
        await asyncio.gather(server.start(), server.start(), server.stop(), server.start())
        assert server.is_running

    for _ in range(3):
        asyncio.run(at_once())
    asyncio.run(server.stop())


def serial(device: str) -> Endpoint:
    """Return a serial line as an endpoint."""
    return endpoint_of(SerialEndpoint(device, framing=Framing.RTU), None, None)


def test_a_serial_line_is_given_back() -> None:
    """The line's thread ends, even where it waits for an answer, and the next loop serves it."""
    before = server_threads()
    with null_modem() as (here, there):
        server = AsyncServer(SharedBank(), serial(here))
        asyncio.run(server.start())
        assert not server.is_running
        assert server_threads() == before

        async def again() -> None:
            async with server:
                value = await asyncio.to_thread(ask, there)
                assert value == [0]

        asyncio.run(again())
    assert server_threads() == before


def ask(device: str) -> list[int]:
    """Read a register over a serial line."""
    with Client(serial(device), timeout=LIMIT) as client:
        return client.read_holding_registers(0)
