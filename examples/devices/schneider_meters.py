"""Schneider Electric iEM3000 and PM5000: float32 powers and int64 energies in holding registers.

Source: iEM3000 user manual DOCA0005 and the public register list of the PM5000 series.

What is special:

- **The manuals count from 1**: register 3000 is address 2999 on the wire. The class keeps the
  numbers of the manual, so that one can be held against the other: ``3000 - 1``.
- Powers are in kW; ``float32.scaled(1000)`` makes them W like all others.
- Energies have four registers, so their phases repeat at another stride than the currents'.
- A DATETIME of four registers: year since 2000, month and day, hour and minute, milliseconds.
- The product id says which meter it is, far from what is polled: ``METERS`` reads it once and
  chooses the class.
"""

from datetime import datetime
from enum import IntEnum

from modbus_schema import (
    RO,
    RegisterMap,
    Variants,
    date_time,
    enum,
    float32,
    group,
    holding_register,
    int64,
    one_of,
    repeat,
    string,
    uint32,
)

KILO = float32.scaled(1000)


class Product(IntEnum):
    """The meters of the series PM5000."""

    PM5000 = 15240
    PM5200 = 15242
    PM5350 = 15244


class Phase(RegisterMap):
    """What floats say of one phase; the next one is two registers on."""

    current: RO[float] = holding_register(3000 - 1, float32, unit="A")
    voltage: RO[float] = holding_register(3028 - 1, float32, unit="V")
    power: RO[float] = holding_register(3054 - 1, KILO, unit="W")


class PhaseEnergy(RegisterMap):
    """The energy of one phase; the next one is four registers on."""

    imported: RO[int] = holding_register(3518 - 1, int64, unit="Wh")


class Readings(RegisterMap, max_gap=16):
    """All that is measured: 22 values in four requests."""

    phases: RO[tuple[Phase, ...]] = repeat(Phase, base=0, stride=2, count=3)
    current: RO[float] = holding_register(3010 - 1, float32, unit="A", description="mean")
    voltage: RO[float] = holding_register(3036 - 1, float32, unit="V", description="mean")
    power: RO[float] = holding_register(3060 - 1, KILO, unit="W")
    reactive_power: RO[float] = holding_register(3068 - 1, KILO, unit="var")
    apparent_power: RO[float] = holding_register(3076 - 1, KILO, unit="VA")
    frequency: RO[float] = holding_register(3110 - 1, float32, unit="Hz")
    imported: RO[int] = holding_register(3204 - 1, int64, unit="Wh")
    exported: RO[int] = holding_register(3208 - 1, int64, unit="Wh")
    reactive_imported: RO[int] = holding_register(3220 - 1, int64, unit="varh")
    reactive_exported: RO[int] = holding_register(3224 - 1, int64, unit="varh")
    phase_energies: RO[tuple[PhaseEnergy, ...]] = repeat(PhaseEnergy, base=0, stride=4, count=3)


class Identity(RegisterMap):
    """What the meter says about itself, in two requests."""

    name: RO[str] = holding_register(30 - 1, string(20))
    model: RO[str] = holding_register(50 - 1, string(20))
    manufacturer: RO[str] = holding_register(70 - 1, string(20))
    product: RO[Product | int] = holding_register(90 - 1, enum(Product, keep_unknown=True))
    serial_number: RO[int] = holding_register(130 - 1, uint32)
    made: RO[datetime] = holding_register(
        132 - 1, date_time("year", "month day", "hour minute", "millisecond", since=2000)
    )


class Meter(RegisterMap, max_gap=16):
    """What the meters of both series have in common."""

    readings: RO[Readings] = group(Readings, base=0)


class Pm5000(Meter):
    """A meter of the series PM5000; ``read(Pm5000.readings)`` leaves its identity alone."""

    identity: RO[Identity] = group(Identity, base=0)


MAPS: dict[Product | int, type[Meter]] = dict.fromkeys(Product, Pm5000)
METERS: Variants[Meter] = one_of(Identity.product, MAPS, otherwise=Meter)
"""The map of a meter by its product id; of another number only the readings are known."""
