"""Typed, declarative register maps for Modbus: one class reads, writes and simulates a device."""

from modbus_schema.codecs import (
    Codec,
    array,
    bit,
    bit_list,
    bits,
    boolean,
    enum,
    flags,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    raw,
    single_bit,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
)
from modbus_schema.device import Device
from modbus_schema.errors import DecodeError, DefinitionError, EncodeError, SchemaError
from modbus_schema.feed import feed
from modbus_schema.fields import RO, RW, WO
from modbus_schema.model import RegisterMap
from modbus_schema.placements import (
    coil,
    discrete_input,
    group,
    holding_register,
    input_register,
    repeat,
)
from modbus_schema.refs import Ref, Setting, WritableRef, Write
from modbus_schema.simulation.device import SimulatedDevice
from modbus_schema.simulation.simulate import Simulation, simulate
from modbus_wire.version import __version__

__all__ = [
    "RO",
    "RW",
    "WO",
    "Codec",
    "DecodeError",
    "DefinitionError",
    "Device",
    "EncodeError",
    "Ref",
    "RegisterMap",
    "SchemaError",
    "Setting",
    "SimulatedDevice",
    "Simulation",
    "WritableRef",
    "Write",
    "__version__",
    "array",
    "bit",
    "bit_list",
    "bits",
    "boolean",
    "coil",
    "discrete_input",
    "enum",
    "feed",
    "flags",
    "float16",
    "float32",
    "float64",
    "group",
    "holding_register",
    "input_register",
    "int8",
    "int16",
    "int32",
    "int64",
    "raw",
    "repeat",
    "simulate",
    "single_bit",
    "string",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]
