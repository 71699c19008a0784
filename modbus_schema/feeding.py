"""Filling the bank of the drop-in server from an instance."""

from __future__ import annotations

from typing import Protocol

from modbus_schema.errors import EncodeError
from modbus_schema.layout.shapes import layout_for
from modbus_schema.layout.tree import Slot
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.writing.changes import encode_image, instance_values
from modbus_wire.bits import unpack_bits
from modbus_wire.pdu.registers import unpack_registers


class WordBank(Protocol):
    """A bank of bits and words, such as `modbus_wire.server.DataBank`."""

    def set_bits(self, address: int, bit_list: list[bool]) -> bool | None:
        """Write bits from ``address`` on; None where they are out of range."""
        ...

    def get_words(self, address: int, number: int) -> list[int] | None:
        """Return words from ``address`` on; None where they are out of range."""
        ...

    def set_words(self, address: int, word_list: list[int]) -> bool | None:
        """Write words from ``address`` on; None where they are out of range."""
        ...


def feed(bank: WordBank, instance: RegisterMap) -> None:
    """Write all fields of an instance into a bank; cells without a field stay as they are.

    Such a bank has one store for coils and discrete inputs and one for both kinds of registers:
    raises `EncodeError` where two fields of the map would share a cell, and for a value that its
    field cannot hold. Nothing is written then.
    """
    layout = layout_for(instance)
    _refuse_shared_cells(layout.slots)
    for block, data in encode_image(instance_values(layout.root, instance)):
        if block.table.is_bits:
            bank.set_bits(block.address, unpack_bits(data, block.quantity))
        else:
            words = unpack_registers(data)
            if not block.covers_whole_registers:
                (kept,) = bank.get_words(block.address, 1) or [0]
                words = [kept & ~block.mask | words[0]]
            bank.set_words(block.address, words)


def _refuse_shared_cells(slots: tuple[Slot, ...]) -> None:
    owners: dict[tuple[bool, int], Slot] = {}
    for slot in slots:
        for address in range(slot.address, slot.end):
            owner = owners.setdefault((slot.table.is_bits, address), slot)
            if owner.table is not slot.table:
                raise EncodeError(f"{slot.place} and {owner.place} share a cell of the bank")
