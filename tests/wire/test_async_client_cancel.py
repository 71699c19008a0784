"""The async client whose calls are cancelled: whenever that is, the others and the next work."""

import asyncio
import contextlib

import pytest

from modbus_wire.aio.client import AsyncClient
from modbus_wire.errors import ConnectionClosedError, ResponseTimeout
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.registers import ReadHoldingRegisters
from tests.wire.async_peers import (
    AsyncPeer,
    Script,
    addresses,
    ascii_addresses,
    both_loops,
    rtu_addresses,
    run,
    scripted,
    silence,
    turns,
)
from tests.wire.loops import NewLoop
from tests.wire.peers import answer, refused_port, registers, rtu

MOST_TURNS = 24
"""In how many turns of the loop a request is answered, connecting included."""

FRAMINGS = [
    (Framing.TCP, addresses),
    (Framing.RTU, rtu_addresses),
    (Framing.ASCII, ascii_addresses),
]


async def cancelled_after(task: asyncio.Task[object], count: int) -> object:
    """Cancel a task after so many turns of the loop; return its result where it was quicker."""
    await turns(count)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        return await task
    return None


@pytest.mark.parametrize("in_flight", [1, 4])
@pytest.mark.parametrize(("framing", "script"), FRAMINGS)
def test_cancelled_at_any_turn_of_the_loop(
    framing: Framing, script: Script, in_flight: int
) -> None:
    """Wherever a read is cancelled, the one beside it and the next get their own answers."""
    results = []

    async def attempt(count: int) -> None:
        async with (
            scripted(script, script) as server,
            AsyncClient(
                server.host, server.port, framing=framing, max_in_flight=in_flight
            ) as client,
        ):
            for start in (0, 100):  # not connected yet, and connected
                doomed = asyncio.create_task(client.read_holding_registers(start + 1, 2))
                beside = asyncio.create_task(client.read_holding_registers(start + 2, 2))
                results.append(await cancelled_after(doomed, count))
                assert results[-1] in (None, [start + 1, start + 2])
                assert await client.read_holding_registers(start + 3) == [start + 3]
                assert await beside == [start + 2, start + 3]
            assert client.waiting == 0
        assert server.connections == 1

    async def main() -> None:
        for count in range(MOST_TURNS):
            await attempt(count)

    run(main())
    assert None in results
    assert results[-1] is not None


@both_loops
def test_alone_cancelled_at_any_turn(loop: NewLoop) -> None:
    """A read that is cancelled while it has the client for itself leaves it as good as new."""

    async def main() -> None:
        for count in range(MOST_TURNS):
            async with (
                scripted(addresses, addresses) as server,
                AsyncClient(server.host, server.port) as client,
            ):
                doomed = asyncio.create_task(client.read_holding_registers(1))
                await cancelled_after(doomed, count)
                assert await client.read_holding_registers(3) == [3]

    run(main(), loop)


@pytest.mark.parametrize("in_flight", [1, 4])
def test_read_many_cancelled_at_any_turn(in_flight: int) -> None:
    """Reads of one call that is cancelled leave nothing in the way of others."""

    async def main() -> None:
        for count in range(MOST_TURNS):
            async with (
                scripted(addresses, addresses) as server,
                AsyncClient(server.host, server.port, max_in_flight=in_flight) as client,
            ):
                reads = [ReadHoldingRegisters(address) for address in range(10)]
                doomed = asyncio.create_task(client.read_many(reads))
                await cancelled_after(doomed, count)
                assert await client.read_holding_registers(3) == [3]
                assert client.waiting == 0

    run(main())


def test_open_and_close_cancelled_at_any_turn() -> None:
    """Neither a connection half made nor one half closed disturbs the next request."""

    async def main() -> None:
        for count in range(MOST_TURNS):
            async with (
                scripted(addresses, addresses, addresses) as server,
                AsyncClient(server.host, server.port) as client,
            ):
                await cancelled_after(asyncio.create_task(client.open()), count)
                assert await client.read_holding_registers(3) == [3]
                await cancelled_after(asyncio.create_task(client.close()), count)
                assert await client.read_holding_registers(4) == [4]

    run(main())


def test_a_cancelled_request_that_waits_is_never_sent() -> None:
    """What has not gone out when it is cancelled never does."""
    go_on = asyncio.Event()

    async def stalled(peer: AsyncPeer) -> None:
        request = await peer.request()
        await go_on.wait()
        await peer.send(answer(request, registers(1)))
        await addresses(peer)

    async def main() -> None:
        async with scripted(stalled) as server, AsyncClient(server.host, server.port) as client:
            await client.open()
            first = asyncio.create_task(client.read_holding_registers(1))
            write = asyncio.create_task(client.write_single_register(2, 2))
            last = asyncio.create_task(client.read_holding_registers(3))
            await turns(2)
            write.cancel()
            await turns(2)
            go_on.set()
            assert [await first, await last] == [[1], [3]]
            assert write.cancelled()
        assert server.asked == [1, 3]

    run(main())


