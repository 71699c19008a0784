"""Services of a unit's files: FC 20 and 21."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modbus_wire.errors import IllegalFunction
from modbus_wire.pdu.files import FileRecord, ReadFileRecord, WriteFileRecord
from modbus_wire.services.base import RequestType, Service, SuppliedService
from modbus_wire.unit import Files, Unit


def _read_file_record(unit: Unit, request: ReadFileRecord) -> bytes:
    files = _files_of(unit)
    return request.encode_response([_read(files, place) for place in request.records])


def _read(files: Files, place: FileRecord) -> Sequence[int]:
    values = files.read_record(place.file, place.record, place.quantity)
    if len(values) != place.quantity:
        raise ValueError(f"the files gave {len(values)} registers for {place!r}")
    return values


def _write_file_record(unit: Unit, request: WriteFileRecord) -> bytes:
    _files_of(unit).write_records(request.records)
    return request.encode_response()


def _files_of(unit: Unit) -> Files:
    if unit.files is None:
        raise IllegalFunction
    return unit.files


FILES: Mapping[RequestType, Service] = {
    ReadFileRecord: SuppliedService("files", _read_file_record),
    WriteFileRecord: SuppliedService("files", _write_file_record),
}
"""The services of files."""
