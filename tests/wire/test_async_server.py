"""The async server on real sockets: start and stop, both event loops, the user's own tasks."""

import asyncio
import contextlib
import gc
import inspect
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from modbus_wire.aio.server import AsyncServer
from modbus_wire.bank import SharedBank
from modbus_wire.codes import Table
from modbus_wire.sync.server import Server
from tests.wire.loops import new_uvloop
from tests.wire.peers import LIMIT, mbap
from tests.wire.raw_client import READ, WRITE, Calling

TOLD = mbap(1, 1, b"\x03\x02\0\0")

Run = Callable[[Coroutine[Any, Any, None]], None]


def in_asyncio(work: Coroutine[Any, Any, None]) -> None:
    """Run a test in an event loop of asyncio."""
    asyncio.run(asyncio.wait_for(work, 4 * LIMIT))


def in_uvloop(work: Coroutine[Any, Any, None]) -> None:
    """Run a test in an event loop of uvloop."""
    with asyncio.Runner(loop_factory=new_uvloop) as runner:
        runner.run(asyncio.wait_for(work, 4 * LIMIT))


@pytest.fixture(params=[in_asyncio, in_uvloop])
def run(request: pytest.FixtureRequest) -> Run:
    """Run a test in the event loop of asyncio, and in that of uvloop."""
    return request.param  # type: ignore[no-any-return]


async def close(writer: asyncio.StreamWriter) -> None:
    """Close a client's connection, which the server may have closed before."""
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def ask(server: AsyncServer, pdu: bytes = READ, *, times: int = 1) -> bytes:
    """Return the frames that answer a request sent that many times at once."""
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(mbap(1, 1, pdu) * times)
    answer = await reader.read(4096)
    await close(writer)
    return answer


def test_serves_at_its_address(run: Run) -> None:
    """A server on port 0 tells which port it got, and answers there while the block runs."""

    async def test() -> None:
        bank = SharedBank()
        async with AsyncServer(bank, port=0) as server:
            was_running = server.is_running
            assert server.address[0] == "127.0.0.1"
            assert await ask(server) == TOLD
            assert await ask(server, WRITE) == mbap(1, 1, WRITE)
        assert (was_running, server.is_running) == (True, False)
        assert server.address == ("127.0.0.1", 0)
        assert bank.get_registers(Table.HOLDING_REGISTERS, 0) == [1]

    run(test())


@pytest.mark.parametrize("host", ["::1", "localhost", ""])
def test_hosts(host: str) -> None:
    """IPv6, a name, and the empty name for every interface."""

    async def test() -> None:
        async with AsyncServer(SharedBank(), host, 0) as server:
            to = "127.0.0.1" if host == "" else host
            reader, writer = await asyncio.open_connection(to, server.address[1])
            writer.write(mbap(1, 1, READ))
            assert await reader.read(100) == TOLD
            await close(writer)

    in_asyncio(test())


def test_stop_closes_live_connections_and_frees_the_port(run: Run) -> None:
    """Clients see the end at once; the same server starts again on the same port."""

    async def test() -> None:
        async with AsyncServer(SharedBank(), port=0) as first:
            port = first.address[1]
        server = AsyncServer(SharedBank(), port=port)
        for _ in range(3):
            await server.start()
            clients = [await asyncio.open_connection(*server.address) for _ in range(5)]
            for reader, writer in clients:
                writer.write(mbap(1, 1, READ))
                assert await reader.readexactly(len(TOLD)) == TOLD
            assert server.connections == 5
            await server.stop()
            assert server.connections == 0
            for reader, writer in clients:
                assert await reader.read() == b""
                await close(writer)
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)

    run(test())


def test_start_and_stop_may_be_repeated(run: Run) -> None:
    """Starting a running server and stopping a stopped one change nothing."""

    async def test() -> None:
        server = AsyncServer(SharedBank(), port=0)
        await server.stop()
        await asyncio.gather(server.start(), server.start())
        address = server.address
        await server.start()
        assert server.address == address
        await asyncio.gather(server.stop(), server.stop())
        await server.stop()

    run(test())


