"""The functions that are generated for a class: what they give, and how they fail."""

import inspect
import struct
from collections.abc import Sequence
from types import new_class
from typing import Any

import attrs
import pytest

from modbus_schema.codecs import (
    Codec,
    array,
    bit,
    bit_list,
    bits,
    enum,
    float32,
    int16,
    int32,
    string,
    uint8,
    uint16,
    uint32,
)
from modbus_schema.codecs.base import device_bytes
from modbus_schema.codecs.order import Order
from modbus_schema.compile import compile_decoder, compile_encoder
from modbus_schema.errors import DecodeError, EncodeError
from modbus_schema.fields import RO, RW, WO
from modbus_schema.layout import GroupNode, layout_of
from modbus_schema.model import RegisterMap
from modbus_schema.placements import (
    coil,
    discrete_input,
    group,
    holding_register,
    input_register,
    repeat,
)
from modbus_schema.plain import decode_plain, encode_plain
from modbus_schema.planning import plan
from tests.schema.codec_checks import CASES, ORDERS, Case, Mode, same
from tests.schema.generated_maps import whole_tables
from tests.schema.test_compile_generated import generated


class Pair(Codec[tuple[int, int]]):
    """A codec of a user: two registers, which must not be equal."""

    registers = 2

    def decode(self, words: Sequence[int]) -> tuple[int, int]:
        if words[0] == words[1]:
            raise ArithmeticError("they are equal")
        return words[0], words[1]

    def encode(self, value: tuple[int, int]) -> list[int]:
        return [*value]


class Zone(RegisterMap):
    """A group that repeats."""

    temperature: RO[float | None] = holding_register(0, int16.scaled("0.1").optional(0x8000))
    target: RW[float] = holding_register(1, int16.scaled("0.1"), min=5, max=30)


class Meter(RegisterMap):
    """A group."""

    energy: RO[int] = holding_register(0, uint32, word_order="little")


class Base(RegisterMap):
    """A map to derive from."""

    flow: RO[float] = holding_register(0, float32)


class Plant(Base):
    """All kinds of fields in one table."""

    mode: RW[Mode] = holding_register(3, enum(Mode, bits(0, 2)))
    alarm: RW[bool] = holding_register(3, bit(15))
    level: RW[int] = holding_register(3, uint8.high, overlap=True)
    reset: WO[int] = holding_register(4, uint16, max=9)
    label: RW[str] = holding_register(5, string(2), validator=attrs.validators.matches_re("[a-z]*"))
    pair: RW[tuple[int, int]] = holding_register(7, Pair())
    meter: RO[Meter] = group(Meter, base=10)
    zones: RW[tuple[Zone, ...]] = repeat(Zone, base=12, stride=2, count=2)


IMAGE = struct.pack(
    ">fHHH4sHHHHHhhhh",
    *(1.5, 0, 0x8005, 0, b"ab\0\0", 1, 2, 0, 0x0001, 0x0002),
    *(-32768, 51, 302, 300),
)
_WRITTEN = Plant(
    flow=1.5,
    mode=Mode.COOL,
    alarm=True,
    level=0x80,
    reset=0,
    label="ab",
    pair=(1, 2),
    meter=Meter(energy=0x00020001),
    zones=(Zone(temperature=None, target=5.1), Zone(temperature=30.2, target=30.0)),
)
PLANT = _WRITTEN.replace(reset=None)
"""What is read of it: nothing, where it is write-only."""
LAYOUT = layout_of(Plant)
BLOCKS = whole_tables(LAYOUT)
DECODE = compile_decoder(LAYOUT.root, BLOCKS)
ENCODE = compile_encoder(LAYOUT.root, BLOCKS)


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


def test_the_reads_of_a_plan() -> None:
    """The blocks that a plan brings are decoded as the whole table is."""
    blocks = plan(LAYOUT.slots, max_gap=0)
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


