"""Decimal digits, time, addresses and values made of others: what they refuse, and why."""

from datetime import UTC, datetime, timedelta, timezone
from ipaddress import IPv4Address
from typing import Any

import pytest

from modbus_schema.codecs import (
    Codec,
    array,
    bcd,
    bit,
    composite,
    date_time,
    duration,
    float32,
    int16,
    int32,
    ipv4,
    ipv6,
    mac,
    single_bit,
    string,
    timestamp,
    uint16,
    uint32,
    uint64,
)
from modbus_schema.codecs.base import canonical, device_bytes
from modbus_schema.codecs.order import CDAB, DCBA
from modbus_schema.errors import DecodeError, DefinitionError, EncodeError
from tests.schema.codec_checks import IEC, MOMENT, SIX

NOT: Any = object()
NEW_CENTURY = datetime(2024, 1, 1)
NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("codec", "value", "why"),
    [
        (bcd(1), 10_000, "outside 0..9999"),
        (bcd(1), -1, "outside 0..9999"),
        (bcd(1), 1.0, "not an integer"),
        (int32.fixed(16), 0.00001, "not a multiple"),
        (duration(uint16), timedelta(milliseconds=1500), "no whole number of s"),
        (duration(uint16), timedelta(seconds=-1), "outside 0..65535"),
        (duration(uint16), 3, "no timedelta"),
        (timestamp(), datetime(2024, 1, 1), "time zone"),
        (timestamp(), NOON.replace(microsecond=1), "no whole number of s"),
        (timestamp(), datetime(1969, 1, 1, tzinfo=UTC), "outside 0"),
        (date_time(*SIX), NOON, "without a time zone"),
        (date_time(*SIX), MOMENT, "read back as another"),
        (date_time("year", "month", "day"), MOMENT, "read back as another"),
        (date_time(*IEC, since=2000), datetime(1999, 1, 1), "year -1 does not fit"),
        (date_time("year month", "day", since=2000), datetime(2128, 1, 1), "year 128 does not fit"),
        (
            date_time("year month", "day", since=1900, bcd=True),
            datetime(2024, 1, 1),
            "124 does not",
        ),
        (ipv4, "10.0.0", "10.0.0"),
        (ipv6, IPv4Address("10.0.0.1"), "10.0.0.1"),
        (mac, "00:80:f4:02:1a", "six pairs"),
        (mac, "00:80:f4:02:1a:zz", "non-hexadecimal"),
        (uint16.converted(chr, ord), "ab", "cannot be converted"),
        (uint16.converted(chr, ord), "\U0001f600", "outside 0..65535"),
        (composite(complex, lambda z: (z.real,), float32, float32), 1j, "1 parts where 2"),
        (composite(complex, lambda z: (z.real, z.imag), float32, float32), "x", "taken apart"),
    ],
)
def test_a_value_that_would_change_is_refused(codec: Codec[Any], value: Any, why: str) -> None:
    """Nothing is wrapped, cut or rounded: such a value raises EncodeError."""
    with pytest.raises(EncodeError, match=why):
        codec.encode(value)


@pytest.mark.parametrize(
    ("codec", "words", "why"),
    [
        (bcd(1), [0x0A00], "0xa00 is no BCD"),
        (bcd(2), [0xFFFF, 0xFFFF], "no BCD"),
        (duration(uint64, "d"), [0xFFFF] * 4, "too long"),
        (timestamp(uint64), [0xFFFF] * 4, "since 1970"),
        (date_time(*SIX), [2023, 2, 29, 0, 0, 0], "no date and time"),
        (date_time(*IEC, since=2000), [0, 0, 0, 0], "no date and time"),
        (date_time("year month", "day", bcd=True), [0x24AB, 1], "no BCD"),
        (uint16.converted(SIX.__getitem__, SIX.index), [9], "cannot be converted"),
        (composite(range, lambda r: (r.start, r.stop, r.step), *[int16] * 3), [1, 2, 0], "put tog"),
    ],
)
def test_words_without_a_meaning(codec: Codec[Any], words: list[int], why: str) -> None:
    """Words that mean nothing raise DecodeError."""
    with pytest.raises(DecodeError, match=why):
        codec.decode(words)


