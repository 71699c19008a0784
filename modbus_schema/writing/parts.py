"""The parts of a write: cells that one request brings, and the requests that may be."""

from __future__ import annotations

from typing import NamedTuple

from modbus_schema.fields.write_rules import WriteWith
from modbus_schema.planning.blocks import Block
from modbus_wire.codes import Table
from modbus_wire.pdu.base import WriteRequest
from modbus_wire.pdu.bits import WriteMultipleCoils, WriteSingleCoil
from modbus_wire.pdu.registers import (
    MaskWriteRegister,
    ReadHoldingRegisters,
    WriteMultipleRegisters,
    WriteSingleRegister,
)


class Part(NamedTuple):
    """Cells that are written together, with their register bytes or packed bits."""

    block: Block
    data: bytes
    write_with: WriteWith = "auto"
    is_commit: bool = False
    """Whether it is written for the sake of others, by ``then``."""
    is_known: bool = True
    """Whether the data is known; it may depend on values that have to be read first."""

    @property
    def changes_bits(self) -> bool:
        """Whether it changes some bits of a register and leaves the others."""
        return not self.block.covers_whole_registers

    def request(self) -> WriteRequest:
        """Return the request that writes it, where it is no matter of bits."""
        block, data = self.block, self.data
        is_single = self.write_with != "multiple" and block.quantity == 1
        if block.table is Table.COILS:
            if is_single:
                return WriteSingleCoil(block.address, bool(data[0]))
            return WriteMultipleCoils.from_bytes(block.address, block.quantity, data)
        if is_single:
            return WriteSingleRegister(block.address, int.from_bytes(data, "big"))
        return WriteMultipleRegisters.from_bytes(block.address, data)

    def mask_request(self) -> MaskWriteRegister:
        """Return the request that changes its bits by FC 22."""
        word = int.from_bytes(self.data, "big")
        return MaskWriteRegister(self.block.address, ~self.block.mask & 0xFFFF, word)

    def fresh_read(self) -> ReadHoldingRegisters:
        """Return the read of the register whose other bits are to stay."""
        return ReadHoldingRegisters(self.block.address, 1)

    def write_back(self, current: int) -> WriteRequest:
        """Return the request that changes its bits of a register that was read just now."""
        word = current & ~self.block.mask | int.from_bytes(self.data, "big")
        whole = self.block._replace(mask=0xFFFF)
        return self._replace(block=whole, data=word.to_bytes(2, "big")).request()
