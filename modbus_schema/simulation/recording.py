"""Recorders: clients that note what a device answers, for `replay`."""

from __future__ import annotations

from inspect import iscoroutinefunction
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeVar, overload

from modbus_schema.async_device import AsyncExecutor
from modbus_schema.device import Executor
from modbus_schema.simulation.clock import SYSTEM_CLOCK, Clock
from modbus_schema.simulation.notes import Notes
from modbus_wire.aio.methods import AsyncMethods
from modbus_wire.errors import ModbusError
from modbus_wire.pdu.base import AnyRequest, Request
from modbus_wire.sync.methods import Methods

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

R = TypeVar("R")


class _Recording:
    """What recorders of both styles have."""

    def __init__(
        self,
        client: Any,
        path: str | PathLike[str],
        *,
        clock: Clock = SYSTEM_CLOCK,
        overwrite: bool = False,
    ) -> None:
        if isinstance(client, type) or not hasattr(client, "execute"):
            raise TypeError(f"{client!r} is no client: it carries no requests out")
        self.client = client
        self._notes = Notes(path, clock, getattr(client, "unit_id", None), overwrite=overwrite)
        self._notes.begin()

    def close(self) -> None:
        """End the recording; requests are only passed on then. Once is enough."""
        self._notes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Recorder(_Recording, Methods):
    """A client that asks another one and notes what comes back; to be closed, or left as a block.

    Reads and writes of the four tables are noted, with the exceptions and timeouts; everything
    else is only passed on. The file is written as it goes.
    """

    client: Executor

    def execute(self, request: Request[R], *, unit_id: int | None = None) -> R:
        try:
            result = self.client.execute(request, unit_id=unit_id)
        except ModbusError as error:
            self._notes.failed(request, error, unit_id)
            raise
        self._notes.answered(request, result, unit_id)
        return result

    def _read_many(self, reads: list[Request[R]], unit_id: int | None) -> list[R]:
        requests: list[AnyRequest] = list(reads)
        try:
            results = self.client.read_many(requests, unit_id=unit_id)
        except ModbusError as error:
            for request in _failed_among(requests, error):
                self._notes.failed(request, error, unit_id)
            raise
        for request, result in zip(requests, results, strict=True):
            self._notes.answered(request, result, unit_id)
        return results


class AsyncRecorder(_Recording, AsyncMethods):
    """What `Recorder` is, for `AsyncDevice` and async clients."""

    client: AsyncExecutor

    async def execute(self, request: Request[R], *, unit_id: int | None = None) -> R:
        try:
            result = await self.client.execute(request, unit_id=unit_id)
        except ModbusError as error:
            self._notes.failed(request, error, unit_id)
            raise
        self._notes.answered(request, result, unit_id)
        return result

    async def _read_many(self, reads: list[Request[R]], unit_id: int | None) -> list[R]:
        requests: list[AnyRequest] = list(reads)
        try:
            results = await self.client.read_many(requests, unit_id=unit_id)
        except ModbusError as error:
            for request in _failed_among(requests, error):
                self._notes.failed(request, error, unit_id)
            raise
        for request, result in zip(requests, results, strict=True):
            self._notes.answered(request, result, unit_id)
        return results


@overload
def record(
    client: AsyncExecutor,
    path: str | PathLike[str],
    *,
    clock: Clock = SYSTEM_CLOCK,
    overwrite: bool = False,
) -> AsyncRecorder: ...
@overload
def record(
    client: Executor,
    path: str | PathLike[str],
    *,
    clock: Clock = SYSTEM_CLOCK,
    overwrite: bool = False,
) -> Recorder: ...
def record(
    client: Any,
    path: str | PathLike[str],
    *,
    clock: Clock = SYSTEM_CLOCK,
    overwrite: bool = False,
) -> Recorder | AsyncRecorder:
    """Return a client that records what the devices behind another one answer.

    ``with record(client, "pump.jsonl") as recorded: Device(recorded, HeatPump).read()`` reads as
    ever, as often as is wanted, in partial reads too; `replay` makes a simulated device of the
    file. It has to be closed, by itself or by the block. Raises OSError, `FileExistsError` where
    there is such a file and it is not to ``overwrite`` it, and TypeError for what is no client.
    """
    is_async = iscoroutinefunction(getattr(client, "execute", None))
    kind = AsyncRecorder if is_async else Recorder
    return kind(client, path, clock=clock, overwrite=overwrite)


def _failed_among(requests: list[AnyRequest], error: ModbusError) -> list[AnyRequest]:
    """Return the request of an error; none where the client does not say which it is."""
    return [request for request in requests if request is error.request]
