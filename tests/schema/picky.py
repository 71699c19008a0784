"""Devices that refuse some reads, and note what they were asked; joined without a socket."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from modbus_wire.bank import SparseBank
from modbus_wire.codes import Table
from modbus_wire.connection import ClientConnection
from modbus_wire.errors import ExceptionResponse, IllegalDataAddress
from modbus_wire.handler import Handler
from modbus_wire.pdu.base import AnyRequest, Request
from modbus_wire.server_connection import ServerConnection

R = TypeVar("R")

Read = tuple[Table, range]
"""The cells of one read."""


class PickyBank(SparseBank):
    """Cells 0 to 999 of each table, of which a read that touches a hole, or is too long, fails.

    All registers hold the number of the read, so that a value of two reads would be seen.
    """

    def __init__(
        self,
        holes: Collection[tuple[Table, int]] = (),
        longest: int = 2000,
        error: Callable[[], ExceptionResponse] = IllegalDataAddress,
    ) -> None:
        super().__init__({table: [range(1000)] for table in Table})
        self.holes = set(holes)
        self.longest = longest
        self.error = error
        self.answered: list[Read] = []
        self.refused: list[Read] = []

    @property
    def asked(self) -> list[Read]:
        """All reads."""
        return [*self.answered, *self.refused]

    def forget(self) -> None:
        """Begin new notes."""
        self.answered, self.refused = [], []

    def read_bits(self, table: Table, address: int, quantity: int) -> bytes | bytearray:
        self._admit(table, range(address, address + quantity))
        return super().read_bits(table, address, quantity)

    def read_registers(self, table: Table, address: int, quantity: int) -> bytes | bytearray:
        self._admit(table, range(address, address + quantity))
        self.set_registers(table, address, [len(self.answered)] * quantity)
        return super().read_registers(table, address, quantity)

    def _admit(self, table: Table, cells: range) -> None:
        if len(cells) > self.longest or any((table, cell) in self.holes for cell in cells):
            self.refused.append((table, cells))
            raise self.error()
        self.answered.append((table, cells))


class Wire:
    """A client and a server joined without a socket: every byte passes both ends."""

    def __init__(self, bank: SparseBank) -> None:
        self._server = ServerConnection(Handler(bank))
        self._client = ClientConnection()

    def execute(self, request: Request[R], *, unit_id: int | None = None) -> R:
        """Carry a request out."""
        _, frame = self._client.send(request, unit_id or 1)
        response = self._client.receive(self._server.receive(frame))
        assert response is not None
        return request.decode_response(response[1])

    def read_many(self, requests: list[AnyRequest], /, *, unit_id: int | None = None) -> list[Any]:
        """Carry requests out."""
        return [self.execute(request, unit_id=unit_id) for request in requests]
