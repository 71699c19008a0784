"""Where a map in the map is: once, or several times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from modbus_schema.fields.declared import UNSET, Group, Mapped, Repeat, several
from modbus_schema.fields.descriptors import RW
from modbus_schema.fields.options import ByteOrder, WordOrder
from modbus_schema.fields.periods import Every
from modbus_schema.fields.write_rules import WriteWith
from modbus_schema.sources import Source

if TYPE_CHECKING:
    from modbus_schema.fields.placements.options import Then

G = TypeVar("G", bound=Mapped)


@overload
def group(
    model: type[G],
    *,
    base: int | Source[int],
    together: bool = ...,
    word_order: WordOrder | Source[WordOrder] | None = ...,
    byte_order: ByteOrder | Source[ByteOrder] | None = ...,
    every: Every | None = ...,
    write_with: WriteWith | None = ...,
    then: Then = ...,
    description: str = ...,
    default: G | None = ...,
) -> RW[G]: ...
@overload
def group(
    model: type[G],
    *,
    base: int | Source[int],
    present_if: Source[bool],
    together: bool = ...,
    word_order: WordOrder | Source[WordOrder] | None = ...,
    byte_order: ByteOrder | Source[ByteOrder] | None = ...,
    every: Every | None = ...,
    write_with: WriteWith | None = ...,
    then: Then = ...,
    description: str = ...,
    default: G | None = ...,
) -> RW[G | None]: ...
def group(
    model: type[Any],
    *,
    base: int | Source[int],
    present_if: Source[bool] | None = None,
    together: bool = False,
    word_order: WordOrder | Source[WordOrder] | None = None,
    byte_order: ByteOrder | Source[ByteOrder] | None = None,
    every: Every | None = None,
    write_with: WriteWith | None = None,
    then: Then = (),
    description: str = "",
    default: Any = None,
) -> Any:
    """Place a map in the map: its addresses count from ``base``, in each table; RO or RW.

    RO or RW is about writing the group as a whole; its members stay what they are. ``word_order``
    and ``byte_order`` stand in place of those that ``model`` says; where neither says any, they are
    those of the map that holds it. ``together``: one request reads all
    of the group, over gaps of any length, so that its values are of one moment. ``every`` is how
    often a poller reads those of its fields that do not say so themselves.

    ``base`` may be a source: the device says where the group is; so may the orders. ``present_if``
    says whether the device has it; where it has not, the value is None.
    """
    return RW(
        Group(
            model=model,
            base=base,
            together=together,
            word_order=word_order,
            byte_order=byte_order,
            every=every,
            write_with=write_with,
            then=several(then),
            description=description,
            default=_given(default),
            present_if=present_if,
        )
    )


@overload
def repeat(
    model: type[G],
    *,
    base: int | Source[int],
    stride: int | Source[int],
    count: int | Source[int],
    at_most: int | None = ...,
    together: bool = ...,
    word_order: WordOrder | Source[WordOrder] | None = ...,
    byte_order: ByteOrder | Source[ByteOrder] | None = ...,
    every: Every | None = ...,
    write_with: WriteWith | None = ...,
    then: Then = ...,
    description: str = ...,
    default: tuple[G, ...] | None = ...,
) -> RW[tuple[G, ...]]: ...
@overload
def repeat(
    model: type[G],
    *,
    base: int | Source[int],
    stride: int | Source[int],
    count: int | Source[int],
    at_most: int | None = ...,
    present_if: Source[bool],
    together: bool = ...,
    word_order: WordOrder | Source[WordOrder] | None = ...,
    byte_order: ByteOrder | Source[ByteOrder] | None = ...,
    every: Every | None = ...,
    write_with: WriteWith | None = ...,
    then: Then = ...,
    description: str = ...,
    default: tuple[G, ...] | None = ...,
) -> RW[tuple[G, ...] | None]: ...
def repeat(
    model: type[Any],
    *,
    base: int | Source[int],
    stride: int | Source[int],
    count: int | Source[int],
    at_most: int | None = None,
    present_if: Source[bool] | None = None,
    together: bool = False,
    word_order: WordOrder | Source[WordOrder] | None = None,
    byte_order: ByteOrder | Source[ByteOrder] | None = None,
    every: Every | None = None,
    write_with: WriteWith | None = None,
    then: Then = (),
    description: str = "",
    default: Any = None,
) -> Any:
    """Place a map ``count`` times, each ``stride`` cells after the one before; see `group`.

    ``together`` is about each item by itself. ``base``, ``stride`` and ``count`` may be sources:
    the device says where its items are and how many, from 0 to ``at_most``, which has to be given.
    """
    told_by = count if isinstance(count, Source) else None
    most: Any = count if told_by is None else at_most
    return RW(
        Repeat(
            model=model,
            base=base,
            stride=stride,
            times=most,
            together=together,
            word_order=word_order,
            byte_order=byte_order,
            every=every,
            write_with=write_with,
            then=several(then),
            description=description,
            default=_given(default),
            present_if=present_if,
            told_by=told_by,
            at_most=at_most,
        )
    )


def _given(default: object) -> object:
    return UNSET if default is None else default
