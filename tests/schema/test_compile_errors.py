"""What the generated functions refuse, and how the errors name it."""

import reprlib
from typing import Any

import pytest

from modbus_schema.codecs import Codec
from modbus_schema.compile import compile_decoder, compile_encoder
from modbus_schema.errors import DecodeError, EncodeError
from modbus_schema.fields.descriptors import RW
from modbus_schema.fields.placements import coil
from modbus_schema.layout.tree import layout_of
from modbus_schema.model.register_map import RegisterMap
from tests.schema.codec_values import REFUSED
from tests.schema.compile_checks import DECODE, ENCODE, IMAGE, PLANT, Zone, map_of
from tests.schema.generated_maps import whole_tables


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


@pytest.mark.parametrize(("codec", "value", "why"), REFUSED, ids=reprlib.repr)
def test_a_value_that_would_change(codec: Codec[Any], value: Any, why: str) -> None:
    """What the plain way refuses, the generated code refuses, and says the same."""
    model: Any = map_of(codec)
    layout = layout_of(model)
    encode = compile_encoder(layout.root, whole_tables(layout))
    first = (False, False) if codec.bit_table else 0
    with pytest.raises(EncodeError, match=why) as caught:
        encode(model(first=first, field=value))
    assert caught.value.where == layout.root.members["field"].place  # type: ignore[union-attr]
