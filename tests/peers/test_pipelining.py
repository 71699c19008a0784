"""Several requests under way on one connection, with peers that are used to it."""

import asyncio

import pytest

from modbus_wire.aio.client import AsyncClient
from modbus_wire.pdu.registers import ReadInputRegisters
from modbus_wire.sync.client import Client
from tests.peers import (
    libmodbus_peer,
    modbus_serial_peer,
    our_servers,
    pymodbustcp_peer,
    tmodbus_peer,
)
from tests.peers.face import INPUT_REGISTERS, UNIT
from tests.peers.loop_thread import LoopThread
from tests.peers.our_clients import reaching
from tests.peers.ways import ServerParty
from tests.wire.peers import LIMIT

READS = [ReadInputRegisters(address, address % 7 + 1) for address in range(100)]
EXPECTED = [INPUT_REGISTERS[read.address : read.address + read.quantity] for read in READS]
AT_ONCE = 16
BURST = 32

SERVERS = [
    pytest.param(
        server,
        id=server.party.name,
        marks=pytest.mark.skipif(
            server.party.missing is not None, reason=str(server.party.missing)
        ),
    )
    for server in (
        *libmodbus_peer.SERVERS,
        pymodbustcp_peer.SERVERS[1],
        *modbus_serial_peer.SERVERS,
        *tmodbus_peer.SERVERS,
    )
]
"""Servers that lose none of the requests that come in one segment; pymodbus' does."""


@pytest.mark.parametrize("server", SERVERS)
def test_blocking_client(server: ServerParty) -> None:
    """The answers come in the order of the reads."""
    with (
        server.serve("tcp") as served,
        Client(
            reaching(served.where), unit_id=UNIT, timeout=LIMIT, max_in_flight=AT_ONCE
        ) as client,
    ):
        assert client.read_many(READS) == EXPECTED


@pytest.mark.parametrize("server", SERVERS)
def test_async_client(server: ServerParty) -> None:
    """Likewise, of one call and of many tasks."""
    with server.serve("tcp") as served, LoopThread() as loop:

        async def talk() -> list[list[int]]:
            async with AsyncClient(
                reaching(served.where), unit_id=UNIT, timeout=LIMIT, max_in_flight=AT_ONCE
            ) as client:
                assert await client.read_many(READS) == EXPECTED
                return await asyncio.gather(*(client.execute(read) for read in READS))

        assert loop.run(talk()) == EXPECTED


@pytest.mark.skipif(modbus_serial_peer.MISSING is not None, reason=str(modbus_serial_peer.MISSING))
@pytest.mark.parametrize("server", our_servers.SERVERS, ids=lambda server: server.party.name)
def test_burst_of_modbus_serial(server: ServerParty) -> None:
    """It sends all requests at once and expects every answer."""
    with server.serve("tcp") as served:
        place = (served.where.host, served.where.port)
        with modbus_serial_peer.script("modbus_serial_client.js", "tcp", *place) as child:
            answers = child.ask("read_each", 3, BURST)
        assert [int(answer) for answer in answers] == INPUT_REGISTERS[3 : 3 + BURST]
