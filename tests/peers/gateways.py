"""Our gateways as servers: behind each is pymodbus' server on a serial line."""

from collections.abc import Iterator
from contextlib import contextmanager

from modbus_wire.aio.client import AsyncClient
from modbus_wire.aio.gateway import AsyncGateway
from modbus_wire.sync.client import Client
from modbus_wire.sync.gateway import Gateway
from tests.peers import pymodbus_peer
from tests.peers.face import UNIT, Served, Where
from tests.peers.loop_thread import LoopThread
from tests.peers.our_clients import reaching
from tests.peers.ways import ALL, Party, ServerParty
from tests.wire.peers import LIMIT


@contextmanager
def blocking_gateway(transport: str) -> Iterator[Served]:
    """Run a `Gateway`."""
    with (
        pymodbus_peer.server("rtu") as behind,
        Client(reaching(behind.where), timeout=LIMIT) as client,
        Gateway({UNIT: client}, port=0) as gateway,
    ):
        yield Served(Where(transport, gateway.address[1]), behind.content)


@contextmanager
def async_gateway(transport: str) -> Iterator[Served]:
    """Run an `AsyncGateway` in a loop of its own."""
    with pymodbus_peer.server("rtu") as behind, LoopThread() as loop:

        async def start() -> tuple[AsyncClient, AsyncGateway]:
            client = AsyncClient(reaching(behind.where), timeout=LIMIT)
            gateway = AsyncGateway({UNIT: client}, port=0)
            await gateway.start()
            return client, gateway

        client, gateway = loop.run(start())
        try:
            yield Served(Where(transport, gateway.address[1]), behind.content)
        finally:
            loop.run(gateway.stop())
            loop.run(client.close())


SERVERS = (
    ServerParty(Party("Gateway", ("tcp",), ALL, pymodbus_peer.MISSING), blocking_gateway),
    ServerParty(Party("AsyncGateway", ("tcp",), ALL, pymodbus_peer.MISSING), async_gateway),
)
