"""Codecs whose values a pair of functions makes of another codec's, or of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from modbus_schema.codecs.base import Codec, encode_checked
from modbus_schema.codecs.source import Scope
from modbus_schema.codecs.value import Value
from modbus_schema.codecs.wrapping import Wrapper
from modbus_schema.errors import DecodeError, DefinitionError, EncodeError, SchemaError
from modbus_schema.sources import Source, Supply

T = TypeVar("T")
U = TypeVar("U")


class Converted(Wrapper[T, U], Generic[T, U]):
    """``read(value of inner)``; ``write`` is its reverse. Either may refuse with any exception."""

    read: Callable[[U], T]
    write: Callable[[T], U]

    def decode(self, words: Sequence[int]) -> T:
        return self.value(self.inner.decode(words))

    def encode(self, value: T) -> list[int]:
        return encode_checked(self.inner, self.raw(value))

    def value(self, raw: U) -> T:
        """Return ``read(raw)``; raises DecodeError where that fails."""
        try:
            return self.read(raw)
        except SchemaError:
            raise
        except Exception as error:
            raise DecodeError(f"{raw!r} cannot be converted: {error}") from error

    def raw(self, value: T) -> U:
        """Return ``write(value)``; raises EncodeError where that fails."""
        try:
            return self.write(value)
        except SchemaError:
            raise
        except Exception as error:
            raise EncodeError(f"{value!r} cannot be converted: {error}") from error

    def decode_source(self, raw: str, scope: Scope) -> str:
        inner = self.inner.decode_source(raw, scope)
        return f"{scope.bind(self.value)}({inner})"

    def encode_source(self, value: str, scope: Scope) -> str:
        raw = scope.assign(f"{scope.bind(self.raw)}({value})")
        return self.inner.encode_source(raw, scope)

    def __repr__(self) -> str:
        return f"{self.inner!r}.converted({self.read!r}, {self.write!r})"


class Composite(Value, Codec[T], Generic[T]):
    """One value of several codecs, one behind the other."""

    build: Callable[..., T]
    split: Callable[[T], Sequence[Any]]
    parts: tuple[Codec[Any], ...]
    registers: int
    number_registers: int | tuple[int, ...]

    def _derive(self) -> None:
        vars(self)["needs"] = tuple(
            dict.fromkeys(need for part in self.parts for need in part.needs)
        )

    def supplied(self, supplies: Mapping[Source[Any], Supply]) -> Codec[T]:
        parts = tuple(part.supplied(supplies) for part in self.parts)
        return self.changed(parts=parts) if self.needs else self

    def decode(self, words: Sequence[int]) -> T:
        values, at = [], 0
        for part in self.parts:
            values.append(part.decode(words[at : at + part.registers]))
            at += part.registers
        try:
            return self.build(*values)
        except SchemaError:
            raise
        except Exception as error:
            shown = ", ".join(map(repr, values))
            raise DecodeError(f"{shown} cannot be put together: {error}") from error

    def encode(self, value: T) -> list[int]:
        try:
            values = tuple(self.split(value))
        except SchemaError:
            raise
        except Exception as error:
            raise EncodeError(f"{value!r} cannot be taken apart: {error}") from error
        if len(values) != len(self.parts):
            raise EncodeError(f"{len(values)} parts where {len(self.parts)} are needed")
        words: list[int] = []
        for part, item in zip(self.parts, values, strict=True):
            words += encode_checked(part, item)
        return words

    def __repr__(self) -> str:
        parts = ", ".join(map(repr, self.parts))
        return f"composite({self.build!r}, {self.split!r}, {parts})"


def composite(
    build: Callable[..., T], split: Callable[[T], Sequence[Any]], /, *parts: Codec[Any]
) -> Codec[T]:
    """Return the codec of ``build(*values of the parts)``; ``split`` takes a value apart again.

    The parts lie one behind the other; word and byte order apply to each of them.
    Raises DefinitionError for parts that are no codecs of whole registers.
    """
    if not parts:
        raise DefinitionError("composite() needs parts")
    for part in parts:
        if not _is_whole(part):
            raise DefinitionError(f"composite() takes codecs of whole registers, not {part!r}")
    return Composite(
        build,
        split,
        parts,
        registers=sum(part.registers for part in parts),
        number_registers=_number_registers(parts),
    )


def _is_whole(part: object) -> bool:
    return isinstance(part, Codec) and not part.bit_table and part.bit_range is None


def _number_registers(parts: Sequence[Codec[Any]]) -> int | tuple[int, ...]:
    """Return the sizes of the numbers in the parts: one number where all are the same."""
    sizes: list[int] = []
    for part in parts:
        size = part.number_registers
        if isinstance(size, tuple):
            sizes += size
        else:
            sizes += [size] * (part.registers // size) if size else [0] * part.registers
    return sizes[0] if len(set(sizes)) == 1 else tuple(sizes)
