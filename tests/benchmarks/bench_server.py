"""What a request costs a server in CPU time, each server in a process of its own.

The others are pyModbusTCP 0.1.10 and libmodbus, which is written in C. Both ends share one core,
but for the last row; the load generator is written in C and checks every byte of every answer.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.children import LoadChild, ServerChild, compiled
from tests.benchmarks.harness import Effort, Meter, Ratio, Unavailable, interleave, one_core
from tests.benchmarks.serve import REGISTERS
from tests.wire.peers import ascii_frame, rtu

EXPECTED_COST = 20e-6
ENOUGH_IDLE_CORES = 1.8
PATIENCE = 1200
"""How many times as long as a round lasts to wait for other work on the machine to end."""


class Exchange(NamedTuple):
    """One request ADU and the one right answer to it; both with transaction id 0 and unit id 1."""

    request: bytes
    answer: bytes
    is_plain: bool = False
    """Whether the frames have no transaction ids."""


def adu(pdu: bytes) -> bytes:
    """Wrap a PDU in an MBAP header (TCP §3.1.3)."""
    return bytes(4) + (len(pdu) + 1).to_bytes(2, "big") + b"\x01" + pdu


def plain_exchange(frame: Callable[[int, bytes], bytes], quantity: int) -> Exchange:
    """FC3 of that many registers from address 0 in RTU or ASCII frames."""
    request = b"\x03\x00\x00" + quantity.to_bytes(2, "big")
    answer = bytes([3, quantity * 2]) + register_bytes(quantity)
    return Exchange(frame(1, request), frame(1, answer), is_plain=True)


def register_bytes(quantity: int) -> bytes:
    """Return what the first registers of the servers hold."""
    return b"".join(value.to_bytes(2, "big") for value in REGISTERS[:quantity])


def read(quantity: int) -> Exchange:
    """FC3 of that many registers from address 0."""
    request = b"\x03\x00\x00" + quantity.to_bytes(2, "big")
    return Exchange(adu(request), adu(bytes([3, quantity * 2]) + register_bytes(quantity)))


def write(quantity: int) -> Exchange:
    """FC16 of that many registers from address 0, with the values they have already."""
    head = b"\x10\x00\x00" + quantity.to_bytes(2, "big")
    return Exchange(adu(head + bytes([quantity * 2]) + register_bytes(quantity)), adu(head))


class Scenario(NamedTuple):
    """What the load generator does, and the share of another server's cost that it may cost."""

    name: str
    exchange: Exchange
    connections: int
    depth: int
    limit: float
    server: str = "ours"
    base: str = "pyModbusTCP"
    base_exchange: Exchange | None = None
    """What the other server is asked, where that is something else."""


SCENARIOS = (
    Scenario("server FC3 of 10, 1 connection", read(10), 1, 1, 0.95),
    Scenario("server FC3 of 10, 64 connections", read(10), 64, 1, 0.65),
    Scenario("server FC3 of 125, 64 connections", read(125), 64, 1, 0.35),
    Scenario("server FC16 of 100, 64 connections", write(100), 64, 1, 0.3),
    Scenario("server FC3 of 10, 8 connections, 16 pipelined", read(10), 8, 16, 0.15),
    Scenario("drop-in server FC3 of 10, 64 connections", read(10), 64, 1, 0.65, "drop-in"),
    Scenario("async server FC3 of 10, 64 connections", read(10), 64, 1, 0.95, "async"),
    Scenario("async server FC3 of 10, 8 connections, 16 pipelined", read(10), 8, 16, 0.2, "async"),
)
SCENARIOS_IN_C = (
    Scenario("server FC3 of 10, 64, against libmodbus", read(10), 64, 1, 1.25, base="libmodbus"),
    Scenario("server FC3 of 125, 64, against libmodbus", read(125), 64, 1, 1.25, base="libmodbus"),
    Scenario(
        "server FC16 of 100, 64, against libmodbus", write(100), 64, 1, 1.25, base="libmodbus"
    ),
    Scenario(
        "server FC3 of 10, 16 pipelined, against libmodbus", read(10), 8, 16, 0.3, base="libmodbus"
    ),
)
FRAMINGS = tuple(
    Scenario(
        f"server {name.upper()} over TCP, FC3 of {quantity}, against Modbus TCP",
        plain_exchange(frame, quantity),
        64,
        1,
        1.5,
        name,
        "ours",
        read(quantity),
    )
    for name, frame, quantity in (("rtu", rtu, 10), ("rtu", rtu, 125), ("ascii", ascii_frame, 10))
)
ON_UVLOOP = Scenario(
    "async server on uvloop, FC3 of 10, 64 connections", read(10), 64, 1, 0.8, "async on uvloop"
)


