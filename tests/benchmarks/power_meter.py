"""The model of the benchmarks: 40 fields of mixed numbers in 70 registers, and the same by hand."""

from struct import Struct

import attrs

from modbus_schema import (
    RO,
    RegisterMap,
    float32,
    float64,
    holding_register,
    int16,
    int32,
    int64,
    uint16,
    uint32,
    uint64,
)
from tests.benchmarks.raw import HEAD


class PowerMeter(RegisterMap):
    """A power meter that is read in one request."""

    status: RO[int] = holding_register(0, uint16)
    alarms: RO[int] = holding_register(1, uint16)
    frequency: RO[int] = holding_register(2, uint16)
    phase_order: RO[int] = holding_register(3, uint16)
    tariff: RO[int] = holding_register(4, uint16)
    demand_period: RO[int] = holding_register(5, uint16)
    pulse_rate: RO[int] = holding_register(6, uint16)
    serial_part: RO[int] = holding_register(7, uint16)
    temperature: RO[int] = holding_register(8, int16)
    angle_l1: RO[int] = holding_register(9, int16)
    angle_l2: RO[int] = holding_register(10, int16)
    angle_l3: RO[int] = holding_register(11, int16)
    power_factor_l1: RO[int] = holding_register(12, int16)
    power_factor_l2: RO[int] = holding_register(13, int16)
    power_factor_l3: RO[int] = holding_register(14, int16)
    power_factor: RO[int] = holding_register(15, int16)
    import_l1: RO[int] = holding_register(16, uint32)
    import_l2: RO[int] = holding_register(18, uint32)
    import_l3: RO[int] = holding_register(20, uint32)
    export_l1: RO[int] = holding_register(22, uint32)
    export_l2: RO[int] = holding_register(24, uint32)
    export_l3: RO[int] = holding_register(26, uint32)
    reactive_l1: RO[int] = holding_register(28, int32)
    reactive_l2: RO[int] = holding_register(30, int32)
    reactive_l3: RO[int] = holding_register(32, int32)
    reactive: RO[int] = holding_register(34, int32)
    apparent: RO[int] = holding_register(36, int32)
    voltage_l1: RO[float] = holding_register(38, float32)
    voltage_l2: RO[float] = holding_register(40, float32)
    voltage_l3: RO[float] = holding_register(42, float32)
    current_l1: RO[float] = holding_register(44, float32)
    current_l2: RO[float] = holding_register(46, float32)
    current_l3: RO[float] = holding_register(48, float32)
    power_l1: RO[float] = holding_register(50, float32)
    power_l2: RO[float] = holding_register(52, float32)
    power_l3: RO[float] = holding_register(54, float32)
    power: RO[float] = holding_register(56, float32)
    energy: RO[int] = holding_register(58, uint64)
    net_energy: RO[int] = holding_register(62, int64)
    uptime: RO[float] = holding_register(66, float64)


SIZE = 70
FORMAT = Struct(">8H8h6I5i10fQqd")
VALUES = (
    *(0, 1, 5001, 0x8000, 0xFFFF, 900, 1000, 31_337),
    *(-32_768, 32_767, -1, 0, 999, -998, 1000, 215),
    *(0, 1, 0xFFFFFFFF, 0x80000000, 123_456, 7),
    *(-(2**31), 2**31 - 1, -1, 0, 65_536),
    *(230.5, 231.25, -0.0, 1.5, 2.25, 3e38, 1e-20, 1024.0, -512.0, 0.125),
    *(2**64 - 1, -(2**63), 1.0e300),
)
IMAGE = FORMAT.pack(*VALUES)
"""What registers 0 to 69 hold."""


@attrs.define
class HandWritten:
    """The same fields in a plain attrs class with slots."""

    status: int
    alarms: int
    frequency: int
    phase_order: int
    tariff: int
    demand_period: int
    pulse_rate: int
    serial_part: int
    temperature: int
    angle_l1: int
    angle_l2: int
    angle_l3: int
    power_factor_l1: int
    power_factor_l2: int
    power_factor_l3: int
    power_factor: int
    import_l1: int
    import_l2: int
    import_l3: int
    export_l1: int
    export_l2: int
    export_l3: int
    reactive_l1: int
    reactive_l2: int
    reactive_l3: int
    reactive: int
    apparent: int
    voltage_l1: float
    voltage_l2: float
    voltage_l3: float
    current_l1: float
    current_l2: float
    current_l3: float
    power_l1: float
    power_l2: float
    power_l3: float
    power: float
    energy: int
    net_energy: int
    uptime: float


def decode_by_hand(response: bytes) -> HandWritten:
    """Read the response ADU of all 70 registers; nothing is checked."""
    return HandWritten(*FORMAT.unpack_from(response, HEAD))
