"""The blocking client as pyModbusTCP's users know it: a link opened and closed by rules.

The rules: it connects by itself only when told to; any failure but an exception response closes the
link; the first wrong frame is a failure.
"""

from __future__ import annotations

from threading import Lock

from modbus_wire.connection import ClientConnection
from modbus_wire.dropin.framers import ExactMbapFramer, ExactRtuFramer
from modbus_wire.errors import ConnectError, ConnectionClosedError, ResponseTimeout
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.base import R, Request
from modbus_wire.sync.client import Client
from modbus_wire.sync.link import Link


class Driver(Client):
    """A `Client` under pyModbusTCP's rules.

    Who executes a request holds ``turn``, and while it does, `received` belongs to the request.
    """

    def __init__(self, host: str, port: int, *, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self.turn = Lock()
        self.auto_open = False
        self.auto_close = False
        self._framer: ExactMbapFramer | ExactRtuFramer = ExactMbapFramer()
        self._framing_in_use = self.framing

    @property
    def received(self) -> bytes:
        """The bytes that came since the last request, of a frame that was not accepted."""
        return self._framer.received

    def execute(self, request: Request[R], *, unit_id: int | None = None) -> R:
        """Carry out a request; raises `ConnectError` on a closed link that may not be opened."""
        was_open = self._link is not None
        if not was_open and not self.auto_open:
            raise self._closed(request)
        if self._framing_in_use is not self.framing:
            self._renew_connection()
        self._connection.trace = self.trace
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

    def _connect(self) -> Link:
        link = super()._connect()
        self._renew_connection()
        return link

    def _renew_connection(self) -> None:
        self._framing_in_use = self.framing
        self._framer = ExactRtuFramer() if self.framing is Framing.RTU else ExactMbapFramer()
        self._connection = ClientConnection(self.framing, self.trace)
        self._connection.framer = self._framer

    @staticmethod
    def _closed(request: object) -> ConnectError:
        error = ConnectError("the link is not open")
        error.request = request
        return error
