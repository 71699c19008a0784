"""What a placement declares, as data: the leaf fields, the groups and what repeats.

A declaration is what the user wrote, right or wrong; ``checks`` says what is wrong with it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, TypeAlias

import attrs

from modbus_schema.codecs.base import Codec
from modbus_schema.fields.options import Access, ByteOrder, MapOptions, WordOrder
from modbus_schema.fields.write_rules import WriteWith
from modbus_schema.sources import Source
from modbus_wire.codes import Table

Validator: TypeAlias = Callable[[Any, "attrs.Attribute[Any]", Any], object]
"""A validator of attrs: called with instance, attribute and value, raises what it dislikes."""

SOURCE_WORDS = {
    "present_if": "present_if",
    "base": "base",
    "told_by": "count",
    "stride": "stride",
    "word_order": "word_order",
    "byte_order": "byte_order",
}
"""Where a declaration may have a source, and by which keyword of the placement it is given."""

UNSET: Any = attrs.NOTHING
"""What ``default`` is where none is given; it stands in the place of a value of any type."""


class Command:
    """A field of the map and the value that is written to it after others."""

    __slots__ = ("field", "value")

    def __init__(self, field: Any, value: object) -> None:
        self.field = field
        """What names it: the field of a class body, or its name once that has been read."""

        self.value = value

    def __repr__(self) -> str:
        return f"{self.field!r}.to({self.value!r})"


class Leaf(NamedTuple):
    """One field of one codec."""

    table: Table
    address: int
    codec: Codec[Any]
    access: Access
    default: object = UNSET
    unit: str = ""
    description: str = ""
    minimum: float | None = None
    maximum: float | None = None
    validators: tuple[Validator, ...] = ()
    word_order: WordOrder | Source[WordOrder] | None = None
    byte_order: ByteOrder | Source[ByteOrder] | None = None
    alias: bool = False
    every: object = None
    """How often it is read, as it was written."""
    write_with: WriteWith | None = None
    then: tuple[Any, ...] = ()
    """The `Command` that follow a write of it, or settings of a base class."""
    present_if: Source[bool] | None = None


class Group(NamedTuple):
    """A map in the map, its addresses counted from ``base`` in each table."""

    model: "type[Mapped]"
    base: int | Source[int]
    default: object = UNSET
    description: str = ""
    access: Access = Access.RW
    together: bool = False
    """Whether one request reads all of it."""
    word_order: WordOrder | Source[WordOrder] | None = None
    byte_order: ByteOrder | Source[ByteOrder] | None = None
    every: object = None
    write_with: WriteWith | None = None
    then: tuple[Any, ...] = ()
    present_if: Source[bool] | None = None


class Repeat(NamedTuple):
    """A map in the map ``times`` times, each ``stride`` cells after the one before.

    Where ``told_by`` says how often a device has it, ``times`` is the most that it may be.
    """

    model: "type[Mapped]"
    base: int | Source[int]
    stride: int | Source[int]
    times: int
    default: object = UNSET
    description: str = ""
    access: Access = Access.RW
    together: bool = False
    """Whether one request reads all of an item."""
    word_order: WordOrder | Source[WordOrder] | None = None
    byte_order: ByteOrder | Source[ByteOrder] | None = None
    every: object = None
    write_with: WriteWith | None = None
    then: tuple[Any, ...] = ()
    present_if: Source[bool] | None = None
    told_by: Source[int] | None = None
    """How often a device has it, where it says so itself."""
    at_most: int | None = None
    """What the user gave by that keyword."""

    @property
    def stride_is_told(self) -> bool:
        """Whether the device says how far apart the items are."""
        return isinstance(self.stride, Source)

    def item(self, index: int) -> Group:
        """Return the group at an index, 0 to ``times`` - 1.

        Its base is 0 where only the device says it.
        """
        base, stride = self.base, self.stride
        if isinstance(base, Source) or isinstance(stride, Source):
            base = stride = 0
        return Group(
            self.model,
            base=base + index * stride,
            description=self.description,
            access=self.access,
            together=self.together,
            every=self.every,
            write_with=self.write_with,
            then=self.then,
        )


def sources_of(declaration: "Declaration") -> Iterator[tuple[str, Source[Any]]]:
    """Return the sources that a declaration has, each with the keyword that it was given by."""
    for attribute, keyword in SOURCE_WORDS.items():
        value = getattr(declaration, attribute, None)
        if isinstance(value, Source):
            yield keyword, value
    for need in getattr(getattr(declaration, "codec", None), "needs", ()):
        yield "scaled_by", need


Nested: TypeAlias = Group | Repeat

Declaration: TypeAlias = Leaf | Group | Repeat


class Mapped:
    """What the lower rows know of a class of register map; ``model.RegisterMap`` is the base."""

    __slots__ = ()

    __fields__: ClassVar[Mapping[str, Declaration]] = {}
    """All fields, inherited ones included, in the order of definition."""

    __options__: ClassVar[MapOptions] = MapOptions()
    """What the class and its bases say."""


def several(then: object) -> tuple[Any, ...]:
    """Return what ``then`` says as a tuple, also where it is one command."""
    return tuple(then) if isinstance(then, list | tuple) else (then,)
