"""A TCP connection under TLS (Modbus/TCP Security)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from time import monotonic

from modbus_wire.endpoint import TlsEndpoint
from modbus_wire.errors import ConnectError, ConnectionClosedError, ModbusError
from modbus_wire.sync.stream_link import StreamLink
from modbus_wire.tls import TlsChannel, client_context

_RECORD_SIZE = 16384
"""The longest TLS record (RFC 8446 §5.1), near enough."""


class TlsLink:
    """A `StreamLink` whose bytes are those of a `TlsChannel`."""

    is_lasting = False

    def __init__(self, endpoint: TlsEndpoint, timeout: float) -> None:
        """Connect and shake hands within ``timeout`` seconds; raises `ConnectError`.

        Raises ValueError for certificate files that are missing or cannot be read.
        """
        deadline = monotonic() + timeout
        name = endpoint.server_hostname or endpoint.host
        self._channel = TlsChannel(
            client_context(endpoint), server_side=False, server_hostname=name
        )
        self._stream = StreamLink(endpoint.host, endpoint.port, timeout)
        try:
            self._shake_hands(deadline)
        except ModbusError as error:
            self._stream.send_now(self._channel.take())
            self._stream.close()
            where = f"{endpoint.host} port {endpoint.port}"
            raise ConnectError(f"TLS with {where} failed: {error.message}") from error
        except BaseException:
            self._stream.close()
            raise

    @property
    def aborted(self) -> bool:
        """Whether this side has given it up."""
        return self._stream.aborted

    @property
    def unsent(self) -> bool:
        """Whether the last frame did not go out whole."""
        return self._stream.unsent

    def ask(self, frame: bytes, timeout: float) -> bytes:
        """Send a frame and return what comes first; raises as `send` and `receive`."""
        self.send(frame)
        return self.receive(timeout)

    def send(self, data: bytes) -> None:
        """Send all of ``data``; raises `ConnectionClosedError` or `ResponseTimeout`.

        Raises `ConnectError` where the server refused this side's certificate.
        """
        self._channel.send(data)
        try:
            self._stream.send(self._channel.take())
        except ConnectionClosedError:
            self.take()  # raises what the server has said before it closed
            raise

    def send_all(self, frames: Sequence[bytes]) -> None:
        """Send the frames in one go; raises as `send`."""
        self.send(b"".join(frames))

    def receive(self, timeout: float, size: int = _RECORD_SIZE) -> bytes:
        """Return what has come, waiting ``timeout`` seconds at most; ``size`` does not matter.

        Raises `ResponseTimeout`, `ConnectionClosedError`, `FrameError` for what is no TLS, or
        `ConnectError` where the server refuses this side's certificate.
        """
        deadline = monotonic() + timeout
        data = self._plain(self._stream.receive(timeout, _RECORD_SIZE))
        while not data:
            data = self._plain(self._stream.receive(deadline - monotonic(), _RECORD_SIZE))
        return data

    def take(self) -> bytes:
        """Return what has come by now, no bytes for nothing; raises as `receive`."""
        while record := self._stream.take():
            if data := self._plain(record):
                return data
        return b""

    def abort(self) -> None:
        """Wake whoever waits on the link, from any thread; the owner closes it then."""
        self._stream.abort()

    def forsake(self) -> None:
        """Close this process's copy of the socket, without taking leave."""
        self._stream.forsake()

    def close(self) -> None:
        """Take leave, where that needs no waiting, and close the connection."""
        if not self._stream.aborted:
            with suppress(ModbusError):
                self._stream.send_now(self._channel.close())
        self._stream.close()

    def _shake_hands(self, deadline: float) -> None:
        self._stream.send(self._channel.start())
        while not self._channel.is_established:
            data = self._stream.receive(deadline - monotonic(), _RECORD_SIZE)
            self._channel.receive(data)
            self._flush()

    def _plain(self, data: bytes) -> bytes:
        plain = self._channel.receive(data)
        self._flush()
        return plain

    def _flush(self) -> None:
        if data := self._channel.take():
            self._stream.send(data)
