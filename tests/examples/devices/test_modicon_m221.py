"""Modicon M221: the order of words is the controller's, the rest the program's."""

from typing import Literal

import pytest

from examples.devices.modicon_m221 import Oven
from modbus_schema import Device, EncodeError
from tests.examples.devices.bench import HOLDING, bank_of, by_pymodbus, has_words, served, simulated

STATE = Oven(
    is_on=True,
    has_fault=False,
    cycles=40_000,
    correction=-7,
    target=180.5,
    temperature=21.25,
)
HEAD = [0x0001, 40_000, 0xFFF9]
FLOATS: dict[Literal["big", "little"], list[int]] = {
    "big": [0x4334, 0x8000, 0x41AA, 0x0000],
    "little": [0x8000, 0x4334, 0x0000, 0x41AA],
}


@pytest.mark.parametrize("word_order", FLOATS)
def test_a_float_is_two_words_of_either_order(word_order: Literal["big", "little"]) -> None:
    """The same program, two controllers; words of one register are alike in both."""
    words = {0: HEAD, 10: FLOATS[word_order]}
    with simulated(STATE, word_order=word_order) as bench:
        assert bench.has_words(HOLDING, words)
        assert bench.device.read() == STATE
    with served(bank_of(HOLDING, words)) as client:
        assert Device(client, Oven, word_order=word_order).read() == STATE


def test_the_words_are_those_of_pymodbus() -> None:
    """Somebody else's conversion, in both orders."""
    for word_order, words in FLOATS.items():
        assert by_pymodbus("FLOAT32", word_order)(180.5) == words[:2]


def test_the_wrong_order_is_a_wrong_value_and_no_error() -> None:
    """Which is why it has to be said."""
    with served(bank_of(HOLDING, {10: FLOATS["little"]})) as client:
        assert Device(client, Oven).read(Oven.target) != 180.5
        assert Device(client, Oven, word_order="little").read(Oven.target) == 180.5


def test_writes_go_out_in_the_same_order() -> None:
    """A float and a word are two requests, for there is a hole between them."""
    with simulated(STATE, word_order="little") as bench:
        bench.device.write(Oven.target.to(21.25), Oven.correction.to(50))
        assert has_words(bench.client, HOLDING, {2: [50], 10: [0x0000, 0x41AA]})
        with pytest.raises(EncodeError, match=r"target: holding\[10\.\.11\]: 300.5 is above"):
            bench.device.write(Oven.target.to(300.5))
