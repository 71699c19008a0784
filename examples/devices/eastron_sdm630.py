"""Eastron SDM630: a three-phase energy meter, all of it float32 in input registers.

Source: SDM630 Modbus protocol. The meter interleaves its phases: L1, L2 and L3 of a quantity are
neighbours, so the class of a phase repeats at a stride of one value.
"""

from modbus_schema import RO, RegisterMap, float32, input_register, repeat


class Phase(RegisterMap):
    """One phase."""

    voltage: RO[float] = input_register(0x0000, float32, unit="V")
    current: RO[float] = input_register(0x0006, float32, unit="A")
    power: RO[float] = input_register(0x000C, float32, unit="W")
    apparent_power: RO[float] = input_register(0x0012, float32, unit="VA")
    reactive_power: RO[float] = input_register(0x0018, float32, unit="var")
    power_factor: RO[float] = input_register(0x001E, float32)
    voltage_distortion: RO[float] = input_register(0x00EA, float32, unit="%")
    imported: RO[float] = input_register(0x015A, float32, unit="kWh")
    exported: RO[float] = input_register(0x0160, float32, unit="kWh")
    total: RO[float] = input_register(0x0166, float32, unit="kWh")
    reactive_imported: RO[float] = input_register(0x016C, float32, unit="kvarh")
    reactive_exported: RO[float] = input_register(0x0172, float32, unit="kvarh")
    reactive_total: RO[float] = input_register(0x0178, float32, unit="kvarh")


class Sdm630(RegisterMap, max_gap=16):
    """The meter; 52 values in three requests."""

    phases: RO[tuple[Phase, ...]] = repeat(Phase, base=0, stride=2, count=3)
    power: RO[float] = input_register(0x0034, float32, unit="W")
    apparent_power: RO[float] = input_register(0x0038, float32, unit="VA")
    reactive_power: RO[float] = input_register(0x003C, float32, unit="var")
    power_factor: RO[float] = input_register(0x003E, float32)
    phase_angle: RO[float] = input_register(0x0042, float32, unit="deg")
    frequency: RO[float] = input_register(0x0046, float32, unit="Hz")
    imported: RO[float] = input_register(0x0048, float32, unit="kWh")
    exported: RO[float] = input_register(0x004A, float32, unit="kWh")
    reactive_imported: RO[float] = input_register(0x004C, float32, unit="kvarh")
    reactive_exported: RO[float] = input_register(0x004E, float32, unit="kvarh")
    voltage_distortion: RO[float] = input_register(0x00F8, float32, unit="%")
    total: RO[float] = input_register(0x0156, float32, unit="kWh")
    reactive_total: RO[float] = input_register(0x0158, float32, unit="kvarh")
