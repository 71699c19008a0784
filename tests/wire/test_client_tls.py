"""The blocking client under TLS (Modbus/TCP Security), against the standard library's server."""

import contextlib
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from time import monotonic
from typing import Any

import pytest

pytest.importorskip("cryptography")

from modbus_wire.endpoint import TlsEndpoint
from modbus_wire.errors import ConnectError, ConnectionClosedError, ResponseTimeout
from modbus_wire.pdu.registers import ReadHoldingRegisters
from modbus_wire.policy import Backoff
from modbus_wire.sync.client import Client
from tests.wire import certificates
from tests.wire.certificates import Identity, authority, client_identity, endpoint_of, stranger
from tests.wire.clients import wait_until_closed_by_server
from tests.wire.peers import LIMIT, Peer, Script, ScriptedServer, answer, registers, replies

PROMPT = 1.0
"""Seconds that count as at once on a busy machine."""

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def context_of(identity: Identity, version: ssl.TLSVersion = VERSIONS[-1]) -> ssl.SSLContext:
    """Return the context of a server that demands a certificate of the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(identity.cert, identity.key)
    context.load_verify_locations(authority().ca)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def under_tls(script: Script, context: ssl.SSLContext | None = None) -> Script:
    """Return the script that follows another one under TLS; a failed handshake ends it."""

    def secured(peer: Peer) -> None:
        used = context or context_of(certificates.server_identity())
        with (
            contextlib.suppress(ssl.SSLError),
            used.wrap_socket(peer._socket, server_side=True) as tls,
        ):
            peer._socket = tls
            script(peer)

    return secured


def client_of(server: ScriptedServer, timeout: float = LIMIT, **settings: Any) -> Client:
    """Return a client with a good certificate."""
    return Client(certificates.client_endpoint(server.port), timeout=timeout, **settings)


@pytest.mark.parametrize("version", VERSIONS)
def test_read_and_write(version: ssl.TLSVersion) -> None:
    """The ADU is that of Modbus TCP, whatever the version of TLS."""
    context = context_of(certificates.server_identity(), version)
    script = under_tls(replies(registers(7), b"\x06\x00\x01\x00\x02"), context)
    with ScriptedServer(script) as server, client_of(server) as client:
        assert client.read_holding_registers(0) == [7]
        client.write_single_register(1, 2)
    assert [frame[7:] for frame in server.requests] == [
        b"\x03\x00\x00\x00\x01",
        b"\x06\x00\x01\x00\x02",
    ]


def test_url_names_the_files() -> None:
    """A URL is enough to open a connection."""
    identity = client_identity()
    with ScriptedServer(under_tls(replies(registers(7)))) as server:
        files = f"cert={identity.cert}&key={identity.key}&ca={authority().ca}"
        with Client(f"tls://localhost:{server.port}?{files}", timeout=LIMIT) as client:
            assert client.read_holding_registers(0) == [7]


def test_answer_in_pieces_and_answers_at_once() -> None:
    """Records are no frames: one may hold a piece of an answer, or several answers."""

    def script(peer: Peer) -> None:
        frame = answer(peer.request(), registers(7))
        for byte in frame:
            peer.send(bytes((byte,)))
        frames = [answer(peer.request(), registers(n)) for n in range(16)]
        peer.send(b"".join(frames))

    with (
        ScriptedServer(under_tls(script)) as server,
        client_of(server, max_in_flight=16) as client,
    ):
        assert client.read_holding_registers(0) == [7]
        many = client.read_many([ReadHoldingRegisters(0)] * 16)
    assert many == [[n] for n in range(16)]


@pytest.mark.parametrize(
    "identity",
    [
        lambda: stranger().issue("server"),
        lambda: authority().issue("server", age=timedelta(days=9)),
    ],
    ids=["stranger", "expired"],
)
def test_server_that_cannot_be_trusted_is_a_connect_error(identity: object) -> None:
    """Its certificate has to descend from the authority and be valid; nothing is sent to it."""
    assert callable(identity)
    script = under_tls(replies(registers(7)), context_of(identity()))
    with ScriptedServer(script) as server, client_of(server) as client:
        with pytest.raises(ConnectError, match="certificate") as caught:
            client.write_single_register(1, 2)
        assert not caught.value.may_have_been_applied
        assert not client.is_open
    assert server.requests == []


def test_server_of_another_name_is_a_connect_error() -> None:
    """The name in the certificate has to be the one that was asked for."""
    endpoint = certificates.client_endpoint(0)
    with ScriptedServer(under_tls(replies(registers(7)))) as server:
        named = TlsEndpoint(
            "127.0.0.1",
            server.port,
            cert=endpoint.cert,
            key=endpoint.key,
            ca=endpoint.ca,
            server_hostname="another",
        )
        with Client(named, timeout=LIMIT) as client, pytest.raises(ConnectError, match="another"):
            client.open()


@pytest.mark.parametrize("version", VERSIONS)
def test_client_that_is_not_trusted_learns_it(version: ssl.TLSVersion) -> None:
    """With TLS 1.3 the refusal comes after the handshake: it is an error all the same."""
    context = context_of(certificates.server_identity(), version)
    script = under_tls(replies(registers(7)), context)
    identity = stranger().issue("client")
    with (
        ScriptedServer(script) as server,
        Client(
            endpoint_of(identity, server.port), timeout=LIMIT, backoff=Backoff(60.0, 60.0)
        ) as client,
    ):
        with pytest.raises(ConnectError, match="refused the certificate") as caught:
            client.write_single_register(0, 1)
        assert not caught.value.may_have_been_applied
        with pytest.raises(ConnectError, match="next attempt in"):
            client.write_single_register(0, 1)
    assert server.requests == []


def not_tls(peer: Peer) -> None:
    """Say something else."""
    peer.read(5)
    peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def closes(peer: Peer) -> None:
    """Close at once."""
    peer.read(1)


@pytest.mark.parametrize("script", [not_tls, closes])
def test_server_without_tls_is_a_connect_error(script: Script) -> None:
    """Whatever it says instead."""
    with (
        ScriptedServer(script) as server,
        client_of(server) as client,
        pytest.raises(ConnectError, match=f"TLS with 127.0.0.1 port {server.port}"),
    ):
        client.open()


def test_silent_handshake_is_a_connect_error_in_time() -> None:
    """Shaking hands has the bound of connecting."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        start = monotonic()
        endpoint = certificates.client_endpoint(listener.getsockname()[1])
        with Client(endpoint, timeout=0.1) as client, pytest.raises(ConnectError):
            client.open()
        assert monotonic() - start < PROMPT