class Bench:
    """The servers and load generators of one run, ended with it."""

    def __init__(self, program: Path, stack: ExitStack) -> None:
        self._program = program
        self._stack = stack
        self._servers: dict[str, ServerChild] = {}

    def server(self, kind: str) -> ServerChild:
        """Return the server of that kind, started on first use."""
        if kind not in self._servers:
            child = self._in_c() if kind == "libmodbus" else ServerChild(kind)
            self._servers[kind] = self._stack.enter_context(child)
        return self._servers[kind]

    def _in_c(self) -> ServerChild:
        program = self._stack.enter_context(compiled("libmodbus_server", "modbus"))
        return ServerChild("libmodbus", program, register_bytes(len(REGISTERS)).hex())

    def load(self, stack: ExitStack, kind: str, scenario: Scenario) -> LoadChild:
        """Connect a load generator to the server of that kind until ``stack`` ends."""
        port = self.server(kind).port
        request, answer, is_plain = scenario.exchange
        shape = (scenario.connections, scenario.depth, request, answer)
        return stack.enter_context(LoadChild(self._program, port, *shape, is_plain=is_plain))

    def cpu_meter(self, stack: ExitStack, kind: str, scenario: Scenario, effort: Effort) -> Meter:
        """Return a meter of the server's CPU seconds for one request."""
        server, load = self.server(kind), self.load(stack, kind, scenario)
        count = effort.count(EXPECTED_COST)

        def cost() -> float:
            before = server.cpu_seconds()
            load.run(count)
            return (server.cpu_seconds() - before) / count

        return cost

    def wall_meter(self, stack: ExitStack, kind: str, scenario: Scenario, effort: Effort) -> Meter:
        """Return a meter of the seconds that pass for one request."""
        load, count = self.load(stack, kind, scenario), effort.count(EXPECTED_COST)
        return lambda: load.run(count).seconds / count


def run(effort: Effort) -> Iterator[Ratio]:
    """Measure every scenario, 512 connections against 64, and throughput.

    Those against libmodbus are left out where it cannot be compiled, that on uvloop without it.
    """
    if find_spec("pyModbusTCP") is None:
        raise Unavailable("pyModbusTCP 0.1.10 is not installed")
    with compiled("load") as program:
        with one_core(), ExitStack() as stack:
            bench = Bench(program, stack)
            for scenario in (*SCENARIOS, *FRAMINGS):
                yield compare(bench, scenario, effort)
            if find_spec("uvloop") is not None:
                yield compare(bench, ON_UVLOOP, effort)
            with suppress(Unavailable):
                for scenario in SCENARIOS_IN_C:
                    yield compare(bench, scenario, effort)
            yield crowd(bench, effort)
        with ExitStack() as stack:
            yield throughput(Bench(program, stack), effort)


def compare(bench: Bench, scenario: Scenario, effort: Effort) -> Ratio:
    """Measure one scenario on the server it names and on the other."""
    as_base = scenario._replace(exchange=scenario.base_exchange or scenario.exchange)
    shapes = {scenario.server: scenario, scenario.base: as_base}
    with ExitStack() as stack:
        meters = {
            kind: bench.cpu_meter(stack, kind, shape, effort) for kind, shape in shapes.items()
        }
        samples = interleave(meters, effort)
    return samples.at_most(scenario.name, scenario.server, scenario.base, scenario.limit)


def crowd(bench: Bench, effort: Effort) -> Ratio:
    """Measure what a request costs among 512 connections, against 64."""
    with ExitStack() as stack:
        meters = {
            str(connections): bench.cpu_meter(
                stack, "ours", Scenario("", read(10), connections, 1, 0), effort
            )
            for connections in (512, 64)
        }
        samples = interleave(meters, effort)
    return samples.at_most("server FC3 of 10, 512 connections against 64", "512", "64", 1.3)


def throughput(bench: Bench, effort: Effort) -> Ratio:
    """Measure requests per second of 64 connections, each end on a core of its own choice.

    Other work on the machine leaves both servers one core, and then pyModbusTCP's threads do not
    get into each other's way: the ratio means something only where two cores were idle.
    """
    scenario = Scenario("", read(10), 64, 1, 0)
    idle = wait_for_idle_cores(PATIENCE * effort.seconds)
    with ExitStack() as stack:
        meters = {
            kind: bench.wall_meter(stack, kind, scenario, effort)
            for kind in ("ours", "pyModbusTCP")
        }
        samples = interleave(meters, effort)
    ratio = samples.times_faster(
        "server requests/s, 64 connections, not pinned", "ours", "pyModbusTCP", 4
    )
    return ratio._replace(note=f"{ratio.note}; {idle:.1f} of {os.cpu_count()} cores idle before")


def wait_for_idle_cores(limit: float) -> float:
    """Wait for two idle cores, ``limit`` seconds at most; return how many there were at the end."""
    deadline = time.monotonic() + limit
    while (idle := idle_cores()) < ENOUGH_IDLE_CORES and time.monotonic() < deadline:
        pass
    return idle


def idle_cores(seconds: float = 0.2) -> float:
    """Return how many cores on average had nothing to do while this process slept."""
    before = idle_seconds()
    time.sleep(seconds)
    return (idle_seconds() - before) / seconds


def idle_seconds() -> float:
    """Return how long all cores together have been idle since the system started."""
    ticks = int(Path("/proc/stat").read_text().split()[4])
    return ticks / os.sysconf("SC_CLK_TCK")
