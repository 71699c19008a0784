"""``python -m tests.benchmarks.poll KIND PORT DEVICES``: a fleet polled by one process of its own.

Answers each line of its input, a number of rounds, with the CPU seconds that one poll took; ends
with the input. A device is a client and a task that reads registers 0 to 9, again and again. With
the further argument ``memory`` it prints the bytes that each device takes, and ends. The two are
apart because tracing leaves an allocator behind that hands out big buffers more cheaply, such as
those that asyncio reads into by default.
"""

import asyncio
import gc
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from functools import partial
from importlib import import_module
from typing import Any, TypeAlias

from modbus_wire.aio.client import AsyncClient
from tests.benchmarks.bench_client import HOST, WORDS

READ = WORDS[:10]

Poll: TypeAlias = Callable[[], Awaitable[Any]]
"""Reads registers 0 to 9 of one device."""


async def open_ours(port: int) -> Poll:
    """Connect a client of ours."""
    client = AsyncClient(HOST, port)
    assert await client.read_holding_registers(0, 10) == READ
    return partial(client.read_holding_registers, 0, 10)


async def open_pymodbus(port: int) -> Poll:
    """Connect a client of pymodbus."""
    client = import_module("pymodbus.client").AsyncModbusTcpClient(HOST, port=port)
    assert await client.connect()
    assert (await client.read_holding_registers(0, count=10)).registers == READ
    return partial(client.read_holding_registers, 0, count=10)


KINDS = {"ours": open_ours, "pymodbus": open_pymodbus}


async def device(poll: Poll, rounds: int) -> None:
    """Poll one device."""
    for _ in range(rounds):
        await poll()


async def fleet(polls: list[Poll], rounds: int) -> float:
    """Poll all devices side by side; return the CPU seconds of one poll."""
    before = time.process_time()
    async with asyncio.TaskGroup() as tasks:
        for poll in polls:
            tasks.create_task(device(poll, rounds))
    return (time.process_time() - before) / (rounds * len(polls))


def traced_memory() -> int:
    """Return the bytes that objects made since the tracing began take now."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def open_fleet(kind: str, port: int, devices: int) -> list[Poll]:
    """Connect all devices."""
    return [await KINDS[kind](port) for _ in range(devices)]


async def memory(kind: str, port: int, devices: int) -> float:
    """Return the bytes that each device takes once it has been polled."""
    await KINDS[kind](port)  # what all share
    tracemalloc.start()
    before = traced_memory()
    polls = await open_fleet(kind, port, devices)
    after = traced_memory()
    return (after - before) / len(polls)


def main(kind: str, port: int, devices: int, *, is_traced: bool) -> None:
    """Measure the memory, or poll as often as the input asks for."""
    with asyncio.Runner() as runner:
        if is_traced:
            print(runner.run(memory(kind, port, devices)), flush=True)
            return
        polls = runner.run(open_fleet(kind, port, devices))
        for line in sys.stdin:
            print(runner.run(fleet(polls, int(line))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), is_traced=sys.argv[4:] == ["memory"])