def test_flags_beside_the_parts_are_passed_over() -> None:
    """The day of the week and the summer time bit leave date and time as they are."""
    codec = date_time(*IEC, since=2000)
    assert codec.decode([24, 0x03A1, 0x8C5E, 59123]) == MOMENT


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    """A timestamp is encoded as the moment it is, and comes back in UTC."""
    codec = timestamp()
    berlin = timezone(timedelta(hours=1))
    assert codec.encode(datetime(1970, 1, 1, 2, tzinfo=berlin)) == [0, 3600]
    assert codec.decode([0, 3600]) == datetime(1970, 1, 1, 1, tzinfo=UTC)


def test_addresses_may_be_given_as_text() -> None:
    """What the standard library reads as the address is encoded."""
    assert ipv4.encode("192.168.0.1") == [0xC0A8, 1]  # type: ignore[arg-type]  # text is taken too
    assert mac.encode("00-80-F4-02-1A-2B") == [0x0080, 0xF402, 0x1A2B]


def test_each_part_of_a_composite_has_its_own_word_order() -> None:
    """A device of the other order swaps the words of the large number only."""
    codec = composite(lambda *parts: parts, tuple, uint16, uint32, array(int16, 2))
    words = codec.encode((1, 0x0002_0003, (4, 5)))
    assert words == [1, 2, 3, 4, 5]
    assert device_bytes(words, codec, CDAB).hex() == "0001 0003 0002 0004 0005".replace(" ", "")
    assert device_bytes(words, codec, DCBA).hex() == "0100 0300 0200 0400 0500".replace(" ", "")
    for order in (CDAB, DCBA):
        assert canonical(device_bytes(words, codec, order), codec, order) == words


@pytest.mark.parametrize(
    ("define", "why"),
    [
        (lambda: bcd(0), "1 or more"),
        (lambda: int16.fixed(0), "1 to 64 bits"),
        (lambda: duration(float32, "s"), "integer codec"),  # type: ignore[arg-type]
        (lambda: duration(uint16, "year"), "no unit 'year'"),  # type: ignore[arg-type]
        (lambda: timestamp(NOT), "integer codec"),
        (lambda: timestamp(epoch=0), "from a year"),
        (lambda: date_time("month", "day"), "needs the year"),
        (lambda: date_time("year", "year month"), "each part once"),
        (lambda: date_time("year", "week"), "no part 'week'"),
        (lambda: date_time("year month day"), "parts of one register"),
        (lambda: date_time("year millisecond"), "parts of one register"),
        (lambda: date_time("year", ""), "parts of one register"),
        (lambda: composite(tuple, tuple), "needs parts"),
        (lambda: composite(tuple, tuple, bit(3)), "whole registers"),
        (lambda: composite(tuple, tuple, single_bit), "whole registers"),
        (lambda: composite(tuple, tuple, NOT), "whole registers"),
    ],
)
def test_a_codec_that_cannot_be(define: Any, why: str) -> None:
    """It is refused where it is written."""
    with pytest.raises(DefinitionError, match=why):
        define()


def test_codecs_are_values() -> None:
    """Codecs of one meaning are equal, of another they are not."""
    assert timestamp(uint32) == timestamp()
    assert timestamp(uint32, "ms") != timestamp()


def test_a_text_of_no_encoding_may_be_read_by_another() -> None:
    """Which says something of any bytes; what is written is in the first one."""
    codec = string(3, terminated=True, fallback="latin-1")
    assert codec.decode([0x41FC, 0x0042, 0]) == "Aü"
    assert codec.decode([0x41C3, 0xBC00, 0]) == "Aü"
    assert codec.encode("Aü") == [0x41C3, 0xBC00, 0]
    assert codec.decode([0xFFFF, 0xFFFF, 0xFFFF]) == "ÿ" * 6
    with pytest.raises(DecodeError, match="no utf-8 text"):
        string(3, terminated=True).decode([0x41FC, 0, 0])
    with pytest.raises(DecodeError, match="no utf-8 text"):
        string(1, fallback="ascii").decode([0x41FC])
