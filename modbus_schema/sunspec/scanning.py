"""Scanning a device for its models: what is there, by which class it is read, and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar, overload

from modbus_schema.async_device import AsyncDevice, AsyncExecutor
from modbus_schema.device import Device, Executor
from modbus_schema.device_base import AnyExecutor
from modbus_schema.errors import DefinitionError
from modbus_schema.fields.declared import Leaf
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.sunspec.catalogue import Source, UnknownModel, definition
from modbus_schema.sunspec.chain import BASES, Chain, Header, chain_flow
from modbus_schema.sunspec.classes import made
from modbus_schema.sunspec.definitions import Definition
from modbus_schema.sunspec.identity import model_id_of
from modbus_wire.codes import Table
from modbus_wire.flows import Pause, Step, Turn, run_flow, run_flow_async

M = TypeVar("M", bound=RegisterMap)
X = TypeVar("X", bound=AnyExecutor)
D = TypeVar("D")


class Found:
    """A model of a device."""

    def __init__(self, header: Header, source: Source | None) -> None:
        self.model_id = header.model_id
        self.address = header.address
        """Where its header is, on the wire."""
        self.length = header.length
        """How many registers follow ID and L."""
        self._source = source

    @cached_property
    def definition(self) -> Definition | None:
        """The definition of the model; None where there is none."""
        try:
            return definition(self.model_id, self._source)
        except UnknownModel:
            return None

    @property
    def name(self) -> str:
        """The name that the definition gives it; empty where there is none."""
        return self.definition.group.name if self.definition else ""

    @property
    def model(self) -> type[RegisterMap] | None:
        """The class of the model at this length; None where there is no definition."""
        return made(self.definition, self.length) if self.definition else None

    @property
    def lacks(self) -> int:
        """How many registers fewer it has than its definition says, groups apart; mostly 0."""
        return max(0, self.definition.length - self.length) if self.definition else 0

    @property
    def registers(self) -> range:
        """The addresses of its registers, ID and L included."""
        return range(self.address, self.address + 2 + self.length)

    def __repr__(self) -> str:
        name = self.name or "unknown"
        return f"<model {self.model_id} ({name}): {self.length} registers at {self.address}>"


class _Scanned(Generic[X]):
    """The models of a device behind a client, in their order."""

    def __init__(self, client: X, unit_id: int | None, chain: Chain, source: Source | None) -> None:
        self.client = client
        self.unit_id = unit_id
        self.base = chain.base
        """The address of "SunS"."""
        self.fault = chain.fault
        """Why there may be more models than were found; empty where the map has an end."""
        self.models = tuple(Found(header, source) for header in chain.headers)

    def __repr__(self) -> str:
        found = ", ".join(map(repr, self.models)) or "no models"
        rest = f"; BROKEN OFF at {self.fault}" if self.fault else ""
        return f"<SunSpec at {self.base}: {found}{rest}>"

    def find(self, model: type[RegisterMap] | int, number: int = 0) -> Found:
        """Return a model by its class or id; of several alike, ``number`` says which.

        Raises `UnknownModel` where the device has none.
        """
        model_id = model if isinstance(model, int) else model_id_of(model)
        alike = [found for found in self.models if found.model_id == model_id]
        if number >= len(alike):
            raise UnknownModel(f"the device has {_count(len(alike), model_id)}: {self!r}")
        return alike[number]

    def _device(self, make: Callable[..., D], model: type[RegisterMap] | Found, number: int) -> D:
        """Return what ``make`` makes of a model where it was found."""
        found = model if isinstance(model, Found) else self.find(model, number)
        kind = found.model if isinstance(model, Found) else model
        if kind is None:
            raise UnknownModel(f"there is no definition of {found!r}")
        try:
            return make(
                self.client,
                kind,
                unit_id=self.unit_id,
                base=found.address,
                # whatever its counts say, no read goes on into the next model
                readable={Table.HOLDING_REGISTERS: [found.registers]},
            )
        except DefinitionError as error:
            fewer = _end_of(kind) - 2 - found.length
            if fewer <= 0:
                raise
            first, *_ = str(error).splitlines()
            raise DefinitionError(
                f"{found!r} has {fewer} registers fewer than {kind.__name__}: {first}; the class "
                f"of one so short is its `model`, or load({found.model_id}, length={found.length})"
            ) from error


def _count(number: int, model_id: int) -> str:
    return f"{number or 'no'} model{'s' if number > 1 else ''} of id {model_id}"


def _end_of(kind: type[RegisterMap]) -> int:
    """Return where the points of a class end that are in no group."""
    fields = kind.__fields__.values()
    return max(each.address + each.codec.registers for each in fields if isinstance(each, Leaf))


class Scan(_Scanned[Executor]):
    """What `scan` found."""

    @overload
    def device(self, model: type[M], number: int = 0) -> Device[M]: ...
    @overload
    def device(self, model: Found, number: int = 0) -> Device[RegisterMap]: ...
    def device(self, model: type[Any] | Found, number: int = 0) -> Device[Any]:
        """Return the device of a model, by its class or as it was found.

        Of several models of a class ``number`` says which, from 0. Raises `UnknownModel` where
        the device has none, and `DefinitionError` where it has fewer registers than the class:
        `Found.model` is one of as many.
        """
        return self._device(Device, model, number)


class AsyncScan(_Scanned[AsyncExecutor]):
    """What `scan_async` found."""

    @overload
    def device(self, model: type[M], number: int = 0) -> AsyncDevice[M]: ...
    @overload
    def device(self, model: Found, number: int = 0) -> AsyncDevice[RegisterMap]: ...
    def device(self, model: type[Any] | Found, number: int = 0) -> AsyncDevice[Any]:
        """Return the device of a model, as `Scan.device`."""
        return self._device(AsyncDevice, model, number)


def scan(
    client: Executor,
    *,
    unit_id: int | None = None,
    bases: Sequence[int] = BASES,
    source: Source | None = None,
) -> Scan:
    """Find the models of a device: two registers at each base, then two of each model.

    ``source`` is where the definitions are; None is pysunspec2. A map that has no end gives the
    models before it breaks off, and ``fault`` says why: look at it, unless you know what is there.
    Raises `NoSunSpec` where none of the ``bases`` has a map, and what the client raises: timeouts,
    and the refusals of a device that is busy or behind a gateway which does not reach it.
    """
    chain = run_flow(chain_flow(bases), lambda step: _ask(client, step, unit_id))
    return Scan(client, unit_id, chain, source)


async def scan_async(
    client: AsyncExecutor,
    *,
    unit_id: int | None = None,
    bases: Sequence[int] = BASES,
    source: Source | None = None,
) -> AsyncScan:
    """Find the models of a device, as `scan`."""
    chain = await run_flow_async(chain_flow(bases), lambda step: _ask(client, step, unit_id))
    return AsyncScan(client, unit_id, chain, source)


def _ask(client: AnyExecutor, step: Step, unit_id: int | None) -> Any:
    if isinstance(step, list | Pause | Turn):
        raise TypeError(f"a walk asks one by one, without {step!r}")
    return client.execute(step, unit_id=unit_id)
