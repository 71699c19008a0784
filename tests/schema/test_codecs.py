"""What the codecs make of registers, and which values they refuse."""

import math
import reprlib
import struct
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modbus_schema.codecs import (
    Codec,
    array,
    bits,
    boolean,
    enum,
    float32,
    int16,
    single_bit,
    string,
    uint16,
    uint64,
)
from modbus_schema.codecs.base import encode_checked
from modbus_schema.codecs.order import ABCD, BADC, CDAB, DCBA, Order, from_canonical, to_canonical
from modbus_schema.errors import DecodeError, EncodeError
from tests.schema.codec_checks import CASES, Case, Mode, check_codec, same
from tests.schema.codec_values import REFUSED, TAKEN


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_every_codec_answers_the_same_verbs(case: Case) -> None:
    """Each codec decodes, encodes, composes and compares as a codec does."""
    check_codec(case)


@pytest.mark.parametrize(("codec", "value", "why"), REFUSED, ids=reprlib.repr)
def test_a_value_that_would_change_is_refused(codec: Codec[Any], value: Any, why: str) -> None:
    """Nothing is wrapped, cut or rounded: such a value raises EncodeError."""
    with pytest.raises(EncodeError, match=why):
        codec.encode(value)


@pytest.mark.parametrize(("codec", "value", "words"), TAKEN, ids=reprlib.repr)
def test_a_value_of_another_form_is_taken(codec: Codec[Any], value: Any, words: list[int]) -> None:
    """A value of another type is encoded where it means exactly the same."""
    assert codec.encode(value) == words


@pytest.mark.parametrize(
    ("codec", "words", "value"),
    [
        (boolean, [0x8000], True),
        (string(2), [0x6100, 0], "a"),
        (string(3, terminated=True), [0x6100, 0xFFFF, 0xFFFF], "a"),
        (string(3, "utf-16-be", terminated=True), [0x0100, 0, 0xD800], "\u0100"),
        (string(3, padding=" ", terminated=True), [0x6120, 0x0041, 0x4141], "a"),
        (float32.optional(math.nan), [0xFFC1, 0x2345], None),
        (float32.optional(0), [0x8000, 0], None),
        (single_bit, [1], True),
    ],
)
def test_other_words_mean_the_same(codec: Codec[Any], words: list[int], value: Any) -> None:
    """Words that encoding would not give may decode too."""
    assert codec.decode(words) == value


@pytest.mark.parametrize(
    ("codec", "words", "why"),
    [
        (enum(Mode), [3], "3 is no Mode"),
        (enum(Mode, bits(0, 2)), [0xFFF8 | 3], "3 is no Mode"),
        (array(enum(Mode), 2), [1, 9], "9 is no Mode"),
        (string(2), [0xFF41, 0], "no utf-8 text"),
        (string(2, "ascii"), [0x8041, 0], "no ascii text"),
    ],
)
def test_words_without_a_meaning(codec: Codec[Any], words: list[int], why: str) -> None:
    """Words that mean nothing raise DecodeError."""
    with pytest.raises(DecodeError, match=why):
        codec.decode(words)


@given(st.integers(0, 0xFFFF_FFFF_FFFF_FFFF), st.sampled_from(["0.1", "0.01", "1e-6", "3", "-7.5"]))
@example(2**64 - 1, "0.01")
def test_what_a_scale_decodes_it_encodes(raw_value: int, step: str) -> None:
    """Any raw value decodes to a float that encodes again, exactly where floats are exact."""
    codec = uint64.scaled(step)
    words = uint64.encode(raw_value)
    value = codec.decode(words)
    assert codec.decode(codec.encode(value)) == value
    if raw_value < 1 << 50:
        assert codec.encode(value) == words


@given(st.integers(-32768, 32767), st.integers(0, 6))
def test_a_scale_decodes_as_decimals_read(raw_value: int, digits: int) -> None:
    """302 tenths are the float that is written 30.2, whatever the number of digits."""
    step = Decimal(1).scaleb(-digits)
    codec = int16.scaled(step)
    assert codec.decode([raw_value & 0xFFFF]) == float(raw_value * step)


@given(st.floats(-4000, 4000))
def test_a_scale_takes_a_multiple_or_refuses(value: float) -> None:
    """A float is encoded only as the raw value that it is within a millionth of a step."""
    try:
        (word,) = uint16.scaled("0.1").encode(value)
    except EncodeError:
        tenths = Fraction(value) * 10
        assert tenths < 0 or abs(tenths - round(tenths)) > Fraction(1, 10**6)
    else:
        assert abs(Fraction(value) * 10 - word) <= Fraction(1, 10**6)


@given(st.floats(width=32))
def test_float32_is_ieee(value: float) -> None:
    """Every single-precision float is in the registers as IEEE 754 has it, NaN included."""
    words = float32.encode(value)
    assert struct.unpack(">f", struct.pack(">2H", *words))[0] == pytest.approx(
        value, rel=0, nan_ok=True
    )
    assert same(float32.decode(words), value)


@pytest.mark.parametrize(
    ("order", "data"),
    [(ABCD, "01020304"), (CDAB, "03040102"), (BADC, "02010403"), (DCBA, "04030201")],
)
def test_the_four_orders(order: Order, data: str) -> None:
    """ABCD, CDAB, BADC and DCBA are where their letters say."""
    assert from_canonical([0x0102, 0x0304], 2, order) == bytes.fromhex(data)
    assert to_canonical(bytes.fromhex(data), 2, order) == [0x0102, 0x0304]


@pytest.mark.parametrize("order", [ABCD, CDAB, BADC, DCBA])
def test_what_an_order_leaves_alone(order: Order) -> None:
    """The word order swaps within numbers only, and plain bytes are not swapped at all."""
    assert from_canonical([1, 2, 3, 4], 0, order) == bytes.fromhex("0001000200030004")
    swapped = order.byte == "little"
    assert from_canonical([1, 2], 1, order).hex() == ("01000200" if swapped else "00010002")
    pairs = from_canonical([1, 2, 3, 4], 2, Order(order.word, "big")).hex()
    expected = "0001000200030004" if order.word == "big" else "0002000100040003"
    assert pairs == expected


class _Bad(Codec[int]):
    """A codec of a user that cuts: it gives what does not fit."""

    def __init__(self, words: list[Any], bit_range: tuple[int, int] | None = None) -> None:
        self.words = words
        self.bit_range = bit_range

    def encode(self, value: int) -> list[int]:
        return self.words


@pytest.mark.parametrize(
    "codec", [_Bad([1, 2]), _Bad([]), _Bad([-1]), _Bad([65536]), _Bad([1.5]), _Bad([8], (0, 2))]
)
def test_a_users_codec_cannot_cut(codec: Codec[int]) -> None:
    """Words that do not fit the codec's registers or bits are refused, not cut."""
    with pytest.raises(EncodeError):
        encode_checked(codec, 0)


def test_a_scale_keeps_the_sign_of_zero() -> None:
    """A float of zero turned round is minus zero, the plain way as in generated code."""
    assert str(float32.scaled("-1").decode([0, 0])) == "-0.0"
