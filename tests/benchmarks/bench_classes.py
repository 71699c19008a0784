"""What the definition of a map of 60 fields costs, against a bare class of attrs with as many.

A map is checked, laid out and given references besides. It shall be ready in 3 milliseconds, which
is the limit where a bare class takes 1.9; the note says how long both took.
"""

from collections.abc import Iterator
from types import new_class
from typing import Any

import attrs

from modbus_schema import RO, RW, RegisterMap, float32, holding_register, int16, uint32
from tests.benchmarks.harness import Effort, Ratio, interleave, per_call

FIELDS = 60
KINDS: tuple[Any, ...] = (float32, int16.scaled("0.1"), uint32, int16.optional(0x8000))
NAMES = tuple(f"value_{index}" for index in range(FIELDS))


def run(effort: Effort) -> Iterator[Ratio]:
    """Define both classes again and again."""
    model = define_map()
    assert len(model.__fields__) == FIELDS
    assert len(attrs.fields(define_class())) == FIELDS
    meters = {
        "a map": per_call(define_map, effort=effort),
        "a class of attrs": per_call(define_class, effort=effort),
    }
    samples = interleave(meters, effort)
    yield samples.at_most(
        f"a map of {FIELDS} fields, against a class", "a map", "a class of attrs", 1.6
    )


def define_map() -> type[RegisterMap]:
    """Define a map of fields with units and limits, some of them writable."""
    body: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
    address = 0
    for index, name in enumerate(NAMES):
        codec = KINDS[index % len(KINDS)]
        body["__annotations__"][name] = (RO if index % 2 else RW)[Any]
        body[name] = holding_register(address, codec, unit="W", max=1000)
        address += codec.registers
    return new_class("Map", (RegisterMap,), exec_body=lambda namespace: namespace.update(body))


def define_class() -> Any:
    """Define a frozen class with slots."""
    return attrs.make_class("Plain", list(NAMES), slots=True, frozen=True)
