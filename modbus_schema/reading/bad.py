"""What a device refused to be read, as long as it is remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from modbus_schema.layout.tree import Slot
from modbus_schema.planning.blocks import NOTHING, Refused
from modbus_wire.codes import Table
from modbus_wire.errors import ExceptionResponse
from modbus_wire.log import logger


class Bad(Mapping[Table, tuple[range, ...]]):
    """The addresses that a device refused, by table, until they are forgotten by `clear`.

    Partial reads leave them out, and no read brings them for the sake of others.
    """

    __slots__ = ("_changed", "_refused")

    def __init__(self, changed: Callable[[Refused], None]) -> None:
        self._changed = changed
        self._refused = NOTHING

    def __getitem__(self, table: Table) -> tuple[range, ...]:
        return self._ranges()[table]

    def __iter__(self) -> Iterator[Table]:
        return iter(self._ranges())

    def __len__(self) -> int:
        return len(self._ranges())

    def __repr__(self) -> str:
        return f"Bad({self._ranges()!r})"

    def clear(self) -> None:
        """Forget it all: the next read tries again."""
        self._set(NOTHING)

    def remember(
        self, errors: Mapping[Slot, ExceptionResponse], borders: Iterable[tuple[Table, int]]
    ) -> None:
        """Add what a device refused, and say so in the log."""
        known = self._refused
        new = {slot: error for slot, error in errors.items() if slot not in known.errors}
        self._set(Refused({**known.errors, **new}, known.borders.union(borders)))
        if new:
            logger("modbus_schema.device").warning(
                "the device refuses %s: partial reads leave it out until bad.clear()",
                ", ".join(f"{slot.place} ({error.message})" for slot, error in new.items()),
            )

    def _set(self, refused: Refused) -> None:
        self._refused = refused
        self._changed(refused)

    def _ranges(self) -> dict[Table, tuple[range, ...]]:
        cells: dict[Table, list[range]] = {}
        for slot in sorted(self._refused.errors, key=lambda slot: slot.address):
            ranges = cells.setdefault(slot.table, [])
            if ranges and slot.address <= ranges[-1].stop:
                last = ranges.pop()
                ranges.append(range(last.start, max(last.stop, slot.end)))
            else:
                ranges.append(slot.cells)
        return {table: tuple(ranges) for table, ranges in cells.items()}
