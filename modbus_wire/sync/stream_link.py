"""A connected TCP socket whose every wait ends by a deadline."""

import os
import socket
from contextlib import suppress
from struct import pack
from time import monotonic

from modbus_wire.errors import ConnectError, ConnectionClosedError, ResponseTimeout

_RECEIVE_SIZE = 260
"""One ADU (TCP §4.1): a small buffer is the quickest to come by."""

_LEAST_WAIT = 0.001


class Link:
    """One TCP connection to a server.

    A wait is bounded by the socket's own receive timeout, which is set once and costs nothing per
    request; only a response that comes in pieces sets it again, to what is left.
    """

    def __init__(self, host: str, port: int, timeout: float) -> None:
        """Connect within ``timeout`` seconds; raises `ConnectError`."""
        self.aborted = False
        self._socket = _connect(host, port, monotonic() + timeout)
        self._set_wait(timeout)

    def send(self, data: bytes) -> None:
        """Send all of ``data``; raises `ConnectionClosedError` or `ResponseTimeout`."""
        try:
            self._socket.sendall(data)
        except (BlockingIOError, TimeoutError):
            raise ResponseTimeout("the server takes no bytes") from None
        except OSError as error:
            raise ConnectionClosedError(f"sending failed: {error}") from error

    def receive(self, timeout: float) -> bytes:
        """Return what has come, waiting ``timeout`` seconds at most.

        Raises `ResponseTimeout`, or `ConnectionClosedError` where the server has closed.
        """
        if timeout != self._wait:
            if timeout <= 0:
                raise ResponseTimeout("no whole response in time")
            self._set_wait(timeout)
        try:
            data = self._socket.recv(_RECEIVE_SIZE)
        except (BlockingIOError, TimeoutError):
            raise ResponseTimeout("no response in time") from None
        except OSError as error:
            raise ConnectionClosedError(f"receiving failed: {error}") from error
        if not data:
            who = "this side" if self.aborted else "the server"
            raise ConnectionClosedError(f"{who} closed the connection")
        return data

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

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

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


def _connect(host: str, port: int, deadline: float) -> socket.socket:
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise ConnectError(f"{host} does not resolve: {error}") from error
    failure: OSError | None = None
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        try:
            candidate = socket.socket(family, kind, protocol)
        except OSError as error:
            failure = error
            continue
        try:
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
