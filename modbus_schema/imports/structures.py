"""The data types of Home Assistant's modbus integration as codecs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import modbus_schema.codecs as codecs
from modbus_schema.codecs.base import Codec, pattern_bits, pattern_of
from modbus_schema.codecs.numbers import Float, Number
from modbus_schema.imports.documents import needed, whole

_NUMBERS: dict[str, Number[Any]] = {
    f"{number!r}": number
    for number in (
        *(codecs.int16, codecs.uint16, codecs.int32, codecs.uint32, codecs.int64, codecs.uint64),
        *(codecs.float16, codecs.float32, codecs.float64),
    )
}
_FORMATS: dict[str, Number[Any]] = {
    "h": codecs.int16,
    "H": codecs.uint16,
    **dict.fromkeys("il", codecs.int32),
    **dict.fromkeys("IL", codecs.uint32),
    "q": codecs.int64,
    "Q": codecs.uint64,
    "e": codecs.float16,
    "f": codecs.float32,
    "d": codecs.float64,
}
_STRUCTURE = re.compile(r"([<>!])((?:\d*[hHilIqLQefd])+|\d+s)")


def sensor_codec(given: Mapping[str, Any]) -> Codec[Any]:
    """Return the codec of a sensor, with scale, offset and the value that means "none"."""
    kind = str(given.get("data_type", "int16"))
    if kind == "string":
        return codecs.string(whole(needed(given, "count"), "count"), terminated=True)
    if kind == "custom":
        return _custom(given)
    if kind not in _NUMBERS:
        raise ValueError(f"{kind!r} is no data_type")
    number = _NUMBERS[kind]
    if given.get("count") not in (None, number.registers):
        raise ValueError(f"count is {number.registers} for {kind}, not {given['count']!r}")
    codec = _scaled(number, given)
    more = whole(given.get("virtual_count", given.get("slave_count", 0)), "virtual_count")
    return codecs.array(codec, more + 1) if more else codec


def orders_of(given: Mapping[str, Any], codec: Codec[Any]) -> dict[str, Any]:
    """Return the order options that ``swap`` and the structure say."""
    swap = given.get("swap") or "none"
    if swap not in ("none", "byte", "word", "word_byte"):
        raise ValueError(f"{swap!r} is no swap (byte, word, word_byte)")
    is_little = str(given.get("structure", "")).startswith("<")
    ends = {"word_order": "word" in swap, "byte_order": "byte" in swap}
    if any(ends.values()) and not codec.number_registers:
        raise ValueError(f"there is no {codec!r} with its registers swapped")
    if is_little and given.get("data_type") == "custom":
        ends = {word: not end for word, end in ends.items()}
    one_register = codec.number_registers == 1
    return {
        word: "little"
        for word, end in ends.items()
        if end and codec.number_registers and not (word == "word_order" and one_register)
    }


def limits_of(
    given: Mapping[str, Any], low: str = "min_value", high: str = "max_value"
) -> dict[str, float]:
    """Return the options of the limits of a number."""
    limits = {}
    for option, word in (("minimum", low), ("maximum", high)):
        value = given.get(word)
        if value is not None:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"{word} is a number, not {value!r}")
            limits[option] = value
    return limits


def _custom(given: Mapping[str, Any]) -> Codec[Any]:
    structure = str(needed(given, "structure"))
    match = _STRUCTURE.fullmatch(structure.replace(" ", ""))
    if match is None:
        raise ValueError(f"the structure {structure!r} is not one kind of number, in known order")
    items = [(int(count or 1), code) for count, code in re.findall(r"(\d*)([a-zA-Z])", match[2])]
    if items[0][1] == "s":
        codec: Codec[Any] = codecs.string((items[0][0] + 1) // 2, terminated=True)
    else:
        numbers = {_FORMATS[code] for _, code in items}
        if len(numbers) > 1:
            raise ValueError(f"the structure {structure!r} has several kinds of numbers")
        count = sum(count for count, _ in items)
        one = _scaled(numbers.pop(), given)
        codec = one if count == 1 else codecs.array(one, count)
    size = whole(needed(given, "count"), "count")
    if size != codec.registers:
        raise ValueError(f"the structure {structure!r} has {codec.registers} registers, not {size}")
    return codec


def _scaled(number: Number[Any], given: Mapping[str, Any]) -> Codec[Any]:
    scale, offset = _decimal(given, "scale", "1"), _decimal(given, "offset", "0")
    codec: Codec[Any] = number
    if (float(scale), float(offset)) != (1, 0):
        codec = number.scaled(scale, offset if float(offset) else 0)
    nan = given.get("nan_value")
    return codec if nan is None else codec.optional(_pattern(number, whole(nan, "nan_value")))


def _pattern(number: Number[Any], value: int) -> int:
    """Return the unsigned pattern of the raw value that means "none"."""
    if isinstance(number, Float):
        return pattern_of(number.encode(value), number)
    return value % (1 << pattern_bits(number))


def _decimal(given: Mapping[str, Any], word: str, default: str) -> str:
    """Return a number as an exact decimal: the shortest that reads as the float."""
    value = given.get(word, default)
    try:
        float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{word} is a number, not {value!r}") from None
    text = str(value)
    return text.removesuffix(".0") if text.endswith(".0") else text
