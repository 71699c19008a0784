"""What a recording says of each moment: the cells of one unit over time, and its refusals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from threading import Lock

from modbus_schema.simulation.entries import Entry
from modbus_schema.simulation.outcomes import Outcomes, Place, Track
from modbus_wire.bits import pack_bits, unpack_bits
from modbus_wire.codes import Table
from modbus_wire.errors import IllegalDataAddress, exception_for
from modbus_wire.pdu.registers import pack_registers, unpack_registers


class RecordedBank:
    """The cells of a recorded device, as they were so many seconds after the recording began.

    A request that was refused is refused as it was, at the times that `Outcomes` tells; so is one
    that asks for cells which nobody has ever read, by the exception of a request that asked for
    them, or by exception 02. What a client writes, to cells that are known, stands until they
    change in the recording.
    """

    def __init__(self, entries: Iterable[Entry], seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._cells: dict[tuple[Table, int], Track[int]] = defaultdict(Track)
        self._written: dict[tuple[Table, int], tuple[float, int]] = {}
        entries = list(entries)
        for entry in entries:
            if entry.values is not None and not entry.is_write:
                for cell, value in enumerate(entry.values, entry.address):
                    self._cells[entry.table, cell].add(entry.time, value)
        self._outcomes = Outcomes(entries)
        self.has_timeouts = self._outcomes.have_timeouts

    def timed_out(self, place: Place) -> bool:
        """Whether a request had no answer at this time of the recording."""
        return self._outcomes.at(place, self._seconds()).timed_out

    def read_bits(self, table: Table, address: int, quantity: int) -> bytes:
        return pack_bits(self._read(Place(table, address, quantity, False)))

    def read_registers(self, table: Table, address: int, quantity: int) -> bytes:
        return pack_registers(self._read(Place(table, address, quantity, False)))

    def write_coils(self, address: int, quantity: int, data: bytes) -> None:
        place = Place(Table.COILS, address, quantity, True)
        self._write(place, [int(bit) for bit in unpack_bits(data, quantity)])

    def write_registers(self, address: int, data: bytes) -> None:
        values = unpack_registers(data)
        self._write(Place(Table.HOLDING_REGISTERS, address, len(values), True), values)

    def mask_write_register(self, address: int, and_mask: int, or_mask: int) -> None:
        place = Place(Table.HOLDING_REGISTERS, address, 1, True)
        with self._lock:
            (current,) = self._known(place)
        self._write(place, [current & and_mask | or_mask & ~and_mask & 0xFFFF])

    def read_write_registers(
        self, read_address: int, read_quantity: int, write_address: int, data: bytes
    ) -> bytes:
        read = Place(Table.HOLDING_REGISTERS, read_address, read_quantity, False)
        self._read(read)  # a read that is refused must be so before the write
        self.write_registers(write_address, data)
        return pack_registers(self._read(read))

    def _refuse(self, place: Place) -> None:
        exception = self._outcomes.at(place, self._seconds()).exception
        if exception is not None:
            raise exception_for(exception)

    def _read(self, place: Place) -> list[int]:
        self._refuse(place)
        with self._lock:
            return self._known(place)

    def _write(self, place: Place, values: list[int]) -> None:
        self._refuse(place)
        now = self._seconds()
        with self._lock:
            self._known(place)
            for cell, value in zip(place.cells, values, strict=True):
                self._written[place.table, cell] = now, value

    def _known(self, place: Place) -> list[int]:
        """Return what cells hold now; raises what refuses one that is not known."""
        now = self._seconds()
        values = []
        for cell in place.cells:
            track = self._cells.get((place.table, cell))
            if track is None:
                raise self._refusal_of(place, cell)
            since, value = track.at(now)
            written_at, written = self._written.get((place.table, cell), (-1.0, 0))
            values.append(written if since <= written_at <= now else value)
        return values

    def _refusal_of(self, place: Place, cell: int) -> Exception:
        """Return the exception of a request that asked for a cell which none has told of."""
        exception = self._outcomes.exception_of(place, cell)
        if exception is not None:
            return exception_for(exception)
        return IllegalDataAddress(f"{place.table.label}[{cell}] was never read")
