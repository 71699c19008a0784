"""One simulated device: typed values on one side, the cells that clients see on the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from inspect import iscoroutinefunction
from typing import Any, Generic, NamedTuple, TypeVar

from modbus_schema.changes import Change, encode_image, settings_of
from modbus_schema.compile import compile_decoder, compile_encoder
from modbus_schema.layout import Node, Slot, layout_of, resolve
from modbus_schema.model import RegisterMap
from modbus_schema.plain import assemble
from modbus_schema.planning import Block, runs
from modbus_schema.refs import Ref, Setting
from modbus_schema.simulation.guard import GuardedBank, Written
from modbus_wire.log import logger
from modbus_wire.unit import Unit

M = TypeVar("M", bound=RegisterMap)
T = TypeVar("T")
R = TypeVar("R")


class _Watcher(NamedTuple):
    ref: Ref[Any, Any]
    node: Node
    slots: frozenset[Slot]
    callback: Callable[[Any, Any], object]


class _Image(NamedTuple):
    blocks: tuple[Block, ...]
    decode: Callable[[Sequence[bytes]], Any]
    own_blocks: tuple[Block, ...]
    """Without the fields that only look at cells of others."""

    encode: Callable[[Any], list[bytes]]


class SimulatedDevice(Generic[M]):
    """A device that begins as ``instance``; ``unit`` is what a server serves of it.

    Its registers and bits are in ``bank``; what else a client may ask for, such as identification
    or files, is the unit's.

    Raises `EncodeError` for a value that its field cannot hold.
    """

    def __init__(self, instance: M) -> None:
        self.model = type(instance)
        self._layout = layout_of(self.model)
        self._image = self._layout.once("image", self._make_image)
        self._watchers: list[_Watcher] = []
        self.bank = GuardedBank(self._layout, self._tell)
        self.unit = Unit(self.bank)
        written = zip(self._image.own_blocks, self._image.encode(instance), strict=True)
        for block, data in written:
            self.bank.set_cells(block, data)

    def snapshot(self) -> M:
        """Return what the cells hold now; write-only fields are None."""
        with self.bank.lock:
            cells = [self.bank.get_cells(block) for block in self._image.blocks]
        instance: M = self._image.decode(cells)
        return instance

    def set(self, *settings: Setting[M]) -> None:
        """Change fields, read-only ones too; clients read the new values from now on.

        Raises `EncodeError` for a value that its field cannot hold; nothing is changed then.
        """
        self._set(settings_of(self._layout, settings))

    def on_write(self, ref: Ref[M, T], /) -> Callable[[Callable[[T, T], R]], Callable[[T, T], R]]:
        """Call the decorated function with old and new value whenever a client has written.

        It is called once per operation, also where old and new are equal, in the server's thread
        after the cells have changed. An exception that it raises is logged. A reference to a
        group, or to what repeats, watches all of its fields.

        Raises TypeError for what no client can write, and for a coroutine function.
        """
        node = resolve(self._layout, ref)
        slots = frozenset(self._layout.slots_of(ref.path))
        if not any(slot.access.writable for slot in slots):
            raise TypeError(f"{ref!r} is read-only: no client writes it")

        def watch(callback: Callable[[T, T], R]) -> Callable[[T, T], R]:
            if iscoroutinefunction(callback):
                raise TypeError(f"{callback!r} is a coroutine function, which nobody would await")
            self._watchers.append(_Watcher(ref, node, slots, callback))
            return callback

        return watch

    def _make_image(self) -> _Image:
        root, slots = self._layout.root, self._layout.slots
        blocks, own_blocks = runs(slots), runs(slot for slot in slots if not slot.alias)
        return _Image(
            blocks, compile_decoder(root, blocks), own_blocks, compile_encoder(root, own_blocks)
        )

    def _set(self, changes: Iterable[Change]) -> None:
        image = encode_image(changes)
        with self.bank.lock:
            for block, data in image:
                self.bank.set_cells(block, data)

    def _tell(self, written: Written) -> None:
        def before(slot: Slot) -> Any:
            return written[slot][0] if slot in written else self.bank.value_or_none(slot)

        def after(slot: Slot) -> Any:
            return written[slot][1] if slot in written else self.bank.value_or_none(slot)

        for ref, node, slots, callback in list(self._watchers):
            if slots.isdisjoint(written):
                continue
            try:
                callback(assemble(node, before), assemble(node, after))
            except Exception:
                logger("modbus_schema.simulation").exception(
                    "%r, which watches %r, failed", callback, ref
                )
