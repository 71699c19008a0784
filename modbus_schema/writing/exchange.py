"""Writing and reading by one request (FC 23): what of a map can be, and the request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from modbus_schema.compile.plain import located
from modbus_schema.errors import EncodeError
from modbus_schema.fields.refs import Setting
from modbus_schema.fields.write_rules import WriteRules
from modbus_schema.layout.tree import Layout, Path, Slot, ValueOf
from modbus_schema.planning.blocks import Block, runs
from modbus_schema.reading.plans import ReadPlans
from modbus_schema.reading.requests import ReadPlan
from modbus_schema.writing.changes import Change, encode_image, writes_of
from modbus_schema.writing.commits import commits_of
from modbus_schema.writing.parts import Part
from modbus_wire.codes import MAX_RW_WRITE_REGISTERS, Table
from modbus_wire.errors import RequestError
from modbus_wire.pdu.registers import ReadWriteMultipleRegisters, unpack_registers


class Exchange(NamedTuple):
    """A request that writes a part, and brings the registers of a plan as they are then."""

    part: Part
    plan: ReadPlan[Any]
    request: ReadWriteMultipleRegisters

    @property
    def place(self) -> str:
        """What it writes and what it reads."""
        return f"{self.part.block.place} with {self.plan.blocks[0].place}"


def exchange(
    plans: ReadPlans[Any],
    rules: WriteRules,
    settings: Iterable[Setting[Any]],
    paths: Sequence[Path],
    value_of: ValueOf | None = None,
) -> Exchange:
    """Return the one request that does both.

    ``value_of`` gives the values of other fields, which those that are written depend on.
    Raises `EncodeError` for a value, and `RequestError` for what is not one request.
    """
    changes = [change for change, _ in writes_of(plans.layout, settings)]
    _refuse_commits(plans.layout, changes)
    block = _one(runs(slot for slot, _ in changes), "written", _most(rules))
    ((_, data),) = encode_image(changes, value_of)
    plan = plans.of_paths(tuple(paths))
    source = _one(plan.blocks, "read", plans.rules.limit(Table.HOLDING_REGISTERS))
    request = ReadWriteMultipleRegisters(
        source.address, source.quantity, block.address, unpack_registers(data)
    )
    return Exchange(Part(block, data), plan, request)


def _most(rules: WriteRules) -> int:
    return min(MAX_RW_WRITE_REGISTERS, rules.limit(Table.HOLDING_REGISTERS))


def _one(blocks: Sequence[Block], verb: str, most: int) -> Block:
    """Return the only block; raises `RequestError` where FC 23 cannot move it."""
    if len(blocks) != 1:
        places = ", ".join(block.place for block in blocks) or "nothing"
        raise RequestError(f"one request moves adjacent registers; to be {verb}: {places}")
    (block,) = blocks
    problem = _problem(block, verb, most)
    if problem:
        error = RequestError(problem)
        error.where = block.place
        raise error
    return block


def _problem(block: Block, verb: str, most: int) -> str | None:
    if block.table is not Table.HOLDING_REGISTERS:
        return f"cannot be {verb} by FC 23, which moves holding registers"
    if verb == "written" and not block.covers_whole_registers:
        return "has some bits of a register, and FC 23 writes all"
    if verb == "written" and any(slot.writing.own == "single" for slot in block.slots):
        return "is written singly, so not by FC 23"
    if block.quantity > most:
        return f"is too long to be {verb} by FC 23, which moves at most {most} here"
    return None


def _refuse_commits(layout: Layout, changes: Sequence[Change]) -> None:
    """Raise `EncodeError` where a command has to follow that is not written anyway."""
    slots: list[Slot] = [slot for slot, _ in changes]
    for command in commits_of(layout, slots):
        if command not in changes:
            message = f"has to follow, set to {command[1]!r}, which takes a further request"
            raise located(EncodeError(message), command[0])
