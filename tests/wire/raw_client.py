"""For tests of the server: a socket that speaks Modbus TCP by hand, a bank that calls back."""

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from modbus_wire.bank import SharedBank
from tests.wire.peers import LIMIT, mbap

READ = bytes.fromhex("03 0000 0001")
"""The PDU that reads holding register 0."""

WRITE = bytes.fromhex("06 0000 0001")
"""The PDU that writes 1 to it."""


class Listening(Protocol):
    """What has an address to connect to."""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        ...


class RawClient:
    """One connection to a server; nothing is sent or understood but what the test says."""

    def __init__(self, server: Listening) -> None:
        self.socket = socket.create_connection(server.address, LIMIT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        self.socket.sendall(data)

    def receive(self, size: int) -> bytes:
        """Return exactly ``size`` bytes; raises EOFError where the server has closed."""
        data = bytearray()
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise EOFError(f"{len(data)} of {size} bytes came")
            data += piece
        return bytes(data)

    def until_end(self) -> bytes:
        """Return what comes until the server closes, cleanly or by a reset."""
        data = bytearray()
        try:
            while piece := self.socket.recv(65536):
                data += piece
        except ConnectionResetError:
            pass
        return bytes(data)

    def ask(self, pdu: bytes, unit_id: int = 1, transaction_id: int = 1) -> bytes:
        """Send a request and return the PDU of its response."""
        self.send(mbap(transaction_id, unit_id, pdu))
        head = self.receive(7)
        assert head[:4] + head[6:] == mbap(transaction_id, unit_id, b"")[:4] + bytes((unit_id,))
        return self.receive(int.from_bytes(head[4:6], "big") - 1)

    def is_served(self) -> bool:
        """Whether a plain read is answered."""
        return self.ask(READ)[:2] == b"\x03\x02"

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Calling(SharedBank):
    """A bank that calls a function at each write, after it is done."""

    def __init__(self) -> None:
        super().__init__()
        self.call: Callable[[], object] = lambda: None

    def write_registers(self, address: int, data: bytes) -> None:
        super().write_registers(address, data)
        self.call()


def server_threads() -> set[threading.Thread]:
    """Return the threads of servers that run."""
    return {thread for thread in threading.enumerate() if thread.name == "modbus-server"}
