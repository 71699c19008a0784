"""Our own clients, blocking and asynchronous, as parties of the exercises."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from modbus_wire.aio.client import AsyncClient
from modbus_wire.endpoint import Endpoint, SerialEndpoint, TcpEndpoint, UdpEndpoint
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.diagnostics import DiagnosticsCode
from modbus_wire.pdu.files import FileData, FileRecord
from modbus_wire.sync.client import Client
from modbus_wire.trace import Trace
from tests.peers.face import UNIT, EventLog, Face, FileValues, Group, ServerId, Where
from tests.peers.loop_thread import LoopThread
from tests.peers.ways import ALL, ClientParty, Party
from tests.wire.certificates import client_endpoint
from tests.wire.peers import LIMIT

TRANSPORTS = ("tcp", "rtu+tcp", "ascii+tcp", "udp", "tls", "rtu", "ascii")
BAUDRATE = 115_200


def stream(transport: str, host: str, port: int) -> Endpoint:
    """Return an endpoint on plain TCP or UDP."""
    prefix, _, scheme = transport.rpartition("+")
    kind = UdpEndpoint if scheme == "udp" else TcpEndpoint
    return kind(host, port, framing=Framing(prefix) if prefix else Framing.TCP)


def reaching(where: Where) -> Endpoint:
    """Return the endpoint that a client of ours is given."""
    if where.is_serial:
        return SerialEndpoint(where.device, framing=Framing(where.transport), baudrate=BAUDRATE)
    if where.transport == "tls":
        return client_endpoint(where.port)
    return stream(where.transport, where.host, where.port)


class OurFace(Face):
    """A client of ours; ``call`` carries out one of its methods."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def read_coils(self, address: int, quantity: int) -> list[bool]:
        bits: list[bool] = self._call("read_coils", address, quantity)
        return bits

    def read_discrete_inputs(self, address: int, quantity: int) -> list[bool]:
        bits: list[bool] = self._call("read_discrete_inputs", address, quantity)
        return bits

    def read_holding_registers(self, address: int, quantity: int) -> list[int]:
        registers: list[int] = self._call("read_holding_registers", address, quantity)
        return registers

    def read_input_registers(self, address: int, quantity: int) -> list[int]:
        registers: list[int] = self._call("read_input_registers", address, quantity)
        return registers

    def write_single_coil(self, address: int, value: bool) -> None:
        self._call("write_single_coil", address, value)

    def write_single_register(self, address: int, value: int) -> None:
        self._call("write_single_register", address, value)

    def read_exception_status(self) -> int:
        status: int = self._call("read_exception_status")
        return status

    def diagnostics(self, sub_function: int, data: bytes = b"\0\0") -> bytes:
        answer: bytes = self._call("diagnostics", DiagnosticsCode(sub_function), data)
        return answer

    def get_comm_event_counter(self) -> tuple[int, int]:
        counter = self._call("get_comm_event_counter")
        return counter.status, counter.event_count

    def get_comm_event_log(self) -> EventLog:
        log = self._call("get_comm_event_log")
        return EventLog(log.status, log.event_count, log.message_count, log.events)

    def write_multiple_coils(self, address: int, values: Sequence[bool]) -> None:
        self._call("write_multiple_coils", address, values)

    def write_multiple_registers(self, address: int, values: Sequence[int]) -> None:
        self._call("write_multiple_registers", address, values)

    def report_server_id(self, id_size: int) -> ServerId:
        found = self._call("report_server_id", id_size)
        return ServerId(found.identifier, found.is_running, found.additional)

    def read_file_record(self, groups: Sequence[Group]) -> list[list[int]]:
        records: list[list[int]]
        records = self._call("read_file_record", [FileRecord(*group) for group in groups])
        return records

    def write_file_record(self, groups: Sequence[FileValues]) -> None:
        self._call("write_file_record", [FileData(*group) for group in groups])

    def mask_write_register(self, address: int, and_mask: int, or_mask: int) -> None:
        self._call("mask_write_register", address, and_mask, or_mask)

    def read_write_multiple_registers(
        self, read_address: int, read_quantity: int, write_address: int, values: Sequence[int]
    ) -> list[int]:
        registers: list[int] = self._call(
            "read_write_multiple_registers", read_address, read_quantity, write_address, values
        )
        return registers

    def read_fifo_queue(self, address: int) -> list[int]:
        values: list[int] = self._call("read_fifo_queue", address)
        return values

    def read_device_identification(self, category: int) -> dict[int, bytes]:
        objects: dict[int, bytes]
        objects = self._call("read_device_identification", category).objects
        return dict(objects)


@contextmanager
def blocking_client(where: Where, trace: Trace | None = None) -> Iterator[Face]:
    """Connect a `Client`."""
    with Client(reaching(where), unit_id=UNIT, timeout=LIMIT, trace=trace) as client:
        yield OurFace(lambda name, *args, **named: getattr(client, name)(*args, **named))


@contextmanager
def async_client(where: Where, trace: Trace | None = None) -> Iterator[Face]:
    """Connect an `AsyncClient` in a loop of its own."""

    async def make() -> AsyncClient:
        return AsyncClient(reaching(where), unit_id=UNIT, timeout=LIMIT, trace=trace)

    with LoopThread() as loop:
        client = loop.run(make())
        try:
            yield OurFace(
                lambda name, *args, **named: loop.run(getattr(client, name)(*args, **named))
            )
        finally:
            loop.run(client.close())


CLIENTS = (
    ClientParty(Party("Client", TRANSPORTS, ALL), blocking_client),
    ClientParty(Party("AsyncClient", TRANSPORTS, ALL), async_client),
)
