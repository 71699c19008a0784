"""What the tests of generated functions share: a map of everything, and how such a function did."""

import struct
from collections.abc import Callable, Sequence
from types import FunctionType, new_class
from typing import Any

import attrs

from modbus_schema.codecs import (
    Codec,
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
from modbus_schema.codecs.order import ABCD, Order
from modbus_schema.compile import compile_decoder, compile_encoder
from modbus_schema.errors import DecodeError, EncodeError
from modbus_schema.fields.descriptors import RO, RW, WO
from modbus_schema.fields.placements import (
    discrete_input,
    group,
    holding_register,
    input_register,
    repeat,
)
from modbus_schema.layout.tree import layout_of
from modbus_schema.model.register_map import RegisterMap
from tests.schema.codec_checks import Mode
from tests.schema.generated_maps import whole_tables


def map_of(codec: Codec[Any], order: Order = ABCD) -> type[RegisterMap]:
    """Return a map of a number and, a gap behind it, a field of the codec, all of one order."""
    first, second = (discrete_input, 7) if codec.bit_table else (input_register, 11)
    body: dict[str, Any] = {
        "__annotations__": {"first": RO[Any], "field": RO[Any]},
        "first": first(second - 3, bit_list(2) if codec.bit_table else int32),
        "field": first(second, codec),
    }
    orders = {"word_order": order.word, "byte_order": order.byte}
    return new_class("Map", (RegisterMap,), orders, lambda namespace: namespace.update(body))


def outcome(function: Callable[..., Any], *args: object) -> Any:
    """Return what a function gives, or the error it raises as its type and text."""
    try:
        return function(*args)
    except (DecodeError, EncodeError) as error:
        return type(error), error.where, str(error)


def generated(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a generated function with its way back to the plain way closed."""
    assert isinstance(function, FunctionType)

    def fail(_: object) -> None:
        raise AssertionError("the generated code gave up on what the plain way can do")

    scope = {
        name: fail if name.startswith(("decode_plain", "encode_plain")) else value
        for name, value in function.__globals__.items()
    }
    return FunctionType(function.__code__, scope)


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
