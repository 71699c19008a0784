"""Requests that nobody answers: broadcasts on a serial line, and those of the listen only mode."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from modbus_wire.aio.client import AsyncClient
from modbus_wire.sync.client import Client
from tests.peers import libmodbus_peer, our_clients, our_servers, pymodbus_peer
from tests.peers.face import UNIT, Where
from tests.peers.loop_thread import LoopThread
from tests.peers.ways import ServerParty
from tests.wire.peers import LIMIT

BROADCAST = 0
needs_libmodbus = pytest.mark.skipif(
    libmodbus_peer.MISSING is not None, reason=str(libmodbus_peer.MISSING)
)
needs_pymodbus = pytest.mark.skipif(
    pymodbus_peer.MISSING is not None, reason=str(pymodbus_peer.MISSING)
)
our_server = pytest.mark.parametrize(
    "server", our_servers.SERVERS, ids=lambda server: server.party.name
)


@contextmanager
def pymodbus_client(where: Where) -> Iterator[Any]:
    """Connect pymodbus' blocking client."""
    client = pymodbus_peer.make_client(where)
    assert client.connect()
    try:
        yield client
    finally:
        client.close()


@needs_libmodbus
def test_client_broadcasts_to_libmodbus() -> None:
    """The write is carried out, and whatever the device says to it is no answer to the next."""
    with (
        libmodbus_peer.server("rtu") as served,
        Client(our_clients.reaching(served.where), unit_id=UNIT, timeout=LIMIT) as client,
    ):
        client.write_multiple_registers(5, [1, 2, 3], unit_id=BROADCAST)
        client.write_single_coil(7, True, unit_id=BROADCAST)
        assert client.read_holding_registers(5, 3) == [1, 2, 3]
        assert client.read_coils(6, 3) == [False, True, False]


@needs_libmodbus
def test_async_client_broadcasts_to_libmodbus() -> None:
    """Likewise."""
    with libmodbus_peer.server("rtu") as served, LoopThread() as loop:

        async def talk() -> tuple[list[int], list[bool]]:
            where = our_clients.reaching(served.where)
            async with AsyncClient(where, unit_id=UNIT, timeout=LIMIT) as client:
                await client.write_multiple_registers(5, [1, 2, 3], unit_id=BROADCAST)
                await client.write_single_coil(7, True, unit_id=BROADCAST)
                return await client.read_holding_registers(5, 3), await client.read_coils(6, 3)

        assert loop.run(talk()) == ([1, 2, 3], [False, True, False])


@needs_pymodbus
@our_server
@pytest.mark.parametrize("transport", ["rtu", "ascii"])
def test_pymodbus_broadcasts_to_our_server(server: ServerParty, transport: str) -> None:
    """The write is carried out, and no answer disturbs the next request."""
    with server.serve(transport) as served, pymodbus_client(served.where) as client:
        client.write_registers(5, [1, 2, 3], device_id=BROADCAST, no_response_expected=True)
        read = client.read_holding_registers(5, count=3, device_id=UNIT)
        assert read.registers == [1, 2, 3]


@needs_pymodbus
@our_server
@pytest.mark.parametrize("transport", ["tcp", "rtu"])
def test_listen_only_mode(server: ServerParty, transport: str) -> None:
    """Pymodbus puts a server into the mode and out of it; what comes meanwhile is not done."""
    with server.serve(transport) as served, pymodbus_client(served.where) as client:
        client.write_register(0, 1, device_id=UNIT)
        unanswered = {"device_id": UNIT, "no_response_expected": True}
        client.diag_force_listen_only(**unanswered)
        client.write_register(0, 2, **unanswered)
        client.diag_restart_communication(False, **unanswered)
        assert client.read_holding_registers(0, count=1, device_id=UNIT).registers == [1]
