"""How a simulated device behaves: its moving and dependent fields, worked out when they are asked.

There is no thread: who reads a field has it brought up to date, with all that it is made of, at
the moment of the request and under the bank's lock. What takes several requests is of several
moments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from modbus_schema.compile.plain import assemble, encode_supplies, encode_value
from modbus_schema.errors import EncodeError
from modbus_schema.fields.refs import Setting
from modbus_schema.layout.tree import Layout, Node, Slot
from modbus_schema.planning.blocks import Block
from modbus_schema.simulation.guard import GuardedBank
from modbus_schema.simulation.sources import Dependence, Movement, Source, in_order
from modbus_schema.simulation.watching import Failed
from modbus_schema.writing.changes import encode_image, settings_of
from modbus_wire.codes import Table
from modbus_wire.errors import ServerDeviceFailure
from modbus_wire.log import logger

_MOST_KEPT = 256
"""Ranges that clients read for which is remembered what has to be worked out."""


class Behaviour:
    """The sources of one device, the newest for a field alone."""

    def __init__(
        self, layout: Layout, bank: GuardedBank, seconds: Callable[[], float], failed: Failed
    ) -> None:
        """``seconds`` tells how long ago the device began, ``failed`` is told what raises."""
        self._layout = layout
        self._bank = bank
        self._seconds = seconds
        self._failed = failed
        self._sources: list[Source] = []
        self._needed: dict[tuple[Table, int, int], list[Source]] = {}
        self.frozen: frozenset[Slot] = frozenset()
        """The fields that are stuck."""

    def add(self, source: Source) -> None:
        """Let a source give its field its value from now on, in the place of any other.

        Raises ValueError where fields would depend on each other in a circle.
        """
        with self._bank.lock:
            others = [one for one in self._sources if not one.touches(source.slots)]
            self._use(in_order([source, *others]))
            if isinstance(source, Dependence):
                self._work_out(self._upstream([source]))

    def drop(self, source: Source) -> None:
        """Let a field keep the value that it has now."""
        with self._bank.lock:
            self._use([one for one in self._sources if one is not source])

    def still(self, slots: Iterable[Slot]) -> None:
        """End the motions of fields; the lock is held."""
        stopped = frozenset(slots)
        moving = [
            one for one in self._sources if isinstance(one, Movement) and one.touches(stopped)
        ]
        if moving:
            self._use([one for one in self._sources if one not in moving])

    def given(self, slots: Iterable[Slot]) -> None:
        """Take what was set or written by hand, until what it depends on changes; the lock is held.

        Where a function had failed, there is a value now.
        """
        by_hand = frozenset(slots)
        for source in self._sources:
            if isinstance(source, Dependence) and source.slots <= by_hand:
                source.failure = None

    def refresh(self, table: Table, address: int, quantity: int) -> None:
        """Bring cells up to date; the lock is held.

        Raises `ServerDeviceFailure` where one of them has no value that it can hold.
        """
        needed = self._needed_for(table, address, quantity)
        self._work_out(needed)
        for source in needed:
            if source.failure is not None and _is_in(source, table, address, quantity):
                raise ServerDeviceFailure(f"{source.ref!r} has no value: {source.failure}")

    def refresh_all(self, slots: frozenset[Slot] | None = None) -> None:
        """Bring fields, or all, up to date; raises why one of them has no value."""
        with self._bank.lock:
            wanted = [one for one in self._sources if slots is None or one.touches(slots)]
            self._work_out(self._upstream(wanted))
            for source in wanted:
                if source.failure is not None:
                    raise source.failure

    def settle(self) -> None:
        """Work out again what depends on fields that have changed; the lock is held."""
        self._work_out([one for one in self._sources if isinstance(one, Dependence)])

    def _use(self, ordered: list[Source]) -> None:
        self._sources = ordered
        self._needed = {}

    def _needed_for(self, table: Table, address: int, quantity: int) -> list[Source]:
        place = table, address, quantity
        needed = self._needed.get(place)
        if needed is None:
            if len(self._needed) >= _MOST_KEPT:
                self._needed.clear()
            read = [one for one in self._sources if _is_in(one, *place)]
            needed = self._needed[place] = self._upstream(read)
        return needed

    def _upstream(self, wanted: list[Source]) -> list[Source]:
        """Return sources and all that they are made of, in order."""
        found = list(wanted)
        for source in found:  # it grows meanwhile
            found += [
                one
                for one in self._sources
                if source.needs and one not in found and one.touches(source.needs)
            ]
        return [one for one in self._sources if one in found]

    def _work_out(self, sources: list[Source]) -> None:
        now = self._seconds()
        for source in sources:
            if source.is_running or not self.frozen.isdisjoint(source.slots):
                continue  # a function may look at the device that it moves
            source.is_running = True
            try:
                self._give(source, now)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # ``pytest.fail`` raises what is no Exception
                self._fail(source, error, now)
            finally:
                source.is_running = False

    def _give(self, source: Source, now: float) -> None:
        failed = self._failed_of(source)
        moment: tuple[Any, ...] = (now,)
        if isinstance(source, Dependence):
            moment = tuple(self._value(node) for node in source.nodes)
            factors = tuple(self._bank.value(slot) for slot in source.factors)
            seen = failed, moment, factors
            if seen == source.seen and source.failure is None:
                return
            source.seen = seen
        if failed is not None:
            raise _Upstream(f"it depends on {failed.ref!r}, which has no value")
        value = source.function(*moment)
        for block, data in self._encoded(source, value):
            self._bank.set_cells(block, data)
        source.failure = None

    def _encoded(self, source: Source, value: Any) -> list[tuple[Block, bytes]]:
        if source.block is not None:
            slot = source.block.slots[0]
            supplies = encode_supplies(slot, self._bank.value)
            return [(source.block, encode_value(slot, value, supplies))]
        changes = settings_of(self._layout, [Setting(source.ref, value)])
        return encode_image(changes, self._bank.value)

    def _failed_of(self, source: Source) -> Source | None:
        """Return what a source depends on that has no value."""
        for other in self._sources:
            if source.needs and other.failure is not None and other.touches(source.needs):
                return other
        return None

    def _value(self, node: Node) -> Any:
        return assemble(node, self._bank.value)

    def _fail(self, source: Source, error: BaseException, now: float) -> None:
        """Note that a source has no value; said once, until it has one again."""
        if source.failure is None and not isinstance(error, _Upstream):
            cause = None if isinstance(error, EncodeError) else error
            if cause is not None:
                self._failed(cause)
            logger("modbus_schema.simulation").error(
                "%r failed at %g s: %s", source, now, error, exc_info=cause
            )
        source.failure = error


class _Upstream(Exception):
    """What a field depends on has no value."""


def _is_in(source: Source, table: Table, address: int, quantity: int) -> bool:
    end = address + quantity
    return any(
        slot.table is table and slot.address < end and address < slot.end for slot in source.slots
    )
