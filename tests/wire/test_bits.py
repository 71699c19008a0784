"""Bit packing: eight to a byte, lowest first, zero padded (AP §6.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_wire.bits import byte_count, pack_bits, unpack_bits

BITS = st.lists(st.booleans(), max_size=2000)


@given(BITS)
def test_packing_is_undone_by_unpacking(values: list[bool]) -> None:
    """As many bits as went in come out, as real bools."""
    unpacked = unpack_bits(pack_bits(values), len(values))
    assert unpacked == values
    assert all(type(value) is bool for value in unpacked)


@given(BITS)
def test_each_bit_has_its_place(values: list[bool]) -> None:
    """Bit n is bit n % 8 of byte n // 8, and the padding is zero."""
    packed = pack_bits(values)
    assert len(packed) == byte_count(len(values)) == -(-len(values) // 8)
    places = [(n // 8, n % 8) for n in range(8 * len(packed))]
    padded = values + [False] * (len(places) - len(values))
    assert [bool(packed[byte] >> bit & 1) for byte, bit in places] == padded


@given(st.binary(max_size=250), st.data())
def test_padding_bits_are_not_looked_at(data: bytes, draw: st.DataObject) -> None:
    """A server that pads with ones is understood all the same."""
    quantity = draw.draw(st.integers(max(8 * len(data) - 7, 0), 8 * len(data)))
    low = [bool(data[n // 8] >> n % 8 & 1) for n in range(quantity)]
    assert unpack_bits(data, quantity) == low


@pytest.mark.parametrize(
    ("values", "packed"),
    [
        ([], b""),
        ([True], b"\x01"),
        ([False] * 8 + [True], b"\x00\x01"),
        ([0, 1, 0.0, "x", "", None, [0], 256], b"\xca"),
    ],
)
def test_values_count_by_their_truth(values: list[object], packed: bytes) -> None:
    """Any iterable of truth values packs, an iterator included."""
    assert pack_bits(values) == packed
    assert pack_bits(iter(values)) == packed
