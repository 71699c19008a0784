"""What a simulated device costs: a thousand async servers in one process, each with its own bank.

The limits are bytes and seconds, not ratios: a device is worth what fits into a process.
"""

import asyncio
import gc
import socket
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from modbus_wire.aio.server import AsyncServer
from modbus_wire.bank import SparseBank
from modbus_wire.codes import Table
from tests.benchmarks.bench_async import descriptors
from tests.benchmarks.bench_server import read
from tests.benchmarks.harness import SMOKE, Effort, Ratio

DEVICES = 1000
FEW_DEVICES = 20
DESCRIPTORS_EACH = 3
REGISTERS = range(100)
EXCHANGE = read(10)
EMPTY_ANSWER = EXCHANGE.answer[:9] + bytes(20)


def run(effort: Effort) -> Iterator[Ratio]:
    """Measure start time, and memory with one connected client for each device."""
    count = FEW_DEVICES if effort is SMOKE else DEVICES
    rounds = 1 if effort is SMOKE else 3
    with descriptors(DESCRIPTORS_EACH * count + 100):
        seconds = median(asyncio.run(start_time(count)) for _ in range(rounds))
        kept = median(asyncio.run(memory(count)) for _ in range(rounds))
    yield Ratio("simulated device, milliseconds to start", seconds * 1e3, 2)
    yield Ratio("simulated device, KiB with one client", kept / 1024, 20)


def device() -> AsyncServer:
    """Return a device with a hundred registers."""
    return AsyncServer(SparseBank({Table.HOLDING_REGISTERS: [REGISTERS]}), port=0)


async def start_time(count: int) -> float:
    """Return the CPU seconds that it takes to make and start one device among that many."""
    before = time.process_time()
    servers = [device() for _ in range(count)]
    for server in servers:
        await server.start()
    used = time.process_time() - before
    for server in servers:
        await server.stop()
    return used / count


async def memory(count: int) -> float:
    """Return the bytes that one of that many devices keeps when it has answered a client."""
    gc.collect()
    tracemalloc.start()
    try:
        servers = [device() for _ in range(count)]
        for server in servers:
            await server.start()
        with ExitStack() as stack:
            for server in servers:
                await ask(stack.enter_context(socket.socket()), server)
            gc.collect()
            kept, _ = tracemalloc.get_traced_memory()
            for server in servers:
                await server.stop()
    finally:
        tracemalloc.stop()
    return kept / count


async def ask(client: socket.socket, server: AsyncServer) -> None:
    """Let a client read once, and check the answer."""
    loop = asyncio.get_running_loop()
    client.setblocking(False)
    await loop.sock_connect(client, server.address)
    await loop.sock_sendall(client, EXCHANGE.request)
    assert await loop.sock_recv(client, 300) == EMPTY_ANSWER
