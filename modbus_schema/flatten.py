"""From declarations to a layout: paths, absolute addresses and orders of every leaf field."""

from typing import NamedTuple

from modbus_schema.codecs.order import Order
from modbus_schema.declared import Command, Declaration, Group, Leaf, Mapped, Repeat
from modbus_schema.layout import Commands, GroupNode, Layout, Node, RepeatNode, Slot, Writing
from modbus_schema.options import MapOptions
from modbus_schema.periods import period_of
from modbus_schema.refs import Path, path_text
from modbus_schema.rules import ReadRules
from modbus_schema.write_rules import WriteWith

DEFAULTS = MapOptions(word_order="big", byte_order="big", reading=ReadRules(max_gap=0))
"""What the protocol prescribes (AP §4.2), and reading nothing that nobody declared."""


def build_layout(model: type[Mapped]) -> Layout:
    """Flatten a class whose fields and options are known; it is not checked here."""
    root = _Branch(name=model.__name__, path=(), base=0, options=DEFAULTS)
    options = model.__options__.over(DEFAULTS)
    return Layout(model, root.group_node(model), options.reading, options.writing)


class _Branch(NamedTuple):
    """Where in the tree a map is being flattened, and what it inherits from there."""

    name: str
    path: Path
    base: int
    options: MapOptions
    bundle: Path | None = None
    """The outermost group around it that is read in one request."""
    then: Commands = ()
    """What follows a write of any field of it."""

    def group_node(
        self, model: type[Mapped], every: object = None, write_with: WriteWith | None = None
    ) -> GroupNode:
        options = model.__options__.over(self.options)
        if every is not None:
            options = options._replace(every=period_of(every))
        if write_with is not None:
            options = options._replace(writing=options.writing._replace(write_with=write_with))
        inside = self._replace(options=options)
        members = model.__fields__.items()
        return GroupNode(model, {name: inside._node(name, field) for name, field in members})

    def _node(self, name: str, field: Declaration) -> Node:
        path = (*self.path, name)
        if isinstance(field, Leaf):
            return self._slot(path, field)
        if isinstance(field, Repeat):
            items = [
                self._nested((*path, index), field.item(index)) for index in range(field.times)
            ]
            return RepeatNode(tuple(items))
        return self._nested(path, field)

    def _nested(self, path: Path, group: Group) -> GroupNode:
        bundle = path if group.together and self.bundle is None else self.bundle
        then = (*self._commands(group.then), *self.then)
        inside = self._replace(path=path, base=self.base + group.base, bundle=bundle, then=then)
        return inside.group_node(group.model, group.every, group.write_with)

    def _commands(self, then: tuple[Command, ...]) -> Commands:
        return tuple(((*self.path, command.field), command.value) for command in then)

    def _slot(self, path: Path, leaf: Leaf) -> Slot:
        orders = self.options
        period = orders.every if leaf.every is None else period_of(leaf.every)
        return Slot(
            path=path,
            name=self.name + path_text(path),
            table=leaf.table,
            address=self.base + leaf.address,
            size=leaf.codec.registers,
            codec=leaf.codec,
            order=Order(
                leaf.word_order or orders.word_order or "big",
                leaf.byte_order or orders.byte_order or "big",
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
                orders.writing.write_with,
                (*self._commands(leaf.then), *self.then),
            ),
        )
