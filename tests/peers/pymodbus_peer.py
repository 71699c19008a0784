"""pymodbus: its blocking and asynchronous clients, and its server."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from modbus_wire.errors import exception_for
from tests.peers.face import (
    CELLS,
    IDENTIFICATION,
    INPUT_REGISTERS,
    INPUTS,
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
from tests.peers.security import client_context, server_context
from tests.peers.ways import ALL, ClientParty, Party, ServerParty
from tests.wire.peers import LIMIT
from tests.wire.serial_line import null_modem

MISSING = None if find_spec("pymodbus") else "pymodbus is not installed"
TRANSPORTS = ("tcp", "rtu+tcp", "ascii+tcp", "udp", "tls", "rtu", "ascii")
BAUDRATE = 115_200
DUMMY = "SE|RV|ER| D|UM|MY| R|EC|OR|D."
CONTENT = Content(
    server_id=ServerId(b"Acme-HP-9000-V3", True),
    file=(1, 0, [int.from_bytes(pair.encode()) for pair in DUMMY.split("|")]),
    fifo=[0, 1, 2, 3],
)
"""Its answers to FC 17, 20 and 24 are its own, whatever it is asked."""


def part(name: str) -> Any:
    """Return a module of pymodbus, untyped."""
    module: ModuleType = import_module(f"pymodbus.{name}")
    return module


def framer(transport: str) -> Any:
    """Return pymodbus' name for the framing of a transport."""
    framing = transport.partition("+")[0]
    return part("framer").FramerType({"tcp": "socket", "udp": "socket"}.get(framing, framing))


class PymodbusFace(Face):
    """A client of pymodbus; ``run`` finishes what a blocking one has done already."""

    def __init__(self, client: Any, run: Callable[[Any], Any]) -> None:
        self._client = client
        self._run = run

    def _ask(self, name: str, *args: object, **named: object) -> Any:
        method = getattr(self._client, name)
        response = self._run(lambda: method(*args, **named, device_id=UNIT))
        if response.isError():
            raise exception_for(response.exception_code)
        return response

    def read_coils(self, address: int, quantity: int) -> list[bool]:
        bits: list[bool] = self._ask("read_coils", address, count=quantity).bits
        return bits[:quantity]

    def read_discrete_inputs(self, address: int, quantity: int) -> list[bool]:
        bits: list[bool] = self._ask("read_discrete_inputs", address, count=quantity).bits
        return bits[:quantity]

    def read_holding_registers(self, address: int, quantity: int) -> list[int]:
        registers: list[int]
        registers = self._ask("read_holding_registers", address, count=quantity).registers
        return registers

    def read_input_registers(self, address: int, quantity: int) -> list[int]:
        registers: list[int]
        registers = self._ask("read_input_registers", address, count=quantity).registers
        return registers

    def write_single_coil(self, address: int, value: bool) -> None:
        self._ask("write_coil", address, value)

    def write_single_register(self, address: int, value: int) -> None:
        self._ask("write_register", address, value)

    def read_exception_status(self) -> int:
        status: int = self._ask("read_exception_status").status
        return status

    def diagnostics(self, sub_function: int, data: bytes = b"\0\0") -> bytes:
        name = DIAGNOSTICS[sub_function]
        if sub_function == 0:
            message = self._ask(name, data).message
        elif sub_function == 1:
            message = self._ask(name, data == b"\xff\0").message
        else:
            message = self._ask(name).message
        return message if isinstance(message, bytes) else message.to_bytes(2, "big")

    def get_comm_event_counter(self) -> tuple[int, int]:
        response = self._ask("diag_get_comm_event_counter")
        return 0 if response.status else 0xFFFF, response.count

    def get_comm_event_log(self) -> EventLog:
        response = self._ask("diag_get_comm_event_log")
        status = 0 if response.status else 0xFFFF
        events = bytes(response.events)
        return EventLog(status, response.event_count, response.message_count, events)

    def write_multiple_coils(self, address: int, values: Sequence[bool]) -> None:
        self._ask("write_coils", address, list(values))

    def write_multiple_registers(self, address: int, values: Sequence[int]) -> None:
        self._ask("write_registers", address, list(values))

    def report_server_id(self, id_size: int) -> ServerId:
        response = self._ask("report_device_id")
        return ServerId(response.identifier, response.status)

    def read_file_record(self, groups: Sequence[Group]) -> list[list[int]]:
        kind = part("pdu.file_message").FileRecord
        asked = [
            kind(file_number=file, record_number=record, record_length=2 * quantity)
            for file, record, quantity in groups
        ]
        records = self._ask("read_file_record", asked).records
        return [words(record.record_data) for record in records]

    def write_file_record(self, groups: Sequence[FileValues]) -> None:
        kind = part("pdu.file_message").FileRecord
        written = [
            kind(
                file_number=file,
                record_number=record,
                record_data=b"".join(value.to_bytes(2, "big") for value in values),
            )
            for file, record, values in groups
        ]
        self._ask("write_file_record", written)

    def mask_write_register(self, address: int, and_mask: int, or_mask: int) -> None:
        self._ask("mask_write_register", address=address, and_mask=and_mask, or_mask=or_mask)

    def read_write_multiple_registers(
        self, read_address: int, read_quantity: int, write_address: int, values: Sequence[int]
    ) -> list[int]:
        registers: list[int] = self._ask(
            "readwrite_registers",
            read_address=read_address,
            read_count=read_quantity,
            write_address=write_address,
            values=list(values),
        ).registers
        return registers

    def read_fifo_queue(self, address: int) -> list[int]:
        values: list[int] = self._ask("read_fifo_queue", address=address).values
        return values

    def read_device_identification(self, category: int) -> dict[int, bytes]:
        objects: dict[int, bytes] = {}
        object_id, more = 0, True
        while more:
            response = self._ask("read_device_information", read_code=category, object_id=object_id)
            objects.update(response.information)
            more, object_id = bool(response.more_follows), response.next_object_id
        return objects


