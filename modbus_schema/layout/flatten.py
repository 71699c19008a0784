"""From declarations to a layout: paths, absolute addresses and orders of every leaf field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeVar

from modbus_schema.codecs.order import Order
from modbus_schema.fields.declared import Command, Declaration, Group, Leaf, Mapped, Repeat
from modbus_schema.fields.options import ByteOrder, MapOptions, WordOrder
from modbus_schema.fields.periods import period_of
from modbus_schema.fields.refs import Path, path_text
from modbus_schema.fields.rules import ReadRules
from modbus_schema.fields.write_rules import WriteWith
from modbus_schema.layout.finding import Scope, find
from modbus_schema.layout.tree import (
    Absent,
    Answers,
    Commands,
    GroupNode,
    Layout,
    Node,
    Placed,
    Question,
    RepeatNode,
    Slot,
    Writing,
)
from modbus_schema.sources import Source

DEFAULTS = MapOptions(word_order="big", byte_order="big", reading=ReadRules(max_gap=0))
"""What the protocol prescribes (AP §4.2), and reading nothing that nobody declared."""

N = TypeVar("N", Absent, RepeatNode)

_UNKNOWN: Final = object()
"""The answer to a question that has none yet."""


def build_layout(model: type[Mapped], placed: Placed | None = None) -> Layout:
    """Flatten a class whose fields and options are known; it is not checked here.

    What depends on the device is taken at its largest; what only the device knows the place of is
    left out.
    """
    return _flattened(model, _Walk({}, is_full=True), placed or Placed())


def shaped_layout(model: type[Mapped], answers: Answers, placed: Placed) -> Layout:
    """Flatten a class as a device has it that gives these answers.

    What depends on questions without an answer is left out.
    """
    return _flattened(model, _Walk(answers, is_full=False), placed)


def _flattened(model: type[Mapped], walk: _Walk, placed: Placed) -> Layout:
    options = placed.options.over(model.__options__).over(DEFAULTS)
    root = _Branch(walk, name=model.__name__, path=(), base=placed.base, options=DEFAULTS)
    node = root.group_node(model, options)
    questions = walk.find()
    if not walk.is_full:
        _free_aliases(node)
    answers = {
        question.key: walk.answers[question.key]
        for question in questions
        if question.key in walk.answers
    }
    rules = options.reading, options.writing
    return Layout(model, node, *rules, questions, answers, placed)


class _Asked(NamedTuple):
    """A question whose source is still to be found, in ``scopes``."""

    path: Path
    keyword: str
    name: str
    source: Source[Any]
    scopes: Sequence[Scope]
    most: int | None


class _Walk:
    """What is noted while a tree of declarations is flattened."""

    def __init__(self, answers: Answers, *, is_full: bool) -> None:
        self.answers = answers
        self.is_full = is_full
        self.asked: list[_Asked] = []
        self.nodes: dict[tuple[Path, str], Absent | RepeatNode] = {}
        """What the answers to questions made as it is."""
        self.scaled: list[tuple[Slot, Sequence[Scope]]] = []

    def find(self) -> list[Question]:
        """Find all sources, now that all fields have their places; returns the questions."""
        for slot, scopes in self.scaled:
            slot.factors = tuple(find(need, scopes) for need in slot.codec.needs)
        return [self._question(asked) for asked in self.asked]

    def _question(self, asked: _Asked) -> Question:
        found = find(asked.source, asked.scopes)
        question = Question(asked.path, asked.keyword, asked.name, found, asked.most)
        if question.key in self.nodes:
            self.nodes[question.key].question = question
        return question


def _free_aliases(root: GroupNode) -> None:
    """Make fields their cells' own that overlap only what this device has not."""
    slots = list(root.leaves())
    others = [slot for slot in slots if not slot.alias]
    for slot in slots:
        if slot.alias and not any(slot.overlaps(other) for other in others):
            slot.alias = False
            others.append(slot)


class _Orders(NamedTuple):
    """The orders that a field or group says itself; None says nothing."""

    word_order: WordOrder | None
    byte_order: ByteOrder | None


