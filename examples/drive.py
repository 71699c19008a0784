"""A frequency converter whose registers are cut into bits, after the Delta VFD-ED.

Run it: no device is needed.
"""

from enum import IntEnum, IntFlag

from modbus_schema import (
    RO,
    RW,
    Device,
    RegisterMap,
    bit,
    bits,
    enum,
    flags,
    holding_register,
    simulate,
    uint8,
    uint16,
)
from modbus_wire import Client


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
    """Where commands come from."""

    FREQUENCY_COMMUNICATION = 1
    FREQUENCY_ANALOG = 2
    RUN_COMMUNICATION = 4
    PARAMETERS_LOCKED = 8


HUNDREDTHS = uint16.scaled("0.01")


class Drive(RegisterMap, max_gap=1):
    """A drive, its status word field by field."""

    frequency_command: RW[float] = holding_register(0x2001, HUNDREDTHS, unit="Hz", min=0, max=400)
    external_fault: RW[bool] = holding_register(0x2002, bit(0))
    reset: RW[bool] = holding_register(0x2002, bit(1))

    fault: RO[int] = holding_register(0x2100, uint8.low)
    warning: RO[int] = holding_register(0x2100, uint8.high)
    set_frequency: RO[float] = holding_register(0x2102, HUNDREDTHS, unit="Hz")
    output_frequency: RO[float] = holding_register(0x2103, HUNDREDTHS, unit="Hz")

    operation: RO[Operation] = holding_register(0x2119, enum(Operation, bits(0, 1)))
    jog: RO[bool] = holding_register(0x2119, bit(2))
    direction: RO[Direction] = holding_register(0x2119, enum(Direction, bits(3, 4)))
    source: RO[Source] = holding_register(0x2119, flags(Source, bits(8, 12)))


STATE = Drive(
    frequency_command=0,
    external_fault=False,
    reset=False,
    fault=0,
    warning=3,
    set_frequency=50,
    output_frequency=49.98,
    operation=Operation.RUNNING,
    jog=False,
    direction=Direction.REVERSE,
    source=Source.RUN_COMMUNICATION | Source.FREQUENCY_COMMUNICATION,
)


def main() -> None:
    """Read the status word and change one bit of the command word."""
    with simulate(STATE, port=0) as sim, Client(sim.host, sim.port) as client:
        drive = Device(client, Drive)
        state = drive.read()
        print(state.operation.name, state.direction.name, state.source.name)
        drive.write(Drive.frequency_command.to(42.5))
        drive.write(Drive.reset.to(True))  # only this bit changes (mask write register, FC 22)
        print(f"command word now {client.read_holding_registers(0x2002)[0]:04X}")


if __name__ == "__main__":
    main()
