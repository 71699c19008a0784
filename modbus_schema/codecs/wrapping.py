"""Codecs made of another codec: they take up the same registers and convert its values further."""

from typing import Any, Generic, TypeVar

import attrs

from modbus_schema.codecs.base import Codec

T = TypeVar("T")
U = TypeVar("U")


def _of_inner(name: str) -> Any:
    return attrs.Factory(lambda self: getattr(self.inner, name), takes_self=True)


@attrs.define(repr=False, unsafe_hash=True, on_setattr=attrs.setters.frozen)
class Wrapper(Codec[T], Generic[T, U]):
    """A codec of ``T`` over ``inner``, a codec of ``U`` in the same place."""

    inner: Codec[U]
    registers: int = attrs.field(init=False, eq=False, default=_of_inner("registers"))
    number_registers: int = attrs.field(init=False, eq=False, default=_of_inner("number_registers"))
    bit_range: tuple[int, int] | None = attrs.field(
        init=False, eq=False, default=_of_inner("bit_range")
    )
    bit_table: bool = attrs.field(init=False, eq=False, default=_of_inner("bit_table"))
    wire: str | None = attrs.field(init=False, eq=False, default=_of_inner("wire"))
