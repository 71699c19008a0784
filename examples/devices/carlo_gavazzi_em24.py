"""Carlo Gavazzi EM24: a three-phase energy meter, int32 with the low register first, and a trap.

Source: the EM24-DIN communication protocol (RS 485), which numbers registers in hexadecimal from 0;
the Ethernet model EM24_E1 has another map. Input and holding registers are the same to the meter.

What is special:

- ``word_order="little"``: of the two registers of a number the lower half comes first.
- Register 0x000B is the upper half of a voltage, and means that in every read but one: asked for
  *alone*, as one register, it is the code of the model. The code is declared as a view of cells
  that the voltage has (``overlap``) and of a range that is ``read_alone``. ``METERS`` chooses the
  class of a meter by it.
- A power factor takes one register where the other values take two, so it does not repeat with
  the phase: it is an array.
"""

from enum import IntEnum

from modbus_schema import (
    RO,
    RW,
    WO,
    RegisterMap,
    Variants,
    array,
    enum,
    holding_register,
    input_register,
    int16,
    int32,
    one_of,
    repeat,
    uint16,
)
from modbus_wire import Table

TENTHS = int32.scaled("0.1")
FACTOR = int16.scaled("0.001")
CODE = {Table.INPUT_REGISTERS: [range(0x000B, 0x000C)]}
"""What is another value when it is read alone."""


class Model(IntEnum):
    """The model codes; EM21 answers to two."""

    EM21 = 57
    EM21_TRANSFORMER = 58
    EM24_AV2 = 71
    EM24_AV5 = 72
    EM24_AV6 = 73


class Identity(RegisterMap, read_alone=CODE):
    """What all meters of the family say of themselves."""

    model: RO[Model | int] = input_register(0x000B, enum(Model, keep_unknown=True))


class Phase(RegisterMap):
    """One phase; the next one is two registers on."""

    voltage: RO[float] = input_register(0x0000, TENTHS, unit="V")
    voltage_to_next: RO[float] = input_register(
        0x0006, TENTHS, unit="V", description="L1-L2, L2-L3, L3-L1"
    )
    current: RO[float] = input_register(0x000C, int32.scaled("0.001"), unit="A")
    power: RO[float] = input_register(0x0012, TENTHS, unit="W")
    imported: RO[float] = input_register(0x0046, TENTHS, unit="kWh")


class Readings(RegisterMap, word_order="little", max_gap=16):
    """All that the meter measures, in one request of 94 registers."""

    phases: RO[tuple[Phase, ...]] = repeat(Phase, base=0, stride=2, count=3)
    voltage: RO[float] = input_register(0x0024, TENTHS, unit="V", description="mean, to neutral")
    voltage_between: RO[float] = input_register(0x0026, TENTHS, unit="V")
    power: RO[float] = input_register(0x0028, TENTHS, unit="W")
    apparent_power: RO[float] = input_register(0x002A, TENTHS, unit="VA")
    reactive_power: RO[float] = input_register(0x002C, TENTHS, unit="var")
    power_factors: RO[tuple[float, ...]] = input_register(
        0x0032, array(FACTOR, 3), description="L1 to L3"
    )
    power_factor: RO[float] = input_register(0x0035, FACTOR)
    phase_sequence: RO[int] = input_register(0x0036, int16)
    frequency: RO[float] = input_register(0x0037, int16.scaled("0.1"), unit="Hz")
    imported: RO[float] = input_register(0x003E, TENTHS, unit="kWh")
    imported_partial: RO[float] = input_register(0x0042, TENTHS, unit="kWh")
    exported: RO[float] = input_register(0x005C, TENTHS, unit="kWh")


class Em21(Readings):
    """The small meter: there is nothing to set."""


class Em24(Readings, read_alone=CODE):
    """The whole meter: the readings, the code by a request of its own, and what can be set."""

    model: RO[Model | int] = input_register(0x000B, enum(Model, keep_unknown=True), overlap=True)
    password: RW[int] = holding_register(0x1000, uint16)
    reset: WO[int] = holding_register(0x3000, uint16, min=1, max=1, default=None)


MAPS: dict[Model | int, type[Readings]] = {
    Model.EM21: Em21,
    Model.EM21_TRANSFORMER: Em21,
    Model.EM24_AV2: Em24,
    Model.EM24_AV5: Em24,
    Model.EM24_AV6: Em24,
}
METERS: Variants[Readings] = one_of(Identity.model, MAPS)
"""The map of a meter by its code: ``METERS.device(client).read()`` is an `Em21` or an `Em24`."""
