"""Typed, declarative register maps for Modbus: one class reads, writes and simulates a device.

A name is imported from its module when it is first asked for.
"""

from modbus_wire.later import names_later
from modbus_wire.typed import TYPE_CHECKING
from modbus_wire.version import __version__

if TYPE_CHECKING:
    from modbus_schema.async_device import AsyncDevice as AsyncDevice
    from modbus_schema.async_device import AsyncExecutor as AsyncExecutor
    from modbus_schema.blanks import blank as blank
    from modbus_schema.codecs import Codec as Codec
    from modbus_schema.codecs import array as array
    from modbus_schema.codecs import bcd as bcd
    from modbus_schema.codecs import bit as bit
    from modbus_schema.codecs import bit_list as bit_list
    from modbus_schema.codecs import bits as bits
    from modbus_schema.codecs import boolean as boolean
    from modbus_schema.codecs import composite as composite
    from modbus_schema.codecs import date_time as date_time
    from modbus_schema.codecs import duration as duration
    from modbus_schema.codecs import enum as enum
    from modbus_schema.codecs import flags as flags
    from modbus_schema.codecs import float16 as float16
    from modbus_schema.codecs import float32 as float32
    from modbus_schema.codecs import float64 as float64
    from modbus_schema.codecs import int8 as int8
    from modbus_schema.codecs import int16 as int16
    from modbus_schema.codecs import int32 as int32
    from modbus_schema.codecs import int64 as int64
    from modbus_schema.codecs import ipv4 as ipv4
    from modbus_schema.codecs import ipv6 as ipv6
    from modbus_schema.codecs import mac as mac
    from modbus_schema.codecs import raw as raw
    from modbus_schema.codecs import single_bit as single_bit
    from modbus_schema.codecs import string as string
    from modbus_schema.codecs import timestamp as timestamp
    from modbus_schema.codecs import uint8 as uint8
    from modbus_schema.codecs import uint16 as uint16
    from modbus_schema.codecs import uint32 as uint32
    from modbus_schema.codecs import uint64 as uint64
    from modbus_schema.device import Device as Device
    from modbus_schema.device import Executor as Executor
    from modbus_schema.errors import DecodeError as DecodeError
    from modbus_schema.errors import DefinitionError as DefinitionError
    from modbus_schema.errors import EncodeError as EncodeError
    from modbus_schema.errors import SchemaError as SchemaError
    from modbus_schema.feeding import feed as feed
    from modbus_schema.fields.descriptors import RO as RO
    from modbus_schema.fields.descriptors import RW as RW
    from modbus_schema.fields.descriptors import WO as WO
    from modbus_schema.fields.placements import coil as coil
    from modbus_schema.fields.placements import discrete_input as discrete_input
    from modbus_schema.fields.placements import group as group
    from modbus_schema.fields.placements import holding_register as holding_register
    from modbus_schema.fields.placements import input_register as input_register
    from modbus_schema.fields.placements import repeat as repeat
    from modbus_schema.fields.refs import Ref as Ref
    from modbus_schema.fields.refs import Setting as Setting
    from modbus_schema.fields.refs import WritableRef as WritableRef
    from modbus_schema.fields.refs import Write as Write
    from modbus_schema.model.register_map import RegisterMap as RegisterMap
    from modbus_schema.polling.async_poller import AsyncPoller as AsyncPoller
    from modbus_schema.polling.events import Change as Change
    from modbus_schema.polling.events import Failure as Failure
    from modbus_schema.polling.events import PollStatistics as PollStatistics
    from modbus_schema.polling.events import Reading as Reading
    from modbus_schema.polling.events import Recovery as Recovery
    from modbus_schema.polling.poller import Poller as Poller
    from modbus_schema.simulation.device import SimulatedDevice as SimulatedDevice
    from modbus_schema.simulation.simulate import Simulation as Simulation
    from modbus_schema.simulation.simulate import simulate as simulate
    from modbus_schema.sources import Source as Source
    from modbus_schema.sources import given as given
    from modbus_schema.sources import outer as outer
    from modbus_schema.variants import Variants as Variants
    from modbus_schema.variants import one_of as one_of
    from modbus_schema.writing.outcome import Outcome as Outcome
    from modbus_schema.writing.outcome import outcome_of as outcome_of
    from modbus_schema.writing.preview import PlannedRequest as PlannedRequest
    from modbus_schema.writing.preview import PlannedWrite as PlannedWrite
    from modbus_schema.writing.verification import Difference as Difference
    from modbus_schema.writing.verification import NotVerified as NotVerified
    from modbus_schema.writing.verification import Verify as Verify

_NAMES = {
    "modbus_schema.async_device": ("AsyncDevice", "AsyncExecutor"),
    "modbus_schema.blanks": ("blank",),
    "modbus_schema.codecs": (
        "Codec",
        "array",
        "bcd",
        "bit",
        "bit_list",
        "bits",
        "boolean",
        "composite",
        "date_time",
        "duration",
        "enum",
        "flags",
        "float16",
        "float32",
        "float64",
        "int16",
        "int32",
        "int64",
        "int8",
        "ipv4",
        "ipv6",
        "mac",
        "raw",
        "single_bit",
        "string",
        "timestamp",
        "uint16",
        "uint32",
        "uint64",
        "uint8",
    ),
    "modbus_schema.device": ("Device", "Executor"),
    "modbus_schema.errors": ("DecodeError", "DefinitionError", "EncodeError", "SchemaError"),
    "modbus_schema.feeding": ("feed",),
    "modbus_schema.fields.descriptors": ("RO", "RW", "WO"),
    "modbus_schema.model.register_map": ("RegisterMap",),
    "modbus_schema.fields.placements": (
        "coil",
        "discrete_input",
        "group",
        "holding_register",
        "input_register",
        "repeat",
    ),
    "modbus_schema.polling.async_poller": ("AsyncPoller",),
    "modbus_schema.polling.events": (
        "Change",
        "Failure",
        "PollStatistics",
        "Reading",
        "Recovery",
    ),
    "modbus_schema.polling.poller": ("Poller",),
    "modbus_schema.fields.refs": ("Ref", "Setting", "WritableRef", "Write"),
    "modbus_schema.simulation.device": ("SimulatedDevice",),
    "modbus_schema.simulation.simulate": ("Simulation", "simulate"),
    "modbus_schema.sources": ("Source", "given", "outer"),
    "modbus_schema.variants": ("Variants", "one_of"),
    "modbus_schema.writing.outcome": ("Outcome", "outcome_of"),
    "modbus_schema.writing.preview": ("PlannedRequest", "PlannedWrite"),
    "modbus_schema.writing.verification": ("Difference", "NotVerified", "Verify"),
}
"""What each module has for users."""

__getattr__ = names_later(globals(), _NAMES)

if not TYPE_CHECKING:  # a checker knows no computed list: it goes by the imports above
    __all__ = ["__version__", *(name for names in _NAMES.values() for name in names)]

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
