"""Typed, declarative register maps for Modbus: one class reads, writes and simulates a device."""

from typing import TYPE_CHECKING

from modbus_schema.async_device import AsyncDevice, AsyncExecutor
from modbus_schema.blank import blank
from modbus_schema.codecs import (
    Codec,
    array,
    bcd,
    bit,
    bit_list,
    bits,
    boolean,
    composite,
    date_time,
    duration,
    enum,
    flags,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    ipv4,
    ipv6,
    mac,
    raw,
    single_bit,
    string,
    timestamp,
    uint8,
    uint16,
    uint32,
    uint64,
)
from modbus_schema.device import Device, Executor
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
from modbus_schema.sources import Source, given, outer
from modbus_schema.writing.outcome import Outcome, outcome_of
from modbus_schema.writing.preview import PlannedRequest, PlannedWrite
from modbus_schema.writing.verification import Difference, NotVerified, Verify
from modbus_wire.later import names_later
from modbus_wire.version import __version__

if TYPE_CHECKING:
    from modbus_schema.polling.async_poller import AsyncPoller
    from modbus_schema.polling.events import Change, Failure, Reading, Recovery
    from modbus_schema.polling.poller import Poller

__all__ = [
    "RO",
    "RW",
    "WO",
    "AsyncDevice",
    "AsyncExecutor",
    "AsyncPoller",
    "Change",
    "Codec",
    "DecodeError",
    "DefinitionError",
    "Device",
    "Difference",
    "EncodeError",
    "Executor",
    "Failure",
    "NotVerified",
    "Outcome",
    "PlannedRequest",
    "PlannedWrite",
    "Poller",
    "Reading",
    "Recovery",
    "Ref",
    "RegisterMap",
    "SchemaError",
    "Setting",
    "SimulatedDevice",
    "Simulation",
    "Source",
    "Verify",
    "WritableRef",
    "Write",
    "__version__",
    "array",
    "bcd",
    "bit",
    "bit_list",
    "bits",
    "blank",
    "boolean",
    "coil",
    "composite",
    "date_time",
    "discrete_input",
    "duration",
    "enum",
    "feed",
    "flags",
    "float16",
    "float32",
    "float64",
    "given",
    "group",
    "holding_register",
    "input_register",
    "int8",
    "int16",
    "int32",
    "int64",
    "ipv4",
    "ipv6",
    "mac",
    "outcome_of",
    "outer",
    "raw",
    "repeat",
    "simulate",
    "single_bit",
    "string",
    "timestamp",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]

# Not every program polls, and blocking ones do without asyncio.
__getattr__ = names_later(
    globals(),
    {
        "modbus_schema.polling.async_poller": ("AsyncPoller",),
        "modbus_schema.polling.events": ("Change", "Failure", "Reading", "Recovery"),
        "modbus_schema.polling.poller": ("Poller",),
    },
)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
