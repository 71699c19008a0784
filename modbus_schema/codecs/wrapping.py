"""Codecs made of another codec: they take up the same registers and convert its values further."""

from typing import Generic, TypeVar

from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.value import Value

T = TypeVar("T")
U = TypeVar("U")

_SHARED = ("registers", "number_registers", "bit_range", "bit_table", "wire")


class Wrapper(Value, Codec[T], Generic[T, U]):
    """A codec of ``T`` over ``inner``, a codec of ``U`` in the same place."""

    inner: Codec[U]

    def _derive(self) -> None:
        vars(self).update((name, getattr(self.inner, name)) for name in _SHARED)
