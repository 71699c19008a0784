"""Eastron SDM630: floats in input registers, phases that interleave."""

from examples.devices.eastron_sdm630 import Phase, Sdm630
from modbus_schema import Device
from tests.examples.devices.bench import INPUT, bank_of, by_pymodbus, served, simulated


def phase(number: int) -> Phase:
    """Return a phase all of whose values are different."""
    values = {name: number + index / 8 for index, name in enumerate(Phase.__annotations__)}
    return Phase(**values)


STATE = Sdm630(
    phases=(phase(100), phase(200), phase(300)),
    power=-1381.5,
    apparent_power=1400.25,
    reactive_power=0.5,
    power_factor=-0.9375,
    phase_angle=12.5,
    frequency=49.96875,
    imported=16777216.0,
    exported=1.0,
    reactive_imported=2.0,
    reactive_exported=3.0,
    voltage_distortion=1.5,
    total=16777217.0 - 1,
    reactive_total=5.0,
)
FLOAT32 = by_pymodbus("FLOAT32")
WORDS = {
    0x0000: FLOAT32(100) + FLOAT32(200) + FLOAT32(300),
    0x0006: FLOAT32(100.125) + FLOAT32(200.125) + FLOAT32(300.125),
    0x001E: FLOAT32(100.625) + FLOAT32(200.625) + FLOAT32(300.625),
    0x0034: [0xC4AC, 0xB000],
    0x0046: [0x4247, 0xE000],
    0x0048: [0x4B80, 0x0000],
    0x00EA: FLOAT32(100.75) + FLOAT32(200.75) + FLOAT32(300.75),
    0x0156: [0x4B80, 0x0000],
    0x0178: FLOAT32(101.5) + FLOAT32(201.5) + FLOAT32(301.5),
}


def test_fifty_two_values_come_by_three_requests() -> None:
    """They are where the data sheet has them, big-endian."""
    with simulated(STATE) as bench:
        assert bench.has_words(INPUT, WORDS)
        bench.asked.clear()
        assert bench.device.read() == STATE
        assert bench.asked == [(4, 0x0000, 80), (4, 0x00EA, 16), (4, 0x0156, 40)]


def test_one_phase_is_read_for_itself() -> None:
    """What lies between its values, those of the others, is read along or not."""
    with simulated(STATE) as bench:
        bench.asked.clear()
        assert bench.device.read(Sdm630.phases[1]) == STATE.phases[1]
        assert bench.asked.take() == [(4, 0x0002, 32), (4, 0x00EC, 2), (4, 0x015C, 32)]
        assert bench.device.read(Sdm630.phases[2].at(Phase.voltage)) == 300
        assert bench.asked.take() == [(4, 0x0004, 2)]


def test_a_smaller_model_has_a_part_of_the_map() -> None:
    """A meter without phase energies is read partially; what it lacks is named."""
    words = {0x0000: [0x4366, 0x8000] * 40, 0x00EA: [0x3FC0, 0x0000] * 8}
    with served(bank_of(INPUT, words)) as client:
        partial = Device(client, Sdm630).read(partial=True)
    assert partial.complete is None
    assert partial.values[Sdm630.frequency] == 230.5
    assert partial.values[Sdm630.phases[2].at(Phase.voltage_distortion)] == 1.5
    failed = {ref.name for ref in partial.failed}
    assert len(failed) == 20
    assert "Sdm630.phases[0].imported" in failed
