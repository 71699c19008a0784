"""When a value counts as another one: equality, dead bands, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from math import isfinite
from typing import Any

from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.enums import EnumCodec, FlagsCodec
from modbus_schema.device_base import DeviceBase
from modbus_schema.fields.declared import Declaration, Leaf, Mapped
from modbus_schema.fields.refs import Ref, declaration_at
from modbus_schema.polling.events import Change
from modbus_schema.polling.values import Values


class Told(Enum):
    """That nothing was told yet."""

    NOTHING = "nothing"


class Watcher:
    """Who wants to know of which changes of one device, and what was told last."""

    __slots__ = ("_dead_band", "_last", "_ref", "callback")

    def __init__(
        self, ref: Ref[Any, Any], dead_band: float, callback: Callable[[Change[Any]], object]
    ) -> None:
        self._ref = ref
        self._dead_band = dead_band
        self.callback = callback
        self._last: Any = Told.NOTHING

    def __repr__(self) -> str:
        return f"<watcher of {self._ref!r}>"

    def change(
        self, device: DeviceBase[Any, Any], values: Values[Any], at: datetime
    ) -> Change[Any] | None:
        """Return what is to be told of the values that are known; None for nothing."""
        try:
            new = values[self._ref]
        except KeyError:
            return None
        old = self._last
        is_first = old is Told.NOTHING
        if not is_first and not differ(old, new, self._dead_band):
            return None
        self._last = new
        return Change(device, self._ref, None if is_first else old, new, at, is_first)


def differ(old: Any, new: Any, dead_band: float = 0.0) -> bool:
    """Whether a value is to be told after another; numbers, where they are further apart.

    A NaN is the same as another one, and None as None.
    """
    if dead_band and _is_number(old) and _is_number(new):
        return not (old == new or abs(new - old) <= dead_band or (old != old and new != new))
    return not _same(old, new)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool | Enum)


def _same(old: Any, new: Any) -> bool:
    if old == new or (old != old and new != new):
        return True
    if type(old) is not type(new):
        return False
    if isinstance(old, tuple):
        return len(old) == len(new) and all(map(_same, old, new))
    if isinstance(old, Mapped):  # a NaN in it makes it unequal
        return all(_same(getattr(old, name), getattr(new, name)) for name in old.__fields__)
    return False


def check_watch(ref: Ref[Any, Any], dead_band: float) -> None:
    """Raise TypeError or ValueError for what cannot be watched so."""
    field = declaration_at(ref.model, ref.path)
    if not _is_read(field):
        raise TypeError(f"{ref!r} is write-only: no value of it is ever read")
    if not _is_number(dead_band) or not isfinite(dead_band) or dead_band < 0:
        raise ValueError(f"dead_band {dead_band!r} is no number of 0 or more")
    if dead_band and not (isinstance(field, Leaf) and _may_hold_numbers(field.codec)):
        raise TypeError(f"{ref!r} holds no numbers, so it has no dead band")


def _is_read(field: Declaration) -> bool:
    if isinstance(field, Leaf):
        return field.access.readable
    return any(map(_is_read, field.model.__fields__.values()))


def _may_hold_numbers(codec: Codec[Any]) -> bool:
    try:
        value = codec.decode([0] * codec.registers)
    except Exception:  # a codec of the user's may fail in any way; then nothing is known
        value = None
    return _is_number(value) if value is not None else not _is_of_names(codec)


def _is_of_names(codec: object) -> bool:
    while isinstance(codec, Codec):
        if isinstance(codec, EnumCodec | FlagsCodec):
            return True
        codec = getattr(codec, "inner", None)
    return False