@pytest.mark.parametrize(
    ("start", "cells", "message"),
    [
        (6, "0003", "Plant.mode: holding[3] bits 0..2: 3 is no Mode"),
        (10, "ff000000", "Plant.label: holding[5..6]: b'\\xff\\x00\\x00\\x00' is no utf-8 text"),
        (14, "00070007", "Plant.pair: holding[7..8]: .* failed: ArithmeticError"),
    ],
)
def test_what_cannot_be_decoded_is_named(start: int, cells: str, message: str) -> None:
    """The error of a field that has no value says which one and where it is."""
    data = bytearray(IMAGE)
    data[start : start + len(cells) // 2] = bytes.fromhex(cells)
    with pytest.raises(DecodeError) as caught:
        DECODE([bytes(data)])
    where, _, what = message.partition(": ")
    place, _, what = what.partition(": ")
    assert caught.value.where == f"{where}: {place}"
    assert caught.match(what.replace("\\", "\\\\") if "utf-8" in what else what)


@pytest.mark.parametrize("data", [[IMAGE[:-1]], [IMAGE + b"\0\0"], [b""]])
def test_data_of_another_size(data: list[bytes]) -> None:
    """Data that is not as long as its block is refused, and the block is named."""
    with pytest.raises(DecodeError, match=r"Plant.flow..*holding\[0..15\]: \d+ bytes came"):
        DECODE(data)


def test_bits_of_another_size() -> None:
    """So it is with packed bits."""

    class Switches(RegisterMap):
        one: RW[bool] = coil(0)

    layout = layout_of(Switches)
    decode = compile_decoder(layout.root, whole_tables(layout))
    with pytest.raises(DecodeError, match="2 bytes came where 1 are due"):
        decode([b"\1\0"])


@pytest.mark.parametrize(
    ("change", "where", "message"),
    [
        ({"mode": 3}, "Plant.mode: holding[3] bits 0..2", "3 is no Mode"),
        ({"flow": 1e40}, "Plant.flow: holding[0..1]", "too large"),
        ({"reset": 10}, "Plant.reset: holding[4]", "above the maximum of 9"),
        ({"label": "A"}, "Plant.label: holding[5..6]", "must match regex"),
        ({"label": "abcde"}, "Plant.label: holding[5..6]", "takes 5 bytes"),
        ({"pair": (1, 2, 3)}, "Plant.pair: holding[7..8]", "gave 3 words"),
        ({"pair": 5}, "Plant.pair: holding[7..8]", "TypeError"),
        (
            {"zones": (PLANT.zones[0], Zone(temperature=1.0, target=4.9))},
            "Plant.zones[1].target: holding[15]",
            "below the minimum of 5",
        ),
        (
            {"zones": (PLANT.zones[0], Zone(temperature=1.0, target=float("nan")))},
            "Plant.zones[1].target: holding[15]",
            "below the minimum",
        ),
        ({"zones": PLANT.zones[:1]}, "Plant.zones[0].temperature: holding[12]", "1 items"),
    ],
)
def test_what_cannot_be_encoded_is_named(change: Any, where: str, message: str) -> None:
    """The error of a value that its field cannot hold says which one and where it is."""
    with pytest.raises(EncodeError, match=message) as caught:
        ENCODE(PLANT.replace(**change))
    assert caught.value.where == where
    assert str(caught.value).startswith(where)


def test_the_cause_of_a_users_error_is_kept() -> None:
    """What a user's codec raised is the cause of the error that names the field."""
    data = bytearray(IMAGE)
    data[14:18] = bytes(4)
    with pytest.raises(DecodeError) as caught:
        DECODE([bytes(data)])
    assert isinstance(caught.value.__cause__, ArithmeticError)


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
    body: dict[str, Any] = {
        "__annotations__": {"first": RO[int], "field": RO[Any]},
        "first": input_register(8, int32),
        "field": input_register(11, codec),
    }
    orders = {"word_order": order.word, "byte_order": order.byte}
    model = new_class("Map", (RegisterMap,), orders, lambda namespace: namespace.update(body))
    layout = layout_of(model)
    blocks = whole_tables(layout)
    data = device_bytes([0, 9], int32, order) + bytes(2) + device_bytes(words, codec, order)
    instance: Any = generated(compile_decoder(layout.root, blocks))([data])
    assert same(instance.field, value)
    assert instance.first == 9
    assert generated(compile_encoder(layout.root, blocks))(instance) == [data]


def test_a_derived_map_with_no_fields_of_its_own() -> None:
    """A class that adds no field to its base is decoded as itself."""

    class Same(Plant):
        """The same."""

    layout = layout_of(Same)
    state = compile_decoder(layout.root, whole_tables(layout))([IMAGE])
    assert type(state) is Same
    assert state.zones == PLANT.zones


def test_a_map_with_code_of_its_own() -> None:
    """Properties and hooks of a class live on; reading does not run what construction runs."""
    made: list[str] = []

    class Counted(RegisterMap):
        """Counts how often it is constructed."""

        count: RW[int] = holding_register(0, uint16)

        def __attrs_post_init__(self) -> None:
            made.append("constructed")

        @property
        def twice(self) -> int:
            return self.count * 2

    layout = layout_of(Counted)
    state: Counted = generated(compile_decoder(layout.root, whole_tables(layout)))([b"\0\5"])
    assert state.twice == 10
    assert not made


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
