"""The functions that are generated for a class: what they make of cells and of instances."""

import gc
import inspect
import linecache
import reprlib
import struct
from collections.abc import Sequence
from typing import Any

import attrs
import pytest

from modbus_schema.codecs import Codec, array, bit_list, bits, int32, string, uint8
from modbus_schema.codecs.base import device_bytes
from modbus_schema.codecs.order import ABCD, Order
from modbus_schema.compile import compile_decoder, compile_encoder
from modbus_schema.compile.plain import decode_plain, encode_plain
from modbus_schema.errors import DecodeError
from modbus_schema.fields.descriptors import RO, RW, WO
from modbus_schema.fields.placements import coil, discrete_input, holding_register
from modbus_schema.fields.rules import ReadRules
from modbus_schema.layout.tree import GroupNode, layout_of
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.planning.blocks import plan
from tests.schema.codec_checks import CASES, ORDERS, Case, Mode, same
from tests.schema.codec_values import TAKEN
from tests.schema.compile_checks import (
    BLOCKS,
    DECODE,
    ENCODE,
    IMAGE,
    LAYOUT,
    PLANT,
    Plant,
    Zone,
    generated,
    map_of,
)
from tests.schema.generated_maps import whole_tables


def test_an_instance_from_its_registers() -> None:
    """One block of register bytes becomes an instance with all that is nested in it."""
    assert generated(DECODE)([IMAGE]) == PLANT
    assert decode_plain(LAYOUT.root, BLOCKS, [IMAGE]) == PLANT


def test_registers_of_an_instance() -> None:
    """An instance becomes the register bytes; gaps and a write-only None are zero."""
    assert generated(ENCODE)(PLANT) == [IMAGE]
    assert encode_plain(LAYOUT.root, BLOCKS, PLANT) == [IMAGE]


def test_a_decoded_instance_is_one_like_any_other() -> None:
    """What was decoded is frozen, hashable, replaceable, and of the declared classes."""
    state = DECODE([IMAGE])
    assert type(state) is Plant
    assert {type(zone) for zone in state.zones} == {Zone}
    assert hash(state) == hash(PLANT)
    assert state.replace(alarm=False).alarm is False
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        state.mode = Mode.OFF
    with pytest.raises(AttributeError):
        state.other = 1  # type: ignore[attr-defined]  # what must not work


def test_the_source_can_be_read() -> None:
    """A debugger or a traceback shows the lines of the generated functions."""
    assert "def decode(data)" in inspect.getsource(DECODE)
    assert "def encode(instance)" in inspect.getsource(ENCODE)
    assert "Plant" in DECODE.__code__.co_filename


def test_the_source_goes_with_the_function() -> None:
    """Functions that are no longer used leave no source behind."""
    decode = compile_decoder(LAYOUT.root, BLOCKS)
    filename = decode.__code__.co_filename
    assert filename in linecache.cache
    del decode
    gc.collect()
    assert filename not in linecache.cache


def test_the_reads_of_a_plan() -> None:
    """The blocks that a plan brings are decoded as the whole table is."""
    blocks = plan(LAYOUT.slots, ReadRules(max_gap=0))
    cells = [IMAGE[2 * block.address : 2 * block.end] for block in blocks]
    assert len(cells) > 1
    assert generated(compile_decoder(LAYOUT.root, blocks))(cells) == PLANT


def test_a_group_by_itself() -> None:
    """A group of a map is decoded and encoded from the blocks of the map."""
    zone = LAYOUT.node(("zones", 1))
    assert isinstance(zone, GroupNode)
    decode, encode = compile_decoder(zone, BLOCKS), compile_encoder(zone, BLOCKS)
    assert generated(decode)([IMAGE]) == PLANT.zones[1]
    assert generated(encode)(PLANT.zones[1]) == [bytes(28) + IMAGE[28:]]


def test_limits_bind_only_what_is_written() -> None:
    """Registers beyond the limits are read; the device may say what it likes."""
    data = bytearray(IMAGE)
    data[-2:] = struct.pack(">h", 9999)
    assert generated(DECODE)([bytes(data)]).zones[1].target == 999.9


def test_a_write_only_value_is_encoded() -> None:
    """A write-only field that has a value is in the image, and None when it is read."""
    (data,) = generated(ENCODE)(PLANT.replace(reset=7))
    assert data[8:10] == b"\0\7"
    assert DECODE([data]).reset is None


class Switchboard(RegisterMap):
    """Bits of both tables, in runs and single."""

    main: RW[bool] = coil(3)
    lamps: RW[tuple[bool, ...]] = coil(5, bit_list(6))
    fan: WO[bool] = coil(12)
    doors: RO[tuple[bool, ...]] = discrete_input(0, bit_list(9))
    smoke: RO[bool] = discrete_input(16)
    fire: RO[bool] = discrete_input(17)
    water: RO[bool] = discrete_input(18)


