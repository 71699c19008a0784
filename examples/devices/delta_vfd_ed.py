"""Delta VFD-ED: an elevator drive whose registers are cut into bytes, bit ranges and single bits.

Source: the communication addresses of the VFD-ED user manual.

What is special:

- 0x2100 holds two codes, the fault in the low and the warning in the high byte: ``uint8.low`` and
  ``uint8.high`` at one address.
- 0x2119 holds an enum of two bits, a flag, another enum and five flags.
- One bit of the command register is set by a mask write (FC 22), and leaves the others alone.
- How many decimals the current has stands in the high byte of 0x211F, and depends on the size of
  the drive: ``scaled_by`` reads it whenever the current is read.
"""

from enum import IntEnum, IntFlag

from modbus_schema import (
    RO,
    RW,
    RegisterMap,
    bit,
    bits,
    enum,
    flags,
    holding_register,
    uint8,
    uint16,
)

TENTHS = uint16.scaled("0.1")
HUNDREDTHS = uint16.scaled("0.01")
STEPS = {0: "1", 1: "0.1", 2: "0.01"}
"""What one count of the current is worth, by its number of decimals."""


class Operation(IntEnum):
    """What the motor does."""

    STOPPED = 0
    STOPPING = 1
    STANDBY = 2
    RUNNING = 3


class Direction(IntEnum):
    """Which way the motor turns."""

    FORWARD = 0
    REVERSE_TO_FORWARD = 1
    FORWARD_TO_REVERSE = 2
    REVERSE = 3


class Source(IntFlag):
    """Where commands come from; the drive may set a fifth bit."""

    FREQUENCY_COMMUNICATION = 1
    FREQUENCY_ANALOG = 2
    RUN_COMMUNICATION = 4
    PARAMETERS_LOCKED = 8


class VfdEd(RegisterMap, max_gap=18):
    """The drive, in two requests."""

    frequency_command: RW[float] = holding_register(0x2001, HUNDREDTHS, unit="Hz", min=0, max=400)
    external_fault: RW[bool] = holding_register(0x2002, bit(0))

    current_decimals: RO[int] = holding_register(0x211F, uint8.high)

    fault: RO[int] = holding_register(0x2100, uint8.low)
    warning: RO[int] = holding_register(0x2100, uint8.high)
    set_frequency: RO[float] = holding_register(0x2102, HUNDREDTHS, unit="Hz")
    output_frequency: RO[float] = holding_register(0x2103, HUNDREDTHS, unit="Hz")
    current: RO[float] = holding_register(
        0x2104, uint16.scaled_by(current_decimals, steps=STEPS), unit="A"
    )
    bus_voltage: RO[float] = holding_register(0x2105, TENTHS, unit="V")
    output_voltage: RO[float] = holding_register(0x2106, TENTHS, unit="V")

    operation: RO[Operation] = holding_register(0x2119, enum(Operation, bits(0, 1)))
    jogs: RO[bool] = holding_register(0x2119, bit(2))
    direction: RO[Direction] = holding_register(0x2119, enum(Direction, bits(3, 4)))
    source: RO[Source] = holding_register(0x2119, flags(Source, bits(8, 12)))
