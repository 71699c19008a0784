"""Modbus/TCP Security without sockets: who is let in, what goes through, what a role is."""

import ssl
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from modbus_wire.endpoint import TlsEndpoint
from modbus_wire.errors import ConnectError, ConnectionClosedError, FrameError, ModbusError
from modbus_wire.tls import TlsChannel, client_context, role_of, server_context
from tests.wire.certificates import (
    HOST,
    ROLE,
    Identity,
    authority,
    client_endpoint,
    client_identity,
    endpoint_of,
    server_endpoint,
    server_identity,
    stranger,
    utf8_string,
)
from tests.wire.peers import mbap

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
OTHER = x509.ObjectIdentifier("1.3.6.1.4.1.50316.802.2")
OTHER_DER, ROLE_DER = (bytes.fromhex(f"2B 06 01 04 01 83 89 0C 86 22 0{n}") for n in (2, 1))


def server_of(endpoint: TlsEndpoint | None = None) -> TlsChannel:
    """Return a server's channel that has begun."""
    channel = TlsChannel(server_context(endpoint or server_endpoint()), server_side=True)
    assert channel.start() == b""
    return channel


def client_of(
    endpoint: TlsEndpoint | None = None,
    name: str = HOST,
    version: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
) -> TlsChannel:
    """Return a client's channel that has not begun."""
    context = client_context(endpoint or client_endpoint(802))
    context.maximum_version = version
    return TlsChannel(context, server_side=False, server_hostname=name)


def passed(receiver: TlsChannel, data: bytes, size: int = 1 << 20) -> bytes:
    """Let a channel receive data in pieces of a size; return what came out."""
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    return b"".join(receiver.receive(piece) for piece in pieces)


def shaken(client: TlsChannel, server: TlsChannel, size: int = 1 << 20) -> None:
    """Let the two shake hands; raises what either raises."""
    to_server = client.start()
    while to_server:
        assert passed(server, to_server, size) == b""
        assert passed(client, server.take(), size) == b""
        to_server = client.take()


def pair(
    version: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
) -> tuple[TlsChannel, TlsChannel]:
    """Return a client's and a server's channel that have shaken hands."""
    client, server = client_of(version=version), server_of()
    shaken(client, server)
    return client, server


def errors_of(client: TlsChannel, server: TlsChannel) -> tuple[ModbusError, ModbusError]:
    """Return what a handshake that fails is to the client and to the server."""
    errors: dict[TlsChannel, ModbusError] = {}
    data, receiver, sender = client.start(), server, client
    for _ in range(8):
        try:
            receiver.receive(data)
        except ModbusError as error:
            errors.setdefault(receiver, error)
        data, receiver, sender = receiver.take(), sender, receiver
    return errors[client], errors[server]


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_bytes_go_through_both_ways(version: ssl.TLSVersion, size: int) -> None:
    """Whatever the version and the chunks, plain bytes come out as they went in."""
    client, server = client_of(version=version), server_of()
    shaken(client, server, size)
    assert client.is_established
    assert server.is_established
    client.send(b"request")
    assert passed(server, server.take() + client.take(), size) == b"request"
    server.send(b"ans")
    server.send(b"wer")
    assert passed(client, server.take(), size) == b"answer"
    assert (client.take(), server.take()) == (b"", b"")


@settings(max_examples=25)
@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(1, 400))
def test_any_pieces_in_any_chunks(pieces: list[bytes], size: int) -> None:
    """Empty pieces, many pieces and cuts anywhere lose nothing."""
    client, server = pair()
    for piece in pieces:
        client.send(piece)
    assert passed(server, client.take(), size) == b"".join(pieces)


def test_more_than_a_record_comes_in_one_go() -> None:
    """Data of several records, taken in at once, comes out at once."""
    client, server = pair()
    data = bytes(range(256)) * 400
    client.send(data)
    assert server.receive(client.take()) == data


def test_versions_before_1_2_are_not_spoken() -> None:
    """TLS 1.2 is the least, and both sides ask for certificates (SEC §6)."""
    for context in (client_context(client_endpoint(802)), server_context(server_endpoint())):
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2
        assert context.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("role", [None, "Operator"])