def test_bits_are_packed() -> None:
    """Coils and discrete inputs are packed from the first one of their block on."""
    board = Switchboard(
        main=True,
        lamps=(True, False, False, True, False, True),
        fan=True,
        doors=(True, *(False,) * 7, True),
        smoke=True,
        fire=False,
        water=True,
    )
    layout = layout_of(Switchboard)
    blocks = whole_tables(layout)
    data = generated(compile_encoder(layout.root, blocks))(board)
    assert data == [bytes([0b10100101, 0b10]), bytes([1, 1, 0b101])]
    assert generated(compile_decoder(layout.root, blocks))(data) == board.replace(fan=None)


@pytest.mark.parametrize("order", ORDERS, ids=repr)
@pytest.mark.parametrize("case", [case for case in CASES if not case.codec.bit_table], ids=repr)
def test_every_codec_in_every_order(case: Case, order: Order) -> None:
    """Each codec's own code gives value and registers in all four orders, with a gap before it."""
    codec, words, value = case
    layout = layout_of(map_of(codec, order))
    blocks = whole_tables(layout)
    data = device_bytes([0, 9], int32, order) + bytes(2) + device_bytes(words, codec, order)
    instance: Any = generated(compile_decoder(layout.root, blocks))([data])
    assert same(instance.field, value)
    assert instance.first == 9
    assert generated(compile_encoder(layout.root, blocks))(instance) == [data]


@pytest.mark.parametrize(("codec", "value", "words"), TAKEN, ids=reprlib.repr)
def test_a_value_of_another_form(codec: Codec[Any], value: Any, words: list[int]) -> None:
    """What the plain way takes for a value, the generated code takes as well."""
    model: Any = map_of(codec)
    layout = layout_of(model)
    encode = compile_encoder(layout.root, whole_tables(layout))
    (data,) = encode(model(first=0, field=value))
    assert data == bytes(6) + device_bytes(words, codec, ABCD)


class Flipped(Codec[bool]):
    """A coil of a user's own: on is False."""

    bit_table = True

    def decode(self, words: Sequence[int]) -> bool:
        return not words[0]

    def encode(self, value: bool) -> list[int]:
        return [int(not value)]


class Relays(RegisterMap):
    """Coils seen in several ways."""

    door: RW[bool] = coil(9, Flipped())
    lamp: RW[bool] = coil(10)
    lamp_again: RW[bool] = coil(10, overlap=True)


def test_coils_of_a_users_own() -> None:
    """A user's codec of bits, and two fields of one coil, give what the plain way gives."""
    layout = layout_of(Relays)
    blocks = whole_tables(layout)
    for cells in range(4):
        state = generated(compile_decoder(layout.root, blocks))([bytes([cells])])
        assert state == Relays(door=not cells & 1, lamp=cells > 1, lamp_again=cells > 1)
        assert generated(compile_encoder(layout.root, blocks))(state) == [bytes([cells])]


def test_blocks_that_hold_nothing_of_a_group() -> None:
    """Blocks of other fields are neither looked at nor filled, but must have their size."""
    zone = LAYOUT.node(("zones", 0))
    assert isinstance(zone, GroupNode)
    blocks = plan(LAYOUT.slots, ReadRules(max_gap=0))
    cells = [IMAGE[2 * block.address : 2 * block.end] for block in blocks]
    assert generated(compile_decoder(zone, blocks))(cells) == PLANT.zones[0]
    encoded = generated(compile_encoder(zone, blocks))(PLANT.zones[0])
    assert encoded[0] == bytes(len(cells[0]))
    with pytest.raises(DecodeError, match="bytes came"):
        compile_decoder(zone, blocks)([cells[0][2:], *cells[1:]])


def test_a_register_in_two_orders() -> None:
    """Views of one register in different byte orders do not disturb each other."""

    class Mixed(RegisterMap):
        """One number twice, the second time swapped."""

        high: RW[int] = holding_register(0, uint8.high)
        low: RW[int] = holding_register(0, bits(8, 15), byte_order="little")
        names: RW[tuple[str, ...]] = holding_register(1, array(string(1), 2), byte_order="little")

    layout = layout_of(Mixed)
    blocks = whole_tables(layout)
    instance = Mixed(high=0x12, low=0x34, names=("ab", "c"))
    data = generated(compile_encoder(layout.root, blocks))(instance)
    assert data == [b"\x12\x34ba\0c"]
    assert generated(compile_decoder(layout.root, blocks))(data) == instance
