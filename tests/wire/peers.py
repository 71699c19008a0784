"""TCP peers that do what a script says, misbehaving included.

They share no code with the package, so that a fault cannot hide in both ends.
"""

import contextlib
import socket
import struct
from collections.abc import Callable, Iterator
from threading import Event, Thread
from types import TracebackType
from typing import Self

LIMIT = 5.0
"""Seconds after which a test that hangs fails."""


def mbap(transaction_id: int, unit_id: int, pdu: bytes, protocol_id: int = 0) -> bytes:
    """Return a Modbus TCP frame."""
    return struct.pack(">HHHB", transaction_id, protocol_id, len(pdu) + 1, unit_id) + pdu


def rtu(unit_id: int, pdu: bytes) -> bytes:
    """Return an RTU frame, its CRC computed bit by bit."""
    frame = bytes((unit_id,)) + pdu
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return frame + struct.pack("<H", crc)


def ascii_frame(unit_id: int, pdu: bytes) -> bytes:
    """Return an ASCII frame."""
    frame = bytes((unit_id, *pdu))
    lrc = (0x100 - sum(frame) % 0x100) % 0x100
    digits = "".join(f"{byte:02X}" for byte in (*frame, lrc))
    return f":{digits}\r\n".encode()


def answer(request: bytes, pdu: bytes) -> bytes:
    """Return the Modbus TCP frame that answers a request frame with ``pdu``."""
    transaction_id, _, _, unit_id = struct.unpack(">HHHB", request[:7])
    return mbap(transaction_id, unit_id, pdu)


def registers(*values: int) -> bytes:
    """Return the response PDU of FC 3 that carries ``values``."""
    return struct.pack(f">BB{len(values)}H", 3, 2 * len(values), *values)


class Peer:
    """One accepted connection."""

    def __init__(self, connection: socket.socket, requests: list[bytes]) -> None:
        self._socket = connection
        self._socket.settimeout(LIMIT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = requests

    def read(self, size: int) -> bytes:
        """Return exactly ``size`` bytes; raises EOFError where the client has closed."""
        data = b""
        while len(data) < size:
            piece = self._socket.recv(size - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def request(self) -> bytes:
        """Return the next Modbus TCP request frame, and note it."""
        head = self.read(6)
        frame = head + self.read(int.from_bytes(head[4:6]))
        self._requests.append(frame)
        return frame

    def request_of(self, size: int) -> bytes:
        """Return the next RTU request frame, which has ``size`` bytes, and note it."""
        frame = self.read(size)
        self._requests.append(frame)
        return frame

    def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        self._socket.sendall(data)

    def end(self) -> None:
        """Send no more: the client sees the end of the connection."""
        self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close the connection the hard way (RST)."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def wait_for_end(self) -> None:
        """Wait until the client has closed; it must send nothing before."""
        with contextlib.suppress(ConnectionError):
            extra = self._socket.recv(1)
            assert extra == b"", "the client sent more"


Script = Callable[[Peer], None]


class ScriptedServer:
    """Serves one connection per script, in order, then listens no more.

    ``requests`` are the frames that came, over all connections; ``connections`` how many there
    were. A script ends early when the client closes. Its other failures are raised at the end.
    """

    def __init__(self, *scripts: Script, host: str = "127.0.0.1") -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._scripts = scripts
        self._listener = socket.create_server(
            (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
        self.host, self.port = self._listener.getsockname()[:2]
        self._stopping = Event()
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run)

    @property
    def written(self) -> list[bytes]:
        """The request PDUs that came by Modbus TCP and were no FC 3."""
        return [frame[7:] for frame in self.requests if frame[7] != 3]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            socket.create_connection((self.host, self.port), LIMIT).close()
        self._thread.join(LIMIT)
        assert not self._thread.is_alive()
        if self._failure is not None and kind is None:
            raise self._failure

    def _run(self) -> None:
        try:
            for left in range(len(self._scripts), 0, -1):
                connection = self._accept(is_last=left == 1)
                if connection is None:
                    return
                with connection, contextlib.suppress(EOFError, ConnectionError):
                    self._scripts[-left](Peer(connection, self.requests))
        except BaseException as error:  # raised in the test's own thread
            self._failure = error
        finally:
            self._listener.close()

    def _accept(self, *, is_last: bool) -> socket.socket | None:
        connection, _ = self._listener.accept()
        if is_last:
            self._listener.close()
        if self._stopping.is_set():
            connection.close()
            return None
        self.connections += 1
        return connection


def replies(*pdus: bytes) -> Script:
    """Return the script that answers one request with each PDU, and then closes."""

    def script(peer: Peer) -> None:
        for pdu in pdus:
            peer.send(answer(peer.request(), pdu))

    return script


def then_stays(script: Script) -> Script:
    """Return the script that afterwards keeps the connection until the client closes it."""

    def staying(peer: Peer) -> None:
        script(peer)
        peer.wait_for_end()

    return staying


@contextlib.contextmanager
def refused_port() -> Iterator[int]:
    """Give a port of 127.0.0.1 on which nobody listens, and nobody will meanwhile."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
