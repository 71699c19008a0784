"""One check of all verbs of any codec, and the codecs that are checked."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum, IntEnum, IntFlag
from ipaddress import IPv4Address, IPv6Address
from typing import Any, NamedTuple

import pytest

from modbus_schema import codecs
from modbus_schema.codecs import (
    Codec,
    array,
    bcd,
    bit,
    bit_list,
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
    ipv6,
    mac,
    raw,
    single_bit,
    string,
    timestamp,
    uint8,
    uint16,
    uint32,
    uint64,
)
from modbus_schema.codecs.base import bit_mask, canonical, device_bytes, pattern_of
from modbus_schema.codecs.order import ABCD, BADC, CDAB, DCBA, Order

ORDERS: tuple[Order, ...] = (ABCD, CDAB, BADC, DCBA)


class Mode(IntEnum):
    """Values that fit three bits."""

    OFF = 0
    HEAT = 1
    COOL = 5


class Phase(Enum):
    """An enum of plain integers, one of them negative."""

    LAGGING = -1
    NONE = 0
    LEADING = 1


class Alarm(IntFlag):
    """Two named bits of many."""

    HOT = 1
    WET = 4


class Reading(NamedTuple):
    """Three values of different sizes."""

    level: int
    total: int
    unit: str


def parts_of(number: complex) -> tuple[float, float]:
    """Return the real and the imaginary part."""
    return number.real, number.imag


SIX = ("year", "month", "day", "hour", "minute", "second")
IEC = ("year", "month day", "hour minute", "millisecond")
MOMENT = datetime(2024, 3, 1, 12, 30, 59, 123_000)
NEW_YEAR = datetime(2024, 12, 31, 23)
PAIR = composite(complex, parts_of, float16, float16)
READING = Reading(7, 0x10002, "kW")


class Case(NamedTuple):
    """Words in canonical order and the value that they mean."""

    codec: Codec[Any]
    words: Sequence[int]
    value: Any

    def __repr__(self) -> str:
        return f"{self.codec!r} {self.value!r}"


CASES = (
    Case(int16, [0x8000], -32768),
    Case(int16, [0xFFFF], -1),
    Case(uint16, [0xFFFF], 65535),
    Case(int32, [0x8000, 0], -(2**31)),
    Case(int32, [0, 1], 1),
    Case(uint32, [0xDEAD, 0xBEEF], 0xDEADBEEF),
    Case(int64, [0x7FFF, 0xFFFF, 0xFFFF, 0xFFFF], 2**63 - 1),
    Case(int64, [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE], -2),
    Case(uint64, [1, 2, 3, 4], 0x0001_0002_0003_0004),
    Case(uint64, [0xFFFF] * 4, 2**64 - 1),
    Case(float16, [0x3C01], 1.0009765625),
    Case(float16, [0xFC00], -math.inf),
    Case(float32, [0x42F6, 0xE979], 123.45600128173828),
    Case(float32, [0x7FC0, 0], math.nan),
    Case(float32, [0x7F7F, 0xFFFF], 3.4028234663852886e38),
    Case(float64, [0x3FB9, 0x9999, 0x9999, 0x999A], 0.1),
    Case(int8.high, [0x8000], -128),
    Case(int8.low, [0x00FF], -1),
    Case(uint8.high, [0xFF00], 255),
    Case(uint8.low, [0x007B], 123),
    Case(boolean, [1], True),
    Case(boolean, [0], False),
    Case(bit(0), [1], True),
    Case(bit(15), [0x8000], True),
    Case(bit(7), [0], False),
    Case(bits(0, 15), [0xABCD], 0xABCD),
    Case(bits(3, 4), [0x0010], 2),
    Case(bits(15, 15), [0x8000], 1),
    Case(enum(Mode), [5], Mode.COOL),
    Case(enum(Mode, keep_unknown=True), [1], Mode.HEAT),
    Case(enum(Mode, keep_unknown=True), [99], 99),
    Case(enum(Mode, bits(8, 10)), [0x0500], Mode.COOL),
    Case(enum(Mode, uint8.low, keep_unknown=True), [0x0063], 99),
    Case(enum(Phase, int16), [0xFFFF], Phase.LAGGING),
    Case(enum(Phase, int32), [0, 1], Phase.LEADING),
    Case(flags(Alarm), [5], Alarm.HOT | Alarm.WET),
    Case(flags(Alarm, uint32), [0x8000, 1], Alarm(0x80000001)),
    Case(flags(Alarm, bits(4, 7)), [0x0090], Alarm(9)),
    Case(string(3), [0x6162, 0x6300, 0], "abc"),
    Case(string(3), [0x6100, 0x6200, 0], "a\0b"),
    Case(string(2), [0, 0], ""),
    Case(string(2), [0xC3A4, 0xC3B6], "äö"),
    Case(string(3, "latin-1", padding=" "), [0xE420, 0x6220, 0x2020], "ä b"),
    Case(string(3, terminated=True), [0x6162, 0x6300, 0], "abc"),
    Case(string(3, "ascii", padding=" ", terminated=True), [0x6100, 0x2020, 0x2020], "a"),
    Case(string(2, fallback="latin-1"), [0xC3A4, 0xC3B6], "äö"),
    Case(string(3, "utf-16-be"), [0x00E4, 0xD83D, 0xDE00], "ä\U0001f600"),
    Case(string(2, "utf-16-le", terminated=True), [0x6100, 0], "a"),
    Case(raw(2), [0x0102, 0xFFFE], b"\x01\x02\xff\xfe"),
    Case(array(int16, 3), [1, 0xFFFF, 3], (1, -1, 3)),
    Case(array(float32, 2), [0x3F80, 0, 0xC000, 0], (1.0, -2.0)),
    Case(array(int16.scaled("0.1").optional(0x8000), 2), [0x8000, 302], (None, 30.2)),
    Case(array(array(uint16, 2), 2), [1, 2, 3, 4], ((1, 2), (3, 4))),
    Case(array(string(1), 2), [0x6162, 0x6300], ("ab", "c")),
    Case(array(enum(Mode, bits(0, 2)).optional(7), 2), [7, 5], (None, Mode.COOL)),
    Case(array(array(int32.optional(0), 1), 2), [0, 0, 0, 9], ((None,), (9,))),
    Case(int16.scaled("0.1"), [302], 30.2),
    Case(int16.scaled("0.1"), [51], 5.1),
    Case(int16.scaled("0.1"), [0xFFFF], -0.1),
    Case(int16.scaled("0.01", "-40"), [0], -40.0),
    Case(int16.scaled("-0.5", 3), [4], 1.0),
    Case(uint16.scaled(1000), [65535], 65535000.0),
    Case(uint16.scaled("1e-3"), [1], 0.001),
    Case(uint32.scaled("0.001"), [0xFFFF, 0xFFFF], 4294967.295),
    Case(uint64.scaled("0.01"), [0, 0, 0, 12345], 123.45),
    Case(uint64.scaled("0.01"), [0xFFFF] * 4, 1.8446744073709552e17),
    Case(int8.high.scaled("0.5"), [0xFF00], -0.5),
    Case(bits(4, 7).scaled("0.1"), [0x00F0], 1.5),
    Case(float32.scaled(1000), [0x3FA0, 0], 1250.0),
    Case(float32.scaled("0.1", "32"), [0x41A0, 0], 34.0),
    Case(int16.optional(0x8000), [0x8000], None),
    Case(int16.optional(0x8000), [0x7FFF], 32767),
    Case(int16.scaled("0.1").or_nan(0x8000), [0x8000], math.nan),
    Case(int16.scaled("0.1").or_nan(0x8000), [0x7FFF], 3276.7),
    Case(float32.or_nan(0), [0, 0], math.nan),
    Case(array(uint32.scaled(10).or_nan(0, 0xFFFFFFFF), 2), [0, 0, 0, 1], (math.nan, 10.0)),
    Case(uint32.optional(0xFFFFFFFF), [0xFFFF, 0xFFFF], None),
    Case(uint64.optional(0), [0, 0, 0, 0], None),
    Case(int16.scaled("0.1").optional(0x7FFF, 0x8000), [0x7FFF], None),
    Case(int16.scaled("0.1").optional(0x7FFF, 0x8000), [1], 0.1),
    Case(float32.optional(math.nan), [0x7FC0, 0], None),
    Case(float32.optional(math.nan), [0x3F80, 0], 1.0),
    Case(float32.optional(0xFFFFFFFF), [0xFFFF, 0xFFFF], None),
    Case(float32.optional(0xFF7FFFFF), [0xFF7F, 0xFFFF], None),
    Case(float32.optional(0x7F800001), [0x7F80, 1], None),
    Case(float16.optional(0xFFFF), [0xFFFF], None),
    Case(float32.scaled(1000).optional(math.nan), [0x7FC0, 0], None),
    Case(enum(Mode).optional(0xFFFF), [0xFFFF], None),
    Case(enum(Mode, bits(0, 2)).optional(7), [7], None),
    Case(bits(4, 7).optional(0xF), [0x00F0], None),
    Case(int8.low.optional(0x80), [0x0080], None),
    Case(string(2).optional(0), [0, 0], None),
    Case(string(2).optional(0), [0x6100, 0], "a"),
    Case(raw(1).optional(0xFFFF), [0xFFFF], None),
    Case(array(int16, 2).optional(0xFFFF0001), [0xFFFF, 1], None),
    Case(array(int32, 2).optional(0x80000000 << 32), [0x8000, 0, 0, 0], None),
    Case(array(int32, 2).optional(1), [0, 7, 0, 0], (7, 0)),
    Case(array(int16.optional(7), 2).optional(0), [0, 0], None),
    Case(array(int16.optional(7), 2).optional(0), [0, 7], (0, None)),
    Case(boolean.optional(0xFFFF), [0xFFFF], None),
    Case(int16.optional(1).optional(2), [2], None),
    Case(bcd(), [0x1234], 1234),
    Case(bcd(2), [0x0098, 0x7654], 987654),
    Case(bcd(3), [0x9999, 0x9999, 0x9999], 999999999999),
    Case(bcd(4), [0, 0, 0, 0x0042], 42),
    Case(bcd(2).scaled("0.01"), [0x0001, 0x2345], 123.45),
    Case(int32.fixed(16), [0xFFFF, 0x8000], -0.5),
    Case(uint16.fixed(8), [0x0180], 1.5),
    Case(duration(uint16, "min"), [90], timedelta(minutes=90)),
    Case(duration(int32, "ms"), [0xFFFF, 0xFFFF], timedelta(milliseconds=-1)),
    Case(timestamp(), [0x65E1, 0x1A80], datetime(2024, 3, 1, tzinfo=UTC)),
    Case(timestamp(uint64, "ms"), [0, 0, 0, 1500], datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC)),
    Case(timestamp(uint16, "d", epoch=2000), [31], datetime(2000, 2, 1, tzinfo=UTC)),
    Case(date_time(*SIX), [2024, 3, 1, 12, 30, 59], datetime(2024, 3, 1, 12, 30, 59)),
    Case(date_time(*IEC, since=2000), [24, 0x0301, 0x0C1E, 59123], MOMENT),
    Case(date_time("year month", "day hour", since=2000, bcd=True), [0x2412, 0x3123], NEW_YEAR),
    Case(ipv4, [0xC0A8, 0x0001], IPv4Address("192.168.0.1")),
    Case(ipv6, [0xFE80, 0, 0, 0, 0, 0, 0, 1], IPv6Address("fe80::1")),
    Case(mac, [0x0080, 0xF402, 0x1A2B], "00:80:f4:02:1a:2b"),
    Case(uint16.converted(chr, ord), [0x41], "A"),
    Case(composite(complex, parts_of, float32, float32), [0x3F80, 0, 0xC000, 0], 1 - 2j),
    Case(composite(Reading, tuple, int16, uint32, string(1)), [7, 1, 2, 0x6B57], READING),
    Case(array(PAIR, 2), [0x3C00, 0x4000, 0x4200, 0x4400], (1 + 2j, 3 + 4j)),
    Case(single_bit, [1], True),
    Case(bit_list(3), [1, 0, 1], (True, False, True)),
)


def same(one: object, other: object) -> bool:
    """Whether two values are equal and of one type; a NaN is the same as another."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if type(one) is not type(other):
        return False
    return one == other or (one != one and other != other)


