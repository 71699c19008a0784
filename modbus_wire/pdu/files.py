"""The requests for records of files: FC 20 and 21 (AP §6.14, §6.15)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from struct import Struct

from modbus_wire.codes import MAX_FILE, MAX_PDU, MAX_RECORD, FunctionCode
from modbus_wire.errors import IllegalDataAddress, IllegalDataValue, RequestError
from modbus_wire.pdu.base import Request, WriteRequest
from modbus_wire.pdu.registers import pack_registers, unpack_registers
from modbus_wire.pdu.value import Value, checked
from modbus_wire.typed import Self, SupportsIndex, TypeVar

T = TypeVar("T")

_GROUP = Struct(">BHHH")
"""Reference type, file number, record number, record length in registers."""

_REFERENCE_TYPE = 6
_HEAD_SIZE = 2
_MAX_DATA = MAX_PDU - _HEAD_SIZE
_MAX_READ_GROUPS = 245
"""Bytes of the groups of a read (AP §6.14)."""

_MIN_WRITE_GROUPS = _GROUP.size + 2


class FileRecord(Value):
    """Where to read: ``quantity`` registers of a file, from a record number on."""

    __slots__ = ("file", "quantity", "record")

    def __init__(self, file: int, record: int, quantity: int = 1) -> None:
        """Take the place: file 1 to 65535, records 0 to 9999; raises `RequestError`."""
        self.file, self.record, self.quantity = _place(file, record, quantity)


class FileData(Value):
    """What to write: registers of a file, from a record number on."""

    __slots__ = ("data", "file", "record")

    def __init__(self, file: int, record: int, values: Iterable[SupportsIndex]) -> None:
        """Take the place, as `FileRecord`, and the registers; raises `RequestError`."""
        self.data = data = pack_registers(values)
        """The registers as bytes, big-endian."""

        self.file, self.record, _ = _place(file, record, len(data) // 2)

    @property
    def quantity(self) -> int:
        """How many registers are written."""
        return len(self.data) // 2

    @property
    def values(self) -> list[int]:
        """The registers to write, from ``record`` on."""
        return unpack_registers(self.data)


class ReadFileRecord(Request[list[list[int]]]):
    """FC 20: read registers of one or more files, a list of them for each record (AP §6.14)."""

    __slots__ = ("records",)

    function_code = FunctionCode.READ_FILE_RECORD.value
    writes = False

    def __init__(self, records: Iterable[FileRecord]) -> None:
        self.records = _all_of(FileRecord, records)
        if not 0 < len(self.records) * _GROUP.size <= _MAX_READ_GROUPS:
            most = _MAX_READ_GROUPS // _GROUP.size
            raise RequestError(f"{len(self.records)} records are not in 1..{most}")
        size = _reply_size(self.records)
        if size > _MAX_DATA:
            raise RequestError(f"the records need {size} bytes of an answer, {_MAX_DATA} at most")

    def encode(self) -> bytes:
        groups = b"".join(_group(place, place.quantity) for place in self.records)
        return bytes((self.function_code, len(groups))) + groups

    @classmethod
    def decode(cls, pdu: bytes) -> Self:
        """Read a request PDU as a server does.

        Raises `IllegalDataValue` for wrong sizes and `IllegalDataAddress` for a reference type,
        file or record number that cannot be.
        """
        groups = pdu[_HEAD_SIZE:]
        if len(groups) % _GROUP.size or not _is_counted(pdu, _GROUP.size, _MAX_READ_GROUPS):
            raise IllegalDataValue
        fields = tuple(_GROUP.iter_unpack(groups))
        self = cls.__new__(cls)
        self.records = tuple(_unchecked(*group) for group in fields)
        if _reply_size(self.records) > _MAX_DATA or not all(r.quantity for r in self.records):
            raise IllegalDataValue
        _check_groups(fields)
        return self

    def encode_response(self, result: Iterable[Sequence[int]]) -> bytes:
        data = b""
        for values in result:
            registers = pack_registers(values)
            data += bytes((len(registers) + 1, _REFERENCE_TYPE)) + registers
        return bytes((self.function_code, len(data))) + data

    def decode_response(self, pdu: bytes) -> list[list[int]]:
        data = self.counted(pdu)
        if len(data) != _reply_size(self.records):
            self.no_answer(pdu)
        result = []
        for place in self.records:
            size = 2 * place.quantity
            if data[:2] != bytes((size + 1, _REFERENCE_TYPE)):
                self.no_answer(pdu)
            result.append(unpack_registers(data[2 : 2 + size]))
            data = data[2 + size :]
        return result

    @classmethod
    def request_length(cls, head: bytes) -> int | None:
        return _HEAD_SIZE + head[1] if len(head) > 1 else None

    @classmethod
    def response_length(cls, head: bytes) -> int | None:
        return _HEAD_SIZE + head[1] if len(head) > 1 else None


class WriteFileRecord(WriteRequest):
    """FC 21: write registers of one or more files (AP §6.15)."""

    __slots__ = ("records",)

    function_code = FunctionCode.WRITE_FILE_RECORD.value

    def __init__(self, records: Iterable[FileData]) -> None:
        self.records = _all_of(FileData, records)
        size = sum(_GROUP.size + len(part.data) for part in self.records)
        if not 0 < size <= _MAX_DATA:
            raise RequestError(f"the records take {size} bytes, 1 to {_MAX_DATA} are possible")

    def encode(self) -> bytes:
        groups = b"".join(_group(part, part.quantity) + part.data for part in self.records)
        return bytes((self.function_code, len(groups))) + groups

    @classmethod
    def decode(cls, pdu: bytes) -> Self:
        """Read a request PDU as a server does; raises as `ReadFileRecord.decode`."""
        if not _is_counted(pdu, _MIN_WRITE_GROUPS, _MAX_DATA):
            raise IllegalDataValue
        fields = []
        records = []
        at = _HEAD_SIZE
        while at < len(pdu):
            if len(pdu) - at < _MIN_WRITE_GROUPS:
                raise IllegalDataValue
            group = _GROUP.unpack_from(pdu, at)
            end = at + _GROUP.size + 2 * group[3]
            if not at + _MIN_WRITE_GROUPS <= end <= len(pdu):
                raise IllegalDataValue
            part = FileData.__new__(FileData)
            _, part.file, part.record, _ = group
            part.data = pdu[at + _GROUP.size : end]
            fields.append(group)
            records.append(part)
            at = end
        _check_groups(fields)
        self = cls.__new__(cls)
        self.records = tuple(records)
        return self

    def encode_response(self, result: None = None) -> bytes:
        return self.encode()

    @classmethod
    def request_length(cls, head: bytes) -> int | None:
        return _HEAD_SIZE + head[1] if len(head) > 1 else None

    @classmethod
    def response_length(cls, head: bytes) -> int | None:
        return _HEAD_SIZE + head[1] if len(head) > 1 else None


def _all_of(kind: type[T], records: Iterable[T]) -> tuple[T, ...]:
    """Return the records; raises `RequestError` for what is none."""
    try:
        found = tuple(records)
    except TypeError as error:
        raise RequestError(f"{records!r} are no records: {error}") from error
    for record in found:
        if not isinstance(record, kind):
            raise RequestError(f"{record!r} is no {kind.__name__}")
    return found


def _unchecked(_: int, file: int, record: int, quantity: int) -> FileRecord:
    """Return a place as a client sent it."""
    place = FileRecord.__new__(FileRecord)
    place.file, place.record, place.quantity = file, record, quantity
    return place


def _group(place: FileRecord | FileData, quantity: int) -> bytes:
    return _GROUP.pack(_REFERENCE_TYPE, place.file, place.record, quantity)


def _reply_size(records: Iterable[FileRecord]) -> int:
    """Return how many bytes of a response follow its byte count."""
    return sum(2 + 2 * place.quantity for place in records)


def _is_counted(pdu: bytes, least: int, most: int) -> bool:
    """Whether a request PDU has the byte count that it says, within the limits."""
    return len(pdu) > 1 and least <= pdu[1] == len(pdu) - _HEAD_SIZE <= most


def _place(file: int, record: int, quantity: int) -> tuple[int, int, int]:
    """Return the place of records; raises `RequestError` where it cannot be."""
    file = checked("file", file, 1, MAX_FILE)
    record = checked("record", record, 0, MAX_RECORD)
    quantity = checked("quantity", quantity, 1, MAX_RECORD + 1)
    if record + quantity > MAX_RECORD + 1:
        raise RequestError(f"{quantity} registers from record {record} on leave 0..{MAX_RECORD}")
    return file, record, quantity


def _check_groups(groups: Iterable[tuple[int, ...]]) -> None:
    """Raise `IllegalDataAddress` for a group that points to no record of any file."""
    for reference_type, file, record, quantity in groups:
        if reference_type != _REFERENCE_TYPE or not file or record + quantity > MAX_RECORD + 1:
            raise IllegalDataAddress
