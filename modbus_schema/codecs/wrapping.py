"""Codecs made of another codec: they take up the same registers and convert its values further."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.value import Value
from modbus_schema.sources import Source, Supply

T = TypeVar("T")
U = TypeVar("U")

_SHARED = ("registers", "number_registers", "bit_range", "bit_table", "wire", "needs")


class Wrapper(Value, Codec[T], Generic[T, U]):
    """A codec of ``T`` over ``inner``, a codec of ``U`` in the same place."""

    inner: Codec[U]

    def _derive(self) -> None:
        vars(self).update((name, getattr(self.inner, name)) for name in _SHARED)

    def supplied(self, supplies: Mapping[Source[Any], Supply]) -> Codec[T]:
        return self.changed(inner=self.inner.supplied(supplies)) if self.needs else self
