"""Services of what a server says of itself and its line: FC 7, 8, 11 and 12."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from modbus_wire.errors import IllegalDataValue, IllegalFunction
from modbus_wire.pdu.diagnostics import (
    CommEventCounter,
    CommEventLog,
    Diagnostics,
    DiagnosticsCode,
    GetCommEventCounter,
    GetCommEventLog,
    ReadExceptionStatus,
)
from modbus_wire.peer import Peer
from modbus_wire.services.base import ConditionalService, RequestType, Service, SuppliedService
from modbus_wire.services.counters import ServerDiagnostics
from modbus_wire.typed import Any
from modbus_wire.unit import Unit, value_of

_WORD = 0xFFFF
_READY = 0
"""The status word: no command goes on after its answer (AP §6.9)."""

_CLEAR_LOG = b"\xff\0"
_PART_OF_A_FRAME = b":\r0123456789ABCDEFabcdef"

_COUNTS: dict[int, Callable[[ServerDiagnostics], int]] = {
    DiagnosticsCode.RETURN_BUS_MESSAGE_COUNT: lambda line: line.bus_message_count,
    DiagnosticsCode.RETURN_BUS_COMMUNICATION_ERROR_COUNT: (
        lambda line: line.bus_communication_error_count
    ),
    DiagnosticsCode.RETURN_BUS_EXCEPTION_ERROR_COUNT: lambda line: line.bus_exception_error_count,
    DiagnosticsCode.RETURN_SERVER_MESSAGE_COUNT: lambda line: line.server_message_count,
    DiagnosticsCode.RETURN_SERVER_NO_RESPONSE_COUNT: lambda line: line.server_no_response_count,
    DiagnosticsCode.RETURN_SERVER_NAK_COUNT: lambda line: line.server_nak_count,
    DiagnosticsCode.RETURN_SERVER_BUSY_COUNT: lambda line: line.server_busy_count,
    DiagnosticsCode.RETURN_BUS_CHARACTER_OVERRUN_COUNT: (
        lambda line: line.bus_character_overrun_count
    ),
}


class LineService(ConditionalService):
    """A service of the server that a handler is, not of one of its units."""

    def __init__(self, do: Callable[[ServerDiagnostics, Unit, Any], bytes | None]) -> None:
        self._do = do

    def on(self, unit: Unit, diagnostics: ServerDiagnostics, peer: Peer) -> Service:
        if not diagnostics.is_noting:
            diagnostics.received()  # its answer counts it
        return partial(self._do, diagnostics)

    def __call__(self, unit: Unit, request: Any) -> bytes | None:
        """Refuse: only a handler has something to say of its line."""
        raise IllegalFunction


class DiagnosticsService(LineService):
    """FC 8, which is for serial lines (AP §6.8): who masters a line may silence it.

    On a network anybody could, so that it is refused there unless the server is told otherwise.
    """

    def on(self, unit: Unit, diagnostics: ServerDiagnostics, peer: Peer) -> Service:
        if peer.is_on_network and not diagnostics.is_on_networks:
            raise IllegalFunction
        return super().on(unit, diagnostics, peer)


def _read_exception_status(unit: Unit, request: ReadExceptionStatus) -> bytes:
    if unit.exception_status is None:
        raise IllegalFunction
    return request.encode_response(value_of(unit.exception_status))


def _diagnose(line: ServerDiagnostics, unit: Unit, request: Diagnostics) -> bytes | None:
    count = _COUNTS.get(request.sub_function)
    if count is not None:
        return request.encode_response(_word(count(line)))
    match request.sub_function:
        case DiagnosticsCode.RETURN_QUERY_DATA:
            pass
        case DiagnosticsCode.RETURN_DIAGNOSTIC_REGISTER:
            return request.encode_response(_diagnostic_register(unit))
        case DiagnosticsCode.RESTART_COMMUNICATIONS_OPTION:
            line.afterwards(partial(line.restart, clear_log=request.data == _CLEAR_LOG))
        case DiagnosticsCode.CHANGE_ASCII_INPUT_DELIMITER:
            _change_delimiter(line, request.data[:1])
        case DiagnosticsCode.FORCE_LISTEN_ONLY_MODE:
            line.afterwards(line.listen_only)
            return None
        case DiagnosticsCode.CLEAR_COUNTERS_AND_DIAGNOSTIC_REGISTER:
            if isinstance(unit.diagnostic_register, int):
                unit.diagnostic_register = 0
            line.afterwards(line.clear)
        case DiagnosticsCode.CLEAR_OVERRUN_COUNTER_AND_FLAG:
            line.bus_character_overrun_count = 0
        case _:
            raise IllegalFunction
    return request.encode_response(request.data)


def _diagnostic_register(unit: Unit) -> bytes:
    if unit.diagnostic_register is None:
        raise IllegalFunction
    return value_of(unit.diagnostic_register).to_bytes(2, "big")


def _change_delimiter(line: ServerDiagnostics, delimiter: bytes) -> None:
    if line.ascii_delimiter is None:
        raise IllegalFunction
    if delimiter in _PART_OF_A_FRAME:
        raise IllegalDataValue
    line.ascii_delimiter = delimiter


def _get_comm_event_counter(
    line: ServerDiagnostics, _: Unit, request: GetCommEventCounter
) -> bytes:
    return request.encode_response(CommEventCounter(_READY, line.event_count & _WORD))


def _get_comm_event_log(line: ServerDiagnostics, _: Unit, request: GetCommEventLog) -> bytes:
    counts = (line.event_count & _WORD, line.bus_message_count & _WORD)
    return request.encode_response(CommEventLog(_READY, *counts, line.events))


def _word(count: int) -> bytes:
    return (count & _WORD).to_bytes(2, "big")


DIAGNOSTICS: Mapping[RequestType, Service] = {
    ReadExceptionStatus: SuppliedService("exception_status", _read_exception_status),
    Diagnostics: DiagnosticsService(_diagnose),
    GetCommEventCounter: LineService(_get_comm_event_counter),
    GetCommEventLog: LineService(_get_comm_event_log),
}
"""The services of what a server says of itself and its line."""