@pytest.mark.parametrize("framing", [Framing.TCP, Framing.RTU])
def test_the_answer_to_a_cancelled_request_is_awaited_and_dropped(framing: Framing) -> None:
    """The server never has more than one request to answer, nor is an answer taken for another."""
    asked = asyncio.Event()
    go_on = asyncio.Event()

    async def slow(peer: AsyncPeer) -> None:
        is_rtu = framing is Framing.RTU
        first = await (peer.request_of(8) if is_rtu else peer.request())
        asked.set()
        await go_on.wait()
        await peer.send(rtu(1, registers(1)) if is_rtu else answer(first, registers(1)))
        await (rtu_addresses if is_rtu else addresses)(peer)

    async def main() -> None:
        async with (
            scripted(slow) as server,
            AsyncClient(server.host, server.port, framing=framing) as client,
        ):
            doomed = asyncio.create_task(client.read_holding_registers(1))
            await asked.wait()
            await cancelled_after(doomed, 0)
            following = asyncio.create_task(client.read_holding_registers(2))
            await turns(5)
            assert len(server.requests) == 1
            go_on.set()
            assert await following == [2]
        assert server.connections == 1

    run(main())


@pytest.mark.parametrize("framing", [Framing.TCP, Framing.RTU])
def test_a_cancelled_request_without_an_answer_gives_way_in_time(framing: Framing) -> None:
    """Its place is free when its time is over; without transaction ids on a new connection."""
    asked = asyncio.Event()

    async def deaf(peer: AsyncPeer) -> None:
        await peer.request_of(12 if framing is Framing.TCP else 8)
        asked.set()
        await (addresses if framing is Framing.TCP else silence)(peer)

    async def main() -> None:
        script = addresses if framing is Framing.TCP else rtu_addresses
        async with (
            scripted(deaf, script) as server,
            AsyncClient(server.host, server.port, framing=framing, timeout=0.05) as client,
        ):
            doomed = asyncio.create_task(client.read_holding_registers(1))
            await asked.wait()
            await cancelled_after(doomed, 0)
            assert await client.read_holding_registers(2) == [2]
            assert client.statistics.unit(1).timeouts == 1
        assert server.connections == (1 if framing is Framing.TCP else 2)

    run(main())


def test_a_timeout_of_the_callers_own_is_a_cancellation() -> None:
    """`asyncio.timeout` and `wait_for` around a call work, and the client does after them."""
    go_on = asyncio.Event()

    async def slow(peer: AsyncPeer) -> None:
        first = await peer.request()
        await go_on.wait()
        await peer.send(answer(first, registers(1)))
        await addresses(peer)

    async def main() -> None:
        async with scripted(slow) as server, AsyncClient(server.host, server.port) as client:
            with pytest.raises(TimeoutError) as caught:
                async with asyncio.timeout(0.02):
                    await client.read_holding_registers(1)
            assert not isinstance(caught.value, ResponseTimeout)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.read_holding_registers(2), 0.02)
            go_on.set()
            assert await asyncio.wait_for(client.read_holding_registers(3), 5) == [3]

    run(main())


def test_connecting_ends_with_the_last_that_waits_for_it() -> None:
    """One cancelled caller does not stop the connection of the others; all of them do."""

    async def main() -> None:
        async with (
            scripted(addresses) as server,
            AsyncClient(server.host, server.port, connect_delay=0.05) as client,
        ):
            one = asyncio.create_task(client.read_holding_registers(1))
            two = asyncio.create_task(client.read_holding_registers(2))
            await turns(3)
            one.cancel()
            assert await two == [2]
            assert server.connections == 1
        async with (
            scripted(addresses, addresses) as server,
            AsyncClient(server.host, server.port, connect_delay=5) as client,
        ):
            alone = asyncio.create_task(client.read_holding_registers(1))
            while not server.connections:
                await turns(1)
            await cancelled_after(alone, 0)
            await turns(3)
            assert asyncio.all_tasks() <= {asyncio.current_task(), *server.tasks}
            assert not client.is_open

    run(main())


def test_close_while_connecting_fails_who_waits() -> None:
    """Who waits for the connection hears that it was closed, and nothing was sent."""

    async def main() -> None:
        async with (
            scripted(addresses, addresses) as server,
            AsyncClient(server.host, server.port, connect_delay=5) as client,
        ):
            write = asyncio.create_task(client.write_single_register(1, 1))
            opening = asyncio.create_task(client.open())
            await turns(5)
            await client.close()
            for task in (write, opening):
                with pytest.raises(ConnectionClosedError, match="this side") as caught:
                    await task
                assert not caught.value.may_have_been_applied
        assert server.requests == []

    run(main())


def test_a_callers_error_after_its_answer_harms_nobody() -> None:
    """Tasks are carried on while the client takes in bytes: what they raise is their own."""

    async def main() -> None:
        async with (
            scripted(addresses) as server,
            AsyncClient(server.host, server.port, max_in_flight=3) as client,
        ):

            async def fail(address: int) -> None:
                assert await client.read_holding_registers(address) == [address]
                raise LookupError

            async def close(address: int) -> None:
                assert await client.read_holding_registers(address) == [address]
                await client.close()

            results = await asyncio.gather(
                fail(1), client.read_holding_registers(2), return_exceptions=True
            )
            assert isinstance(results[0], LookupError)
            assert results[1] == [2]
            await asyncio.gather(close(3), client.read_holding_registers(4))

    run(main())


def test_cancellation_while_nobody_listens() -> None:
    """A connection that is refused leaves nothing behind either."""

    async def main() -> None:
        with refused_port() as port:
            async with AsyncClient("127.0.0.1", port) as client:
                for count in range(8):
                    read = asyncio.create_task(client.read_holding_registers(1))
                    await turns(count)
                    read.cancel()
                    await asyncio.wait([read])
                    assert read.cancelled() or isinstance(read.exception(), ConnectionError)

    run(main())
