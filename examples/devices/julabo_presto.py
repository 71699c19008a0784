"""Julabo PRESTO: a thermostat in which a register says how all others are to be read.

Source: the Modbus chapter of the PRESTO manual.

What is special:

- Register 93 selects the order of words and bytes. It is itself big-endian always, which the field
  says; all others follow the order in which the device is opened.
- The clock is six registers, one for each part of a moment; ``date_time`` makes one value of them.
"""

from datetime import datetime
from enum import IntEnum
from typing import Literal

from modbus_schema import (
    RO,
    RW,
    Device,
    Executor,
    RegisterMap,
    date_time,
    enum,
    holding_register,
)


class Order(IntEnum):
    """How the device orders what is longer than a byte."""

    BIG = 0
    LITTLE = 1
    BIG_SWAPPED = 2
    LITTLE_SWAPPED = 3


ORDERS: dict[Order, tuple[Literal["big", "little"], Literal["big", "little"]]] = {
    Order.BIG: ("big", "big"),
    Order.LITTLE: ("little", "little"),
    Order.BIG_SWAPPED: ("big", "little"),
    Order.LITTLE_SWAPPED: ("little", "big"),
}
"""The order of words, and that of bytes."""


class Presto(RegisterMap):
    """The thermostat; its orders are said when it is opened."""

    order: RW[Order] = holding_register(93, enum(Order), word_order="big", byte_order="big")
    clock: RO[datetime] = holding_register(
        100, date_time("year", "month", "day", "hour", "minute", "second")
    )


def open_presto(client: Executor) -> Device[Presto]:
    """Return the thermostat behind a client, in the orders that it says it has."""
    order = Device(client, Presto).read(Presto.order)
    word_order, byte_order = ORDERS[order]
    return Device(client, Presto, word_order=word_order, byte_order=byte_order)