def test_each_side_knows_the_others_certificate(role: str | None) -> None:
    """The server sees the client's certificate and with it the role; before, there is none."""
    client, server = client_of(client_endpoint(802, role)), server_of()
    assert server_of().peer_certificate is None
    shaken(client, server)
    assert server.peer_certificate == client_identity(role).der
    assert client.peer_certificate == server_identity().der
    assert role_of(server.peer_certificate) == role


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
@pytest.mark.parametrize("who", ["stranger", "expired"])
def test_client_that_is_not_trusted(version: ssl.TLSVersion, who: str) -> None:
    """A client's certificate of a stranger, or of yesterday, ends it; the client learns why."""
    identity = (
        stranger().issue("client")
        if who == "stranger"
        else authority().issue("client", age=timedelta(days=3))
    )
    told, seen = errors_of(client_of(endpoint_of(identity), version=version), server_of())
    assert isinstance(seen, FrameError)
    assert "certificate is not trusted" in str(seen)
    assert isinstance(told, ConnectError)
    assert "refused" in str(told)


def test_client_without_a_certificate() -> None:
    """Authentication is mutual (SEC §6): who shows no certificate is not let in."""
    context = ssl.create_default_context(cafile=authority().ca)
    client = TlsChannel(context, server_side=False, server_hostname=HOST)
    told, seen = errors_of(client, server_of())
    assert isinstance(seen, FrameError)
    assert "did not return a certificate" in str(seen)
    assert isinstance(told, ConnectError)


@pytest.mark.parametrize("who", ["stranger", "expired", "another host"])
def test_server_that_is_not_trusted(who: str) -> None:
    """A client talks to no server that it cannot be sure of; the server learns why."""
    identity = server_identity()
    if who == "stranger":
        identity = stranger().issue("server")
    elif who == "expired":
        identity = authority().issue("server", age=timedelta(days=3))
    client = client_of(name="plc" if who == "another host" else HOST)
    seen, told = errors_of(client, server_of(endpoint_of(identity)))
    assert isinstance(seen, FrameError)
    assert "certificate is not trusted" in str(seen)
    assert isinstance(told, ConnectError)
    assert "refused" in str(told)


def test_plain_modbus_is_no_tls() -> None:
    """A client that speaks Modbus TCP to the secure port is a `FrameError`, now and ever after."""
    server = server_of()
    for _ in range(2):
        with pytest.raises(FrameError, match="TLS failed"):
            server.receive(mbap(1, 1, b"\3\0\0\0\1"))
    assert not server.is_established


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=60), max_size=4), st.booleans())
def test_arbitrary_bytes_raise_our_errors_only(pieces: list[bytes], is_established: bool) -> None:
    """Before and after the handshake garbage is an error or "not yet", and no plain text."""
    server = pair()[1] if is_established else server_of()
    with suppress(FrameError, ConnectionClosedError):
        for piece in pieces:
            assert server.receive(piece) == b""


def test_bytes_that_were_tampered_with_are_no_answer() -> None:
    """One wrong bit in a record ends the connection; what came before it is handed out first."""
    client, server = pair()
    client.send(b"first")
    first = client.take()
    client.send(b"second")
    second = bytearray(client.take())
    second[-1] ^= 1
    assert server.receive(first + second) == b"first"
    for _ in range(2):
        with pytest.raises(FrameError, match="TLS failed"):
            server.receive(b"")


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_the_end_is_said_and_heard(version: ssl.TLSVersion) -> None:
    """What was sent before the end arrives; then the connection is closed."""
    client, server = pair(version)
    server.send(b"last")
    assert client.receive(server.take() + server.close()) == b"last"
    for _ in range(2):
        with pytest.raises(ConnectionClosedError, match="ended"):
            client.receive(b"")


def test_closing_twice_or_before_the_handshake_is_harmless() -> None:
    """Whoever gives up can always close."""
    client, _ = pair()
    assert client.close() != b""
    client.close()
    with pytest.raises(ConnectionClosedError):
        client.send(b"late")
    assert server_of().close() == b""
    assert TlsChannel(server_context(server_endpoint()), server_side=True).close() == b""


def test_nothing_is_sent_before_the_handshake() -> None:
    """Plain bytes never leave, and they do not wait either."""
    with pytest.raises(ConnectionClosedError):
        server_of().send(b"secret")


