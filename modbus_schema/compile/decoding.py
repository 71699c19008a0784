"""Writes the function that turns the data of blocks into an instance of a map."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from modbus_schema.codecs.bit_table import BitList, SingleBit
from modbus_schema.codecs.source import Endian, Scope, cut_out
from modbus_schema.compile.functions import function_of
from modbus_schema.compile.plain import decode_plain, decode_slot, decode_value, with_factors
from modbus_schema.compile.twins import Twin, twin_of
from modbus_schema.compile.views import Pass, Pull, passes_of, pulls_of
from modbus_schema.layout.tree import Absent, Found, GroupNode, RepeatNode, Slot
from modbus_schema.planning.blocks import Block
from modbus_wire.bits import BYTE_TO_BITS, unpack_bits

TABLE_PAYS = 3
"""From so many wanted bits of a byte on, unpacking all eight from a table is faster."""


def compile_decoder(root: GroupNode, blocks: Sequence[Block]) -> Callable[[Sequence[bytes]], Any]:
    """Return ``decode_plain`` for the node and the blocks, as a function of the blocks' data.

    What the generated code cannot decode is decoded again the plain way, which says why not.
    """
    return _Writer(root, tuple(blocks)).function()


def compile_decoder_of_one(root: GroupNode, block: Block) -> Callable[[bytes], Any]:
    """Return what `compile_decoder` does of one block, as a function of that block's data."""
    return _Writer(root, (block,)).function(is_of_one=True)


class _Instance(NamedTuple):
    """An instance in the making: the variable that holds it, and the instances inside it."""

    name: str
    model: type
    twin: Twin
    groups: dict[str, "_Instance"]
    repeats: dict[str, list["_Instance"]]


class _Late(NamedTuple):
    """A value that depends on others: the variable of what was unpacked, and how."""

    slot: Slot
    raw: str
    endian: Endian


