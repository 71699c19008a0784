"""Which plan brings which fields of a map: the whole model, or what some references name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from modbus_schema.compile import compile_decoder
from modbus_schema.layout import GroupNode, Layout, Node, Path, Slot, layout_of
from modbus_schema.plain import decode_slot
from modbus_schema.planning import Block, plan, plan_model
from modbus_schema.transfer import ReadPlan
from modbus_wire.errors import RequestError

M = TypeVar("M")

Decode = Callable[[Sequence[bytes]], Any]


def read_plans(model: type[M], max_gap: int | None = None) -> ReadPlans[M]:
    """Return the read plans of a map, at its own gap or another; all its devices share them."""
    layout = layout_of(model)
    gap = layout.max_gap if max_gap is None else max_gap
    if type(gap) is not int or gap < 0:
        raise ValueError(f"max_gap {gap!r} is no number of cells, 0 or more")
    return layout.once(("read", gap), lambda: ReadPlans[M](layout, gap))


class ReadPlans(Generic[M]):
    """The read plans of a map at one gap, each made when first asked for."""

    def __init__(self, layout: Layout, max_gap: int) -> None:
        self.layout = layout
        self.max_gap = max_gap
        self._model_plan: ReadPlan[M] | None = None
        self._plans: dict[tuple[Path, ...], ReadPlan[Any]] = {}

    def of_model(self) -> ReadPlan[M]:
        """Return the plan whose result is an instance."""
        if self._model_plan is None:
            blocks = plan_model(self.layout, max_gap=self.max_gap)
            self._model_plan = ReadPlan(blocks, compile_decoder(self.layout.root, blocks))
        return self._model_plan

    def of_paths(self, paths: tuple[Path, ...]) -> ReadPlan[Any]:
        """Return the plan whose result is the value of the one path, or a tuple, one per path."""
        found = self._plans.get(paths)
        if found is None:
            found = self._plans[paths] = self._make(paths)
        return found

    def _make(self, paths: tuple[Path, ...]) -> ReadPlan[Any]:
        slots = {slot: None for path in paths for slot in self.layout.slots_of(path)}
        blocks = plan(slots, max_gap=self.max_gap, avoid=self.layout.slots)
        decoders = [_decoder(self.layout.node(path), blocks) for path in paths]
        if len(decoders) == 1:
            return ReadPlan(blocks, decoders[0])
        return ReadPlan(blocks, lambda data: tuple(decode(data) for decode in decoders))


def _decoder(node: Node, blocks: Sequence[Block]) -> Decode:
    if isinstance(node, Slot):
        return _slot_decoder(node, blocks)
    if isinstance(node, GroupNode):
        return compile_decoder(node, blocks)
    items = [compile_decoder(item, blocks) for item in node.items]
    return lambda data: tuple(decode(data) for decode in items)


def _slot_decoder(slot: Slot, blocks: Sequence[Block]) -> Decode:
    if not slot.access.readable:
        error = RequestError("is write-only")
        error.where = slot.place
        raise error
    index, block = next((n, block) for n, block in enumerate(blocks) if slot in block.slots)
    return lambda data: decode_slot(slot, block, data[index])
