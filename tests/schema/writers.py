"""Devices that refuse some functions of writing, and clients that note what was sent."""

from collections.abc import Collection
from typing import Any, TypeVar

from modbus_wire.bank import SharedBank
from modbus_wire.codes import Table
from modbus_wire.connection import ClientConnection
from modbus_wire.errors import ModbusError
from modbus_wire.handler import Handler
from modbus_wire.pdu.base import AnyRequest, Request
from modbus_wire.pdu.bits import WriteMultipleCoils, WriteSingleCoil
from modbus_wire.pdu.registers import ReadWriteMultipleRegisters
from modbus_wire.server_connection import ServerConnection
from modbus_wire.services.registry import SERVICES

R = TypeVar("R")


class PickyWire:
    """A client joined without a socket to a server that lacks some functions.

    ``requests`` are all that were sent; ``failures`` are raised instead of the answer to the
    write whose place, counted from 0, they stand under.
    """

    def __init__(
        self,
        bank: SharedBank | None = None,
        lacks: Collection[type[AnyRequest]] = (),
        failures: dict[int, BaseException] | None = None,
    ) -> None:
        self.bank = SharedBank() if bank is None else bank
        services = {kind: service for kind, service in SERVICES.items() if kind not in lacks}
        self._server = ServerConnection(Handler(self.bank, services))
        self._client = ClientConnection()
        self._failures = failures or {}
        self.requests: list[AnyRequest] = []
        self.done: list[AnyRequest] = []
        """The writes that the device has carried out."""

    @property
    def writes(self) -> list[AnyRequest]:
        """The requests that are no reads."""
        return [request for request in self.requests if request.writes]

    def execute(self, request: Request[R], *, unit_id: int | None = None) -> R:
        """Carry a request out."""
        place = len(self.writes)
        self.requests.append(request)
        if request.writes and place in self._failures:
            raise self._failures[place]
        _, frame = self._client.send(request, unit_id or 1)
        response = self._client.receive(self._server.receive(frame))
        assert response is not None
        result = request.decode_response(response[1])
        if request.writes:
            self.done.append(request)
        return result

    def read_many(self, requests: list[AnyRequest], /, *, unit_id: int | None = None) -> list[Any]:
        """Carry reads out."""
        return [self.execute(request, unit_id=unit_id) for request in requests]


def table_of(request: AnyRequest) -> Table:
    """Return the table that a write changes."""
    is_coils = isinstance(request, WriteSingleCoil | WriteMultipleCoils)
    return Table.COILS if is_coils else Table.HOLDING_REGISTERS


def cells_of(request: AnyRequest) -> range:
    """Return the cells that a write changes."""
    if isinstance(request, ReadWriteMultipleRegisters):
        return range(request.write_address, request.write_address + request.write_quantity)
    address: int = getattr(request, "address")  # noqa: B009  # every write has one
    return range(address, address + getattr(request, "quantity", 1))


def failure(error: ModbusError, *, applied: bool) -> ModbusError:
    """Return an error as a client raises it for a write that may, or cannot, have been applied."""
    error.request = "a write"
    error.may_have_been_applied = applied
    return error