class _Branch(NamedTuple):
    """Where in the tree a map is being flattened, and what it inherits from there."""

    walk: _Walk
    name: str
    path: Path
    base: int
    options: MapOptions
    bundle: Path | None = None
    """The outermost group around it that is read in one request."""
    then: Commands = ()
    """What follows a write of any field of it."""
    scopes: tuple[Scope, ...] = ()
    """The maps around it and itself, from the outermost on."""

    def group_node(
        self,
        model: type[Mapped],
        options: MapOptions | None = None,
        every: object = None,
        write_with: WriteWith | None = None,
    ) -> GroupNode:
        node = GroupNode(model, {})
        if options is None:
            options = model.__options__.over(self.options)
        if every is not None:
            options = options._replace(every=period_of(every))
        if write_with is not None:
            options = options._replace(writing=options.writing._replace(write_with=write_with))
        inside = self._replace(options=options, scopes=(*self.scopes, Scope(node, self.path)))
        for name, field in model.__fields__.items():
            node.members[name] = inside._node(name, field)
        return node

    def _node(self, name: str, field: Declaration) -> Node:
        path = (*self.path, name)
        if isinstance(field.present_if, Source):
            present = self._ask(path, "present_if", field.present_if)
            if present is False or (present is _UNKNOWN and not self.walk.is_full):
                absent = Absent(self.name + path_text(path), is_known=present is False)
                return self._noted(absent, path, "present_if")
        orders = self._orders(path, field)
        if orders is None:
            return self._unplaced(path)
        if isinstance(field, Leaf):
            return self._slot(path, field, orders)
        if isinstance(field, Repeat):
            return self._repeat(path, field, orders)
        base = self._ask(path, "base", field.base)
        return self._unplaced(path) if base is _UNKNOWN else self._group(path, field, base, orders)

    def _orders(self, path: Path, field: Declaration) -> _Orders | None:
        """Return the orders that a field or group says; None where only the device knows them."""
        word = self._ask(path, "word_order", field.word_order)
        byte = self._ask(path, "byte_order", field.byte_order)
        if not self.walk.is_full and (word is _UNKNOWN or byte is _UNKNOWN):
            return None
        return _Orders(*(None if order is _UNKNOWN else order for order in (word, byte)))

    def _repeat(self, path: Path, field: Repeat, orders: _Orders) -> Node:
        base = self._ask(path, "base", field.base)
        stride = self._ask(path, "stride", field.stride)
        times: Any = field.times
        if field.told_by is not None:
            told = self._ask(path, "count", field.told_by, most=field.times)
            times = told if told is not _UNKNOWN else times if self.walk.is_full else _UNKNOWN
        if base is _UNKNOWN or times is _UNKNOWN:
            return self._unplaced(path)
        if stride is _UNKNOWN and not self.walk.is_full:
            return self._unplaced(path)
        if stride is _UNKNOWN:  # the first item has a place
            times, stride = min(times, 1), 0
        items = [
            self._group((*path, index), field.item(index), base + index * stride, orders)
            for index in range(times)
        ]
        return self._noted(RepeatNode(tuple(items), self.name + path_text(path)), path, "count")

    def _noted(self, node: N, path: Path, keyword: str) -> N:
        self.walk.nodes[path, keyword] = node
        return node

    def _ask(self, path: Path, keyword: str, value: object, *, most: int | None = None) -> Any:
        """Return a constant, or the answer to the question that a source is."""
        if not isinstance(value, Source):
            return value
        walk, name = self.walk, self.name + path_text(path)
        walk.asked.append(_Asked(path, keyword, name, value, self.scopes, most))
        return walk.answers.get((path, keyword), _UNKNOWN)

    def _unplaced(self, path: Path) -> Absent:
        return Absent(self.name + path_text(path), is_known=False)

    def _group(self, path: Path, group: Group, base: int, orders: _Orders) -> GroupNode:
        bundle = path if group.together and self.bundle is None else self.bundle
        then = (*self._commands(group.then), *self.then)
        inside = self._replace(path=path, base=self.base + base, bundle=bundle, then=then)
        options = group.model.__options__.over(self.options)
        said = {keyword: order for keyword, order in orders._asdict().items() if order}
        return inside.group_node(
            group.model, options._replace(**said), every=group.every, write_with=group.write_with
        )

    def _commands(self, then: tuple[Command, ...]) -> Commands:
        return tuple(((*self.path, command.field), command.value) for command in then)

    def _slot(self, path: Path, leaf: Leaf, orders: _Orders) -> Slot:
        options = self.options
        period = options.every if leaf.every is None else period_of(leaf.every)
        slot = Slot(
            path=path,
            name=self.name + path_text(path),
            table=leaf.table,
            address=self.base + leaf.address,
            size=leaf.codec.registers,
            codec=leaf.codec,
            order=Order(
                orders.word_order or options.word_order or "big",
                orders.byte_order or options.byte_order or "big",
            ),
            access=leaf.access,
            alias=leaf.alias,
            minimum=leaf.minimum,
            maximum=leaf.maximum,
            validators=leaf.validators,
            unit=leaf.unit,
            description=leaf.description,
            bundle=self.bundle,
            every=period if leaf.access.readable else None,
            writing=Writing(
                leaf.write_with,
                options.writing.write_with,
                (*self._commands(leaf.then), *self.then),
            ),
        )
        if leaf.codec.needs:
            self.walk.scaled.append((slot, self.scopes))
        return slot
