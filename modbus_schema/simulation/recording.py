"""Recorders: clients that note what a device answers, for `replay`."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import iscoroutinefunction
from os import PathLike
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar, overload

from modbus_schema.async_device import AsyncExecutor
from modbus_schema.device import Executor
from modbus_schema.simulation.clock import SYSTEM_CLOCK, Clock
from modbus_schema.simulation.entries import Entry, first_line
from modbus_schema.simulation.touched import Touched, touched_by
from modbus_wire.bits import unpack_bits
from modbus_wire.errors import ExceptionResponse, ModbusError, ResponseTimeout
from modbus_wire.pdu.base import AnyRequest, RawRead, Request
from modbus_wire.pdu.bits import WriteMultipleCoils, WriteSingleCoil
from modbus_wire.pdu.raw import RawPdu
from modbus_wire.pdu.registers import (
    MaskWriteRegister,
    ReadWriteMultipleRegisters,
    WriteMultipleRegisters,
    WriteSingleRegister,
    unpack_registers,
)
from modbus_wire.pdu.registry import REQUESTS

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

R = TypeVar("R")


class Notes:
    """The file that a recorder writes, a line at a time; to be closed, or left as a block."""

    def __init__(self, path: str | PathLike[str], clock: Clock, unit_id: int | None) -> None:
        """Begin a file, in the place of any other; raises OSError."""
        self._file = open(path, "w", encoding="utf-8")  # noqa: SIM115  # closed by its owner
        self._clock = clock
        self._unit_id = unit_id
        self._began = clock.seconds()
        self._lock = Lock()
        self._write(first_line())

    def close(self) -> None:
        """End the recording: nothing more is noted. Once is enough."""
        with self._lock:
            self._file.close()

    @property
    def are_closed(self) -> bool:
        """Whether the recording has ended."""
        return self._file.closed

    def answered(self, request: AnyRequest, result: Any, unit_id: int | None) -> None:
        """Note a request that was answered; of a whole PDU the answer may be an exception."""
        if isinstance(request, RawPdu):
            self._answered(request, result, unit_id)
            return
        for touched, values in _values(request, result):
            self._note(request, touched, unit_id, values=values)

    def failed(self, request: AnyRequest, error: ModbusError, unit_id: int | None) -> None:
        """Note a request that was refused, or not answered; other failures are no device's."""
        if isinstance(request, RawPdu):
            understood = _understood(request)
            if understood is not None:
                self.failed(understood, error, unit_id)
            return
        exception = error.code if isinstance(error, ExceptionResponse) else None
        timed_out = isinstance(error, ResponseTimeout)
        if exception is None and not timed_out:
            return
        for touched in _touched(request):
            self._note(request, touched, unit_id, exception=exception, timed_out=timed_out)

    def _answered(self, request: RawPdu, response: bytes, unit_id: int | None) -> None:
        understood = _understood(request)
        if understood is None:
            return
        try:
            result = understood.decode_response(response)
        except ModbusError as error:
            self.failed(understood, error, unit_id)
        else:
            self.answered(understood, result, unit_id)

    def _note(
        self, request: AnyRequest, touched: Touched, unit_id: int | None, **outcome: Any
    ) -> None:
        if isinstance(request, MaskWriteRegister):
            outcome["masks"] = request.and_mask, request.or_mask
        entry = Entry(
            self._clock.seconds() - self._began,
            self._unit_id if unit_id is None else unit_id,
            touched.table,
            touched.address,
            touched.quantity,
            touched.is_written,
            **outcome,
        )
        self._write(entry.line())

    def _write(self, line: str) -> None:
        with self._lock:
            if not self.are_closed:
                self._file.write(line + "\n")
                self._file.flush()


class _Recording:
    """What recorders of both styles have."""

    def __init__(
        self, client: Any, path: str | PathLike[str], *, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self.client = client
        self._notes = Notes(path, clock, getattr(client, "unit_id", None))

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


class Recorder(_Recording):
    """A client for `Device` that asks another one and notes what comes back.

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

    def read_many(self, requests: list[AnyRequest], /, *, unit_id: int | None = None) -> list[Any]:
        try:
            results = self.client.read_many(requests, unit_id=unit_id)
        except ModbusError as error:
            for request in _failed_among(requests, error):
                self._notes.failed(request, error, unit_id)
            raise
        for request, result in zip(requests, results, strict=True):
            self._notes.answered(request, result, unit_id)
        return results


class AsyncRecorder(_Recording):
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

    async def read_many(
        self, requests: list[AnyRequest], /, *, unit_id: int | None = None
    ) -> list[Any]:
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
    client: AsyncExecutor, path: str | PathLike[str], *, clock: Clock = SYSTEM_CLOCK
) -> AsyncRecorder: ...
@overload
def record(
    client: Executor, path: str | PathLike[str], *, clock: Clock = SYSTEM_CLOCK
) -> Recorder: ...
def record(
    client: Any, path: str | PathLike[str], *, clock: Clock = SYSTEM_CLOCK
) -> Recorder | AsyncRecorder:
    """Return a client that records what the devices behind another one answer.

    ``with record(client, "pump.jsonl") as recorded: Device(recorded, HeatPump).read()`` reads as
    ever, as often as is wanted, in partial reads too; `replay` makes a simulated device of the
    file. Raises OSError.
    """
    is_async = iscoroutinefunction(getattr(client, "execute", None))
    return (AsyncRecorder if is_async else Recorder)(client, path, clock=clock)


def _failed_among(requests: list[AnyRequest], error: ModbusError) -> list[AnyRequest]:
    """Return the request of an error; none where the client does not say which it is."""
    return [request for request in requests if request is error.request]


def _understood(request: RawPdu) -> AnyRequest | None:
    """Return the request of the tables that a PDU is."""
    kind = REQUESTS.get(request.function_code)
    try:
        return None if kind is None else kind.decode(request.pdu)
    except ExceptionResponse:  # it is badly built, and says nothing of the device
        return None


def _touched(request: AnyRequest) -> tuple[Touched, ...]:
    return touched_by(request.read if isinstance(request, RawRead) else request)


def _values(request: AnyRequest, result: Any) -> Iterator[tuple[Touched, tuple[int, ...] | None]]:
    """Return what a request read or wrote, and where."""
    for touched in _touched(request):
        if touched.is_written:
            yield touched, _written(request)
        elif isinstance(result, bytes):
            bits = touched.table.is_bits
            values = unpack_bits(result, touched.quantity) if bits else unpack_registers(result)
            yield touched, tuple(int(value) for value in values)
        else:
            yield touched, tuple(int(value) for value in result)


def _written(request: AnyRequest) -> tuple[int, ...] | None:
    match request:
        case WriteSingleRegister() | WriteSingleCoil():
            return (int(request.value),)
        case WriteMultipleRegisters() | ReadWriteMultipleRegisters():
            return tuple(request.values)
        case WriteMultipleCoils():
            return tuple(int(bit) for bit in unpack_bits(request.data, request.quantity))
        case _:
            return None
