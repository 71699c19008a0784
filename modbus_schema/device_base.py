"""What `Device` and `AsyncDevice` share: which flow a call is; they only run it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar, overload

from modbus_schema.fields.options import ByteOrder, WordOrder
from modbus_schema.fields.refs import Ref, Write
from modbus_schema.fields.rules import Areas, MaxBlock
from modbus_schema.fields.write_rules import MaxWrite, WriteWith
from modbus_schema.layout.shapes import placed_layout
from modbus_schema.layout.tree import Path, check_ref
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.planning.blocks import Refused
from modbus_schema.planning.snapshots import RawSnapshot
from modbus_schema.reading.plans import ReadPlans, read_plans
from modbus_schema.reading.requests import ReadPlan, data_flow
from modbus_wire.flows import Flow, Pause, Step, Turn, Wait
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.sync.methods import Methods

if TYPE_CHECKING:  # a program that only reads devices of one shape needs none of them
    from modbus_schema.asking.shapes import Shapes
    from modbus_schema.reading.bad import Bad
    from modbus_schema.reading.partial import Partial
    from modbus_schema.writing.outcome import Outcome
    from modbus_schema.writing.preview import PlannedWrite
    from modbus_schema.writing.turns import Turns
    from modbus_schema.writing.verification import Verify
    from modbus_schema.writing.writer import Writer

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
            from modbus_schema.asking.shapes import Shapes

            self._shapes = Shapes(layout, self._plans.rules)
        self._turns: Turns = {}
        self._made_writer: Writer[M] | None = None
        if write_with is not None or max_write is not None or mask_write is not None:
            self._make_writer(write_with=write_with, max_write=max_write, mask_write=mask_write)
        self._bad: Bad | None = None

    def __repr__(self) -> str:
        model, unit_id = self.model.__name__, self.unit_id
        return f"{type(self).__name__}({self.client!r}, {model}, unit_id={unit_id})"

    @property
    def bad(self) -> Bad:
        """The addresses that the device refused in a partial read."""
        if self._bad is None:
            from modbus_schema.reading.bad import Bad

            self._bad = Bad(self._avoid)
        return self._bad

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
        from modbus_schema.reading.partial import partial_flow

        return partial_flow(self._plans, paths, self.bad, {})

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
        writer = self._writer
        return writer.preview(writer.job(changes, then))

    def plan_write_changes(self, old: M, new: M, *, then: Then[M] = ()) -> PlannedWrite[M]:
        """Return the requests that `write_changes` would send now; nothing is sent."""
        writer = self._writer
        return writer.preview(writer.changes_job(old, new, then))

    def _write(
        self, changes: tuple[Any, ...], then: Any, verify: bool | Verify
    ) -> Flow[Outcome[M]]:
        writer = self._writer
        return writer.carry_out(writer.job(changes, then), verify)

    def _write_changes(self, old: M, new: M, then: Any, verify: bool | Verify) -> Flow[Outcome[M]]:
        writer = self._writer
        return writer.carry_out(writer.changes_job(old, new, then), verify)

    def _write_and_read(self, changes: tuple[Any, ...], read: Any) -> Flow[Any]:
        refs = read if isinstance(read, tuple) else (read,)
        found = yield from self._writer.exchange(changes, self._paths(refs))
        return (found,) if isinstance(read, tuple) and len(refs) == 1 else found

    @property
    def _writer(self) -> Writer[M]:
        return self._made_writer or self._make_writer()

    def _make_writer(self, **overrides: object) -> Writer[M]:
        """Return what writes; many programs only read, and never import it."""
        from modbus_schema.writing.writer import Writer

        writer = self._made_writer = Writer(
            self.model, self._layout, lambda: self._plans, self._shapes, self._turn, **overrides
        )
        return writer

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

    def _turn(self) -> Turn:
        """Return whose turn it is at the unit, which all devices of the client share."""
        from modbus_schema.writing.turns import turn_of

        unit_id: Any = self.unit_id
        if unit_id is None:
            unit_id = getattr(self.client, "unit_id", None)
            unit_id = unit_id() if callable(unit_id) else unit_id
        return turn_of(self.client, unit_id, self._turns, self._new_turn)

    def _new_turn(self) -> Turn:
        """Return what only one flow at a time has, in the style of the device."""
        raise NotImplementedError