def test_missing_files_are_named() -> None:
    """A client whose certificates are not there cannot connect, and says which."""
    files = "cert=/no/cert&key=/no/key&ca=/no/ca"
    with Client(f"tls://127.0.0.1?{files}") as client:
        for ask in (client.open, lambda: client.read_coils(0)):
            with pytest.raises(ValueError, match="no certificate or key file /no/cert"):
                ask()


def test_timeout_and_late_answer() -> None:
    """The deadline holds, and a late answer is not taken for the next."""

    def script(peer: Peer) -> None:
        late = answer(peer.request(), registers(1))
        peer.send(late + answer(peer.request(), registers(7)))

    with ScriptedServer(under_tls(script)) as server, client_of(server) as client:
        client.open()
        client.timeout = 0.1
        with pytest.raises(ResponseTimeout):
            client.read_holding_registers(0)
        client.timeout = LIMIT
        assert client.read_holding_registers(0) == [7]
    assert server.connections == 1


def test_connection_that_ended_is_made_again() -> None:
    """A read after the server closed is not lost, and a write goes out once."""
    scripts = [
        under_tls(replies(registers(1))),
        under_tls(replies(registers(2))),
        under_tls(replies(b"\x06\x00\x01\x00\x02")),
    ]
    with ScriptedServer(*scripts) as server, client_of(server) as client:
        assert client.read_holding_registers(0) == [1]
        assert client.read_holding_registers(0) == [2]
        wait_until_closed_by_server(client)
        client.write_single_register(1, 2)
    assert len(server.written) == 1


def test_close_wakes_the_waiting_request() -> None:
    """It fails at once."""
    asked = Event()

    def script(peer: Peer) -> None:
        peer.request()
        asked.set()
        with contextlib.suppress(OSError):
            peer.wait_for_end()

    with (
        ScriptedServer(under_tls(script)) as server,
        ThreadPoolExecutor(1) as pool,
        client_of(server) as client,
    ):
        waiting = pool.submit(client.read_holding_registers, 0)
        assert asked.wait(LIMIT)
        start = monotonic()
        client.close()
        with pytest.raises(ConnectionClosedError, match="this side"):
            waiting.result(LIMIT)
        assert monotonic() - start < PROMPT


def test_close_takes_leave() -> None:
    """The server sees the end of TLS, not only that of the connection."""
    ends: list[bytes] = []

    def script(peer: Peer) -> None:
        replies(registers(7))(peer)
        assert isinstance(peer._socket, ssl.SSLSocket)
        ends.append(peer._socket.recv(1))

    context = context_of(certificates.server_identity())

    def strict(peer: Peer) -> None:
        with context.wrap_socket(peer._socket, server_side=True, suppress_ragged_eofs=False) as tls:
            peer._socket = tls
            script(peer)

    with ScriptedServer(strict) as server, client_of(server) as client:
        assert client.read_holding_registers(0) == [7]
        client.close()
    assert ends == [b""]
