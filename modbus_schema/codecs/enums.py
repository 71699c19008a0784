"""Named values: an integer as a member of an enum, or as flags."""

from collections.abc import Sequence
from enum import Enum, Flag, IntFlag
from typing import Generic, Literal, TypeVar, overload

from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.numbers import IntegerCodec, uint16
from modbus_schema.codecs.source import Scope
from modbus_schema.codecs.wrapping import Wrapper
from modbus_schema.errors import DecodeError, DefinitionError, EncodeError

T = TypeVar("T")
E = TypeVar("E", bound=Enum)
F = TypeVar("F", bound=IntFlag)


class EnumCodec(Wrapper[T, int], Generic[T]):
    """Members of ``kind`` by value; other integers are kept as they are, or refused."""

    kind: type[Enum]
    keep_unknown: bool

    def _derive(self) -> None:
        super()._derive()
        self.members: dict[int, T]
        vars(self)["members"] = {member.value: member for member in self.kind}

    def decode(self, words: Sequence[int]) -> T:
        raw = self.inner.decode(words)
        if raw in self.members:
            return self.members[raw]
        return self._unknown(raw)

    def _unknown(self, raw: int) -> T:
        if not self.keep_unknown:
            raise DecodeError(f"{raw} is no {self.kind.__name__}")
        return raw  # type: ignore[return-value]  # T is "E | int" then

    def encode(self, value: T) -> list[int]:
        return self.inner.encode(self.raw(value))

    def raw(self, value: object) -> int:
        """Return the integer of a member, or an integer that is a member's or may be kept."""
        if isinstance(value, self.kind):
            return int(value.value)
        if isinstance(value, int) and not isinstance(value, Enum):
            known = self.keep_unknown or value in self.members
            if known:
                return value
        raise EncodeError(f"{value!r} is no {self.kind.__name__}")

    def decode_source(self, raw: str, scope: Scope) -> str:
        number = self.inner.decode_source(raw, scope)
        if self.keep_unknown:
            return f"{scope.bind(self.members.get)}({number}, {number})"
        return f"{scope.bind(self.members)}[{number}]"

    def encode_source(self, value: str, scope: Scope) -> str:
        kind, raw = scope.bind(self.kind), scope.bind(self.raw)
        number = f"{value}._value_ if {value}.__class__ is {kind} else {raw}({value})"
        return self.inner.encode_source(scope.assign(number), scope)

    def __repr__(self) -> str:
        base = "" if self.inner == uint16 else f", {self.inner!r}"
        keep = ", keep_unknown=True" if self.keep_unknown else ""
        return f"enum({self.kind.__name__}{base}{keep})"


class FlagsCodec(Wrapper[F, int], Generic[F]):
    """An integer as flags of ``kind``; bits without a name are kept."""

    kind: type[F]

    def decode(self, words: Sequence[int]) -> F:
        return self.kind(self.inner.decode(words))

    def encode(self, value: F) -> list[int]:
        return self.inner.encode(self.raw(value))

    def raw(self, value: object) -> int:
        """Return the integer of flags, or of an integer that is taken for flags."""
        if isinstance(value, self.kind) or (isinstance(value, int) and not isinstance(value, Enum)):
            return int(value)
        raise EncodeError(f"{value!r} is no {self.kind.__name__}")

    def decode_source(self, raw: str, scope: Scope) -> str:
        return f"{scope.bind(self.kind)}({self.inner.decode_source(raw, scope)})"

    def encode_source(self, value: str, scope: Scope) -> str:
        kind, raw = scope.bind(self.kind), scope.bind(self.raw)
        number = f"{value}._value_ if {value}.__class__ is {kind} else {raw}({value})"
        return self.inner.encode_source(scope.assign(number), scope)

    def __repr__(self) -> str:
        base = "" if self.inner == uint16 else f", {self.inner!r}"
        return f"flags({self.kind.__name__}{base})"


@overload
def enum(
    kind: type[E], base: Codec[int] = ..., *, keep_unknown: Literal[False] = ...
) -> Codec[E]: ...
@overload
def enum(
    kind: type[E], base: Codec[int] = ..., *, keep_unknown: Literal[True]
) -> Codec[E | int]: ...
def enum(
    kind: type[E], base: Codec[int] = uint16, *, keep_unknown: bool = False
) -> Codec[E] | Codec[E | int]:
    """Return the codec of an enum with integer values, stored as ``base`` stores integers.

    An integer that is no member raises DecodeError, or with ``keep_unknown`` is kept as it is.
    Raises DefinitionError for an enum with values that ``base`` cannot hold.
    """
    _check_kind(kind, Enum, base)
    if issubclass(kind, Flag):
        raise DefinitionError(f"{kind.__name__} is a set of flags: use flags()")
    if not len(kind):
        raise DefinitionError(f"{kind.__name__} has no members")
    for member in kind:
        _check_value(member.value, f"{kind.__name__}.{member.name}", base)
    if keep_unknown:
        return EnumCodec[E | int](base, kind=kind, keep_unknown=True)
    return EnumCodec[E](base, kind=kind, keep_unknown=False)


def flags(kind: type[F], base: Codec[int] = uint16) -> Codec[F]:
    """Return the codec of an IntFlag, stored as ``base`` stores integers; unknown bits are kept.

    Raises DefinitionError for flags that ``base`` cannot hold.
    """
    _check_kind(kind, IntFlag, base)
    if isinstance(base, IntegerCodec) and base.low < 0:
        raise DefinitionError(f"flags have no sign, but {base!r} does")
    if not _keeps_unknown(kind):
        raise DefinitionError(f"{kind.__name__} must have the boundary KEEP, to keep unknown bits")
    for name, member in kind.__members__.items():
        _check_value(member.value, f"{kind.__name__}.{name}", base)
    return FlagsCodec(base, kind=kind)


def _keeps_unknown(kind: type[IntFlag]) -> bool:
    unnamed = 1 << max((member.value.bit_length() for member in kind), default=0)
    try:
        kept = kind(unnamed)
    except ValueError:
        return False
    return isinstance(kept, kind) and int(kept) == unnamed


def _check_kind(kind: object, expected: type[Enum], base: object) -> None:
    if not isinstance(kind, type) or not issubclass(kind, expected):
        raise DefinitionError(f"{kind!r} is no {expected.__name__} class")
    if not isinstance(base, Codec):
        raise DefinitionError(f"{kind.__name__} takes a codec of integers, not {base!r}")


def _check_value(value: object, name: str, base: Codec[int]) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise DefinitionError(f"{name} is {value!r}, which is no integer")
    try:
        base.encode(value)
    except EncodeError as error:
        raise DefinitionError(f"{name} does not fit {base!r}: {error}") from None
