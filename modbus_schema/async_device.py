"""A device at the other end of an async client, read and written through its map."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, overload

from modbus_schema.device_base import DeviceBase, Then
from modbus_schema.fields.refs import Ref, Write
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.planning.snapshots import RawSnapshot
from modbus_wire.aio.waiting import AsyncTurn, wait
from modbus_wire.errors import ModbusError
from modbus_wire.flows import Turn, Wait, run_flow_async
from modbus_wire.pdu.base import AnyRequest, Request

if TYPE_CHECKING:
    from modbus_schema.reading.partial import Partial
    from modbus_schema.writing.outcome import Outcome
    from modbus_schema.writing.verification import Verify

M = TypeVar("M", bound=RegisterMap)
R = TypeVar("R")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")


class AsyncExecutor(Protocol):
    """Whatever carries requests out for those who await it: `modbus_wire.AsyncClient`."""

    def execute(self, request: Request[R], *, unit_id: int | None = None) -> Awaitable[R]:
        """Return the result of a request, or raise a `ModbusError`."""
        ...

    def read_many(
        self, requests: list[AnyRequest], /, *, unit_id: int | None = None
    ) -> Awaitable[list[Any]]:
        """Return the results of reads in their order, or raise the error of the first that fails.

        The error's ``request`` says which that is.
        """
        ...


class AsyncDevice(DeviceBase[M, AsyncExecutor]):
    """What `Device` is, for those who await: the same calls, results and errors.

    The blocks of a read are under way together where the client may have several in flight.
    """

    @overload
    async def read(self) -> M: ...
    @overload
    async def read(self, ref: Ref[M, A], /) -> A: ...
    @overload
    async def read(self, ref: Ref[M, A], second: Ref[M, B], /) -> tuple[A, B]: ...
    @overload
    async def read(
        self, ref: Ref[M, A], second: Ref[M, B], third: Ref[M, C], /
    ) -> tuple[A, B, C]: ...
    @overload
    async def read(
        self, ref: Ref[M, A], second: Ref[M, B], third: Ref[M, C], fourth: Ref[M, D], /
    ) -> tuple[A, B, C, D]: ...
    @overload
    async def read(
        self,
        ref: Ref[M, Any],
        second: Ref[M, Any],
        third: Ref[M, Any],
        fourth: Ref[M, Any],
        fifth: Ref[M, Any],
        /,
        *refs: Ref[M, Any],
    ) -> tuple[Any, ...]: ...
    @overload
    async def read(self, *refs: Ref[M, Any], partial: Literal[True]) -> Partial[M]: ...
    async def read(self, *refs: Ref[M, Any], partial: bool = False) -> Any:
        """Read the whole model, one field or group, or several as a tuple; as `Device.read`."""
        if partial:
            return await run_flow_async(self._read_partial(refs), self._ask)
        if self._shapes is not None:
            return await run_flow_async(self._read_shaped(self._shapes, refs), self._ask)
        plan = self._plan(refs)
        try:
            return plan.value(await self._ask(plan.step))
        except ModbusError as error:
            plan.locate(error)
            raise

    async def read_raw(self) -> RawSnapshot[M]:
        """Read the whole model, but decode nothing; as `Device.read_raw`."""
        return await run_flow_async(self._read_raw(), self._ask)

    @overload
    async def write(
        self, instance: M, /, *, then: Then[M] = (), verify: bool | Verify = False
    ) -> Outcome[M]: ...
    @overload
    async def write(
        self,
        change: Write[M],
        /,
        *changes: Write[M],
        then: Then[M] = (),
        verify: bool | Verify = False,
    ) -> Outcome[M]: ...
    async def write(
        self, *changes: Any, then: Any = (), verify: bool | Verify = False
    ) -> Outcome[M]:
        """Write an instance, or what ``ref.to(value)`` says; as `Device.write`.

        Where it is cancelled, `outcome_of` the cancellation tells what was written before.
        """
        return await run_flow_async(self._write(changes, then, verify), self._ask)

    async def write_changes(
        self, old: M, new: M, *, then: Then[M] = (), verify: bool | Verify = False
    ) -> Outcome[M]:
        """Write the fields in which ``new`` differs from ``old``; as `Device.write_changes`."""
        return await run_flow_async(self._write_changes(old, new, then, verify), self._ask)

    @overload
    async def write_and_read(
        self, change: Write[M], /, *changes: Write[M], read: Ref[M, A]
    ) -> A: ...
    @overload
    async def write_and_read(
        self, change: Write[M], /, *changes: Write[M], read: tuple[Ref[M, A], Ref[M, B]]
    ) -> tuple[A, B]: ...
    @overload
    async def write_and_read(
        self, change: Write[M], /, *changes: Write[M], read: tuple[Ref[M, A], Ref[M, B], Ref[M, C]]
    ) -> tuple[A, B, C]: ...
    @overload
    async def write_and_read(
        self,
        change: Write[M],
        /,
        *changes: Write[M],
        read: tuple[Ref[M, A], Ref[M, B], Ref[M, C], Ref[M, D]],
    ) -> tuple[A, B, C, D]: ...
    @overload
    async def write_and_read(
        self, change: Write[M], /, *changes: Write[M], read: tuple[Ref[M, Any], ...]
    ) -> tuple[Any, ...]: ...
    async def write_and_read(self, *changes: Any, read: Any) -> Any:
        """Write, then read, by one FC 23; as `Device.write_and_read`."""
        return await run_flow_async(self._write_and_read(changes, read), self._ask)

    def _wait(self, step: Wait) -> Any:
        return wait(step)

    def _new_turn(self) -> Turn:
        return AsyncTurn()
