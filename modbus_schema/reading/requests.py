"""Reads of a map as steps of requests, which any client can run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from modbus_schema.errors import DecodeError
from modbus_schema.planning.blocks import Block
from modbus_wire.codes import Table
from modbus_wire.errors import ExceptionResponse, ModbusError
from modbus_wire.flows import Flow, Step
from modbus_wire.pdu.base import AnyRequest, RawRead
from modbus_wire.pdu.bits import ReadCoils, ReadDiscreteInputs
from modbus_wire.pdu.registers import ReadHoldingRegisters, ReadInputRegisters

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

    def __init__(
        self,
        blocks: Sequence[Block],
        decode: Callable[[Sequence[bytes]], R],
        decode_one: Callable[[bytes], R] | None = None,
    ) -> None:
        """Take what turns the data of the blocks, or of the only one, into a value."""
        self.decode = decode
        self.blocks = tuple(blocks)
        self.parts = [(read_request(block), block) for block in blocks]
        requests: list[AnyRequest] = [request for request, _ in self.parts]
        is_one = len(requests) == 1
        self.step: Step = requests[0] if is_one else requests
        self.value: Callable[[Any], R] = decode
        """Returns what the result of the step means; raises `DecodeError`."""
        if is_one:
            self.value = decode_one or (lambda result: decode((result,)))

    def data(self, result: Any) -> Sequence[bytes]:
        """Return the result of the step as the data of the blocks."""
        return tuple(result) if isinstance(self.step, list) else (result,)

    def locate(self, error: ModbusError) -> None:
        """Say in an error of the step, or of its value, what was read by which request."""
        if isinstance(error, DecodeError):
            error.request = self._request_of(error.where)
        else:
            error.where = self._place_of(error.request)
            if isinstance(error, ExceptionResponse):
                error.where += self._bridged_by(error.request)

    def _place_of(self, failed: object) -> str:
        """Return the block of a request; all of them where the client does not say which failed."""
        places = [block.place for request, block in self.parts if request is failed]
        return ", ".join(places or [block.place for _, block in self.parts])

    def _bridged_by(self, failed: object) -> str:
        """Say which cells a request asked for that no field has: these may be what is refused."""
        gaps = ", ".join(block.bridged for request, block in self.parts if request is failed)
        return f" (max_gap bridges {gaps})" if gaps else ""

    def _request_of(self, place: str) -> RawRead | None:
        return next(
            (
                request
                for request, block in self.parts
                if any(slot.place == place for slot in block.slots)
            ),
            None,
        )


def data_flow(plan: ReadPlan[Any]) -> Flow[Sequence[bytes]]:
    """Carry out a plan, but decode nothing; its errors are located."""
    try:
        return plan.data((yield plan.step))
    except ModbusError as error:
        plan.locate(error)
        raise


def plan_flow(plan: ReadPlan[R]) -> Flow[R]:
    """Carry out a plan; its errors are located."""
    try:
        result = yield plan.step
        return plan.value(result)
    except ModbusError as error:
        plan.locate(error)
        raise


def read_request(block: Block) -> RawRead:
    """Return the request that brings the cells of a block, as they are in the response."""
    return RawRead(_READS[block.table](block.address, block.quantity))
