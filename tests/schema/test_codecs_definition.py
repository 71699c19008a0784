"""Codecs that cannot be: each is refused where it is written."""

import math
from collections.abc import Callable
from decimal import Decimal
from enum import CONFORM, EJECT, STRICT, Enum, IntEnum, IntFlag
from typing import Any

import pytest

from modbus_schema.codecs import (
    array,
    bit,
    bit_list,
    bits,
    enum,
    flags,
    float32,
    int16,
    raw,
    single_bit,
    string,
    uint8,
    uint16,
)
from modbus_schema.errors import DefinitionError
from tests.schema.codec_checks import Alarm, Mode, Phase

NOT: Any = object()


class Empty(Enum):
    """Nothing."""


class Words(Enum):
    """Values that are no integers."""

    A = "a"


class Truths(Enum):
    """Values that only look like integers."""

    A = True


class Large(IntEnum):
    """A value beyond a register."""

    A = 70000


class Strict(IntFlag, boundary=STRICT):
    """Flags that refuse unknown bits."""

    A = 1


class Conforming(IntFlag, boundary=CONFORM):
    """Flags that drop unknown bits."""

    A = 1


class Ejecting(IntFlag, boundary=EJECT):
    """Flags that turn into integers."""

    A = 1


class Wide(IntFlag):
    """A mask beyond four bits, without a name for each of its bits."""

    MASK = 0xF0


@pytest.mark.parametrize(
    ("define", "why"),
    [
        (lambda: bits(3, 1), "lower bit comes first"),
        (lambda: bits(0, 16), "bits 0..15, not 16"),
        (lambda: bits(-1, 3), "not -1"),
        (lambda: bit(16), "not 16"),
        (lambda: bit(NOT), "bits 0..15"),
        (lambda: array(int16, 0), "1 or more, not 0"),
        (lambda: array(int16, NOT), "1 or more"),
        (lambda: array(single_bit, 2), "bit_list"),
        (lambda: array(NOT, 2), "takes a codec"),
        (lambda: raw(-1), "1 or more"),
        (lambda: bit_list(0), "1 or more"),
        (lambda: string(0), "1 or more"),
        (lambda: string(2, "no-such-encoding"), "cannot be encoded"),
        (lambda: string(2, "utf-16"), "choose one"),
        (lambda: string(2, padding="ab"), "one character"),
        (lambda: string(2, padding=""), "one character"),
        (lambda: string(2, "ascii", padding="ä"), "cannot be encoded"),
        (lambda: string(2, padding="ä"), "cannot fill"),
        (lambda: string(3, "utf-32-be"), "cannot fill"),
        (lambda: string(2, fallback="no-such-encoding"), "cannot be encoded"),
        (
            lambda: string(2, fallback="utf-16-be"),
            "a NUL of utf-16-be is not as long",
        ),
        (lambda: enum(NOT), "no Enum class"),
        (lambda: enum(Empty), "no members"),
        (lambda: enum(Words), "Words.A is 'a'"),
        (lambda: enum(Truths), "no integer"),
        (lambda: enum(Large), "Large.A does not fit uint16"),
        (lambda: enum(Mode, bits(0, 1)), r"Mode.COOL does not fit bits\(0, 1\)"),
        (lambda: enum(Phase), "LAGGING does not fit"),
        (lambda: enum(Alarm), "use flags"),
        (lambda: enum(Mode, NOT), "takes a codec"),
        (lambda: flags(NOT), "no IntFlag class"),
        (lambda: flags(Alarm, int16), "no sign"),
        (lambda: flags(Alarm, bits(0, 1)), "Alarm.WET does not fit"),
        (lambda: flags(Wide, bits(0, 3)), "Wide.MASK does not fit"),
        (lambda: flags(Strict), "boundary KEEP"),
        (lambda: flags(Conforming), "boundary KEEP"),
        (lambda: flags(Ejecting), "boundary KEEP"),
        (lambda: int16.scaled(NOT), "exact decimal"),
        (lambda: int16.scaled(0.1), "not 0.1"),  # type: ignore[arg-type]  # the mistake
        (lambda: int16.scaled("0.1", 0.5), "offset"),  # type: ignore[arg-type]  # the mistake
        (lambda: int16.scaled("one"), "is a decimal"),
        (lambda: int16.scaled("nan"), "is a decimal"),
        (lambda: int16.scaled(Decimal("inf")), "is a decimal"),
        (lambda: int16.scaled("0.0"), "cannot be 0"),
        (lambda: int16.optional(), "needs a pattern"),
        (lambda: int16.optional(-32768), "write 0x8000"),
        (lambda: int16.optional(0x10000), "no pattern of 16 bits"),
        (lambda: bits(0, 2).optional(8), "no pattern of 3 bits"),
        (lambda: uint8.high.optional(0x100), "no pattern of 8 bits"),
        (lambda: int16.optional(5.0), "cannot be 5.0"),
        (lambda: int16.optional(math.nan), "cannot be nan"),
        (lambda: float32.optional(-9999.0), "cannot be -9999.0"),
        (lambda: float32.optional(0x1_0000_0000), "no pattern of 32 bits"),
        (lambda: single_bit.optional(1), "no room"),
    ],
)
def test_a_wrong_definition_is_refused(define: Callable[[], object], why: str) -> None:
    """A codec that cannot be raises DefinitionError at once, and says why."""
    with pytest.raises(DefinitionError, match=why):
        define()


def test_equal_scales_are_equal_codecs() -> None:
    """How a scale is spelt makes no difference to what the codec is."""
    assert int16.scaled("0.1") == int16.scaled(Decimal("0.10"))
    assert int16.scaled("0.1") != int16.scaled("0.1", offset=1)
    assert int16.scaled("0.1") != uint16.scaled("0.1")


def test_repr_is_what_was_written() -> None:
    """A message shows a codec as the data sheet's engineer wrote it."""
    codec = int16.scaled("0.1", offset="-40").optional(0x8000, 0x7FFF)
    assert repr(codec) == "int16.scaled('0.1', '-40').optional(0x8000, 0x7fff)"
    assert repr(array(enum(Mode, uint8.high), 2)) == "array(enum(Mode, uint8.high), 2)"
    assert repr(uint8) == "uint8"
