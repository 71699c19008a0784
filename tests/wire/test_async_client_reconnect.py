"""The async client whose server goes away: what is asked again, what is not, and when."""

import asyncio
from contextlib import suppress
from threading import Event

import pytest

from modbus_wire.aio.client import AsyncClient
from modbus_wire.errors import (
    ConnectError,
    ConnectionClosedError,
    FrameError,
    ResponseMismatch,
)
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.registers import ReadHoldingRegisters
from modbus_wire.policy import Backoff
from tests.wire.async_peers import (
    AsyncPeer,
    addresses,
    both_loops,
    run,
    scripted,
    turns,
)
from tests.wire.loops import NewLoop
from tests.wire.peers import (
    LIMIT,
    Peer,
    ScriptedServer,
    answer,
    refused_port,
    registers,
    replies,
    rtu,
)


async def one_answer(peer: AsyncPeer) -> None:
    """Answer one read and close."""
    request = await peer.request()
    await peer.send(answer(request, registers(request[9])))


@both_loops
@pytest.mark.parametrize("pause", [0.0, 0.02])
def test_the_read_after_an_idle_close_is_not_lost(loop: NewLoop, pause: float) -> None:
    """Whether this side has noticed the end or not, the read is asked on a new connection."""

    async def main() -> None:
        async with (
            scripted(one_answer, one_answer, one_answer) as server,
            AsyncClient(server.host, server.port) as client,
        ):
            for address in range(3):
                assert await client.read_holding_registers(address) == [address]
                await asyncio.sleep(pause)
        assert server.connections == 3

    run(main(), loop)


@both_loops
@pytest.mark.parametrize("framing", [Framing.TCP, Framing.RTU])
def test_a_write_looks_first_whether_the_connection_stands(loop: NewLoop, framing: Framing) -> None:
    """An end that has arrived while the loop was busy is noticed before a write is sent."""
    closed = Event()
    frame = answer if framing is Framing.TCP else lambda request, pdu: rtu(1, pdu)
    size = 12 if framing is Framing.TCP else 8

    def first(peer: Peer) -> None:
        peer.send(frame(peer.request_of(size), registers(1)))
        peer.end()
        closed.set()

    def then(peer: Peer) -> None:
        peer.send(frame(peer.request_of(size), bytes.fromhex("06 0002 0003")))

    async def main(server: ScriptedServer) -> None:
        async with AsyncClient(server.host, server.port, framing=framing) as client:
            assert await client.read_holding_registers(1) == [1]
            assert closed.wait(LIMIT)  # the loop does not turn
            await client.write_single_register(2, 3)

    with ScriptedServer(first, then) as server:
        run(main(server), loop)
        assert server.connections == 2
        assert len(server.requests) == 2


@both_loops
def test_a_reset_connection_is_replaced(loop: NewLoop) -> None:
    """A reset (RST) while idle costs nothing but a new connection."""
    done = asyncio.Event()

    async def resetting(peer: AsyncPeer) -> None:
        await one_answer(peer)
        await done.wait()
        peer.reset()

    async def main() -> None:
        async with (
            scripted(resetting, addresses) as server,
            AsyncClient(server.host, server.port) as client,
        ):
            assert await client.read_holding_registers(1) == [1]
            done.set()
            await turns(5)
            await client.write_single_register(1, 1)
            assert await client.read_holding_registers(2) == [2]

    run(main(), loop)


@both_loops
@pytest.mark.parametrize("in_flight", [1, 3])
def test_reads_under_way_are_asked_again_once_and_writes_never(
    loop: NewLoop, in_flight: int
) -> None:
    """A server that closes in the middle: its reads get their answers from the next connection."""

    async def closing(peer: AsyncPeer) -> None:
        request = await peer.request()
        await peer.send(answer(request, registers(request[9])))
        await peer.request()

    async def main() -> None:
        async with (
            scripted(closing, addresses) as server,
            AsyncClient(server.host, server.port, max_in_flight=in_flight) as client,
        ):
            await client.read_holding_registers(0)
            reads = [client.read_holding_registers(address) for address in range(6)]
            assert await asyncio.gather(*reads) == [[address] for address in range(6)]
        async with (
            scripted(closing, addresses) as server,
            AsyncClient(server.host, server.port, max_in_flight=in_flight) as client,
        ):
            await client.read_holding_registers(0)
            with pytest.raises(ConnectionClosedError) as lost:
                await client.write_single_register(0, 1)
            assert lost.value.may_have_been_applied
            assert await client.read_holding_registers(2) == [2]

    run(main(), loop)


