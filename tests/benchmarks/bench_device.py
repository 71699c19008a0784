"""What reading a whole model costs in CPU time, against a raw exchange decoded by hand.

The server is written in C and shares the core; its time does not count.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from attrs import fields

from modbus_schema import Device
from modbus_wire.sync.client import Client
from tests.benchmarks.children import Child, compiled
from tests.benchmarks.harness import Effort, Ratio, Samples, interleave, one_core, per_call
from tests.benchmarks.power_meter import IMAGE, SIZE, HandWritten, PowerMeter, decode_by_hand
from tests.benchmarks.raw import RawClient


def run(effort: Effort) -> Iterator[Ratio]:
    """Measure the read of 40 fields in 70 registers."""
    with compiled("answer") as program, one_core():
        samples = read_model(program, effort)
    yield samples.at_most("Device.read of 70 registers against by hand", "ours", "by hand", 1.4)


def read_model(program: Path, effort: Effort) -> Samples:
    """Read the meter as a model and by hand."""
    with ExitStack() as stack:
        port = int(stack.enter_context(Child([program, IMAGE.hex()])).hear())
        raw = stack.enter_context(RawClient(port))
        device = Device(stack.enter_context(Client("127.0.0.1", port)), PowerMeter)

        def by_hand() -> HandWritten:
            return decode_by_hand(raw.exchange(SIZE))

        expected, state = by_hand(), device.read()
        for field in fields(HandWritten):
            assert getattr(state, field.name) == getattr(expected, field.name), field.name
        meters = {
            "ours": per_call(device.read, effort=effort),
            "by hand": per_call(by_hand, effort=effort),
        }
        return interleave(meters, effort)
