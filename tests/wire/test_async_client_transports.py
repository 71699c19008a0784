"""The async client on every transport: UDP, TLS, IPv6, other framings."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import cast

import pytest

from modbus_wire.aio.client import AsyncClient
from modbus_wire.bank import SharedBank
from modbus_wire.endpoint import TlsEndpoint, UdpEndpoint
from modbus_wire.errors import (
    ConnectError,
    ConnectionClosedError,
    ResponseTimeout,
)
from modbus_wire.pdu.registers import ReadHoldingRegisters
from modbus_wire.policy import Backoff
from modbus_wire.sync.server import Server
from tests.wire import certificates
from tests.wire.async_peers import (
    answer_pdu,
    both_loops,
    run,
    scripted,
    silence,
    turns,
)
from tests.wire.loops import NewLoop
from tests.wire.peers import answer, refused_port, registers

SHORT = 0.05
"""Seconds; the timeout of requests that are meant to time out."""


def bank() -> SharedBank:
    """Return a bank whose registers hold their own addresses."""
    made = SharedBank()
    made.write_registers(0, b"".join(n.to_bytes(2, "big") for n in range(200)))
    return made


async def exercise(client: AsyncClient) -> None:
    """Read, write, read back, and read much."""
    assert await client.read_holding_registers(3, 2) == [3, 4]
    await client.write_multiple_registers(150, [9, 8])
    assert await client.read_holding_registers(150, 2) == [9, 8]
    requests = [ReadHoldingRegisters(address, 20) for address in range(40)]
    assert await client.read_many(requests) == [list(range(n, n + 20)) for n in range(40)]
    reads = [client.read_holding_registers(address) for address in range(40)]
    assert await asyncio.gather(*reads) == [[n] for n in range(40)]


@both_loops
@pytest.mark.parametrize("in_flight", [1, 16])
@pytest.mark.parametrize(
    "url",
    ["tcp://{}", "rtu+tcp://{}", "ascii+tcp://{}", "udp://{}", "rtu+udp://{}", "ascii+udp://{}"],
)
def test_network_transports(url: str, in_flight: int, loop: NewLoop) -> None:
    """Each URL opens a transport that carries everything."""
    with Server(bank(), url.format("127.0.0.1:0")) as server:

        async def main() -> None:
            where = url.format(f"127.0.0.1:{server.address[1]}")
            async with AsyncClient(where, max_in_flight=in_flight) as client:
                await exercise(client)

        run(main(), loop)


@both_loops
@pytest.mark.skipif(not socket.has_ipv6, reason="the system has no IPv6")
def test_ipv6(loop: NewLoop) -> None:
    """An address of IPv6, bare or in a URL."""
    try:
        server = Server(bank(), "::1", 0)
        server.start()
    except OSError:
        pytest.skip("the system has no address ::1")
    with server:

        async def main() -> None:
            port = server.address[1]
            for client in (AsyncClient("::1", port), AsyncClient(f"tcp://[::1]:{port}")):
                async with client:
                    assert await client.read_holding_registers(7) == [7]

        run(main(), loop)


@both_loops
@pytest.mark.parametrize("in_flight", [1, 16])
def test_tls(in_flight: int, loop: NewLoop) -> None:
    """Modbus/TCP Security: both sides show certificates, then everything works."""
    with Server(bank(), certificates.server_endpoint()) as server:

        async def main() -> None:
            endpoint = certificates.client_endpoint(server.address[1])
            async with AsyncClient(endpoint, max_in_flight=in_flight) as client:
                await exercise(client)
                await client.close()
                assert await client.read_holding_registers(1) == [1]

        run(main(), loop)


@both_loops
def test_tls_with_the_wrong_server(loop: NewLoop) -> None:
    """A server that nobody vouches for, one with another name, one without TLS: `ConnectError`."""
    stranger = certificates.stranger().issue("server")
    with (
        Server(bank(), certificates.endpoint_of(stranger)) as unknown,
        Server(bank(), certificates.server_endpoint()) as known,
        Server(bank(), port=0) as plain,
    ):

        async def main() -> None:
            misnamed = certificates.client_endpoint(known.address[1])
            misnamed.server_hostname = "somebody.else"
            for endpoint in (
                certificates.client_endpoint(unknown.address[1]),
                misnamed,
                certificates.client_endpoint(plain.address[1]),
            ):
                async with AsyncClient(endpoint, timeout=0.5) as client:
                    with pytest.raises(ConnectError, match="TLS with 127"):
                        await client.read_holding_registers(0)
                    assert not client.is_open

        run(main(), loop)


@both_loops
def test_tls_with_a_certificate_that_the_server_refuses(loop: NewLoop) -> None:
    """The refusal comes after the handshake: nothing was applied, and the back-off counts it."""
    identity = certificates.stranger().issue("client")
    with Server(bank(), certificates.server_endpoint()) as server:

        async def main() -> None:
            endpoint = certificates.endpoint_of(identity, server.address[1])
            async with AsyncClient(endpoint, backoff=Backoff(60.0, 60.0)) as client:
                with pytest.raises(ConnectError, match="refused the certificate") as caught:
                    await client.write_single_register(0, 1)
                assert not caught.value.may_have_been_applied
                with pytest.raises(ConnectError, match="next attempt in"):
                    await client.write_single_register(0, 1)

        run(main(), loop)


def test_tls_with_files_that_are_missing() -> None:
    """The caller hears which file is missing."""

    async def main() -> None:
        endpoint = TlsEndpoint("127.0.0.1", 1, cert="/no/cert", key="/no/key", ca="/no/ca")
        async with AsyncClient(endpoint) as client:
            for _ in range(2):
                with pytest.raises(ValueError, match="/no/"):
                    await client.read_holding_registers(0)

    run(main())


@both_loops
def test_tls_handshake_that_hangs(loop: NewLoop) -> None:
    """A server that says nothing during the handshake costs no more than the timeout."""

    async def main() -> None:
        async with scripted(silence) as server:
            endpoint = certificates.client_endpoint(server.port)
            async with AsyncClient(endpoint, timeout=SHORT) as client:
                with pytest.raises(ConnectError, match="no answer in time"):
                    await client.read_holding_registers(0)

    run(main(), loop)


@both_loops
def test_tls_server_that_restarts(loop: NewLoop) -> None:
    """A read after the server's farewell is asked on a new connection."""
    with Server(bank(), certificates.server_endpoint()) as server:
        port = server.address[1]

        async def main() -> None:
            async with AsyncClient(certificates.client_endpoint(port)) as client:
                assert await client.read_holding_registers(1) == [1]
                server.stop()
                with Server(bank(), certificates.server_endpoint(port)):
                    assert await client.read_holding_registers(2) == [2]
                    assert client.statistics.connects == 2

        run(main(), loop)


