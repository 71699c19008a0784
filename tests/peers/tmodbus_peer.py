"""tmodbus, where Python is new enough: its asynchronous client and server."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from modbus_wire.errors import exception_for
from tests.peers.face import (
    UNIT,
    Content,
    EventLog,
    Face,
    FileValues,
    Group,
    Served,
    ServerId,
    Where,
)
from tests.peers.loop_thread import LoopThread
from tests.peers.tmodbus_device import TmodbusDevice
from tests.peers.ways import ALL, ClientParty, Party, ServerParty
from tests.wire.peers import LIMIT

MISSING = None if find_spec("tmodbus") else "tmodbus is not installed (it needs Python 3.13)"
TRANSPORTS = ("tcp", "rtu+tcp", "udp")
CONTENT = Content(
    exception_status=0x6D,
    server_id=ServerId(b"\x2a", True, b"more"),
    file=(4, 1, [7, 8, 9]),
    fifo=[0x01B8, 0x1284],
)
FACTORIES = {
    "tcp": "create_async_tcp_client",
    "rtu+tcp": "create_async_rtu_over_tcp_client",
    "udp": "create_async_udp_client",
}
SERVER_KINDS = {"tcp": "tcp", "rtu+tcp": "rtu_over_tcp", "udp": "udp"}


def part(name: str = "") -> Any:
    """Return tmodbus, or a module of it, untyped."""
    return import_module(f"tmodbus.{name}" if name else "tmodbus")


class TmodbusFace(Face):
    """A client of tmodbus; ``run`` finishes a coroutine."""

    def __init__(self, client: Any, run: Callable[[Any], Any]) -> None:
        self._client = client
        self._run = run

    def _ask(self, name: str, *args: object) -> Any:
        try:
            return self._run(getattr(self._client, name)(*args))
        except part("exceptions").ModbusResponseError as refusal:
            raise exception_for(refusal.error_code) from refusal

    def read_coils(self, address: int, quantity: int) -> list[bool]:
        return list(self._ask("read_coils", address, quantity))

    def read_discrete_inputs(self, address: int, quantity: int) -> list[bool]:
        return list(self._ask("read_discrete_inputs", address, quantity))

    def read_holding_registers(self, address: int, quantity: int) -> list[int]:
        return list(self._ask("read_holding_registers", address, quantity))

    def read_input_registers(self, address: int, quantity: int) -> list[int]:
        return list(self._ask("read_input_registers", address, quantity))

    def write_single_coil(self, address: int, value: bool) -> None:
        self._ask("write_single_coil", address, value)

    def write_single_register(self, address: int, value: int) -> None:
        self._ask("write_single_register", address, value)

    def read_exception_status(self) -> int:
        status: int = self._ask("read_exception_status")
        return status

    def diagnostics(self, sub_function: int, data: bytes = b"\0\0") -> bytes:
        name = f"diag_{DIAGNOSTICS[sub_function]}"
        if sub_function == 0:
            echo: bytes = self._ask(name, data)
            return echo
        if sub_function == 1:
            return b"\xff\0" if self._ask(name, data == b"\xff\0") else b"\0\0"
        return int(self._ask(name) or 0).to_bytes(2, "big")

    def get_comm_event_counter(self) -> tuple[int, int]:
        counter = self._ask("get_comm_event_counter")
        return counter.status, counter.event_count

    def get_comm_event_log(self) -> EventLog:
        log = self._ask("get_comm_event_log")
        return EventLog(log.status, log.event_count, log.message_count, log.events)

    def write_multiple_coils(self, address: int, values: Sequence[bool]) -> None:
        self._ask("write_multiple_coils", address, list(values))

    def write_multiple_registers(self, address: int, values: Sequence[int]) -> None:
        self._ask("write_multiple_registers", address, list(values))

    def report_server_id(self, id_size: int) -> ServerId:
        found = self._ask("read_server_id")
        return ServerId(found.server_id, found.run_indicator_status, found.additional_data)

    def read_file_record(self, groups: Sequence[Group]) -> list[list[int]]:
        kind = part("pdu").FileRecordRequest
        records = self._ask("read_file_records", [kind(*group) for group in groups])
        return [[int.from_bytes(r[n : n + 2]) for n in range(0, len(r), 2)] for r in records]

    def write_file_record(self, groups: Sequence[FileValues]) -> None:
        kind = part("pdu").FileRecord
        records = [
            kind(file, record, b"".join(value.to_bytes(2) for value in values))
            for file, record, values in groups
        ]
        self._ask("write_file_records", records)

    def mask_write_register(self, address: int, and_mask: int, or_mask: int) -> None:
        self._ask("mask_write_register", address, and_mask, or_mask)

    def read_write_multiple_registers(
        self, read_address: int, read_quantity: int, write_address: int, values: Sequence[int]
    ) -> list[int]:
        name = "read_write_multiple_registers"
        return list(self._ask(name, read_address, read_quantity, write_address, list(values)))

    def read_fifo_queue(self, address: int) -> list[int]:
        return list(self._ask("read_fifo_queue", address))

    def read_device_identification(self, category: int) -> dict[int, bytes]:
        return dict(self._ask("read_device_identification", category, 0))


DIAGNOSTICS = {
    0: "read_query_data",
    1: "restart_communications_option",
    2: "read_diagnostic_register",
    10: "clear_counters_and_register",
    11: "read_bus_message_count",
    12: "read_bus_communication_error_count",
    13: "read_bus_exception_error_count",
    14: "read_server_message_count",
    15: "read_server_no_response_count",
    16: "read_server_nak_count",
    17: "read_server_busy_count",
    18: "read_bus_character_overrun_count",
}


@contextmanager
def client(where: Where) -> Iterator[Face]:
    """Connect tmodbus' client."""
    make = getattr(part(), FACTORIES[where.transport])

    async def connect() -> Any:
        made = make(where.host, where.port, unit_id=UNIT, timeout=LIMIT, auto_reconnect=False)
        await made.connect()
        return made

    with LoopThread() as loop:
        connected = loop.run(connect())
        try:
            yield TmodbusFace(connected, loop.run)
        finally:
            loop.run(connected.disconnect())


@contextmanager
def server(transport: str) -> Iterator[Served]:
    """Run tmodbus' server."""
    name = SERVER_KINDS[transport]
    module = part(f"server.async_{name}")
    kind = getattr(module, f"Async{''.join(map(str.title, name.split('_')))}Server")

    async def start() -> Any:
        made = kind("127.0.0.1", TmodbusDevice(CONTENT), port=0)
        await made.start()
        return made

    with LoopThread() as loop:
        running = loop.run(start())
        try:
            yield Served(Where(transport, port_of(running)), CONTENT)
        finally:
            loop.run(running.stop())


def port_of(running: Any) -> int:
    """Return the port of a server of tmodbus, which has no name for it."""
    listening = getattr(running, "_server", None)
    if listening is not None:
        port: int = listening.sockets[0].getsockname()[1]
        return port
    name: tuple[str, int] = running._transport.get_extra_info("sockname")
    return name[1]


CLIENTS = (ClientParty(Party("tmodbus", TRANSPORTS, ALL, MISSING), client),)
SERVERS = (ServerParty(Party("tmodbus", TRANSPORTS, ALL, MISSING), server),)
