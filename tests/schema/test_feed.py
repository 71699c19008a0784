"""Filling the drop-in server's bank from an instance, and a device over the drop-in client."""

from collections.abc import Iterator

import pytest

from modbus_schema import (
    RO,
    RW,
    Device,
    EncodeError,
    RegisterMap,
    bits,
    coil,
    feed,
    float32,
    holding_register,
    input_register,
    uint16,
)
from modbus_wire import ConnectError
from modbus_wire.client import ModbusClient
from modbus_wire.server import DataBank, ModbusServer
from tests.compat.peers import free_port


class Boiler(RegisterMap):
    """A device whose tables do not meet."""

    temperature: RO[float] = input_register(0, float32)
    setpoint: RW[int] = holding_register(4, uint16, max=95)
    burner: RW[bool] = coil(2)


@pytest.fixture
def server() -> Iterator[ModbusServer]:
    """A drop-in server over a bank of zeros."""
    DataBank.set_words(0, [0] * 10)
    DataBank.set_bits(0, [False] * 10)
    server = ModbusServer(host="127.0.0.1", port=free_port(), no_block=True)
    server.start()
    yield server
    server.stop()


def test_a_device_over_the_drop_in_client_reads_what_was_fed(server: ModbusServer) -> None:
    """Bank, server and client are the drop-in faces; the map is at both ends."""
    state = Boiler(temperature=71.5, setpoint=60, burner=True)
    feed(DataBank, state)
    client = ModbusClient(host="127.0.0.1", port=server.port, auto_open=True)
    boiler = Device(client, Boiler)
    assert boiler.read() == state
    boiler.write(Boiler.setpoint.to(65), Boiler.burner.to(False))
    assert DataBank.get_words(4) == [65]
    assert DataBank.get_bits(2) == [False]
    client.close()


def test_other_cells_of_the_bank_stay(server: ModbusServer) -> None:
    """Only the cells of fields are written."""
    DataBank.set_words(0, [9] * 10)
    feed(DataBank, Boiler(temperature=0, setpoint=1, burner=False))
    assert DataBank.get_words(0, 6) == [0, 0, 9, 9, 1, 9]


def test_a_client_that_may_not_open_says_so() -> None:
    """Through a device the drop-in client raises; None is for its own methods."""
    with pytest.raises(ConnectError, match="not open"):
        Device(ModbusClient(host="127.0.0.1", port=free_port()), Boiler).read()


def test_fields_that_share_a_cell_of_the_bank_are_refused() -> None:
    """The bank has one store for both kinds of registers: nothing is written."""

    class Twice(RegisterMap):
        measured: RO[float] = input_register(0, float32)
        wanted: RW[int] = holding_register(1, uint16)

    DataBank.set_words(0, [9, 9])
    with pytest.raises(EncodeError, match=r"Twice.wanted: holding\[1\] and Twice.measured"):
        feed(DataBank, Twice(measured=1, wanted=2))
    assert DataBank.get_words(0, 2) == [9, 9]


def test_a_value_out_of_limits_is_refused() -> None:
    """Limits bind whoever writes, also into a bank."""
    with pytest.raises(EncodeError, match=r"Boiler.setpoint: holding\[4\]: 96 is above"):
        feed(DataBank, Boiler(temperature=1, setpoint=96, burner=False))


def test_other_bits_of_a_word_stay() -> None:
    """A field of some bits changes those."""

    class Nibble(RegisterMap):
        low: RW[int] = holding_register(0, bits(0, 3))

    DataBank.set_words(0, [0xFF00])
    feed(DataBank, Nibble(low=5))
    assert DataBank.get_words(0) == [0xFF05]
