"""Placements: where a field is. One function per table, one for a group, one for what repeats.

They only note what the user wrote; what is wrong with it is said when the class is made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeAlias, TypedDict, TypeVar, Unpack, overload

import attrs

from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.bit_table import single_bit
from modbus_schema.declared import UNSET, Command, Group, Leaf, Mapped, Repeat
from modbus_schema.fields import RO, RW, WO
from modbus_schema.options import Access, ByteOrder, WordOrder
from modbus_schema.periods import Every
from modbus_schema.refs import Write
from modbus_schema.sources import Source
from modbus_schema.write_rules import WriteWith
from modbus_wire.codes import Table

T = TypeVar("T")
G = TypeVar("G", bound=Mapped)

Check: TypeAlias = Callable[[Any, "attrs.Attribute[T]", T], object]
"""A validator of attrs for values of type T."""

Checks: TypeAlias = Check[T] | Sequence[Check[T]] | None

Then: TypeAlias = Command | Write[Any] | Sequence[Command | Write[Any]]
"""What follows a write, as ``to`` of a field in the class body, or of one in a base class, says."""


class BitOptions(TypedDict, Generic[T], total=False):
    """The keywords of every placement of a field."""

    description: str
    validator: Checks[T]
    """One validator of attrs, or several; applied when a value is encoded, not when one is read."""

    overlap: bool
    """Another view of cells that other fields have: it may overlap them, and writing a whole
    instance leaves it out."""

    every: Every | None
    """How often a poller reads it; says more than the group around it and the class."""


class CoilOptions(BitOptions[T], Generic[T], total=False):
    """The keywords of a placement in a table that may be written."""

    write_with: WriteWith | None
    """``"single"``: by FC 5 or 6, and by a request of its own; ``"multiple"``: by FC 15 or 16;
    ``"auto"``: whichever fits. It holds on every device; a map's keyword is for what says nothing
    here."""

    then: Then
    """What is written after it, whoever writes it: ``apply.to(1)``, where ``apply`` is a writable
    field of the same class; or several. Each is written once, at the end, for all that name it."""


class RegisterOptions(BitOptions[T], Generic[T], total=False):
    """The keywords of a placement in a table of registers."""

    unit: str
    min: float | None
    max: float | None
    """Bounds of the value in its unit; applied when a value is encoded, not when one is read."""

    word_order: WordOrder | Source[WordOrder] | None
    byte_order: ByteOrder | Source[ByteOrder] | None
    """Override the map's; a source is a register by which the device says its orders."""


class HoldingOptions(RegisterOptions[T], CoilOptions[T], Generic[T], total=False):
    """The keywords of a placement in holding registers."""


@overload
def holding_register(
    address: int, codec: Codec[T], *, default: T = ..., **options: Unpack[HoldingOptions[T]]
) -> RW[T]: ...
@overload
def holding_register(
    address: int, codec: Codec[T], *, default: None, **options: Unpack[HoldingOptions[T]]
) -> WO[T]: ...
@overload
def holding_register(
    address: int,
    codec: Codec[T],
    *,
    present_if: Source[bool],
    default: T | None = ...,
    **options: Unpack[HoldingOptions[T]],
) -> RW[T | None]: ...
def holding_register(
    address: int,
    codec: Codec[Any],
    *,
    present_if: Source[bool] | None = None,
    default: Any = UNSET,
    **options: Unpack[HoldingOptions[Any]],
) -> Any:
    """Place a field in holding registers from ``address`` (0..65535) on; RW, RO or WO.

    `HoldingOptions` has the keywords. A WO field may have the default None: there is nothing to
    write. ``present_if`` says whether a device has the field at all; where it has not, the value
    is None.
    """
    leaf = _leaf(Table.HOLDING_REGISTERS, address, codec, default, **options)
    return RW(leaf._replace(present_if=present_if))


@overload
def input_register(
    address: int, codec: Codec[T], *, default: T = ..., **options: Unpack[RegisterOptions[T]]
) -> RO[T]: ...
@overload
def input_register(
    address: int,
    codec: Codec[T],
    *,
    present_if: Source[bool],
    default: T | None = ...,
    **options: Unpack[RegisterOptions[T]],
) -> RO[T | None]: ...
def input_register(
    address: int,
    codec: Codec[Any],
    *,
    present_if: Source[bool] | None = None,
    default: Any = UNSET,
    **options: Unpack[RegisterOptions[Any]],
) -> RO[Any]:
    """Place a field in input registers from ``address`` (0..65535) on; always RO.

    `RegisterOptions` has the keywords; limits and validators bind a simulator. ``present_if`` is
    as in `holding_register`.
    """
    leaf = _leaf(Table.INPUT_REGISTERS, address, codec, default, **options)
    return RO(leaf._replace(present_if=present_if))


