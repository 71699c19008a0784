"""The Eastron SDM630 energy meter: 52 float registers in three requests.

Run it: no device is needed.
"""

from modbus_schema import RO, Device, RegisterMap, float32, input_register, repeat, simulate
from modbus_wire import Client


class Phase(RegisterMap):
    """One phase; the meter interleaves the phases, two registers apart."""

    voltage: RO[float] = input_register(0x00, float32, unit="V")
    current: RO[float] = input_register(0x06, float32, unit="A")
    power: RO[float] = input_register(0x0C, float32, unit="W")
    apparent_power: RO[float] = input_register(0x12, float32, unit="VA")
    reactive_power: RO[float] = input_register(0x18, float32, unit="var")
    power_factor: RO[float] = input_register(0x1E, float32)
    voltage_distortion: RO[float] = input_register(0xEA, float32, unit="%")
    imported: RO[float] = input_register(0x15A, float32, unit="kWh")
    exported: RO[float] = input_register(0x160, float32, unit="kWh")
    total: RO[float] = input_register(0x166, float32, unit="kWh")


class Sdm630(RegisterMap, max_gap=16):
    """Eastron SDM630, three phases, all of it input registers in float32."""

    phases: RO[tuple[Phase, ...]] = repeat(Phase, base=0, stride=2, count=3)
    power: RO[float] = input_register(0x34, float32, unit="W")
    apparent_power: RO[float] = input_register(0x38, float32, unit="VA")
    reactive_power: RO[float] = input_register(0x3C, float32, unit="var")
    power_factor: RO[float] = input_register(0x3E, float32)
    phase_angle: RO[float] = input_register(0x42, float32, unit="deg")
    frequency: RO[float] = input_register(0x46, float32, unit="Hz")
    imported: RO[float] = input_register(0x48, float32, unit="kWh")
    exported: RO[float] = input_register(0x4A, float32, unit="kWh")
    reactive_imported: RO[float] = input_register(0x4C, float32, unit="kvarh")
    reactive_exported: RO[float] = input_register(0x4E, float32, unit="kvarh")
    voltage_distortion: RO[float] = input_register(0xF8, float32, unit="%")
    total: RO[float] = input_register(0x156, float32, unit="kWh")
    reactive_total: RO[float] = input_register(0x158, float32, unit="kvarh")


def phase(voltage: float, current: float) -> Phase:
    """Return a phase under a resistive load."""
    power = voltage * current
    return Phase(
        voltage=voltage,
        current=current,
        power=power,
        apparent_power=power,
        reactive_power=0,
        power_factor=1,
        voltage_distortion=1.5,
        imported=400,
        exported=0,
        total=400,
    )


STATE = Sdm630(
    phases=(phase(230.5, 4), phase(229.75, 2), phase(231, 0)),
    power=1381.5,
    apparent_power=1381.5,
    reactive_power=0,
    power_factor=1,
    phase_angle=0,
    frequency=50,
    imported=1200,
    exported=0,
    reactive_imported=0,
    reactive_exported=0,
    voltage_distortion=1.5,
    total=1200,
    reactive_total=0,
)


def main() -> None:
    """Poll a simulated meter once."""
    with simulate(STATE, port=0) as sim, Client(sim.host, sim.port) as client:
        meter = Device(client, Sdm630)
        reading = meter.read()
        for number, line in enumerate(reading.phases, 1):
            print(f"L{number}: {line.voltage:.1f} V {line.current:.1f} A {line.power:.0f} W")
        print(f"total {reading.power:.0f} W at {reading.frequency:.1f} Hz")
        print("only L2:", meter.read(Sdm630.phases[1].at(Phase.power)), "W")


if __name__ == "__main__":
    main()
