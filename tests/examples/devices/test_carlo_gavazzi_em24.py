"""Carlo Gavazzi EM24: the low register first, one request, and a register of two meanings."""

from typing import Any

import pytest

from examples.devices.carlo_gavazzi_em24 import METERS, Em21, Em24, Model, Phase, Readings
from modbus_schema import DecodeError, Device, EncodeError
from modbus_wire import IllegalDataAddress
from modbus_wire.bank import SparseBank
from modbus_wire.codes import Table
from tests.examples.devices.bench import (
    HOLDING,
    INPUT,
    bank_of,
    by_pymodbus,
    has_words,
    served,
    simulated,
)

READINGS = Readings(
    phases=(
        Phase(voltage=230.1, voltage_to_next=398.6, current=5.25, power=1207.5, imported=70000.1),
        Phase(voltage=229.9, voltage_to_next=399.0, current=0.001, power=-0.1, imported=0),
        Phase(
            voltage=231.0, voltage_to_next=6553.7, current=70.0, power=-6554, imported=214748364.7
        ),
    ),
    voltage=230.3,
    voltage_between=399.1,
    power=-5346.6,
    apparent_power=17377.5,
    reactive_power=-20.5,
    power_factors=(0.998, -0.5, 1.0),
    power_factor=-0.033,
    phase_sequence=-1,
    frequency=49.9,
    imported=6553.5,
    imported_partial=6553.6,
    exported=12.3,
)
WORDS = {
    0x0000: [0x08FD, 0x0000, 0x08FB, 0x0000, 0x0906, 0x0000],
    0x0006: [0x0F92, 0x0000, 0x0F96, 0x0000, 0x0001, 0x0001],
    0x000C: [0x1482, 0x0000, 0x0001, 0x0000, 0x1170, 0x0001],
    0x0012: [0x2F2B, 0x0000, 0xFFFF, 0xFFFF, 0xFFFC, 0xFFFE],
    0x0024: [0x08FF, 0x0000, 0x0F97, 0x0000],
    0x0028: [0x2F26, 0xFFFF, 0xA6CF, 0x0002, 0xFF33, 0xFFFF],
    0x0032: [0x03E6, 0xFE0C, 0x03E8, 0xFFDF, 0xFFFF, 0x01F3],
    0x003E: [0xFFFF, 0x0000],
    0x0042: [0x0000, 0x0001],
    0x0046: [0xAE61, 0x000A, 0x0000, 0x0000, 0xFFFF, 0x7FFF],
    0x005C: [0x007B, 0x0000],
}
"""The readings, converted by hand: tenths, thousandths, two's complement, lower register first."""


class RealMeter(SparseBank):
    """A meter's registers, of which 0x000B is the model's code when it is asked for alone."""

    def __init__(self, code: int = 72) -> None:
        self.code = code
        super().__init__({INPUT: [range(0x5E)], HOLDING: [range(0x1000, 0x1001)]})
        for address, words in WORDS.items():
            self.set_registers(INPUT, address, words)

    def read_registers(self, table: Table, address: int, quantity: int) -> bytes | bytearray:
        if (table, address, quantity) == (INPUT, 0x000B, 1):
            return self.code.to_bytes(2, "big")
        return super().read_registers(table, address, quantity)


def values_of(readings: Readings) -> dict[str, Any]:
    """Return the values that all maps of the meter have."""
    return {name: getattr(readings, name) for name in Readings.__annotations__}


def meter() -> Em24:
    """Return the whole meter."""
    return Em24(**values_of(READINGS), model=0, password=0)


def test_readings_come_by_one_request() -> None:
    """Of 94 registers; what they hold is what the data sheet says."""
    with simulated(READINGS) as bench:
        assert bench.has_words(INPUT, WORDS)
        bench.asked.clear()
        assert bench.device.read() == READINGS
        assert bench.asked == [(4, 0x0000, 0x5E)]


def test_the_words_are_those_of_pymodbus() -> None:
    """Somebody else's conversion puts the lower register first as well."""
    words = by_pymodbus("INT32", "little")
    assert words(-53466) == WORDS[0x0028][:2]
    assert words(2147483647) == WORDS[0x0046][4:]


def test_one_register_means_two_things() -> None:
    """The upper half of a voltage comes with the others, the code by a request for it alone."""
    with served(RealMeter()) as client:
        meter = Device(client, Em24).read()
        assert meter.phases[2].voltage_to_next == 6553.7
        assert meter.model is Model.EM24_AV5
        assert values_of(meter) == values_of(READINGS)


def test_without_the_rule_the_code_is_half_a_voltage() -> None:
    """Read along with its neighbours, the register is no code."""
    with served(RealMeter()) as client:
        assert Device(client, Em24, read_alone={}).read().model == 1
        assert Device(client, Em24, read_alone={}).read(Em24.model) is Model.EM24_AV5


def test_no_read_of_others_reaches_over_the_code() -> None:
    """Where the voltages between phases are not asked for, the request is divided there."""
    with simulated(meter()) as bench:
        bench.asked.clear()
        bench.device.read(Em24.phases[0].at(Phase.voltage), Em24.phases[0].at(Phase.current))
        assert bench.asked == [(4, 0x0000, 2), (4, 0x000C, 2)]


def test_a_code_that_nobody_knows_is_kept() -> None:
    """A newer model is no reason to lose the read."""
    with served(RealMeter(1648)) as client:
        assert Device(client, Em24).read(Em24.model) == 1648


@pytest.mark.parametrize(("code", "model"), [(57, Em21), (58, Em21), (71, Em24), (73, Em24)])
def test_the_code_chooses_the_map(code: int, model: type[Readings]) -> None:
    """It is asked for alone, before all else; the readings are the same."""
    with served(RealMeter(code)) as client:
        meter = METERS.device(client)
        assert meter.model is model
        assert values_of(meter.read()) == values_of(READINGS)


def test_a_code_of_another_family_names_those_known() -> None:
    """The Ethernet model has another map, and is not taken for one of these."""
    with (
        served(RealMeter(1648)) as client,
        pytest.raises(DecodeError, match=r"Identity\.model: input\[11\]: 1648 belongs to no map"),
    ):
        METERS.device(client)


def test_settings_are_written() -> None:
    """The password is read back; the reset takes 1 alone, and cannot be read."""
    with simulated(meter()) as bench:
        bench.asked.clear()
        bench.device.write(Em24.password.to(1234), Em24.reset.to(1))
        assert bench.asked.take() == [(6, 0x1000, 1234), (6, 0x3000, 1)]
        with pytest.raises(EncodeError, match=r"Em24.reset: holding\[12288\]: 2 is above"):
            bench.device.write(Em24.reset.to(2))
        assert bench.device.read(Em24.password) == 1234
        with pytest.raises(IllegalDataAddress):
            bench.client.read_holding_registers(0x3000)


def test_hand_made_registers_are_read() -> None:
    """Registers that no class of ours has made give the same values."""
    everything = [0] * 0x5E
    for address, words in WORDS.items():
        everything[address : address + len(words)] = words
    with served(bank_of(INPUT, {0: everything})) as client:
        assert has_words(client, INPUT, WORDS)
        assert Device(client, Readings).read() == READINGS
