"""What a server is besides its tables: its names, its status, its files and its queues."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from modbus_wire.bank import Bank
from modbus_wire.codes import MAX_FILE, MAX_RECORD
from modbus_wire.errors import IllegalDataAddress
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.pdu.registers import pack_registers, unpack_registers
from modbus_wire.peer import Peer
from modbus_wire.typed import TYPE_CHECKING, Protocol, SupportsIndex, TypeAlias

if TYPE_CHECKING:
    from modbus_wire.orders import Order
    from modbus_wire.pdu.files import FileData
    from modbus_wire.pdu.identity import DeviceIdentification, ServerId

BeforeRequest: TypeAlias = Callable[[AnyRequest, Peer], "Order | None"]
"""Says what is to become of a request of a peer; None for what always does."""

Status: TypeAlias = Callable[[], int] | int
"""A number, or what is called for it at each request."""


class Files(Protocol):
    """What a unit asks of its files; a file is registers under record numbers 0 to 9999.

    Both methods raise `IllegalDataAddress` for a file or record that is not there, or another
    `ExceptionResponse`, such as `MemoryParityError`, for a reason of their own.
    """

    def read_record(self, file: int, record: int, quantity: int) -> Sequence[int]:
        """Return that many registers, from a record number on."""
        ...

    def write_records(self, records: Sequence[FileData]) -> None:
        """Write one or more runs of registers, all or, where one is refused, none."""
        ...


class MemoryFiles:
    """Files that are lists of registers; they keep the lengths they begin with."""

    __slots__ = ("_files",)

    def __init__(self, files: Mapping[int, Iterable[SupportsIndex]]) -> None:
        """Take the registers of each file number, from record 0 on.

        Raises ValueError for a file number outside 1..65535, more than 10000 registers, and
        `RequestError`, a ValueError, for a value that is no int in 0..65535.
        """
        self._files = {file: bytearray(pack_registers(values)) for file, values in files.items()}
        for file, data in self._files.items():
            if not 1 <= file <= MAX_FILE:
                raise ValueError(f"file number {file} is not in 1..{MAX_FILE}")
            if len(data) > 2 * (MAX_RECORD + 1):
                raise ValueError(f"file {file} has more than {MAX_RECORD + 1} registers")

    def __getitem__(self, file: int) -> list[int]:
        """Return the registers of a file; raises KeyError."""
        return unpack_registers(bytes(self._files[file]))

    def read_record(self, file: int, record: int, quantity: int) -> list[int]:
        data = self._records(file, record, quantity)
        return unpack_registers(bytes(data[2 * record : 2 * (record + quantity)]))

    def write_records(self, records: Sequence[FileData]) -> None:
        found = [self._records(part.file, part.record, part.quantity) for part in records]
        for data, part in zip(found, records, strict=True):
            at = 2 * part.record
            data[at : at + len(part.data)] = part.data

    def _records(self, file: int, record: int, quantity: int) -> bytearray:
        """Return the file that has the records."""
        data = self._files.get(file)
        if data is None or not 0 <= record <= len(data) // 2 - quantity:
            raise IllegalDataAddress(f"file {file} has no {quantity} records from {record} on")
        return data


class Unit:
    """A server as its clients see it: a bank, and what is supplied of the rest.

    A function for what is not supplied (None) is answered with exception 01. The attributes may be
    changed while the unit is served.
    """

    __slots__ = (
        "bank",
        "before_request",
        "diagnostic_register",
        "exception_status",
        "fifos",
        "files",
        "identification",
        "server_id",
    )

    def __init__(
        self,
        bank: Bank,
        *,
        identification: DeviceIdentification | None = None,
        server_id: ServerId | None = None,
        exception_status: Status | None = None,
        diagnostic_register: Status | None = None,
        files: Files | None = None,
        fifos: Mapping[int, Sequence[int]] | None = None,
        before_request: BeforeRequest | None = None,
    ) -> None:
        """Take the parts; raises TypeError for a bank that is none."""
        if not hasattr(bank, "read_registers") or isinstance(bank, type):
            raise TypeError(f"{bank!r} is no bank")
        self.bank = bank
        self.identification = identification
        """What FC 43/14 answers."""

        self.server_id = server_id
        """What FC 17 answers."""

        self.exception_status = exception_status
        """The eight exception status outputs, which FC 7 answers with (0..255)."""

        self.diagnostic_register = diagnostic_register
        """What FC 8 sub-function 2 answers with (0..65535); sub-function 10 makes a number 0."""

        self.files = files
        """What FC 20 reads and FC 21 writes."""

        self.fifos = fifos
        """The queues that FC 24 reads, oldest register first, by their addresses. It takes nothing
        out of them; one of more than 31 registers is answered with exception 03."""

        self.before_request = before_request
        """What is called, as ``before_request(request, peer)``, with each request that is well
        formed and permitted and with the `Peer` who sent it, before it is carried out; one of a
        function that is not there comes as a `RawPdu`. It may raise an `ExceptionResponse`, or
        return an `Order`: `Delay`, `NoAnswer`, `Disconnect` or one of your own."""


def value_of(status: Status) -> int:
    """Return the number that a status is now."""
    return status() if callable(status) else status
