"""Modbus/TCP Security: servers of both styles and clients of the standard library."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from modbus_wire.access import RoleAccess
from modbus_wire.bank import SharedBank
from modbus_wire.endpoint import TlsEndpoint
from modbus_wire.handler import Handler
from modbus_wire.peer import Peer
from modbus_wire.sync.server import Server
from tests.wire import certificates
from tests.wire.certificates import Identity, client_identity, server_endpoint
from tests.wire.peers import LIMIT, mbap
from tests.wire.raw_client import READ, WRITE, RawClient
from tests.wire.styles import LOOPS, AnyServer, Style

TOLD = mbap(1, 1, b"\x03\x02\0\0")

RULES = RoleAccess({"operator": "write", "reader": [3], None: "read"})

pytestmark = pytest.mark.parametrize("style", LOOPS)


@pytest.fixture
def server(style: Style) -> Iterator[AnyServer]:
    """A server with rules for roles, which serves everybody at the end as well."""
    with style(Handler(SharedBank(), access=RULES), server_endpoint(), None) as server:
        yield server
        with connected(server, client_identity("operator")) as client:
            assert ask(client, WRITE) == mbap(1, 1, WRITE)


def context_of(identity: Identity | None) -> ssl.SSLContext:
    """Return the context of a client with that certificate."""
    context = ssl.create_default_context(cafile=certificates.authority().ca)
    if identity is not None:
        context.load_cert_chain(identity.cert, identity.key)
    return context


@contextmanager
def connected(server: AnyServer, identity: Identity | None) -> Iterator[ssl.SSLSocket]:
    """Connect and shake hands; an end without a farewell is an error here."""
    plain = socket.create_connection(server.address, LIMIT)
    with context_of(identity).wrap_socket(
        plain, server_hostname="localhost", suppress_ragged_eofs=False
    ) as client:
        yield client


def read_with(server: AnyServer, identity: Identity | None) -> None:
    """Read a register; raises EOFError where nothing is answered."""
    with connected(server, identity) as client:
        if not ask(client, READ):
            raise EOFError


def ask(client: ssl.SSLSocket, pdu: bytes) -> bytes:
    """Send a request and return the frame that answers it."""
    client.sendall(mbap(1, 1, pdu))
    return client.recv(300)


@pytest.mark.parametrize(
    ("role", "read", "write"),
    [
        ("operator", TOLD, mbap(1, 1, WRITE)),
        ("reader", TOLD, mbap(1, 1, b"\x86\x01")),
        ("nobody knows", TOLD, mbap(1, 1, b"\x86\x01")),
        (None, TOLD, mbap(1, 1, b"\x86\x01")),
    ],
)
def test_roles(
    server: AnyServer, style: Style, role: str | None, read: bytes, write: bytes
) -> None:
    """The role in the certificate says what is allowed; what is not gets exception 01."""
    with connected(server, client_identity(role)) as client:
        assert ask(client, READ) == read
        assert ask(client, WRITE) == write
        assert ask(client, READ) in (TOLD, mbap(1, 1, b"\x03\x02\0\1"))


def test_access_is_told_the_peer(style: Style) -> None:
    """Rules of the user's see address, port and role."""
    seen: list[Peer] = []

    def access(peer: Peer, unit_id: int, request: object) -> bool:
        seen.append(peer)
        return True

    handler = Handler(SharedBank(), access=access)
    with (
        style(handler, server_endpoint(), None) as server,
        connected(server, client_identity("operator")) as client,
    ):
        assert ask(client, READ) == TOLD
        (peer,) = seen
        assert (peer.host, peer.port, peer.role) == (*client.getsockname(), "operator")


@pytest.mark.parametrize("name", ["none", "stranger"])
def test_who_has_no_trusted_certificate_is_not_served(
    server: AnyServer, style: Style, name: str
) -> None:
    """Without a certificate, or with that of another authority, nothing is answered."""
    identity = None if name == "none" else certificates.stranger().issue("client")
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
        read_with(server, identity)


@pytest.mark.parametrize("sent", [mbap(1, 1, READ), b"\x16\x03\x01\xff\xff" + bytes(20), b"GET /"])
def test_who_speaks_no_tls_is_closed(server: AnyServer, style: Style, sent: bytes) -> None:
    """Plain Modbus on the port of TLS ends its own connection only."""
    with connected(server, client_identity()) as other:
        with RawClient(server) as client:
            client.send(sent + bytes(50))
            assert TOLD not in client.until_end()
        assert ask(other, READ) == TOLD


def test_many_requests_at_once(server: AnyServer, style: Style) -> None:
    """Pipelined requests are answered in order, however the records are cut."""
    requests = b"".join(mbap(n, 1, b"\x03\0\0\0\x7d") for n in range(300))
    expected = b"".join(mbap(n, 1, b"\x03\xfa" + bytes(250)) for n in range(300))
    with connected(server, client_identity()) as client:
        client.sendall(requests[:1000])
        client.sendall(requests[1000:])
        received = bytearray()
        while len(received) < len(expected):
            received += client.recv(65536)
        assert received == expected


def test_bad_frame_ends_the_connection_properly(server: AnyServer, style: Style) -> None:
    """What was asked before is answered, then the server says farewell."""
    with connected(server, client_identity()) as client:
        client.sendall(mbap(1, 1, READ) + bytes(8))
        assert client.recv(100) == TOLD
        assert client.recv(100) == b""


def test_stop_says_farewell(style: Style) -> None:
    """Clients of a server that stops see the proper end of TLS."""
    with style(SharedBank(), server_endpoint(), None) as server:
        with connected(server, client_identity()) as client:
            assert ask(client, READ) == TOLD
            server.stop()
            assert client.recv(100) == b""
        server.start()


def test_stop_during_a_handshake(style: Style) -> None:
    """A peer that says nothing does not keep a server from stopping."""
    with style(SharedBank(), server_endpoint(), None) as server, RawClient(server) as client:
        while not server.connections:
            pass
        server.stop()
        assert client.until_end() == b""
        server.start()


def test_missing_certificates(style: Style) -> None:
    """A server without certificates does not start, and says what it lacks."""
    with pytest.raises(ValueError, match="cert"):
        style(SharedBank(), TlsEndpoint("127.0.0.1", 0), None).start()


def test_restart_reads_the_files_again(style: Style) -> None:
    """A URL names the files; a stopped server starts again on its port."""
    identity = certificates.server_identity()
    with Server(SharedBank(), port=0) as other:
        port = other.address[1]
    url = (
        f"tls://127.0.0.1:{port}?cert={identity.cert}&key={identity.key}"
        f"&ca={certificates.authority().ca}"
    )
    server = style(SharedBank(), url, None)
    for _ in range(2):
        with server, connected(server, client_identity()) as client:
            assert ask(client, READ) == TOLD
