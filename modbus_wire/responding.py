"""What goes out for a request: the response of its service, an exception, or what an order says."""

from __future__ import annotations

from collections.abc import Callable

from modbus_wire.codes import EXCEPTION_FLAG, MAX_PDU
from modbus_wire.errors import ExceptionResponse, ServerDeviceFailure
from modbus_wire.log import logger
from modbus_wire.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from modbus_wire.orders import Order
    from modbus_wire.services.base import RequestType, Service

_MAX_CODE = 0xFF


def checked(response: object) -> bytes | None:
    """Return what a service gave; raises where it is no response PDU."""
    if response is None:
        return None
    if isinstance(response, bytes) and 0 < len(response) <= MAX_PDU:
        return response
    raise ValueError(f"a service gave {response!r}, which is no response PDU")


def refusal(function_code: int, error: BaseException) -> bytes:
    """Return the exception response that tells the client of an error."""
    if not (isinstance(error, ExceptionResponse) and 0 < error.code <= _MAX_CODE):
        logger("modbus_wire.handler").error(
            "function code %d failed", function_code, exc_info=error
        )
        error = ServerDeviceFailure()
    return bytes((function_code | EXCEPTION_FLAG, error.code))


def refusing(error: ExceptionResponse) -> tuple[RequestType, Service]:
    """Return the class of requests whose function is not there, and the service that says so."""
    from modbus_wire.pdu.raw import RawPdu

    def refuse(*_: object) -> bytes | None:
        raise error

    return RawPdu, refuse


def ordered(
    order: Order, function_code: int, carry_out: Callable[[], bytes | None]
) -> bytes | None:
    """Return what an order makes of a request, which ``carry_out`` carries out."""

    def respond(error: ExceptionResponse | None = None) -> bytes | None:
        try:
            if error is not None:
                raise error
            return checked(carry_out())
        except (Exception, SystemExit) as failure:
            return refusal(function_code, failure)

    from modbus_wire.orders import Order

    if not isinstance(order, Order):
        raise TypeError(f"before_request gave {order!r}, which is no Order")
    return order.answer(respond)
