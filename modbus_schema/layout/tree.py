"""The flattened map of a class: every leaf field with its place, in the shape of the class.

Data only: it neither checks a map nor knows how one is declared.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias, TypeVar

from modbus_schema.errors import DecodeError, DefinitionError
from modbus_schema.fields.declared import Mapped
from modbus_schema.fields.options import Access as Access
from modbus_schema.fields.options import MapOptions
from modbus_schema.fields.refs import Path as Path
from modbus_schema.fields.rules import ReadRules
from modbus_schema.fields.write_rules import WriteRules
from modbus_schema.layout.slots import WHOLE_REGISTER as WHOLE_REGISTER
from modbus_schema.layout.slots import Commands as Commands
from modbus_schema.layout.slots import Found as Found
from modbus_schema.layout.slots import Slot as Slot
from modbus_schema.layout.slots import ValueOf as ValueOf
from modbus_schema.layout.slots import Writing as Writing
from modbus_schema.layout.slots import cells_text as cells_text
from modbus_wire.codes import ADDRESS_SPACE
from modbus_wire.errors import RequestError

D = TypeVar("D")


class GroupNode:
    """A map, or a group in one: the members of ``model`` by name, in the order of definition."""

    __slots__ = ("members", "model")

    def __init__(self, model: type[Mapped], members: dict[str, Node]) -> None:
        self.model = model
        self.members = members

    def leaves(self) -> Iterator[Slot]:
        """Return the slots of the node, in the order of definition."""
        for member in self.members.values():
            yield from _leaves(member)


class RepeatNode:
    """A group that repeats: one node per item; the device said how many to the ``question``."""

    __slots__ = ("items", "name", "question")

    def __init__(self, items: tuple[GroupNode, ...], name: str) -> None:
        self.items = items
        self.name = name
        self.question: Question | None = None

    def leaves(self) -> Iterator[Slot]:
        """Return the slots of all items, item by item."""
        for item in self.items:
            yield from item.leaves()


class Absent:
    """A field, or a group, that is not there: its value is None.

    ``question`` is what the device said that of. Where that is not ``known``, it may be there, at
    a place that nobody knows yet.
    """

    __slots__ = ("is_known", "name", "question")

    def __init__(self, name: str, *, is_known: bool) -> None:
        self.name = name
        self.is_known = is_known
        self.question: Question | None = None

    def leaves(self) -> Iterator[Slot]:
        """Return nothing: it has no slots."""
        return iter(())


Node: TypeAlias = Slot | GroupNode | RepeatNode | Absent
"""A leaf field, a group, a group that repeats, or what is not there."""


QuestionKey: TypeAlias = tuple[Path, str]
"""A field or group, and the keyword that only the device has the value of."""

Answers: TypeAlias = Mapping[QuestionKey, Any]


class Question(NamedTuple):
    """What a layout has to ask the device before it is known where, or whether, something is."""

    path: Path
    keyword: str
    name: str
    """``HeatPump.zones``."""
    found: Found
    most: int | None

    @property
    def key(self) -> QuestionKey:
        """What the answer is kept under."""
        return self.path, self.keyword

    @property
    def text(self) -> str:
        """What asks whom: ``count of HeatPump.zones by HeatPump.zone_count: holding[3]``."""
        return f"{self.keyword} of {self.name} by {self.found.place}"

    def answer(self, value_of: ValueOf) -> Any:
        """Return the answer from the values of fields; raises `DecodeError` for what is none."""
        answer = self.found.value(value_of)
        problem = self._problem(answer)
        if problem:
            error = DecodeError(f"{answer!r} is no {self.keyword} of {self.name}: {problem}")
            error.where = self.found.place
            raise error
        return answer

    def _problem(self, answer: object) -> str | None:
        if self.keyword == "present_if":
            return None if isinstance(answer, bool) else "it is neither True nor False"
        if self.keyword in ("word_order", "byte_order"):
            return None if answer in ("big", "little") else 'it is neither "big" nor "little"'
        least = 1 if self.keyword == "stride" else 0
        most = ADDRESS_SPACE - 1 if self.most is None else self.most
        if type(answer) is int and least <= answer <= most:
            return None
        return f"it is not in {least}..{most}"


class Placed(NamedTuple):
    """Where and in which order a device has a map, as far as that is not the map's own matter."""

    base: int = 0
    options: MapOptions = MapOptions()


