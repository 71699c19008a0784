"""PDU in, PDU out: a request is checked and carried out on its unit.

The order of checks is that of AP §6: function (01), the request's own fields (03), addresses (02),
execution (04). The fields are the request class's matter, addresses the bank's. A handler knows no
frame, no transaction and no socket.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from modbus_wire.access import Access, Guard
from modbus_wire.bank import Bank
from modbus_wire.codes import EXCEPTION_FLAG
from modbus_wire.errors import (
    GatewayTargetFailedToRespond,
    IllegalFunction,
)
from modbus_wire.pdu.base import R
from modbus_wire.peer import NOBODY, Peer
from modbus_wire.responding import checked, ordered, refusal, refusing
from modbus_wire.services.base import ConditionalService, RequestType, Service
from modbus_wire.services.counters import LINE_FEED, ServerDiagnostics
from modbus_wire.services.tables import TABLES, ReadService
from modbus_wire.typed import TYPE_CHECKING, TypeAlias
from modbus_wire.unit import Unit

if TYPE_CHECKING:
    from modbus_wire.hooks import Write, WriteHooks

Banks: TypeAlias = Bank | Unit | Mapping[int, Bank | Unit]
"""One bank or unit for every unit id, or one under each unit id there is."""

_MAX_UNIT_ID = 0xFF
_BROADCAST = 0
_RESTART = b"\x08\0\1"
"""What a request begins with that ends the listen only mode (AP §6.8.1)."""


class Handler:
    """Answers requests from the banks or units it is given.

    One answers under every unit id; of a mapping, a unit id that is not in it gets exception 0B.
    The mapping is looked into at each request: units may come and go. 0 and 255 are ids as any
    other there, except that 0 is a broadcast to all in RTU and ASCII frames: clients that reach a
    device directly often send 255 or 0 (TCP §4.4.2.1), which it has to know then.

    ``services`` says which functions there are, all of AP §6 where nothing is said:
    ``{**SERVICES, Own: own_service}`` adds one.
    Any exception of a bank or service but an `ExceptionResponse` is logged and answered with 04,
    ``SystemExit`` too.
    ``access`` says who may do what; who may not, and who wants to change something that is
    ``read_only``, gets exception 01.

    FC 8 can silence a server, which then answers nobody until it is restarted by FC 8. It belongs
    to serial lines (AP §6.8): on networks it is exception 01, unless ``network_diagnostics``.
    """

    def __init__(
        self,
        banks: Banks,
        services: Mapping[RequestType, Service] | None = None,
        *,
        access: Access | None = None,
        read_only: bool = False,
        network_diagnostics: bool = False,
    ) -> None:
        """Make a handler.

        Raises TypeError for what is neither bank nor unit nor a mapping, and TypeError or
        ValueError for services and, in a dict, units that cannot be asked.
        """
        if isinstance(banks, dict):  # any other mapping may make them when they are asked for
            _check_units(banks)
        self._units: Mapping[int, Bank | Unit] = banks if isinstance(banks, Mapping) else {}
        self._only = None if isinstance(banks, Mapping) else _unit_of(banks)
        self._guard = Guard(access, read_only)
        self._services = _by_code(TABLES if services is None else services)
        self._is_whole = services is not None
        """Whether all services are there: the rarer ones are imported when one is asked for."""

        is_free = access is None and not read_only
        self._plain = {
            code: known
            for code, known in self._services.items()
            if is_free and TABLES.get(known[0]) is known[1]
        }
        """The services that always answer and whose requests need only be decoded."""

        self._quick_reads = {
            code: service.fetch
            for code, (_, service) in self._services.items()
            if isinstance(service, ReadService) and access is None
        }
        self._hooks: WriteHooks | None = None
        self._diagnostics = ServerDiagnostics(self._change_mode)
        self._diagnostics.is_on_networks = network_diagnostics
        self._change_mode(False)

    @property
    def diagnostics(self) -> ServerDiagnostics:
        """The counters, the event log and the mode of this server (AP §6.8 to §6.10)."""
        return self._diagnostics

    def before_write(self, hook: Callable[[Write], R]) -> Callable[[Write], R]:
        """Call the decorated function with each `Write` before it is carried out.

        An `ExceptionResponse` that it raises refuses the write with that code. Several may be
        given; they are called in that order.

        It is called in the server's thread, or event loop, with the bank's lock held: while it
        runs no client is served, nobody else changes the bank, and `Server.stop` waits for it.
        What takes long is to be handed to a thread or task of its own.

        Writes are FC 5, 6, 15, 16, 22 and 23. Raises TypeError for a coroutine function.
        """
        self._ask_hooks().add_before(hook)
        return hook

    def after_write(self, hook: Callable[[Write], R]) -> Callable[[Write], R]:
        """Call the decorated function with each `Write` that has been carried out.

        It is called once for each, also where old and new are equal, before the answer goes out
        and with no lock held, but in the server's thread. An exception that it raises is logged.
        Otherwise as `before_write`.
        """
        self._ask_hooks().add_after(hook)
        return hook

    def handle(self, unit_id: int, pdu: bytes, peer: Peer = NOBODY) -> bytes | None:
        """Return the response to a request PDU, normal or an exception (AP §7); never raises.

        None means that none is due, as the service or the listen only mode says. Where the unit's
        ``before_request`` says so, the response is `Withheld`.
        """
        if self._is_listening_only:
            self._listen(unit_id, pdu, peer)
            return None
        function_code = pdu[0] if pdu else 0
        try:
            unit = self._only or _unit_of(self._found(unit_id))
            known = self._plain.get(function_code)
            if known is not None and unit.before_request is None:
                kind, service = known
                response = service(unit, kind.decode(pdu))
                self._diagnostics.quick_count += 1
                return response
            response = self._carry_out(unit, unit_id, pdu, peer)
        except (Exception, SystemExit) as error:
            response = refusal(function_code, error)
        diagnostics = self._diagnostics
        if diagnostics.is_noting or not response or response[0] & EXCEPTION_FLAG:
            diagnostics.finished(function_code, response)
        else:
            diagnostics.quick_count += 1
        return response

    def broadcast(self, pdu: bytes, peer: Peer = NOBODY) -> None:
        """Carry a write out on every unit there is; nobody answers it (SL §2.1). Never raises."""
        diagnostics = self._diagnostics
        diagnostics.received(is_broadcast=True)
        function_code = pdu[0] if pdu else 0
        refused = None
        if not self._is_listening_only or pdu.startswith(_RESTART):
            for unit in self._all_units():
                try:
                    self._carry_out(unit, _BROADCAST, pdu, peer, is_broadcast=True)
                except (Exception, SystemExit) as error:
                    refused = refusal(function_code, error)
        diagnostics.finished(function_code, refused, is_broadcast=True)

    def read(
        self, unit_id: int, function_code: int, address: int, quantity: int
    ) -> bytes | bytearray | None:
        """Return the bytes of the cells that a plain read asks for.

        None means that `handle` has to speak. Raises what refuses the read, for `refuse`.
        """
        fetch = self._reads.get(function_code)
        if fetch is None:
            return None
        unit = self._only
        if unit is None:
            found = self._found(unit_id)
            if not isinstance(found, Unit):
                bank = found
            elif found.before_request is None:
                bank = found.bank
            else:
                return None
        elif unit.before_request is None:
            bank = unit.bank
        else:
            return None
        data = fetch(bank, address, quantity)
        self._diagnostics.quick_count += 1
        return data

    def refuse(self, function_code: int, error: BaseException) -> bytes:
        """Return the exception response to a plain read that `read` raised an error for."""
        response = refusal(function_code, error)
        self._diagnostics.finished(function_code, response)
        return response

    def request_length(self, head: bytes) -> int | None:
        """Return the length of the request PDU that begins with ``head``; None: not yet known.

        Raises KeyError or NotImplementedError where nothing announces it.
        """
        from modbus_wire.pdu.registry import request_length

        known = self._services.get(head[0]) if head else None
        return request_length(head) if known is None else known[0].request_length(head)

    def has_unit(self, unit_id: int) -> bool:
        """Whether requests for that unit are answered from a bank."""
        return self._only is not None or self._units.get(unit_id) is not None

    def overhear(self) -> None:
        """Note a request for another server on the same line."""
        self._diagnostics.overheard()

    def bad_frame(self) -> None:
        """Note a frame with a wrong checksum."""
        self._diagnostics.bad_frame()

    def ascii_delimiter(self) -> bytes:
        """Return what ends an ASCII frame; from now on FC 8 can change it (AP §6.8.1)."""
        diagnostics = self._diagnostics
        if diagnostics.ascii_delimiter is None:
            diagnostics.ascii_delimiter = LINE_FEED
        return diagnostics.ascii_delimiter

    def _change_mode(self, is_listening_only: bool) -> None:
        self._is_listening_only = is_listening_only
        self._reads = {} if is_listening_only else self._quick_reads

    def _listen(self, unit_id: int, pdu: bytes, peer: Peer) -> None:
        """Take in a request in the listen only mode: nothing but a restart is carried out."""
        self._diagnostics.received()
        function_code = pdu[0] if pdu else 0
        try:
            if pdu.startswith(_RESTART):
                unit = self._only or _unit_of(self._found(unit_id))
                self._carry_out(unit, unit_id, pdu, peer)
        except (Exception, SystemExit) as error:
            refusal(function_code, error)
        self._diagnostics.finished(function_code, None)

    def _carry_out(
        self, unit: Unit, unit_id: int, pdu: bytes, peer: Peer, *, is_broadcast: bool = False
    ) -> bytes | None:
        try:
            kind, service = self._service_on(unit, pdu, peer)
        except IllegalFunction as error:
            if unit.before_request is None or not pdu:
                raise
            kind, service = refusing(error)
        request = self._guard.admit(kind, pdu, unit_id, peer)
        if is_broadcast and not request.writes:
            raise IllegalFunction
        order = None if unit.before_request is None else unit.before_request(request, peer)
        hooks = self._hooks

        def carry_out() -> bytes | None:
            if hooks is None:
                return service(unit, request)
            return hooks.carry_out(service, unit, request, unit_id, peer)

        if order is None:
            return checked(carry_out())
        return ordered(order, request.function_code, carry_out)

    def _ask_hooks(self) -> WriteHooks:
        """Return the hooks, which are asked from now on."""
        from modbus_wire.hooks import WriteHooks

        self._plain = {}
        if self._hooks is None:
            self._hooks = WriteHooks()
        return self._hooks

    def _service_on(self, unit: Unit, pdu: bytes, peer: Peer) -> tuple[RequestType, Service]:
        """Return the class of a peer's request and what carries it out on a unit."""
        kind, service = self._service_of(pdu[0] if pdu else 0)
        if isinstance(service, ConditionalService):
            service = service.on(unit, self._diagnostics, peer)
        return kind, service

    def _service_of(self, function_code: int) -> tuple[RequestType, Service]:
        known = self._services.get(function_code)
        if known is None and not self._is_whole:
            from modbus_wire.services.registry import SERVICES

            self._services = _by_code(SERVICES)
            self._is_whole = True
            known = self._services.get(function_code)
        if known is None:
            raise IllegalFunction
        return known

    def _found(self, unit_id: int) -> Bank | Unit:
        found = self._units.get(unit_id)
        if found is None:
            raise GatewayTargetFailedToRespond
        return found

    def _all_units(self) -> list[Unit]:
        """Return the units, each bank once."""
        if self._only is not None:
            return [self._only]
        units = (_unit_of(found) for found in list(self._units.values()))
        return list({id(unit.bank): unit for unit in units}.values())


