"""What servers of both styles are told and how they begin to talk; nothing listens here."""

from __future__ import annotations

from modbus_wire.conversation import Converse, Later, LineConversation
from modbus_wire.endpoint import Endpoint, SerialEndpoint, TlsEndpoint, UdpEndpoint, endpoint_of
from modbus_wire.framing.base import Framing
from modbus_wire.limits import Limits
from modbus_wire.peer import Peer
from modbus_wire.trace import Trace, check_trace, tracer_of
from modbus_wire.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from modbus_wire.connection import Trace as Tracer


class Serving:
    """Where a server listens, to whom, and with whom it talks how; subclasses serve."""

    def __init__(
        self,
        host: str | Endpoint,
        port: int | None,
        framing: Framing | None,
        limits: Limits,
        trace: Trace | None,
    ) -> None:
        """Take the values; raises ValueError for an endpoint and limits that do not go together."""
        check_trace(trace)
        self.endpoint = endpoint = endpoint_of(host, port, framing)
        self.limits = limits
        self.trace = trace
        if isinstance(endpoint, SerialEndpoint):
            self.host, self.port = endpoint.device, 0
        else:
            self.host, self.port = endpoint.host, endpoint.port
        if isinstance(endpoint, SerialEndpoint) and not limits.are_none:
            raise ValueError(f"{endpoint} has no clients to limit")
        if isinstance(endpoint, UdpEndpoint) and limits.is_timed:
            raise ValueError(f"{endpoint} has no connections to limit")

    @property
    def framing(self) -> Framing:
        """How frames are laid out."""
        return self.endpoint.framing

    @property
    def is_on_line(self) -> bool:
        """Whether it serves on a serial line, which it may share with other servers."""
        return isinstance(self.endpoint, SerialEndpoint)

    @property
    def address(self) -> tuple[str, int]:
        """The host and port it listens on; while stopped, those it was made with."""
        raise NotImplementedError

    def talk(self, peer: Peer, later: Later) -> LineConversation:
        """Begin a conversation with a peer, in plain text."""
        raise NotImplementedError

    def conversations(self) -> Converse:
        """Return what begins the conversation with who connects.

        Raises ValueError and OSError for certificates that are missing.
        """
        endpoint = self.endpoint
        if not isinstance(endpoint, TlsEndpoint):
            return self.talk
        from modbus_wire.secure import TlsConversation
        from modbus_wire.tls import server_context

        context = server_context(endpoint)
        return lambda peer, later: TlsConversation(context, self.talk, peer, later)

    def tracer(self, peer: Peer) -> Tracer | None:
        """Return what the conversation with a peer calls with each frame, None for nothing."""
        return None if self.trace is None else tracer_of(self.trace, str(peer))

    def __repr__(self) -> str:
        host, port = self.address
        if isinstance(self.endpoint, SerialEndpoint | UdpEndpoint | TlsEndpoint):
            return f"{type(self).__name__}({str(self.endpoint)!r})"
        return f"{type(self).__name__}({host!r}, {port}, framing={self.framing!r})"
