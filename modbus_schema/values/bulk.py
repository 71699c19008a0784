"""The registers of many snapshots as arrays of values, with numpy instead of a loop.

Only the built-in codecs have a bulk way, and only where it gives what `Codec.decode` gives, to the
last bit; of the others, and of what has to be refused, the plain way decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from modbus_schema.codecs.arrays import Array
from modbus_schema.codecs.base import Codec, pattern_bits
from modbus_schema.codecs.bit_fields import Bit, BitRun, Boolean
from modbus_schema.codecs.bit_table import BitList, SingleBit
from modbus_schema.codecs.enums import EnumCodec, FlagsCodec
from modbus_schema.codecs.numbers import Float, IntegerCodec, WholeInteger
from modbus_schema.codecs.optional import NanCodec, OptionalCodec
from modbus_schema.codecs.order import Order
from modbus_schema.codecs.scaled_by import ScaledBy
from modbus_schema.codecs.scaling import ScaledFloat, ScaledInteger
from modbus_schema.layout.tree import Slot
from modbus_schema.planning.blocks import Block

Values: TypeAlias = npt.NDArray[Any]

EXACT = 1 << 53
"""Integers up to here are floats; the quotient of two such floats is rounded once."""


class Column(NamedTuple):
    """The values of one field, one a snapshot.

    What is ``missing`` is NaN or None where the values can be that, else any number.
    """

    values: Values
    missing: Values | None = None
    """Of a field that may be missing: which are."""

    def filled(self) -> Values:
        """Return one array: masked, unless it has NaN or None where something is missing."""
        if self.missing is None or self.values.dtype.kind in "fO":
            return self.values
        return np.ma.MaskedArray(self.values, mask=self.missing)


class Run(NamedTuple):
    """The values of one codec and order in a block: where each begins, and whose they are."""

    codec: Codec[Any]
    order: Order
    places: tuple[Any, ...]
    """Of each register of a value, in the order of the device: where it is, for all values."""
    slots: tuple[tuple[Slot, slice, tuple[int, ...]], ...]
    """Each slot, which of the values are its own, and the shape that its arrays give them."""


class BulkPlan(NamedTuple):
    """How the slots of a block are decoded; made once for each block."""

    runs: tuple[Run, ...]
    bits: tuple[Slot, ...]
    others: tuple[Slot, ...]
    """What has no bulk way."""


def bulk_plan(block: Block) -> BulkPlan:
    """Return the plan of a block's readable slots."""
    groups: dict[tuple[Codec[Any], Order], list[tuple[Slot, tuple[int, ...]]]] = {}
    bits, others = [], []
    for slot in block.slots:
        codec, shape = _items(slot.codec)
        if not slot.access.readable:
            continue
        if type(codec) in (SingleBit, BitList):
            bits.append(slot)
        elif _is_scalar(codec):
            groups.setdefault((codec, slot.order), []).append((slot, shape))
        else:
            others.append(slot)
    runs = tuple(_run(block, *key, members) for key, members in groups.items())
    return BulkPlan(runs, tuple(bits), tuple(others))


def _items(codec: Codec[Any]) -> tuple[Codec[Any], tuple[int, ...]]:
    """Return the codec of the items of arrays in arrays, and the shape of those."""
    shape = []
    while type(codec) is Array:
        shape.append(codec.count)
        codec = codec.item
    return codec, tuple(shape)


def _run(
    block: Block, codec: Codec[Any], order: Order, members: list[tuple[Slot, tuple[int, ...]]]
) -> Run:
    starts: list[int] = []
    slots = []
    for slot, shape in members:
        first = slot.address - block.address
        own = range(first, first + slot.size, codec.registers)
        slots.append((slot, slice(len(starts), len(starts) + len(own)), shape))
        starts += own
    places = tuple(_index([start + index for start in starts]) for index in range(codec.registers))
    return Run(codec, order, places, tuple(slots))


def _index(places: list[int]) -> Any:
    """Return what picks rows: a slice where they are evenly spaced, which copies nothing."""
    steps = {after - before for before, after in pairwise(places)} or {1}
    (step, *others) = steps
    if others or step < 1:
        return np.array(places)
    return slice(places[0], places[-1] + 1, step)


