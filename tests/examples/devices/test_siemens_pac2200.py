"""Siemens PAC2200: floats of both sizes."""

from examples.devices.siemens_pac2200 import Pac2200, Phase
from tests.examples.devices.bench import INPUT, by_pymodbus, simulated

STATE = Pac2200(
    phases=(
        Phase(voltage=230.5, current=4.25, power=979.625),
        Phase(voltage=229.0, current=0.0, power=-0.5),
        Phase(voltage=231.25, current=63.0, power=-14568.75),
    ),
    power=-13589.625,
    imported=16_777_217.0,
    exported=123_456_789_012.5,
)
FLOAT32, FLOAT64 = by_pymodbus("FLOAT32"), by_pymodbus("FLOAT64")
WORDS = {
    1: [0x4366, 0x8000, *FLOAT32(229), *FLOAT32(231.25)],
    13: [0x4088, 0x0000, 0, 0, 0x427C, 0x0000],
    25: [*FLOAT32(979.625), 0xBF00, 0x0000, *FLOAT32(-14568.75)],
    65: FLOAT32(-13589.625),
    801: [0x4170, 0x0000, 0x1000, 0x0000],
    809: FLOAT64(123_456_789_012.5),
}


def test_two_requests_bring_the_meter() -> None:
    """A double takes four registers, the highest first."""
    with simulated(STATE) as bench:
        assert bench.has_words(INPUT, WORDS)
        bench.asked.clear()
        assert bench.device.read() == STATE
        assert bench.asked == [(4, 1, 66), (4, 801, 12)]


def test_a_counter_goes_on_where_a_float_stands_still() -> None:
    """One Wh more is seen at 16777217 Wh, the first number that a float32 has not."""
    with simulated(STATE) as bench:
        bench.sim.set(Pac2200.imported.to(16_777_218.0))
        assert bench.device.read(Pac2200.imported) - STATE.imported == 1.0
        assert FLOAT32(16_777_217.0) == FLOAT32(16_777_216.0)
