"""Where a field of one codec is: a function for each table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.bit_table import single_bit
from modbus_schema.fields.declared import UNSET, Leaf, several
from modbus_schema.fields.descriptors import RO, RW, WO
from modbus_schema.fields.options import Access
from modbus_schema.sources import Source
from modbus_wire.codes import Table

if TYPE_CHECKING:  # checkers alone look at them
    from modbus_schema.fields.placements.options import (
        BitOptions,
        Check,
        Checks,
        CoilOptions,
        HoldingOptions,
        RegisterOptions,
        Then,
    )

T = TypeVar("T")


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
        then=several(then),
        **options,
    )


def _validators(validator: Checks[Any]) -> tuple[Check[Any], ...]:
    if validator is None:
        return ()
    return tuple(validator) if isinstance(validator, Sequence) else (validator,)
