"""The async client that is closed, or left, before its attempt to connect has begun."""

import asyncio
import contextlib

import pytest

from modbus_wire.aio.client import AsyncClient
from modbus_wire.errors import ConnectionClosedError
from tests.wire.async_peers import addresses, both_loops, run, scripted, turns
from tests.wire.loops import NewLoop

MOST_TURNS = 12
"""In how many turns of the loop a client is connected."""


@both_loops
@pytest.mark.parametrize("count", range(1, MOST_TURNS))
def test_closed_at_any_turn_while_connecting(loop: NewLoop, count: int) -> None:
    """The request under way fails, unless it was quicker, and the next is answered."""

    async def main() -> None:
        async with scripted(addresses, addresses) as server:
            client = AsyncClient(server.host, server.port)
            first = asyncio.create_task(client.read_holding_registers(7))
            await turns(count)
            await client.close()
            with contextlib.suppress(ConnectionClosedError):
                assert await first == [7]
            assert not client.is_open
            assert await client.read_holding_registers(8) == [8]
            await client.close()

    run(main(), loop)


@both_loops
def test_opened_closed_and_opened_at_once(loop: NewLoop) -> None:
    """The first is told that the client was closed, the last has a connection."""

    async def main() -> None:
        async with scripted(addresses, addresses) as server:
            client = AsyncClient(server.host, server.port)
            first, closed, last = await asyncio.gather(
                client.open(), client.close(), client.open(), return_exceptions=True
            )
            assert isinstance(first, ConnectionClosedError)
            assert closed is None
            assert last is None
            assert client.is_open
            assert await client.read_holding_registers(9) == [9]
            await client.close()

    run(main(), loop)


@both_loops
@pytest.mark.parametrize("count", range(MOST_TURNS))
@pytest.mark.parametrize("opens", [True, False])
def test_left_at_any_turn_while_connecting(loop: NewLoop, count: int, *, opens: bool) -> None:
    """Who is cancelled takes the attempt with him, and whoever comes at once gets a new one."""

    async def main() -> None:
        async with scripted(addresses, addresses) as server:
            client = AsyncClient(server.host, server.port)
            left = asyncio.ensure_future(client.open() if opens else client.read_coils(0))
            await turns(count)
            left.cancel()
            assert await client.read_holding_registers(8) == [8]
            await asyncio.wait([left])
            await client.close()

    run(main(), loop)


@both_loops
def test_nobody_is_left_to_connect_for(loop: NewLoop) -> None:
    """An attempt that was given up is not begun again by itself."""

    async def main() -> None:
        async with scripted(addresses) as server:
            client = AsyncClient(server.host, server.port)
            left = [asyncio.ensure_future(client.open()) for _ in range(3)]
            await turns(1)
            for task in left:
                task.cancel()
            await asyncio.wait(left)
            await turns(MOST_TURNS)
            assert not client.is_open
            await client.open()
            assert client.statistics.connects == 1
            await client.close()

    run(main(), loop)
