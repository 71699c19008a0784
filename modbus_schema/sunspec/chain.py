"""Where the models of a device are: the walk from "SunS" over their headers to the end.

A flow of requests, which any client can run. It knows ids, addresses and lengths, no classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from modbus_schema.errors import SchemaError
from modbus_wire.codes import ADDRESS_SPACE
from modbus_wire.errors import (
    Acknowledge,
    ExceptionResponse,
    GatewayPathUnavailable,
    GatewayTargetFailedToRespond,
    ResponseTimeout,
    ServerDeviceBusy,
)
from modbus_wire.flows import Flow
from modbus_wire.pdu.registers import ReadHoldingRegisters

BASES = (40000, 50000, 0)
"""Where a map may begin; SunSpec knows no other addresses."""

MARK = (0x5375, 0x6E53)
"""The first two registers of a map, "SunS"."""

END = 0xFFFF
"""What stands behind the last model in the place of an id."""


_OF_THE_MOMENT = (
    Acknowledge,
    ServerDeviceBusy,
    GatewayPathUnavailable,
    GatewayTargetFailedToRespond,
)
"""Refusals that say nothing of what a device has: another time it may answer."""


class NoSunSpec(SchemaError):
    """A device has no SunSpec map at any of the addresses; the message says what is there.

    It has answered at each of them: a device that does not is no device without a map.
    """


class Header(NamedTuple):
    """The first two registers of a model."""

    model_id: int
    address: int
    """Where the header is, on the wire; the points of the definition count from here."""
    length: int
    """How many registers follow the header."""

    @property
    def end(self) -> int:
        """The address after the last register."""
        return self.address + 2 + self.length


class Chain(NamedTuple):
    """The headers of a device, one after the other."""

    base: int
    """The address of "SunS"."""
    headers: tuple[Header, ...]
    fault: str
    """Why the walk ended before the end of the map; empty where it did not."""


def chain_flow(bases: Sequence[int]) -> Flow[Chain]:
    """Find the map at one of the addresses and walk over its headers.

    A device that refuses a header in the middle, or has no end, gives a chain with a ``fault``.
    Raises `NoSunSpec`, and whatever else the client raises: a device that is busy, or that a
    gateway does not reach, is asked again by who knows when. One that does not answer at an address
    may do so at the next; where that has no map either, the timeout is raised.
    """
    base = yield from _base(bases)
    headers: list[Header] = []
    address, fault = base + len(MARK), ""
    while not fault:
        try:
            header = yield from _header(address)
        except _OF_THE_MOMENT:
            raise
        except ExceptionResponse as error:
            fault = f"holding[{address}], where the next model should be: {error}"
            continue
        if header is None:
            break
        if header.model_id == 0 or header.end >= ADDRESS_SPACE:
            fault = f"holding[{address}] is no header: id {header.model_id}, length {header.length}"
            continue
        headers.append(header)
        address = header.end
    return Chain(base, tuple(headers), fault)


def _base(bases: Sequence[int]) -> Flow[int]:
    found: list[str] = []
    silent: list[ResponseTimeout] = []
    for base in bases:
        try:
            words = yield ReadHoldingRegisters(base, len(MARK))
        except _OF_THE_MOMENT:
            raise
        except (ExceptionResponse, ResponseTimeout) as error:
            found.append(f"holding[{base}]: {error}")
            silent += [error] if isinstance(error, ResponseTimeout) else []
            continue
        if tuple(words) == MARK:
            return base
        found.append(f"holding[{base}]: {_shown(words)}")
    if silent:
        raise silent[0]
    raise NoSunSpec(f'there is no "SunS": {"; ".join(found)}')


def _header(address: int) -> Flow[Header | None]:
    """Read a header; None is the end, of which some devices have the id alone."""
    try:
        model_id, length = yield ReadHoldingRegisters(address, 2)
    except _OF_THE_MOMENT:
        raise
    except ExceptionResponse:
        (model_id,) = yield ReadHoldingRegisters(address, 1)
        if model_id != END:
            raise
        length = 0
    return None if model_id == END else Header(model_id, address, length)


def _shown(words: Iterator[int]) -> str:
    return " ".join(f"{word:04X}" for word in words)
