"""Simulated SunSpec devices: instances of models put one behind the other, from "SunS" to the end.

The device is a register map like any other, made for the instances: a group for each of them, with
``SunS`` before and ``end`` behind. Where a group begins depends on the lengths of those before it,
so the class leaves that to the device.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import new_class
from typing import Any, Generic, TypeVar, Unpack, cast, overload

from modbus_schema.codecs.numbers import uint16
from modbus_schema.codecs.text import raw
from modbus_schema.fields.declared import Leaf, Nested
from modbus_schema.fields.descriptors import RO, Field
from modbus_schema.fields.placements import group, holding_register, repeat
from modbus_schema.fields.refs import Ref, Setting, WritableRef, references
from modbus_schema.imports.names import unused
from modbus_schema.layout.shapes import Place
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.simulation.clock import SYSTEM_CLOCK, Clock
from modbus_schema.simulation.served import Limits
from modbus_schema.simulation.simulate import Simulation
from modbus_schema.sources import Source, given
from modbus_schema.sunspec.chain import BASES, END, MARK
from modbus_schema.sunspec.identity import model_id_of
from modbus_wire.endpoint import Endpoint
from modbus_wire.framing.base import Framing

M = TypeVar("M", bound=RegisterMap)
T = TypeVar("T")


def with_length(instance: M) -> M:
    """Return an instance of a model whose L says how many registers it has, or more if it did.

    Raises TypeError for what is no model.
    """
    model_id_of(type(instance))
    least = _registers_of(instance) - 2
    length: int = getattr(instance, "L")  # noqa: B009  # a field of every model
    return instance if length >= least else instance.replace(L=least)


def _registers_of(instance: RegisterMap) -> int:
    return sum(_registers(field, getattr(instance, name)) for name, field in _fields(instance))


def _fields(instance: RegisterMap) -> Iterator[tuple[str, Any]]:
    return iter(type(instance).__fields__.items())


def _registers(field: Any, value: Any) -> int:
    if isinstance(field, Leaf):
        return field.codec.registers
    return sum(map(_registers_of, value)) if isinstance(value, tuple) else _registers_of(value)


def assemble(*models: RegisterMap, base: int = BASES[0]) -> RegisterMap:
    """Return a device with these models, in this order, "SunS" at ``base``.

    The class is made for it: a group for each model, called as its class in lower case, with a
    number behind it where there are several. L is set to what the instance has; where it says more,
    as model 1 may, there are registers of padding behind.

    Raises TypeError for what is no model.
    """
    body = _Body(base)
    for model in models:
        body.add(model)
    body.place("end", RO(group(_End, base=body.place_of(body.address)).declaration), _End())
    made: type[Any] = new_class(
        "SunSpecDevice",
        (RegisterMap,),
        exec_body=lambda namespace: namespace.update(body.namespace),
    )
    device: RegisterMap = made(**body.values)
    return device


class _End(RegisterMap):
    """What stands behind the last model, in the place of an id and a length."""

    ID: RO[int] = holding_register(0, uint16, default=END)
    L: RO[int] = holding_register(1, uint16, default=0)


class _Padding(RegisterMap):
    """A register behind a model that is longer than its points."""

    pad: RO[int] = holding_register(0, uint16, default=0x8000)


class _Body:
    """The class of a device while it is being made, and the values of its instance."""

    def __init__(self, base: int) -> None:
        self.namespace: dict[str, Any] = {
            "__module__": __name__,
            "__doc__": "A SunSpec device.",
            "__annotations__": {},
        }
        self.values: dict[str, Any] = {}
        self.mark: RO[bytes] = RO(holding_register(base, raw(2)).declaration)
        self.address = base + len(MARK)
        self.place("SunS", self.mark, b"SunS")

    def place(self, name: str, field: Field[Any], value: object) -> None:
        self.namespace[name] = field
        self.namespace["__annotations__"][name] = type(field)
        self.values[name] = value

    def place_of(self, address: int) -> Source[int]:
        return given(self.mark, lambda _mark: address)

    def add(self, model: RegisterMap) -> None:
        kind, instance = type(model), cast("Any", with_length(model))
        own, length = _registers_of(model), instance.L
        name = unused(_snake(kind.__name__), self.values)
        placed = group(kind, base=self.place_of(self.address))
        self.place(name, placed if _is_writable(kind) else RO(placed.declaration), instance)
        self.pad(f"{name}_padding", self.address + own, length + 2 - own)
        self.address += length + 2

    def pad(self, name: str, address: int, registers: int) -> None:
        if registers:
            base = self.place_of(address)
            padding = repeat(_Padding, base=base, stride=1, count=registers)
            self.place(name, RO(padding.declaration), (_Padding(),) * registers)


def _is_writable(model: Any) -> bool:
    return any(
        _is_writable(field.model) if isinstance(field, Nested) else field.access.writable
        for field in model.__fields__.values()
    )


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


class Part(Generic[M]):
    """One model of a simulated device."""

    def __init__(self, simulation: Simulation[RegisterMap], ref: Ref[Any, M]) -> None:
        self._simulation = simulation
        self._ref = ref

    def snapshot(self) -> M:
        """Return what the registers of the model hold now."""
        part: M = getattr(self._simulation.snapshot(), f"{self._ref.path[0]}")
        return part

    def set(self, *settings: Setting[M]) -> None:
        """Change points, read-only ones too; raises `EncodeError`, and nothing is changed then."""
        self._simulation.set(*(self.at(each.ref).to(each.value) for each in settings))

    @overload
    def at(self, point: WritableRef[M, T], /) -> WritableRef[RegisterMap, T]: ...
    @overload
    def at(self, point: Ref[M, T], /) -> Ref[RegisterMap, T]: ...
    def at(self, point: Ref[M, Any], /) -> Ref[RegisterMap, Any]:
        """Refer to a point of this model in the whole device.

        That is what the simulation takes: ``sim.on_write(part.at(Controls.Conn))``, and so do
        its functions of time and its faults.
        """
        found: Ref[RegisterMap, Any] = self._ref.at(point)
        return found


class SunSpecSimulation(Simulation[RegisterMap]):
    """A simulated SunSpec device, and the server that any Modbus client reaches it through."""

    def part(self, model: type[M], number: int = 0) -> Part[M]:
        """Return one model of the device by its class; of several alike ``number`` says which.

        Raises LookupError where the device has none, and TypeError for what is no class of a model.
        ``sim.move(sim.part(Boiler).at(Boiler.Tmp), sine(...))`` moves a point of it.
        """
        model_id_of(model)
        alike = [
            ref
            for ref in references(self.model).values()
            if isinstance(field := self.model.__fields__[f"{ref.path[0]}"], Nested)
            and field.model is model
        ]
        if number >= len(alike):
            raise LookupError(f"the device has {len(alike)} models of {model.__name__}")
        return Part(self, alike[number])


def simulate(
    *models: RegisterMap,
    base: int = BASES[0],
    host: str | Endpoint = "127.0.0.1",
    port: int | None = None,
    unit_id: int | None = None,
    framing: Framing | None = None,
    clock: Clock = SYSTEM_CLOCK,
    **limits: Unpack[Limits],
) -> SunSpecSimulation:
    """Return a simulated device with these models, "SunS" at ``base``; see `assemble`.

    It is served as `modbus_schema.simulate` serves any device, with the same keywords. Raises
    `EncodeError` for a value that its point cannot hold.
    """
    return SunSpecSimulation(
        assemble(*models, base=base),
        host=host,
        port=port,
        unit_id=unit_id,
        framing=framing,
        clock=clock,
        limits=limits,
        place=Place(),
    )
