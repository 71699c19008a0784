"""Errors as pyModbusTCP 0.1.10 reports them: a code, and lines of debug output."""

import socket

from modbus_wire.constants import (
    MB_CONNECT_ERR,
    MB_CRC_ERR,
    MB_EXCEPT_ERR,
    MB_RECV_ERR,
    MB_RESOLVE_ERR,
    MB_SEND_ERR,
    MB_SOCK_CLOSE_ERR,
    MB_TIMEOUT_ERR,
    MODBUS_TCP,
)
from modbus_wire.errors import (
    ConnectError,
    ConnectionClosedError,
    CrcError,
    ExceptionResponse,
    FrameError,
    ModbusError,
    ResponseTimeout,
)
from modbus_wire.framing.mbap import HEADER
from modbus_wire.pdu.base import Request


def connect_error_code(error: ConnectError) -> int:
    """Return the code of a failed ``open()``: the name does not resolve, or nobody answers."""
    unresolved = isinstance(error.__cause__, (socket.gaierror, UnicodeError))
    return MB_RESOLVE_ERR if unresolved else MB_CONNECT_ERR


def request_error_code(error: ModbusError, mode: int) -> int:
    """Return the code of a failed request."""
    if isinstance(error, ExceptionResponse):
        return MB_EXCEPT_ERR
    if isinstance(error, ConnectError):
        return MB_SOCK_CLOSE_ERR
    if isinstance(error, CrcError):
        return MB_CRC_ERR
    if _was_not_sent(error):
        return MB_SEND_ERR
    if isinstance(error, ResponseTimeout) and mode != MODBUS_TCP:
        return MB_TIMEOUT_ERR
    return MB_RECV_ERR


def _was_not_sent(error: ModbusError) -> bool:
    was_link_lost = isinstance(error.__cause__, ConnectError)
    if was_link_lost or not isinstance(error, (ConnectionClosedError, ResponseTimeout)):
        return False
    writes = isinstance(error.request, Request) and error.request.writes
    return writes and not error.may_have_been_applied


def debug_lines(error: ModbusError, name: str, mode: int, received: bytes) -> list[str]:
    """Return what debug mode prints about a failed request of the method ``name``."""
    if isinstance(error, ExceptionResponse):
        return [f"except (code {error.code:d})"]
    if isinstance(error, ConnectError):
        tried = ["connect error"] if error.__cause__ is not None else []
        return [*tried, "call _send on close socket"]
    if isinstance(error, FrameError):
        return _frame_lines(error, mode, received)
    if _was_not_sent(error):
        return ["_send error"]
    if isinstance(error, (ConnectionClosedError, ResponseTimeout)):
        lost = "timeout error" if isinstance(error, ResponseTimeout) else "_recv error"
        return [lost, *_unfinished(mode, received)]
    return [f"{name}(): {error.message}"]


def _frame_lines(error: FrameError, mode: int, received: bytes) -> list[str]:
    message = "CRC error" if isinstance(error, CrcError) else error.message
    dump = frame_dump("Rx", received, mode) if received else []
    return [message, *dump] if mode == MODBUS_TCP else [*dump, message]


def _unfinished(mode: int, received: bytes) -> list[str]:
    if mode != MODBUS_TCP:
        return []
    return ["_recv MBAP error" if len(received) < HEADER.size else "_recv frame body error"]


def frame_dump(label: str, frame: bytes, mode: int) -> list[str]:
    """Return the two lines that show a frame: brackets around the MBAP header or the CRC.

    A TCP frame has its whole header.
    """
    items = [f"{byte:02X}" for byte in frame]
    if mode == MODBUS_TCP:
        items[0] = f"[{items[0]}"
        items[6] += "]"
    elif len(items) > 4:
        items[-2] = f"[{items[-2]}"
        items[-1] += "]"
    return [label, "".join(f"{item} " for item in items)]
