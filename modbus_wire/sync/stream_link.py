"""A connected socket whose every wait ends by a deadline."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from struct import pack
from time import monotonic

from modbus_wire.errors import ConnectError, ConnectionClosedError, ResponseTimeout
from modbus_wire.typed import NoReturn

ADU_SIZE = 260
"""One ADU (TCP §4.1): a small buffer is the quickest to come by."""

_LEAST_WAIT = 0.001
_CLOSED_HERE = "this side closed the connection"


class SocketLink:
    """A connected socket.

    A wait is bounded by the socket's own receive timeout, which is set once and costs nothing per
    request; only a response that comes in pieces sets it again, to what is left.
    """

    is_lasting = False

    def __init__(self, connected: socket.socket, timeout: float) -> None:
        self.aborted = False
        self.unsent = False
        self._socket = connected
        self._set_wait(timeout)

    def ask(self, frame: bytes, timeout: float) -> bytes:
        """Send a frame and return what comes first; raises as `send` and `receive`."""
        if timeout != self._wait:
            self._set_wait(timeout)
        connected = self._socket
        try:
            connected.sendall(frame)
        except OSError as error:
            self._not_sent(error)
        try:
            data = connected.recv(ADU_SIZE)
        except OSError as error:
            self._not_received(error)
        return data or self._nothing()

    def send(self, data: bytes) -> None:
        """Send all of ``data``; raises `ConnectionClosedError` or `ResponseTimeout`."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            self._not_sent(error)

    def send_all(self, frames: Sequence[bytes]) -> None:
        """Send the frames in one go; raises as `send`."""
        self.send(b"".join(frames))

    def receive(self, timeout: float, size: int = ADU_SIZE) -> bytes:
        """Return what has come, ``size`` bytes and ``timeout`` seconds at most.

        Raises `ResponseTimeout`, or `ConnectionClosedError` where the server has closed.
        """
        if timeout != self._wait:
            if timeout <= 0:
                raise ResponseTimeout("no whole response in time")
            self._set_wait(timeout)
        try:
            data = self._socket.recv(size)
        except OSError as error:
            self._not_received(error)
        return data or self._nothing()

    def take(self) -> bytes:
        """Return what has come by now, no bytes for nothing; raises as `receive`."""
        timeout = self._socket.gettimeout()
        self._socket.setblocking(False)
        try:
            return self.receive(self._wait)
        except ResponseTimeout:
            return b""
        finally:
            self._socket.settimeout(timeout)

    def abort(self) -> None:
        """Wake whoever waits on the link, from any thread; the owner closes it then."""
        self.aborted = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def forsake(self) -> None:
        """Close this process's copy of the socket; the connection stays."""
        self._socket.close()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _not_sent(self, error: OSError) -> NoReturn:
        self.unsent = True
        if isinstance(error, BlockingIOError | TimeoutError):
            raise ResponseTimeout("the server takes no bytes") from None
        raise ConnectionClosedError(f"sending failed: {error}") from error

    def _not_received(self, error: OSError) -> NoReturn:
        if isinstance(error, BlockingIOError | TimeoutError):
            raise ResponseTimeout("no response in time") from None
        if self.aborted:
            raise ConnectionClosedError(_CLOSED_HERE) from error
        raise ConnectionClosedError(f"receiving failed: {error}") from error

    def _nothing(self) -> bytes:
        """Return what a receive of no bytes means: the end, so this raises its error."""
        raise ConnectionClosedError(
            _CLOSED_HERE if self.aborted else "the server closed the connection"
        )

    def _set_wait(self, seconds: float) -> None:
        self._wait = seconds
        if os.name != "posix":  # there the options are no timeval
            self._socket.settimeout(seconds)
            return
        whole = int(seconds)
        limit = pack("@ll", whole, max(int((seconds - whole) * 1e6), 0 if whole else 1))
        try:
            self._socket.settimeout(None)
            for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                self._socket.setsockopt(socket.SOL_SOCKET, option, limit)
        except OSError:
            self._socket.settimeout(seconds)


class StreamLink(SocketLink):
    """One TCP connection to a server."""

    def __init__(self, host: str, port: int, timeout: float) -> None:
        """Connect within ``timeout`` seconds; raises `ConnectError`."""
        super().__init__(connected(host, port, timeout, socket.SOCK_STREAM), timeout)

    def send_now(self, data: bytes) -> None:
        """Send what can be sent without waiting; nobody learns whether it was."""
        with suppress(OSError):
            self._socket.setblocking(False)
            self._socket.send(data)


def connected(host: str, port: int, timeout: float, kind: socket.SocketKind) -> socket.socket:
    """Return a socket that is connected to the first address of the host that can be reached.

    Raises `ConnectError`, after ``timeout`` seconds at most once the name is resolved.
    """
    deadline = monotonic() + timeout
    try:
        addresses = socket.getaddrinfo(host, port, type=kind)
    except (OSError, ValueError) as error:
        raise ConnectError(f"{host} does not resolve: {error}") from error
    failure: OSError | None = None
    for number, (family, _, protocol, _, address) in enumerate(addresses):
        try:
            candidate = socket.socket(family, kind, protocol)
        except OSError as error:
            failure = error
            continue
        try:
            if kind is socket.SOCK_STREAM:
                candidate.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                candidate.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            share = (deadline - monotonic()) / (len(addresses) - number)
            candidate.settimeout(max(share, _LEAST_WAIT))
            candidate.connect(address)
        except OSError as error:
            failure = error
            candidate.close()
        except BaseException:
            candidate.close()
            raise
        else:
            return candidate
    raise ConnectError(f"{host} port {port} cannot be reached: {failure}") from failure
