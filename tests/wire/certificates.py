"""Certificates for tests of TLS: one authority, and whatever it, or nobody, is asked to vouch for.

They are made when first asked for, once per test run, and their files are gone with it.
"""

import atexit
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from modbus_wire.endpoint import TlsEndpoint

HOST = "127.0.0.1"
ROLE = x509.ObjectIdentifier("1.3.6.1.4.1.50316.802.1")


@dataclass(frozen=True)
class Identity:
    """A certificate and its key: as files, and the certificate in DER."""

    cert: str
    key: str
    der: bytes


_SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
"""What an authority's key is for; newer OpenSSL insists that it says so."""


class Authority:
    """Who signs certificates; `ca` is its own certificate, a file."""

    def __init__(self, name: str) -> None:
        self._name = _name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(self._name, self._name, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        builder = builder.add_extension(_SIGNS, True)
        own = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        builder = builder.add_extension(own, False)
        certificate = builder.sign(self._key, hashes.SHA256())
        self.ca = _write(f"{name}.ca.pem", certificate.public_bytes(Encoding.PEM))

    def issue(
        self,
        name: str,
        *,
        role: str | None = None,
        extensions: Iterable[x509.UnrecognizedExtension] = (),
        age: timedelta = timedelta(),
    ) -> Identity:
        """Return a certificate for ``name`` at 127.0.0.1 and localhost.

        ``role`` goes where SEC §8.3 says. It is valid from a day ago until tomorrow; ``age`` moves
        that back.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(name), self._name, key.public_key(), age)
        hosts = [x509.DNSName("localhost"), x509.IPAddress(ip_address(HOST))]
        builder = builder.add_extension(x509.SubjectAlternativeName(hosts), False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(issuer, False)
        if role is not None:
            extensions = [x509.UnrecognizedExtension(ROLE, utf8_string(role)), *extensions]
        for extension in extensions:
            builder = builder.add_extension(extension, False)
        certificate = builder.sign(self._key, hashes.SHA256())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        stem = f"{name}.{certificate.serial_number}"
        return Identity(
            _write(f"{stem}.pem", certificate.public_bytes(Encoding.PEM)),
            _write(f"{stem}.key.pem", pem),
            certificate.public_bytes(Encoding.DER),
        )


@cache
def authority() -> Authority:
    """Return the authority that both sides trust."""
    return Authority("plant")


@cache
def stranger() -> Authority:
    """Return an authority that nobody trusts."""
    return Authority("stranger")


@cache
def server_identity() -> Identity:
    """Return the certificate of the servers."""
    return authority().issue("server")


@cache
def client_identity(role: str | None = None) -> Identity:
    """Return the certificate of clients in a role, None for one without."""
    return authority().issue("client", role=role)


def server_endpoint(port: int = 0) -> TlsEndpoint:
    """Return where a server of the tests listens, with its certificate."""
    return endpoint_of(server_identity(), port)


def client_endpoint(port: int, role: str | None = None) -> TlsEndpoint:
    """Return how a client reaches a server of the tests, with a certificate for the role."""
    return endpoint_of(client_identity(role), port)


def endpoint_of(identity: Identity, port: int = 0) -> TlsEndpoint:
    """Return an endpoint with any certificate; the other side's has to be the authority's."""
    return TlsEndpoint(HOST, port, cert=identity.cert, key=identity.key, ca=authority().ca)


def utf8_string(text: str) -> bytes:
    """Return the ASN.1 UTF8String of a text, in DER."""
    data = text.encode()
    if len(data) < 0x80:
        size = bytes((len(data),))
    else:
        digits = len(data).to_bytes(2, "big").lstrip(b"\0")
        size = bytes((0x80 | len(digits),)) + digits
    return b"\x0c" + size + data


@cache
def _directory() -> Path:
    directory = TemporaryDirectory(prefix="certificates-")
    atexit.register(directory.cleanup)
    return Path(directory.name)


def _write(name: str, data: bytes) -> str:
    path = _directory() / name
    path.write_bytes(data)
    return str(path)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    age: timedelta = timedelta(),
) -> x509.CertificateBuilder:
    now = datetime.now(UTC) - age
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
