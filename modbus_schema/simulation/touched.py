"""Which cells a request touches: those that it reads, and those that it writes."""

from __future__ import annotations

from typing import NamedTuple

from modbus_schema.layout.tree import Slot
from modbus_wire.codes import Table
from modbus_wire.pdu.base import AnyRequest
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
    ReadWriteMultipleRegisters,
    WriteMultipleRegisters,
    WriteSingleRegister,
)

_COILS, _HOLDING = Table.COILS, Table.HOLDING_REGISTERS


class Touched(NamedTuple):
    """Adjacent cells that a request reads or writes."""

    table: Table
    address: int
    quantity: int
    is_written: bool = False

    def touches(self, slot: Slot) -> bool:
        """Whether a field has one of the cells."""
        return (
            slot.table is self.table
            and slot.address < self.address + self.quantity
            and self.address < slot.end
        )


def touched_by(request: AnyRequest) -> tuple[Touched, ...]:
    """Return the cells that a request of the tables touches; none of any other."""
    match request:
        case ReadHoldingRegisters(address=address, quantity=quantity):
            return (Touched(_HOLDING, address, quantity),)
        case ReadInputRegisters(address=address, quantity=quantity):
            return (Touched(Table.INPUT_REGISTERS, address, quantity),)
        case ReadCoils(address=address, quantity=quantity):
            return (Touched(_COILS, address, quantity),)
        case ReadDiscreteInputs(address=address, quantity=quantity):
            return (Touched(Table.DISCRETE_INPUTS, address, quantity),)
        case WriteSingleRegister(address=address) | MaskWriteRegister(address=address):
            return (Touched(_HOLDING, address, 1, True),)
        case WriteMultipleRegisters(address=address, quantity=quantity):
            return (Touched(_HOLDING, address, quantity, True),)
        case WriteSingleCoil(address=address):
            return (Touched(_COILS, address, 1, True),)
        case WriteMultipleCoils(address=address, quantity=quantity):
            return (Touched(_COILS, address, quantity, True),)
        case ReadWriteMultipleRegisters():
            read = Touched(_HOLDING, request.read_address, request.read_quantity)
            written = Touched(_HOLDING, request.write_address, len(request.data) // 2, True)
            return read, written
        case _:
            return ()
