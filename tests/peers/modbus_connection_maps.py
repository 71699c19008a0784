"""Maps of real devices as modbus-connection (Home Assistant's library) declares them.

Written down a second time, from the data sheets, and named as the fields of ours are spelt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

from examples.devices import lg_therma_v, schneider_meters

MISSING = (
    None
    if find_spec("modbus_connection")
    else "modbus-connection is not installed (it needs Python 3.12)"
)


class Declared(NamedTuple):
    """The fields of one device: those in registers by their space, and bits."""

    input: Mapping[str, Any] = {}
    holding: Mapping[str, Any] = {}
    coil_ranges: tuple[tuple[int, int], ...] | None = None
    """The first and the last of coils that one read may bring; None: it bridges what it likes."""

    def components(self, unit: Any) -> list[Any]:
        """Return a component for each space that has fields."""
        spaces = (("input", self.input), ("holding", self.holding))
        return [self._class_of(space, fields)(unit) for space, fields in spaces if fields]

    def _class_of(self, space: str, fields: Mapping[str, Any]) -> Any:
        # the attributes are no identifiers, which it does not mind
        body = {**fields, "register_space": space, "coil_ranges": self.coil_ranges}
        return type("Declared", (part("model").Component,), body)


def part(name: str) -> Any:
    """Return a module of modbus-connection, untyped."""
    return import_module(f"modbus_connection.{name}")


def in_turn(name: str, make: Any, address: int, stride: int, count: int = 3) -> dict[str, Any]:
    """Return fields that repeat, ``name`` being a format of the index."""
    return {name.format(index): make(address + index * stride) for index in range(count)}


def sdm630() -> Declared:
    """Return Eastron's meter."""
    make = part("model").float32
    each = {
        "voltage": 0x0000,
        "current": 0x0006,
        "power": 0x000C,
        "apparent_power": 0x0012,
        "reactive_power": 0x0018,
        "power_factor": 0x001E,
        "voltage_distortion": 0x00EA,
        "imported": 0x015A,
        "exported": 0x0160,
        "total": 0x0166,
    }
    whole = {
        "power": 0x0034,
        "apparent_power": 0x0038,
        "reactive_power": 0x003C,
        "power_factor": 0x003E,
        "phase_angle": 0x0042,
        "frequency": 0x0046,
        "imported": 0x0048,
        "exported": 0x004A,
        "reactive_imported": 0x004C,
        "reactive_exported": 0x004E,
        "voltage_distortion": 0x00F8,
        "total": 0x0156,
        "reactive_total": 0x0158,
    }
    fields = {name: make(address) for name, address in whole.items()}
    for name, address in each.items():
        fields |= in_turn(f"phases[{{}}].{name}", make, address, 2)
    return Declared(input=fields)


def em24() -> Declared:
    """Return Carlo Gavazzi's meter, but for the code that has to be read alone."""
    model = part("model")

    def tenths(address: int) -> Any:
        return model.int32(address, scale=0.1, word_order="little")

    def thousandths(address: int) -> Any:
        return model.int32(address, scale=0.001, word_order="little")

    def factor(address: int) -> Any:
        return model.gauge(address, 0.001)

    return Declared(
        input={
            **in_turn("phases[{}].voltage", tenths, 0x00, 2),
            **in_turn("phases[{}].voltage_to_next", tenths, 0x06, 2),
            **in_turn("phases[{}].current", thousandths, 0x0C, 2),
            **in_turn("phases[{}].power", tenths, 0x12, 2),
            **in_turn("phases[{}].imported", tenths, 0x46, 2),
            **in_turn("power_factors[{}]", factor, 0x32, 1),
            "voltage": tenths(0x24),
            "voltage_between": tenths(0x26),
            "power": tenths(0x28),
            "apparent_power": tenths(0x2A),
            "reactive_power": tenths(0x2C),
            "power_factor": factor(0x35),
            "phase_sequence": model.integer(0x36),
            "frequency": model.gauge(0x37, 0.1),
            "imported": tenths(0x3E),
            "imported_partial": tenths(0x42),
            "exported": tenths(0x5C),
        }
    )


def schneider() -> Declared:
    """Return a Schneider meter, but for its date, which modbus-connection has no type for."""
    model = part("model")

    def kilo(address: int) -> Any:
        return model.float32(address, scale=1000.0)

    return Declared(
        holding={
            **in_turn("readings.phases[{}].current", model.float32, 2999, 2),
            **in_turn("readings.phases[{}].voltage", model.float32, 3027, 2),
            **in_turn("readings.phases[{}].power", kilo, 3053, 2),
            **in_turn("readings.phase_energies[{}].imported", model.int64, 3517, 4),
            "readings.current": model.float32(3009),
            "readings.voltage": model.float32(3035),
            "readings.power": kilo(3059),
            "readings.apparent_power": kilo(3075),
            "readings.frequency": model.float32(3109),
            "readings.imported": model.int64(3203),
            "readings.exported": model.int64(3207),
            "readings.reactive_imported": model.int64(3219),
            "readings.reactive_exported": model.int64(3223),
            "identity.model": model.string(49, 20),
            "identity.manufacturer": model.string(69, 20),
            "identity.product": model.enum(89, schneider_meters.Product),
            "identity.serial_number": model.uint32(129),
        }
    )


