"""What a client of any make looks like to the exercises, and what a server has to show it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

UNIT = 1
"""The unit that every server here is."""

CELLS = 2200
"""Cells in each table of a server here, where its make allows it; behind them there is nothing."""

INPUTS = [address % 5 in (0, 3) for address in range(CELLS)]
"""What discrete inputs hold."""

INPUT_REGISTERS = [(address * 523 + 7) & 0xFFFF for address in range(CELLS)]
"""What input registers hold."""

IDENTIFICATION = {
    0: b"Acme",
    1: b"HP-9000",
    2: b"V3",
    3: b"acme.example",
    4: b"Pump",
    5: b"9",
    6: b"Cellar",
    0x80: b"a" * 150,
    0x81: b"b" * 150,
}
"""The objects of FC 43/14: more than one answer holds."""

Group: TypeAlias = tuple[int, int, int]
"""File number, record number, quantity of registers."""

FileValues: TypeAlias = tuple[int, int, Sequence[int]]
"""File number, record number, the registers."""


class ServerId(NamedTuple):
    """The answer to FC 17."""

    identifier: bytes
    is_running: bool
    additional: bytes = b""


class EventLog(NamedTuple):
    """The answer to FC 12."""

    status: int
    event_count: int
    message_count: int
    events: bytes


class Content(NamedTuple):
    """What a server holds, as far as exercises ask for it."""

    cells: int | None = CELLS
    """Cells in each table; None: there is an address space full of them."""

    shares_tables: bool = False
    """Whether the read-only tables are the writable ones."""

    counts: bool = False
    """Whether the counters and events of FC 8, 11 and 12 are real."""

    exception_status: int = 0
    server_id: ServerId = ServerId(b"\x2a", True)
    file: FileValues = (4, 1, ())
    """A record that can be read."""

    stores_files: bool = False
    """Whether what FC 21 writes is what FC 20 reads."""

    fifo_address: int = 0
    fifo: Sequence[int] = ()
    identification: Mapping[int, bytes] = IDENTIFICATION
    """The objects of FC 43/14."""

    categories: Mapping[int, range] = {1: range(3), 2: range(0x80), 3: range(0x100)}
    """The objects of each category that can be asked for; by AP §6.21 each has those before it."""

    most_read_back: int = 125
    """Registers that FC 23 reads at most."""


class Where(NamedTuple):
    """Where a server is reached."""

    transport: str
    """The scheme of a URL: tcp, rtu+tcp, ascii+tcp, udp, tls, rtu or ascii."""

    port: int = 0
    device: str = ""
    """The client's end of a serial line."""

    host: str = "127.0.0.1"

    @property
    def is_serial(self) -> bool:
        """Whether it is a serial line."""
        return self.transport in ("rtu", "ascii")


class Served(NamedTuple):
    """A running server."""

    where: Where
    content: Content


class Face:
    """A client; each make has the functions that its peer says, as methods of our names.

    They raise `modbus_wire.errors.ExceptionResponse` for an exception response, and whatever
    else is fit for other failures.
    """

    most_bits = 2000
    """Bits that the client can read at once, and registers; and those that it can write."""

    most_registers = 125
    most_coils_written = 1968
    most_registers_written = 123

    def read_coils(self, address: int, quantity: int) -> list[bool]:
        raise NotImplementedError

    def read_discrete_inputs(self, address: int, quantity: int) -> list[bool]:
        raise NotImplementedError

    def read_holding_registers(self, address: int, quantity: int) -> list[int]:
        raise NotImplementedError

    def read_input_registers(self, address: int, quantity: int) -> list[int]:
        raise NotImplementedError

    def write_single_coil(self, address: int, value: bool) -> None:
        raise NotImplementedError

    def write_single_register(self, address: int, value: int) -> None:
        raise NotImplementedError

    def read_exception_status(self) -> int:
        raise NotImplementedError

    def diagnostics(self, sub_function: int, data: bytes = b"\0\0") -> bytes:
        raise NotImplementedError

    def get_comm_event_counter(self) -> tuple[int, int]:
        raise NotImplementedError

    def get_comm_event_log(self) -> EventLog:
        raise NotImplementedError

    def write_multiple_coils(self, address: int, values: Sequence[bool]) -> None:
        raise NotImplementedError

    def write_multiple_registers(self, address: int, values: Sequence[int]) -> None:
        raise NotImplementedError

    def report_server_id(self, id_size: int) -> ServerId:
        raise NotImplementedError

    def read_file_record(self, groups: Sequence[Group]) -> list[list[int]]:
        raise NotImplementedError

    def write_file_record(self, groups: Sequence[FileValues]) -> None:
        raise NotImplementedError

    def mask_write_register(self, address: int, and_mask: int, or_mask: int) -> None:
        raise NotImplementedError

    def read_write_multiple_registers(
        self, read_address: int, read_quantity: int, write_address: int, values: Sequence[int]
    ) -> list[int]:
        raise NotImplementedError

    def read_fifo_queue(self, address: int) -> list[int]:
        raise NotImplementedError

    def read_device_identification(self, category: int) -> dict[int, bytes]:
        raise NotImplementedError
