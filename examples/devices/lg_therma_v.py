"""LG Therma V: an air-to-water heat pump that uses all four tables.

Source: the Modbus page of LG's installation manual. It calls the read-only registers "holding" and
the others "input", the wrong way round; numbers there count from 1 (30003, 40001), here from 0.

What is special:

- Two coils are buttons: writing 1 starts something, and what they read as says nothing. They are
  write-only (``WO``), and None in an instance.
- A temperature without a sensor is 0xFD77, which would be -64.9 degC: ``optional``.
- The two circuits are alike, three registers apart: one class, placed twice.
- Mode and control are written one by one, by FC 6: ``write_with="single"``.
- What kind of machine it is stands at address 39997, far from all else: ``max_gap`` keeps it a
  request of its own, and it need not be polled at all.
"""

from enum import IntEnum

from modbus_schema import (
    RO,
    RW,
    WO,
    RegisterMap,
    coil,
    discrete_input,
    enum,
    group,
    holding_register,
    input_register,
    int16,
    repeat,
    uint16,
)

TENTHS = int16.scaled("0.1")
SENSOR = TENTHS.optional(0xFD77)


class Cycle(IntEnum):
    """What the outdoor unit does."""

    STANDBY = 0
    COOLING = 1
    HEATING = 2


class Mode(IntEnum):
    """What the user asked for."""

    COOL = 0
    AUTO = 3
    HEAT = 4


class Control(IntEnum):
    """By which temperature the machine is controlled."""

    OUTLET = 0
    INLET = 1
    ROOM = 2


class EnergyState(IntEnum):
    """What the grid, or the roof, would like the machine to do."""

    UNUSED = 0
    FORCED_OFF = 1
    NORMAL = 2
    ON_RECOMMENDED = 3
    ON_COMMANDED = 4
    ON_COMMANDED_2 = 5
    ON_RECOMMENDED_1 = 6
    SAVING = 7
    SUPER_SAVING = 8


class Product(IntEnum):
    """The kind of machine."""

    SPLIT = 0
    MONOBLOC = 3
    HIGH_TEMPERATURE = 4
    MEDIUM_TEMPERATURE = 5
    SYSTEM_BOILER = 6


class Circuit(RegisterMap):
    """A heating circuit."""

    target: RW[float] = holding_register(2, TENTHS, unit="degC", min=5, max=65)
    shift: RW[int] = holding_register(4, int16, unit="K", min=-5, max=5, description="in mode AUTO")


class Variant(RegisterMap):
    """What the machine is."""

    group: RO[int] = input_register(39997, uint16, description="0x80, 0x83, 0x88 or 0x89")
    product: RO[Product | int] = input_register(39998, enum(Product, keep_unknown=True))


class ThermaV(RegisterMap, max_gap=2):
    """The heat pump, in six requests."""

    heating: RW[bool] = coil(0)
    hot_water: RW[bool] = coil(1)
    silent: RW[bool] = coil(2)
    start_disinfection: WO[bool] = coil(3, default=None)
    emergency_stop: RW[bool] = coil(4)
    start_emergency: WO[bool] = coil(5, default=None)

    flow_is_low: RO[bool] = discrete_input(0)
    pump_runs: RO[bool] = discrete_input(1)
    external_pump_runs: RO[bool] = discrete_input(2)
    compressor_runs: RO[bool] = discrete_input(3)
    is_defrosting: RO[bool] = discrete_input(4)
    heats_water: RO[bool] = discrete_input(5)
    disinfects: RO[bool] = discrete_input(6)
    is_silent: RO[bool] = discrete_input(7)
    is_cooling: RO[bool] = discrete_input(8)
    solar_pump_runs: RO[bool] = discrete_input(9)
    heater_1: RO[bool] = discrete_input(10)
    heater_2: RO[bool] = discrete_input(11)
    boosts_water: RO[bool] = discrete_input(12)
    has_error: RO[bool] = discrete_input(13)
    emergency_heating_available: RO[bool] = discrete_input(14)
    emergency_water_available: RO[bool] = discrete_input(15)
    mixing_pump_runs: RO[bool] = discrete_input(16)

    error: RO[int] = input_register(0, uint16)
    cycle: RO[Cycle | int] = input_register(1, enum(Cycle, keep_unknown=True))
    water_in: RO[float | None] = input_register(2, SENSOR, unit="degC")
    water_out: RO[float | None] = input_register(3, SENSOR, unit="degC")
    backup_heater_out: RO[float | None] = input_register(4, SENSOR, unit="degC")
    tank: RO[float | None] = input_register(5, SENSOR, unit="degC")
    solar: RO[float | None] = input_register(6, SENSOR, unit="degC")
    room_1: RO[float | None] = input_register(7, SENSOR, unit="degC")
    flow: RO[float] = input_register(8, uint16.scaled("0.1"), unit="l/min")
    flow_2: RO[float | None] = input_register(9, SENSOR, unit="degC", description="circuit 2")
    room_2: RO[float | None] = input_register(10, SENSOR, unit="degC")
    outdoor: RO[float | None] = input_register(12, SENSOR, unit="degC")
    variant: RO[Variant] = group(Variant, base=0)

    mode: RW[Mode] = holding_register(0, enum(Mode), write_with="single")
    control: RW[Control] = holding_register(1, enum(Control), write_with="single")
    circuits: RW[tuple[Circuit, ...]] = repeat(Circuit, base=0, stride=3, count=2)
    tank_target: RW[float] = holding_register(8, TENTHS, unit="degC", min=30, max=80)
    energy_state: RW[EnergyState] = holding_register(9, enum(EnergyState))
