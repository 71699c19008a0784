"""One simulated device: typed values on one side, the cells that clients see on the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, overload

from modbus_schema.compile.plain import assemble, located
from modbus_schema.errors import DecodeError, EncodeError
from modbus_schema.fields.declared import Mapped
from modbus_schema.fields.refs import Ref, Setting, WritableRef
from modbus_schema.layout.shapes import Place, layout_for, placed_layout
from modbus_schema.layout.tree import Absent, Layout, Slot, resolve
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.simulation.clock import SYSTEM_CLOCK, Clock
from modbus_schema.simulation.guard import GuardedBank, Written
from modbus_schema.simulation.image import image_of
from modbus_schema.simulation.sources import Dependence, Movement
from modbus_schema.simulation.watching import Watcher
from modbus_schema.writing.changes import Change, encode_image, settings_of
from modbus_wire.access import check_function
from modbus_wire.unit import Unit

if TYPE_CHECKING:
    from typing import Unpack

    from modbus_schema.simulation.behaviour import Behaviour
    from modbus_schema.simulation.faults import Fault, FaultInForce, Faults
    from modbus_schema.simulation.turns import When

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
M = TypeVar("M", bound=RegisterMap)
T = TypeVar("T")
G = TypeVar("G", bound=Mapped)
R = TypeVar("R")


Watch: TypeAlias = Callable[[Callable[[T, T], R]], Callable[[T, T], R]]
"""What decorates a function of the old and the new value."""


class SimulatedDevice(Generic[M]):
    """A device that begins as ``instance``; ``unit`` is what a server serves of it.

    Its registers and bits are in ``bank``; what else a client may ask for, such as identification
    or files, is the unit's.

    It has the shape that the instance says: neither a client nor `set` can change how many items
    there are, or whether something is there; `become` can. ``base`` and the orders are those of
    `Device`. Time is that of ``clock``. Raises `EncodeError` for a value that its field cannot
    hold, and for parts that are not as the fields say that tell of them.
    """

    # a device that neither behaves nor fails has no room for it
    _behaviour: Behaviour | None = None
    _faults: Faults | None = None

    def __init__(self, instance: M, *, clock: Clock = SYSTEM_CLOCK, **place: Unpack[Place]) -> None:
        self.clock = clock
        self._began = clock.seconds()
        self.model = type(instance)
        self._full = placed_layout(self.model, **place)
        self._layout = layout_for(instance, self._full)
        self._watchers: list[Watcher] = []
        self.failures: list[BaseException] = []
        """What functions given to `on_write`, `move` and `depends` raised, which is logged too."""

        self.bank = self._bank_of(self._layout, instance)
        self.unit = Unit(self.bank)

    def snapshot(self) -> M:
        """Return what the cells hold now; write-only fields are None.

        Raises what a field that moves or depends on others has no value for.
        """
        with self.bank.lock:
            if self._behaviour is not None:
                self._behaviour.refresh_all()
            image = image_of(self._layout)
            cells = [self.bank.get_cells(block) for block in image.blocks]
        instance: M = image.decode(cells)
        return instance

    def become(self, instance: M) -> None:
        """Hold another instance of the map from now on, which may have another shape.

        For clients it happens between two requests. What moves, depends or fails does so no longer;
        what watches goes on. Raises `EncodeError` as at the beginning, and TypeError for an
        instance of another map; nothing is changed then.
        """
        if type(instance) is not self.model:
            raise TypeError(f"{instance!r} is no {self.model.__name__}")
        layout = layout_for(instance, self._full)
        bank = self._bank_of(layout, instance)
        self.mend()
        with self.bank.lock:
            self._behaviour, self._faults = None, None
            self._layout = layout
            self._watchers = [each.in_layout(layout) for each in self._watchers]
            self.bank = self.unit.bank = bank

    def get(self, ref: Ref[M, T], /) -> T:
        """Return what a field, or a group, holds now; raises as `snapshot`."""
        node = resolve(self._layout, ref)
        with self.bank.lock:
            if self._behaviour is not None:
                self._behaviour.refresh_all(frozenset(self._layout.slots_of(ref.path)))
            value: T = assemble(node, self.bank.value)
        return value

    def set(self, *settings: Setting[M]) -> None:
        """Change fields, read-only ones too; clients read the new values from now on.

        A field that moved stands still from now on. Raises `EncodeError` for a value that its field
        cannot hold; nothing is changed then.
        """
        self._set(settings_of(self._layout, settings))

    # Where a group is declared RW two of these fit, and they say the same.
    @overload
    def on_write(self, ref: Ref[M, G | None], /) -> Watch[G | None, R]: ...  # type: ignore[overload-overlap]
    @overload
    def on_write(self, ref: Ref[M, G], /) -> Watch[G, R]: ...  # type: ignore[overload-overlap]
    @overload
    def on_write(self, ref: Ref[M, tuple[G, ...]], /) -> Watch[tuple[G, ...], R]: ...  # type: ignore[overload-overlap]
    @overload
    def on_write(self, ref: WritableRef[M, T], /) -> Watch[T, R]: ...
    def on_write(self, ref: Ref[M, Any], /) -> Any:
        """Call the decorated function with old and new value whenever a client has written.

        It is called once per operation, also where old and new are equal, in the server's thread
        after the cells have changed; not for what is `set`. An exception that it raises is one of
        the ``failures``; clients are answered as ever. A reference to a group, or to what repeats,
        watches all of its fields.

        Raises TypeError for what no client can write, and for a coroutine function.
        """
        node = resolve(self._layout, ref)
        slots = frozenset(self._layout.slots_of(ref.path))
        if isinstance(node, Absent):
            raise TypeError(f"{ref!r}: a device of this shape has none")
        if not any(slot.access.writable for slot in slots):
            raise TypeError(f"{ref!r} is read-only: no client writes it")

        def watch(callback: Callable[[Any, Any], R]) -> Callable[[Any, Any], R]:
            check_function("what watches", callback)
            self._watchers.append(Watcher(ref, node, slots, callback))
            return callback

        return watch

    @property
    def seconds(self) -> float:
        """How long ago the device began, by its clock."""
        return self.clock.seconds() - self._began

    def move(self, ref: Ref[M, T], motion: Callable[[float], T], /) -> Movement:
        """Let a field, or a group, be what a function of the `seconds` gives, until it is `set`.

        The function is called when somebody reads the field, in the reader's thread and with the
        bank's lock held. What a client writes to the field lasts until then. Where it raises, or
        gives what the field cannot hold, that is logged and clients get exception 04; `rounded`
        makes whole numbers for an int, and as many decimals as a scaled field has.
        """
        movement = Movement(self._layout, ref, motion, self._behaving().drop)
        self._behaving().add(movement)
        return movement

    @overload
    def depends(
        self, ref: Ref[M, T], /, *, on: Ref[M, A]
    ) -> Callable[[Callable[[A], T]], Callable[[A], T]]: ...
    @overload
    def depends(
        self, ref: Ref[M, T], /, *, on: tuple[Ref[M, A]]
    ) -> Callable[[Callable[[A], T]], Callable[[A], T]]: ...
    @overload
    def depends(
        self, ref: Ref[M, T], /, *, on: tuple[Ref[M, A], Ref[M, B]]
    ) -> Callable[[Callable[[A, B], T]], Callable[[A, B], T]]: ...
    @overload
    def depends(
        self, ref: Ref[M, T], /, *, on: tuple[Ref[M, A], Ref[M, B], Ref[M, C]]
    ) -> Callable[[Callable[[A, B, C], T]], Callable[[A, B, C], T]]: ...
    @overload
    def depends(
        self, ref: Ref[M, T], /, *, on: tuple[Ref[M, Any], ...]
    ) -> Callable[[Callable[..., T]], Callable[..., T]]: ...
    def depends(
        self, ref: Ref[M, Any], /, *, on: Ref[M, Any] | tuple[Ref[M, Any], ...]
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Let a field be what the decorated function makes of the values of others.

        It is called at once, and whenever one of them has changed: by `set`, a client or a motion.
        The rest is as with `move`, but that what is set or written stays until the next change.

        Raises ValueError where fields would depend on each other in a circle.
        """
        inputs = on if isinstance(on, tuple) else (on,)

        def compute(function: Callable[..., Any]) -> Callable[..., Any]:
            self._behaving().add(Dependence(self._layout, ref, function, inputs))
            return function

        return compute

    @overload
    def fault(self, fault: Fault, /, **when: Unpack[When]) -> FaultInForce: ...
    @overload
    def fault(self, ref: Ref[M, Any], fault: Fault, /, **when: Unpack[When]) -> FaultInForce: ...
    def fault(self, *about: Any, **when: Unpack[When]) -> FaultInForce:
        """Let requests that touch a field, or all requests, go wrong, until that is ended.

        Faults are `Delay`, `NoAnswer`, `Disconnect`, `Hole`, `Stuck`, or an exception such as
        ``ServerDeviceBusy``; `When` says which requests they strike. Delays add up; of other faults
        that strike the newest decides, and those without effect then do not count the request.
        In a ``with`` block the fault is over when the block is left, else at `FaultInForce.end`.
        """
        if len(about) not in (1, 2):
            raise TypeError("a fault is given alone, or after the field that it is of")
        ref, fault = about if len(about) == 2 else (None, *about)
        slots, name = None, self.model.__name__
        if ref is not None:
            if isinstance(resolve(self._layout, ref), Absent):
                raise TypeError(f"{ref!r}: a device of this shape has none")
            slots, name = frozenset(self._layout.slots_of(ref.path)), repr(ref)
        if self._faults is None:
            from modbus_schema.simulation.faults import Faults

            self._faults = Faults(self.unit, self.bank, self.clock, self._freeze)
        return self._faults.add(fault, slots, name, when)

    @property
    def faults(self) -> tuple[FaultInForce, ...]:
        """The faults in force, oldest first."""
        return () if self._faults is None else self._faults.in_force

    def mend(self) -> None:
        """End all faults; a request that waits by one waits on."""
        if self._faults is not None:
            self._faults.remove(*self._faults.in_force)

    def _behaving(self) -> Behaviour:
        if self._behaviour is None:
            from modbus_schema.simulation.behaviour import Behaviour

            self._behaviour = Behaviour(
                self._layout, self.bank, lambda: self.seconds, self.failures.append
            )
            self.bank.behaviour = self._behaviour
        return self._behaviour

    def _freeze(self, slots: frozenset[Slot]) -> None:
        """Let fields be stuck at what they are now."""
        if slots or self._behaviour is not None:
            behaviour = self._behaving()
            with suppress(Exception):  # without a value it is stuck at the last one
                behaviour.refresh_all(slots - behaviour.frozen)
            behaviour.frozen = slots

    def _bank_of(self, layout: Layout, instance: M) -> GuardedBank:
        image = image_of(layout)
        bank = GuardedBank(layout, self._tell)
        for block, data in zip(image.own_blocks, image.encode(instance), strict=True):
            bank.set_cells(block, data)
        return bank

    def _set(self, changes: Iterable[Change]) -> None:
        changes = tuple(changes)
        with self.bank.lock:
            image = encode_image(changes, self.bank.value)
            if self._layout.questions:
                self._refuse_other_shape(dict(changes))
            for block, data in image:
                self.bank.set_cells(block, data)
            if self._behaviour is not None:
                self._behaviour.still(slot for slot, _ in changes)
                self._behaviour.given(slot for slot, _ in changes)
                self._behaviour.settle()

    def _refuse_other_shape(self, changes: Mapping[Slot, Any]) -> None:
        def value_of(slot: Slot) -> Any:
            return changes[slot] if slot in changes else self.bank.value(slot)

        try:
            question = self._layout.changed_by(value_of, changes)
        except DecodeError as error:
            raise located(EncodeError(error.message), next(iter(changes))) from error
        if question is not None:
            message = f"a simulated device keeps its shape, and this is the {question.text}"
            raise located(EncodeError(message), next(iter(changes)))

    def _tell(self, written: Written) -> None:
        for watcher in list(self._watchers):
            watcher.tell(written, self.bank.value_or_none, self.failures.append)
