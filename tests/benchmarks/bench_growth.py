"""By how many bytes each client and each server grows with a request, over 200 000 of them."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.bench_server import read
from tests.benchmarks.children import Child, LoadChild, ServerChild, compiled
from tests.benchmarks.grow import CLIENTS, QUANTITY
from tests.benchmarks.harness import SMOKE, Effort, Ratio
from tests.benchmarks.serve import REGISTERS

REQUESTS = 200_000
WARM_UP = 20_000
SMOKE_REQUESTS = 320
LIMIT = 0.5
LEAST = 1e-6
"""What no growth, or less, counts as."""

IMAGE = b"".join(value.to_bytes(2, "big") for value in REGISTERS)
SERVERS = {"ours": "Server", "async": "AsyncServer", "drop-in": "ModbusServer"}
CONNECTIONS = 8


def run(effort: Effort) -> Iterator[Ratio]:
    """Watch one after the other."""
    requests, warm_up = (SMOKE_REQUESTS,) * 2 if effort is SMOKE else (REQUESTS, WARM_UP)
    with compiled("answer") as answer, compiled("load") as load:
        for kind in CLIENTS:
            yield growth(kind, client_grows(answer, kind, requests, warm_up), requests)
        for kind, name in SERVERS.items():
            yield growth(name, server_grows(load, kind, requests, warm_up), requests)


def growth(name: str, size: int, requests: int) -> Ratio:
    """Return a line that says by how many bytes it grew with each request."""
    value = max(size / requests, LEAST)
    return Ratio(f"growth of {name}, bytes a request", value, LIMIT, note=f"{size} bytes in all")


def command(*words: object) -> list[str | Path]:
    """Return how the program is called whose memory is watched."""
    return [sys.executable, "-m", "tests.benchmarks.grow", *map(str, words)]


def client_grows(program: Path, kind: str, requests: int, warm_up: int) -> int:
    """Return the bytes by which a client has grown after that many requests."""
    with Child([program, IMAGE.hex()]) as server, Child(command(kind, server.hear())) as client:
        before = int(client.ask(str(warm_up)))
        return int(client.ask(str(requests))) - before


def server_grows(program: Path, kind: str, requests: int, warm_up: int) -> int:
    """Return the bytes by which a server has grown after that many requests."""
    with ExitStack() as stack:
        server = stack.enter_context(ServerChild(kind, *command(kind)))
        shape = (CONNECTIONS, 1, *read(QUANTITY)[:2])
        load = stack.enter_context(LoadChild(program, server.port, *shape))
        load.run(warm_up)
        before = int(server.ask())
        load.run(requests)
        return int(server.ask()) - before
