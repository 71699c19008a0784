"""Reads and writes of a map as steps and flows of requests, which any client can run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from modbus_schema.errors import DecodeError
from modbus_schema.planning import Block
from modbus_wire.codes import Table
from modbus_wire.errors import IllegalFunction, ModbusError
from modbus_wire.flows import Flow, Step
from modbus_wire.pdu.base import AnyRequest, RawRead
from modbus_wire.pdu.bits import (
    ReadCoils,
    ReadDiscreteInputs,
    WriteMultipleCoils,
    WriteSingleCoil,
)
from modbus_wire.pdu.registers import (
    MaskWriteRegister,
    ReadHoldingRegisters,
    ReadInputRegisters,
    WriteMultipleRegisters,
    WriteSingleRegister,
)

R = TypeVar("R")

_READS: dict[
    Table, type[ReadCoils | ReadDiscreteInputs | ReadHoldingRegisters | ReadInputRegisters]
]
_READS = {
    Table.COILS: ReadCoils,
    Table.DISCRETE_INPUTS: ReadDiscreteInputs,
    Table.HOLDING_REGISTERS: ReadHoldingRegisters,
    Table.INPUT_REGISTERS: ReadInputRegisters,
}


class ReadPlan(Generic[R]):
    """The requests that bring some fields, made once, and what turns their bytes into a value.

    They are one step, so that a client may have them under way together. A read runs it without a
    generator, which would be a twentieth of its time.
    """

    def __init__(self, blocks: Sequence[Block], decode: Callable[[Sequence[bytes]], R]) -> None:
        self.decode = decode
        self.blocks = tuple(blocks)
        self.parts = [(read_request(block), block) for block in blocks]
        requests: list[AnyRequest] = [request for request, _ in self.parts]
        self._is_one = len(requests) == 1
        self.step: Step = requests[0] if self._is_one else requests

    def value(self, result: Any) -> R:
        """Return what the result of the step means; raises `DecodeError`."""
        return self.decode((result,) if self._is_one else result)

    def locate(self, error: ModbusError) -> None:
        """Say in an error of the step, or of its value, what was read by which request."""
        if isinstance(error, DecodeError):
            error.request = self._request_of(error.where)
        else:
            error.where = self._place_of(error.request)

    def _place_of(self, failed: object) -> str:
        """Return the block of a request; all of them where the client does not say which failed."""
        places = [block.place for request, block in self.parts if request is failed]
        return ", ".join(places or [block.place for _, block in self.parts])

    def _request_of(self, place: str) -> RawRead | None:
        return next(
            (
                request
                for request, block in self.parts
                if any(slot.place == place for slot in block.slots)
            ),
            None,
        )


def write_flow(writes: Iterable[tuple[Block, bytes]]) -> Flow[None]:
    """Write blocks one after the other; each comes with its register bytes or packed bits."""
    written: list[str] = []
    for block, data in writes:
        try:
            yield from _write(block, data)
        except ModbusError as error:
            error.where = block.place
            if written:
                error.may_have_been_applied = True
                error.where += f" (written before it: {', '.join(written)})"
            raise
        written.append(block.names)


def read_request(block: Block) -> RawRead:
    """Return the request that brings the cells of a block, as they are in the response."""
    return RawRead(_READS[block.table](block.address, block.quantity))


def _write(block: Block, data: bytes) -> Flow[None]:
    if block.table is Table.COILS:
        if block.quantity == 1:
            yield WriteSingleCoil(block.address, bool(data[0]))
        else:
            yield WriteMultipleCoils.from_bytes(block.address, block.quantity, data)
    elif block.covers_whole_registers:
        if block.quantity == 1:
            yield WriteSingleRegister(block.address, int.from_bytes(data, "big"))
        else:
            yield WriteMultipleRegisters.from_bytes(block.address, data)
    else:
        yield from _write_bits(block.address, block.mask, int.from_bytes(data, "big"))


def _write_bits(address: int, mask: int, word: int) -> Flow[None]:
    """Change the bits of ``mask``: by FC 22, or read and write where the device lacks it."""
    try:
        yield MaskWriteRegister(address, ~mask & 0xFFFF, word)
    except IllegalFunction:
        (current,) = yield ReadHoldingRegisters(address, 1)
        yield WriteSingleRegister(address, current & ~mask | word)
