"""Codecs from the text that documents have for them, and their values as Python types."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping
from enum import IntEnum, IntFlag
from typing import Any

import modbus_schema.codecs as codecs
from modbus_schema.codecs.arrays import Array
from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.bit_fields import Bit, Boolean, ByteChoice
from modbus_schema.codecs.bit_table import BitList, SingleBit, single_bit
from modbus_schema.codecs.enums import EnumCodec, FlagsCodec, enum, flags
from modbus_schema.codecs.moments import DateTime, Duration, Timestamp
from modbus_schema.codecs.network import Address
from modbus_schema.codecs.numbers import IntegerCodec, Number
from modbus_schema.codecs.optional import NanCodec, OptionalCodec
from modbus_schema.codecs.scaling import ScaledFloat, ScaledInteger
from modbus_schema.codecs.text import Raw, String
from modbus_schema.imports.names import class_name, member_name, unused
from modbus_wire.codes import Table

_NUMBERS = ("int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32")
CODECS = (*_NUMBERS, "float64", "boolean", "ipv4", "ipv6", "mac")
MAKERS = ("array", "bcd", "bit", "bit_list", "bits", "date_time", "duration", "raw", "string")
_METHODS = ("scaled", "optional", "or_nan", "fixed")

_KNOWN: dict[str, Any] = {
    "single_bit": single_bit,
    "nan": math.nan,
    **{name: getattr(codecs, name) for name in (*CODECS, *MAKERS, "timestamp", "int8", "uint8")},
}

_ALSO = {
    "int16": ("I16", "S16", "INT", "SHORT", "SINT16", "SIGNED16"),
    "uint16": ("U16", "UINT", "WORD", "USHORT", "UNSIGNED16"),
    "int32": ("I32", "S32", "DINT", "LONG", "SINT32", "SIGNED32"),
    "uint32": ("U32", "UDINT", "DWORD", "ULONG", "UNSIGNED32"),
    "int64": ("I64", "S64", "LINT", "SINT64", "SIGNED64"),
    "uint64": ("U64", "ULINT", "QWORD", "UNSIGNED64"),
    "float16": ("F16", "HALF"),
    "float32": ("F32", "FLOAT", "REAL", "SINGLE", "REAL32"),
    "float64": ("F64", "DOUBLE", "LREAL", "REAL64"),
    "boolean": ("BOOL",),
}
_SPELLINGS = {
    spelling: name for name, others in _ALSO.items() for spelling in (name.upper(), *others)
}
_TEXTS = ("STRING", "STR", "ASCII", "TEXT", "CHAR", "UTF8")


class Kinds:
    """The enums and flags of a document, each once, under names of their own."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, bool, tuple[tuple[int, str], ...]], type[Any]] = {}
        self.users: dict[type[Any], str] = {}
        """The field that each was first made for."""

    def make(
        self, name: str, values: Mapping[int, str], user: str, *, is_flags: bool = False
    ) -> type[Any]:
        """Return the class of some values; raises ValueError for what is no name of a value."""
        if not values:
            raise ValueError(f"{name} has no values")
        key = (name, is_flags, tuple(values.items()))
        if key not in self._made:
            free = unused(name, {kind.__name__ for kind in self._made.values()})
            members = [(member_name(text), number) for number, text in values.items()]
            kind: Any = IntFlag(free, members) if is_flags else IntEnum(free, members)
            self._made[key] = kind
            self.users[kind] = user
        return self._made[key]


def read_codec(
    text: str, kinds: Kinds, *, user: str, table: Table, size: int | None, values: Mapping[int, str]
) -> Codec[Any]:
    """Return the codec that a document calls ``text``; ``values`` are those of an enum or flags.

    The text is a codec as `describe` prints it, or one of the usual names of a type. Raises
    ValueError for any other text, and whatever the codec itself refuses.
    """
    codec = _read_plain(text.strip(), kinds, user, table, size, values)
    if values and isinstance(codec, IntegerCodec) and "(" not in text:
        kind = kinds.make(class_name(user.rpartition(".")[2]), values, user)
        codec = enum(kind, codec, keep_unknown=True)
    if size is not None and size != codec.registers:
        raise ValueError(f"{codec!r} has a size of {codec.registers}, not {size}")
    return codec