def b23() -> Declared:
    """Return ABB's meter: a pattern of "invalid" for each type."""
    model = part("model")

    def energy(address: int) -> Any:
        return model.uint64(address, scale=0.01, nan=(1 << 64) - 1)

    def voltage(address: int) -> Any:
        return model.uint32(address, scale=0.1, nan=0xFFFFFFFF)

    def current(address: int) -> Any:
        return model.uint32(address, scale=0.01, nan=0xFFFFFFFF)

    def power(address: int) -> Any:
        return model.int32(address, scale=0.01, nan=0x7FFFFFFF)

    def factor(address: int) -> Any:
        return model.gauge(address, 0.001, nan=0x7FFF)

    return Declared(
        holding={
            "imported": energy(0x5000),
            "exported": energy(0x5004),
            **in_turn("phases_imported[{}]", energy, 0x5460, 4),
            **in_turn("phases_exported[{}]", energy, 0x546C, 4),
            **in_turn("voltages[{}]", voltage, 0x5B00, 2),
            **in_turn("currents[{}]", current, 0x5B0C, 2),
            "power": power(0x5B14),
            **in_turn("powers[{}]", power, 0x5B16, 2),
            "frequency": model.gauge(0x5B2C, 0.01, signed=False, nan=0xFFFF),
            "power_factor": factor(0x5B3A),
            **in_turn("power_factors[{}]", factor, 0x5B3B, 1),
        }
    )


INPUTS = (
    *("flow_is_low", "pump_runs", "external_pump_runs", "compressor_runs", "is_defrosting"),
    *("heats_water", "disinfects", "is_silent", "is_cooling", "solar_pump_runs"),
    *("heater_1", "heater_2", "boosts_water", "has_error"),
    *("emergency_heating_available", "emergency_water_available", "mixing_pump_runs"),
)
SENSORS = {
    "water_in": 2,
    "water_out": 3,
    "backup_heater_out": 4,
    "tank": 5,
    "solar": 6,
    "room_1": 7,
    "flow_2": 9,
    "room_2": 10,
    "outdoor": 12,
}


def therma_v() -> Declared:
    """Return LG's heat pump, in all four tables; no button is read."""
    model = part("model")

    def target(address: int) -> Any:
        return model.gauge(address, 0.1, writable=True)

    def shift(address: int) -> Any:
        return model.integer(address, writable=True)

    def choice(address: int, kind: Any) -> Any:
        return model.enum(address, kind, writable=True)

    coils = {"heating": 0, "hot_water": 1, "silent": 2, "emergency_stop": 4}
    return Declared(
        input={
            **{name: model.discrete_input(address) for address, name in enumerate(INPUTS)},
            **{name: model.gauge(address, 0.1, nan=0xFD77) for name, address in SENSORS.items()},
            "error": model.integer(0, signed=False),
            "cycle": model.enum(1, lg_therma_v.Cycle),
            "flow": model.gauge(8, 0.1, signed=False),
            "variant.group": model.integer(39997, signed=False),
            "variant.product": model.enum(39998, lg_therma_v.Product),
        },
        holding={
            **{name: model.coil(address, writable=True) for name, address in coils.items()},
            "mode": choice(0, lg_therma_v.Mode),
            "control": choice(1, lg_therma_v.Control),
            **in_turn("circuits[{}].target", target, 2, 3, 2),
            **in_turn("circuits[{}].shift", shift, 4, 3, 2),
            "tank_target": target(8),
            "energy_state": choice(9, lg_therma_v.EnergyState),
        },
        coil_ranges=((0, 2), (4, 4)),
    )


def vfd_ed() -> Declared:
    """Return Delta's drive, whose registers are cut into bits."""
    model = part("model")
    return Declared(
        holding={
            "frequency_command": model.gauge(0x2001, 0.01, signed=False, writable=True),
            "external_fault": model.bit(0x2002, 0, writable=True),
            "fault": model.bits(0x2100, 0, 8),
            "warning": model.bits(0x2100, 8, 8),
            "set_frequency": model.gauge(0x2102, 0.01, signed=False),
            "output_frequency": model.gauge(0x2103, 0.01, signed=False),
            "bus_voltage": model.gauge(0x2105, 0.1, signed=False),
            "output_voltage": model.gauge(0x2106, 0.1, signed=False),
            "operation": model.bits(0x2119, 0, 2),
            "jogs": model.bit(0x2119, 2),
            "direction": model.bits(0x2119, 3, 2),
            "source": model.bits(0x2119, 8, 5),
        }
    )


def pac2200() -> Declared:
    """Return Siemens' meter."""
    model = part("model")
    return Declared(
        input={
            **in_turn("phases[{}].voltage", model.float32, 1, 2),
            **in_turn("phases[{}].current", model.float32, 13, 2),
            **in_turn("phases[{}].power", model.float32, 25, 2),
            "power": model.float32(65),
            "imported": model.float64(801),
            "exported": model.float64(809),
        }
    )


def spelt(tree: object, name: str = "") -> Iterable[tuple[str, object]]:
    """Yield the values of `to_dict`, by the spelling of their fields."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from spelt(value, f"{name}.{key}" if name else key)
    elif isinstance(tree, list | tuple):
        for index, value in enumerate(tree):
            yield from spelt(value, f"{name}[{index}]")
    else:
        yield name, tree
