"""The blocking client as pyModbusTCP's users know it: a link opened and closed by rules.

The rules: it connects by itself only when told to; any failure but an exception response closes the
link; the first wrong frame is a failure.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from modbus_wire.connection import ClientConnection, Response
from modbus_wire.dropin.framers import ExactMbapFramer, ExactRtuFramer
from modbus_wire.endpoint import TcpEndpoint
from modbus_wire.errors import ConnectError, ConnectionClosedError, ResponseTimeout
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.base import R, Request
from modbus_wire.sync.client import Client


class _Connection(ClientConnection):
    """Its trace sees whole frames only: `Driver.received` has the bytes of others."""

    def receive(self, data: bytes) -> Response | None:
        return self._response(self.framer.receive(data))


class Driver(Client):
    """A `Client` under pyModbusTCP's rules.

    Who executes a request holds ``turn``, and while it does, `received` belongs to the request.
    """

    watch: Callable[[bytes, bool], None] | None = None
    """Called with each frame and whether it is sent."""

    def __init__(self, host: str, port: int, *, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self.turn = Lock()
        self.auto_open = False
        self.auto_close = False

    def set_endpoint(
        self,
        *,
        host: str | None = None,
        port: int | None = None,
        framing: Framing | None = None,
    ) -> None:
        """Change what is given; ``framing`` at once, the others with the next link."""
        old = self.endpoint
        new = TcpEndpoint("", port or self.port, framing=framing or old.framing)
        new.host = host or self.host  # pyModbusTCP takes names that no endpoint does
        self.endpoint = new
        if old.framing is not self.endpoint.framing:
            self._use(self._new_connection())

    @property
    def received(self) -> bytes:
        """The bytes that came since the last request, of a frame that was not accepted."""
        return self._framer.received

    def execute(self, request: Request[R], *, unit_id: int | None = None) -> R:
        """Carry out a request; raises `ConnectError` on a closed link that may not be opened."""
        was_open = self._link is not None
        if not was_open and not self.auto_open:
            raise self._closed_error(request)
        self._connection.trace = self.watch
        try:
            return Client.execute(self, request, unit_id=unit_id)
        except ConnectError as error:
            if not was_open:
                raise
            lost = ConnectionClosedError("the connection is gone and cannot be made again")
            lost.request = request
            raise lost from error
        except ResponseTimeout:
            self.close()
            raise
        finally:
            if self.auto_close:
                self.close()

    def _new_connection(self) -> ClientConnection:
        framing = self.endpoint.framing
        self._framer: ExactMbapFramer | ExactRtuFramer
        self._framer = ExactRtuFramer() if framing is Framing.RTU else ExactMbapFramer()
        connection = _Connection(framing, self.watch)
        connection.framer = self._framer
        return connection

    @staticmethod
    def _closed_error(request: object) -> ConnectError:
        error = ConnectError("the link is not open")
        error.request = request
        return error
