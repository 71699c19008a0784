"""FC 17 and FC 43/14: arguments, requests, answers that do not fit."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_wire.errors import (
    IllegalDataAddress,
    IllegalDataValue,
    IllegalFunction,
    RequestError,
    ResponseMismatch,
)
from modbus_wire.pdu.identity import (
    DeviceIdentification,
    IdentificationPart,
    ReadDeviceIdCode,
    ReadDeviceIdentification,
    ReportServerId,
    ServerId,
)
from modbus_wire.pdu.registry import request_length, response_length

bytes_of_pdu = st.integers(0, 255)
small_objects = st.dictionaries(bytes_of_pdu, st.binary(max_size=20), max_size=10)


@given(st.binary(max_size=120), st.booleans(), st.binary(max_size=120))
def test_server_id_goes_both_ways(identifier: bytes, is_running: bool, more: bytes) -> None:
    """The size of the id is known to whoever asks."""
    result = ServerId(identifier, is_running, more)
    request = ReportServerId(len(identifier))
    response = request.encode_response(result)
    assert request.decode_response(response) == result
    assert response_length(response[:2]) == len(response)
    assert ReportServerId.decode(request.encode()) == ReportServerId()


@pytest.mark.parametrize("size", [-1, 251, 1.0, None])
def test_no_size_of_a_server_id(size: Any) -> None:
    """It has to leave room for the run indicator."""
    with pytest.raises(RequestError, match="id_size"):
        ReportServerId(size)


@pytest.mark.parametrize("pdu", ["11 00", "11 11"])
def test_server_id_takes_no_argument(pdu: str) -> None:
    """A request is its function code alone."""
    assert request_length(bytes.fromhex(pdu)) == 1
    with pytest.raises(IllegalDataValue):
        ReportServerId.decode(bytes.fromhex(pdu))


@pytest.mark.parametrize(
    "response",
    ["", "11", "11 00", "11 01 FF", "11 02 01 FE", "11 03 01 FF", "11 01 01 FF", "07 02"],
)
def test_no_server_id(response: str) -> None:
    """Without a run indicator where the id ends, nobody knows what the bytes are."""
    with pytest.raises(ResponseMismatch):
        ReportServerId(1).decode_response(bytes.fromhex(response))


def test_a_missing_run_indicator_is_named() -> None:
    """The usual cause is another size of the id, so the error says which was taken."""
    with pytest.raises(ResponseMismatch, match="run indicator after an id of 2 bytes"):
        ReportServerId(2).decode_response(bytes.fromhex("11 04 01 FF 41 42"))


@given(st.integers(1, 4), bytes_of_pdu, bytes_of_pdu, st.booleans(), bytes_of_pdu, small_objects)
def test_identification_goes_both_ways(
    code: int, first: int, level: int, more: bool, following: int, objects: dict[int, bytes]
) -> None:
    """Request and answer; the length is known as soon as the sizes of all objects are."""
    request = ReadDeviceIdentification(code, first)
    assert ReadDeviceIdentification.decode(request.encode()) == request
    result = IdentificationPart(level, more, following, objects)
    response = request.encode_response(result)
    assert request.decode_response(response) == result
    told = [response_length(response[:size]) for size in range(len(response) + 1)]
    assert told[-1] == len(response)
    assert all(size is None or size <= len(response) for size in told)
    whole = [size for size, length in enumerate(told) if length is not None and length <= size]
    assert whole == [len(response)]


@pytest.mark.parametrize("code", [0, 5, -1, 1.0, "1", None])
def test_no_read_device_id_code(code: Any) -> None:
    """1 to 4; a server answers another one with exception 03."""
    with pytest.raises(RequestError, match="code"):
        ReadDeviceIdentification(code)
    if isinstance(code, int) and code >= 0:
        with pytest.raises(IllegalDataValue):
            ReadDeviceIdentification.decode(bytes((0x2B, 0x0E, code, 0)))


@pytest.mark.parametrize("object_id", [-1, 256, 1.0, None])
def test_no_object_id(object_id: Any) -> None:
    """One byte."""
    with pytest.raises(RequestError, match="object id"):
        ReadDeviceIdentification(1, object_id)


@pytest.mark.parametrize("pdu", ["2B", "2B 0E", "2B 0E 01", "2B 0E 01 00 00"])
def test_badly_built_request(pdu: str) -> None:
    """Another size is exception 03."""
    with pytest.raises(IllegalDataValue):
        ReadDeviceIdentification.decode(bytes.fromhex(pdu))


@pytest.mark.parametrize("pdu", ["2B 0D", "2B 0D 01 00", "2B 0F 01 00 00 00"])
def test_another_encapsulated_interface(pdu: str) -> None:
    """It is exception 01, whatever follows, and nobody knows how long it is."""
    data = bytes.fromhex(pdu)
    with pytest.raises(IllegalFunction):
        ReadDeviceIdentification.decode(data)
    for length in (request_length, response_length):
        assert length(data[:1]) is None
        with pytest.raises(KeyError):
            length(data)


@pytest.mark.parametrize(
    "response",
    [
        *("", "2B", "2B 0E", "2B 0E 01 01 00 00", "2B 0D 01 01 00 00 00", "07 0E 01 01 00 00 00"),
        *("2B 0E 02 01 00 00 00", "2B 0E 01 01 00 00 01", "2B 0E 01 01 00 00 01 00"),
        *("2B 0E 01 01 00 00 01 00 02 41", "2B 0E 01 01 00 00 02 00 01 41 01"),
        *("2B 0E 01 01 00 00 00 00", "2B 0E 01 01 00 00 01 00 01 41 42"),
    ],
)
def test_no_identification(response: str) -> None:
    """Another code, objects that are cut off and bytes behind them never become an answer."""
    with pytest.raises(ResponseMismatch):
        ReadDeviceIdentification(1).decode_response(bytes.fromhex(response))


def test_exceptions_are_raised() -> None:
    """A single object that is not there is exception 02."""
    with pytest.raises(IllegalDataAddress):
        ReadDeviceIdentification(4, 9).decode_response(b"\xab\x02")


def test_named_objects_are_texts() -> None:
    """The seven objects of AP §6.21, None where there is none; bytes are never lost."""
    device = DeviceIdentification.of(
        "Acme",
        "HP9",
        "V1.2",
        vendor_url="https://acme.example",
        product_name="Heat pump",
        model_name="9000",
        user_application_name="Kühlung",
        extended={0x80: b"\xff\x00"},
    )
    assert device.vendor_name == "Acme"
    assert device.product_code == "HP9"
    assert device.revision == "V1.2"
    assert device.vendor_url == "https://acme.example"
    assert device.product_name == "Heat pump"
    assert device.model_name == "9000"
    assert device.user_application_name == "Kühlung"
    assert list(device.objects) == [0, 1, 2, 3, 4, 5, 6, 0x80]
    bare = DeviceIdentification({0: b"\xffA"})
    assert bare.vendor_name == "\\xffA"
    assert bare.product_code is bare.model_name is None


@pytest.mark.parametrize(
    ("ids", "level"), [([], 0x81), ([0, 2], 0x81), ([3], 0x82), ([0, 127], 0x82), ([128], 0x83)]
)
def test_conformity_level_follows_from_the_objects(ids: list[int], level: int) -> None:
    """It is the highest category that has an object; one that is given is kept."""
    objects = dict.fromkeys(ids, b"x")
    assert DeviceIdentification(objects).conformity_level == level
    assert DeviceIdentification(objects, 1).conformity_level == 1


@pytest.mark.parametrize("objects", [{-1: b""}, {256: b""}, {0: bytes(245)}])
def test_objects_that_no_pdu_carries(objects: dict[int, bytes]) -> None:
    """An id is one byte, and an object is not divided."""
    DeviceIdentification({0: bytes(244), 255: b""})
    with pytest.raises(ValueError, match="object"):
        DeviceIdentification(objects)


def test_codes_are_those_of_the_specification() -> None:
    """AP §6.21: three categories and one object."""
    assert [code.value for code in ReadDeviceIdCode] == [1, 2, 3, 4]