DIAGNOSTICS = {
    0: "diag_query_data",
    1: "diag_restart_communication",
    2: "diag_read_diagnostic_register",
    10: "diag_clear_counters",
    11: "diag_read_bus_message_count",
    12: "diag_read_bus_comm_error_count",
    13: "diag_read_bus_exception_error_count",
    14: "diag_read_device_message_count",
    15: "diag_read_device_no_response_count",
    16: "diag_read_device_nak_count",
    17: "diag_read_device_busy_count",
    18: "diag_read_bus_char_overrun_count",
}


def words(data: bytes) -> list[int]:
    """Return the registers in big-endian bytes."""
    return [int.from_bytes(data[n : n + 2], "big") for n in range(0, len(data), 2)]


KINDS = {"tcp": "Tcp", "udp": "Udp", "tls": "Tls", "rtu": "Serial", "ascii": "Serial"}


def make_client(where: Where, prefix: str = "") -> Any:
    """Return an unconnected client of pymodbus."""
    scheme = where.transport.rpartition("+")[2]
    kind = getattr(part("client"), f"{prefix}Modbus{KINDS[scheme]}Client")
    named: dict[str, object] = {"timeout": LIMIT, "retries": 0}
    if where.is_serial:
        return kind(where.device, framer=framer(where.transport), baudrate=BAUDRATE, **named)
    if scheme == "tls":
        return kind(where.host, port=where.port, sslctx=client_context(), **named)
    return kind(where.host, port=where.port, framer=framer(where.transport), **named)


@contextmanager
def blocking_client(where: Where) -> Iterator[Face]:
    """Connect pymodbus' blocking client."""
    client = make_client(where)
    assert client.connect()
    try:
        yield PymodbusFace(client, lambda ask: ask())
    finally:
        client.close()


@contextmanager
def async_client(where: Where) -> Iterator[Face]:
    """Connect pymodbus' asynchronous client."""

    async def connect() -> Any:
        client = make_client(where, "Async")
        assert await client.connect()
        return client

    async def close(client: Any) -> None:
        transport = client.ctx.transport
        client.close()
        if transport is not None:
            transport.abort()  # over TLS it would wait for the server's farewell
        await asyncio.sleep(0)

    with LoopThread() as loop:

        async def ask(call: Callable[[], Any]) -> Any:
            return await call()

        client = loop.run(connect())
        try:
            yield PymodbusFace(client, lambda call: loop.run(ask(call)))
        finally:
            loop.run(close(client))


def device() -> Any:
    """Return a device with four separate tables."""
    simulator = part("simulator")
    bits, registers = simulator.DataType.BITS, simulator.DataType.REGISTERS

    def table(datatype: Any, values: Sequence[int]) -> list[Any]:
        return [simulator.SimData(0, values=list(values), datatype=datatype)]

    return simulator.SimDevice(
        UNIT,
        simdata=(
            table(bits, [False] * CELLS),
            table(bits, INPUTS),
            table(registers, [0] * CELLS),
            table(registers, INPUT_REGISTERS),
        ),
    )


def make_server(transport: str, line: str) -> Any:
    """Return a server of pymodbus that does not listen yet."""
    scheme = transport.rpartition("+")[2]
    kind = getattr(part("server"), f"Modbus{KINDS[scheme]}Server")
    identity = part("pdu.device").ModbusDeviceIdentification(
        info={number: value.decode() for number, value in IDENTIFICATION.items()}
    )
    if line:
        serial = {"port": line, "baudrate": BAUDRATE}
        return kind(device(), framer=framer(transport), identity=identity, **serial)
    named: dict[str, object] = {"address": ("127.0.0.1", 0), "identity": identity}
    if scheme == "tls":
        return kind(device(), sslctx=server_context(), **named)
    return kind(device(), framer=framer(transport), **named)


@contextmanager
def server(transport: str) -> Iterator[Served]:
    """Run pymodbus' server."""
    with ExitStack() as stack:
        serial = transport in ("rtu", "ascii")
        ends = stack.enter_context(null_modem()) if serial else ("", "")
        loop = stack.enter_context(LoopThread())

        async def start() -> Any:
            made = make_server(transport, ends[0])
            await made.serve_forever(background=True)
            return made

        running = loop.run(start())
        try:
            yield Served(Where(transport, port_of(running.transport), ends[1]), CONTENT)
        finally:
            loop.run(running.shutdown())


def port_of(transport: Any) -> int:
    """Return the port of a listening asyncio server or datagram transport, 0 of a serial line."""
    if hasattr(transport, "sockets"):
        port: int = transport.sockets[0].getsockname()[1]
        return port
    name = transport.get_extra_info("sockname")
    return name[1] if name else 0


LACKS = {"rtu": frozenset({24}), "rtu+tcp": frozenset({24})}
"""Its client expects the answer to FC 24 in RTU frames to be two bytes shorter than it is."""

CLIENTS = (
    ClientParty(Party("pymodbus", TRANSPORTS, ALL, MISSING, LACKS), blocking_client),
    ClientParty(Party("async-pymodbus", TRANSPORTS, ALL, MISSING, LACKS), async_client),
)
SERVERS = (ServerParty(Party("pymodbus", TRANSPORTS, ALL, MISSING), server),)
