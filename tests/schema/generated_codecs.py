"""Hypothesis strategies for codecs, and values that fields may not like."""

import math
from collections.abc import Sequence
from datetime import UTC, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from modbus_schema.codecs import (
    Codec,
    array,
    bcd,
    bit,
    bits,
    boolean,
    composite,
    date_time,
    duration,
    enum,
    flags,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    ipv4,
    mac,
    raw,
    string,
    timestamp,
    uint8,
    uint16,
    uint32,
    uint64,
)
from modbus_schema.codecs.base import pattern_bits
from tests.schema.codec_checks import IEC, MOMENT, PAIR, Alarm, Mode, Reading

STEPS = ("0.1", "0.01", "10", "0.5", "-0.25", "1e-3")
OFFSETS = ("0", "-40", "273.15")
INTEGERS = (int16, uint16, int32, uint32, int64, uint64)
FLOATS = (float16, float32, float64)


ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 5, 7, 15, 255, 256, -129, 32767, 32768, -32768, 65535, 65536),
    *(2**31, 2**32 - 1, -(2**63), 2**64 - 1, 2**64, 10**400),
    *(0.1, 5.1, 0.30000000000000004, 0.15, 3.0, 3.9, -0.0, 1e10, 3.4e38, 1e39, 1e308, 65519.9),
    *(math.nan, math.inf, -math.inf, Decimal("0.1"), 1 + 0j),
    *(Mode.HEAT, Mode.COOL, Alarm.HOT, Alarm(0x80), "", "a", "a\0", "a ", "\0a", "ä", "\ud800"),
    *(b"", b"ab", b"abcd", b"abcdef", bytearray(b"ab"), (), (1,), (1, 2), (None, 0.1), [True]),
    *(timedelta(minutes=3), timedelta(microseconds=1), MOMENT, MOMENT.replace(tzinfo=UTC), 1 - 2j),
    *(Reading(1, 2, "V"), "10.0.0.1", "0:1", "00:80:f4:02:1a:2b"),
    *((True, False, True), (0.5, 0.5, 70000), ("a",), {"a": 1}, object()),
)


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
    known += [flags(Alarm), flags(Alarm, uint64), bcd(1), bcd(2).scaled("0.1"), bcd(3), ipv4, mac]
    known += [duration(uint16, "min"), timestamp(uint64, "ms"), date_time(*IEC, since=2000), PAIR]
    known += [int32.fixed(16), uint16.converted(chr, ord), int32.converted(str, int)]
    known += [composite(Reading, tuple, int16, uint32, string(1))]
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
    return [draw(of_bits(first, end - 1)) for first, end in pairwise(borders)]


def of_bits(first: int, last: int) -> st.SearchStrategy[Codec[Any]]:
    """Return codecs of the bits ``first`` to ``last`` of a register."""
    run = bits(first, last)
    known: list[Codec[Any]] = [run, run.scaled("0.1"), run.optional(0), run.optional(1, 0)]
    known.append(run.scaled("0.1").or_nan(1))
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
