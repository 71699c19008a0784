"""Generated code against the plain way, on generated classes: the same values, the same errors."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from modbus_schema.compile import compile_decoder, compile_decoder_of_one, compile_encoder
from modbus_schema.compile.plain import (
    assemble,
    decode_plain,
    decode_slot,
    encode_plain,
    leaf_values,
)
from modbus_schema.errors import DecodeError
from modbus_schema.fields.rules import ReadRules
from modbus_schema.layout.tree import Layout, layout_of
from modbus_schema.planning.blocks import plan
from tests.schema.codec_checks import same
from tests.schema.compile_checks import generated, outcome
from tests.schema.generated_maps import Extent, cells, maps, slots_with_values, whole_tables

thorough = settings(max_examples=50)


def assert_same_instance(layout: Layout, one: Any, other: Any) -> None:
    """Check two instances field by field, and the classes of all that they are made of."""
    assert repr(one) == repr(other)
    assert type(one) is type(other) is layout.model
    pairs = zip(leaf_values(layout.root, one), leaf_values(layout.root, other), strict=True)
    for (slot, value), (_, expected) in pairs:
        assert same(value, expected), slot.place


@thorough
@given(st.data(), maps())
def test_decoding_is_the_plain_way(data: st.DataObject, drawn: Extent) -> None:
    """The generated decoder gives the instance, or raises the error, of the plain way."""
    layout = layout_of(drawn.model)
    blocks = data.draw(
        st.sampled_from([whole_tables(layout), plan(layout.slots, ReadRules(max_gap=0))]),
        label="blocks",
    )
    raw = data.draw(cells(blocks), label="cells")
    decode = compile_decoder(layout.root, blocks)
    expected = outcome(decode_plain, layout.root, blocks, raw)
    if isinstance(expected, tuple):
        assert outcome(decode, raw) == expected
    else:
        assert_same_instance(layout, generated(decode)(raw), expected)
    if len(blocks) != 1:
        return
    decode_one = compile_decoder_of_one(layout.root, blocks[0])
    if isinstance(expected, tuple):
        assert outcome(decode_one, raw[0]) == expected
    else:
        assert_same_instance(layout, generated(decode_one)(raw[0]), expected)


@thorough
@given(st.data(), maps())
def test_encoding_is_the_plain_way(data: st.DataObject, drawn: Extent) -> None:
    """The generated encoder gives the cells, or raises the error, of the plain way."""
    layout = layout_of(drawn.model)
    blocks = whole_tables(layout)
    values = readable_values(layout, data.draw(cells(blocks), label="cells"))
    instance = assemble(layout.root, values.get)
    encode = compile_encoder(layout.root, blocks)
    expected = outcome(encode_plain, layout.root, blocks, instance)
    if isinstance(expected, tuple):
        assert outcome(encode, instance) == expected
    else:
        assert generated(encode)(instance) == expected


@thorough
@given(st.data(), maps())
def test_odd_values_are_refused_alike(data: st.DataObject, drawn: Extent) -> None:
    """A value of another type or beyond the field is encoded, or refused, as the plain way does."""
    layout = layout_of(drawn.model)
    blocks = whole_tables(layout)
    values = readable_values(layout, data.draw(cells(blocks), label="cells"))
    values |= data.draw(slots_with_values(layout), label="odd values")
    instance = assemble(layout.root, values.get)
    expected = outcome(encode_plain, layout.root, blocks, instance)
    assert outcome(compile_encoder(layout.root, blocks), instance) == expected


@thorough
@given(st.data(), maps())
def test_what_is_encoded_decodes_again(data: st.DataObject, drawn: Extent) -> None:
    """Cells that were encoded from an instance decode to it, but for what only aliases hold."""
    layout = layout_of(drawn.model)
    blocks = whole_tables(layout)
    values = readable_values(layout, data.draw(cells(blocks), label="cells"))
    raw = outcome(encode_plain, layout.root, blocks, assemble(layout.root, values.get))
    if isinstance(raw, tuple):
        return
    again = readable_values(layout, raw)
    # of a write-only field that is None the cells stay 0, whatever that would mean
    again.update((slot, None) for slot, value in values.items() if value is None)
    assert raw == encode_plain(layout.root, blocks, assemble(layout.root, again.get))


def readable_values(layout: Layout, raw: list[bytes]) -> dict[Any, Any]:
    """Return the value of every field, None where the cells mean nothing to it."""
    blocks = whole_tables(layout)
    values = {}
    for block, data in zip(blocks, raw, strict=True):
        for slot in block.slots:
            try:
                values[slot] = decode_slot(slot, block, data)
            except DecodeError:
                values[slot] = None
    return values
