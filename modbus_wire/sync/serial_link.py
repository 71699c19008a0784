"""A serial line as a client uses it."""

from __future__ import annotations

from collections.abc import Sequence

from modbus_wire.endpoint import SerialEndpoint
from modbus_wire.errors import ConnectionClosedError, ResponseTimeout
from modbus_wire.sync.serial_port import SerialPort
from modbus_wire.sync.stream_link import ADU_SIZE


class SerialLink:
    """The line; it stays open whatever happens to a request.

    Opening a line anew would not bring it in step, and restarts devices that listen to its signals.
    """

    is_lasting = True

    def __init__(self, endpoint: SerialEndpoint) -> None:
        """Open the line; raises `ConnectError`."""
        self.aborted = False
        self.unsent = False
        self._port = SerialPort(endpoint)

    def ask(self, frame: bytes, timeout: float) -> bytes:
        """Send a frame and return what comes first; raises as `send` and `receive`."""
        self.send(frame)
        return self.receive(timeout)

    def send(self, data: bytes) -> None:
        """Send a frame, after the silence that has to precede it; raises as `SerialPort`."""
        self.unsent = True
        self._check()
        self._port.send(data)
        self.unsent = False

    def send_all(self, frames: Sequence[bytes]) -> None:
        """Send the frames one after the other; raises as `send`."""
        for frame in frames:
            self.send(frame)

    def receive(self, timeout: float, size: int = ADU_SIZE) -> bytes:
        """Return what has come, waiting ``timeout`` seconds at most; ``size`` does not matter.

        Raises `ResponseTimeout`, or `ConnectionClosedError` where the line is gone.
        """
        data = self._port.receive(max(timeout, 0.0))
        self._check()
        if not data:
            raise ResponseTimeout("no response in time")
        return data

    def take(self) -> bytes:
        """Return what has come by now, no bytes for nothing; raises as `receive`."""
        data = self._port.receive(0.0)
        self._check()
        return data

    def abort(self) -> None:
        """Wake whoever waits on the link, from any thread; the owner closes it then."""
        self.aborted = True
        self._port.cancel()

    def forsake(self) -> None:
        """Close this process's copy of the line."""
        self._port.close()

    def close(self) -> None:
        """Close the line."""
        self._port.close()

    def _check(self) -> None:
        if self.aborted:
            raise ConnectionClosedError("this side closed the line")
