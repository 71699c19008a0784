"""What registers mean: values of type Codec[T].

A name is imported from its module when it is first asked for.
"""

from modbus_wire.later import names_later
from modbus_wire.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from modbus_schema.codecs.arrays import array as array
    from modbus_schema.codecs.base import Codec as Codec
    from modbus_schema.codecs.bit_fields import bit as bit
    from modbus_schema.codecs.bit_fields import bits as bits
    from modbus_schema.codecs.bit_fields import boolean as boolean
    from modbus_schema.codecs.bit_fields import int8 as int8
    from modbus_schema.codecs.bit_fields import uint8 as uint8
    from modbus_schema.codecs.bit_table import bit_list as bit_list
    from modbus_schema.codecs.bit_table import single_bit as single_bit
    from modbus_schema.codecs.converting import composite as composite
    from modbus_schema.codecs.digits import bcd as bcd
    from modbus_schema.codecs.enums import enum as enum
    from modbus_schema.codecs.enums import flags as flags
    from modbus_schema.codecs.moments import date_time as date_time
    from modbus_schema.codecs.moments import duration as duration
    from modbus_schema.codecs.moments import timestamp as timestamp
    from modbus_schema.codecs.network import ipv4 as ipv4
    from modbus_schema.codecs.network import ipv6 as ipv6
    from modbus_schema.codecs.network import mac as mac
    from modbus_schema.codecs.numbers import float16 as float16
    from modbus_schema.codecs.numbers import float32 as float32
    from modbus_schema.codecs.numbers import float64 as float64
    from modbus_schema.codecs.numbers import int16 as int16
    from modbus_schema.codecs.numbers import int32 as int32
    from modbus_schema.codecs.numbers import int64 as int64
    from modbus_schema.codecs.numbers import uint16 as uint16
    from modbus_schema.codecs.numbers import uint32 as uint32
    from modbus_schema.codecs.numbers import uint64 as uint64
    from modbus_schema.codecs.order import ABCD as ABCD
    from modbus_schema.codecs.order import BADC as BADC
    from modbus_schema.codecs.order import CDAB as CDAB
    from modbus_schema.codecs.order import DCBA as DCBA
    from modbus_schema.codecs.order import Order as Order
    from modbus_schema.codecs.text import raw as raw
    from modbus_schema.codecs.text import string as string

_NAMES = {
    "modbus_schema.codecs.arrays": ("array",),
    "modbus_schema.codecs.base": ("Codec",),
    "modbus_schema.codecs.digits": ("bcd",),
    "modbus_schema.codecs.bit_table": (
        "bit_list",
        "single_bit",
    ),
    "modbus_schema.codecs.bit_fields": (
        "bit",
        "bits",
        "boolean",
        "int8",
        "uint8",
    ),
    "modbus_schema.codecs.converting": ("composite",),
    "modbus_schema.codecs.enums": (
        "enum",
        "flags",
    ),
    "modbus_schema.codecs.moments": (
        "date_time",
        "duration",
        "timestamp",
    ),
    "modbus_schema.codecs.network": (
        "ipv4",
        "ipv6",
        "mac",
    ),
    "modbus_schema.codecs.numbers": (
        "float16",
        "float32",
        "float64",
        "int16",
        "int32",
        "int64",
        "uint16",
        "uint32",
        "uint64",
    ),
    "modbus_schema.codecs.order": (
        "ABCD",
        "BADC",
        "CDAB",
        "DCBA",
        "Order",
    ),
    "modbus_schema.codecs.text": (
        "raw",
        "string",
    ),
}

__getattr__ = names_later(globals(), _NAMES)