@both_loops
def test_a_server_that_closes_on_every_request_is_an_error(loop: NewLoop) -> None:
    """A read is asked again once, not for ever; on a new connection not at all."""

    async def closing(peer: AsyncPeer) -> None:
        await peer.request()

    async def main() -> None:
        async with (
            scripted(one_answer, closing, closing) as server,
            AsyncClient(server.host, server.port) as client,
        ):
            assert await client.read_holding_registers(1) == [1]
            for connections in (2, 3):
                with pytest.raises(ConnectionClosedError) as caught:
                    await client.read_holding_registers(2)
                assert caught.value.request == ReadHoldingRegisters(2)
                assert server.connections == connections

    run(main(), loop)


@both_loops
def test_refused_connections_fail_all_that_wait(loop: NewLoop) -> None:
    """One attempt serves all who wait, and each hears what became of its own request."""

    async def main() -> None:
        with refused_port() as port:
            async with AsyncClient("127.0.0.1", port) as client:
                reads = [client.read_holding_registers(address) for address in range(5)]
                results = await asyncio.gather(*reads, client.open(), return_exceptions=True)
                assert all(isinstance(result, ConnectError) for result in results)
                for address, result in enumerate(results[:5]):
                    assert isinstance(result, ConnectError)
                    assert result.request == ReadHoldingRegisters(address)
                    assert "cannot be reached" in str(result)
                assert client.statistics.failed_connects == 1
                with pytest.raises(ConnectError):
                    await client.read_many([ReadHoldingRegisters(0)])

    run(main(), loop)


def test_a_server_that_closes_at_once_is_tried_once_for_each_write() -> None:
    """Who waits hears of it: to connect again and again would help nobody."""
    with ScriptedServer(*[lambda peer: None] * 100) as server:

        async def main() -> None:
            async with AsyncClient(server.host, server.port, timeout=LIMIT) as client:
                counts = client.statistics
                for attempt in range(1, 11):
                    with pytest.raises((ConnectError, ConnectionClosedError)):
                        await client.write_single_register(0, 1)
                    assert counts.connects + counts.failed_connects == attempt

        run(main())


@both_loops
def test_backoff_counts_a_connection_that_ended_at_its_first_request(loop: NewLoop) -> None:
    """It is as good as none; one that was idle is another matter."""

    async def unanswered(peer: AsyncPeer) -> None:
        await peer.request()

    async def main() -> None:
        async with scripted(one_answer, one_answer, unanswered) as server:
            backoff = Backoff(60.0, 60.0)
            async with AsyncClient(server.host, server.port, backoff=backoff) as client:
                for _ in range(2):
                    await client.read_holding_registers(0)
                with pytest.raises(ConnectionClosedError):
                    await client.read_holding_registers(0)
                with pytest.raises(ConnectError, match="next attempt in"):
                    await client.read_holding_registers(0)
            assert server.connections == 3

    run(main(), loop)


def test_a_name_that_does_not_resolve() -> None:
    """A host nobody knows is a `ConnectError`."""

    async def main() -> None:
        async with AsyncClient("no-such-host.invalid", timeout=5) as client:
            with pytest.raises(ConnectError, match=r"no-such-host\.invalid"):
                await client.open()

    run(main())


def test_backoff_fails_at_once_until_its_time_is_over() -> None:
    """Within the window no attempt is made; `open` does not wait for its end."""

    async def main() -> None:
        with refused_port() as port:
            client = AsyncClient("127.0.0.1", port, backoff=Backoff(60.0, 120.0))
            for _ in range(3):
                with pytest.raises(ConnectError):
                    await client.read_holding_registers(0)
            assert client.statistics.failed_connects == 1
            with pytest.raises(ConnectError):
                await client.open()
            assert client.statistics.failed_connects == 2
            with pytest.raises(ConnectError, match="next attempt in"):
                await client.read_holding_registers(0)
        async with scripted(addresses, port=port):
            await client.open()
            assert await client.read_holding_registers(3) == [3]
            await client.close()

    run(main())