def test_serve_forever_until_stopped(run: Run) -> None:
    """It waits until the server is stopped, or itself is cancelled."""

    async def test() -> None:
        server = AsyncServer(SharedBank(), port=0)
        await server.start()
        serving = [asyncio.create_task(server.serve_forever()) for _ in range(2)]
        assert await ask(server) == TOLD
        await server.stop()
        await asyncio.gather(*serving)
        await server.start()
        task = asyncio.create_task(server.serve_forever())
        assert await ask(server) == TOLD
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not server.is_running

    run(test())


def test_stop_out_of_a_bank(run: Run) -> None:
    """A bank may have the server stopped: its request is answered, then all is closed."""
    stopping: list[asyncio.Task[None]] = []

    async def test() -> None:
        bank = Calling()
        bank.call = lambda: stopping.append(asyncio.create_task(server.stop()))
        server = AsyncServer(bank, port=0)
        await server.start()
        reader, writer = await asyncio.open_connection(*server.address)
        writer.write(mbap(1, 1, WRITE))
        assert await reader.read() == mbap(1, 1, WRITE)
        await close(writer)
        await stopping[0]
        assert not server.is_running

    run(test())


def test_port_in_use(run: Run) -> None:
    """`start` raises OSError where another server listens; later it can have the port."""

    async def test() -> None:
        async with AsyncServer(SharedBank(), port=0) as first:
            second = AsyncServer(SharedBank(), port=first.address[1])
            with pytest.raises(OSError, match="in use"):
                await second.start()
            assert not second.is_running
        async with second:
            assert await ask(second) == TOLD

    run(test())


def test_another_event_loop_is_refused() -> None:
    """A server that runs in one loop cannot be stopped out of another."""
    server = AsyncServer(SharedBank(), port=0)
    first = asyncio.new_event_loop()
    try:
        first.run_until_complete(server.start())
        with pytest.raises(RuntimeError, match="another event loop"):
            asyncio.run(server.stop())
    finally:
        first.run_until_complete(server.stop())
        first.close()


def test_pipelined_requests_are_answered_at_once(run: Run) -> None:
    """Everything that one read brought is answered by one write."""

    async def test() -> None:
        async with AsyncServer(SharedBank(), port=0) as server:
            assert await ask(server, times=50) == TOLD * 50

    run(test())


def test_a_name_is_looked_up_beside_the_loop(run: Run) -> None:
    """A host that does not resolve is an OSError."""

    async def test() -> None:
        with pytest.raises(OSError, match=r".+"):
            await AsyncServer(SharedBank(), "x" * 70, 0).start()

    run(test())


def test_accepted_sockets_notice_the_dead() -> None:
    """A connection has SO_KEEPALIVE and TCP_NODELAY."""

    async def test() -> None:
        async with AsyncServer(SharedBank(), port=0) as server:
            reader, writer = await asyncio.open_connection(*server.address)
            writer.write(mbap(1, 1, READ))
            await reader.readexactly(len(TOLD))
            run: Any = server._run
            (connection,) = run._connections
            accepted = connection._transport.get_extra_info("socket")
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            await close(writer)

    in_asyncio(test())


def test_both_styles_have_the_same_face() -> None:
    """Constructors and methods have the same names and parameters."""
    assert inspect.signature(Server.__init__) == inspect.signature(AsyncServer.__init__)
    names = {name for name in dir(Server) if not name.startswith("_")}
    assert names == {name for name in dir(AsyncServer) if not name.startswith("_")}


def test_stop_while_clients_connect(run: Run) -> None:
    """Who is being accepted while the server stops is closed, and nothing is left of it."""

    async def test() -> None:
        server = AsyncServer(SharedBank(), port=0)
        for turns in range(8):
            await server.start()
            with contextlib.ExitStack() as stack:
                clients = [stack.enter_context(socket.socket()) for _ in range(5)]
                for client in clients:
                    client.connect(server.address)
                for _ in range(turns):
                    await asyncio.sleep(0)
                await server.stop()
                for client in clients:
                    client.settimeout(LIMIT)
                    with contextlib.suppress(ConnectionResetError):
                        assert client.recv(1) == b""
        gc.collect()

    run(test())
