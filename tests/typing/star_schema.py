"""What the type checkers know after a star import of the schema's packages; never run."""

# ruff: noqa: D101, D103, F403, F405

from typing import assert_type

from modbus_schema import *
from modbus_schema.simulation import *


class Pump(RegisterMap):
    speed: RW[int] = holding_register(0, uint16)


def all_of_it(device: Device[Pump], clock: ManualClock) -> None:
    assert_type(device.read().speed, int)
    assert_type(clock, ManualClock)
    names_later  # type: ignore[name-defined] # pyright: ignore # noqa: B018
