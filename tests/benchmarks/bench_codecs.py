"""A frozen model from register bytes and back, against the same done per field or by hand.

The model has 40 fields in 70 registers: integers of all sizes, some scaled, and floats.
"""

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from struct import Struct
from types import new_class
from typing import Any, NamedTuple

import attrs

from modbus_schema.codecs.numbers import (
    Float,
    WholeInteger,
    float32,
    int16,
    int32,
    uint16,
    uint32,
    uint64,
)
from modbus_schema.compile import compile_decoder, compile_encoder
from modbus_schema.compile.plain import decode_plain, encode_plain
from modbus_schema.fields.descriptors import RO
from modbus_schema.fields.placements import holding_register
from modbus_schema.fields.rules import ReadRules
from modbus_schema.layout.tree import Layout, layout_of
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.planning.blocks import plan
from tests.benchmarks.harness import FULL, Effort, Ratio, Unavailable, interleave, per_call, report

Way = Callable[[Any], object]


class Column(NamedTuple):
    """One field: its number, its address, its values divided by ten or not."""

    name: str
    number: WholeInteger | Float
    address: int
    tenths: bool

    @property
    def registers(self) -> slice:
        """Where the field is in a list of registers."""
        return slice(self.address, self.address + self.number.registers)


_COUNTS: dict[WholeInteger | Float, int] = {
    int16: 7,
    uint16: 7,
    int32: 7,
    uint32: 8,
    float32: 9,
    uint64: 2,
}


def _columns() -> Iterator[Column]:
    address = 0
    numbers = [number for number, count in _COUNTS.items() for _ in range(count)]
    for index, number in enumerate(numbers):
        tenths = index % 4 == 0 and isinstance(number, WholeInteger) and number is not uint64
        yield Column(f"field_{index}", number, address, tenths)
        address += number.registers


COLUMNS = tuple(_columns())
SIZE = COLUMNS[-1].registers.stop
FORMAT = Struct(">" + "".join(str(column.number.wire) for column in COLUMNS))


def model() -> type[RegisterMap]:
    """Return a new map of the columns."""
    body: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
    for column in COLUMNS:
        codec: Any = column.number.scaled("0.1") if column.tenths else column.number
        body["__annotations__"][column.name] = RO[float]
        body[column.name] = holding_register(column.address, codec)
    return new_class("Meter", (RegisterMap,), exec_body=lambda namespace: namespace.update(body))


def by_hand() -> tuple[Way, Way]:
    """Return decode and encode as one would generate them for a plain attrs class with slots."""
    names = [column.name for column in COLUMNS]
    values = [f"{c.name} / 10" if c.tenths else c.name for c in COLUMNS]
    raws = [f"round(state.{c.name} * 10)" if c.tenths else f"state.{c.name}" for c in COLUMNS]
    scope: dict[str, Any] = {
        "Plain": attrs.make_class("Plain", names, slots=True),
        "unpack": FORMAT.unpack,
        "pack": FORMAT.pack,
    }
    source = f"""
def decode(data):
    {", ".join(names)} = unpack(data)
    return Plain({", ".join(values)})

def encode(state):
    return pack({", ".join(raws)})
"""
    exec(source, scope)
    return scope["decode"], scope["encode"]


def by_pymodbustcp() -> tuple[Way, Way]:
    """Return decode and encode per field with the utils of pyModbusTCP 0.1.10."""
    utils = import_module("pyModbusTCP.utils")

    def number(column: Column, words: list[int]) -> float:
        long = words[0]
        if len(words) > 1:
            (long,) = utils.word_list_to_long(words, long_long=len(words) == 4)
        if isinstance(column.number, Float):
            return float(utils.decode_ieee(long))
        if column.number.low:
            long = utils.get_2comp(long, 16 * len(words))
        return long / 10 if column.tenths else long

    def words(column: Column, value: Any) -> list[int]:
        size = column.number.registers
        if isinstance(column.number, Float):
            return list(utils.long_list_to_word([utils.encode_ieee(value)]))
        raw = round(value * 10) if column.tenths else value
        if raw < 0:
            raw = utils.get_2comp(raw, 16 * size)
        if size == 1:
            return [raw]
        return list(utils.long_list_to_word([raw], long_long=size == 4))

    return per_field(number, words)


