"""Several values of one kind in a row."""

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from modbus_schema.codecs.base import Codec, encode_checked
from modbus_schema.codecs.order import NumberRegisters
from modbus_schema.codecs.source import Scope, cut_out, put_in
from modbus_schema.codecs.text import check_count
from modbus_schema.codecs.value import Value
from modbus_schema.errors import DefinitionError, EncodeError
from modbus_schema.sources import Source, Supply

T = TypeVar("T")


class Array(Value, Codec[tuple[T, ...]], Generic[T]):
    """``count`` values of the codec ``item``, one behind the other; orders apply to each."""

    item: Codec[T]
    count: int
    registers: int
    number_registers: NumberRegisters
    wire: str | None

    def _derive(self) -> None:
        vars(self)["needs"] = self.item.needs

    def supplied(self, supplies: Mapping[Source[Any], Supply]) -> Codec[tuple[T, ...]]:
        return self.changed(item=self.item.supplied(supplies)) if self.needs else self

    def decode(self, words: Sequence[int]) -> tuple[T, ...]:
        size = self.item.registers
        starts = range(0, len(words), size)
        return tuple(self.item.decode(words[start : start + size]) for start in starts)

    def encode(self, value: tuple[T, ...]) -> list[int]:
        words: list[int] = []
        for index, item in enumerate(items_of(value, self.count)):
            try:
                words += encode_checked(self.item, item)
            except EncodeError as error:
                raise EncodeError(f"[{index}]: {error}") from error
        return words

    def decode_source(self, raw: str, scope: Scope) -> str:
        unpacked = f"{scope.bind(self._struct(scope).unpack)}({raw})"
        start = len(scope.lines)
        values, item = scope.temp(), scope.temp()
        scope.line(f"{values} = []")
        with scope.block(f"for {item} in {unpacked}:"):
            value = self.item.decode_source(cut_out(item, self.item.bit_range), scope)
            scope.line(f"{values}.append({value})")
        if value == item:
            del scope.lines[start:]
            return unpacked
        return f"tuple({values})"

    def encode_source(self, value: str, scope: Scope) -> str:
        pack = scope.bind(self._struct(scope).pack)
        start = len(scope.lines)
        raws, item = scope.temp(), scope.temp()
        scope.line(f"{raws} = []")
        with scope.block(f"for {item} in {value}:"):
            raw = put_in(self.item.encode_source(item, scope), self.item.bit_range)
            scope.line(f"{raws}.append({raw})")
        if raw == item:
            del scope.lines[start:]
            return f"{pack}(*{value})"
        return f"{pack}(*{raws})"

    def _struct(self, scope: Scope) -> struct.Struct:
        return struct.Struct(scope.endian + (self.item.wire or "") * self.count)

    def __repr__(self) -> str:
        return f"array({self.item!r}, {self.count})"


def _repeated(number_registers: NumberRegisters, count: int) -> NumberRegisters:
    return number_registers * count if isinstance(number_registers, tuple) else number_registers


def items_of(value: Iterable[T], count: int) -> tuple[T, ...]:
    """Return exactly ``count`` items of a value, or raise EncodeError."""
    try:
        items = tuple(value)
    except TypeError:
        raise EncodeError(f"{value!r} is no sequence of values") from None
    if len(items) != count:
        raise EncodeError(f"{len(items)} values where {count} are needed")
    return items


def array(item: Codec[T], count: int) -> Codec[tuple[T, ...]]:
    """Return the codec of ``count`` values of ``item`` in a row, as a tuple.

    Word and byte order apply to each item; its sentinels, scale and the like are the item's.
    Raises DefinitionError for a codec of coils; those have `bit_list`.
    """
    check_count(count, "array")
    if not isinstance(item, Codec):
        raise DefinitionError(f"array() takes a codec, not {item!r}")
    if item.bit_table:
        raise DefinitionError(f"array() is for registers, not for {item!r}; see bit_list()")
    registers = item.registers * count
    return Array(
        item,
        count,
        registers=registers,
        number_registers=_repeated(item.number_registers, count),
        wire=None if item.wire is None else f"{2 * registers}s",
    )