def bulk_columns(block: Block, plan: BulkPlan, data: Sequence[bytes]) -> dict[Slot, Column]:
    """Return the values of a block's slots from its data in many snapshots.

    A slot is left out whose registers some codec refuses: the plain way says why.
    """
    cells = np.frombuffer(b"".join(data), np.uint8).reshape(len(data), block.size)
    if block.table.is_bits:
        return _bits(block, plan, cells)
    found: dict[Slot, Column] = {}
    words = cells.view(">u2").T.astype(np.uint16, order="C")
    with np.errstate(all="ignore"):
        for run in plan.runs:
            try:
                column = _scalar(run.codec, _pattern(run, words))
            except (ArithmeticError, LookupError):
                continue
            for slot, own, shape in run.slots:
                found[slot] = _part(column, own, shape)
    return found


def _part(column: Column, own: slice, shape: tuple[int, ...]) -> Column:
    values, missing = column
    if not shape:
        return Column(values[own.start], None if missing is None else missing[own.start])
    shape = (values.shape[1], *shape)
    return Column(
        values[own].T.reshape(shape), None if missing is None else missing[own].T.reshape(shape)
    )


def _bits(block: Block, plan: BulkPlan, cells: Values) -> dict[Slot, Column]:
    bits = np.unpackbits(cells, axis=1, bitorder="little").T != 0
    found = {}
    for slot in plan.bits:
        start = slot.address - block.address
        own = bits[start : start + slot.size]
        found[slot] = Column(own[0] if type(slot.codec) is SingleBit else own.T)
    return found


def plain_column(codec: Codec[Any], values: Sequence[Any]) -> Column:
    """Return values that were decoded one by one as `bulk_column` returns them."""
    if isinstance(codec, Array | BitList):
        item: Codec[Any] = codec.item if isinstance(codec, Array) else SingleBit()
        count = codec.count if isinstance(codec, Array) else codec.registers
        flat = plain_column(item, [each for value in values for each in value])
        shape = (len(values), count, *flat.values.shape[1:])
        missing = None if flat.missing is None else flat.missing.reshape(shape)
        return Column(flat.values.reshape(shape), missing)
    column = _array(values, _dtype(codec))
    if not isinstance(codec, OptionalCodec):
        return Column(column)
    missing = np.array([value is None for value in values], bool)
    if column.dtype.kind == "f":
        column[missing] = np.nan
    return Column(column, missing)


def _array(values: Sequence[Any], dtype: npt.DTypeLike) -> Values:
    if dtype is not object:
        return np.array([0 if value is None else value for value in values], dtype)
    column = np.empty(len(values), object)
    for index, value in enumerate(values):  # numpy would take sequences for dimensions
        column[index] = value
    return column


def _dtype(codec: Any) -> npt.DTypeLike:
    if isinstance(codec, SingleBit | Bit | Boolean):
        return bool
    if isinstance(codec, ScaledInteger | ScaledFloat | ScaledBy):
        return np.float64
    if isinstance(codec, OptionalCodec | NanCodec | FlagsCodec):
        return _dtype(codec.inner)
    if isinstance(codec, Float):
        return f"f{2 * codec.registers}"
    if isinstance(codec, IntegerCodec) and codec.registers <= 4:
        size = 1 if codec.low and codec.bit_range else 2 * _whole_size(codec.registers)
        return f"{'i' if codec.low else 'u'}{size}"
    return object


def _whole_size(registers: int) -> int:
    return 4 if registers == 3 else registers


def _pattern(run: Run, words: Values) -> Values:
    """Return the raw patterns as unsigned integers, a row for each value of the run.

    Of some bits of a register, those.
    """
    codec, order = run.codec, run.order
    parts = [words[place] for place in run.places]
    if order.byte == "little":
        parts = [part.byteswap() for part in parts]
    if order.word == "little":
        parts.reverse()
    pattern: Values = parts[0].astype(f"u{2 * len(parts)}")  # a copy, which others may change
    for part in parts[1:]:
        pattern <<= 16
        pattern |= part
    if codec.bit_range is not None:
        pattern >>= codec.bit_range[0]
        pattern &= (1 << pattern_bits(codec)) - 1
    return pattern


_INTEGERS = (WholeInteger, BitRun)


def _is_scalar(codec: Any) -> bool:
    """Whether the codec is one of those below: exactly, for a derived one may decode otherwise."""
    if type(codec) in (EnumCodec, FlagsCodec, ScaledInteger):
        return type(codec.inner) in _INTEGERS
    if type(codec) is ScaledFloat:
        return type(codec.inner) is Float
    if type(codec) in (OptionalCodec, NanCodec):
        return _is_scalar(codec.inner)
    return type(codec) in (*_INTEGERS, Float, Bit, Boolean)