def test_a_context_is_taken_as_it_is() -> None:
    """A context of the user's own needs no files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    endpoint = TlsEndpoint("plc", context=context)
    assert client_context(endpoint) is context
    assert server_context(endpoint) is context


@pytest.mark.parametrize("missing", ["cert", "ca"])
def test_files_that_are_not_named(missing: str) -> None:
    """The error names the endpoint and what it lacks; the key may be in the certificate's file."""
    endpoint = server_endpoint()
    setattr(endpoint, missing, None)
    for context in (client_context, server_context):
        with pytest.raises(ValueError, match=rf"tls://127.0.0.1:0 needs .*: no {missing}$"):
            context(endpoint)


@pytest.mark.parametrize("name", ["cert", "key", "ca"])
def test_files_that_are_not_there_or_no_certificates(name: str, tmp_path: Path) -> None:
    """The error names the file, whether it is missing or holds something else."""
    endpoint = client_endpoint(802)
    path = tmp_path / "me.pem"
    setattr(endpoint, name, str(path))
    with pytest.raises(ValueError, match=r"there is no .*me\.pem"):
        client_context(endpoint)
    path.write_text("not a certificate")
    with pytest.raises(ValueError, match="cannot be used"):
        client_context(endpoint)


def test_key_of_another_certificate() -> None:
    """A key that does not belong to the certificate is refused at once."""
    endpoint = client_endpoint(802)
    endpoint.key = server_identity().key
    with pytest.raises(ValueError, match="cannot be used"):
        client_context(endpoint)


def test_key_in_the_file_of_the_certificate(tmp_path: Path) -> None:
    """One PEM file may hold both."""
    identity = client_identity("Operator")
    path = tmp_path / "both.pem"
    path.write_bytes(Path(identity.cert).read_bytes() + Path(identity.key).read_bytes())
    client = client_of(TlsEndpoint(HOST, 802, cert=str(path), ca=authority().ca))
    server = server_of()
    shaken(client, server)
    assert role_of(server.peer_certificate) == "Operator"


def test_encrypted_key_asks_nobody_for_a_password(tmp_path: Path) -> None:
    """A key with a password is an error that says what to do, not a prompt."""
    key = load_pem_private_key(Path(client_identity().key).read_bytes(), None)
    path = tmp_path / "key.pem"
    encryption = BestAvailableEncryption(b"secret")
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    endpoint = client_endpoint(802)
    endpoint.key = str(path)
    with pytest.raises(ValueError, match="key is encrypted"):
        client_context(endpoint)


@pytest.mark.parametrize("role", ["Operator", "Übersicht", "r" * 127, "r" * 128, "r" * 300])
def test_role(role: str) -> None:
    """A role is a UTF8String of any length (SEC §8.3)."""
    assert role_of(client_identity(role).der) == role


def with_extension(value: bytes) -> Identity:
    """Return a certificate whose role extension holds the value."""
    return authority().issue("client", extensions=[x509.UnrecognizedExtension(ROLE, value)])


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x0c",
        b"\x0c\x00",
        b"\x0c\x80",
        b"\x0c\x84\x01",
        b"\x13\x01A",
        b"\x0c\x02A",
        b"\x0c\x01AB",
        b"\x0c\x81\x02A",
        b"\x0c\x02\xc3\x28",
        utf8_string("A") * 2,
    ],
    ids=lambda value: value.hex() or "empty",
)
def test_role_that_is_no_utf8_string_is_the_null_role(value: bytes) -> None:
    """Another type, a wrong length, bytes that are no UTF-8, nothing: no role, and no error."""
    assert role_of(with_extension(value).der) is None


def test_two_roles_are_the_null_role() -> None:
    """One role per certificate (SEC §8.3): with two, neither counts."""
    other = x509.UnrecognizedExtension(OTHER, utf8_string("Guest"))
    der = authority().issue("client", role="Operator", extensions=[other]).der
    assert role_of(der) == "Operator"
    assert role_of(der.replace(OTHER_DER, ROLE_DER)) is None


@given(st.binary(max_size=100))
def test_any_bytes_have_no_role(data: bytes) -> None:
    """What is no certificate has no role, whatever it contains; neither has nobody."""
    assert role_of(data) is None
    assert role_of(b"\x06\x0b" + ROLE_DER + data) is None
    assert role_of(None) is None


def test_roles_need_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without cryptography a role that is there cannot be passed over; none needs no reading."""
    with_role, without = client_identity("Operator").der, client_identity().der
    monkeypatch.setitem(sys.modules, "cryptography", None)
    assert role_of(without) is None
    with pytest.raises(ImportError, match=r"modbus-schema\[tls\]"):
        role_of(with_role)