def _by_code(
    services: Mapping[RequestType, Service],
) -> dict[int, tuple[RequestType, Service]]:
    if not isinstance(services, Mapping):
        raise TypeError(f"services {services!r} are no mapping of request classes to functions")
    found: dict[int, tuple[RequestType, Service]] = {}
    for kind, service in services.items():
        code = getattr(kind, "function_code", None)
        if not isinstance(code, int) or not isinstance(kind, type):
            raise TypeError(f"{kind!r} is no request class with a function code")
        if not 0 < code < EXCEPTION_FLAG:
            raise ValueError(f"function code {code} of {kind!r} is not in 1..127")
        if code in found and not issubclass(kind, found[code][0]):  # a subclass takes its place
            raise ValueError(f"function code {code} has two services: {found[code][0]!r}, {kind!r}")
        if not callable(service):
            raise TypeError(f"service {service!r} of {kind!r} cannot be called")
        found[code] = kind, service
    return found


def _check_units(units: dict[int, Bank | Unit]) -> None:
    """Raise TypeError or ValueError for ids that no unit has, and what is neither bank nor unit."""
    for unit_id, unit in units.items():
        if not isinstance(unit_id, int):
            raise TypeError(f"unit id {unit_id!r} is no int")
        if not 0 <= unit_id <= _MAX_UNIT_ID:
            raise ValueError(f"unit id {unit_id} is not in 0..{_MAX_UNIT_ID}")
        _unit_of(unit)


def _unit_of(bank: Bank | Unit) -> Unit:
    return bank if isinstance(bank, Unit) else Unit(bank)
