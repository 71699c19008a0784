"""What a blocking client sends and receives over, whatever the transport underneath."""

from __future__ import annotations

from collections.abc import Sequence

from modbus_wire.endpoint import Endpoint, SerialEndpoint, TcpEndpoint, TlsEndpoint
from modbus_wire.sync.stream_link import StreamLink
from modbus_wire.typed import Protocol


class Link(Protocol):
    """An open way to a server whose every wait is bounded; for one thread, but for `abort`."""

    is_lasting: bool
    """Whether it outlives failed requests, for a new one would be no better: a serial line."""

    @property
    def aborted(self) -> bool:
        """Whether this side has given it up."""
        ...

    @property
    def unsent(self) -> bool:
        """Whether the last frame did not go out whole."""
        ...

    def ask(self, frame: bytes, timeout: float) -> bytes:
        """Send a frame and return what comes first; raises as `send` and `receive`."""
        ...

    def send(self, data: bytes) -> None:
        """Send a frame; raises `ConnectionClosedError` or `ResponseTimeout`."""
        ...

    def send_all(self, frames: Sequence[bytes]) -> None:
        """Send frames, in one go where the transport can; raises as `send`."""
        ...

    def receive(self, timeout: float, size: int = ...) -> bytes:
        """Return what has come, waiting ``timeout`` seconds at most.

        ``size`` is what a stream hands over at most. Raises `ResponseTimeout`, or
        `ConnectionClosedError` where the connection has ended.
        """
        ...

    def take(self) -> bytes:
        """Return what has come by now, no bytes for nothing; raises as `receive`."""
        ...

    def abort(self) -> None:
        """Wake whoever waits on the link, from any thread; the owner closes it then."""
        ...

    def forsake(self) -> None:
        """Close this process's copy after a fork; the connection stays its parent's."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


def open_link(endpoint: Endpoint, timeout: float) -> Link:
    """Connect within ``timeout`` seconds; raises `ConnectError`."""
    if isinstance(endpoint, TcpEndpoint):
        return StreamLink(endpoint.host, endpoint.port, timeout)
    if isinstance(endpoint, SerialEndpoint):
        from modbus_wire.sync.serial_link import SerialLink

        return SerialLink(endpoint)
    if isinstance(endpoint, TlsEndpoint):
        from modbus_wire.sync.tls_link import TlsLink

        return TlsLink(endpoint, timeout)
    from modbus_wire.sync.datagram_link import DatagramLink

    return DatagramLink(endpoint.host, endpoint.port, timeout)
