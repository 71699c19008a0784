"""Julabo PRESTO: a thermostat in which a register says how all others are to be read.

Source: the Modbus chapter of the PRESTO manual.

What is special:

- Register 93 selects the order of words and bytes. It is itself big-endian always, which the field
  says, whatever the map that it is in.
- The clock is six registers, one for each part of a moment; ``date_time`` makes one value of them.
"""

from datetime import datetime
from enum import IntEnum

from modbus_schema import RO, RW, RegisterMap, date_time, enum, holding_register


class Order(IntEnum):
    """How the device orders what is longer than a byte."""

    BIG = 0
    LITTLE = 1
    BIG_SWAPPED = 2
    LITTLE_SWAPPED = 3


class Presto(RegisterMap):
    """The thermostat as it is delivered: big-endian."""

    order: RW[Order] = holding_register(93, enum(Order), word_order="big", byte_order="big")
    clock: RO[datetime] = holding_register(
        100, date_time("year", "month", "day", "hour", "minute", "second")
    )


class LittlePresto(Presto, word_order="little", byte_order="little"):
    """The thermostat once ``Order.LITTLE`` is selected."""


class BigSwappedPresto(Presto, word_order="big", byte_order="little"):
    """The thermostat once ``Order.BIG_SWAPPED`` is selected."""


class LittleSwappedPresto(Presto, word_order="little", byte_order="big"):
    """The thermostat once ``Order.LITTLE_SWAPPED`` is selected."""


MAPS: dict[Order, type[Presto]] = {
    Order.BIG: Presto,
    Order.LITTLE: LittlePresto,
    Order.BIG_SWAPPED: BigSwappedPresto,
    Order.LITTLE_SWAPPED: LittleSwappedPresto,
}
"""The map of a device by what its register 93 holds."""
