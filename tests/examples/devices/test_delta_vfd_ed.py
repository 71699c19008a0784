"""Delta VFD-ED: bytes, bit ranges and bits of one register."""

import pytest

from examples.devices.delta_vfd_ed import Direction, Operation, Source, VfdEd
from modbus_schema import DecodeError, Device, EncodeError
from modbus_wire import IllegalDataValue
from tests.examples.devices.bench import HOLDING, bank_of, served, simulated

STATE = VfdEd(
    frequency_command=0.0,
    external_fault=False,
    fault=0x15,
    warning=0x03,
    set_frequency=50.0,
    output_frequency=49.98,
    current=12.34,
    bus_voltage=563.2,
    output_voltage=398.7,
    operation=Operation.RUNNING,
    jogs=False,
    direction=Direction.REVERSE,
    source=Source.FREQUENCY_COMMUNICATION | Source.RUN_COMMUNICATION,
    current_decimals=2,
)
WORDS = {
    0x2001: [0, 0],
    0x2100: [0x0315],
    0x2102: [5000, 4998, 1234, 5632, 3987],
    0x2119: [0b00101_000_11_0_11],
    0x211F: [0x0200],
}


def test_one_register_is_five_fields() -> None:
    """Bytes and bits are where the manual prints them, and two requests bring all."""
    assert WORDS[0x2119] == [0x051B]
    with simulated(STATE) as bench:
        assert bench.has_words(HOLDING, WORDS)
        bench.asked.clear()
        assert bench.device.read() == STATE
        assert bench.asked == [(3, 0x2001, 2), (3, 0x2100, 32)]


def test_the_decimals_of_the_current_are_read_with_it() -> None:
    """They are never remembered: the same count is another current once they change."""
    words = {0x2104: [1234], 0x211F: [0x01FF]}
    bank = bank_of(HOLDING, words)
    with served(bank) as client:
        device = Device(client, VfdEd)
        assert device.read(VfdEd.current) == 123.4
        bank.set_registers(HOLDING, 0x211F, [0x0000])
        assert device.read(VfdEd.current) == 1234.0
        bank.set_registers(HOLDING, 0x211F, [0x0900])
        with pytest.raises(DecodeError, match=r"VfdEd\.current.*9"):
            device.read(VfdEd.current)


def test_the_current_alone_takes_its_decimals_along() -> None:
    """Two requests, for the registers are too far apart for one."""
    with simulated(STATE) as bench:
        bench.asked.clear()
        assert bench.device.read(VfdEd.current) == 12.34
        assert bench.asked == [(3, 0x2104, 1), (3, 0x211F, 1)]


def test_one_bit_is_set_by_a_mask() -> None:
    """The frequency goes by FC 6, the bit by FC 22, which a mask of 0xFFFE leaves the rest of."""
    with simulated(STATE) as bench:
        bench.asked.clear()
        bench.device.write(VfdEd.frequency_command.to(42.55))
        bench.device.write(VfdEd.external_fault.to(True))
        assert bench.asked.take() == [(6, 0x2001, 4255), (22, 0x2002, 0xFFFE)]
        assert bench.client.read_holding_registers(0x2001, 2) == [4255, 1]


def test_the_drive_keeps_its_limits() -> None:
    """400 Hz are the most; another client's attempt is refused as well, and so are other bits."""
    with simulated(STATE) as bench:
        with pytest.raises(EncodeError, match=r"400.01 is above the maximum of 400"):
            bench.device.write(VfdEd.frequency_command.to(400.01))
        with pytest.raises(IllegalDataValue):
            bench.client.write_single_register(0x2001, 40_001)
        with pytest.raises(IllegalDataValue):
            bench.client.write_single_register(0x2002, 2)


def test_every_source_is_kept() -> None:
    """The fifth flag has no name here, and is not lost."""
    with served(bank_of(HOLDING, {0x2119: [0xFF00]})) as client:
        source, operation = Device(client, VfdEd).read(VfdEd.source, VfdEd.operation)
        assert int(source) == 0b11111
        assert Source.PARAMETERS_LOCKED in source
        assert operation is Operation.STOPPED
