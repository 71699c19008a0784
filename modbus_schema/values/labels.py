"""The members of enums as texts, for tables that know no classes."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.enums import EnumCodec
from modbus_schema.codecs.optional import OptionalCodec


def enum_of(codec: Codec[Any]) -> EnumCodec[Any] | None:
    """Return the enum of a codec of its members, which may be missing; None for any other."""
    while isinstance(codec, OptionalCodec):
        codec = codec.inner
    return codec if isinstance(codec, EnumCodec) else None


def labels(values: Iterable[object]) -> list[str | None]:
    """Return the names of members, the digits of integers without one, None for None."""
    return [_label(value) for value in values]


def _label(value: object) -> str | None:
    if value is None:
        return None
    return value.name if isinstance(value, Enum) else str(value)
