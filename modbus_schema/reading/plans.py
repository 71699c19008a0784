"""Which plan brings which fields of a map: the whole model, or what some references name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from modbus_schema.compile.plain import decode_slot, supplies_of, values_in, with_factors
from modbus_schema.errors import DefinitionError
from modbus_schema.fields.rules import ReadRules, rules_from
from modbus_schema.layout.flatten import shaped_layout
from modbus_schema.layout.tree import Absent, GroupNode, Layout, Node, Path, Slot
from modbus_schema.planning.blocks import NOTHING, Block, Refused, plan, plan_model, plan_problems
from modbus_schema.reading.requests import ReadPlan
from modbus_wire.errors import ExceptionResponse, RequestError

M = TypeVar("M")

Decode = Callable[[Sequence[bytes]], Any]


def read_plans(layout: Layout, **overrides: object) -> ReadPlans[Any]:
    """Return the read plans of a map, by its own rules or as they are overridden by keyword.

    None overrides nothing. All devices of a map that have the same rules share their plans. Raises
    ValueError for a wrong keyword, `DefinitionError` where a field cannot be read by the rules.
    """
    given = {keyword: value for keyword, value in overrides.items() if value is not None}
    rules, problems = rules_from(given)
    if problems:
        raise ValueError("\n".join(problems))
    return plans_of(layout, rules.over(layout.rules))


def plans_of(layout: Layout, rules: ReadRules) -> ReadPlans[Any]:
    """Return the plans of a layout by some rules, which all who ask share.

    Raises `DefinitionError` where a field cannot be read by the rules.
    """

    def make() -> ReadPlans[Any]:
        problems = list(plan_problems(_certain(layout), rules))
        if problems:
            raise DefinitionError("\n".join(problems))
        return ReadPlans(layout, rules)

    return layout.once(("read", rules), make)


def _certain(layout: Layout) -> Layout:
    """Return a layout without what a device may not have: no read need bring that."""
    if not layout.open:
        return layout
    return shaped_layout(layout.model, layout.answers, layout.placed)


class PartialPlan(NamedTuple):
    """The reads of what a device does not refuse, and the fields that it does."""

    blocks: tuple[Block, ...]
    errors: Mapping[Slot, ExceptionResponse]


class ReadPlans(Generic[M]):
    """The read plans of a map by some rules, each made when first asked for."""

    def __init__(self, layout: Layout, rules: ReadRules, refused: Refused = NOTHING) -> None:
        self.layout = layout
        self.rules = rules
        self.refused = refused
        self.model_plan: ReadPlan[M] | None = None
        """The plan of the whole map, once it has been asked for."""
        self._plans: dict[tuple[Path, ...], ReadPlan[Any]] = {}
        self._plans_with: dict[tuple[tuple[Path, ...], tuple[Slot, ...]], ReadPlan[Any]] = {}
        self._partial_plans: dict[tuple[Path, ...], PartialPlan] = {}

    def avoiding(self, refused: Refused) -> ReadPlans[M]:
        """Return the plans by the same rules for a device that refuses some of the cells."""
        if refused == NOTHING:
            return plans_of(self.layout, self.rules)
        return ReadPlans(self.layout, self.rules, refused)

    def of_model(self) -> ReadPlan[M]:
        """Return the plan whose result is an instance."""
        if self.model_plan is None:
            from modbus_schema.compile import compile_decoder, compile_decoder_of_one

            root, blocks = self.layout.root, self._model_blocks()
            if len(blocks) == 1:
                one = compile_decoder_of_one(root, blocks[0])
                self.model_plan = ReadPlan(blocks, lambda data: one(data[0]), one)
            else:
                self.model_plan = ReadPlan(blocks, compile_decoder(root, blocks))
        return self.model_plan

    def of_paths(self, paths: tuple[Path, ...]) -> ReadPlan[Any]:
        """Return the plan whose result is the value of the one path, or a tuple, one per path."""
        found = self._plans.get(paths)
        if found is None:
            found = self._plans[paths] = self._make(paths, ())
        return found

    def of_paths_with(self, paths: tuple[Path, ...], also: tuple[Slot, ...]) -> ReadPlan[Any]:
        """Return the plan of some paths that brings other slots as well."""
        found = self._plans_with.get((paths, also))
        if found is None:
            found = self._plans_with[paths, also] = self._make(paths, also)
        return found

    def of_slots(self, slots: Iterable[Slot]) -> ReadPlan[dict[Slot, Any]]:
        """Return the plan whose result is the value of each of some fields."""
        wanted = with_factors(slots)
        blocks = self.blocks(wanted)
        return ReadPlan(blocks, lambda data: values_in(blocks, data, wanted))

    def _model_blocks(self) -> tuple[Block, ...]:
        if self.refused == NOTHING:
            return plan_model(self.layout, self.rules)
        return self.blocks(self.layout.slots)

    def blocks(self, slots: Iterable[Slot]) -> tuple[Block, ...]:
        """Return the blocks that bring some fields."""
        return plan(slots, self.rules, avoid=self.layout.slots, refused=self.refused)

    def of_parts(self, paths: tuple[Path, ...]) -> PartialPlan:
        """Return the plan that leaves out what the device refuses; no path is the whole map."""
        found = self._partial_plans.get(paths)
        if found is None:
            found = self._partial_plans[paths] = self._make_partial(paths)
        return found

    def _make_partial(self, paths: tuple[Path, ...]) -> PartialPlan:
        for path in paths:
            _check_readable(self.layout.node(path))
        asked = (slot for path in paths or ((),) for slot in self.layout.slots_of(path))
        slots = with_factors(asked)
        known = self.refused.errors
        errors = {slot: known[slot] for slot in slots if slot in known}
        return PartialPlan(self.blocks(slot for slot in slots if slot not in errors), errors)

    def _make(self, paths: tuple[Path, ...], also: Iterable[Slot]) -> ReadPlan[Any]:
        slots = [slot for path in paths for slot in self.layout.slots_of(path)]
        slots += also
        blocks = self.blocks(with_factors(slots))
        decoders = [_decoder(self.layout.node(path), blocks) for path in paths]
        if len(decoders) == 1:
            return ReadPlan(blocks, decoders[0])
        return ReadPlan(blocks, lambda data: tuple(decode(data) for decode in decoders))


def _decoder(node: Node, blocks: Sequence[Block]) -> Decode:
    if isinstance(node, Slot):
        return _slot_decoder(node, blocks)
    if isinstance(node, Absent):
        return lambda _: None
    from modbus_schema.compile import compile_decoder

    if isinstance(node, GroupNode):
        return compile_decoder(node, blocks)
    items = [compile_decoder(item, blocks) for item in node.items]
    return lambda data: tuple(decode(data) for decode in items)


def _slot_decoder(slot: Slot, blocks: Sequence[Block]) -> Decode:
    _check_readable(slot)
    index, block = next((n, block) for n, block in enumerate(blocks) if slot in block.slots)
    if not slot.factors:
        return lambda data: decode_slot(slot, block, data[index])
    inputs = {
        each: _slot_decoder(each, blocks) for each in with_factors([slot]) if each is not slot
    }

    def decode(data: Sequence[bytes]) -> Any:
        supplies = supplies_of(slot, lambda each: inputs[each](data))
        return decode_slot(slot, block, data[index], supplies)

    return decode


def _check_readable(node: Node) -> None:
    if isinstance(node, Slot) and not node.access.readable:
        error = RequestError("is write-only")
        error.where = node.place
        raise error
