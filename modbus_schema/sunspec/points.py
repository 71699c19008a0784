"""What a point is in a class: its codec as source, and the annotation of its values.

Of an optional point, the pattern that SunSpec reserves for "not implemented" is None. A mandatory
point has a value of its type: a device that does not implement one all the same gives NaN where
the value is a float, and otherwise what the registers hold, such as 65535 of an ``enum16``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.network import Address
from modbus_schema.codecs.text import raw
from modbus_schema.sunspec.definitions import Point

_BASES = {
    "count": "uint16",
    "enum16": "uint16",
    "enum32": "uint32",
    "bitfield16": "uint16",
    "bitfield32": "uint32",
    "bitfield64": "uint64",
    "acc16": "uint16",
    "acc32": "uint32",
    "acc64": "uint64",
    "sunssf": "int16",
    "ipaddr": "ipv4",
    "ipv6addr": "ipv6",
}
"""The codecs of types that are not called as theirs."""

_VALUES = {
    "ipaddr": "IPv4Address",
    "ipv6addr": "IPv6Address",
    "eui48": "str",
    "string": "str",
    "raw16": "bytes",
    "float32": "float",
    "float64": "float",
}

_MISSING = {
    "int16": "0x8000",
    "int32": "0x80000000",
    "int64": "0x8000000000000000",
    "sunssf": "0x8000",
    "float32": "nan",
    "float64": "nan",
    "eui48": "0xFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, 0",
    **dict.fromkeys(("string", "ipaddr", "ipv6addr", "acc16", "acc32", "acc64"), "0"),
    **dict.fromkeys(("uint16", "count", "enum16", "bitfield16"), "0xFFFF"),
    **dict.fromkeys(("uint32", "enum32", "bitfield32"), "0xFFFFFFFF"),
    **dict.fromkeys(("uint64", "bitfield64"), "0xFFFFFFFFFFFFFFFF"),
}
"""The patterns that mean "not implemented"; the first one is written."""

LONGEST = 123
"""How many registers one request may write, so that a longer text is several fields."""


def _read_eui48(data: bytes) -> str:
    return data[2:].hex(":").upper()


def _write_eui48(address: str) -> bytes:
    digits = bytes.fromhex(address.replace(":", "").replace("-", ""))
    if len(digits) != 6:
        raise ValueError("six pairs of hex digits are expected")
    return bytes(2) + digits


eui48: Codec[str] = Address(raw(4), _read_eui48, _write_eui48, "eui48")
"""A MAC address in the last three of four registers, as text such as ``"00:80:F4:02:1A:2B"``."""


class Spelling(NamedTuple):
    """How a point is spelt in the source of a class."""

    codec: str
    annotation: str


def spell(point: Point, *, kind: str | None, scale: str | None, counts: bool) -> Spelling:
    """Return the spelling of a point.

    ``kind`` is the name of its enum or flags, ``scale`` how to refer to the point that is its
    scale factor, and ``counts`` says that groups repeat as often as the point says.
    """
    inner = _plain(point, kind, scale)
    missing = _MISSING.get(point.type)
    if missing is None or counts:
        return inner
    if point.type == "sunssf" or not point.mandatory:
        return Spelling(f"{inner.codec}.optional({missing})", f"{inner.annotation} | None")
    if point.scale is not None and not point.type.startswith("acc"):
        return inner._replace(codec=f"{inner.codec}.or_nan({missing})")
    return inner


def _plain(point: Point, kind: str | None, scale: str | None) -> Spelling:
    base = _BASES.get(point.type, point.type)
    if kind is not None:
        inner = "" if base == "uint16" else f", {base}"
        if point.type.startswith("bitfield"):
            return Spelling(f"flags({kind}{inner})", kind)
        return Spelling(f"enum({kind}{inner}, keep_unknown=True)", f"{kind} | int")
    if point.type == "string":
        # UTF-8 by now; devices of an older specification have other texts
        return Spelling(f'string({point.size}, terminated=True, fallback="latin-1")', "str")
    if point.type == "raw16" or (point.size > 1 and point.type == "pad"):
        return Spelling(f"raw({point.size})", "bytes")
    if point.type == "pad":
        return Spelling("uint16", "int")
    if point.scale is not None:
        steps = f"scaled_by({scale})" if scale else f'scaled("{_step(int(point.scale))}")'
        return Spelling(f"{base}.{steps}", "float")
    return Spelling(base, _VALUES.get(point.type, "int"))


def _step(power: int) -> str:
    return str(10**power) if power >= 0 else f"0.{'0' * (-power - 1)}1"


def parts(point: Point) -> Iterator[tuple[str, Point]]:
    """Return the fields of a point, each with what is behind its name; all but texts are one."""
    if point.size <= LONGEST:
        yield "", point
        return
    number = -(-point.size // LONGEST)
    sizes = [point.size // number + (index < point.size % number) for index in range(number)]
    for index, size in enumerate(sizes, 1):
        text = f"{point.text or point.name} (part {index} of {number})"
        yield f"_{index}", point._replace(size=size, text=text)


def defaults(point: Point, counts: bool) -> Iterator[str]:
    """Write the value of a point that need not be given: of a pad, and of what may be None."""
    if point.type == "pad":
        yield "default=0x8000" if point.size == 1 else f"default=bytes({2 * point.size})"
    elif point.type in _MISSING and not point.mandatory and not counts:
        yield "default=None"


def limits(point: Point) -> Iterator[str]:
    """Write the limits of a point: those of a scale factor."""
    if point.type == "sunssf":
        yield from ("min=-10", "max=10")
