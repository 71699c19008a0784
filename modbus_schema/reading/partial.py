"""Reads that bring what a device gives, where it refuses some: flows, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain
from typing import Any, Generic, TypeVar, overload

from modbus_schema.compile.plain import assemble, check_size, decode_slot, supplies_of
from modbus_schema.errors import DecodeError
from modbus_schema.fields.refs import Ref, reference
from modbus_schema.layout.tree import Absent, Layout, Path, RepeatNode, Slot, resolve
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.planning.blocks import NOTHING, Block, Refused, joined, pieces
from modbus_schema.reading.plans import ReadPlans
from modbus_schema.reading.requests import read_request
from modbus_wire.codes import Table
from modbus_wire.errors import (
    ExceptionResponse,
    GatewayPathUnavailable,
    GatewayTargetFailedToRespond,
    IllegalDataAddress,
    IllegalDataValue,
    ModbusError,
    ServerDeviceFailure,
)
from modbus_wire.flows import Flow
from modbus_wire.log import logger

M = TypeVar("M", bound=RegisterMap)
T = TypeVar("T")
D = TypeVar("D")

_OF_SOME_CELLS = (IllegalDataAddress, IllegalDataValue, ServerDeviceFailure)
"""Refusals of a read that one of its cells may have caused: without it, others may come."""

_NO_DEVICE = (GatewayPathUnavailable, GatewayTargetFailedToRespond)
"""Refusals of who stands before the device: nothing else would come either."""


class Partial(Generic[M]):
    """What a read brought, and what it did not.

    ``partial[HeatPump.outdoor]`` is the value of a field or group; where it failed, the error is
    raised that reading it alone would raise.
    """

    def __init__(
        self,
        layout: Layout,
        values: Mapping[Slot, Any],
        errors: Mapping[Slot, ModbusError],
        is_whole: bool,
    ) -> None:
        self._layout = layout
        self._values = values
        self._errors = errors
        self._is_whole = is_whole

    @cached_property
    def values(self) -> Mapping[Ref[M, Any], Any]:
        """The values that came, field by field."""
        return {self._ref(slot): value for slot, value in self._values.items()}

    @cached_property
    def failed(self) -> Mapping[Ref[M, Any], ModbusError]:
        """The fields that did not come: refused by the device, or without a value in its cells."""
        return {self._ref(slot): error for slot, error in self._errors.items()}

    @cached_property
    def complete(self) -> M | None:
        """The instance; None where a field failed, or only some were asked for."""
        if self._errors or not self._is_whole:
            return None
        instance: M = assemble(self._layout.root, self._values.get)
        return instance

    def __getitem__(self, ref: Ref[M, T]) -> T:
        node = resolve(self._layout, ref)
        if isinstance(node, Absent):  # it is known not to be there
            absent: Any = None
            return absent  # type: ignore[no-any-return]  # T has None then
        slots = [slot for slot in self._layout.slots_of(ref.path) if slot.access.readable]
        for slot in slots:
            if slot in self._errors:
                raise self._errors[slot].with_traceback(None)
        has_items = not isinstance(node, RepeatNode) or bool(node.items)
        if (not slots and has_items) or not all(slot in self._values for slot in slots):
            raise KeyError(f"{ref!r} was not read")
        value: T = assemble(node, self._values.get)
        return value

    @overload
    def get(self, ref: Ref[M, T]) -> T | None: ...
    @overload
    def get(self, ref: Ref[M, T], default: D) -> T | D: ...
    def get(self, ref: Ref[M, Any], default: object = None) -> Any:
        """Return the value of a field or group, or ``default`` where it did not come."""
        try:
            return self[ref]
        except (KeyError, ModbusError):
            return default

    def __repr__(self) -> str:
        model = self._layout.model.__name__
        return f"<Partial {model}: {len(self._values)} values, {len(self._errors)} failed>"

    def _ref(self, slot: Slot) -> Ref[M, Any]:
        return reference(self._layout.model, slot.path)


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


def partial_flow(plans: ReadPlans[M], paths: tuple[Path, ...], bad: Bad) -> Flow[Partial[M]]:
    """Read fields, all of the map where no path is given; a refusal fails those it is about.

    It takes less than two requests for each field, however many are refused.
    """
    plan = plans.of_parts(paths)
    reading = _Reading(plans, bad, dict(plan.errors))
    for block in plan.blocks:
        yield from reading.bring(block)
    reading.decode_late()
    asked = {slot for path in paths or ((),) for slot in plans.layout.slots_of(path)}
    values = {slot: value for slot, value in reading.values.items() if slot in asked}
    errors = {slot: error for slot, error in reading.errors.items() if slot in asked}
    return Partial(plans.layout, values, errors, is_whole=not paths)


class _Reading:
    """One read under way: the values and errors so far."""

    def __init__(self, plans: ReadPlans[Any], bad: Bad, errors: dict[Slot, ModbusError]) -> None:
        self.plans = plans
        self.bad = bad
        self.values: dict[Slot, Any] = {}
        self.errors = errors
        self.late: list[tuple[Slot, Block, bytes, object]] = []
        """The fields whose values depend on others, and what was read of them by which request."""

    def bring(self, block: Block) -> Flow[None]:
        """Read a block; where it is refused, those parts of it that the device gives."""
        refusal = yield from self._ask(block)
        if refusal is None:
            return
        errors: dict[Slot, ExceptionResponse] = {}
        borders: list[tuple[Table, int]] = []
        yield from self._divide(block, refusal, errors, borders)
        self.errors.update(errors)
        some_came = len(errors) < len(block.slots)
        found = {
            slot: error
            for slot, error in errors.items()
            if isinstance(error, IllegalDataAddress)
            or (some_came and isinstance(error, _OF_SOME_CELLS))
        }
        if found or borders:
            self.bad.remember(found, borders)

    def _divide(
        self,
        block: Block,
        refusal: ExceptionResponse,
        errors: dict[Slot, ExceptionResponse],
        borders: list[tuple[Table, int]],
    ) -> Flow[None]:
        """Read the halves of a block that was refused, and the halves of those."""
        parts = self._parts(block)
        if len(parts) == 1 or not isinstance(refusal, _OF_SOME_CELLS):
            errors.update(dict.fromkeys(block.slots, refusal))
            return
        middle = len(parts) // 2
        halves = joined(parts[:middle]), joined(parts[middle:])
        came = 0
        for half in halves:
            # what has the same cells is known to be refused
            again = refusal if half.cells == block.cells else (yield from self._ask(half))
            if again is None:
                came += 1
            else:
                yield from self._divide(half, again, errors, borders)
        if came == len(halves):
            borders.append((block.table, halves[1].address))

    def _parts(self, block: Block) -> list[Block]:
        """Return what of a block has to stay together: by cells, and by what the map says."""
        by_cells: dict[range, list[Block]] = {}
        for piece in chain(*pieces(block.slots, self.plans.rules)):
            by_cells.setdefault(piece.cells, []).append(piece)
        parts = [joined(same) for same in by_cells.values()]
        return sorted(parts, key=lambda part: part.address)

    def _ask(self, block: Block) -> Flow[ExceptionResponse | None]:
        """Read a block and keep its values; returns how the device refused it, if it did."""
        request = read_request(block)
        try:
            data = yield request
        except ModbusError as error:
            error.where = block.place
            error.request = error.request or request
            if isinstance(error, ExceptionResponse) and not isinstance(error, _NO_DEVICE):
                return error.with_traceback(None)
            raise
        self._decode(block, data, request)
        return None

    def _decode(self, block: Block, data: bytes, request: object) -> None:
        for slot in block.slots:
            if slot.factors:
                self.late.append((slot, block, data, request))
            else:
                self._decode_slot(slot, block, data, request)

    def decode_late(self) -> None:
        """Decode the fields whose values depend on others; they fail where one of those did."""
        for slot, block, data, request in self.late:
            needed = [each for factor in slot.factors for each in factor.slots if each is not None]
            failed = [each for each in needed if each in self.errors]
            if failed:
                self.errors[slot] = self.errors[failed[0]]
            else:
                self._decode_slot(slot, block, data, request)

    def _decode_slot(self, slot: Slot, block: Block, data: bytes, request: object) -> None:
        try:
            check_size(block, data)
            supplies = supplies_of(slot, self.values.get)
            self.values[slot] = decode_slot(slot, block, data, supplies)
        except DecodeError as error:
            error.request = request
            self.errors[slot] = error.with_traceback(None)