class _Writer:
    def __init__(self, root: GroupNode, blocks: Sequence[Block]) -> None:
        self.root = root
        self.blocks = blocks
        self.scope = Scope()
        self.targets: dict[Slot, str] = {}
        """The attribute of an instance, or the variable, in which each slot's value belongs."""
        self.late: list[_Late] = []
        """What can be converted when all others are."""

    def function(self, *, is_of_one: bool = False) -> Callable[[Any], Any]:
        scope = self.scope
        plain = scope.bind(partial(decode_plain, self.root, self.blocks), "decode_plain")
        with scope.block("try:"):
            data = ["data"] if is_of_one else [scope.temp("data") for _ in self.blocks]
            if not is_of_one:
                scope.line(f"[{', '.join(data)}] = data")
            root = self._make(self.root)
            for slot in with_factors(self.targets):
                if slot not in self.targets:
                    self.targets[slot] = scope.temp(str(slot.path[-1]))
            self._fill(data)
            self._convert_late()
            self._finish(root)
            scope.line(f"return {root.name}")
        with scope.block("except Exception:"):
            scope.line("pass")
        scope.line(f"return {plain}({'[data]' if is_of_one else 'data'})")
        return function_of(scope, "decode(data)", self.root.model.__name__)

    def _make(self, node: GroupNode) -> "_Instance":
        """Write the empty instances of a node and of all inside it."""
        name = self.scope.temp(node.model.__name__)
        twin = twin_of(node.model, [*node.members])
        self.scope.line(f"{name} = {self.scope.bind(twin.new, f'new_{node.model.__name__}')}()")
        made = _Instance(name, node.model, twin, {}, {})
        for member_name, member in node.members.items():
            if isinstance(member, Slot):
                self.targets[member] = f"{name}.{member_name}"
            elif isinstance(member, RepeatNode):
                made.repeats[member_name] = [self._make(item) for item in member.items]
            elif isinstance(member, Absent):
                self.scope.line(f"{name}.{member_name} = None")
            else:
                made.groups[member_name] = self._make(member)
        return made

    def _finish(self, instance: "_Instance") -> None:
        """Write how filled instances become those of the map: first those inside another."""
        scope = self.scope
        for name, inner in instance.groups.items():
            self._finish(inner)
            scope.line(f"{instance.name}.{name} = {inner.name}")
        for name, items in instance.repeats.items():
            for item in items:
                self._finish(item)
            values = "".join([f"{item.name}, " for item in items])
            scope.line(f"{instance.name}.{name} = ({values})")
        if instance.twin.copied is None:
            model = scope.bind(instance.model, instance.model.__name__)
            scope.line(f"{instance.name}.__class__ = {model}")
        else:
            copied = scope.bind(instance.twin.copied, "copied")
            scope.line(f"{instance.name} = {copied}({instance.name})")

    def _fill(self, data: Sequence[str]) -> None:
        filled: set[Slot] = set()
        for block, name in zip(self.blocks, data, strict=True):
            slots = [slot for slot in block.slots if self._is_wanted(slot)]
            filled.update(slots)
            if block.table.is_bits:
                self._bits(block, slots, name)
            else:
                self._registers(block, slots, name)
        for slot, target in self.targets.items():
            if slot not in filled:
                self.scope.line(f"{target} = None")

    def _is_wanted(self, slot: Slot) -> bool:
        return slot in self.targets and slot.access.readable

    def _registers(self, block: Block, slots: Sequence[Slot], data: str) -> None:
        pulls = pulls_of(block, slots)
        users: dict[Pull, list[Slot]] = defaultdict(list)
        for slot, pull in pulls.items():
            users[pull].append(slot)
        passes = passes_of(users)
        if not passes:
            self.scope.line(f"if len({data}) != {block.size}: refuse()")
        swapped = ""
        for one in passes:
            if one.view.swapped and not swapped:
                swapped = self.scope.assign(f"{self.scope.bind(array, 'array')}('H', {data})")
                self.scope.line(f"{swapped}.byteswap()")
            self._unpack(one, block, users, swapped if one.view.swapped else data)

    def _unpack(
        self, one: Pass, block: Block, users: Mapping[Pull, Sequence[Slot]], data: str
    ) -> None:
        scope = self.scope
        scope.endian = one.view.endian
        start = len(scope.lines)
        targets = ", ".join([self._pulled(users[pull]) for pull in one.pulls])
        unpack = scope.bind(one.packer(block.quantity).unpack, "unpack")
        scope.insert(start, f"[{targets}] = {unpack}({data})")

    def _pulled(self, slots: Sequence[Slot]) -> str:
        """Write what becomes of one pulled value; returns what it is to be stored in."""
        scope = self.scope
        value = scope.temp(str(slots[0].path[-1]))
        for slot in slots:
            if slot.factors:
                self.late.append(_Late(slot, value, scope.endian))
                continue
            start = len(scope.lines)
            converted = self._converted(slot, value)
            if converted == value and len(slots) == 1 and len(scope.lines) == start:
                return self.targets[slot]
            scope.line(f"{self.targets[slot]} = {converted}")
        return value

    def _convert_late(self) -> None:
        """Write what becomes of values that depend on others."""
        scope = self.scope
        start = len(scope.lines)
        for slot, raw, endian in self.late:
            scope.endian = endian
            needs = [self._supply(factor) for factor in slot.factors]
            scope.supplies = dict(zip(slot.codec.needs, needs, strict=True))
            if slot.codec.wire is None:
                decode = scope.bind(partial(decode_value, slot), "decode")
                converted = f"{decode}({raw}, ({', '.join(needs)},))"
            else:
                converted = slot.codec.decode_source(cut_out(raw, slot.codec.bit_range), scope)
            scope.line(f"{self.targets[slot]} = {converted}")
        for line in reversed(scope.prelude):
            scope.insert(start, line)

    def _supply(self, factor: Found) -> str:
        """Return the expression of what a codec needs."""
        values = ["None" if slot is None else self.targets[slot] for slot in factor.slots]
        if factor.is_plain and not factor.problem:
            return values[0]
        computed = self.scope.bind(factor.computed, "computed")
        return self.scope.shared(f"{computed}({', '.join(values)})")

    def _converted(self, slot: Slot, value: str) -> str:
        codec = slot.codec
        if codec.wire is None:
            return f"{self.scope.bind(partial(decode_value, slot), 'decode')}({value})"
        return codec.decode_source(cut_out(value, codec.bit_range), self.scope)

    def _bits(self, block: Block, slots: Sequence[Slot], data: str) -> None:
        scope = self.scope
        scope.line(f"if len({data}) != {block.size}: refuse()")
        single: dict[int, dict[int, Slot]] = defaultdict(dict)
        for slot in slots:
            start = slot.address - block.address
            byte, bit = divmod(start, 8)
            if isinstance(slot.codec, SingleBit) and bit not in single[byte]:
                single[byte][bit] = slot
            elif isinstance(slot.codec, BitList):
                unpack = scope.bind(unpack_bits, "unpack_bits")
                value = f"tuple({unpack}({data}, {start + slot.size})[{start}:])"
                scope.line(f"{self.targets[slot]} = {value}")
            else:
                decode = scope.bind(partial(decode_slot, slot, block), "decode")
                scope.line(f"{self.targets[slot]} = {decode}({data})")
        for byte, wanted in single.items():
            self._byte(f"{data}[{byte}]", wanted)

    def _byte(self, byte: str, wanted: Mapping[int, Slot]) -> None:
        targets = {bit: self.targets[slot] for bit, slot in wanted.items()}
        if len(targets) >= TABLE_PAYS:
            places: Iterable[str] = (targets.get(bit, "_") for bit in range(8))
            bits = self.scope.bind(BYTE_TO_BITS, "bits_of")
            self.scope.line(f"{', '.join(places)} = {bits}[{byte}]")
        else:
            for bit, target in targets.items():
                self.scope.line(f"{target} = {byte} & {1 << bit} != 0")
