"""The flattened map of a class: every leaf field with its place, in the shape of the class.

Data only: it neither checks a map nor knows how one is declared.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias, TypeVar

import attrs

from modbus_schema.codecs.base import Codec, bit_mask
from modbus_schema.codecs.order import Order
from modbus_schema.declared import Mapped, Validator
from modbus_schema.errors import EncodeError
from modbus_schema.options import Access as Access
from modbus_schema.periods import Period
from modbus_schema.refs import Path as Path
from modbus_schema.rules import ReadRules
from modbus_schema.write_rules import WriteRules, WriteWith
from modbus_wire.codes import Table

D = TypeVar("D")

WHOLE_REGISTER = 0xFFFF


Commands: TypeAlias = tuple[tuple[Path, Any], ...]
"""Paths of fields, each with the value that is written to it after others."""


class Writing(NamedTuple):
    """What is said about how a leaf field is written; None says nothing."""

    own: WriteWith | None = None
    """By its placement: this holds on every device."""
    by_map: WriteWith | None = None
    """By its class, or a map that holds it: a device may have it otherwise."""
    then: Commands = ()
    """What follows a write of it."""


class Slot:
    """One leaf field of a map at its absolute address; equal only to itself.

    ``name`` is for people (``HeatPump.zones[1].target``), ``size`` counts cells of the table, and
    an ``alias`` is another view of cells that other slots have. ``bundle`` is the path of the
    group that is read in one request, None where nothing says so; ``every`` is how often a poller
    reads it, None where that is the poller's choice.
    """

    __slots__ = (
        "access",
        "address",
        "alias",
        "bundle",
        "codec",
        "description",
        "every",
        "maximum",
        "minimum",
        "name",
        "order",
        "path",
        "size",
        "table",
        "unit",
        "validators",
        "writing",
    )

    def __init__(
        self,
        *,
        path: Path,
        name: str,
        table: Table,
        address: int,
        size: int,
        codec: Codec[Any],
        order: Order,
        access: Access,
        alias: bool = False,
        minimum: float | None = None,
        maximum: float | None = None,
        validators: tuple[Validator, ...] = (),
        unit: str = "",
        description: str = "",
        bundle: Path | None = None,
        every: Period | None = None,
        writing: Writing = Writing(),  # noqa: B008  # immutable
    ) -> None:
        self.path = path
        self.name = name
        self.table = table
        self.address = address
        self.size = size
        self.codec = codec
        self.order = order
        self.access = access
        self.alias = alias
        self.minimum = minimum
        self.maximum = maximum
        self.validators = validators
        self.unit = unit
        self.description = description
        self.bundle = bundle
        self.every = every
        self.writing = writing

    def __repr__(self) -> str:
        return f"<Slot {self.place}>"

    @property
    def end(self) -> int:
        """The address after the last cell."""
        return self.address + self.size

    @property
    def cells(self) -> range:
        """The addresses of its cells."""
        return range(self.address, self.end)

    @property
    def mask(self) -> int:
        """The bits of the register, as on the wire, that the field takes up; 0xFFFF for all."""
        if self.codec.bit_range is None:
            return WHOLE_REGISTER
        mask = bit_mask(self.codec)
        if self.order.byte == "little" and self.codec.number_registers:
            return mask >> 8 | (mask & 0xFF) << 8
        return mask

    @property
    def range(self) -> str:
        """Table and cells: ``input[14..15]``, ``holding[8473] bits 3..4``."""
        cells = cells_text(self.table, self.address, self.size)
        if self.codec.bit_range is None:
            return cells
        first, last = self.codec.bit_range
        return f"{cells} {'bit' if first == last else 'bits'} {_span(first, last)}"

    @property
    def place(self) -> str:
        """Name and range: ``HeatPump.zones[1].target: holding[201]``."""
        return f"{self.name}: {self.range}"

    def overlaps(self, other: "Slot") -> bool:
        """Whether the two fields share a cell; within one register, whether they share a bit."""
        return (
            self.table is other.table
            and self.address < other.end
            and other.address < self.end
            and bool(self.mask & other.mask)
        )

    def check(self, value: object) -> None:
        """Raise EncodeError, without the field's name, for a value outside limits or validators.

        None, the value of what is not there, is within any limits.
        """
        if value is not None:
            self._check_limits(value)
        for validator in self.validators:
            try:
                validator(None, _attribute(self.name), value)
            except (ValueError, TypeError) as error:
                raise EncodeError(str(error.args[0] if error.args else error)) from error

    def _check_limits(self, value: Any) -> None:
        # Written so that NaN, which compares false with everything, is outside.
        if self.minimum is not None and not value >= self.minimum:
            raise EncodeError(f"{value!r} is below the minimum of {self.minimum!r}")
        if self.maximum is not None and not value <= self.maximum:
            raise EncodeError(f"{value!r} is above the maximum of {self.maximum!r}")


class GroupNode:
    """A map, or a group in one: the members of ``model`` by name, in the order of definition."""

    __slots__ = ("members", "model")

    def __init__(self, model: type[Mapped], members: "dict[str, Node]") -> None:
        self.model = model
        self.members = members

    def leaves(self) -> Iterator[Slot]:
        """Return the slots of the node, in the order of definition."""
        for member in self.members.values():
            yield from _leaves(member)


class RepeatNode:
    """A group that repeats: one node per item."""

    __slots__ = ("items",)

    def __init__(self, items: tuple[GroupNode, ...]) -> None:
        self.items = items

    def leaves(self) -> Iterator[Slot]:
        """Return the slots of all items, item by item."""
        for item in self.items:
            yield from item.leaves()


Node: TypeAlias = Slot | GroupNode | RepeatNode
"""A leaf field, a group, or a group that repeats."""


class Layout:
    """A class of register map, flattened.

    ``rules`` are those of the class for reading it, ``write_rules`` for writing it.
    """

    __slots__ = ("_derived", "model", "root", "rules", "slots", "write_rules")

    def __init__(
        self,
        model: type[Mapped],
        root: GroupNode,
        rules: ReadRules,
        write_rules: WriteRules = WriteRules(),  # noqa: B008  # immutable
    ) -> None:
        self.model = model
        self.root = root
        self.rules = rules
        self.write_rules = write_rules
        self.slots = tuple(root.leaves())
        self._derived: dict[object, Any] = {}

    def once(self, key: object, make: Callable[[], D]) -> D:
        """Return what ``make`` gave when ``key`` was first asked for: plans and generated code."""
        try:
            found: D = self._derived[key]
        except KeyError:
            found = self._derived[key] = make()
        return found

    def node(self, path: Path) -> Node:
        """Find what a reference's path leads to; LookupError when it leads nowhere."""
        node: Node = self.root
        for step in path:
            if isinstance(node, GroupNode) and isinstance(step, str):
                node = node.members[step]
            elif isinstance(node, RepeatNode) and isinstance(step, int):
                node = node.items[step]
            else:
                raise LookupError(f"{self.model.__name__} has nothing at {path!r}")
        return node

    def slots_of(self, path: Path) -> tuple[Slot, ...]:
        """Return the slots at a path: one of a leaf field, all those of a group or repeat."""
        return tuple(_leaves(self.node(path)))


