"""The service of a unit's queues: FC 24."""

from __future__ import annotations

from collections.abc import Mapping

from modbus_wire.errors import IllegalDataAddress, IllegalFunction
from modbus_wire.pdu.fifo import ReadFifoQueue
from modbus_wire.services.base import RequestType, Service, SuppliedService
from modbus_wire.unit import Unit


def _read_fifo_queue(unit: Unit, request: ReadFifoQueue) -> bytes:
    if unit.fifos is None:
        raise IllegalFunction
    queue = unit.fifos.get(request.address)
    if queue is None:
        raise IllegalDataAddress
    return request.encode_response(list(queue))


FIFO: Mapping[RequestType, Service] = {
    ReadFifoQueue: SuppliedService("fifos", _read_fifo_queue),
}
"""The service of queues."""
