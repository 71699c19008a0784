"""The data functions, crossed with pyModbusTCP 0.1.10, and the CRC with its definition."""

import math
import random
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_wire import utils
from modbus_wire.crc import crc16

released: Any = pytest.importorskip("pyModbusTCP.utils")

ALIASES = {
    "int2bits": "get_bits_from_int",
    "words2longs": "word_list_to_long",
    "longs2words": "long_list_to_word",
    "twos_c": "get_2comp",
    "twos_c_l": "get_list_2comp",
}

words = st.integers(0, 0xFFFF)
numbers = (
    st.integers()
    | st.integers(-(2**70), 2**70)
    | st.booleans()
    | st.sampled_from(
        [0, -1, 2**15, 2**16 - 1, 2**16, 2**31, 2**32 - 1, 2**32, 2**63, 2**64 - 1, 2**64]
    )
)
odd = numbers | st.floats() | st.text(max_size=2) | st.none() | st.binary(max_size=2)
lists = st.lists(words, max_size=9) | st.lists(numbers, max_size=9) | st.lists(odd, max_size=5)
sequences = lists | lists.map(tuple) | odd | st.sets(words, max_size=4)
sizes = st.integers(-2, 70) | st.floats(1, 16) | st.none()
flags = st.booleans() | st.sampled_from([0, 1, 2, "", "x", None])


def outcome(function: Callable[..., Any], *args: Any) -> Any:
    """Return what a call gives, or the type of what it raises."""
    try:
        result = function(*args)
    except Exception as error:
        return type(error)
    # NaN compares equal to itself by its text
    return repr(result)


def check(name: str, *args: Any) -> None:
    """Compare one call of both packages."""
    assert outcome(getattr(utils, name), *args) == outcome(getattr(released, name), *args)


@given(odd, sizes)
def test_get_bits_from_int(value: Any, size: Any) -> None:
    """Bits come out as released for any value and size."""
    check("get_bits_from_int", value, size)


@given(odd)
def test_get_bits_from_int_of_a_word(value: Any) -> None:
    """Sixteen bits, the default, likewise; ``16.0`` is no size."""
    check("get_bits_from_int", value)
    check("get_bits_from_int", value, 16.0)


@given(st.sampled_from(["test_bit", "set_bit", "reset_bit", "toggle_bit"]), odd, sizes)
def test_bit_functions(name: str, value: Any, offset: Any) -> None:
    """Single bits are tested and changed as released."""
    check(name, value, offset)


@given(sequences, flags, flags)
def test_word_list_to_long(values: Any, big_endian: Any, long_long: Any) -> None:
    """Words join as released: odd tails dropped, values out of range added up."""
    check("word_list_to_long", values, big_endian, long_long)


@given(sequences, flags, flags)
def test_long_list_to_word(values: Any, big_endian: Any, long_long: Any) -> None:
    """Longs split as released: negative and larger values masked."""
    check("long_list_to_word", values, big_endian, long_long)


@given(st.lists(numbers, max_size=5))
def test_conversions_take_what_the_released_take(values: list[int]) -> None:
    """An iterator splits into words, and has no length to join by."""
    for name in ("long_list_to_word", "word_list_to_long"):
        ours = outcome(getattr(utils, name), iter(values))
        assert ours == outcome(getattr(released, name), iter(values))


@given(st.lists(words, max_size=130), st.booleans(), st.booleans())
def test_words_and_longs_are_inverse(values: list[int], big: bool, long_long: bool) -> None:
    """Joining words and splitting the longs gives the words of whole longs."""
    size = 4 if long_long else 2
    whole = values[: len(values) // size * size]
    longs = utils.word_list_to_long(values, big, long_long)
    assert utils.long_list_to_word(longs, big, long_long) == whole


def test_lists_of_many_lengths() -> None:
    """However many lengths were converted, each is converted right."""
    for length in range(600):
        values = list(range(length))
        longs = utils.word_list_to_long(values)
        assert longs == released.word_list_to_long(values)
        assert utils.long_list_to_word(longs) == values[: length // 2 * 2]


@given(odd, sizes)
def test_get_2comp(value: Any, size: Any) -> None:
    """Two's complement as released, with its error text."""
    check("get_2comp", value, size)
    check("get_2comp", value)
    check("get_list_2comp", [value], size)


@pytest.mark.parametrize(("value", "size"), [(65536, 16), (-32769, 16), (300.7, 8)])
def test_get_2comp_error_text(value: Any, size: int) -> None:
    """A value that does not fit is named with its size, as released."""
    with pytest.raises(ValueError, match="could not compute") as ours:
        utils.get_2comp(value, size)
    with pytest.raises(ValueError, match="could not compute") as theirs:
        released.get_2comp(value, size)
    assert str(ours.value) == str(theirs.value)


@given(odd | st.integers(0, 2**64 - 1), flags)
def test_decode_ieee(value: Any, double: Any) -> None:
    """Patterns decode as released."""
    check("decode_ieee", value, double)


@given(odd | st.floats(), flags)
def test_encode_ieee(value: Any, double: Any) -> None:
    """Floats encode as released."""
    check("encode_ieee", value, double)


def test_ieee_examples() -> None:
    """The manual's values; a double beyond single precision is infinity."""
    assert utils.encode_ieee(0.3) == 0x3E99999A
    assert utils.encode_ieee(6.62606957e-34, double=True) == 0x390B860BB596A559
    assert utils.decode_ieee(utils.encode_ieee(1e40)) == math.inf
    with pytest.raises(struct.error):
        utils.decode_ieee(2**32)


def bitwise_crc(data: bytes) -> int:
    """Compute the CRC as SL §6.2.2 describes it."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def test_crc16_of_every_length() -> None:
    """Short and long ways agree with the definition at every length of a frame and around."""
    source = random.Random(16)
    for length in [*range(300), 511, 512, 513, 4096]:
        for data in (source.randbytes(length), bytes(length), b"\xff" * length):
            assert crc16(data) == bitwise_crc(data), length


@given(st.binary(max_size=600))
def test_crc16_of_a_frame_with_its_crc_is_zero(data: bytes) -> None:
    """A frame that ends with its CRC, low byte first, has CRC 0."""
    assert crc16(data + crc16(data).to_bytes(2, "little")) == 0


@given(st.binary(max_size=40) | st.lists(st.integers(-1, 256), max_size=40) | odd)
def test_crc16_input(frame: Any) -> None:
    """Bytes and ints are taken, and the rest refused, as released."""
    check("crc16", frame if not isinstance(frame, int) else min(frame, 1000))


def test_crc16_examples() -> None:
    """An empty frame gives 65535; the request of SL's example of device 2 ends in 41 12."""
    assert utils.crc16(b"") == 65535
    assert utils.crc16(bytes.fromhex("0207")).to_bytes(2, "little").hex() == "4112"
    assert utils.crc16([0x02, 0x07]) == utils.crc16(bytearray(b"\x02\x07"))


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_aliases(alias: str, name: str) -> None:
    """Each short name is the long one."""
    assert getattr(utils, alias) is getattr(utils, name)
