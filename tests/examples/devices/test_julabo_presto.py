"""Julabo PRESTO: a register says how the others are ordered."""

from datetime import datetime

import pytest

from examples.devices.julabo_presto import ORDERS, Order, Presto, open_presto
from modbus_schema import DecodeError, Device
from tests.examples.devices.bench import HOLDING, bank_of, served, simulated

MOMENT = datetime(2024, 2, 29, 23, 59, 58)
STATE = Presto(order=Order.BIG, clock=MOMENT)
PLAIN = [0x07E8, 2, 29, 23, 59, 58]
SWAPPED = [0xE807, 0x0200, 0x1D00, 0x1700, 0x3B00, 0x3A00]
CLOCKS = {
    Order.BIG: PLAIN,
    Order.LITTLE: SWAPPED,
    Order.BIG_SWAPPED: SWAPPED,
    Order.LITTLE_SWAPPED: PLAIN,
}


def test_there_are_orders_for_every_choice() -> None:
    """None is forgotten."""
    assert set(ORDERS) == set(Order)


@pytest.mark.parametrize("order", Order)
def test_the_device_says_how_it_is_read(order: Order) -> None:
    """Register 93 is big-endian whatever it says; the clock is read as it says."""
    with served(bank_of(HOLDING, {93: [int(order)], 100: CLOCKS[order]})) as client:
        assert open_presto(client).read() == Presto(order=order, clock=MOMENT)


@pytest.mark.parametrize("order", Order)
def test_a_simulated_device_orders_its_registers(order: Order) -> None:
    """Each of the four, as a plain client sees it; another order may be chosen."""
    words, byts = ORDERS[order]
    with simulated(STATE.replace(order=order), word_order=words, byte_order=byts) as bench:
        assert bench.has_words(HOLDING, {93: [int(order)], 100: CLOCKS[order]})
        thermostat = open_presto(bench.client)
        thermostat.write(Presto.order.to(Order.LITTLE))
        assert bench.has_words(HOLDING, {93: [1]})


def test_the_wrong_order_is_no_date() -> None:
    """The 7th of the year 59399 is none; the error says where it was looked for."""
    with (
        served(bank_of(HOLDING, {93: [1], 100: CLOCKS[Order.LITTLE]})) as client,
        pytest.raises(DecodeError, match=r"Presto\.clock: holding\[100\.\.105\]"),
    ):
        Device(client, Presto).read(Presto.clock)
