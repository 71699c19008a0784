"""What `Device` and `AsyncDevice` share: which flow a call is; they only run it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from inspect import iscoroutinefunction
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, overload

from modbus_schema.layout import Path, Slot, resolve
from modbus_schema.model import RegisterMap
from modbus_schema.partial import Bad, Partial, partial_flow
from modbus_schema.planning import Refused
from modbus_schema.reading import read_plans
from modbus_schema.refs import Ref, Setting, Write
from modbus_schema.rules import Areas, MaxBlock
from modbus_schema.snapshots import RawSnapshot
from modbus_schema.transfer import ReadPlan, plan_flow
from modbus_schema.write_rules import MaxWrite, WriteWith
from modbus_schema.writing.exchange import exchange
from modbus_schema.writing.flow import Masks, Writing
from modbus_schema.writing.outcome import Outcome
from modbus_schema.writing.parts import Part
from modbus_schema.writing.plans import Wanted, write_plans
from modbus_schema.writing.preview import PlannedWrite, preview
from modbus_schema.writing.verification import Verify, verify_of
from modbus_wire.flows import Flow, Pause, Step
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
        self._plans = read_plans(
            model,
            max_gap=max_gap,
            max_block=max_block,
            forbidden=forbidden,
            readable=readable,
            read_alone=read_alone,
        )
        self._layout = self._plans.layout
        self._writes = write_plans(
            self._layout, write_with=write_with, max_write=max_write, mask_write=mask_write
        )
        self._masks = Masks(self._writes.rules.mask_write)
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
            return self._plans.of_paths(tuple(self._path(ref) for ref in refs))
        return self._plans.model_plan or self._plans.of_model()

    def _read_partial(self, refs: tuple[Ref[M, Any], ...]) -> Flow[Partial[M]]:
        return partial_flow(self._plans, tuple(self._path(ref) for ref in refs), self.bad)

    def _avoid(self, refused: Refused) -> None:
        self._plans = self._plans.avoiding(refused)

    def _raw(self, plan: ReadPlan[M], result: Any) -> RawSnapshot[M]:
        data = tuple(result) if isinstance(plan.step, list) else (result,)
        return RawSnapshot(self.model, plan.blocks, data)

    @overload
    def plan_write(self, instance: M, /, *, then: Then[M] = ()) -> PlannedWrite[M]: ...
    @overload
    def plan_write(
        self, change: Write[M], /, *changes: Write[M], then: Then[M] = ()
    ) -> PlannedWrite[M]: ...
    def plan_write(self, *changes: Any, then: Any = ()) -> PlannedWrite[M]:
        """Return the requests that `write` would send now, in their order; nothing is sent.

        Raises `EncodeError` as `write` does.
        """
        return self._preview(self._wanted(changes, then))

    def plan_write_changes(self, old: M, new: M, *, then: Then[M] = ()) -> PlannedWrite[M]:
        """Return the requests that `write_changes` would send now; nothing is sent."""
        return self._preview(self._writes.of_changes(old, new, _several(then)))

    def _preview(self, wanted: Wanted) -> PlannedWrite[M]:
        return preview(self.model, self._writes.parts(wanted), self._masks)

    def _write(
        self, changes: tuple[Any, ...], then: Any, verify: bool | Verify
    ) -> Flow[Outcome[M]]:
        parts = None
        if len(changes) == 1 and type(changes[0]) is self.model and not then:
            parts = self._writes.instance_parts(changes[0])
        if parts is None:
            return self._write_wanted(self._wanted(changes, then), verify)
        return self._carry_out(parts, verify)

    def _write_changes(self, old: M, new: M, then: Any, verify: bool | Verify) -> Flow[Outcome[M]]:
        return self._write_wanted(self._writes.of_changes(old, new, _several(then)), verify)

    def _write_wanted(self, wanted: Wanted, verify: bool | Verify) -> Flow[Outcome[M]]:
        needs = wanted.needs()
        if not needs:
            return self._carry_out(self._writes.parts(wanted), verify)
        return self._write_knowing(needs, wanted, verify)

    def _write_knowing(
        self, needs: Iterable[Slot], wanted: Wanted, verify: bool | Verify
    ) -> Flow[Outcome[M]]:
        """Write after a read of what the values that are written depend on."""
        known = yield from plan_flow(self._plans.of_slots(needs))
        parts = self._writes.parts(wanted, known.__getitem__)
        return (yield from self._carry_out(parts, verify))

    def _carry_out(self, parts: Sequence[Part], verify: bool | Verify) -> Flow[Outcome[M]]:
        how = verify_of(verify)
        writing = Writing(self.model, parts, self._masks)
        yield from writing.flow()
        if how is None:
            return writing.outcome()
        return writing.outcome((yield from writing.verify(self._plans, how)))

    def _write_and_read(self, changes: tuple[Any, ...], read: Any) -> Flow[Any]:
        refs = read if isinstance(read, tuple) else (read,)
        paths = [self._path(ref) for ref in refs]
        needs = self._writes.of_settings(changes).needs()
        known = (yield from plan_flow(self._plans.of_slots(needs))) if needs else {}
        one = exchange(self._plans, self._writes.rules, changes, paths, known.__getitem__)
        found = yield from Writing(self.model, [one.part], self._masks).exchange(one)
        return (found,) if isinstance(read, tuple) and len(refs) == 1 else found

    def _wanted(self, changes: tuple[Any, ...], then: Any) -> Wanted:
        if len(changes) == 1 and type(changes[0]) is self.model:
            return self._writes.of_instance(changes[0], _several(then))
        return self._writes.of_settings(changes, _several(then))

    def _path(self, ref: Ref[M, Any]) -> Path:
        resolve(self._layout, ref)
        return ref.path

    def _ask(self, step: Step) -> Any:
        """Begin a step of a flow; what comes back is the client's matter."""
        if isinstance(step, list):
            return self.client.read_many(step, unit_id=self.unit_id)
        if isinstance(step, Pause):
            return self._wait(step)
        return self.client.execute(step, unit_id=self.unit_id)

    def _wait(self, pause: Pause) -> Any:
        """Begin a wait, in the style of the device."""
        raise NotImplementedError


def _several(then: Setting[Any] | Sequence[Setting[Any]]) -> Sequence[Setting[Any]]:
    return (then,) if isinstance(then, Setting) else then
