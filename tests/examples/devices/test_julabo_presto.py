"""Julabo PRESTO: a register says how the others are ordered."""

from datetime import datetime

import pytest

from examples.devices.julabo_presto import MAPS, Order, Presto
from modbus_schema import Device
from tests.examples.devices.bench import HOLDING, bank_of, served, simulated

MOMENT = datetime(2024, 2, 29, 23, 59, 58)
PLAIN = [0x07E8, 2, 29, 23, 59, 58]
SWAPPED = [0xE807, 0x0200, 0x1D00, 0x1700, 0x3B00, 0x3A00]
CLOCKS = {
    Order.BIG: PLAIN,
    Order.LITTLE: SWAPPED,
    Order.BIG_SWAPPED: SWAPPED,
    Order.LITTLE_SWAPPED: PLAIN,
}


def test_there_is_a_map_for_every_order() -> None:
    """None is forgotten."""
    assert set(MAPS) == set(Order)


@pytest.mark.parametrize("order", Order)
def test_the_order_is_read_before_the_rest(order: Order) -> None:
    """Register 93 is big-endian whatever it says; then the clock is read by the right map."""
    words = {93: [int(order)], 100: CLOCKS[order]}
    with served(bank_of(HOLDING, words)) as client:
        found = Device(client, Presto).read(Presto.order)
        assert found is order
        state = Device(client, MAPS[found]).read()
    assert state == MAPS[order](order=order, clock=MOMENT)


@pytest.mark.parametrize("order", Order)
def test_a_simulated_device_orders_its_registers(order: Order) -> None:
    """Each of the four, as a plain client sees it."""
    with simulated(MAPS[order](order=order, clock=MOMENT)) as bench:
        assert bench.has_words(HOLDING, {93: [int(order)], 100: CLOCKS[order]})
        bench.device.write(type(bench.sim.snapshot()).order.to(Order.LITTLE))
        assert bench.has_words(HOLDING, {93: [1]})
