"""Modbus/TCP Security without sockets: contexts, a channel of bytes, roles in certificates (SEC).

TLS 1.2 or newer, both sides with certificates; the role is an extension of the client's (SEC §8.3).
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path

from modbus_wire.endpoint import TlsEndpoint
from modbus_wire.errors import ConnectError, ConnectionClosedError, FrameError, ModbusError
from modbus_wire.typed import NoReturn

ROLE_OID = "1.3.6.1.4.1.50316.802.1"
"""The X.509v3 extension that holds a role (SEC §8.3)."""

_ENCODED_ROLE_OID = bytes.fromhex("06 0B 2B 06 01 04 01 83 89 0C 86 22 01")
"""The same in DER: a certificate without these bytes has no role."""

_UTF8_STRING = 0x0C
_LONG_LENGTH = 0x80
_RECORD_SIZE = 16384
"""The longest plain text of one record (RFC 8446 §5.1)."""


def client_context(endpoint: TlsEndpoint) -> ssl.SSLContext:
    """Return the context of a client: the endpoint's own, or a new one from its files.

    Raises ValueError where neither is complete.
    """
    return endpoint.context or _context(endpoint, ssl.PROTOCOL_TLS_CLIENT)


def server_context(endpoint: TlsEndpoint) -> ssl.SSLContext:
    """Return the context of a server, as `client_context`; it demands a client's certificate.

    A context of the user's own is used as it is: what it lets in is let in.
    """
    return endpoint.context or _context(endpoint, ssl.PROTOCOL_TLS_SERVER)


def _context(endpoint: TlsEndpoint, protocol: int) -> ssl.SSLContext:
    endpoint.check_certificates()
    cert, ca = str(endpoint.cert), str(endpoint.ca)
    for path in filter(None, (cert, endpoint.key, ca)):
        if not Path(path).is_file():
            raise ValueError(f"{endpoint}: there is no certificate or key file {path}")
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_verify_locations(ca)
        context.load_cert_chain(cert, endpoint.key, _no_password)
    except OSError as error:
        raise ValueError(f"{endpoint}: {cert}, its key and {ca} cannot be used: {error}") from error
    return context


def _no_password() -> NoReturn:
    raise ValueError("the key is encrypted: a context of your own can give its password")


class TlsChannel:
    """One end of a TLS connection: what comes from the peer in, what it is sent out.

    The client's first words are from `start`; after `receive` and `send` there may be something to
    `take`. An error, a `FrameError` or a `ConnectionClosedError`, ends it; what `take` has then is
    still to be sent: it tells the peer why.
    """

    __slots__ = ("_failure", "_incoming", "_outgoing", "_tls", "is_established")

    def __init__(
        self, context: ssl.SSLContext, *, server_side: bool, server_hostname: str | None = None
    ) -> None:
        """Begin; a client that checks names needs to know ``server_hostname``."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side, server_hostname)
        self._failure: ModbusError | None = None
        """What ended it; never raised itself, or its traceback would keep this alive."""

        self.is_established = False
        """Whether hands are shaken; only then bytes can be sent."""

    def start(self) -> bytes:
        """Begin the handshake; return what is to be sent."""
        self._shake_hands()
        return self.take()

    def receive(self, data: bytes) -> bytes:
        """Take in bytes from the peer; return the plain bytes that are whole, b"" for "not yet".

        Raises `FrameError` for what is no TLS or a certificate that is not trusted, `ConnectError`
        where the peer does not trust this side's, and `ConnectionClosedError` where it ended or
        refused the connection.
        """
        if self._failure is not None:
            raise type(self._failure)(self._failure.message)
        self._incoming.write(data)
        if not self.is_established:
            self._shake_hands()
            if not self.is_established:
                return b""
        plain = b""
        try:
            while self._incoming.pending or self._tls.pending():
                piece = self._tls.read(_RECORD_SIZE)
                plain += piece
                if not piece:
                    raise ssl.SSLZeroReturnError
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self._failure = meaning_of(error)
            if not plain:
                raise meaning_of(error) from error
        return plain

    def send(self, plain: bytes) -> None:
        """Encrypt bytes for the next `take`; raises `ConnectionClosedError`."""
        if not plain:
            return
        try:
            self._tls.write(plain)
        except ssl.SSLError as error:
            raise ConnectionClosedError(
                f"nothing can be sent over TLS: {_reason(error)}"
            ) from error

    def take(self) -> bytes:
        """Return what is to be sent to the peer now, b"" for nothing."""
        return self._outgoing.read()

    @property
    def peer_certificate(self) -> bytes | None:
        """The peer's certificate in DER; None before the handshake, and where it has none."""
        return self._tls.getpeercert(binary_form=True) if self.is_established else None

    def close(self) -> bytes:
        """End the connection; return what is to be sent, which waits for no answer."""
        with suppress(ssl.SSLError):
            if self.is_established:
                self._tls.unwrap()
        return self.take()

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        except ssl.SSLError as error:
            self._failure = meaning_of(error)
            raise meaning_of(error) from error
        self.is_established = True


def meaning_of(error: ssl.SSLError) -> ModbusError:
    """Return what an error of TLS is.

    A certificate is refused before anything that it came with is read, but with TLS 1.3 the client
    hears of that only when it waits for its first answer.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return FrameError(f"the peer's certificate is not trusted: {error.verify_message}")
    if isinstance(error, ssl.SSLZeroReturnError | ssl.SSLEOFError):
        return ConnectionClosedError("the peer ended the TLS connection")
    reason = error.reason or ""
    if "ALERT" in reason and ("UNKNOWN_CA" in reason or "CERTIFICATE" in reason):
        return ConnectError(f"the peer refused the certificate: {_reason(error)}")
    if "ALERT" in reason:
        return ConnectionClosedError(f"the peer refused the TLS connection: {_reason(error)}")
    return FrameError(f"TLS failed: {_reason(error)}")


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).replace("_", " ").lower()


def role_of(certificate_der: bytes | None) -> str | None:
    """Return the role in a certificate, None for the null role (SEC §8.4).

    No certificate, no role, several roles, and a role that is no UTF8String are the null role.
    Raises ImportError where there is a role to read and cryptography is not installed.
    """
    if certificate_der is None or _ENCODED_ROLE_OID not in certificate_der:
        return None
    try:
        from cryptography import x509
    except ImportError as error:
        raise ImportError("roles in certificates need modbus-schema[tls]") from error
    try:
        extensions = x509.load_der_x509_certificate(certificate_der).extensions
        extension = extensions.get_extension_for_oid(x509.ObjectIdentifier(ROLE_OID)).value
    except (ValueError, x509.DuplicateExtension, x509.ExtensionNotFound):
        return None
    assert isinstance(extension, x509.UnrecognizedExtension)
    return _utf8_string(extension.value)


def _utf8_string(der: bytes) -> str | None:
    """Return what a DER UTF8String says, None for anything else and for an empty one."""
    if len(der) < 3 or der[0] != _UTF8_STRING:
        return None
    size, start = der[1], 2
    if size >= _LONG_LENGTH:
        start += size - _LONG_LENGTH
        size = int.from_bytes(der[2:start], "big")
    if len(der) != start + size:
        return None
    try:
        return der[start:].decode() or None
    except UnicodeDecodeError:
        return None
