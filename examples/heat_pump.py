"""A heat pump that uses all four tables, after the LG Therma V: simulated, read and written.

Run it: no device is needed.
"""

from enum import IntEnum

from modbus_schema import (
    RO,
    RW,
    WO,
    Device,
    RegisterMap,
    coil,
    discrete_input,
    enum,
    group,
    holding_register,
    input_register,
    int16,
    simulate,
    uint16,
)
from modbus_wire import Client


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


class Product(IntEnum):
    """The kind of unit."""

    SPLIT = 0
    MONOBLOC = 3
    HIGH_TEMPERATURE = 4
    MEDIUM_TEMPERATURE = 5
    SYSTEM_BOILER = 6


TENTHS = int16.scaled("0.1")
SENSOR = TENTHS.optional(0xFD77)  # what the unit sends where no sensor is connected


class Circuit(RegisterMap):
    """A heating circuit; addresses count from where the circuit is placed."""

    target: RW[float] = holding_register(0, TENTHS, unit="degC", min=15, max=65)
    shift: RW[int] = holding_register(2, int16, unit="K", min=-5, max=5)


class HeatPump(RegisterMap, max_gap=4):
    """An air-to-water heat pump."""

    heating: RW[bool] = coil(0)
    hot_water: RW[bool] = coil(1)
    silent: RW[bool] = coil(2)
    start_disinfection: WO[bool] = coil(3, default=None)

    flow_low: RO[bool] = discrete_input(0)
    water_pump: RO[bool] = discrete_input(1)
    compressor: RO[bool] = discrete_input(3)
    defrost: RO[bool] = discrete_input(4)

    error_code: RO[int] = input_register(0, uint16)
    cycle: RO[Cycle] = input_register(1, enum(Cycle))
    water_in: RO[float | None] = input_register(2, SENSOR, unit="degC")
    water_out: RO[float | None] = input_register(3, SENSOR, unit="degC")
    tank: RO[float | None] = input_register(5, SENSOR, unit="degC")
    flow: RO[float] = input_register(8, uint16.scaled("0.1"), unit="l/min")
    outdoor: RO[float | None] = input_register(12, SENSOR, unit="degC")
    product: RO[Product] = input_register(39998, enum(Product))

    mode: RW[Mode] = holding_register(0, enum(Mode))
    circuit_1: RW[Circuit] = group(Circuit, base=2)
    circuit_2: RW[Circuit] = group(Circuit, base=5)


STATE = HeatPump(
    heating=False,
    hot_water=True,
    silent=False,
    flow_low=False,
    water_pump=True,
    compressor=True,
    defrost=False,
    error_code=0,
    cycle=Cycle.HEATING,
    water_in=28.4,
    water_out=33.1,
    tank=None,
    flow=18.2,
    outdoor=-3.5,
    product=Product.MONOBLOC,
    mode=Mode.AUTO,
    circuit_1=Circuit(target=35.0, shift=0),
    circuit_2=Circuit(target=45.0, shift=1),
)


def main() -> None:
    """Serve the heat pump on a free port of this machine and use it."""
    with simulate(STATE, port=0) as sim, Client(sim.host, sim.port) as client:

        @sim.on_write(HeatPump.mode)
        def mode_changed(old: Mode, new: Mode) -> None:
            print(f"the heat pump goes from {old.name} to {new.name}")

        pump = Device(client, HeatPump)
        state = pump.read()
        print(f"outdoor {state.outdoor} degC, tank {state.tank}, {state.cycle.name}")

        pump.write(HeatPump.mode.to(Mode.HEAT), HeatPump.heating.to(True))
        pump.write(HeatPump.circuit_2.at(Circuit.target).to(42.5))
        print("circuit 2:", pump.read(HeatPump.circuit_2))

        sim.set(HeatPump.outdoor.to(-4.1))
        print("outdoor now", pump.read(HeatPump.outdoor))


if __name__ == "__main__":
    main()
