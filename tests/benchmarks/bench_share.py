"""What the schema itself costs in a read of 50 float32, against unpacking them by hand.

Its own share is measured with a client that has the answer already, for the difference of two reads
over a socket would be lost in their noise; over loopback the whole reads are compared besides.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs

from modbus_schema import Device
from modbus_schema.reading.requests import read_request
from modbus_wire.sync.client import Client
from tests.benchmarks.children import Child, compiled
from tests.benchmarks.floats import DATA, FORMAT, Answering, HandWritten, floats_model
from tests.benchmarks.harness import Effort, Ratio, Samples, interleave, one_core, per_call


def run(effort: Effort) -> Iterator[Ratio]:
    """Measure the share alone, then whole reads."""
    samples = read_both_ways(Answering(), effort)
    yield samples.at_most("schema's share of 50 float32, against by hand", "ours", "by hand", 1.5)
    with compiled("answer") as program, one_core():
        samples = over_loopback(program, effort)
    yield samples.at_most("50 float32 over loopback, against by hand", "ours", "by hand", 1.2)


def over_loopback(program: Path, effort: Effort) -> Samples:
    """Read from a server in C, both ways with the same client."""
    with ExitStack() as stack:
        port = int(stack.enter_context(Child([program, DATA.hex()])).hear())
        return read_both_ways(stack.enter_context(Client("127.0.0.1", port)), effort)


def read_both_ways(client: Any, effort: Effort) -> Samples:
    """Read the model, and the same request unpacked into a class of attrs with slots."""
    device = Device(client, floats_model())
    (block,) = device.read_raw().blocks
    by_hand = hand_written(client.execute, read_request(block))
    assert attrs.astuple(by_hand()) == attrs.astuple(device.read())  # type: ignore[arg-type]
    meters = {
        "ours": per_call(device.read, effort=effort),
        "by hand": per_call(by_hand, effort=effort),
    }
    return interleave(meters, effort)


def hand_written(execute: Callable[[Any], bytes], request: object) -> Callable[[], Any]:
    """Return what reads without a schema."""
    unpack = FORMAT.unpack

    def read() -> Any:
        return HandWritten(*unpack(execute(request)))

    return read
