"""Opening the link that an endpoint asks for."""

from __future__ import annotations

from modbus_wire.aio.link import Receiver
from modbus_wire.aio.stream_link import open_stream
from modbus_wire.endpoint import Endpoint, SerialEndpoint, TcpEndpoint, TlsEndpoint


async def open_link(endpoint: Endpoint, receiver: Receiver, deadline: float) -> None:
    """Connect by a deadline on the monotonic clock; raises `ConnectError`.

    The link makes itself known to the receiver. Raises ValueError or ImportError where the endpoint
    asks for what is not there.
    """
    if isinstance(endpoint, TcpEndpoint):
        await open_stream(endpoint, receiver, deadline)
    elif isinstance(endpoint, SerialEndpoint):
        from modbus_wire.aio.serial_link import SerialLink

        await SerialLink(endpoint, receiver).open()
    elif isinstance(endpoint, TlsEndpoint):
        from modbus_wire.aio.tls_link import open_tls

        await open_tls(endpoint, receiver, deadline)
    else:
        from modbus_wire.aio.datagram_link import open_datagrams

        await open_datagrams(endpoint, receiver, deadline)
