"""FC 20, 21 and 24: limits, bad arguments, bad requests, answers that do not fit."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modbus_wire.errors import (
    IllegalDataAddress,
    IllegalDataValue,
    MemoryParityError,
    RequestError,
    ResponseMismatch,
)
from modbus_wire.pdu.fifo import ReadFifoQueue
from modbus_wire.pdu.files import FileData, FileRecord, ReadFileRecord, WriteFileRecord
from modbus_wire.pdu.registry import request_length, response_length

words = st.integers(0, 0xFFFF)
files = st.integers(1, 65535)
places = st.builds(FileRecord, files, st.integers(0, 9990), st.integers(1, 9))
parts = st.builds(FileData, files, st.integers(0, 9990), st.lists(words, min_size=1, max_size=9))


@given(st.lists(places, min_size=1, max_size=12), st.data())
def test_read_goes_both_ways(records: list[FileRecord], data: st.DataObject) -> None:
    """A server reads what a client asks, and the client what the server answers."""
    request = ReadFileRecord(records)
    pdu = request.encode()
    assert ReadFileRecord.decode(pdu) == request
    assert request_length(pdu[:2]) == len(pdu)
    result = [
        data.draw(st.lists(words, min_size=place.quantity, max_size=place.quantity))
        for place in records
    ]
    response = request.encode_response(result)
    assert request.decode_response(response) == result
    assert response_length(response[:2]) == len(response)


@given(st.lists(parts, min_size=1, max_size=9))
def test_write_goes_both_ways(records: list[FileData]) -> None:
    """A server reads the registers a client writes, and repeats the request."""
    request = WriteFileRecord(records)
    pdu = request.encode()
    decoded = WriteFileRecord.decode(pdu)
    assert decoded == request
    assert [part.values for part in decoded.records] == [part.values for part in records]
    assert [part.quantity for part in decoded.records] == [len(part.values) for part in records]
    assert request_length(pdu[:2]) == response_length(pdu[:2]) == len(pdu)
    assert decoded.encode_response() == pdu
    request.decode_response(pdu)


@given(words, st.lists(words, max_size=31))
def test_queue_goes_both_ways(address: int, values: list[int]) -> None:
    """Up to 31 registers of a queue, none included."""
    request = ReadFifoQueue(address)
    assert ReadFifoQueue.decode(request.encode()) == request
    response = request.encode_response(values)
    assert request.decode_response(response) == values
    assert response_length(response[:3]) == len(response)
    assert response_length(response[:2]) is None


def test_reads_fill_a_pdu_and_no_more() -> None:
    """Request and answer have to fit 253 bytes (AP §6.14)."""
    assert len(ReadFileRecord([FileRecord(1, i) for i in range(35)]).encode()) == 247
    request = ReadFileRecord([FileRecord(1, 0, 124)])
    assert len(request.encode_response([[0] * 124])) == 252
    most = [FileRecord(1, 0, 60), FileRecord(1, 0, 63)]
    assert len(ReadFileRecord(most).encode_response([[0] * 60, [0] * 63])) == 252
    for records in (
        [],
        [FileRecord(1, i) for i in range(36)],
        [FileRecord(1, 0, 125)],
        [FileRecord(1, 0, 60), FileRecord(1, 0, 64)],
    ):
        with pytest.raises(RequestError):
            ReadFileRecord(records)


def test_writes_fill_a_pdu_and_no_more() -> None:
    """Length 9 to 251 (AP §6.15)."""
    assert len(WriteFileRecord([FileData(1, 0, [7])]).encode()) == 11
    assert len(WriteFileRecord([FileData(1, 0, [7] * 122)]).encode()) == 253
    for records in ([], [FileData(1, 0, [7] * 123)], [FileData(1, 0, [7] * 60)] * 2):
        with pytest.raises(RequestError):
            WriteFileRecord(records)


@pytest.mark.parametrize("file", [0, -1, 65536, 1.0, None])
@pytest.mark.parametrize(
    "make", [lambda file: FileRecord(file, 0), lambda file: FileData(file, 0, [1])]
)
def test_no_such_file(make: Any, file: Any) -> None:
    """Files are 1 to 65535."""
    make(1)
    make(65535)
    with pytest.raises(RequestError, match="file"):
        make(file)


@pytest.mark.parametrize(("record", "quantity"), [(-1, 1), (10000, 1), (9999, 2), (0.0, 1), (0, 0)])
def test_no_such_records(record: Any, quantity: int) -> None:
    """Records are 0 to 9999, and a record has to be read or written."""
    FileRecord(1, 9999)
    FileData(1, 9998, [1, 2])
    with pytest.raises(RequestError):
        FileRecord(1, record, quantity)
    with pytest.raises(RequestError):
        FileData(1, record, [1] * quantity)


def test_values_of_a_file_are_registers() -> None:
    """Nothing is wrapped."""
    for value in (-1, 65536, 1.5):
        with pytest.raises(RequestError, match="no register value"):
            FileData(1, 0, [value])  # type: ignore[list-item]  # wrong on purpose


@pytest.mark.parametrize("address", [-1, 65536, 1.0, None])
def test_no_such_queue(address: Any) -> None:
    """An address of a queue is one of the table."""
    with pytest.raises(RequestError, match="address"):
        ReadFifoQueue(address)


@pytest.mark.parametrize(
    "pdu",
    [
        *("14", "14 00", "14 07", "14 06 06 0001 0000 00", "14 07 06 0001 0000 0001 00"),
        *("14 08 06 0001 0000 0001 00", "14 0E 06 0001 0000 0001", "14 07 06 0001 0000 0000"),
        f"14 FC {'06 0001 0000 0001' * 36}",
        "14 07 06 0001 0000 007D",
        f"14 0E {'06 0001 0000 003F' * 2}",
        *("15", "15 00", "15 07 06 0001 0000 0000", "15 08 06 0001 0000 0001 00"),
        *("15 09 06 0001 0000 0001 00", "15 09 06 0001 0000 0001 0000 00"),
        *("15 09 06 0001 0000 0002 0000", "15 09 06 0001 0000 0000 0000"),
        "15 0B 06 0001 0000 0001 0000 0000",
        "15 10 06 0001 0000 0001 0000 06 0001 0000 0000",
        f"15 FD 06 0001 0000 007B {'00' * 246}",
        *("18", "18 00", "18 0000 00"),
    ],
)
def test_badly_built_request_is_an_illegal_value(pdu: str) -> None:
    """Sizes and byte counts come first: exception 03."""
    data = bytes.fromhex(pdu)
    kinds: dict[int, Any] = {0x14: ReadFileRecord, 0x15: WriteFileRecord, 0x18: ReadFifoQueue}
    with pytest.raises(IllegalDataValue):
        kinds[data[0]].decode(data)


@pytest.mark.parametrize(
    "group", ["05 0001 0000 0001", "06 0000 0000 0001", "06 0001 2710 0001", "06 0001 270F 0002"]
)
def test_place_that_cannot_be_is_an_illegal_address(group: str) -> None:
    """Reference type, file and record come second, in any of the groups: exception 02."""
    good = "06 0001 0000 0001"
    for groups in (group, good + group):
        data = bytes.fromhex(groups)
        with pytest.raises(IllegalDataAddress):
            ReadFileRecord.decode(bytes((0x14, len(data))) + data)
    quantity = int(group[-1])
    for groups in (f"{group} {'00' * 2 * quantity}", f"{good} 0000 {group} {'00' * 2 * quantity}"):
        data = bytes.fromhex(groups)
        with pytest.raises(IllegalDataAddress):
            WriteFileRecord.decode(bytes((0x15, len(data))) + data)


def test_sizes_come_before_places() -> None:
    """A request that is wrong in both ways is exception 03."""
    with pytest.raises(IllegalDataValue):
        ReadFileRecord.decode(bytes.fromhex("14 0E 05 0000 0000 0001 06 0001 0000 0000"))
    with pytest.raises(IllegalDataValue):
        WriteFileRecord.decode(bytes.fromhex("15 0A 05 0000 0000 0001 0000 00"))


@pytest.mark.parametrize(
    "response",
    [
        *("", "14", "14 00", "14 05 05 06 0001 0002", "15 06 05 06 0001 0002", "94"),
        *("14 06 05 07 0001 0002", "14 06 04 06 0001 0002", "14 04 03 06 0001"),
        *("14 06 05 06 0001 0002 00", "14 08 05 06 0001 0002 0003", "14 06 01 06 03 06 0001"),
    ],
)
def test_answer_of_another_shape_is_a_mismatch(response: str) -> None:
    """Another function, size, length or reference type never becomes registers."""
    with pytest.raises(ResponseMismatch):
        ReadFileRecord([FileRecord(1, 0, 2)]).decode_response(bytes.fromhex(response))


@given(st.data())
def test_any_change_in_the_echo_of_a_write_is_a_mismatch(data: st.DataObject) -> None:
    """A write is done only when the response repeats it to the byte."""
    request = WriteFileRecord([FileData(1, 0, [1, 2])])
    echo = request.encode()
    changed = bytearray(echo)
    at = data.draw(st.integers(0, len(echo) - 1))
    changed[at] = data.draw(st.integers(0, 255))
    assume(changed != echo)
    for response in (bytes(changed), echo[:at], echo + b"\0"):
        with pytest.raises(ResponseMismatch):
            request.decode_response(response)


@pytest.mark.parametrize(
    "response",
    [
        *("", "18", "18 00", "18 0002", "18 0002 00", "18 0002 0001", "18 0004 0000 0001"),
        *("18 0004 0001 0001 00", "18 0004 0001 00", "18 0006 0002 0001", "17 0002 0000"),
        f"18 0042 0020 {'0000' * 32}",
    ],
)
def test_queue_of_another_shape_is_a_mismatch(response: str) -> None:
    """Both counts have to be right, and a queue has at most 31 registers."""
    with pytest.raises(ResponseMismatch):
        ReadFifoQueue(0).decode_response(bytes.fromhex(response))


def test_queue_that_is_too_long_is_refused() -> None:
    """A server with more than 31 registers in a queue answers exception 03 (AP §6.18)."""
    with pytest.raises(IllegalDataValue):
        ReadFifoQueue(0).encode_response([0] * 32)


def test_exceptions_are_raised() -> None:
    """Extended memory that fails its check is exception 08."""
    with pytest.raises(MemoryParityError):
        ReadFileRecord([FileRecord(1, 0)]).decode_response(b"\x94\x08")
    with pytest.raises(MemoryParityError):
        WriteFileRecord([FileData(1, 0, [1])]).decode_response(b"\x95\x08")


@given(st.sampled_from([ReadFileRecord, WriteFileRecord, ReadFifoQueue]), st.binary(max_size=30))
def test_arbitrary_bytes_decode_or_are_refused(kind: Any, rest: bytes) -> None:
    """What decodes encodes to the same bytes; the byte count is made right half of the time."""
    for body in (rest, bytes((len(rest),)) + rest):
        pdu = bytes((kind.function_code,)) + body
        try:
            request = kind.decode(pdu)
        except (IllegalDataValue, IllegalDataAddress):
            continue
        assert request.encode() == pdu
