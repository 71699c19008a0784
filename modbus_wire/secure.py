"""A conversation inside TLS: Modbus/TCP Security as a server speaks it (SEC)."""

from __future__ import annotations

from collections.abc import Callable

from modbus_wire.conversation import Converse, Later, LineConversation, PartingConversation
from modbus_wire.errors import ModbusError
from modbus_wire.log import logger
from modbus_wire.peer import Peer
from modbus_wire.tls import TlsChannel, role_of
from modbus_wire.typed import TYPE_CHECKING
from modbus_wire.withheld import Wait

if TYPE_CHECKING:
    from ssl import SSLContext


class TlsConversation(PartingConversation):
    """Shakes hands, then hands what it deciphers to a conversation with a peer whose role is known.

    A peer without a certificate that the context trusts never gets that far.
    """

    __slots__ = ("_channel", "_converse", "_inner", "_later", "_peer", "closed")

    def __init__(self, context: SSLContext, converse: Converse, peer: Peer, later: Later) -> None:
        self.closed = False
        self._converse = converse
        self._peer = peer
        self._later = later
        self._inner: LineConversation | None = None
        self._channel = TlsChannel(context, server_side=True)
        self._channel.start()

    def receive(self, data: bytes) -> bytes:
        channel = self._channel
        try:
            plain = channel.receive(data)
        except ModbusError as error:
            logger("modbus_wire.server").info("TLS with %s ended: %s", self._peer, error)
            self.closed = True
            return channel.take()
        if self._inner is None and channel.is_established:
            peer = self._peer
            peer = Peer(peer.host, peer.port, role_of(channel.peer_certificate))
            self._inner = self._converse(peer, self._encrypt_later)
        if plain and self._inner is not None:
            return self._encrypt(self._inner.receive(plain))
        return channel.take()

    @property
    def is_full(self) -> bool:
        return self._inner is not None and self._inner.is_full

    def farewell(self) -> bytes:
        return self._channel.close()

    def end(self) -> None:
        if self._inner is not None:
            self._inner.end()

    def interrupt(self) -> None:
        """Do nothing: TLS goes over streams only."""

    def _encrypt(self, plain: bytes) -> bytes:
        channel, inner = self._channel, self._inner
        if plain:
            channel.send(plain)
        if inner is not None and inner.closed:
            self.closed = True
            return channel.take() + channel.close()
        return channel.take()

    def _encrypt_later(self, make: Callable[[], bytes], wait: Wait = 0.0) -> None:
        self._later(lambda: self._encrypt(make()), wait)