def by_pymodbus() -> tuple[Way, Way]:
    """Return decode and encode per field with the conversions of pymodbus."""
    mixin = import_module("pymodbus.client.mixin").ModbusClientMixin
    kinds = {number: getattr(mixin.DATATYPE, repr(number).upper()) for number in _COUNTS}

    def number(column: Column, words: list[int]) -> float:
        value: float = mixin.convert_from_registers(words, kinds[column.number])
        return value / 10 if column.tenths else value

    def words(column: Column, value: Any) -> list[int]:
        raw = round(value * 10) if column.tenths else value
        converted: list[int] = mixin.convert_to_registers(raw, kinds[column.number])
        return converted

    return per_field(number, words)


def per_field(
    number: Callable[[Column, list[int]], float], words: Callable[[Column, Any], list[int]]
) -> tuple[Way, Way]:
    """Return decode and encode that loop over the columns; the state is a list."""
    registers = Struct(f">{SIZE}H")

    def decode(data: bytes) -> list[float]:
        cells = list(registers.unpack(data))
        return [number(column, cells[column.registers]) for column in COLUMNS]

    def encode(state: list[float]) -> bytes:
        cells: list[int] = []
        for column, value in zip(COLUMNS, state, strict=True):
            cells += words(column, value)
        return registers.pack(*cells)

    return decode, encode


def compiled(layout: Layout) -> tuple[Way, Way]:
    """Return the generated functions of a map."""
    blocks = plan(layout.slots, ReadRules(max_gap=0))
    return compile_decoder(layout.root, blocks), compile_encoder(layout.root, blocks)


def run(effort: Effort) -> Iterator[Ratio]:
    """Measure decoding, then encoding."""
    for peer in ("pyModbusTCP", "pymodbus"):
        if find_spec(peer) is None:
            raise Unavailable(f"{peer} is not installed")
    meter = model()
    decode, encode = compiled(layout_of(meter))
    others = {"by hand": by_hand(), "utils": by_pymodbustcp(), "pymodbus": by_pymodbus()}
    image = FORMAT.pack(*(_raw(column, index) for index, column in enumerate(COLUMNS)))
    state = decode([image])
    states = {way: other[0](image) for way, other in others.items()}
    check(meter, image, state, states)
    assert encode(state) == [image]
    for way, other in others.items():
        assert other[1](states[way]) == image, way
    meters = {way: per_call(other[0], image, effort=effort) for way, other in others.items()}
    meters["ours"] = per_call(decode, [image], effort=effort)
    samples = interleave(meters, effort)
    yield samples.at_most("decode 40 fields, against unpack + attrs", "ours", "by hand", 1.0)
    yield samples.times_faster("decode, against pyModbusTCP utils", "ours", "utils", 12)
    yield samples.times_faster("decode, against pymodbus", "ours", "pymodbus", 30)
    meters = {way: per_call(other[1], states[way], effort=effort) for way, other in others.items()}
    meters["ours"] = per_call(encode, state, effort=effort)
    samples = interleave(meters, effort)
    yield samples.times_faster("encode, against pyModbusTCP utils", "ours", "utils", 10)
    yield samples.times_faster("encode, against pymodbus", "ours", "pymodbus", 50)


def _raw(column: Column, index: int) -> float:
    if isinstance(column.number, Float):
        return index * 1.25
    return column.number.low // 3 + index * 7 + 1


def check(meter: type[RegisterMap], image: bytes, state: Any, states: dict[str, Any]) -> None:
    """Make sure that all ways give the same values, and that ours are what the plain way says."""
    layout = layout_of(meter)
    blocks = plan(layout.slots, ReadRules(max_gap=0))
    assert state == decode_plain(layout.root, blocks, [image])
    assert encode_plain(layout.root, blocks, state) == [image]
    values = [getattr(state, column.name) for column in COLUMNS]
    assert list(attrs.astuple(states["by hand"])) == values
    assert states["utils"] == states["pymodbus"] == values


if __name__ == "__main__":
    sys.exit(not report(run(FULL)))