def _scalar(codec: Codec[Any], pattern: Values) -> Column:
    return _WAYS[type(codec)](codec, pattern)


def _number(codec: Any, pattern: Values) -> Column:
    if codec.low and codec.bit_range:
        pattern = pattern.astype(np.uint8)
    return Column(pattern.view(_dtype(codec)))


def _truth(_codec: object, pattern: Values) -> Column:
    return Column(pattern != 0)


def _scaled_integer(codec: ScaledInteger, pattern: Values) -> Column:
    line, raw = codec.line, _scalar(codec.inner, pattern).values
    largest = max(abs(codec.low), abs(codec.high)) * abs(line.slope) + abs(line.shift)
    if max(largest, line.divisor) > EXACT:
        exact = [line.value(each) for each in raw.ravel().tolist()]
        return Column(np.array(exact, np.float64).reshape(raw.shape))
    values = raw.astype(np.float64)
    if line.slope != 1:
        values *= line.slope
    if line.shift or line.slope < 0:  # adding 0 turns the -0.0 into 0.0 that no integer gives
        values += line.shift
    values /= line.divisor
    return Column(values)


def _scaled_float(codec: ScaledFloat, pattern: Values) -> Column:
    line = codec.line
    values = _scalar(codec.inner, pattern).values.astype(np.float64) * float(line.slope)
    if line.shift:
        values += float(line.shift)
    return Column(values / float(line.divisor))


def _optional(codec: OptionalCodec[Any], pattern: Values) -> Column:
    missing = _missing(codec, pattern)
    if type(codec.inner) is EnumCodec:  # a pattern that means None need not be a member
        values = np.full(pattern.shape, None, object)
        values[~missing] = _scalar(codec.inner, pattern[~missing]).values
        return Column(values, missing)
    values, others = _scalar(codec.inner, pattern)
    if others is not None:
        missing |= others
    if values.dtype.kind == "f":
        np.copyto(values, np.nan, where=missing)
    elif values.dtype.kind == "O":
        values[missing] = None
    return Column(values, missing)


def _or_nan(codec: NanCodec, pattern: Values) -> Column:
    values = _scalar(codec.inner, pattern).values.astype(np.float64)
    values[_missing(codec, pattern)] = np.nan
    return Column(values)


def _missing(codec: OptionalCodec[Any] | NanCodec, pattern: Values) -> Values:
    sentinels = np.array(codec.patterns, pattern.dtype)
    if codec.inner.wire in ("e", "f", "d"):
        dtype = f"f{2 * codec.registers}"
        pattern, sentinels = pattern.view(dtype), sentinels.view(dtype)
    missing = np.zeros(pattern.shape, bool)
    for sentinel in sentinels:
        missing |= pattern == sentinel if sentinel == sentinel else pattern != pattern
    return missing


def _enum(codec: EnumCodec[Any], pattern: Values) -> Column:
    numbers = _scalar(codec.inner, pattern).values
    raw, places = np.unique(numbers.ravel(), return_inverse=True)
    members = np.empty(len(raw), object)
    for index, number in enumerate(raw.tolist()):
        kept = codec.keep_unknown and number not in codec.members
        members[index] = number if kept else codec.members[number]
    return Column(members[places].reshape(numbers.shape))


def _flags(codec: FlagsCodec[Any], pattern: Values) -> Column:
    return _scalar(codec.inner, pattern)


_WAYS: dict[type, Callable[[Any, Values], Column]] = {
    WholeInteger: _number,
    BitRun: _number,
    Float: lambda codec, pattern: Column(pattern.view(_dtype(codec))),
    Bit: _truth,
    Boolean: _truth,
    ScaledInteger: _scaled_integer,
    ScaledFloat: _scaled_float,
    OptionalCodec: _optional,
    NanCodec: _or_nan,
    EnumCodec: _enum,
    FlagsCodec: _flags,
}


def joined(columns: Sequence[Column]) -> Column:
    """Return columns of one field, one behind the other."""
    if len(columns) == 1:
        return columns[0]
    missing = [column.missing for column in columns if column.missing is not None]
    values = np.concatenate([column.values for column in columns])
    return Column(values, np.concatenate(missing) if missing else None)


def absent(count: int) -> Column:
    """Return the column of a field that was not read."""
    return Column(np.full(count, None, object))
