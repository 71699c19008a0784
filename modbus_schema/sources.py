"""Sources: values that a device tells of itself, where a map would otherwise say a constant.

They are what the user wrote; which fields they mean, the layout finds out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar, overload

from modbus_schema.errors import DefinitionError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")

SourcePath: TypeAlias = tuple[str | int, ...]
"""Names, and indexes into what repeats."""


class Source(Generic[T_co]):
    """A value of type ``T`` that is read from the device.

    In a class body the name of a field is one, and `outer` and `given` make others.
    """

    __slots__ = ()

    def inputs(self) -> tuple[Source[Any], ...]:
        """Return the fields that the value is made of, as sources."""
        return (self,)

    def compute(self, values: Sequence[Any]) -> Any:
        """Return the value that the values of the `inputs` make."""
        return values[0]

    def target(self) -> SourcePath:
        """Return where a field is, from the map on that its user is in; LookupError otherwise."""
        raise LookupError(f"{self!r} is no field of the map")


class Outer(Source[Any]):
    """A field of a map further out, by its name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def target(self) -> SourcePath:
        return (self.name,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Outer) and self.name == other.name

    def __hash__(self) -> int:
        return hash((Outer, self.name))

    def __repr__(self) -> str:
        return f"outer({self.name!r})"


class Member(Source[T]):
    """A field of a group that is in the same body."""

    __slots__ = ("group", "ref")

    def __init__(self, group: Source[Any], ref: Source[T]) -> None:
        self.group = group
        self.ref = ref

    def target(self) -> SourcePath:
        return (*self.group.target(), *self.ref.target())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Member) and (self.group, self.ref) == (other.group, other.ref)

    def __hash__(self) -> int:
        return hash((Member, self.group, self.ref))

    def __repr__(self) -> str:
        return f"{self.group!r}.at({self.ref!r})"


class Given(Source[T]):
    """What a function makes of other sources."""

    __slots__ = ("function", "sources")

    def __init__(self, sources: tuple[Source[Any], ...], function: Callable[..., T]) -> None:
        self.sources = sources
        self.function = function

    def inputs(self) -> tuple[Source[Any], ...]:
        return tuple(each for source in self.sources for each in source.inputs())

    def compute(self, values: Sequence[Any]) -> T:
        arguments, at = [], 0
        for source in self.sources:
            end = at + len(source.inputs())
            arguments.append(source.compute(values[at:end]))
            at = end
        return self.function(*arguments)

    def __repr__(self) -> str:
        function = getattr(self.function, "__name__", None) or repr(self.function)
        return f"given({', '.join(map(repr, self.sources))}, {function})"


class Supply(NamedTuple):
    """What a source was found to be: its value, and the place of its field for messages."""

    value: Any
    place: str


def outer(name: str) -> Source[Any]:
    """Refer to a field of a map in which this one is placed: the nearest that has the name.

    A map with such a source can be placed in others; by itself no device can be of it.
    """
    word: object = name
    if not isinstance(word, str) or not word.isidentifier():
        raise DefinitionError(f"outer() takes the name of a field, not {name!r}")
    return Outer(name)


@overload
def given(source: Source[A], function: Callable[[A], T], /) -> Source[T]: ...
@overload
def given(source: Source[A], second: Source[B], function: Callable[[A, B], T], /) -> Source[T]: ...
@overload
def given(
    source: Source[A],
    second: Source[B],
    third: Source[C],
    function: Callable[[A, B, C], T],
    /,
) -> Source[T]: ...
@overload
def given(
    source: Source[A],
    second: Source[B],
    third: Source[C],
    fourth: Source[D],
    function: Callable[[A, B, C, D], T],
    /,
) -> Source[T]: ...
def given(*parts: Any) -> Source[Any]:
    """Return the source of ``function(value)``, or of several sources ``function(value, second)``.

    The function is called with what was read, and must depend on nothing else.
    Raises DefinitionError for what is no source, or no function.
    """
    sources, function = parts[:-1], parts[-1] if parts else None
    if not sources or not callable(function):
        raise DefinitionError(f"given() takes sources and a function of their values, not {parts}")
    for source in sources:
        check_source(source, "given()")
    return Given(sources, function)


def check_source(source: object, taker: str) -> None:
    """Raise DefinitionError for what is no source."""
    if not isinstance(source, Source):
        raise DefinitionError(
            f"{taker} takes a field of the map, outer() or given(), not {source!r}"
        )
