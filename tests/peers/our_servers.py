"""Our own servers, blocking and asynchronous, as parties of the exercises."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from modbus_wire.aio.server import AsyncServer
from modbus_wire.bank import SparseBank
from modbus_wire.codes import Table
from modbus_wire.endpoint import Endpoint, SerialEndpoint
from modbus_wire.framing.base import Framing
from modbus_wire.handler import Handler
from modbus_wire.pdu.identity import DeviceIdentification
from modbus_wire.pdu.identity import ServerId as OurServerId
from modbus_wire.sync.server import Server
from modbus_wire.trace import Trace
from modbus_wire.unit import MemoryFiles, Unit
from tests.peers.face import (
    CELLS,
    INPUT_REGISTERS,
    INPUTS,
    Content,
    Served,
    ServerId,
    Where,
)
from tests.peers.loop_thread import LoopThread
from tests.peers.our_clients import BAUDRATE, TRANSPORTS, stream
from tests.peers.ways import ALL, Party, ServerParty
from tests.wire.certificates import server_endpoint
from tests.wire.serial_line import null_modem

CONTENT = Content(
    counts=True,
    exception_status=0x6D,
    server_id=ServerId(b"\x2a", True),
    file=(4, 1, [0x0DFE, *range(99)]),
    stores_files=True,
    fifo_address=0x04DE,
    fifo=[0x01B8, 0x1284],
)


def unit() -> Unit:
    """Return the unit that has all of `CONTENT`."""
    bank = SparseBank({table: [range(CELLS)] for table in Table})
    bank.set_bits(Table.DISCRETE_INPUTS, 0, INPUTS)
    bank.set_registers(Table.INPUT_REGISTERS, 0, INPUT_REGISTERS)
    number, record, values = CONTENT.file
    return Unit(
        bank,
        identification=DeviceIdentification(dict(CONTENT.identification)),
        server_id=OurServerId(*CONTENT.server_id),
        exception_status=CONTENT.exception_status,
        diagnostic_register=0x0101,
        files=MemoryFiles({number: [0] * record + list(values), 3: [0] * 100}),
        fifos={CONTENT.fifo_address: CONTENT.fifo},
    )


def handler() -> Handler:
    """Return what answers for it, on networks also what is for serial lines."""
    return Handler(unit(), network_diagnostics=True)


def listening(transport: str, device: str) -> Endpoint:
    """Return the endpoint that a server of ours is given."""
    if transport in ("rtu", "ascii"):
        return SerialEndpoint(device, framing=Framing(transport), baudrate=BAUDRATE)
    if transport == "tls":
        return server_endpoint()
    return stream(transport, "127.0.0.1", 0)


@contextmanager
def blocking_server(transport: str, trace: Trace | None = None) -> Iterator[Served]:
    """Run a `Server`."""
    with ExitStack() as stack:
        ends = stack.enter_context(null_modem()) if transport in ("rtu", "ascii") else ("", "")
        server = stack.enter_context(Server(handler(), listening(transport, ends[0]), trace=trace))
        port = 0 if ends[0] else server.address[1]
        yield Served(Where(transport, port, ends[1]), CONTENT)


@contextmanager
def async_server(transport: str, trace: Trace | None = None) -> Iterator[Served]:
    """Run an `AsyncServer` in a loop of its own."""
    with ExitStack() as stack:
        ends = stack.enter_context(null_modem()) if transport in ("rtu", "ascii") else ("", "")
        loop = stack.enter_context(LoopThread())

        async def start() -> AsyncServer:
            server = AsyncServer(handler(), listening(transport, ends[0]), trace=trace)
            await server.start()
            return server

        server = loop.run(start())
        try:
            port = 0 if ends[0] else server.address[1]
            yield Served(Where(transport, port, ends[1]), CONTENT)
        finally:
            loop.run(server.stop())


SERVERS = (
    ServerParty(Party("Server", TRANSPORTS, ALL), blocking_server),
    ServerParty(Party("AsyncServer", TRANSPORTS, ALL), async_server),
)
