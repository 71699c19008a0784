"""Reads that bring what a device gives, where it refuses some: flows, and what comes of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import chain
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar, overload

from modbus_schema.compile.plain import assemble, check_size, decode_slot, supplies_of
from modbus_schema.errors import DecodeError
from modbus_schema.fields.refs import Ref, reference
from modbus_schema.layout.shapes import touch
from modbus_schema.layout.tree import Absent, Layout, Path, RepeatNode, Slot, resolve
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.planning.blocks import Block, joined, pieces
from modbus_schema.reading.bad import Bad
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

M = TypeVar("M", bound=RegisterMap)
T = TypeVar("T")
D = TypeVar("D")

_OF_SOME_CELLS = (IllegalDataAddress, IllegalDataValue, ServerDeviceFailure)
"""Refusals of a read that one of its cells may have caused: without it, others may come."""

_NO_DEVICE = (GatewayPathUnavailable, GatewayTargetFailedToRespond)
"""Refusals of who stands before the device: nothing else would come either."""


Missing: TypeAlias = Mapping[Path, ModbusError]
"""Parts of a map of which a device does not say where, or whether, they are, and why not."""


class Parts(NamedTuple):
    """The fields that came, and those that did not."""

    values: Mapping[Slot, Any]
    errors: Mapping[Slot, ModbusError]


class Partial(Generic[M]):
    """What a read brought, and what it did not.

    ``partial[HeatPump.outdoor]`` is the value of a field or group; where it failed, the error is
    raised that reading it alone would raise.
    """

    def __init__(
        self,
        layout: Layout,
        parts: Parts,
        missing: Missing,
        is_whole: bool,
    ) -> None:
        self._layout = layout
        self._values, self._errors = parts
        self._missing = missing
        self._is_whole = is_whole

    @cached_property
    def values(self) -> Mapping[Ref[M, Any], Any]:
        """The values that came, field by field."""
        return {self._ref(slot): value for slot, value in self._values.items()}

    @cached_property
    def failed(self) -> Mapping[Ref[M, Any], ModbusError]:
        """The fields that did not come: refused by the device, or without a value in its cells.

        A field or group of which the device does not say where, or whether, it is, is there itself.
        """
        errors = {slot.path: error for slot, error in self._errors.items()}
        model = self._layout.model
        return {
            reference(model, path): error for path, error in {**errors, **self._missing}.items()
        }

    @cached_property
    def complete(self) -> M | None:
        """The instance; None where a field failed, or only some were asked for."""
        if self._errors or self._missing or not self._is_whole:
            return None
        instance: M = assemble(self._layout.root, self._values.get)
        return instance

    def __getitem__(self, ref: Ref[M, T]) -> T:
        node = resolve(self._layout, ref)
        for path, error in self._missing.items():
            if touch(path, ref.path):
                raise error.with_traceback(None)
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
        return f"<Partial {model}: {len(self._values)} values, {len(self.failed)} failed>"

    def _ref(self, slot: Slot) -> Ref[M, Any]:
        return reference(self._layout.model, slot.path)


def partial_flow(
    plans: ReadPlans[M], paths: tuple[Path, ...], bad: Bad, missing: Missing
) -> Flow[Partial[M]]:
    """Read fields, all of the map where no path is given; a refusal fails those it is about.

    ``missing`` are parts that cannot be read at all.
    """
    parts = yield from parts_flow(plans, paths, bad)
    asked = {
        path: error
        for path, error in missing.items()
        if any(touch(path, each) for each in paths or ((),))
    }
    return Partial(plans.layout, parts, asked, is_whole=not paths)


def parts_flow(plans: ReadPlans[Any], paths: tuple[Path, ...], bad: Bad) -> Flow[Parts]:
    """Read fields as `partial_flow`.

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
    return Parts(values, errors)


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
