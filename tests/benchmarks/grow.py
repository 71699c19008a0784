"""``python -m tests.benchmarks.grow KIND [PORT]``: one client or server whose memory is watched.

A server prints its port, and answers each line of its input with the bytes that Python holds. A
client reads from the port as often as each line of its input says, and answers likewise. Both end
with the input.
"""

import asyncio
import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager

from modbus_wire.aio.client import AsyncClient
from modbus_wire.client import ModbusClient
from modbus_wire.sync.client import Client
from tests.benchmarks.serve import REGISTERS, SERVERS

HOST = "127.0.0.1"
QUANTITY = 10
EXPECTED = REGISTERS[:QUANTITY]
AT_ONCE = 16

Reads = Callable[[int], None]
"""Reads that often."""


@contextmanager
def blocking(port: int) -> Iterator[Reads]:
    """Read with a `Client`."""
    with Client(HOST, port) as client:

        def reads(count: int) -> None:
            for _ in range(count):
                assert client.read_holding_registers(0, QUANTITY) == EXPECTED

        yield reads


@contextmanager
def drop_in(port: int) -> Iterator[Reads]:
    """Read with a `ModbusClient`."""
    with closing(ModbusClient(HOST, port, auto_open=True)) as client:

        def reads(count: int) -> None:
            for _ in range(count):
                assert client.read_holding_registers(0, QUANTITY) == EXPECTED

        yield reads


@contextmanager
def in_loop(port: int, at_once: int = 1) -> Iterator[Reads]:
    """Read with an `AsyncClient`, with that many requests under way."""
    with asyncio.Runner() as runner:
        client = runner.run(made(port, at_once))

        async def share(count: int) -> None:
            for _ in range(count):
                assert await client.read_holding_registers(0, QUANTITY) == EXPECTED

        async def reads(count: int) -> None:
            await asyncio.gather(*(share(count // at_once) for _ in range(at_once)))

        yield lambda count: runner.run(reads(count))
        runner.run(client.close())


async def made(port: int, at_once: int) -> AsyncClient:
    """Return a client of the running loop."""
    return AsyncClient(HOST, port, max_in_flight=at_once)


CLIENTS: dict[str, Callable[[int], AbstractContextManager[Reads]]] = {
    "Client": blocking,
    "AsyncClient": in_loop,
    "AsyncClient, 16 at once": lambda port: in_loop(port, AT_ONCE),
    "ModbusClient": drop_in,
}


def held() -> int:
    """Return the bytes that Python holds, with all garbage out of the way."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def main(kind: str, port: int | None = None) -> None:
    """Work until the input ends."""
    tracemalloc.start()
    if port is None:
        with SERVERS[kind]() as port:
            print(port, flush=True)
            for _ in sys.stdin:
                print(held(), flush=True)
    else:
        with CLIENTS[kind](port) as reads:
            for line in sys.stdin:
                reads(int(line))
                print(held(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
