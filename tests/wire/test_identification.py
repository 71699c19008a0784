"""The identification of a device over several exchanges: both ends against each other and alone."""

from collections.abc import Callable
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
from modbus_wire.flows import Step, run_flow
from modbus_wire.identification import part_of, read_identification
from modbus_wire.pdu.identity import DeviceIdentification, ReadDeviceIdentification

LAST = {1: 2, 2: 127, 3: 255}


def answers(pdus: dict[str, str]) -> Callable[[Step], Any]:
    """Return what asks a device that gives these response PDUs."""
    by_bytes = {bytes.fromhex(asked): bytes.fromhex(given) for asked, given in pdus.items()}

    def ask(step: Step) -> Any:
        assert isinstance(step, ReadDeviceIdentification)
        return step.decode_response(by_bytes[step.encode()])

    return ask


def device(identification: DeviceIdentification, asked: list[int]) -> Callable[[Step], Any]:
    """Return what asks a server, through the bytes, and notes the objects asked for."""

    def ask(step: Step) -> Any:
        assert isinstance(step, ReadDeviceIdentification)
        asked.append(step.object_id)
        request = ReadDeviceIdentification.decode(step.encode())
        response = request.encode_response(part_of(identification, request))
        assert len(response) <= 253
        return step.decode_response(response)

    return ask


def test_two_transactions_of_the_specification() -> None:
    """AP §6.21: the second answer brings the object that did not fit the first."""
    ask = answers(
        {
            "2B 0E 01 00": f"2B 0E 01 01 FF 02 02 00 16 {b'Company identification'.hex()}"
            f"01 1C {b'Product code XXXXXXXXXXXXXXX'.hex()}",
            "2B 0E 01 02": f"2B 0E 01 01 00 00 01 02 05 {b'V2.11'.hex()}",
        }
    )
    found = run_flow(read_identification(1), ask)
    assert found.conformity_level == 1
    assert found.vendor_name == "Company identification"
    assert found.product_code == "Product code XXXXXXXXXXXXXXX"
    assert found.revision == "V2.11"


@given(
    st.dictionaries(st.integers(0, 255), st.binary(max_size=244), max_size=12),
    st.integers(1, 3),
    st.integers(0, 255),
)
def test_both_ends_agree(objects: dict[int, bytes], category: int, first: int) -> None:
    """Whatever the sizes, a client gets the objects of the category from the one it asks on."""
    identification = DeviceIdentification(objects, 0x83)
    asked: list[int] = []
    found = run_flow(read_identification(category, first), device(identification, asked))
    ids = [key for key in sorted(objects) if key <= LAST[category]]
    start = first if first in ids else 0
    assert found.objects == {key: objects[key] for key in ids if key >= start}
    assert len(asked) == len(set(asked)) <= max(1, len(ids))


@pytest.mark.parametrize("level", [0x01, 0x81, 0x02, 0x82, 0x03, 0x83])
def test_a_category_beyond_the_conformity_level(level: int) -> None:
    """The device answers with the highest it has (AP §6.21)."""
    objects = {0: b"a", 3: b"b", 128: b"c"}
    found = run_flow(read_identification(3), device(DeviceIdentification(objects, level), []))
    assert list(found.objects) == [0, 3, 128][: level & 0x7F]
    assert found.conformity_level == level


def test_one_object() -> None:
    """It comes alone; an id that is not there is exception 02."""
    identification = DeviceIdentification({0: b"a", 128: b"c"})
    found = run_flow(read_identification(4, 128), device(identification, []))
    assert found.objects == {128: b"c"}
    with pytest.raises(IllegalDataAddress):
        part_of(identification, ReadDeviceIdentification(4, 1))
    with pytest.raises(IllegalDataValue):
        part_of(DeviceIdentification({0: b"a"}, 1), ReadDeviceIdentification(4, 0))


def test_one_object_is_asked_once() -> None:
    """Whatever the device says about further ones."""
    ask = answers({"2B 0E 04 05": "2B 0E 04 81 FF 06 01 05 01 41"})
    assert run_flow(read_identification(4, 5), ask).model_name == "A"


@pytest.mark.parametrize("following", range(3))
def test_a_device_that_leads_in_a_circle(following: int) -> None:
    """More objects that begin where was asked already are an error, not an endless read."""
    ask = answers(
        {
            "2B 0E 01 00": "2B 0E 01 01 FF 01 01 00 01 41",
            "2B 0E 01 01": "2B 0E 01 01 FF 02 01 01 01 42",
            "2B 0E 01 02": f"2B 0E 01 01 FF 0{following} 01 02 01 43",
        }
    )
    with pytest.raises(ResponseMismatch, match=f"from object {following} on, again"):
        run_flow(read_identification(1), ask)


def test_a_device_that_never_ends() -> None:
    """At most 256 exchanges, as many as there are ids."""
    asked: list[int] = []

    def ask(step: Step) -> Any:
        assert isinstance(step, ReadDeviceIdentification)
        asked.append(step.object_id)
        following = (step.object_id + 1) % 256
        return step.decode_response(bytes((0x2B, 0x0E, 3, 3, 0xFF, following, 0)))

    with pytest.raises(ResponseMismatch, match="again"):
        run_flow(read_identification(3), ask)
    assert asked == list(range(256))


def test_a_refusal_in_the_middle_is_the_outcome() -> None:
    """All or nothing."""
    ask = answers({"2B 0E 01 00": "2B 0E 01 01 FF 01 00", "2B 0E 01 01": "AB 01"})
    with pytest.raises(IllegalFunction):
        run_flow(read_identification(1), ask)


def test_nothing_is_asked_with_bad_arguments() -> None:
    """They raise before the first step."""
    for category, object_id in ((0, 0), (5, 0), (1, 256), (1, -1)):
        with pytest.raises(RequestError):
            run_flow(read_identification(category, object_id), answers({}))
