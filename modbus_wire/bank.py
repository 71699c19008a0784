"""The stores behind a server: the four tables, shared, separate or with holes.

A store knows no PDU, no unit and no socket. It holds cells as the wire carries them, registers
big-endian and bits packed, so that a read is a slice. A slice is one step of the interpreter:
reads need no lock, and writes, which look before they change, hold the bank's.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from threading import RLock

from modbus_wire.bits import byte_count, pack_bits, unpack_bits
from modbus_wire.codes import ADDRESS_SPACE, Table
from modbus_wire.errors import IllegalDataAddress
from modbus_wire.pdu.registers import pack_registers, unpack_registers
from modbus_wire.typed import Protocol

_COILS = Table.COILS
_DISCRETE_INPUTS = Table.DISCRETE_INPUTS
_INPUT_REGISTERS = Table.INPUT_REGISTERS
_HOLDING_REGISTERS = Table.HOLDING_REGISTERS
_WORD = 0xFFFF
_EVERYWHERE = (range(ADDRESS_SPACE),)


class Bank(Protocol):
    """What a handler asks of a store; one bank is one unit.

    Addresses begin at 0. Every method raises `IllegalDataAddress` where a cell does not exist, or
    another `ExceptionResponse` for a reason of the bank's own, and has changed nothing then.
    """

    def read_bits(self, table: Table, address: int, quantity: int) -> bytes | bytearray:
        """Return coils or discrete inputs, packed lowest first and zero padded."""
        ...

    def read_registers(self, table: Table, address: int, quantity: int) -> bytes | bytearray:
        """Return holding or input registers, big-endian."""
        ...

    def write_coils(self, address: int, quantity: int, data: bytes) -> None:
        """Write coils from packed bits; padding bits are not looked at."""
        ...

    def write_registers(self, address: int, data: bytes) -> None:
        """Write holding registers from big-endian bytes."""
        ...

    def mask_write_register(self, address: int, and_mask: int, or_mask: int) -> None:
        """Make a holding register ``(current & and_mask) | (or_mask & ~and_mask)``, atomically."""
        ...

    def read_write_registers(
        self, read_address: int, read_quantity: int, write_address: int, data: bytes
    ) -> bytes | bytearray:
        """Write holding registers, then read some, atomically; refused as a whole or not at all."""
        ...


class _Cells:
    """The cells of one table: segments of adjacent addresses, in order of their starts."""

    def __init__(self, ranges: Iterable[range]) -> None:
        self._segments = [
            (cells.start, cells.stop, bytearray(self._size(len(cells))))
            for cells in _merge(ranges) or [range(0)]
        ]
        self._starts = [start for start, _, _ in self._segments]

    @staticmethod
    def _size(quantity: int) -> int:
        """Return how many bytes hold that many cells."""
        raise NotImplementedError

    def _find(self, address: int, quantity: int) -> tuple[int, bytearray]:
        """Return where the first of the cells is in its segment, and the segment's bytes."""
        # before the first segment this is the last one, which does not hold the cells either
        start, stop, data = self._segments[bisect_right(self._starts, address) - 1]
        if start <= address <= stop - quantity:
            return address - start, data
        raise _hole(address, quantity)


