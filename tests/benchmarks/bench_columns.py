"""A thousand raw snapshots of a map of 50 fields to columns, in bulk and one by one.

The second ratio is against the decodes alone, whose instances are no columns yet.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from random import Random
from types import new_class
from typing import Any

from modbus_schema.codecs import float32, int16, uint16, uint32
from modbus_schema.compile import compile_decoder
from modbus_schema.fields.descriptors import RO
from modbus_schema.fields.placements import holding_register
from modbus_schema.layout.tree import layout_of
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.planning.blocks import plan_model
from modbus_schema.planning.snapshots import RawSnapshot
from tests.benchmarks.harness import FULL, Effort, Ratio, Unavailable, interleave, per_call, report

SNAPSHOTS = 1000
CODECS: tuple[Any, ...] = (
    float32,
    int16.scaled("0.1"),
    uint32,
    int16.scaled("0.1").optional(0x8000),
    uint16,
)
FIELDS = 50


def model() -> type[RegisterMap]:
    """Return a map with as many fields of each codec."""
    body: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
    address = 0
    for index in range(FIELDS):
        codec = CODECS[index % len(CODECS)]
        body["__annotations__"][f"field_{index}"] = RO[Any]
        body[f"field_{index}"] = holding_register(address, codec)
        address += codec.registers
    return new_class("Meter", (RegisterMap,), exec_body=lambda namespace: namespace.update(body))


def run(effort: Effort = FULL) -> Iterator[Ratio]:
    """Decode the same snapshots both ways; in bulk it is at least ten times faster."""
    if find_spec("numpy") is None:
        raise Unavailable("numpy is not installed")
    from modbus_schema.values.columns import columns

    meter = model()
    layout = layout_of(meter)
    blocks = plan_model(layout)
    decode = compile_decoder(layout.root, blocks)
    random = Random(1)
    snapshots = [
        RawSnapshot(meter, blocks, tuple(random.randbytes(block.size) for block in blocks))
        for _ in range(SNAPSHOTS)
    ]

    def decodes() -> list[Any]:
        return [decode(snapshot.data) for snapshot in snapshots]

    def one_by_one() -> Any:
        return columns(decodes())

    def in_bulk() -> Any:
        return columns(snapshots)

    singles = decodes()
    for name, column in in_bulk().items():
        pairs = zip(column.tolist(), (getattr(single, name) for single in singles), strict=True)
        wrong = [(found, value) for found, value in pairs if found == found and found != value]
        if wrong:
            raise AssertionError(f"{name}: {wrong[0]}")
    samples = interleave(
        {
            "one by one": per_call(one_by_one, effort=effort),
            "decodes": per_call(decodes, effort=effort),
            "in bulk": per_call(in_bulk, effort=effort),
        },
        effort,
    )
    name = f"{SNAPSHOTS} snapshots of {FIELDS} fields"
    yield samples.times_faster(f"{name} to columns", "in bulk", "one by one", 10)
    yield samples.times_faster(f"{name}, as instances", "in bulk", "decodes", 3)


if __name__ == "__main__":
    raise SystemExit(0 if report(run()) else 1)
