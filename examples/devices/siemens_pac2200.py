"""Siemens SENTRON PAC2200: float32 for what moves, float64 for what counts up.

Source: the Modbus map of the PAC2200 manual; its numbers are addresses on the wire, from 1 on.

What is special:

- Energies are doubles: a float32 counter of Wh would stand still at 16 MWh, where 1 Wh is less than
  its last bit.
- Powers are signed: what is fed back is negative.
"""

from modbus_schema import RO, RegisterMap, float32, float64, input_register, repeat


class Phase(RegisterMap):
    """One phase; the next one is two registers on."""

    voltage: RO[float] = input_register(1, float32, unit="V")
    current: RO[float] = input_register(13, float32, unit="A")
    power: RO[float] = input_register(25, float32, unit="W")


class Pac2200(RegisterMap, max_gap=34):
    """The meter, in two requests: what lies between the powers belongs to the meter too."""

    phases: RO[tuple[Phase, ...]] = repeat(Phase, base=0, stride=2, count=3)
    power: RO[float] = input_register(65, float32, unit="W")
    imported: RO[float] = input_register(801, float64, unit="Wh")
    exported: RO[float] = input_register(809, float64, unit="Wh")
