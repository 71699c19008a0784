"""What a failure means, the same for every client: was a write applied, may a read be repeated."""

from __future__ import annotations

from collections.abc import Iterable

from modbus_wire.codes import ExceptionCode
from modbus_wire.errors import (
    ConnectError,
    ConnectionClosedError,
    ExceptionResponse,
    ModbusError,
    ProtocolError,
    RequestError,
    ResponseTimeout,
    ServerDeviceBusy,
)
from modbus_wire.pdu.base import AnyRequest, Request

_NOT_APPLIED = (
    ExceptionCode.ILLEGAL_FUNCTION,
    ExceptionCode.ILLEGAL_DATA_ADDRESS,
    ExceptionCode.ILLEGAL_DATA_VALUE,
    ExceptionCode.SERVER_DEVICE_BUSY,
    ExceptionCode.GATEWAY_PATH_UNAVAILABLE,
)
"""The refusals after which nothing has been written."""

_PASSING = (ResponseTimeout, ConnectionClosedError, ProtocolError, ServerDeviceBusy)
"""Failures that the next attempt may not meet."""


def check_reads(requests: Iterable[AnyRequest], peer: str, unit_id: int) -> None:
    """Raise `RequestError` for a request that is no read, TypeError for what is no request."""
    for request in requests:
        try:
            writes = request.writes
        except AttributeError:
            check_request(request)
            raise
        if writes:
            error = RequestError("read_many reads only")
            blame(error, request, peer, unit_id)
            raise error


def check_request(request: object) -> None:
    """Raise TypeError for what is no request."""
    if not isinstance(request, Request):
        raise TypeError(f"{request!r} is no request")


def blame(error: ModbusError, request: AnyRequest, peer: str, unit_id: int) -> None:
    """Say in an error what failed, and with whom."""
    error.request = request
    error.peer = f"{peer} unit {unit_id}"


def note_outcome(error: BaseException, request: AnyRequest, *, sent: bool) -> None:
    """Say in the error of a write whether it may have been applied; ``sent``: it was sent whole."""
    if not request.writes or not isinstance(error, ModbusError):
        return
    if isinstance(error, ExceptionResponse):
        error.may_have_been_applied = error.code not in _NOT_APPLIED
    else:
        error.may_have_been_applied = sent and not isinstance(error, ConnectError)


def is_worth_a_retry(error: BaseException, request: AnyRequest) -> bool:
    """Whether a request may be repeated after an error: a read only, and no final refusal."""
    return not request.writes and isinstance(error, _PASSING)
