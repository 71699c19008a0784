"""ABB B23 and B24: energy meters that mark what they do not measure.

Source: ABB B23/B24 user manual 2CMC485003M0201, Modbus register map.

What is special:

- **A value that is not available has all bits set, of a signed number all but the sign**: the
  pattern depends on the type. ``optional`` says it next to the codec and the value is None, not
  42949672.95 V; a meter of one phase answers so for the other two.
- The phases of a quantity stand one behind the other, and each quantity has its own width: arrays,
  of which every item may be missing for itself.
- Any block of 1 to 125 registers in 0x1000..0x8EFF may be read, holes too; outside nothing may.
"""

from modbus_schema import (
    RO,
    RegisterMap,
    array,
    holding_register,
    int16,
    int32,
    uint16,
    uint32,
    uint64,
)
from modbus_wire import Table

ENERGY = uint64.scaled("0.01").optional(0xFFFF_FFFF_FFFF_FFFF)
VOLTAGE = uint32.scaled("0.1").optional(0xFFFF_FFFF)
CURRENT = uint32.scaled("0.01").optional(0xFFFF_FFFF)
POWER = int32.scaled("0.01").optional(0x7FFF_FFFF)
FREQUENCY = uint16.scaled("0.01").optional(0xFFFF)
FACTOR = int16.scaled("0.001").optional(0x7FFF)


class B23(RegisterMap, max_gap=16, readable={Table.HOLDING_REGISTERS: [range(0x1000, 0x8F00)]}):
    """The meter: 23 values in three requests."""

    imported: RO[float | None] = holding_register(0x5000, ENERGY, unit="kWh")
    exported: RO[float | None] = holding_register(0x5004, ENERGY, unit="kWh")
    phases_imported: RO[tuple[float | None, ...]] = holding_register(
        0x5460, array(ENERGY, 3), unit="kWh"
    )
    phases_exported: RO[tuple[float | None, ...]] = holding_register(
        0x546C, array(ENERGY, 3), unit="kWh"
    )
    voltages: RO[tuple[float | None, ...]] = holding_register(0x5B00, array(VOLTAGE, 3), unit="V")
    currents: RO[tuple[float | None, ...]] = holding_register(0x5B0C, array(CURRENT, 3), unit="A")
    power: RO[float | None] = holding_register(0x5B14, POWER, unit="W")
    powers: RO[tuple[float | None, ...]] = holding_register(0x5B16, array(POWER, 3), unit="W")
    frequency: RO[float | None] = holding_register(0x5B2C, FREQUENCY, unit="Hz")
    power_factor: RO[float | None] = holding_register(0x5B3A, FACTOR)
    power_factors: RO[tuple[float | None, ...]] = holding_register(0x5B3B, array(FACTOR, 3))