@overload
def coil(
    address: int, *, default: bool = ..., **options: Unpack[CoilOptions[bool]]
) -> RW[bool]: ...
@overload
def coil(
    address: int, codec: Codec[T], *, default: T = ..., **options: Unpack[CoilOptions[T]]
) -> RW[T]: ...
@overload
def coil(address: int, *, default: None, **options: Unpack[CoilOptions[bool]]) -> WO[bool]: ...
@overload
def coil(
    address: int, codec: Codec[T], *, default: None, **options: Unpack[CoilOptions[T]]
) -> WO[T]: ...
@overload
def coil(
    address: int,
    *,
    present_if: Source[bool],
    default: bool | None = ...,
    **options: Unpack[CoilOptions[bool]],
) -> RW[bool | None]: ...
@overload
def coil(
    address: int,
    codec: Codec[T],
    *,
    present_if: Source[bool],
    default: T | None = ...,
    **options: Unpack[CoilOptions[T]],
) -> RW[T | None]: ...
def coil(
    address: int,
    codec: Codec[Any] = single_bit,
    *,
    present_if: Source[bool] | None = None,
    default: Any = UNSET,
    **options: Unpack[CoilOptions[Any]],
) -> Any:
    """Place a field in coils from ``address`` (0..65535) on; RW, RO or WO, a bool by default.

    `CoilOptions` has the keywords; ``present_if`` is as in `holding_register`.
    """
    return RW(
        _leaf(Table.COILS, address, codec, default, **options)._replace(present_if=present_if)
    )


@overload
def discrete_input(
    address: int, *, default: bool = ..., **options: Unpack[BitOptions[bool]]
) -> RO[bool]: ...
@overload
def discrete_input(
    address: int, codec: Codec[T], *, default: T = ..., **options: Unpack[BitOptions[T]]
) -> RO[T]: ...
@overload
def discrete_input(
    address: int,
    *,
    present_if: Source[bool],
    default: bool | None = ...,
    **options: Unpack[BitOptions[bool]],
) -> RO[bool | None]: ...
@overload
def discrete_input(
    address: int,
    codec: Codec[T],
    *,
    present_if: Source[bool],
    default: T | None = ...,
    **options: Unpack[BitOptions[T]],
) -> RO[T | None]: ...
def discrete_input(
    address: int,
    codec: Codec[Any] = single_bit,
    *,
    present_if: Source[bool] | None = None,
    default: Any = UNSET,
    **options: Unpack[BitOptions[Any]],
) -> RO[Any]:
    """Place a field in discrete inputs from ``address`` (0..65535) on; always RO, like `coil`."""
    leaf = _leaf(Table.DISCRETE_INPUTS, address, codec, default, **options)
    return RO(leaf._replace(present_if=present_if))


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
            then=_several(then),
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
            then=_several(then),
            description=description,
            default=_given(default),
            present_if=present_if,
            told_by=told_by,
            at_most=at_most,
        )
    )


def _leaf(
    table: Table,
    address: int,
    codec: Codec[Any],
    default: object,
    *,
    validator: Checks[Any] = None,
    overlap: bool = False,
    min: float | None = None,
    max: float | None = None,
    then: Then = (),
    **options: Any,
) -> Leaf:
    return Leaf(
        table=table,
        address=address,
        codec=codec,
        access=Access.RW if table.is_writable else Access.RO,
        default=default,
        validators=_validators(validator),
        alias=overlap,
        minimum=min,
        maximum=max,
        then=_several(then),
        **options,
    )


def _validators(validator: Checks[Any]) -> tuple[Check[Any], ...]:
    if validator is None:
        return ()
    return tuple(validator) if isinstance(validator, Sequence) else (validator,)


def _given(default: object) -> object:
    return UNSET if default is None else default


def _several(then: object) -> tuple[Any, ...]:
    return tuple(then) if isinstance(then, list | tuple) else (then,)