class Datagrams(asyncio.DatagramProtocol):
    """A UDP server that answers by a script: a request in, datagrams out."""

    def __init__(self, script: Callable[[bytes], list[bytes]]) -> None:
        self._script = script

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str | int, ...]) -> None:
        for datagram in self._script(data):
            self.transport.sendto(datagram, address)


@contextlib.asynccontextmanager
async def datagrams(script: Callable[[bytes], list[bytes]]) -> AsyncIterator[int]:
    """Serve on a UDP port."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: Datagrams(script), local_addr=("127.0.0.1", 0)
    )
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()
        await turns(2)


@both_loops
def test_udp_loses_and_cuts_datagrams(loop: NewLoop) -> None:
    """A lost datagram is a timeout; half a frame, none, and a late answer are passed over."""
    requests = []

    def script(request: bytes) -> list[bytes]:
        requests.append(request)
        if len(requests) == 1:
            return []
        whole = answer(request, answer_pdu(request[7:]))
        stale = answer(b"\x77\x77" + request[2:], registers(66))
        return [stale, whole[:9], b"HTTP/1.1 400", b"\0\1\0\0\0\0\0", whole]

    async def main() -> None:
        async with (
            datagrams(script) as port,
            AsyncClient(UdpEndpoint("127.0.0.1", port), timeout=SHORT) as client,
        ):
            with pytest.raises(ResponseTimeout):
                await client.read_holding_registers(5)
            assert await client.read_holding_registers(6) == [6]
            assert await client.read_holding_registers(7) == [7]
        assert len(requests) == 3

    run(main(), loop)


@both_loops
def test_udp_to_nobody(loop: NewLoop) -> None:
    """A port that refuses is an error at once where the system tells, a timeout elsewhere."""

    async def main() -> None:
        with refused_port() as port:
            endpoint = UdpEndpoint("127.0.0.1", port)
            async with AsyncClient(endpoint, timeout=SHORT) as client:
                with pytest.raises((ConnectionClosedError, ResponseTimeout)):
                    await client.read_holding_registers(0)

    run(main(), loop)
