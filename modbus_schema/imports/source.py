"""Sketches of maps as the Python source of their classes."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Sequence
from enum import IntFlag
from typing import Any

from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.bit_table import SingleBit
from modbus_schema.codecs.enums import EnumCodec, FlagsCodec
from modbus_schema.fields.declared import Leaf
from modbus_schema.fields.periods import period_of
from modbus_schema.imports.codec_text import CODECS, MAKERS, Kinds, annotation
from modbus_schema.imports.faults import Fault, ImportFailed
from modbus_schema.imports.imported import Imported
from modbus_schema.imports.names import class_name, unused
from modbus_schema.imports.sketch import Entry, Sketch
from modbus_schema.imports.text import call, docstring, literal
from modbus_schema.imports.tree import Branch, Node, leaves_of, tree_of
from modbus_wire.codes import Table

_PLACEMENTS = {
    Table.COILS: "coil",
    Table.DISCRETE_INPUTS: "discrete_input",
    Table.INPUT_REGISTERS: "input_register",
    Table.HOLDING_REGISTERS: "holding_register",
}
_OURS = frozenset(
    {"RO", "RW", "WO", "RegisterMap", "enum", "flags", "timestamp", "int8", "uint8"}
    | {"group", "repeat", "single_bit", *_PLACEMENTS.values(), *CODECS, *MAKERS}
)
_FROM = {
    "IntEnum": "enum",
    "IntFlag": "enum",
    "datetime": "datetime",
    "timedelta": "datetime",
    "IPv4Address": "ipaddress",
    "IPv6Address": "ipaddress",
    "nan": "math",
    **dict.fromkeys(_OURS, "modbus_schema"),
}
"""Where each name is imported from."""


def write_source(sketches: Sequence[Sketch], kinds: Kinds, heading: str) -> str:
    """Return a module with a class for each sketch, and for the enums and groups in them.

    Raises `ImportFailed` where items of what repeats are not the same at equal distances.
    """
    trees = [tree_of(sketch.entries) for sketch in sketches]
    return _Module(sketches, trees, kinds).text(heading)


class _Module:
    def __init__(self, sketches: Sequence[Sketch], trees: Sequence[Branch], kinds: Kinds) -> None:
        self.trees = list(zip(sketches, trees, strict=True))
        self.kinds = kinds
        fields = {step for sketch in sketches for entry in sketch.entries for step in entry.path}
        self.taken = {str(step) for step in fields} | {*_FROM, *dir(builtins)}
        """What no class may be called."""
        self.names = dict(self._kind_names())
        self.imported = Imported(_FROM, {str(field) for field in fields}, self.names)
        self.classes: dict[tuple[str, ...], str] = {}
        self.written: list[list[str]] = []

    def _kind_names(self) -> Iterator[tuple[str, str]]:
        for kind in self.kinds.users:
            free = unused(kind.__name__, self.taken)
            self.taken.add(free)
            yield kind.__name__, free

    def text(self, heading: str) -> str:
        used = {kind for sketch, _ in self.trees for kind in _kinds_of(sketch)}
        for kind, user in self.kinds.users.items():
            if kind in used:
                self.written.append(self._kind(kind, user))
        for sketch, tree in self.trees:
            orders = _orders(sketch)
            name = unused(sketch.name, self.taken)
            body = self._body(tree, 0, orders)
            self._class(name, sketch.description, body, orders)
        lines = [*docstring(heading, ""), "", *self.imported.lines()]
        for one in self.written:
            lines += ["", "", *one]
        return "\n".join(lines) + "\n"

    def _kind(self, kind: type[Any], user: str) -> list[str]:
        is_flags = issubclass(kind, IntFlag)
        base = self.imported.use("IntFlag" if is_flags else "IntEnum")
        members = kind.__members__.items()
        values = [f"    {name} = {hex(one) if is_flags else int(one)}" for name, one in members]
        name = self.names[kind.__name__]
        return [f"class {name}({base}):", *docstring(f"The values of {user}."), "", *values]

    def _class(
        self, name: str, description: str, body: Sequence[str], orders: dict[str, str]
    ) -> None:
        self.taken.add(name)
        keywords = "".join(f", {order}={literal(end)}" for order, end in orders.items())
        head = f"class {name}({self.imported.use('RegisterMap')}{keywords}):"
        self.written.append([head, *docstring(description), "", *body])

    def _body(self, branch: Branch, base: int, orders: dict[str, str]) -> list[str]:
        lines: list[str] = []
        for name, member in branch.members.items():
            if isinstance(member, Entry):
                lines += self._field(name, member.leaf, base, orders)
            elif isinstance(member, Branch):
                model = self._group_class(class_name(name), member, orders)
                head = self._head(name, model, member, "group")
                lines += call(head, [model, f"base={member.base - base}"])
            else:
                lines += self._repeat(name, member, base, orders)
        return lines

    def _group_class(self, name: str, branch: Branch, orders: dict[str, str]) -> str:
        """Return the class of a group; groups that are alike share one."""
        body = tuple(self._body(branch, branch.base, orders))
        if body not in self.classes:
            free = self.classes[body] = unused(name, self.taken)
            first = next(branch.leaves())
            self._class(free, f"The fields of {first.name.rpartition('.')[0]}.", body, {})
        return self.classes[body]

    def _repeat(
        self, name: str, items: dict[int, Branch], base: int, orders: dict[str, str]
    ) -> list[str]:
        first = next(leaves_of(items))
        if sorted(items) != list(range(len(items))):
            reason = f"{name} repeats with the indexes {', '.join(map(str, sorted(items)))}"
            raise ImportFailed([Fault(first.where, reason)])
        ordered = [items[index] for index in range(len(items))]
        bases = [item.base for item in ordered]
        stride = bases[1] - bases[0] if len(bases) > 1 else max(ordered[0].extent, 1)
        single = class_name(name.removesuffix("s") or name)
        model = self._group_class(single, ordered[0], orders)
        for index, item in enumerate(ordered):
            is_same = tuple(self._body(item, item.base, orders)) in self.classes
            if not is_same or bases[index] != bases[0] + index * stride or stride < 1:
                where = next(item.leaves()).where
                reason = f"{name}[{index}] is not {name}[0] at {stride} cells from item to item"
                raise ImportFailed([Fault(where, reason)])
        head = self._head(name, f"tuple[{model}, ...]", items, "repeat")
        place = [f"base={bases[0] - base}", f"stride={stride}", f"count={len(items)}"]
        return call(head, [model, *place])

    def _head(self, name: str, annotation: str, node: Node, placement: str) -> str:
        is_writable = any(entry.leaf.access.writable for entry in leaves_of(node))
        access = self.imported.use("RW" if is_writable else "RO")
        kind = self.imported.source(annotation)
        return f"{name}: {access}[{kind}] = {self.imported.use(placement)}"

    def _field(self, name: str, leaf: Leaf, base: int, orders: dict[str, str]) -> list[str]:
        access = self.imported.use(leaf.access.value)
        placement = self.imported.use(_PLACEMENTS[leaf.table])
        head = f"{name}: {access}[{self.imported.source(annotation(leaf.codec))}] = {placement}"
        arguments = [str(leaf.address - base)]
        if not isinstance(leaf.codec, SingleBit):
            arguments.append(self.imported.source(repr(leaf.codec)))
        return call(head, arguments + list(_options(leaf, orders)))


def _kinds_of(sketch: Sketch) -> Iterator[type[Any]]:
    for entry in sketch.entries:
        codec: Any = entry.leaf.codec
        while isinstance(codec, Codec):
            if isinstance(codec, EnumCodec | FlagsCodec):
                yield codec.kind
            codec = getattr(codec, "inner", getattr(codec, "item", None))


def _options(leaf: Leaf, orders: dict[str, str]) -> Iterator[str]:
    for word, text in (("unit", leaf.unit), ("description", leaf.description)):
        if text:
            yield f"{word}={literal(text)}"
    for word, limit in (("min", leaf.minimum), ("max", leaf.maximum)):
        if limit is not None:
            yield f"{word}={literal(limit)}"
    for word, end in (("word_order", leaf.word_order), ("byte_order", leaf.byte_order)):
        if end == "little" and word not in orders:
            yield f"{word}={literal('little')}"
    if leaf.every is not None:
        yield f"every={literal(str(period_of(leaf.every)))}"
    if leaf.alias:
        yield "overlap=True"


def _orders(sketch: Sketch) -> dict[str, str]:
    """Return the keywords of the class: the orders that all fields share which have any."""
    words = [leaf.word_order for leaf in _leaves(sketch) if _has_words(leaf)]
    bytes_ = [leaf.byte_order for leaf in _leaves(sketch) if leaf.codec.number_registers]
    both = {"word_order": words, "byte_order": bytes_}
    return {name: "little" for name, ends in both.items() if set(ends) == {"little"}}


def _leaves(sketch: Sketch) -> list[Leaf]:
    return [entry.leaf for entry in sketch.entries if not entry.leaf.table.is_bits]


def _has_words(leaf: Leaf) -> bool:
    return leaf.codec.registers > 1 and leaf.codec.number_registers not in (0, 1)
