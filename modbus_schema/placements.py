"""Placements: where a field is. One function per table, one for a group, one for what repeats.

They only note what the user wrote; what is wrong with it is said when the class is made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar, overload

import attrs

from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.bit_table import single_bit
from modbus_schema.declared import UNSET, Group, Leaf, Mapped, Repeat
from modbus_schema.fields import RO, RW, WO
from modbus_schema.options import Access, ByteOrder, WordOrder
from modbus_wire.codes import Table

T = TypeVar("T")
G = TypeVar("G", bound=Mapped)

Check: TypeAlias = Callable[[Any, "attrs.Attribute[T]", T], object]
"""A validator of attrs for values of type T."""

Checks: TypeAlias = Check[T] | Sequence[Check[T]] | None


@overload
def holding_register(
    address: int,
    codec: Codec[T],
    *,
    unit: str = "",
    description: str = "",
    min: float | None = None,
    max: float | None = None,
    validator: Checks[T] = None,
    default: T = ...,
    word_order: WordOrder | None = None,
    byte_order: ByteOrder | None = None,
    overlap: bool = False,
) -> RW[T]: ...
@overload
def holding_register(
    address: int,
    codec: Codec[T],
    *,
    unit: str = "",
    description: str = "",
    min: float | None = None,
    max: float | None = None,
    validator: Checks[T] = None,
    default: None,
    word_order: WordOrder | None = None,
    byte_order: ByteOrder | None = None,
    overlap: bool = False,
) -> WO[T]: ...
def holding_register(
    address: int,
    codec: Codec[Any],
    *,
    unit: str = "",
    description: str = "",
    min: float | None = None,
    max: float | None = None,
    validator: Checks[Any] = None,
    default: Any = UNSET,
    word_order: WordOrder | None = None,
    byte_order: ByteOrder | None = None,
    overlap: bool = False,
) -> Any:
    """Place a field in holding registers from ``address`` (0..65535) on; RW, RO or WO.

    ``min`` and ``max`` bound the value in its unit, ``validator`` is one of attrs or a list; all
    are applied when a value is encoded, not when one is read. ``word_order`` and ``byte_order``
    override the map's. A WO field may have the default None: there is nothing to write. With
    ``overlap`` the field is another view of cells that other fields have: it may overlap them, and
    writing a whole instance leaves it out.
    """
    return RW(
        Leaf(
            table=Table.HOLDING_REGISTERS,
            address=address,
            codec=codec,
            access=Access.RW,
            unit=unit,
            description=description,
            minimum=min,
            maximum=max,
            validators=_checks(validator),
            default=default,
            word_order=word_order,
            byte_order=byte_order,
            alias=overlap,
        )
    )


def input_register(
    address: int,
    codec: Codec[T],
    *,
    unit: str = "",
    description: str = "",
    min: float | None = None,
    max: float | None = None,
    validator: Checks[T] = None,
    default: T = UNSET,
    word_order: WordOrder | None = None,
    byte_order: ByteOrder | None = None,
    overlap: bool = False,
) -> RO[T]:
    """Place a field in input registers from ``address`` (0..65535) on; always RO.

    The keywords are those of `holding_register`; limits and validators bind a simulator.
    """
    return RO(
        Leaf(
            table=Table.INPUT_REGISTERS,
            address=address,
            codec=codec,
            access=Access.RO,
            unit=unit,
            description=description,
            minimum=min,
            maximum=max,
            validators=_checks(validator),
            default=default,
            word_order=word_order,
            byte_order=byte_order,
            alias=overlap,
        )
    )


@overload
def coil(
    address: int,
    *,
    description: str = "",
    validator: Checks[bool] = None,
    default: bool = ...,
    overlap: bool = False,
) -> RW[bool]: ...
@overload
def coil(
    address: int,
    codec: Codec[T],
    *,
    description: str = "",
    validator: Checks[T] = None,
    default: T = ...,
    overlap: bool = False,
) -> RW[T]: ...
@overload
def coil(
    address: int,
    *,
    description: str = "",
    validator: Checks[bool] = None,
    default: None,
    overlap: bool = False,
) -> WO[bool]: ...
@overload
def coil(
    address: int,
    codec: Codec[T],
    *,
    description: str = "",
    validator: Checks[T] = None,
    default: None,
    overlap: bool = False,
) -> WO[T]: ...
def coil(
    address: int,
    codec: Codec[Any] = single_bit,
    *,
    description: str = "",
    validator: Checks[Any] = None,
    default: Any = UNSET,
    overlap: bool = False,
) -> Any:
    """Place a field in coils from ``address`` (0..65535) on; RW, RO or WO, a bool by default."""
    return RW(
        Leaf(
            table=Table.COILS,
            address=address,
            codec=codec,
            access=Access.RW,
            description=description,
            validators=_checks(validator),
            default=default,
            alias=overlap,
        )
    )


@overload
def discrete_input(
    address: int,
    *,
    description: str = "",
    validator: Checks[bool] = None,
    default: bool = ...,
    overlap: bool = False,
) -> RO[bool]: ...
@overload
def discrete_input(
    address: int,
    codec: Codec[T],
    *,
    description: str = "",
    validator: Checks[T] = None,
    default: T = ...,
    overlap: bool = False,
) -> RO[T]: ...
def discrete_input(
    address: int,
    codec: Codec[Any] = single_bit,
    *,
    description: str = "",
    validator: Checks[Any] = None,
    default: Any = UNSET,
    overlap: bool = False,
) -> RO[Any]:
    """Place a field in discrete inputs from ``address`` (0..65535) on; always RO, like `coil`."""
    return RO(
        Leaf(
            table=Table.DISCRETE_INPUTS,
            address=address,
            codec=codec,
            access=Access.RO,
            description=description,
            validators=_checks(validator),
            default=default,
            alias=overlap,
        )
    )


def group(model: type[G], *, base: int, description: str = "", default: G | None = None) -> RW[G]:
    """Place a map in the map: its addresses count from ``base``, in each table; RO or RW.

    RO or RW is about writing the group as a whole; its members stay what they are. Orders that
    ``model`` leaves open are those of the map that holds it.
    """
    return RW(Group(model=model, base=base, description=description, default=_given(default)))


def repeat(
    model: type[G],
    *,
    base: int,
    stride: int,
    count: int,
    description: str = "",
    default: tuple[G, ...] | None = None,
) -> RW[tuple[G, ...]]:
    """Place a map ``count`` times, each ``stride`` cells after the one before; see `group`."""
    return RW(
        Repeat(
            model=model,
            base=base,
            stride=stride,
            times=count,
            description=description,
            default=_given(default),
        )
    )


def _checks(validator: Checks[Any]) -> tuple[Check[Any], ...]:
    if validator is None:
        return ()
    return tuple(validator) if isinstance(validator, Sequence) else (validator,)


def _given(default: object) -> object:
    return UNSET if default is None else default
