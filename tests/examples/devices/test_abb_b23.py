"""ABB B23: what is not measured is None, by the pattern of its type."""

import pytest

from examples.devices.abb_b23 import B23
from modbus_schema import DefinitionError, Device, EncodeError, simulate
from modbus_wire import Client
from tests.examples.devices.bench import HOLDING, bank_of, by_pymodbus, served, simulated

STATE = B23(
    imported=42949673.0,
    exported=0.01,
    phases_imported=(1.0, None, 655.36),
    phases_exported=(None, None, None),
    voltages=(230.1, None, 0.0),
    currents=(16.04, None, None),
    power=-3690.6,
    powers=(-3690.6, None, 21474836.46),
    frequency=50.02,
    power_factor=-0.995,
    power_factors=(1.0, None, 32.766),
)
WORDS = {
    0x5000: [0x0000, 0x0001, 0x0000, 0x0004],
    0x5004: [0x0000, 0x0000, 0x0000, 0x0001],
    0x5460: [*(0, 0, 0, 100), *[0xFFFF] * 4, *(0, 0, 1, 0)],
    0x546C: [0xFFFF] * 12,
    0x5B00: [*(0x0000, 0x08FD), *(0xFFFF, 0xFFFF), *(0, 0)],
    0x5B0C: [*(0x0000, 0x0644), *[0xFFFF] * 4],
    0x5B14: [*(0xFFFA, 0x5E5C), *(0xFFFA, 0x5E5C), *(0x7FFF, 0xFFFF), *(0x7FFF, 0xFFFE)],
    0x5B2C: [0x138A],
    0x5B3A: [0xFC1D, 0x03E8, 0x7FFF, 0x7FFE],
}
"""Hundredths, tenths and thousandths, converted by hand."""


def test_three_requests_bring_the_meter() -> None:
    """The items of an array are missing each for itself."""
    with simulated(STATE) as bench:
        assert bench.has_words(HOLDING, WORDS)
        bench.asked.clear()
        assert bench.device.read() == STATE
        assert bench.asked == [(3, 0x5000, 8), (3, 0x5460, 24), (3, 0x5B00, 62)]


def test_the_words_are_those_of_pymodbus() -> None:
    """Somebody else's conversion of the same integers."""
    assert by_pymodbus("INT32")(-369060) == WORDS[0x5B14][:2]
    assert by_pymodbus("UINT64")(4294967300) == WORDS[0x5000]


def test_a_meter_of_one_phase() -> None:
    """Registers by hand, all of the other phases invalid: None, and no huge numbers."""
    words = {
        0x5000: [0, 0, 0, 12345, *[0xFFFF] * 4],
        0x5460: [0, 0, 0, 12345, *[0xFFFF] * 20],
        0x5B00: [0, 2301, *[0xFFFF] * 10, 0, 150, *[0xFFFF] * 4, *[0, 0]],
        0x5B14: [0, 34515, 0, 34515, *[0x7FFF, 0xFFFF] * 2, *[0] * 16, 5000, *[0] * 13],
        0x5B3A: [1000, 1000, 0x7FFF, 0x7FFF],
    }
    with served(bank_of(HOLDING, words)) as client:
        assert Device(client, B23).read() == B23(
            imported=123.45,
            exported=None,
            phases_imported=(123.45, None, None),
            phases_exported=(None, None, None),
            voltages=(230.1, None, None),
            currents=(1.5, None, None),
            power=345.15,
            powers=(345.15, None, None),
            frequency=50.0,
            power_factor=1.0,
            power_factors=(1.0, None, None),
        )


def test_the_pattern_of_one_type_is_a_value_of_another() -> None:
    """0x7FFFFFFF is invalid for a signed number alone, -0.01 W is not the unsigned pattern."""
    words = {0x5B00: [*(0x7FFF, 0xFFFF), *[0] * 18, *(0xFFFF, 0xFFFF)]}
    with served(bank_of(HOLDING, words)) as client:
        meter = Device(client, B23)
        assert meter.read(B23.power) == -0.01
    words = {0x5B00: [0x7FFF, 0xFFFF, 0, 0, 0, 0]}
    with served(bank_of(HOLDING, words)) as client:
        assert Device(client, B23).read(B23.voltages) == (214748364.7, 0.0, 0.0)


def test_a_value_with_the_pattern_of_invalid_cannot_be_meant() -> None:
    """An instance that would be read as None is refused."""
    with pytest.raises(EncodeError, match=r"B23\.frequency: .*pattern that means None"):
        simulate(STATE.replace(frequency=655.35))


def test_nothing_outside_the_readable_range_can_be_planned() -> None:
    """A device whose firmware reads less says so; the field that is lost is named."""
    with pytest.raises(DefinitionError, match=r"B23\.frequency"):
        Device(Client("127.0.0.1"), B23, readable={HOLDING: [range(0x5000, 0x5B2C)]})
