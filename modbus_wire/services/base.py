"""What a service is, and services that depend on more than the request."""

from __future__ import annotations

from collections.abc import Callable

from modbus_wire.errors import IllegalFunction
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.peer import NOBODY, Peer
from modbus_wire.typed import TYPE_CHECKING, Any, TypeAlias
from modbus_wire.unit import Unit

if TYPE_CHECKING:
    from modbus_wire.services.counters import ServerDiagnostics

RequestType: TypeAlias = type[AnyRequest]
"""A request class of any result type."""

Service: TypeAlias = Callable[[Unit, Any], bytes | None]
"""Carries out a request of one class on a unit and returns the response PDU, None for no answer;
raises an `ExceptionResponse` to refuse."""


class ConditionalService:
    """A service that looks, before the request is decoded, whether it can be one."""

    def on(self, unit: Unit, diagnostics: ServerDiagnostics, peer: Peer) -> Service:
        """Return what carries a peer's requests out; raises `IllegalFunction` for nothing."""
        raise NotImplementedError

    def __call__(self, unit: Unit, request: Any) -> bytes | None:
        """Do as `on` says, without the diagnostics of a server."""
        raise NotImplementedError


class SuppliedService(ConditionalService):
    """A service of a part of the unit that has to be supplied."""

    def __init__(self, part: str, service: Service) -> None:
        """``part`` is the attribute of `Unit` that is None where it is not supplied."""
        self._part = part
        self._service = service

    def on(
        self, unit: Unit, diagnostics: ServerDiagnostics | None = None, peer: Peer = NOBODY
    ) -> Service:
        if getattr(unit, self._part) is None:
            raise IllegalFunction
        return self._service

    def __call__(self, unit: Unit, request: Any) -> bytes | None:
        return self.on(unit)(unit, request)


def wrong_size(data: bytes | bytearray, quantity: int) -> ValueError:
    """Return the error of a bank that gave more or less than was asked."""
    return ValueError(f"the bank gave {len(data)} bytes for {quantity} cells")
