"""TCP peers that do what a script says, in the event loop of the test.

They share no code with the package. What goes on is decided by the scripts, not by the clock.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, TypeAlias

import pytest

from tests.wire.loops import LOOPS, NewLoop
from tests.wire.peers import LIMIT, answer, ascii_frame, mbap, registers, rtu

both_loops = pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS.keys())
"""With asyncio's own event loop, whose sockets the client reads itself, and with another."""


def run(main: Coroutine[Any, Any, None], loop: NewLoop | None = None) -> None:
    """Run a test in an event loop of its own, and fail it where it hangs or leaves tasks."""

    async def limited() -> None:
        async with asyncio.timeout(2 * LIMIT):
            await main
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(limited())


async def turns(count: int) -> None:
    """Let the loop turn that many times."""
    for _ in range(count):
        await asyncio.sleep(0)


class AsyncPeer:
    """One accepted connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, requests: list[bytes]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._requests = requests

    async def request(self) -> bytes:
        """Return the next Modbus TCP request frame, and note it."""
        head = await self._reader.readexactly(6)
        return self._noted(head + await self._reader.readexactly(int.from_bytes(head[4:])))

    async def request_of(self, size: int) -> bytes:
        """Return the next request frame, which has ``size`` bytes, and note it."""
        return self._noted(await self._reader.readexactly(size))

    async def read_some(self) -> bytes:
        """Return what has come, waiting for the first byte."""
        return await self._reader.read(4096)

    async def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        self._writer.write(data)
        await self._writer.drain()

    async def wait_for_end(self) -> None:
        """Wait until the client has closed; it must send nothing before."""
        with contextlib.suppress(ConnectionError):
            assert await self._reader.read(1) == b"", "the client sent more"

    def reset(self) -> None:
        """Close the connection the hard way (RST)."""
        linger = struct.pack("ii", 1, 0)
        connection = self._writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._writer.transport.abort()

    def _noted(self, frame: bytes) -> bytes:
        self._requests.append(frame)
        return frame


Script: TypeAlias = Callable[[AsyncPeer], Awaitable[None]]


class ScriptedPeers:
    """Serves one connection per script, in order; a further one is closed at once.

    ``requests`` are the frames that came, over all connections; ``connections`` how many there
    were. A script ends early when the client closes. Its other failures are raised at the end.
    """

    host = "127.0.0.1"
    port = 0

    def __init__(self, *scripts: Script) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._scripts = iter(scripts)
        self.tasks: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Play the next script."""
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.connections += 1
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            script = next(self._scripts, None)
            if script is not None:
                with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                    await script(AsyncPeer(reader, writer, self.requests))
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # raised in the test itself
            self._failures.append(error)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()
            self.tasks.discard(task)

    async def end(self) -> None:
        """End the scripts that still play, and raise what failed in one."""
        while self.tasks:
            for task in self.tasks:
                task.cancel()
            await asyncio.wait(self.tasks)
        if self._failures:
            raise self._failures[0]

    @property
    def asked(self) -> list[int]:
        """The addresses of the Modbus TCP requests that came."""
        return [int.from_bytes(frame[8:10]) for frame in self.requests]


@contextlib.asynccontextmanager
async def scripted(
    *scripts: Script, port: int = 0, receive_buffer: int | None = None
) -> AsyncIterator[ScriptedPeers]:
    """Serve the scripts while the block runs."""
    peers = ScriptedPeers(*scripts)
    listener = socket.create_server((peers.host, port))
    if receive_buffer is not None:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    server = await asyncio.start_server(peers.serve, sock=listener)
    peers.port = server.sockets[0].getsockname()[1]
    try:
        yield peers
    finally:
        server.close()
        await turns(3)
        await peers.end()
        await server.wait_closed()


async def addresses(peer: AsyncPeer) -> None:
    """Answer each read with registers that hold their own addresses, each write with its echo."""
    while True:
        request = await peer.request()
        await peer.send(answer(request, answer_pdu(request[7:])))


async def rtu_addresses(peer: AsyncPeer) -> None:
    """Answer as `addresses`, in RTU; every request has 8 bytes."""
    while True:
        frame = await peer.request_of(8)
        if frame[0]:
            await peer.send(rtu(frame[0], answer_pdu(frame[1:-2])))


async def ascii_addresses(peer: AsyncPeer) -> None:
    """Answer as `addresses`, in ASCII; every request has 17 characters."""
    while True:
        frame = bytes.fromhex((await peer.request_of(17))[1:-2].decode())
        await peer.send(ascii_frame(frame[0], answer_pdu(frame[1:-1])))


def answer_pdu(request: bytes) -> bytes:
    """Return what `addresses` answers to the PDU of a request."""
    if request[0] not in (3, 4):
        return request[:5]
    address, quantity = struct.unpack(">HH", request[1:5])
    return bytes((request[0],)) + registers(*range(address, address + quantity))[1:]


def replies(*pdus: bytes) -> Script:
    """Return the script that answers one request with each PDU, and then waits for the end."""

    async def script(peer: AsyncPeer) -> None:
        for pdu in pdus:
            await peer.send(answer(await peer.request(), pdu))
        await peer.wait_for_end()

    return script


async def silence(peer: AsyncPeer) -> None:
    """Take whatever comes and answer nothing."""
    while await peer.read_some():
        pass


def late(frame: bytes, *values: int) -> bytes:
    """Return an answer with the transaction id before that of a request."""
    return mbap(int.from_bytes(frame[:2]) - 1 & 0xFFFF, frame[6], registers(*values))
