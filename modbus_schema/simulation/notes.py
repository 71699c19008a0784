"""What recorders write down: each request of the tables, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from threading import Lock
from typing import Any, Literal, TextIO

from modbus_schema.simulation.clock import Clock
from modbus_schema.simulation.entries import Entry, first_line
from modbus_schema.simulation.touched import Touched, touched_by
from modbus_wire.bits import unpack_bits
from modbus_wire.errors import ExceptionResponse, ModbusError, ResponseTimeout
from modbus_wire.pdu.base import AnyRequest, RawRead
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


class Notes:
    """The file that a recorder writes, a line at a time, from `begin` to `close`."""

    def __init__(
        self, path: str | PathLike[str], clock: Clock, unit_id: int | None, *, overwrite: bool
    ) -> None:
        self._path = path
        self._mode: Literal["w", "x"] = "w" if overwrite else "x"
        self._clock = clock
        self._unit_id = unit_id
        self._began = clock.seconds()
        self._lock = Lock()
        self._file: TextIO | None = None
        self._early = [first_line()]
        """What is noted before there is a file."""

        self.are_closed = False
        """Whether the recording has ended."""

    def begin(self) -> None:
        """Make the file; raises OSError, also where there is one that is not to be overwritten."""
        with self._lock:
            try:
                self._file = open(self._path, self._mode, encoding="utf-8")  # noqa: SIM115
            except FileExistsError as error:
                message = "there is such a file already, and nothing says to overwrite it"
                raise FileExistsError(error.errno, message, error.filename) from None
            self._put(*self._early)

    def close(self) -> None:
        """End the recording: nothing more is noted. Once is enough."""
        with self._lock:
            self.are_closed = True
            if self._file is not None:
                self._file.close()

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
                self._put(line)

    def _put(self, *lines: str) -> None:
        """Write lines; the lock is held."""
        if self._file is None:
            self._early += lines
        else:
            self._file.writelines(f"{line}\n" for line in lines)
            self._file.flush()


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
