"""The values of codecs as JSON has them, and back.

A member of an enum is its name, flags are their integer, bytes are hex, a moment is ISO 8601, a
span of time is seconds, an address is text; a number that is not finite is text too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from modbus_schema.codecs.arrays import Array
from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.bit_fields import Bit, Boolean
from modbus_schema.codecs.bit_table import BitList, SingleBit
from modbus_schema.codecs.enums import EnumCodec, FlagsCodec
from modbus_schema.codecs.moments import DateTime, Duration, Timestamp
from modbus_schema.codecs.network import Address
from modbus_schema.codecs.numbers import Float, IntegerCodec
from modbus_schema.codecs.optional import NanCodec, OptionalCodec
from modbus_schema.codecs.scaled_by import ScaledBy
from modbus_schema.codecs.scaling import ScaledFloat, ScaledInteger
from modbus_schema.codecs.text import Raw, String

Json: TypeAlias = Any
"""What ``json`` reads and writes; its own type would be recursive, which no checker narrows."""


class Form(NamedTuple):
    """How the values of a codec are written in JSON."""

    schema: dict[str, Json]
    """Their JSON Schema."""
    plain: Callable[[Any], Json]
    value: Callable[[Json], Any]
    """``plain`` reversed; raises TypeError or ValueError for what is no such value."""


def form_of(codec: Codec[Any]) -> Form:
    """Return the form of a codec; of a user's own codec the values are taken to be JSON's."""
    for kind, make in _FORMS.items():
        if isinstance(codec, kind):
            return make(codec)
    return Form({}, _same, _same)


def _same(value: Any) -> Any:
    return value


def _optional(codec: OptionalCodec[Any]) -> Form:
    inner = form_of(codec.inner)
    return Form(
        {"anyOf": [inner.schema, {"type": "null"}]},
        lambda value: None if value is None else inner.plain(value),
        lambda plain: None if plain is None else inner.value(plain),
    )


def _array(codec: Array[Any]) -> Form:
    item = form_of(codec.item)
    schema = {"type": "array", "items": item.schema, **_exactly(codec.count)}
    return Form(
        schema,
        lambda value: [item.plain(each) for each in value],
        lambda plain: tuple(item.value(each) for each in _listed(plain)),
    )


def _exactly(count: int) -> dict[str, Json]:
    return {"minItems": count, "maxItems": count}


def _bit_list(codec: BitList) -> Form:
    schema = {"type": "array", "items": {"type": "boolean"}, **_exactly(codec.registers)}
    return Form(schema, list, lambda plain: tuple(map(_truth, _listed(plain))))


def _boolean(_codec: object) -> Form:
    return Form({"type": "boolean"}, _same, _truth)


def _integer(codec: IntegerCodec) -> Form:
    schema = {"type": "integer", "minimum": codec.low, "maximum": codec.high}
    return Form(schema, int, _same)


def _number(_codec: object) -> Form:
    schema = {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
    return Form(schema, _finite, _float)


def _finite_number(_codec: object) -> Form:
    return Form({"type": "number"}, _finite, _float)


def _enum(codec: EnumCodec[Any]) -> Form:
    names = list(codec.kind.__members__)
    known: dict[str, Json] = {"enum": names}
    schema = {"anyOf": [known, {"type": "integer"}]} if codec.keep_unknown else known

    def value(plain: Json) -> Any:
        if isinstance(plain, str):
            if plain not in names:
                raise ValueError(f"{plain!r} is none of {', '.join(names)}")
            return codec.kind[plain]
        return plain

    return Form(schema, lambda member: member.name if isinstance(member, Enum) else member, value)


def _flags(codec: FlagsCodec[Any]) -> Form:
    return Form({"type": "integer", "minimum": 0}, int, lambda plain: codec.kind(_whole(plain)))


def _string(codec: String) -> Form:
    return Form({"type": "string", "maxLength": 2 * codec.registers}, _same, _text)


def _raw(codec: Raw) -> Form:
    size = 4 * codec.registers
    schema = {"type": "string", "pattern": f"^[0-9a-f]{{{size}}}$"}
    return Form(schema, bytes.hex, lambda plain: bytes.fromhex(_text(plain)))


def _moment(_codec: object) -> Form:
    from datetime import datetime

    return Form(
        {"type": "string", "format": "date-time"},
        datetime.isoformat,
        lambda plain: datetime.fromisoformat(_text(plain)),
    )


def _duration(_codec: object) -> Form:
    from datetime import timedelta

    return Form(
        {"type": "number", "description": "seconds"},
        timedelta.total_seconds,
        lambda plain: timedelta(seconds=plain),
    )


def _address(codec: Address[Any]) -> Form:
    known = {"ipv4": "ipv4", "ipv6": "ipv6"}.get(codec.name)
    schema = {"type": "string"} | ({"format": known} if known else {})
    return Form(schema, str, lambda plain: codec.value(codec.raw(_text(plain))))


_FORMS: dict[type, Callable[[Any], Form]] = {
    OptionalCodec: _optional,
    NanCodec: _number,
    Array: _array,
    BitList: _bit_list,
    SingleBit: _boolean,
    Bit: _boolean,
    Boolean: _boolean,
    ScaledInteger: _finite_number,
    ScaledFloat: _number,
    ScaledBy: _number,
    Float: _number,
    IntegerCodec: _integer,
    EnumCodec: _enum,
    FlagsCodec: _flags,
    String: _string,
    Raw: _raw,
    Timestamp: _moment,
    DateTime: _moment,
    Duration: _duration,
    Address: _address,
}


def _finite(value: float) -> Json:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _float(plain: Json) -> float:
    if isinstance(plain, str) and plain not in ("NaN", "Infinity", "-Infinity"):
        raise ValueError(f"{plain!r} is no number")
    if isinstance(plain, bool):
        raise TypeError(f"{plain!r} is no number")
    return float(plain)


def _truth(plain: Json) -> bool:
    if not isinstance(plain, bool):
        raise TypeError(f"{plain!r} is neither true nor false")
    return plain


def _whole(plain: Json) -> int:
    if not isinstance(plain, int) or isinstance(plain, bool):
        raise TypeError(f"{plain!r} is no integer")
    return plain


def _text(plain: Json) -> str:
    if not isinstance(plain, str):
        raise TypeError(f"{plain!r} is no text")
    return plain


def _listed(plain: Json) -> list[Json]:
    if not isinstance(plain, list):
        raise TypeError(f"{plain!r} is no list")
    return plain
