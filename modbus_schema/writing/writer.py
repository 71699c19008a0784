"""The writes of one device: from what is asked to the flow that carries it out, or shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from modbus_schema.asking.shapes import Shapes
from modbus_schema.fields.refs import Setting
from modbus_schema.layout.tree import Layout, Path, Slot, ValueOf
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.reading.plans import ReadPlans
from modbus_schema.reading.requests import plan_flow
from modbus_schema.writing.changes import check_setting
from modbus_schema.writing.exchange import Exchange, exchange
from modbus_schema.writing.flow import Masks, Writing
from modbus_schema.writing.jobs import ChangesJob, InstanceJob, Job, SettingsJob
from modbus_schema.writing.outcome import Outcome, note_outcome_of
from modbus_schema.writing.parts import Part
from modbus_schema.writing.plans import Wanted, WritePlans, write_plans, write_plans_of
from modbus_schema.writing.preview import PlannedWrite, preview
from modbus_schema.writing.verification import Verify, verify_of
from modbus_wire.flows import Flow, Turn

M = TypeVar("M", bound=RegisterMap)
R = TypeVar("R")


class Writer(Generic[M]):
    """Writes a map to a device in whatever shape it has.

    ``reads`` gives the plans for what a write has to read first, ``shapes`` what the device says
    of itself, where it says something; ``turn`` what only one who writes registers has at a time.
    """

    def __init__(
        self,
        model: type[M],
        layout: Layout,
        reads: Callable[[], ReadPlans[M]],
        shapes: Shapes[M] | None,
        turn: Callable[[], Turn],
        **overrides: object,
    ) -> None:
        """Take the rules of the map, or what overrides them.

        Raises ValueError for a wrong keyword, `DefinitionError` where a field cannot be written.
        """
        self._model = model
        self._layout = layout
        self._reads = reads
        self._shapes = shapes
        self._plans = write_plans(layout, **overrides)
        self._masks = Masks(self._plans.rules.mask_write, turn)

    def job(self, changes: tuple[Any, ...], then: object) -> Job:
        """Return what a call of ``write`` asks for; raises TypeError for what is no setting."""
        if len(changes) == 1 and type(changes[0]) is self._model:
            return InstanceJob(changes[0], _several(then))
        for change in changes:
            check_setting(self._layout, change)
        return SettingsJob(changes, _several(then))

    def changes_job(self, old: M, new: M, then: object) -> Job:
        """Return what a call of ``write_changes`` asks for; raises TypeError for no instance."""
        for instance in (old, new):
            if not isinstance(instance, self._model):
                raise TypeError(f"{instance!r} is no {self._model.__name__}")
        return ChangesJob(old, new, _several(then))

    def preview(self, job: Job) -> PlannedWrite[M]:
        """Return the requests that a job would send now; nothing is sent."""
        plans = self._plans
        if self._shapes is not None:
            layout = self._shapes.supposed(job.paths, job.told(self._layout))
            plans = write_plans_of(layout, plans.rules)
        wanted = job.wanted(plans)
        needs = wanted.needs()
        if not needs:
            return preview(self._model, plans.parts(wanted), self._masks)
        reads = self._shapes.plans(plans.layout) if self._shapes is not None else self._reads()
        blocks = reads.of_slots(needs).blocks
        return preview(self._model, plans.known_parts(wanted), self._masks, blocks)

    def carry_out(self, job: Job, verify: bool | Verify) -> Flow[Outcome[M]]:
        """Write what a job asks for, and read it back where that is wanted."""
        how = verify_of(verify)
        plans, parts, value_of = yield from self._begun(job, self._parts(job))
        writing = Writing(self._model, parts, self._masks)
        yield from writing.flow()
        if how is None:
            return writing.outcome()
        return writing.outcome((yield from writing.verify(plans, value_of, how)))

    def exchange(self, changes: tuple[Any, ...], paths: tuple[Path, ...]) -> Flow[Any]:
        """Write settings and read what paths lead to, all by one FC 23."""
        job = SettingsJob(changes, ())
        one = yield from self._begun(job, self._exchange_of(job, paths))
        return (yield from Writing(self._model, [one.part], self._masks).exchange(one))

    def _exchange_of(self, job: SettingsJob, paths: tuple[Path, ...]) -> Flow[Exchange]:
        reads, _, _, value_of = yield from self._prepared(job, *paths)
        return exchange(reads, self._plans.rules, job.settings, paths, value_of)

    def _begun(self, job: Job, flow: Flow[R]) -> Flow[R]:
        """Do what comes before a write is sent; where that fails, all of it is not written."""
        try:
            return (yield from flow)
        except BaseException as error:
            note_outcome_of(error, Outcome(self._model, (), (), (), job.fields(self._layout)))
            raise

    def _parts(self, job: Job) -> Flow[tuple[ReadPlans[M], list[Part], ValueOf]]:
        """Encode what is to be written, after a read of what that depends on."""
        if self._shapes is None and isinstance(job, InstanceJob) and not job.then:
            parts = self._plans.instance_parts(job.instance)
            if parts is not None:
                return self._reads(), parts, dict[Slot, Any]().__getitem__
        reads, writes, wanted, value_of = yield from self._prepared(job)
        return reads, writes.parts(wanted, value_of), value_of

    def _prepared(
        self, job: Job, *paths: Path
    ) -> Flow[tuple[ReadPlans[M], WritePlans, Wanted, ValueOf]]:
        """Return what shall be written, by the plans for it, and the values that it depends on.

        ``paths`` are what is read together with it.
        """
        shapes, rules = self._shapes, self._plans.rules
        if shapes is None:
            wanted = job.wanted(self._plans)
            needs, reads = wanted.needs(), self._reads()
            found = (yield from plan_flow(reads.of_slots(needs))) if needs else {}
            return reads, self._plans, wanted, found.__getitem__
        known = yield from shapes.known(
            (*job.paths, *paths),
            lambda layout: job.wanted(write_plans_of(layout, rules)).needs(),
            job.told(self._layout),
        )
        plans = write_plans_of(known.layout, rules)
        return shapes.plans(known.layout), plans, job.wanted(plans), known.value_of


def _several(then: object) -> Sequence[Setting[Any]]:
    if isinstance(then, Setting):
        return (then,)
    if isinstance(then, Sequence) and all(isinstance(each, Setting) for each in then):
        return then
    raise TypeError(f"then is a setting such as ref.to(value), or several, not {then!r}")
