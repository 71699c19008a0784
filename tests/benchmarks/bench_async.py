"""What an exchange costs an async client in CPU time, and what a thousand of them take.

The base is a minimal asyncio protocol, and pymodbus. The server is written in C and shares the
core; its time does not count.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Self

from modbus_wire.aio.client import AsyncClient
from modbus_wire.pdu.registers import ReadHoldingRegisters
from tests.benchmarks.bench_client import HOST, IMAGE
from tests.benchmarks.children import Child, compiled
from tests.benchmarks.harness import (
    SMOKE,
    Effort,
    Meter,
    Ratio,
    Unavailable,
    interleave,
    one_core,
)
from tests.benchmarks.poll import KINDS, READ
from tests.benchmarks.raw_async import RawAsyncClient

AT_ONCE = 16
MANY = 160
FLEET = 1000
SMALL_FLEET = 20
ROUNDS = 10
EXPECTED_COST = 50e-6
SPARE_DESCRIPTORS = 100

Read = Callable[[], Coroutine[Any, Any, object]]
"""Reads registers 0 to 9."""

Work = Callable[[int], Coroutine[Any, Any, object]]
"""Does that many reads of registers 0 to 9."""


def run(effort: Effort) -> Iterator[Ratio]:
    """Measure single reads, gathered ones, many of one call, and a fleet of devices."""
    if find_spec("pymodbus") is None:
        raise Unavailable("pymodbus is not installed")
    devices = SMALL_FLEET if effort is SMOKE else FLEET
    with ExitStack() as stack:
        stack.enter_context(descriptors(2 * devices + SPARE_DESCRIPTORS))
        program = stack.enter_context(compiled("answer"))
        stack.enter_context(one_core())
        port = int(stack.enter_context(Child([program, IMAGE.hex()])).hear())
        bench = stack.enter_context(Bench(port, effort))
        yield from bench.reads()
        yield from fleet(port, devices, effort)


@contextmanager
def descriptors(count: int) -> Iterator[None]:
    """Let this process, and the children it starts meanwhile, open that many descriptors."""
    try:
        resource = import_module("resource")
    except ImportError:
        raise Unavailable("the system has no limit of descriptors to be raised") from None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count > hard != resource.RLIM_INFINITY:
        raise Unavailable(f"{count} descriptors are needed, {hard} allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Bench:
    """An event loop, and the clients that share it."""

    def __init__(self, port: int, effort: Effort) -> None:
        self._port = port
        self._effort = effort
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()

    def reads(self) -> Iterator[Ratio]:
        """Measure what one read costs by each way to ask."""
        samples = interleave(self._runner.run(self._ways_to_read()), self._effort)
        yield samples.at_most("async client FC3 of 10 against a protocol", "ours", "protocol", 1.3)
        yield samples.at_most("async client FC3 of 10", "ours", "pymodbus", 0.35)
        yield samples.at_most("async client FC3 of 10, 16 gathered", "16", "pymodbus 16", 0.15)
        yield samples.at_most("async client FC3 of 10, in one call", "many", "pymodbus 16", 0.05)

    async def _ways_to_read(self) -> dict[str, Meter]:
        protocol = await RawAsyncClient.connect(self._port)
        self._stack.callback(protocol.close)
        client = await self._open_ours()
        pipelined = await self._open_ours(max_in_flight=AT_ONCE)
        theirs = await self._open_pymodbus()
        assert list(await protocol.read_10()) == READ
        requests = [ReadHoldingRegisters(0, 10)] * MANY
        assert await pipelined.read_many(requests) == [READ] * MANY

        async def many(count: int) -> None:
            for _ in range(count // MANY):
                await pipelined.read_many(requests)

        ways: dict[str, Work] = {
            "protocol": one_by_one(protocol.read_10),
            "ours": one_by_one(read_of(client)),
            "pymodbus": one_by_one(read_of(theirs)),
            "16": gathered([read_of(pipelined)] * AT_ONCE),
            "pymodbus 16": gathered([read_of(theirs)] * AT_ONCE),
            "many": many,
        }
        return {name: self._meter(work) for name, work in ways.items()}

    async def _open_ours(self, **options: Any) -> AsyncClient:
        client = await self._stack.enter_async_context(AsyncClient(HOST, self._port, **options))
        assert await client.read_holding_registers(0, 10) == READ
        return client

    async def _open_pymodbus(self) -> Any:
        client = import_module("pymodbus.client").AsyncModbusTcpClient(HOST, port=self._port)
        assert await client.connect()
        self._stack.callback(client.close)
        assert (await client.read_holding_registers(0, count=10)).registers == READ
        return client

    def _meter(self, work: Work, at_least: int = MANY) -> Meter:
        """Return a meter of the CPU seconds of one read."""
        count = -(-self._effort.count(EXPECTED_COST) // at_least) * at_least

        async def cost() -> float:
            before = time.process_time()
            await work(count)
            return (time.process_time() - before) / count

        return lambda: self._runner.run(cost())


def read_of(client: Any) -> Read:
    """Return what reads registers 0 to 9."""
    if isinstance(client, AsyncClient):
        return partial(client.read_holding_registers, 0, 10)
    return partial(client.read_holding_registers, 0, count=10)


def one_by_one(read: Read) -> Work:
    """Return the work that reads and waits, again and again."""

    async def work(count: int) -> None:
        for _ in range(count):
            await read()

    return work


def gathered(reads: Sequence[Read]) -> Work:
    """Return the work that begins all the reads at once, again and again."""

    async def work(count: int) -> None:
        for _ in range(count // len(reads)):
            await asyncio.gather(*(read() for read in reads))

    return work


def fleet(port: int, devices: int, effort: Effort) -> Iterator[Ratio]:
    """Measure what one poll of one of many devices costs, and the memory of each."""
    rounds = 1 if effort is SMOKE else ROUNDS
    commands = {
        kind: [sys.executable, "-m", "tests.benchmarks.poll", kind, f"{port}", f"{devices}"]
        for kind in KINDS
    }
    with ExitStack() as stack:
        meters = {
            kind: polling(stack.enter_context(Child(command)), rounds)
            for kind, command in commands.items()
        }
        samples = interleave(meters, effort)
    yield samples.at_most(f"poll of one of {devices} devices", "ours", "pymodbus", 0.35)
    sizes = {}
    for kind, command in commands.items():
        with Child([*command, "memory"]) as child:
            sizes[kind] = float(child.hear())
    note = ", ".join(f"{kind} {size:.0f} B" for kind, size in sizes.items())
    name = f"memory of one of {devices} devices, in 4 KiB"
    yield Ratio(name, sizes["ours"] / 4096, 1, note=note)


def polling(fleet: Child, rounds: int) -> Meter:
    """Return a meter of the CPU seconds of one poll of a fleet."""
    return lambda: float(fleet.ask(f"{rounds}"))
