"""Schneider iEM3000 and PM5000: numbers from 1, kilowatts, energies of 64 bits, a date."""

from datetime import datetime

import pytest

from examples.devices.schneider_meters import (
    METERS,
    Identity,
    Meter,
    Phase,
    PhaseEnergy,
    Pm5000,
    Product,
    Readings,
)
from modbus_schema import DecodeError, Device, EncodeError, simulate
from tests.examples.devices.bench import HOLDING, bank_of, by_pymodbus, served, simulated

READINGS = Readings(
    phases=(
        Phase(current=4.5, voltage=230.25, power=1250.0),
        Phase(current=0.0, voltage=229.5, power=0.0),
        Phase(current=10.125, voltage=231.0, power=-2375.0),
    ),
    current=4.875,
    voltage=230.25,
    power=-1125.0,
    reactive_power=62.5,
    apparent_power=1375.0,
    frequency=50.0,
    imported=5_000_000_000,
    exported=-1,
    reactive_imported=0,
    reactive_exported=1 << 48,
    phase_energies=(
        PhaseEnergy(imported=1),
        PhaseEnergy(imported=65_536),
        PhaseEnergy(imported=4_294_967_296),
    ),
)
IDENTITY = Identity(
    name="Gebäude 7",
    model="PM5350",
    manufacturer="Schneider Electric",
    product=Product.PM5350,
    serial_number=0x12345678,
    made=datetime(2019, 11, 28, 14, 5, 30, 250_000),
)
METER = Pm5000(identity=IDENTITY, readings=READINGS)

FLOAT32 = by_pymodbus("FLOAT32")
INT64 = by_pymodbus("INT64")
READ_WORDS = {
    2999: FLOAT32(4.5) + FLOAT32(0) + FLOAT32(10.125),
    3009: FLOAT32(4.875),
    3027: FLOAT32(230.25) + FLOAT32(229.5) + FLOAT32(231),
    3035: FLOAT32(230.25),
    3053: FLOAT32(1.25) + FLOAT32(0) + FLOAT32(-2.375) + FLOAT32(-1.125),
    3067: FLOAT32(0.0625),
    3075: FLOAT32(1.375),
    3109: [0x4248, 0x0000],
    3203: [0x0000, 0x0001, 0x2A05, 0xF200, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF],
    3219: INT64(0) + INT64(1 << 48),
    3517: [*(0, 0, 0, 1), *(0, 0, 1, 0), *(0, 1, 0, 0)],
}
IDENTITY_WORDS = {
    29: [0x4765, 0x62C3, 0xA475, 0x6465, 0x2037, *[0] * 15],
    49: [0x504D, 0x3533, 0x3530, *[0] * 17],
    69: [0x5363, 0x686E, 0x6569, 0x6465, 0x7220, 0x456C, 0x6563, 0x7472, 0x6963, *[0] * 11],
    89: [15244],
    129: [0x1234, 0x5678],
    131: [19, 0x0B1C, 0x0E05, 30_250],
}
"""Made by hand: UTF-8 has two bytes for an umlaut, milliseconds count from the minute."""


def test_readings_come_by_four_requests() -> None:
    """22 values; floats and energies are what pymodbus makes of them, kilowatts are watts."""
    with simulated(READINGS) as bench:
        assert bench.has_words(HOLDING, READ_WORDS)
        bench.asked.clear()
        assert bench.device.read() == READINGS
        assert bench.asked == [(3, 0x0BB7, 78), (3, 0x0C25, 2), (3, 0x0C83, 24), (3, 0x0DBD, 12)]


def test_the_identity_is_text_number_and_date() -> None:
    """The registers are those of the manual."""
    with simulated(IDENTITY) as bench:
        assert bench.has_words(HOLDING, IDENTITY_WORDS)
        bench.asked.clear()
        assert bench.device.read() == IDENTITY
        assert bench.asked == [(3, 29, 61), (3, 129, 6)]


def test_what_is_polled_leaves_the_identity_alone() -> None:
    """One group of the whole map is read by its own requests."""
    with simulated(METER) as bench:
        bench.asked.clear()
        assert bench.device.read(Pm5000.readings) == READINGS
        assert len(bench.asked.take()) == 4
        assert bench.device.read(Pm5000.identity.at(Identity.product)) is Product.PM5350
        assert bench.asked.take() == [(3, 89, 1)]
        assert bench.device.read() == METER
        assert len(bench.asked.take()) == 6


def test_flags_of_the_date_are_passed_over() -> None:
    """The meter keeps the day of the week, and that it is summer, in bits that no part needs."""
    words = dict(IDENTITY_WORDS)
    words[131] = [19, 0x0B1C | 0x0080, 0x0E05 | 0x8080, 30_250]
    with served(bank_of(HOLDING, {29: [0] * 61, 129: words[129] + words[131]})) as client:
        assert Device(client, Identity).read(Identity.made) == IDENTITY.made


def test_a_meter_without_a_date_says_where() -> None:
    """Zeros are no date; the error names field, registers and request."""
    with served(bank_of(HOLDING, {131: [0, 0, 0, 0]})) as client:
        device = Device(client, Pm5000)
        with pytest.raises(DecodeError, match=r"Pm5000\.identity\.made: holding\[131\.\.134\]"):
            device.read(Pm5000.identity.at(Identity.made))


def test_a_name_that_is_too_long_is_no_name() -> None:
    """20 registers are 40 bytes, and an umlaut is two of them."""
    with pytest.raises(EncodeError, match=r"41 bytes of 40"):
        simulate(IDENTITY.replace(name="ä" + "a" * 39))


def test_the_product_chooses_the_map() -> None:
    """One request finds what it is; a number that is not known has the readings all the same."""
    with simulated(METER) as bench:
        bench.asked.clear()
        meter = METERS.device(bench.client)
        assert bench.asked.take() == [(3, 89, 1)]
        assert meter.model is Pm5000
        assert meter.read() == METER
        bench.sim.set(Pm5000.identity.at(Identity.product).to(15_270))
        other = METERS.device(bench.client)
        assert other.model is Meter
        assert other.read().readings == READINGS
