"""Hypothesis strategies for codecs, whole classes of maps, the cells they hold, and odd values."""

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from itertools import pairwise
from types import new_class
from typing import Any, NamedTuple

import attrs
from hypothesis import strategies as st

from modbus_schema.codecs import (
    Codec,
    array,
    bit,
    bit_list,
    bits,
    boolean,
    enum,
    flags,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    raw,
    single_bit,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
)
from modbus_schema.codecs.base import pattern_bits
from modbus_schema.codecs.order import End
from modbus_schema.fields import RO, RW, WO
from modbus_schema.layout import Layout, Slot
from modbus_schema.model import RegisterMap
from modbus_schema.placements import (
    coil,
    discrete_input,
    group,
    holding_register,
    input_register,
    repeat,
)
from modbus_schema.planning import Block
from modbus_wire.codes import Table
from tests.schema.codec_checks import Alarm, Mode

STEPS = ("0.1", "0.01", "10", "0.5", "-0.25", "1e-3")
OFFSETS = ("0", "-40", "273.15")
INTEGERS = (int16, uint16, int32, uint32, int64, uint64)
FLOATS = (float16, float32, float64)


class Seconds(Codec[int]):
    """A codec of a user's own: minutes and seconds in two registers."""

    registers = 2

    def decode(self, words: Sequence[int]) -> int:
        return words[0] * 60 + words[1]

    def encode(self, value: int) -> list[int]:
        return [value // 60, value % 60]


class Swapped(Codec[int]):
    """Another: one number of two registers, which raises whatever it likes."""

    registers = 2
    number_registers = 2

    def decode(self, words: Sequence[int]) -> int:
        return [0xBEEF, *range(0x10000)].index(words[0]) + words[1]

    def encode(self, value: int) -> list[int]:
        return {0: [0xBEEF, 0]}[value]


class Nibble(Codec[int]):
    """A third: some bits of a register, negated."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.bit_range = (first, first + 3)

    def decode(self, words: Sequence[int]) -> int:
        return ~words[0] >> self.first & 15

    def encode(self, value: int) -> list[int]:
        return [(~value & 15) << self.first if 0 <= value <= 15 else value]


def scaled() -> st.SearchStrategy[Codec[Any]]:
    """Return scaled numbers."""
    numbers = st.sampled_from((*INTEGERS, *FLOATS))
    steps, offsets = st.sampled_from(STEPS), st.sampled_from(OFFSETS)
    return st.builds(lambda number, *line: number.scaled(*line), numbers, steps, offsets)


def simple_codecs() -> st.SearchStrategy[Codec[Any]]:
    """Return codecs of whole registers that are made of no other."""
    strings = st.builds(
        string,
        st.integers(1, 4),
        st.sampled_from(["latin-1", "utf-8", "utf-16-be"]),
        padding=st.sampled_from("\0 "),
        terminated=st.booleans(),
    )
    known: list[Codec[Any]] = [*INTEGERS, *FLOATS, boolean, Seconds(), Swapped()]
    known += [enum(Mode), enum(Mode, keep_unknown=True), enum(Mode, int32, keep_unknown=True)]
    known += [flags(Alarm), flags(Alarm, uint64)]
    return st.sampled_from(known) | scaled() | strings | st.builds(raw, st.integers(1, 3))


@st.composite
def optionals(draw: st.DrawFn, codecs: st.SearchStrategy[Codec[Any]]) -> Codec[Any]:
    """Return codecs with one or two sentinels."""
    codec = draw(codecs)
    largest = (1 << pattern_bits(codec)) - 1
    patterns = st.sampled_from([0, 1, largest, largest // 2, largest // 2 + 1])
    sentinels: list[float] = draw(st.lists(patterns, min_size=1, max_size=2))
    if codec.wire in ("e", "f", "d") and draw(st.booleans()):
        sentinels.insert(0, math.nan)
    return codec.optional(*sentinels)


def whole_codecs() -> st.SearchStrategy[Codec[Any]]:
    """Return codecs of whole registers, a few levels deep."""
    return st.recursive(
        simple_codecs(),
        lambda inner: optionals(inner) | st.builds(array, inner, st.integers(1, 3)),
        max_leaves=3,
    )


@st.composite
def bit_codecs(draw: st.DrawFn) -> list[Codec[Any]]:
    """Return codecs that share one register."""
    borders = [0, *sorted(draw(st.sets(st.integers(1, 15), max_size=4))), 16]
    return [draw(_of_bits(first, end - 1)) for first, end in pairwise(borders)]


def _of_bits(first: int, last: int) -> st.SearchStrategy[Codec[Any]]:
    run = bits(first, last)
    known: list[Codec[Any]] = [run, run.scaled("0.1"), run.optional(0), run.optional(1, 0)]
    if first == last:
        known.append(bit(first))
    if last - first > 1:
        known += [enum(Mode, run), enum(Mode, run, keep_unknown=True), flags(Alarm, run)]
        known.append(enum(Mode, run).optional(7))
    if last - first == 3:
        known.append(Nibble(first))
    if last - first == 7:
        known += [int8.low, int8.low.scaled("0.1"), uint8.low.optional(0x80)] if last == 7 else []
        known += [uint8.high, int8.high.optional(0x80)] if last == 15 else []
    return st.sampled_from(known)


class Extent(NamedTuple):
    """A class of map and the first address, relative to it, behind all of its fields."""

    model: type[RegisterMap]
    end: int


_ENDS: st.SearchStrategy[End | None] = st.sampled_from([None, "big", "little"])
_REGISTERS: st.SearchStrategy[Any] = st.sampled_from([holding_register, input_register])
_COILS: st.SearchStrategy[Any] = st.sampled_from([coil, discrete_input])


class _Body:
    """The fields of a class that is being drawn, one behind the other."""

    def __init__(self, draw: st.DrawFn, start: int, prefix: str) -> None:
        self.draw = draw
        self.end = start
        self.prefix = prefix
        self.fields: dict[str, tuple[Any, Any]] = {}

    def add(self, placement: Any, *kinds: Any) -> None:
        kind = self.draw(st.sampled_from(kinds))
        self.fields[f"{self.prefix}{len(self.fields)}"] = (kind[int], placement)

    def add_register(self, table: Any, address: int, codec: Codec[Any], **keywords: Any) -> None:
        draw = self.draw
        orders = {"word_order": draw(_ENDS), "byte_order": draw(_ENDS)}
        kinds = (RW, RO, WO) if table is holding_register else (RO,)
        keywords |= draw(_limits(codec))
        self.add(table(address, codec, **orders, **keywords), *kinds)

    def add_codec(self) -> None:
        codec, table = self.draw(whole_codecs()), self.draw(_REGISTERS)
        start = self.end + self.draw(st.integers(0, 2))
        self.add_register(table, start, codec)
        if self.draw(st.integers(0, 3)) == 0:
            other = self.draw(whole_codecs())
            self.add_register(table, start, other, overlap=True)
            self.end = start + other.registers
        self.end = max(self.end, start + codec.registers)

    def add_bits(self) -> None:
        table = self.draw(_REGISTERS)
        byte_order = self.draw(_ENDS)
        for codec in self.draw(bit_codecs()):
            kinds = (RW, RO, WO) if table is holding_register else (RO,)
            self.add(table(self.end, codec, byte_order=byte_order), *kinds)
        self.end += 1

    def add_coils(self) -> None:
        table = self.draw(_COILS)
        kinds = (RW, RO, WO) if table is coil else (RO,)
        for _ in range(self.draw(st.integers(1, 9))):
            size = self.draw(st.sampled_from([0, 0, 0, 0, 1, 3, 17]))
            self.end += self.draw(st.sampled_from([0, 0, 0, 1, 5]))
            self.add(table(self.end, bit_list(size) if size else single_bit), *kinds)
            self.end += max(size, 1)

    def add_group(self, depth: int) -> None:
        inner = self.draw(maps(depth=depth - 1))
        if self.draw(st.booleans()):
            self.add(group(inner.model, base=self.end), RO)
            self.end += inner.end
        else:
            count = self.draw(st.integers(1, 3))
            placed = repeat(inner.model, base=self.end, stride=inner.end, count=count)
            self.add(placed, RO)
            self.end += inner.end * count


def _limits(codec: Codec[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return keywords for limits and validators that codecs of plain numbers may have."""
    if codec not in (*INTEGERS, *FLOATS):
        return st.just({})
    limit = st.sampled_from([None, -5, 0, 7.5])
    upper = st.sampled_from([None, 8, 1e9])
    validator = st.sampled_from([None, None, attrs.validators.ge(0)])
    return st.fixed_dictionaries({"min": limit, "max": upper, "validator": validator})


@st.composite
def maps(draw: st.DrawFn, depth: int = 1) -> Extent:
    """Return classes of maps: any codecs, tables, orders and accesses; derived and nested ones."""
    base: type[RegisterMap] = RegisterMap
    end = 0
    if depth and draw(st.booleans()):
        base, end = draw(maps(depth=0))
    body = _Body(draw, end, prefix=f"f{end}_")
    adders: list[Callable[[], None]] = [
        body.add_codec,
        body.add_codec,
        body.add_bits,
        body.add_coils,
    ]
    if depth:
        adders.append(partial(body.add_group, depth))
    for adder in draw(st.lists(st.sampled_from(adders), min_size=1, max_size=5)):
        adder()
    orders = {"word_order": draw(_ENDS), "byte_order": draw(_ENDS)}
    given = {keyword: order for keyword, order in orders.items() if order}
    namespace: dict[str, Any] = {name: placed for name, (_, placed) in body.fields.items()}
    namespace["__annotations__"] = {name: kind for name, (kind, _) in body.fields.items()}
    namespace["__module__"] = __name__
    model = new_class("Map", (base,), given, lambda body: body.update(namespace))
    return Extent(model, body.end)


def whole_tables(layout: Layout) -> tuple[Block, ...]:
    """Return a block for each table that a map has fields in, from its first to its last one."""
    blocks = []
    for table in Table:
        slots = [slot for slot in layout.slots if slot.table is table]
        if slots:
            slots.sort(key=lambda slot: slot.address)
            start, end = slots[0].address, max(slot.end for slot in slots)
            blocks.append(Block(table, start, end - start, tuple(slots)))
    return tuple(blocks)


_WORDS = st.sampled_from([0, 1, 2, 5, 0x2041, 0x6100, 0x7F80, 0x7FFF, 0x8000, 0xFFFF])


@st.composite
def cells(draw: st.DrawFn, blocks: Sequence[Block]) -> list[bytes]:
    """Return data for blocks, with the words at which codecs have their borders."""
    data = []
    for block in blocks:
        if block.table.is_bits:
            size = (block.quantity + 7) // 8
            packed = draw(st.binary(min_size=size, max_size=size))
            data.append(_without_padding(packed, block.quantity))
        else:
            word = _WORDS | st.integers(0, 0xFFFF)
            size = block.quantity
            words = draw(st.lists(word, min_size=size, max_size=size))
            data.append(b"".join(word.to_bytes(2, "big") for word in words))
    return data


def _without_padding(packed: bytes, quantity: int) -> bytes:
    number = int.from_bytes(packed, "little") & (1 << quantity) - 1
    return number.to_bytes(len(packed), "little")


ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 5, 7, 15, 255, 256, -129, 32767, 32768, -32768, 65535, 65536),
    *(2**31, 2**32 - 1, -(2**63), 2**64 - 1, 2**64, 10**400),
    *(0.1, 5.1, 0.30000000000000004, 0.15, 3.0, 3.9, -0.0, 1e10, 3.4e38, 1e39, 1e308, 65519.9),
    *(math.nan, math.inf, -math.inf, Decimal("0.1"), 1 + 0j),
    *(Mode.HEAT, Mode.COOL, Alarm.HOT, Alarm(0x80), "", "a", "a\0", "a ", "\0a", "ä", "\ud800"),
    *(b"", b"ab", b"abcd", b"abcdef", bytearray(b"ab"), (), (1,), (1, 2), (None, 0.1), [True]),
    *((True, False, True), (0.5, 0.5, 70000), ("a",), {"a": 1}, object()),
)


def slots_with_values(layout: Layout) -> st.SearchStrategy[dict[Slot, Any]]:
    """Return odd values for some fields of a map."""
    slots = st.sampled_from(layout.slots)
    return st.dictionaries(slots, st.sampled_from(ODD_VALUES), min_size=1, max_size=2)