def resolve(layout: Layout, ref: object) -> Node:
    """Return what a reference leads to in a layout; a base class's reference leads there too.

    Raises TypeError for what is no reference, or one of another map.
    """
    model, path = getattr(ref, "model", None), getattr(ref, "path", None)
    if not isinstance(model, type) or not isinstance(path, tuple):
        name = layout.model.__name__
        raise TypeError(f"{ref!r} is no reference to a field, such as {name}.{_first(layout)}")
    if not issubclass(layout.model, model):
        raise TypeError(f"{ref!r} is no field of {layout.model.__name__}")
    return layout.node(path)


def _first(layout: Layout) -> str:
    return next(iter(layout.root.members), "field")


def layout_of(model: type) -> Layout:
    """Return the layout of a class of register map; TypeError for any other class."""
    layout = getattr(model, "__layout__", None)
    if isinstance(layout, Layout):
        return layout
    raise TypeError(f"{model!r} is no register map")


def cells_text(table: Table, address: int, quantity: int) -> str:
    """Spell a range of cells, both ends included: ``input[14..15]``."""
    return f"{table.label}[{_span(address, address + quantity - 1)}]"


def _leaves(node: Node) -> Iterator[Slot]:
    if isinstance(node, Slot):
        yield node
    else:
        yield from node.leaves()


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}..{last}"


@lru_cache(maxsize=256)
def _attribute(name: str) -> "attrs.Attribute[Any]":
    holder = attrs.make_class("Field", {"value": attrs.field()})
    attribute: attrs.Attribute[Any] = attrs.fields(holder).value
    return attribute.evolve(name=name)
