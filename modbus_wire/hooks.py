"""What a program wants to know of writes: before, to refuse them, and after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from modbus_wire.access import check_function
from modbus_wire.bank import Bank, CellBank
from modbus_wire.bits import unpack_bits
from modbus_wire.codes import Table
from modbus_wire.errors import ExceptionResponse
from modbus_wire.log import logger
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.pdu.bits import WriteMultipleCoils, WriteSingleCoil
from modbus_wire.pdu.registers import (
    MaskWriteRegister,
    ReadWriteMultipleRegisters,
    WriteMultipleRegisters,
    WriteSingleRegister,
    unpack_registers,
)
from modbus_wire.pdu.value import Value
from modbus_wire.peer import Peer
from modbus_wire.services.base import Service
from modbus_wire.typed import TypeAlias
from modbus_wire.unit import Unit

_WORD = 0xFFFF

Cells: TypeAlias = Sequence[int] | Sequence[bool]
"""Registers, or coils."""


class Write(Value):
    """One write of a client to adjacent coils or holding registers."""

    __slots__ = ("address", "new", "old", "peer", "table", "unit_id")

    def __init__(
        self, unit_id: int, table: Table, address: int, old: Cells | None, new: Cells, peer: Peer
    ) -> None:
        self.unit_id = unit_id
        """The unit it is for; 0 for a broadcast, which is one write to each unit."""

        self.table = table
        self.address = address
        """The first cell."""

        self.old = old
        """What the cells hold before; None where a bank that does not hold them refuses to say."""

        self.new = new
        """What the client wants them to hold; of FC 22 what the masks make of the old value."""

        self.peer = peer
        """Who writes."""


Hook: TypeAlias = Callable[[Write], object]
"""What is called with a write."""


class WriteHooks:
    """The hooks of a handler."""

    __slots__ = ("_after", "_before")

    def __init__(self) -> None:
        self._before: list[Hook] = []
        self._after: list[Hook] = []

    def add_before(self, hook: Hook) -> None:
        """Call a hook before each write; raises TypeError for what cannot be called so."""
        self._add(self._before, hook)

    def add_after(self, hook: Hook) -> None:
        """Call a hook after each write; raises TypeError for what cannot be called so."""
        self._add(self._after, hook)

    def carry_out(
        self, service: Service, unit: Unit, request: AnyRequest, unit_id: int, peer: Peer
    ) -> bytes | None:
        """Return the response of a service; a request that is a write is told to the hooks.

        What the cells hold is looked at, and written, as one operation of the bank.
        """
        bank = unit.bank
        with _operation(bank):
            write = _write_of(bank, request, unit_id, peer)
            if write is not None:
                for hook in self._before:
                    hook(write)
            response = service(unit, request)
        if write is not None:
            self._tell(write)
        return response

    def _add(self, hooks: list[Hook], hook: Hook) -> None:
        check_function("hook", hook)
        _check_parameter(hook)
        hooks.append(hook)

    def _tell(self, write: Write) -> None:
        for hook in self._after:
            try:
                hook(write)
            except (Exception, SystemExit):
                logger("modbus_wire.handler").exception("%r failed after %r", hook, write)


def _check_parameter(hook: Hook) -> None:
    """Raise TypeError for a function that cannot be called with a write and nothing else."""
    from inspect import signature

    try:
        parameters = signature(hook)
    except (ValueError, TypeError):  # nobody knows
        return
    try:
        parameters.bind(None)
    except TypeError:
        raise TypeError(f"hook {hook!r} cannot be called with one Write") from None


def _operation(bank: Bank) -> AbstractContextManager[object]:
    return bank.operation() if isinstance(bank, CellBank) else nullcontext()


def _write_of(bank: Bank, request: AnyRequest, unit_id: int, peer: Peer) -> Write | None:
    """Return what a request writes, None where it is no write of the tables."""
    if isinstance(request, MaskWriteRegister):
        return _masked_write(bank, request, unit_id, peer)
    found = _new_cells(request)
    if found is None:
        return None
    table, address, new = found
    return Write(unit_id, table, address, _old_cells(bank, table, address, len(new)), new, peer)


def _new_cells(request: AnyRequest) -> tuple[Table, int, Cells] | None:
    match request:
        case WriteSingleCoil():
            return Table.COILS, request.address, [request.value]
        case WriteMultipleCoils():
            bits = unpack_bits(request.data, request.quantity)
            return Table.COILS, request.address, bits
        case WriteSingleRegister():
            return Table.HOLDING_REGISTERS, request.address, [request.value]
        case WriteMultipleRegisters():
            return Table.HOLDING_REGISTERS, request.address, request.values
        case ReadWriteMultipleRegisters():
            return Table.HOLDING_REGISTERS, request.write_address, request.values
        case _:
            return None


def _masked_write(bank: Bank, request: MaskWriteRegister, unit_id: int, peer: Peer) -> Write:
    table = Table.HOLDING_REGISTERS
    old = _cells(bank, table, request.address, 1)
    new = old[0] & request.and_mask | request.or_mask & ~request.and_mask & _WORD
    return Write(unit_id, table, request.address, old, [new], peer)


def _old_cells(bank: Bank, table: Table, address: int, quantity: int) -> Cells | None:
    """Return what cells hold; raises what refuses the write where a bank holds its cells."""
    if isinstance(bank, CellBank):
        return _cells(bank, table, address, quantity)
    try:
        return _cells(bank, table, address, quantity)
    except ExceptionResponse:  # it may have cells that are only written
        return None


def _cells(bank: Bank, table: Table, address: int, quantity: int) -> Cells:
    """Return what cells hold; of a bank that holds them, also those that no client may read."""
    if isinstance(bank, CellBank):
        get = bank.get_bits if table.is_bits else bank.get_registers
        return get(table, address, quantity)
    if table.is_bits:
        return unpack_bits(bytes(bank.read_bits(table, address, quantity)), quantity)
    return unpack_registers(bytes(bank.read_registers(table, address, quantity)))
