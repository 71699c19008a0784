"""The blocking client: one connection, shared by threads, one deadline per request."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from time import monotonic

from modbus_wire.codes import ExceptionCode
from modbus_wire.connection import ClientConnection, Trace
from modbus_wire.errors import (
    ConnectionClosedError,
    ExceptionResponse,
    ModbusError,
    ProtocolError,
    ResponseTimeout,
)
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.base import AnyRequest, R, Request
from modbus_wire.pdu.bits import (
    ReadCoils,
    ReadDiscreteInputs,
    WriteMultipleCoils,
    WriteSingleCoil,
)
from modbus_wire.pdu.registers import (
    MaskWriteRegister,
    ReadHoldingRegisters,
    ReadInputRegisters,
    ReadWriteMultipleRegisters,
    WriteMultipleRegisters,
    WriteSingleRegister,
)
from modbus_wire.sync.link import Link
from modbus_wire.typed import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

DEFAULT_PORT = 502
DEFAULT_TIMEOUT = 3.0

LONGEST_TIMEOUT = 2_000_000.0
"""Seconds; a socket cannot wait much longer."""

_MOST_LATE_PIECES = 16
"""How much an idle connection may have brought; whoever sends more never stops."""

_NOT_APPLIED = (
    ExceptionCode.ILLEGAL_FUNCTION,
    ExceptionCode.ILLEGAL_DATA_ADDRESS,
    ExceptionCode.ILLEGAL_DATA_VALUE,
    ExceptionCode.SERVER_DEVICE_BUSY,
    ExceptionCode.GATEWAY_PATH_UNAVAILABLE,
)
"""The refusals after which nothing has been written."""


class Client:
    """A blocking Modbus client of one server.

    It connects when first used and again when the connection is gone. Threads may share it: one
    request is under way at a time. ``timeout`` (seconds) bounds a whole exchange, however many
    pieces the response comes in; connecting has the same bound.

    The first request after the server closed an idle connection is not lost: a read is asked again
    on a new connection, and a write looks whether the connection still stands before it is sent.
    No write is ever sent twice; a write that got no answer fails with an error whose
    ``may_have_been_applied`` is True.

    All methods raise `RequestError` (nothing was sent), `ConnectError`, `ConnectionClosedError`,
    `ResponseTimeout`, `ProtocolError` or an `ExceptionResponse`.
    """

    def __init__(
        self,
        host: str,
        port: int = DEFAULT_PORT,
        *,
        unit_id: int = 1,
        timeout: float = DEFAULT_TIMEOUT,
        framing: Framing = Framing.TCP,
        trace: Trace | None = None,
    ) -> None:
        if not 0 < timeout <= LONGEST_TIMEOUT:
            raise ValueError(f"timeout {timeout} is not above 0 and at most {LONGEST_TIMEOUT}")
        if not isinstance(framing, Framing):
            raise TypeError(f"framing {framing!r} is no Framing")
        if not 0 < port <= 65535:
            raise ValueError(f"port {port} is not in 1..65535")
        self.host = host
        self.port = port
        self.unit_id = unit_id
        self.timeout = timeout
        self.framing = framing
        self.trace = trace
        self._lock = Lock()
        self._link: Link | None = None
        self._timed_out = -1
        """How many requests the connection had sent when one timed out."""

        self._connection = ClientConnection(framing, trace)

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as this side knows."""
        return self._link is not None

    def open(self) -> None:
        """Connect now, anew where a connection stands; raises `ConnectError`."""
        with self._lock:
            self._connect()

    def close(self) -> None:
        """Close the connection and fail the request under way; the next request connects again."""
        link = self._link
        if link is not None:
            link.abort()
        with self._lock:
            self._drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.host!r}, {self.port}, unit_id={self.unit_id})"

    def execute(self, request: Request[R], *, unit_id: int | None = None) -> R:
        """Carry out any request and return its result."""
        if unit_id is None:
            unit_id = self.unit_id
        with self._lock:
            try:
                link = self._link
                # a read is asked again where the connection has ended, and its id tells its answer
                careful = request.writes or not self._connection.framer.has_transaction_ids
                if link is None or (careful and not self._is_quiet(link)):
                    return self._exchange(self._connect(), request, unit_id)
                try:
                    return self._exchange(link, request, unit_id)
                except ConnectionClosedError:
                    if request.writes or link.aborted:
                        raise
                return self._exchange(self._connect(), request, unit_id)
            except ModbusError as error:
                error.request = request
                error.peer = f"{self.host}:{self.port} unit {unit_id}"
                raise

    def read_coils(
        self, address: int, quantity: int = 1, *, unit_id: int | None = None
    ) -> list[bool]:
        """Read 1 to 2000 coils (FC 1, AP §6.1)."""
        return self.execute(ReadCoils(address, quantity), unit_id=unit_id)

    def read_discrete_inputs(
        self, address: int, quantity: int = 1, *, unit_id: int | None = None
    ) -> list[bool]:
        """Read 1 to 2000 discrete inputs (FC 2, AP §6.2)."""
        return self.execute(ReadDiscreteInputs(address, quantity), unit_id=unit_id)

    def read_holding_registers(
        self, address: int, quantity: int = 1, *, unit_id: int | None = None
    ) -> list[int]:
        """Read 1 to 125 holding registers (FC 3, AP §6.3)."""
        return self.execute(ReadHoldingRegisters(address, quantity), unit_id=unit_id)

    def read_input_registers(
        self, address: int, quantity: int = 1, *, unit_id: int | None = None
    ) -> list[int]:
        """Read 1 to 125 input registers (FC 4, AP §6.4)."""
        return self.execute(ReadInputRegisters(address, quantity), unit_id=unit_id)

    def write_single_coil(self, address: int, value: bool, *, unit_id: int | None = None) -> None:
        """Switch one coil (FC 5, AP §6.5)."""
        self.execute(WriteSingleCoil(address, value), unit_id=unit_id)

    def write_single_register(
        self, address: int, value: int, *, unit_id: int | None = None
    ) -> None:
        """Write one holding register, 0 to 65535 (FC 6, AP §6.6)."""
        self.execute(WriteSingleRegister(address, value), unit_id=unit_id)

    def write_multiple_coils(
        self, address: int, values: Iterable[bool], *, unit_id: int | None = None
    ) -> None:
        """Write 1 to 1968 adjacent coils (FC 15, AP §6.11)."""
        self.execute(WriteMultipleCoils(address, values), unit_id=unit_id)

    def write_multiple_registers(
        self, address: int, values: Iterable[int], *, unit_id: int | None = None
    ) -> None:
        """Write 1 to 123 adjacent holding registers (FC 16, AP §6.12)."""
        self.execute(WriteMultipleRegisters(address, values), unit_id=unit_id)

    def mask_write_register(
        self, address: int, and_mask: int, or_mask: int, *, unit_id: int | None = None
    ) -> None:
        """Make a holding register ``(current & and_mask) | (or_mask & ~and_mask)`` (AP §6.16)."""
        self.execute(MaskWriteRegister(address, and_mask, or_mask), unit_id=unit_id)

    def read_write_multiple_registers(
        self,
        read_address: int,
        read_quantity: int,
        write_address: int,
        values: Iterable[int],
        *,
        unit_id: int | None = None,
    ) -> list[int]:
        """Write 1 to 121 holding registers, then read 1 to 125 (FC 23, AP §6.17)."""
        request = ReadWriteMultipleRegisters(read_address, read_quantity, write_address, values)
        return self.execute(request, unit_id=unit_id)

    def _is_quiet(self, link: Link) -> bool:
        """Whether an idle connection still stands, once the late answers on it are dropped."""
        try:
            for _ in range(_MOST_LATE_PIECES):
                data = link.take()
                self._connection.discard(data)
                if not data:
                    return True
        except (ConnectionClosedError, ProtocolError):
            pass
        return False

    def _exchange(self, link: Link, request: Request[R], unit_id: int) -> R:
        connection = self._connection
        wait = self.timeout
        deadline = monotonic() + wait
        transaction_id, frame = connection.send(request, unit_id)
        sent = False
        try:
            link.send(frame)
            sent = True
            while transaction_id is not None:
                response = connection.receive(link.receive(wait))
                if response is not None:
                    return request.decode_response(response[1])
                wait = deadline - monotonic()
        except BaseException as error:
            connection.forget(transaction_id)
            self._fail(error, request, sent=sent)
            raise
        return request.unanswered()

    def _fail(self, error: BaseException, request: AnyRequest, *, sent: bool) -> None:
        if isinstance(error, ExceptionResponse):
            if request.writes:
                error.may_have_been_applied = error.code not in _NOT_APPLIED
            return
        if isinstance(error, ModbusError):
            error.may_have_been_applied = sent and request.writes
        may_go_on = sent and self._connection.framer.has_transaction_ids
        if not (may_go_on and isinstance(error, ResponseTimeout)) or self._is_silent():
            self._drop()

    def _is_silent(self) -> bool:
        """Whether two requests in a row timed out: the connection may be dead without a word."""
        before, self._timed_out = self._timed_out, self._connection.sent
        return self._timed_out == before + 1

    def _connect(self) -> Link:
        self._drop()
        link = Link(self.host, self.port, self.timeout)
        self._connection = ClientConnection(self.framing, self.trace)
        self._timed_out = -1
        self._link = link
        return link

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()
