"""Our client against servers that others wrote: pyModbusTCP 0.1.10 and pymodbus."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread
from typing import Any, NamedTuple

import pytest

from modbus_wire.errors import IllegalDataAddress, IllegalFunction
from modbus_wire.framing.base import Framing
from modbus_wire.sync.client import Client
from tests.compat.peers import RELEASED, load, running
from tests.wire.peers import LIMIT

CELLS = 2100
"""Cells in each table of the pymodbus device; the addresses behind them do not exist."""


class Foreign(NamedTuple):
    """A running server."""

    port: int
    framing: Framing
    has_all_functions: bool


@contextmanager
def pymodbus_server(framer: str) -> Iterator[int]:
    """Run pymodbus' TCP server with four separate tables in a thread; give its port."""
    server_module: Any = pytest.importorskip("pymodbus.server")
    simulator: Any = pytest.importorskip("pymodbus.simulator")
    framers: Any = pytest.importorskip("pymodbus.framer")

    def table(datatype: Any, value: object) -> list[Any]:
        return [simulator.SimData(0, values=[value] * CELLS, datatype=datatype)]

    bits, words = simulator.DataType.BITS, simulator.DataType.REGISTERS
    tables = table(bits, False), table(bits, True), table(words, 0), table(words, 1234)
    ready: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        server = server_module.ModbusTcpServer(
            simulator.SimDevice(0, simdata=tables),
            framer=framers.FramerType(framer),
            address=("127.0.0.1", 0),
        )
        await server.serve_forever(background=True)
        stop = asyncio.Event()
        port = server.transport.sockets[0].getsockname()[1]
        ready.set_result((port, asyncio.get_running_loop(), stop))
        await stop.wait()
        await server.shutdown()

    thread = Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    port, loop, stop = ready.result(LIMIT)
    yield port
    loop.call_soon_threadsafe(stop.set)
    thread.join(LIMIT)
    assert not thread.is_alive()


@pytest.fixture(scope="module", params=["pyModbusTCP", "pymodbus", "pymodbus over RTU"])
def foreign(request: pytest.FixtureRequest) -> Iterator[Foreign]:
    """Run one server after the other."""
    if request.param == "pyModbusTCP":
        pytest.importorskip(RELEASED)
        with running(load(RELEASED)) as port:
            yield Foreign(port, Framing.TCP, has_all_functions=False)
    elif request.param == "pymodbus":
        with pymodbus_server("socket") as port:
            yield Foreign(port, Framing.TCP, has_all_functions=True)
    else:
        with pymodbus_server("rtu") as port:
            yield Foreign(port, Framing.RTU, has_all_functions=True)


@pytest.fixture
def client(foreign: Foreign) -> Iterator[Client]:
    """Return a client of the server."""
    with Client("127.0.0.1", foreign.port, timeout=LIMIT, framing=foreign.framing) as client:
        yield client


def test_coils(client: Client) -> None:
    """FC 5, 15 and 1: what is written is read, at both ends of the limits."""
    pattern = [n % 3 == 0 for n in range(1968)]
    client.write_multiple_coils(7, pattern)
    client.write_single_coil(6, True)
    client.write_single_coil(7, False)
    assert client.read_coils(6, 3) == [True, False, False]
    assert client.read_coils(8, 1967) == pattern[1:]
    assert len(client.read_coils(0, 2000)) == 2000


def test_holding_registers(client: Client) -> None:
    """FC 6, 16 and 3: what is written is read, at both ends of the limits."""
    values = [(n * 523) & 0xFFFF for n in range(123)]
    client.write_multiple_registers(11, values)
    client.write_single_register(10, 0xFFFF)
    assert client.read_holding_registers(10) == [0xFFFF]
    assert client.read_holding_registers(11, 123) == values
    assert len(client.read_holding_registers(0, 125)) == 125


def test_read_only_tables(client: Client, foreign: Foreign) -> None:
    """FC 2 and 4 read tables of their own, or with pyModbusTCP those that are written."""
    if not foreign.has_all_functions:
        client.write_multiple_coils(0, [True] * 19)
        client.write_multiple_registers(0, [1234] * 123)
    assert client.read_discrete_inputs(0, 19) == [True] * 19
    assert client.read_input_registers(0, 123) == [1234] * 123


def test_mask_and_read_write(client: Client, foreign: Foreign) -> None:
    """FC 22 and 23 do what AP §6.16 and §6.17 say; a server without them says so."""
    if not foreign.has_all_functions:
        with pytest.raises(IllegalFunction):
            client.mask_write_register(4, 0xF2, 0x25)
        with pytest.raises(IllegalFunction):
            client.read_write_multiple_registers(0, 1, 0, [1])
        return
    client.write_single_register(4, 0x12)
    client.mask_write_register(4, 0xF2, 0x25)
    assert client.read_holding_registers(4) == [0x17]
    assert client.read_write_multiple_registers(20, 4, 21, [7, 8]) == [
        *client.read_holding_registers(20),
        *(7, 8),
        *client.read_holding_registers(23),
    ]


def test_address_that_does_not_exist(client: Client, foreign: Foreign) -> None:
    """A hole is refused with exception 02, and the connection goes on."""
    if foreign.has_all_functions:
        with pytest.raises(IllegalDataAddress):
            client.read_holding_registers(CELLS - 1, 2)
        with pytest.raises(IllegalDataAddress) as caught:
            client.write_single_register(CELLS, 1)
        assert not caught.value.may_have_been_applied
    client.write_single_register(0, 5)
    assert client.read_holding_registers(0) == [5]


def test_many_requests_over_one_connection(client: Client) -> None:
    """Requests of every length follow each other without a slip."""
    client.write_multiple_registers(0, list(range(123)))
    for quantity in range(1, 124):
        assert client.read_holding_registers(0, quantity) == list(range(quantity))
