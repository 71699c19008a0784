"""Every error of the wire package.

ModbusError
├── RequestError (ValueError)             cannot be encoded; nothing was sent
├── ClientBusy                            too many requests wait already; nothing was sent
├── ConnectError (ConnectionError)        no connection; nothing was sent
├── ConnectionClosedError (ConnectionError)
├── ResponseTimeout (TimeoutError)
├── ProtocolError                         the peer sent what the protocol does not allow
│   ├── FrameError                        bytes that are no frame
│   │   └── CrcError                      a frame with a wrong checksum
│   └── ResponseMismatch                  a frame that does not answer the request
└── ExceptionResponse                     the server refused; one class per exception code (AP §7)
    ├── IllegalFunction                   01
    ├── IllegalDataAddress                02
    ├── IllegalDataValue                  03
    ├── ServerDeviceFailure               04
    ├── Acknowledge                       05
    ├── ServerDeviceBusy                  06
    ├── MemoryParityError                 08
    ├── GatewayPathUnavailable            0A
    └── GatewayTargetFailedToRespond      0B
"""

from __future__ import annotations

from modbus_wire.codes import ExceptionCode
from modbus_wire.typed import ClassVar


class ModbusError(Exception):
    """The root of the tree; catch it to catch all that this project raises."""

    request: object = None
    """The request that failed, or None where there was none."""

    peer: str = ""
    """Who was asked: host, port and unit id; empty where nobody knows."""

    where: str = ""
    """What the request was for: model.field, table and address range; empty where nobody knows."""

    may_have_been_applied: bool = False
    """Whether a write that failed with this error may have taken effect on the device."""

    outcome: object = None
    """What is known of work of several requests that failed with this error; None for nothing."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        if self.request is not None:
            text += f"; in {self.request!r}"
        if self.peer:
            text += f" to {self.peer}"
        if self.may_have_been_applied:
            text += f"; {self.outcome or 'the write may have been applied'}"
        return text


class RequestError(ModbusError, ValueError):
    """A request that cannot be encoded: an argument is outside the protocol's limits."""


class ClientBusy(ModbusError):
    """Too many requests of an async client wait for their turn already."""


class ConnectError(ModbusError, ConnectionError):
    """No connection could be made to the server."""


class ConnectionClosedError(ModbusError, ConnectionError):
    """The connection ended before the response came."""


class ResponseTimeout(ModbusError, TimeoutError):
    """No response within the deadline."""


class ProtocolError(ModbusError):
    """The peer broke the protocol."""


class FrameError(ProtocolError):
    """Bytes that form no frame, such as a length out of range."""


class CrcError(FrameError):
    """A frame whose checksum does not match its bytes (SL §2.5.1.2)."""


class ResponseMismatch(ProtocolError):
    """A well-formed frame that is no answer to the request."""

    transaction_id: int | None = None
    """The transaction that it ended, where others are under way and go on."""


class ExceptionResponse(ModbusError):
    """The server refused the request with an exception code (AP §7)."""

    code: int = 0
    text: ClassVar[str] = "exception"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or f"exception {self.code:02X}, {self.text}")


class IllegalFunction(ExceptionResponse):
    """Exception 01: the server does not know the function code."""

    code = ExceptionCode.ILLEGAL_FUNCTION
    text = "illegal function"


class IllegalDataAddress(ExceptionResponse):
    """Exception 02: an address of the request does not exist on the server."""

    code = ExceptionCode.ILLEGAL_DATA_ADDRESS
    text = "illegal data address"


class IllegalDataValue(ExceptionResponse):
    """Exception 03: the request is badly built, or the device refuses the value."""

    code = ExceptionCode.ILLEGAL_DATA_VALUE
    text = "illegal data value"


class ServerDeviceFailure(ExceptionResponse):
    """Exception 04: the server failed while it carried the request out."""

    code = ExceptionCode.SERVER_DEVICE_FAILURE
    text = "server device failure"


class Acknowledge(ExceptionResponse):
    """Exception 05: the server accepted the request and needs longer to carry it out."""

    code = ExceptionCode.ACKNOWLEDGE
    text = "acknowledge"


class ServerDeviceBusy(ExceptionResponse):
    """Exception 06: the server is busy; ask again later."""

    code = ExceptionCode.SERVER_DEVICE_BUSY
    text = "server device busy"


class MemoryParityError(ExceptionResponse):
    """Exception 08: the server's extended memory failed a consistency check."""

    code = ExceptionCode.MEMORY_PARITY_ERROR
    text = "memory parity error"


class GatewayPathUnavailable(ExceptionResponse):
    """Exception 0A: the gateway has no path to the unit."""

    code = ExceptionCode.GATEWAY_PATH_UNAVAILABLE
    text = "gateway path unavailable"


class GatewayTargetFailedToRespond(ExceptionResponse):
    """Exception 0B: the unit behind the gateway did not answer."""

    code = ExceptionCode.GATEWAY_TARGET_FAILED_TO_RESPOND
    text = "gateway target device failed to respond"


_BY_CODE: dict[int, type[ExceptionResponse]] = {
    int(kind.code): kind for kind in ExceptionResponse.__subclasses__()
}


def exception_for(code: int) -> ExceptionResponse:
    """Return the error that stands for an exception code, known (AP §7) or not."""
    kind = _BY_CODE.get(code)
    if kind is not None:
        return kind()
    error = ExceptionResponse(f"exception {code:02X}, not in the specification")
    error.code = code
    return error
