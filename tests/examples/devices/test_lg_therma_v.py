"""LG Therma V: four tables, buttons, sensors that are not there, and a variant far away."""

import pytest

from examples.devices.lg_therma_v import (
    Circuit,
    Control,
    Cycle,
    EnergyState,
    Mode,
    Product,
    ThermaV,
    Variant,
)
from modbus_schema import Device, EncodeError, simulate
from modbus_wire import IllegalDataAddress, IllegalDataValue
from tests.examples.devices.bench import HOLDING, INPUT, bank_of, served, simulated

STATE = ThermaV(
    heating=True,
    hot_water=False,
    silent=True,
    emergency_stop=False,
    flow_is_low=False,
    pump_runs=True,
    external_pump_runs=False,
    compressor_runs=True,
    is_defrosting=False,
    heats_water=False,
    disinfects=False,
    is_silent=True,
    is_cooling=False,
    solar_pump_runs=False,
    heater_1=True,
    heater_2=False,
    boosts_water=False,
    has_error=False,
    emergency_heating_available=True,
    emergency_water_available=False,
    mixing_pump_runs=True,
    error=0,
    cycle=Cycle.HEATING,
    water_in=28.4,
    water_out=33.1,
    backup_heater_out=33.0,
    tank=None,
    solar=None,
    room_1=21.5,
    flow=18.2,
    flow_2=None,
    room_2=None,
    outdoor=-3.5,
    variant=Variant(group=0x88, product=Product.MONOBLOC),
    mode=Mode.AUTO,
    control=Control.OUTLET,
    circuits=(Circuit(target=35.0, shift=-2), Circuit(target=5.1, shift=0)),
    tank_target=48.0,
    energy_state=EnergyState.NORMAL,
)
INPUT_WORDS = {
    0: [0, 2, 284, 331, 330, 0xFD77, 0xFD77, 215, 182, 0xFD77, 0xFD77],
    12: [0xFFDD],
    39997: [0x88, 3],
}
HOLDING_WORDS = {0: [3, 0], 2: [350], 4: [0xFFFE, 51], 7: [0, 480, 2]}


def test_six_requests_read_four_tables() -> None:
    """The buttons among the coils are not touched."""
    with simulated(STATE) as bench:
        assert bench.has_words(INPUT, INPUT_WORDS)
        assert bench.has_words(HOLDING, HOLDING_WORDS)
        assert bench.client.read_coils(0, 3) == [True, False, True]
        inputs = bench.client.read_discrete_inputs(0, 17)
        assert [number for number, is_on in enumerate(inputs) if is_on] == [1, 3, 7, 10, 14, 16]
        bench.asked.clear()
        assert bench.device.read() == STATE
        assert sorted(bench.asked) == [
            (1, 0, 3),
            (1, 4, 1),
            (2, 0, 17),
            (3, 0, 10),
            (4, 0, 13),
            (4, 39997, 2),
        ]


def test_a_button_is_pressed_and_not_read() -> None:
    """The pulse arrives, and only a set of all coils that the machine has can be refused."""
    with simulated(STATE) as bench:
        pressed: list[bool] = []

        @bench.sim.on_write(ThermaV.start_disinfection)
        def starts(old: bool | None, new: bool) -> None:
            pressed.append(new)

        bench.asked.clear()
        bench.device.write(ThermaV.start_disinfection.to(True))
        bench.device.write(ThermaV.start_disinfection.to(True))
        assert bench.asked.take() == [(5, 3, 0xFF00)] * 2
        assert pressed == [True, True]
        assert bench.device.read().start_disinfection is None
        with pytest.raises(IllegalDataAddress):
            bench.client.read_coils(0, 6)


def test_a_sensor_that_is_not_there_is_none() -> None:
    """-64.9 degC cannot be meant; -64.8 can."""
    with served(bank_of(INPUT, {5: [0xFD77, 0xFD78]})) as client:
        assert Device(client, ThermaV).read(ThermaV.tank, ThermaV.solar) == (None, -64.8)
    with pytest.raises(EncodeError, match=r"ThermaV\.tank: .*pattern that means None"):
        simulate(STATE.replace(tank=-64.9))


def test_settings_are_written_one_by_one() -> None:
    """A single register by FC 6; the limits are kept before a byte leaves, and by the machine."""
    with simulated(STATE) as bench:
        circuit = ThermaV.circuits[1]
        bench.asked.clear()
        bench.device.write(ThermaV.mode.to(Mode.HEAT))
        bench.device.write(circuit.at(Circuit.target).to(42.5))
        assert bench.asked.take() == [(6, 0, 4), (6, 5, 425)]
        bench.device.write(ThermaV.mode.to(Mode.HEAT), ThermaV.control.to(Control.ROOM))
        assert bench.asked.take() == [(6, 0, 4), (6, 1, 2)]
        with pytest.raises(EncodeError, match=r"circuits\[1\]\.shift: holding\[7\]: 6 is above"):
            bench.device.write(circuit.at(Circuit.shift).to(6))
        assert bench.asked.take() == []
        with pytest.raises(IllegalDataValue):
            bench.client.write_single_register(7, 6)
        with pytest.raises(IllegalDataValue):
            bench.client.write_single_register(0, 1)  # a mode that there is not
        assert bench.sim.snapshot().circuits[1] == Circuit(target=42.5, shift=0)


def test_what_changed_is_written() -> None:
    """Two neighbours share a request; equal instances need none."""
    with simulated(STATE) as bench:
        new = STATE.replace(silent=False, tank_target=50.0, energy_state=EnergyState.ON_COMMANDED)
        bench.asked.clear()
        bench.device.write_changes(STATE, STATE)
        assert bench.asked == []
        bench.device.write_changes(STATE, new)
        assert sorted(bench.asked) == [(5, 2, 0), (16, 8, 2)]
        assert bench.device.read() == new


def test_a_cycle_that_nobody_knows_does_not_lose_the_read() -> None:
    """A new firmware's number is kept as it is."""
    with served(bank_of(INPUT, {1: [7]})) as client:
        assert Device(client, ThermaV).read(ThermaV.cycle) == 7


def test_a_machine_without_the_second_circuit_is_read_partially() -> None:
    """It answers 02 for what it lacks; all else comes."""
    bank = bank_of(HOLDING, {0: [4, 1, 350]})
    with served(bank) as client:
        refs = (ThermaV.mode, ThermaV.circuits)
        partial = Device(client, ThermaV).read(*refs, partial=True)
        assert partial.values[ThermaV.mode] is Mode.HEAT
        assert partial.values[ThermaV.circuits[0].at(Circuit.target)] == 35.0
        assert {ref.name for ref in partial.failed} == {
            "ThermaV.circuits[0].shift",
            "ThermaV.circuits[1].target",
            "ThermaV.circuits[1].shift",
        }