def check_codec(case: Case) -> None:
    """Check what every codec promises, on one pair of words and value."""
    codec, words, value = case
    assert len(words) == codec.registers
    assert same(codec.decode(words), value)
    assert codec.encode(value) == list(words)
    check_is_value(codec)
    check_orders(codec, words)
    check_bits_outside(case)
    if not codec.bit_table:
        check_optional(case)


def check_is_value(codec: Codec[Any]) -> None:
    """Check that a codec is a hashable value that cannot be changed and reads as it is written."""
    names = {**vars(codecs), "Mode": Mode, "Phase": Phase, "Alarm": Alarm, "nan": math.nan}
    if "<" not in repr(codec):  # functions and classes have no such form
        written = eval(repr(codec), names)
        assert repr(written) == repr(codec)
        if "nan" not in repr(codec):
            assert written == codec
            assert hash(written) == hash(codec)
    with pytest.raises(AttributeError):
        codec.registers = 99  # type: ignore[misc]  # what must not work


def check_orders(codec: Codec[Any], words: Sequence[int]) -> None:
    """Check that each order of the registers is undone when they are read."""
    for order in ORDERS:
        assert canonical(device_bytes(words, codec, order), codec, order) == list(words)


def check_bits_outside(case: Case) -> None:
    """Check that the other bits of a register are neither read nor set."""
    codec, (word, *_), value = case
    if codec.bit_range is not None:
        assert same(codec.decode([word | ~bit_mask(codec) & 0xFFFF]), value)
        assert not codec.encode(value)[0] & ~bit_mask(codec)


def check_optional(case: Case) -> None:
    """Check that any codec can be made optional by a pattern that it does not use."""
    codec, words, value = case
    if value is None:
        return
    optional = codec.optional(0, 1)
    if pattern_of(words, codec) > 1:
        assert same(optional.decode(words), value)
        assert optional.encode(value) == list(words)
    assert optional.decode([0] * len(words)) is None
    assert optional.encode(None) == [0] * len(words)
