"""What requests, and results of several parts, are made of: values and checked numbers."""

from __future__ import annotations

from operator import index

from modbus_wire.errors import RequestError
from modbus_wire.typed import ClassVar, SupportsIndex


class Value:
    """Compares, hashes and shows itself by its public slots, and its attributes if it has any."""

    __slots__ = ()

    _names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        slots = vars(cls).get("__slots__", ())
        cls._names += tuple(name for name in slots if not name.startswith("_"))

    def _state(self) -> dict[str, object]:
        slots = {name: getattr(self, name) for name in self._names}
        return {**slots, **getattr(self, "__dict__", {})}

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._state() == other._state()

    def __hash__(self) -> int:
        return hash((type(self), *self._state().values()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self._state().items())
        return f"{type(self).__name__}({fields})"


def checked(name: str, number: SupportsIndex, least: int, most: int) -> int:
    """Return a number as an int; raises `RequestError` where it is none, or out of its range."""
    try:
        value = index(number)
    except TypeError:
        value = least - 1
    if not least <= value <= most:
        raise RequestError(f"{name} {number!r} is not in {least}..{most}")
    return value


def as_bytes(name: str, data: bytes, most: int) -> bytes:
    """Return bytes as they are kept; raises `RequestError` where they are none, or too many."""
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise RequestError(f"{name} {data!r} is not bytes")
    if len(data) > most:
        raise RequestError(f"{name} of {len(data)} bytes is longer than {most}")
    return bytes(data)
