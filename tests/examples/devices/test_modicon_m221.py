"""Modicon M221: the order of words is the controller's, the rest the program's."""

from collections.abc import Sequence
from typing import Any

import pytest

from examples.devices.modicon_m221 import Oven, OvenLowWordFirst
from modbus_schema import Device, EncodeError
from tests.examples.devices.bench import HOLDING, bank_of, by_pymodbus, has_words, served, simulated

VALUES: dict[str, Any] = {
    "is_on": True,
    "has_fault": False,
    "cycles": 40_000,
    "correction": -7,
    "target": 180.5,
    "temperature": 21.25,
}
HEAD = [0x0001, 40_000, 0xFFF9]


@pytest.mark.parametrize(
    ("model", "floats"),
    [
        (Oven, [0x4334, 0x8000, 0x41AA, 0x0000]),
        (OvenLowWordFirst, [0x8000, 0x4334, 0x0000, 0x41AA]),
    ],
)
def test_a_float_is_two_words_of_either_order(model: type[Oven], floats: Sequence[int]) -> None:
    """The same program, two controllers; words of one register are alike in both."""
    state = model(**VALUES)
    with simulated(state) as bench:
        assert bench.has_words(HOLDING, {0: HEAD, 10: floats})
        assert bench.device.read() == state
    with served(bank_of(HOLDING, {0: HEAD, 10: floats})) as client:
        assert Device(client, model).read() == state


def test_the_words_are_those_of_pymodbus() -> None:
    """Somebody else's conversion, in both orders."""
    assert by_pymodbus("FLOAT32", "big")(180.5) == [0x4334, 0x8000]
    assert by_pymodbus("FLOAT32", "little")(180.5) == [0x8000, 0x4334]


def test_the_wrong_order_is_a_wrong_value_and_no_error() -> None:
    """Which is why it has to be said."""
    with served(bank_of(HOLDING, {10: [0x8000, 0x4334]})) as client:
        assert Device(client, Oven).read(Oven.target) != 180.5
        assert Device(client, OvenLowWordFirst).read(OvenLowWordFirst.target) == 180.5


def test_writes_go_out_in_the_same_order() -> None:
    """A float and a word are two requests, for there is a hole between them."""
    state = OvenLowWordFirst(**VALUES)
    with simulated(state) as bench:
        bench.device.write(OvenLowWordFirst.target.to(21.25), OvenLowWordFirst.correction.to(50))
        assert has_words(bench.client, HOLDING, {2: [50], 10: [0x0000, 0x41AA]})
        with pytest.raises(EncodeError, match=r"target: holding\[10\.\.11\]: 300.5 is above"):
            bench.device.write(OvenLowWordFirst.target.to(300.5))