class Layout:
    """A class of register map, flattened.

    ``rules`` are those of the class for reading it, ``write_rules`` for writing it.
    ``questions`` are what its shape depends on. That of a class has everything that may be there,
    but for what only the device knows the place of; one for some ``answers`` has what there is by
    these, and lacks what depends on the questions that are still ``open``.
    """

    __slots__ = (
        *("_derived", "answers", "is_scaled", "model", "placed", "questions", "root", "rules"),
        *("slots", "write_rules"),
    )

    def __init__(
        self,
        model: type[Mapped],
        root: GroupNode,
        rules: ReadRules,
        write_rules: WriteRules = WriteRules(),  # noqa: B008  # immutable
        questions: Iterable[Question] = (),
        answers: Answers | None = None,
        placed: Placed = Placed(),  # noqa: B008  # immutable
    ) -> None:
        self.model = model
        self.root = root
        self.rules = rules
        self.write_rules = write_rules
        self.slots = tuple(root.leaves())
        self.questions = tuple(questions)
        self.answers: Answers = answers or {}
        self.placed = placed
        self.is_scaled = any(slot.factors for slot in self.slots)
        """Whether the values of some fields depend on those of others."""
        self._derived: dict[object, Any] = {}

    def once(self, key: object, make: Callable[[], D]) -> D:
        """Return what ``make`` gave when ``key`` was first asked for: plans and generated code."""
        try:
            found: D = self._derived[key]
        except KeyError:
            found = self._derived[key] = make()
        return found

    @property
    def open(self) -> list[Question]:
        """The questions that there is no answer to yet."""
        return [question for question in self.questions if question.key not in self.answers]

    @property
    def deciding(self) -> frozenset[Slot]:
        """The fields by which a device says what its shape is."""
        return self.once("deciding", self._deciding)

    def _deciding(self) -> frozenset[Slot]:
        slots = (slot for question in self.questions for slot in question.found.slots)
        return frozenset(slot for slot in slots if slot is not None)

    def changed_by(self, value_of: ValueOf, slots: Container[Slot]) -> Question | None:
        """Return a question that is answered otherwise than the layout has it, by new values.

        ``slots`` are those whose values are new. Raises `DecodeError` for what is no answer.
        """
        for question in self.questions:
            is_new = any(slot in slots for slot in question.found.slots if slot is not None)
            if is_new and question.answer(value_of) != self.answers[question.key]:
                return question
        return None

    def loose_ends(self) -> list[str]:
        """Return what only a map that this one is placed in can tell, a line for each."""
        ends = [(question.name, question.found) for question in self.questions]
        ends += [(slot.place, factor) for slot in self.slots for factor in slot.factors]
        return [f"{name}: {end.source!r}: {end.problem}" for name, end in ends if end.problem]

    def node(self, path: Path) -> Node:
        """Find what a reference's path leads to; LookupError when it leads nowhere."""
        node: Node = self.root
        for step in path:
            if isinstance(node, GroupNode) and isinstance(step, str):
                node = node.members[step]
            elif isinstance(node, RepeatNode) and isinstance(step, int):
                node = _item(node, step)
            elif isinstance(node, Absent):
                return node
            else:
                raise LookupError(f"{self.model.__name__} has nothing at {path!r}")
        return node

    def slots_of(self, path: Path) -> tuple[Slot, ...]:
        """Return the slots at a path: one of a leaf field, all those of a group or repeat."""
        return tuple(_leaves(self.node(path)))


class NotThere(RequestError):
    """An item of what repeats was asked for that a device of this shape has not."""


def _item(node: RepeatNode, index: int) -> Node:
    """Return an item; raises `NotThere` where the device has not so many."""
    if node.question is not None and index >= len(node.items):
        error = NotThere(f"there are {len(node.items)}, as {node.question.found.place} says")
        error.where = f"{node.name}[{index}]"
        raise error
    return node.items[index]


def resolve(layout: Layout, ref: object) -> Node:
    """Return what a reference leads to in a layout; a base class's reference leads there too.

    Raises TypeError for what is no reference, or one of another map.
    """
    check_ref(layout, ref)
    return layout.node(ref.path)  # type: ignore[attr-defined]  # checked


def check_ref(layout: Layout, ref: object) -> None:
    """Raise TypeError for what is no reference to a field of a map."""
    model, path = getattr(ref, "model", None), getattr(ref, "path", None)
    if not isinstance(model, type) or not isinstance(path, tuple):
        name = layout.model.__name__
        raise TypeError(f"{ref!r} is no reference to a field, such as {name}.{_first(layout)}")
    if not issubclass(layout.model, model):
        raise TypeError(f"{ref!r} is no field of {layout.model.__name__}")


def _first(layout: Layout) -> str:
    return next(iter(layout.root.members), "field")


def layout_of(model: object) -> Layout:
    """Return the layout of a class of register map; TypeError for any other class."""
    layout = getattr(model, "__layout__", None)
    if not isinstance(model, type):
        hint = f"; its class is {type(model).__name__}" if layout else ""
        raise TypeError(f"{model!r} is no class of register map{hint}")
    if isinstance(layout, Layout):
        return layout
    if issubclass(model, type):
        raise TypeError("a class was given where an instance of a register map is due")
    raise TypeError(f"{model!r} is no register map")


def device_layout_of(model: type) -> Layout:
    """Return the layout of a class that a device can be of by itself.

    Raises TypeError for any other class, and DefinitionError for a map that is to be placed in
    another, which has what some of its fields depend on.
    """
    layout = layout_of(model)
    ends = layout.once("loose ends", layout.loose_ends)
    if ends:
        raise DefinitionError("\n".join(ends))
    return layout


def _leaves(node: Node) -> Iterator[Slot]:
    if isinstance(node, Slot):
        yield node
    else:
        yield from node.leaves()