class _RegisterCells(_Cells):
    @staticmethod
    def _size(quantity: int) -> int:
        return 2 * quantity

    def read(self, address: int, quantity: int) -> bytearray:
        # what servers do most: `_find` in line is a fifth of it
        start, stop, data = self._segments[bisect_right(self._starts, address) - 1]
        if start <= address <= stop - quantity:
            at = 2 * (address - start)
            return data[at : at + 2 * quantity]
        raise _hole(address, quantity)

    def write(self, address: int, new: bytes) -> None:
        size = len(new)
        if size % 2:
            raise ValueError(f"{size} bytes are no whole registers")
        at, data = self._find(address, size // 2)
        data[2 * at : 2 * at + size] = new


class _BitCells(_Cells):
    @staticmethod
    def _size(quantity: int) -> int:
        return byte_count(quantity)

    def read(self, address: int, quantity: int) -> bytes:
        at, data = self._find(address, quantity)
        bits = int.from_bytes(data[at >> 3 : byte_count(at + quantity)], "little") >> (at & 7)
        return (bits & (1 << quantity) - 1).to_bytes(byte_count(quantity), "little")

    def write(self, address: int, quantity: int, packed: bytes) -> None:
        at, data = self._find(address, quantity)
        first, end, shift = at >> 3, byte_count(at + quantity), at & 7
        mask = (1 << quantity) - 1 << shift
        kept = int.from_bytes(data[first:end], "little") & ~mask
        new = int.from_bytes(packed, "little") << shift & mask
        data[first:end] = (kept | new).to_bytes(end - first, "little")


class CellBank:
    """A bank that holds its cells; the stores of this module differ in which cells there are.

    ``get_*`` and ``set_*`` are the program's own way to every table; clients come by the methods
    of `Bank`. A subclass that refuses or watches what clients write overrides `write_coils` and
    `write_registers`: the two methods that write and look are made of those. Holding `lock` makes
    several operations one; it may be taken again by the thread that holds it.
    """

    def __init__(
        self,
        coils: _BitCells,
        discrete_inputs: _BitCells,
        input_registers: _RegisterCells,
        holding_registers: _RegisterCells,
    ) -> None:
        self.lock = RLock()
        self._coils = coils
        self._discrete_inputs = discrete_inputs
        self._input_registers = input_registers
        self._holding_registers = holding_registers

    def operation(self) -> AbstractContextManager[object]:
        """Return what makes all that is done in a ``with`` block one operation."""
        return self.lock

    def read_bits(self, table: Table, address: int, quantity: int) -> bytes | bytearray:
        return self._bits(table).read(address, quantity)

    def read_registers(self, table: Table, address: int, quantity: int) -> bytes | bytearray:
        # what is asked most gets by without a call
        cells = self._holding_registers if table is _HOLDING_REGISTERS else self._registers(table)
        return cells.read(address, quantity)

    def write_coils(self, address: int, quantity: int, data: bytes) -> None:
        with self.lock:
            self._coils.write(address, quantity, data)

    def write_registers(self, address: int, data: bytes) -> None:
        with self.lock:
            self._holding_registers.write(address, data)

    def mask_write_register(self, address: int, and_mask: int, or_mask: int) -> None:
        with self.lock:
            current = int.from_bytes(self.read_registers(_HOLDING_REGISTERS, address, 1), "big")
            masked = current & and_mask | or_mask & ~and_mask & _WORD
            self.write_registers(address, masked.to_bytes(2, "big"))

    def read_write_registers(
        self, read_address: int, read_quantity: int, write_address: int, data: bytes
    ) -> bytes | bytearray:
        with self.lock:
            # a read that is refused must be so before the write
            self.read_registers(_HOLDING_REGISTERS, read_address, read_quantity)
            self.write_registers(write_address, data)
            return self.read_registers(_HOLDING_REGISTERS, read_address, read_quantity)

    def get_bits(self, table: Table, address: int, quantity: int = 1) -> list[bool]:
        """Return coils or discrete inputs; raises `IllegalDataAddress` for a hole."""
        cells = self._bits(table)
        return unpack_bits(cells.read(address, _checked(quantity)), quantity)

    def set_bits(self, table: Table, address: int, values: Iterable[object]) -> None:
        """Write truth values to coils or discrete inputs, all or, where one is a hole, none."""
        cells = self._bits(table)
        bits = list(values)
        with self.lock:
            cells.write(address, len(bits), pack_bits(bits))

    def get_registers(self, table: Table, address: int, quantity: int = 1) -> list[int]:
        """Return holding or input registers; raises `IllegalDataAddress` for a hole."""
        cells = self._registers(table)
        return unpack_registers(bytes(cells.read(address, _checked(quantity))))

    def set_registers(self, table: Table, address: int, values: Iterable[int]) -> None:
        """Write holding or input registers, all or none.

        Raises `IllegalDataAddress` for a hole and `RequestError`, a `ValueError`, for a value
        that is no int in 0..65535.
        """
        cells = self._registers(table)
        data = pack_registers(values)
        with self.lock:
            cells.write(address, data)

    def _bits(self, table: Table) -> _BitCells:
        if table is _COILS:
            return self._coils
        if table is _DISCRETE_INPUTS:
            return self._discrete_inputs
        raise ValueError(f"{table} holds no bits")

    def _registers(self, table: Table) -> _RegisterCells:
        if table is _HOLDING_REGISTERS:
            return self._holding_registers
        if table is _INPUT_REGISTERS:
            return self._input_registers
        raise ValueError(f"{table} holds no registers")


class SharedBank(CellBank):
    """Two full tables: discrete inputs are the coils, input registers the holding registers."""

    def __init__(self) -> None:
        bits, registers = _BitCells(_EVERYWHERE), _RegisterCells(_EVERYWHERE)
        super().__init__(bits, bits, registers, registers)


class SparseBank(CellBank):
    """Four separate tables that have only the cells they are given; all cells are 0 at first.

    Adjacent and overlapping ranges of a table become one. Raises `ValueError` for a range with a
    step or outside 0..65535.
    """

    def __init__(self, cells: Mapping[Table, Iterable[range]]) -> None:
        super().__init__(
            coils=_BitCells(cells.get(_COILS, ())),
            discrete_inputs=_BitCells(cells.get(_DISCRETE_INPUTS, ())),
            input_registers=_RegisterCells(cells.get(_INPUT_REGISTERS, ())),
            holding_registers=_RegisterCells(cells.get(_HOLDING_REGISTERS, ())),
        )


class SeparateBank(SparseBank):
    """Four full tables of their own."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(Table, _EVERYWHERE))


def _merge(ranges: Iterable[range]) -> list[range]:
    merged: list[range] = []
    ranges = list(ranges)
    for cells in ranges:
        if not isinstance(cells, range):
            raise TypeError(f"cells {cells!r} are no range")
    for cells in sorted(ranges, key=lambda cells: cells.start):
        if cells.step != 1 or cells.start < 0 or cells.stop > ADDRESS_SPACE:
            raise ValueError(f"{cells} is no range of addresses within 0..{ADDRESS_SPACE - 1}")
        if merged and cells.start <= merged[-1].stop:
            merged[-1] = range(merged[-1].start, max(merged[-1].stop, cells.stop))
        elif cells:
            merged.append(cells)
    return merged


def _hole(address: int, quantity: int) -> IllegalDataAddress:
    return IllegalDataAddress(f"there are not {quantity} cells from address {address} on")


def _checked(quantity: int) -> int:
    if quantity < 0:
        raise ValueError(f"quantity {quantity} is below 0")
    return quantity