def _read_plain(
    text: str, kinds: Kinds, user: str, table: Table, size: int | None, values: Mapping[int, str]
) -> Codec[Any]:
    plain = re.sub(r"[\s_\-]", "", text).upper()
    if table.is_bits and plain in ("", "BIT", "BOOL", "BOOLEAN"):
        return single_bit
    if plain in _SPELLINGS:
        known: Codec[Any] = _KNOWN[_SPELLINGS[plain]]
        return known
    if plain in _TEXTS and size is not None:
        return codecs.string(size, terminated=True)
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        raise ValueError(f"{text!r} is no type") from None
    found = _Reader(kinds, user, values).value(tree)
    if not isinstance(found, Codec):
        raise ValueError(f"{text!r} is no type")
    return found


class _Reader:
    """Evaluates the expression of a codec: the known names, their calls, and constants."""

    def __init__(self, kinds: Kinds, user: str, values: Mapping[int, str]) -> None:
        self.kinds = kinds
        self.user = user
        self.values = values

    def value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | str):
            return node.value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -self.value(node.operand)
        if isinstance(node, ast.Name) and node.id in _KNOWN:
            return _KNOWN[node.id]
        if isinstance(node, ast.Attribute) and node.attr in ("high", "low"):
            both = self.value(node.value)
            if isinstance(both, ByteChoice):
                return getattr(both, node.attr)
        if isinstance(node, ast.Call):
            return self._call(node)
        raise ValueError(f"{ast.unparse(node)} is no type that can be read back")

    def _call(self, node: ast.Call) -> Any:
        keywords = {word.arg: self.value(word.value) for word in node.keywords if word.arg}
        function = node.func
        if isinstance(function, ast.Name) and function.id in ("enum", "flags") and node.args:
            return self._named(function.id, node.args, keywords)
        arguments = [self.value(argument) for argument in node.args]
        if isinstance(function, ast.Name) and function.id in (*MAKERS, "timestamp"):
            return _KNOWN[function.id](*arguments, **keywords)
        if isinstance(function, ast.Attribute) and function.attr in _METHODS:
            inner = self.value(function.value)
            if not isinstance(inner, Number) and function.attr not in ("optional", "or_nan"):
                raise ValueError(f"{inner!r} is no number, which could be {function.attr}")
            return getattr(inner, function.attr)(*arguments, **keywords)
        raise ValueError(f"{ast.unparse(node)} is no type that can be read back")

    def _named(self, maker: str, arguments: list[ast.expr], keywords: dict[str, Any]) -> Any:
        name, *base = arguments
        if not isinstance(name, ast.Name):
            raise ValueError(f"{ast.unparse(name)} is no name of an enum")
        is_flags = maker == "flags"
        kind = self.kinds.make(name.id, self.values, self.user, is_flags=is_flags)
        inner = [self.value(argument) for argument in base]
        return flags(kind, *inner) if is_flags else enum(kind, *inner, **keywords)


def annotation(codec: Codec[Any]) -> str:
    """Return the type of a codec's values as an annotation spells it."""
    if isinstance(codec, OptionalCodec):
        return f"{annotation(codec.inner)} | None"
    if isinstance(codec, Array):
        return f"tuple[{annotation(codec.item)}, ...]"
    if isinstance(codec, EnumCodec):
        return f"{codec.kind.__name__} | int" if codec.keep_unknown else codec.kind.__name__
    if isinstance(codec, FlagsCodec):
        return codec.kind.__name__
    if isinstance(codec, Address):
        return {"ipv4": "IPv4Address", "ipv6": "IPv6Address"}.get(codec.name, "str")
    return next(text for kinds, text in _ANNOTATIONS if isinstance(codec, kinds))


_ANNOTATIONS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((BitList,), "tuple[bool, ...]"),
    ((SingleBit, Bit, Boolean), "bool"),
    ((ScaledInteger, ScaledFloat, NanCodec), "float"),
    ((IntegerCodec,), "int"),
    ((Number,), "float"),
    ((String,), "str"),
    ((Raw,), "bytes"),
    ((Timestamp, DateTime), "datetime"),
    ((Duration,), "timedelta"),
    ((object,), "object"),
)