def test_backoff_ends() -> None:
    """After the window the server is tried again."""

    async def main() -> None:
        with refused_port() as port:
            client = AsyncClient("127.0.0.1", port, backoff=Backoff(0.02, 0.02))
            with pytest.raises(ConnectError):
                await client.read_holding_registers(0)
        async with scripted(addresses, port=port), client, asyncio.timeout(LIMIT):
            found: list[int] = []
            while not found:
                with suppress(ConnectError):
                    found = await client.read_holding_registers(3)
                await asyncio.sleep(0)
            assert found == [3]

    run(main())


def test_a_server_that_comes_back() -> None:
    """A restart of the server costs no read, and no new client."""

    async def main() -> None:
        async with scripted(addresses) as server:
            client = AsyncClient(server.host, server.port)
            assert await client.read_holding_registers(1) == [1]
        async with scripted(addresses, port=server.port) as again, client:
            assert await client.read_holding_registers(2) == [2]
            assert again.connections == 1

    run(main())


def test_open_connects_anew_when_the_answers_are_in() -> None:
    """What is under way gets its answer on the old connection first."""
    go_on = asyncio.Event()

    async def slow(peer: AsyncPeer) -> None:
        request = await peer.request()
        await go_on.wait()
        await peer.send(answer(request, registers(1)))
        await peer.wait_for_end()

    async def main() -> None:
        async with (
            scripted(slow, addresses, addresses) as server,
            AsyncClient(server.host, server.port) as client,
        ):
            await client.open()
            read = asyncio.create_task(client.read_holding_registers(1))
            await turns(2)
            opening = asyncio.create_task(client.open())
            await turns(5)
            assert not opening.done()
            go_on.set()
            assert await read == [1]
            await opening
            assert await client.read_holding_registers(2) == [2]
            await asyncio.gather(client.open(), client.open())
            assert server.connections == 3

    run(main())


@both_loops
@pytest.mark.parametrize("in_flight", [1, 2])
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff" * 9, FrameError),
        (b"HTTP/1.1 400 Bad Request\r\n", FrameError),
        (b"", ResponseMismatch),
    ],
)
def test_garbage_costs_the_connection(
    loop: NewLoop, in_flight: int, data: bytes, kind: type[Exception]
) -> None:
    """Nothing behind bytes that are no frame is believed; the next request has a new connection."""

    async def garbled(peer: AsyncPeer) -> None:
        request = await peer.request()
        await peer.send(data or answer(request, b"\x04\x02\x00\x01"))
        await peer.wait_for_end()

    async def main() -> None:
        async with (
            scripted(garbled, addresses) as server,
            AsyncClient(server.host, server.port, max_in_flight=in_flight) as client,
        ):
            with pytest.raises(kind):
                await client.read_holding_registers(1)
            assert await client.read_holding_registers(2) == [2]

    run(main(), loop)


def test_garbage_while_idle_costs_the_connection() -> None:
    """A server that sends what nobody asked for is left, and nobody is told."""

    async def babbling(peer: AsyncPeer) -> None:
        await one_answer(peer)
        await peer.send(b"\xff" * 40)
        await peer.wait_for_end()

    async def main() -> None:
        async with (
            scripted(babbling, addresses) as server,
            AsyncClient(server.host, server.port) as client,
        ):
            assert await client.read_holding_registers(1) == [1]
            while client.is_open:
                await turns(1)
            assert await client.read_holding_registers(2) == [2]

    run(main())


def test_another_event_loop_after_the_first() -> None:
    """A client that was closed, or left behind by a loop that has ended, works in the next."""
    with ScriptedServer(replies(registers(1)), replies(registers(2)), replies(registers(3))) as (
        server
    ):
        client = AsyncClient(server.host, server.port)

        async def read(close: bool) -> list[int]:
            values = await client.read_holding_registers(0)
            if close:
                await client.close()
            return values

        assert asyncio.run(read(close=True)) == [1]
        assert asyncio.run(read(close=False)) == [2]
        assert asyncio.run(read(close=True)) == [3]


def test_another_event_loop_beside_the_first_is_refused() -> None:
    """A client that one loop uses cannot be used, nor closed, by another."""
    with (
        ScriptedServer(replies(registers(1), registers(2))) as server,
        asyncio.Runner() as one,
        asyncio.Runner() as other,
    ):
        client = AsyncClient(server.host, server.port)

        async def read() -> list[int]:
            return await client.read_holding_registers(0)

        assert one.run(read()) == [1]
        with pytest.raises(RuntimeError, match="another event loop"):
            other.run(read())
        with pytest.raises(RuntimeError, match="another event loop"):
            other.run(client.close())
        assert one.run(read()) == [2]
        one.run(client.close())
