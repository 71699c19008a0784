"""What `Device` and `AsyncDevice` share: which flow a call is; they only run it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from inspect import iscoroutinefunction
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, overload

from modbus_schema.asking.shapes import Shapes
from modbus_schema.fields.options import ByteOrder, WordOrder
from modbus_schema.fields.refs import Ref, Setting, Write
from modbus_schema.fields.rules import Areas, MaxBlock
from modbus_schema.fields.write_rules import MaxWrite, WriteWith
from modbus_schema.layout.shapes import placed_layout
from modbus_schema.layout.tree import Path, Slot, ValueOf, check_ref
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.planning.blocks import Refused
from modbus_schema.planning.snapshots import RawSnapshot
from modbus_schema.reading.partial import Bad, Partial, partial_flow
from modbus_schema.reading.plans import ReadPlans, read_plans
from modbus_schema.reading.requests import ReadPlan, data_flow, plan_flow
from modbus_schema.writing.changes import check_setting
from modbus_schema.writing.exchange import exchange
from modbus_schema.writing.flow import Masks, Writing
from modbus_schema.writing.jobs import ChangesJob, InstanceJob, Job, SettingsJob
from modbus_schema.writing.outcome import Outcome
from modbus_schema.writing.parts import Part
from modbus_schema.writing.plans import Wanted, WritePlans, write_plans, write_plans_of
from modbus_schema.writing.preview import PlannedWrite, preview
from modbus_schema.writing.verification import Verify, verify_of
from modbus_wire.flows import Flow, Pause, Step, Turn, Wait
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.sync.methods import Methods

M = TypeVar("M", bound=RegisterMap)


Then: TypeAlias = Write[M] | Sequence[Write[M]]
"""What follows a write: one setting, or several in their order."""


class AnyExecutor(Protocol):
    """A client of either style: what its methods return is the result, or to be awaited."""

    def execute(self, request: AnyRequest, *, unit_id: int | None = None) -> Any:
        """Carry out a request."""
        ...

    def read_many(self, requests: list[AnyRequest], /, *, unit_id: int | None = None) -> Any:
        """Carry out reads, as many at once as the client may have under way."""
        ...


X = TypeVar("X", bound=AnyExecutor)


class DeviceBase(Generic[M, X]):
    """A map at a unit id behind a client."""

    def __init__(
        self,
        client: X,
        model: type[M],
        *,
        unit_id: int | None = None,
        base: int = 0,
        word_order: WordOrder | None = None,
        byte_order: ByteOrder | None = None,
        max_gap: int | None = None,
        max_block: MaxBlock | None = None,
        forbidden: Areas | None = None,
        readable: Areas | None = None,
        read_alone: Areas | None = None,
        write_with: WriteWith | None = None,
        max_write: MaxWrite | None = None,
        mask_write: bool | None = None,
    ) -> None:
        if unit_id is not None and not 0 <= unit_id <= 0xFF:
            raise ValueError(f"unit id {unit_id} is not in 0..255")
        self._check_style(client)
        self.client = client
        self.model = model
        self.unit_id = unit_id
        layout = placed_layout(model, base=base, word_order=word_order, byte_order=byte_order)
        self._plans: ReadPlans[M] = read_plans(
            layout,
            max_gap=max_gap,
            max_block=max_block,
            forbidden=forbidden,
            readable=readable,
            read_alone=read_alone,
        )
        self._layout = layout
        self._shapes: Shapes[M] | None = None
        if layout.questions:
            self._shapes = Shapes(layout, self._plans.rules)
        self._writes = write_plans(
            self._layout, write_with=write_with, max_write=max_write, mask_write=mask_write
        )
        self._masks = Masks(self._writes.rules.mask_write, self._new_turn())
        self.bad = Bad(self._avoid)
        """The addresses that the device refused in a partial read."""

    def __repr__(self) -> str:
        model, unit_id = self.model.__name__, self.unit_id
        return f"{type(self).__name__}({self.client!r}, {model}, unit_id={unit_id})"

    def _check_style(self, client: X) -> None:
        """Refuse a client of the other style; raises TypeError."""
        kind = type(self).__name__
        if iscoroutinefunction(getattr(self, "read", None)):
            if isinstance(client, Methods):
                raise TypeError(f"{kind} awaits its client, and {client!r} blocks")
        elif iscoroutinefunction(getattr(client, "execute", None)):
            raise TypeError(f"{kind} does not await its client, as {client!r} has to be")

    def _plan(self, refs: tuple[Ref[M, Any], ...]) -> ReadPlan[Any]:
        if refs:
            return self._plans.of_paths(self._paths(refs))
        return self._plans.model_plan or self._plans.of_model()

    def _read_shaped(self, shapes: Shapes[M], refs: tuple[Ref[M, Any], ...]) -> Flow[Any]:
        return shapes.read(self._paths(refs))

    def _read_partial(self, refs: tuple[Ref[M, Any], ...]) -> Flow[Partial[M]]:
        paths = self._paths(refs)
        if self._shapes is not None:
            return self._shapes.read_partial(paths, self.bad)
        return partial_flow(self._plans, paths, self.bad)

    def _avoid(self, refused: Refused) -> None:
        if self._shapes is not None:
            self._shapes.avoid(refused)
        else:
            self._plans = self._plans.avoiding(refused)

    def _read_raw(self) -> Flow[RawSnapshot[M]]:
        if self._shapes is not None:
            _, plan, data = yield from self._shapes.bring(())
        else:
            plan = self._plan(())
            data = yield from data_flow(plan)
        return RawSnapshot(self.model, plan.blocks, tuple(data))

    @overload
    def plan_write(self, instance: M, /, *, then: Then[M] = ()) -> PlannedWrite[M]: ...
    @overload
    def plan_write(
        self, change: Write[M], /, *changes: Write[M], then: Then[M] = ()
    ) -> PlannedWrite[M]: ...
    def plan_write(self, *changes: Any, then: Any = ()) -> PlannedWrite[M]:
        """Return the requests that `write` would send now, in their order; nothing is sent.

        What depends on registers that are read first, such as a value with a scale factor, is there
        with its read and without its bytes; a read that asks a device for its shape is not there.
        Raises `EncodeError` as `write` does.
        """
        return self._preview(self._job(changes, then))

    def plan_write_changes(self, old: M, new: M, *, then: Then[M] = ()) -> PlannedWrite[M]:
        """Return the requests that `write_changes` would send now; nothing is sent."""
        return self._preview(ChangesJob(old, new, _several(then)))

    def _preview(self, job: Job) -> PlannedWrite[M]:
        plans = self._writes
        if self._shapes is not None:
            layout = self._shapes.supposed(job.paths, job.told(self._layout))
            plans = write_plans_of(layout, plans.rules)
        wanted = job.wanted(plans)
        needs = wanted.needs()
        if not needs:
            return preview(self.model, plans.parts(wanted), self._masks)
        reads = self._shapes.plans(plans.layout) if self._shapes is not None else self._plans
        blocks = reads.of_slots(needs).blocks
        return preview(self.model, plans.known_parts(wanted), self._masks, blocks)

    def _write(
        self, changes: tuple[Any, ...], then: Any, verify: bool | Verify
    ) -> Flow[Outcome[M]]:
        return self._carry_out(self._job(changes, then), verify)

    def _write_changes(self, old: M, new: M, then: Any, verify: bool | Verify) -> Flow[Outcome[M]]:
        return self._carry_out(ChangesJob(old, new, _several(then)), verify)

    def _carry_out(self, job: Job, verify: bool | Verify) -> Flow[Outcome[M]]:
        how = verify_of(verify)
        plans, parts, value_of = yield from self._parts(job)
        writing = Writing(self.model, parts, self._masks)
        yield from writing.flow()
        if how is None:
            return writing.outcome()
        return writing.outcome((yield from writing.verify(plans, value_of, how)))

    def _parts(self, job: Job) -> Flow[tuple[ReadPlans[M], list[Part], ValueOf]]:
        """Encode what is to be written, after a read of what that depends on."""
        if self._shapes is None and isinstance(job, InstanceJob) and not job.then:
            parts = self._writes.instance_parts(job.instance)
            if parts is not None:
                return self._plans, parts, dict[Slot, Any]().__getitem__
        reads, writes, wanted, value_of = yield from self._prepared(job)
        return reads, writes.parts(wanted, value_of), value_of

    def _prepared(
        self, job: Job, *paths: Path
    ) -> Flow[tuple[ReadPlans[M], WritePlans, Wanted, ValueOf]]:
        """Return what shall be written, by the plans for it, and the values that it depends on.

        ``paths`` are what is read together with it.
        """
        shapes, rules = self._shapes, self._writes.rules
        if shapes is None:
            wanted = job.wanted(self._writes)
            needs = wanted.needs()
            found = (yield from plan_flow(self._plans.of_slots(needs))) if needs else {}
            return self._plans, self._writes, wanted, found.__getitem__
        known = yield from shapes.known(
            (*job.paths, *paths),
            lambda layout: job.wanted(write_plans_of(layout, rules)).needs(),
            job.told(self._layout),
        )
        plans = write_plans_of(known.layout, rules)
        return shapes.plans(known.layout), plans, job.wanted(plans), known.value_of

    def _write_and_read(self, changes: tuple[Any, ...], read: Any) -> Flow[Any]:
        refs = read if isinstance(read, tuple) else (read,)
        paths = self._paths(refs)
        reads, _, _, value_of = yield from self._prepared(SettingsJob(changes, ()), *paths)
        one = exchange(reads, self._writes.rules, changes, paths, value_of)
        found = yield from Writing(self.model, [one.part], self._masks).exchange(one)
        return (found,) if isinstance(read, tuple) and len(refs) == 1 else found

    def _job(self, changes: tuple[Any, ...], then: Any) -> Job:
        if len(changes) == 1 and type(changes[0]) is self.model:
            return InstanceJob(changes[0], _several(then))
        for change in changes:
            check_setting(self._layout, change)
        return SettingsJob(changes, _several(then))

    def _paths(self, refs: Iterable[Ref[M, Any]]) -> tuple[Path, ...]:
        for ref in refs:
            check_ref(self._layout, ref)
        return tuple(ref.path for ref in refs)

    def _ask(self, step: Step) -> Any:
        """Begin a step of a flow; what comes back is the client's matter."""
        if isinstance(step, list):
            return self.client.read_many(step, unit_id=self.unit_id)
        if isinstance(step, Pause | Turn):
            return self._wait(step)
        return self.client.execute(step, unit_id=self.unit_id)

    def _wait(self, step: Wait) -> Any:
        """Begin a wait, in the style of the device."""
        raise NotImplementedError

    def _new_turn(self) -> Turn:
        """Return what only one flow at a time has, in the style of the device."""
        raise NotImplementedError


def _several(then: object) -> Sequence[Setting[Any]]:
    if isinstance(then, Setting):
        return (then,)
    if isinstance(then, Sequence) and all(isinstance(each, Setting) for each in then):
        return then
    raise TypeError(f"then is a setting such as ref.to(value), or several, not {then!r}")
