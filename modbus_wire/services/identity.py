"""Services of what a unit is: FC 17 and FC 43/14."""

from __future__ import annotations

from collections.abc import Mapping

from modbus_wire.errors import IllegalFunction
from modbus_wire.identification import part_of
from modbus_wire.pdu.identity import ReadDeviceIdentification, ReportServerId
from modbus_wire.services.base import RequestType, Service, SuppliedService
from modbus_wire.unit import Unit


def _report_server_id(unit: Unit, request: ReportServerId) -> bytes:
    if unit.server_id is None:
        raise IllegalFunction
    return request.encode_response(unit.server_id)


def _read_device_identification(unit: Unit, request: ReadDeviceIdentification) -> bytes:
    if unit.identification is None:
        raise IllegalFunction
    return request.encode_response(part_of(unit.identification, request))


IDENTITY: Mapping[RequestType, Service] = {
    ReportServerId: SuppliedService("server_id", _report_server_id),
    ReadDeviceIdentification: SuppliedService("identification", _read_device_identification),
}
"""The services of what a unit is."""
