"""Modbus/TCP Security as other makes are given it: contexts that owe nothing to ours."""

import ssl

from tests.wire.certificates import Identity, authority, client_identity, server_identity


def client_context() -> ssl.SSLContext:
    """Return the context of a client with a certificate."""
    return _context(ssl.PROTOCOL_TLS_CLIENT, client_identity())


def server_context() -> ssl.SSLContext:
    """Return the context of a server that asks for a certificate too."""
    return _context(ssl.PROTOCOL_TLS_SERVER, server_identity())


def _context(protocol: int, identity: Identity) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.check_hostname = False
    context.load_verify_locations(authority().ca)
    context.load_cert_chain(identity.cert, identity.key)
    context.verify_mode = ssl.CERT_REQUIRED
    return context
