"""Peers on datagrams and serial lines that do what a script says, each in a thread of its own.

They share no code with the package.
"""

import os
import select
import socket
import tty
from collections.abc import Callable
from threading import Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self

from tests.wire.peers import LIMIT


class Scripted:
    """Runs a script in a thread; its failure is raised at the end."""

    def __init__(self, script: Callable[[Any], None]) -> None:
        self.requests: list[bytes] = []
        self._script = script
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run)

    def request(self, size: int = 12) -> bytes:
        """Return the next request, of that many bytes, and note it."""
        raise NotImplementedError

    def send(self, data: bytes) -> None:
        """Send bytes."""
        raise NotImplementedError

    def close(self) -> None:
        """Give everything back."""

    def _run(self) -> None:
        try:
            self._script(self)
        except BaseException as error:  # raised in the test's own thread
            self._failure = error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._thread.join(LIMIT)
        assert not self._thread.is_alive()
        self.close()
        if self._failure is not None and kind is None:
            raise self._failure


class DatagramPeer(Scripted):
    """A UDP port; it answers to whom the last request came from."""

    def __init__(self, script: Callable[[Any], None], host: str = "127.0.0.1") -> None:
        super().__init__(script)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.settimeout(LIMIT)
        self.host, self.port = self._socket.getsockname()[:2]
        self.client: tuple[str, int] = ("", 0)
        self.clients: list[tuple[str, int]] = []
        """Who sent each request."""

    def request(self, size: int = 12) -> bytes:
        """Return the next datagram, which has that many bytes, and note it."""
        data, self.client = self._socket.recvfrom(65536)
        assert len(data) == size
        self.clients.append(self.client)
        self.requests.append(data)
        return data

    def send(self, data: bytes) -> None:
        """Send one datagram to the client."""
        self._socket.sendto(data, self.client)

    def close(self) -> None:
        """Close the port."""
        self._socket.close()


class SerialPeer(Scripted):
    """A device on a serial line."""

    def __init__(self, device: str, script: Callable[[Any], None]) -> None:
        super().__init__(script)
        self._line = os.open(device, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._line)
        self.times: list[float] = []
        """When each request was there, on the monotonic clock."""

    def request(self, size: int = 8) -> bytes:
        """Return the next request, of that many bytes, and note it."""
        data = b""
        while len(data) < size:
            ready, _, _ = select.select([self._line], [], [], LIMIT)
            assert ready, f"only {data.hex(' ')} came"
            data += os.read(self._line, size - len(data))
        self.times.append(monotonic())
        self.requests.append(data)
        return data

    def send(self, data: bytes) -> None:
        """Send bytes."""
        os.write(self._line, data)

    def close(self) -> None:
        """Leave the line."""
        os.close(self._line)
