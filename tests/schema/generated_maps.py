"""Hypothesis strategies for whole classes of maps, and for the cells and values they hold."""

from collections.abc import Callable, Sequence
from functools import partial
from types import new_class
from typing import Any, NamedTuple

import attrs
from hypothesis import strategies as st

from modbus_schema.codecs import Codec, array, bit_list, int16, single_bit
from modbus_schema.codecs.order import End
from modbus_schema.fields.descriptors import RO, RW, WO
from modbus_schema.fields.placements import (
    coil,
    discrete_input,
    group,
    holding_register,
    input_register,
    repeat,
)
from modbus_schema.layout.tree import Layout, Slot
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.planning.blocks import Block
from modbus_wire.codes import Table
from tests.schema.generated_codecs import FLOATS, INTEGERS, ODD_VALUES, bit_codecs, whole_codecs


class Extent(NamedTuple):
    """A class of map and the first address, relative to it, behind all of its fields."""

    model: type[RegisterMap]
    end: int


_ENDS: st.SearchStrategy[End | None] = st.sampled_from([None, "big", "little"])
_REGISTERS: st.SearchStrategy[Any] = st.sampled_from([holding_register, input_register])
_COILS: st.SearchStrategy[Any] = st.sampled_from([coil, discrete_input])


class _Body:
    """The fields of a class that is being drawn, one behind the other."""

    def __init__(
        self, draw: st.DrawFn, start: int, prefix: str, aliases: bool, scaled: bool
    ) -> None:
        self.draw = draw
        self.aliases = aliases
        self.scaled = scaled
        self.end = start
        self.prefix = prefix
        self.fields: dict[str, tuple[Any, Any]] = {}

    def add(self, placement: Any, *kinds: Any) -> None:
        kind = self.draw(st.sampled_from(kinds))
        self.fields[f"{self.prefix}{len(self.fields)}"] = (kind[int], placement)

    def add_register(self, table: Any, address: int, codec: Codec[Any], **keywords: Any) -> None:
        draw = self.draw
        orders = {"word_order": draw(_ENDS), "byte_order": draw(_ENDS)}
        kinds: tuple[Any, ...] = (RW, RO, WO) if table is holding_register else (RO,)
        keywords |= draw(_limits(codec))
        if draw(st.integers(0, 3)) == 0:
            keywords["every"] = draw(st.sampled_from(["1s", 0.25, "2m", "once"]))
            kinds = (RW, RO) if table is holding_register else (RO,)
        self.add(table(address, codec, **orders, **keywords), *kinds)

    def add_codec(self) -> None:
        codec, table = self.draw(whole_codecs()), self.draw(_REGISTERS)
        start = self.end + self.draw(st.integers(0, 2))
        self.add_register(table, start, codec)
        if self.aliases and self.draw(st.integers(0, 3)) == 0:
            other = self.draw(whole_codecs())
            self.add_register(table, start, other, overlap=True)
            self.end = start + other.registers
        self.end = max(self.end, start + codec.registers)

    def add_scaled(self) -> None:
        """Add numbers and, before or behind them, the scale factor that they share."""
        draw = self.draw
        sizes = draw(st.lists(st.sampled_from(INTEGERS), min_size=2, max_size=2))
        before = draw(st.booleans())
        size = sum(each.registers for each in sizes)
        at = self.end if before else self.end + size
        factors: list[Codec[Any]] = [int16, int16.optional(0x8000)]
        factor = holding_register(at, draw(st.sampled_from(factors)))
        self.add(factor, RO)
        self.end += before
        for each in sizes:
            codec: Codec[Any] = each.scaled_by(factor)
            if draw(st.booleans()):
                codec = codec.optional(0x8000)
            if draw(st.integers(0, 3)) == 0:
                codec = array(codec, 1)
            self.add_register(holding_register, self.end, codec)
            self.end += each.registers
        self.end += not before

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
        inner = self.draw(maps(depth=depth - 1, aliases=self.aliases, scaled=self.scaled))
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
def maps(draw: st.DrawFn, depth: int = 1, aliases: bool = True, scaled: bool = True) -> Extent:
    """Return classes of maps: any codecs, tables, orders and accesses; derived and nested ones.

    Some fields are views of cells that others have, unless there shall be no ``aliases``; some have
    their scale factor in another, unless nothing shall be ``scaled``.
    """
    base: type[RegisterMap] = RegisterMap
    end = 0
    if depth and draw(st.booleans()):
        base, end = draw(maps(depth=0, aliases=aliases, scaled=scaled))
    body = _Body(draw, end, prefix=f"f{end}_", aliases=aliases, scaled=scaled)
    adders: list[Callable[[], None]] = [
        body.add_codec,
        body.add_codec,
        body.add_bits,
        body.add_coils,
    ]
    if scaled:
        adders.append(body.add_scaled)
    if depth:
        adders.append(partial(body.add_group, depth))
    for adder in draw(st.lists(st.sampled_from(adders), min_size=1, max_size=5)):
        adder()
    orders = {"word_order": draw(_ENDS), "byte_order": draw(_ENDS)}
    given: dict[str, Any] = {keyword: order for keyword, order in orders.items() if order}
    if draw(st.integers(0, 3)) == 0:
        given["every"] = "90s"
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


_WORDS = st.sampled_from(
    [0, 1, 2, 5, 0xFFFF, 0xFFFE, 0x2041, 0x6100, 0x7F80, 0x7FFF, 0x8000, 0xFFFF]
)


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


def slots_with_values(layout: Layout) -> st.SearchStrategy[dict[Slot, Any]]:
    """Return odd values for some fields of a map."""
    slots = st.sampled_from(layout.slots)
    return st.dictionaries(slots, st.sampled_from(ODD_VALUES), min_size=1, max_size=2)
