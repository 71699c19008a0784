"""Devices of which an identification register says what they are, and so which map is theirs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Generic, TypedDict, TypeVar, Unpack

from modbus_schema.async_device import AsyncDevice, AsyncExecutor
from modbus_schema.device import Device, Executor
from modbus_schema.errors import DecodeError
from modbus_schema.fields.options import ByteOrder, WordOrder
from modbus_schema.fields.refs import Ref
from modbus_schema.fields.rules import Areas, MaxBlock
from modbus_schema.fields.write_rules import MaxWrite, WriteWith
from modbus_schema.layout.tree import Slot, device_layout_of, layout_of
from modbus_schema.model.register_map import RegisterMap

K = TypeVar("K")
V = TypeVar("V", bound=RegisterMap)


class DeviceOptions(TypedDict, total=False):
    """The keywords of `Device` about the map that is chosen."""

    base: int
    word_order: WordOrder | None
    byte_order: ByteOrder | None
    max_gap: int | None
    max_block: MaxBlock | None
    forbidden: Areas | None
    readable: Areas | None
    read_alone: Areas | None
    write_with: WriteWith | None
    max_write: MaxWrite | None
    mask_write: bool | None


class Variants(Generic[V]):
    """Several maps, of which a device has the one that its identification says."""

    def __init__(
        self, ref: Ref[Any, Any], maps: Mapping[Any, type[V]], otherwise: type[V] | None
    ) -> None:
        self.ref = ref
        self.maps: dict[Any, type[V]] = dict(maps)
        self.otherwise = otherwise

    def model_for(self, value: object) -> type[V]:
        """Return the map that belongs to a value; raises `DecodeError` where none is known."""
        model = self.otherwise
        with suppress(TypeError):  # it cannot be hashed
            model = self.maps.get(value, model)
        if model is None:
            known = ", ".join(map(repr, self.maps))
            error = DecodeError(f"{value!r} belongs to no map; those known are of {known}")
            error.where = _slot(self.ref).place
            raise error
        return model

    def device(
        self, client: Executor, *, unit_id: int | None = None, **options: Unpack[DeviceOptions]
    ) -> Device[V]:
        """Read the identification, by the rules of its own map, and return the device that it is.

        The ``options`` are for the map that is chosen. Raises `DecodeError` for an identification
        that is not known, and what `Device` and its `read` raise.
        """
        identity: Device[Any] = Device(client, self._identity, unit_id=unit_id)
        value = identity.read(self.ref)
        return Device(client, self.model_for(value), unit_id=unit_id, **options)

    async def async_device(
        self, client: AsyncExecutor, *, unit_id: int | None = None, **options: Unpack[DeviceOptions]
    ) -> AsyncDevice[V]:
        """Read the identification and return the device that it is; as `device`."""
        identity: AsyncDevice[Any] = AsyncDevice(client, self._identity, unit_id=unit_id)
        value = await identity.read(self.ref)
        return AsyncDevice(client, self.model_for(value), unit_id=unit_id, **options)

    @property
    def _identity(self) -> type[Any]:
        return self.ref.model

    def __repr__(self) -> str:
        maps = ", ".join(f"{value!r}: {model.__name__}" for value, model in self.maps.items())
        return f"one_of({self.ref!r}, {{{maps}}}, otherwise={self.otherwise!r})"


def one_of(
    ref: Ref[Any, K], maps: Mapping[K, type[V]], /, *, otherwise: type[V] | None = None
) -> Variants[V]:
    """Return the maps of which a device has one, by the value that it has in an identification.

    ``ref`` is a field of a map that all these devices have. The device that comes of it is of type
    ``Device[V]``, where ``V`` is what the maps have in common; mypy wants to be told what that is:
    ``meters: Variants[Meter] = one_of(...)``. ``otherwise`` is the map for any other value.

    Raises TypeError for what is no readable field, or no map, and `DefinitionError` for a map that
    no device can be of.
    """
    node = device_layout_of(ref.model).node(ref.path)
    if not isinstance(node, Slot) or not node.access.readable:
        raise TypeError(f"{ref!r} is no field that can be read")
    if not maps:
        raise TypeError("one_of() needs a map for some value")
    for model in (*maps.values(), *([] if otherwise is None else [otherwise])):
        device_layout_of(model)
    return Variants(ref, maps, otherwise)


def _slot(ref: Ref[Any, Any]) -> Slot:
    (slot,) = layout_of(ref.model).slots_of(ref.path)
    return slot
