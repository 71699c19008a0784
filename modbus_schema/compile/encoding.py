"""Writes the function that turns an instance of a map into the data of blocks."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

from modbus_schema.codecs.bit_fields import truth_source
from modbus_schema.codecs.bit_table import SingleBit
from modbus_schema.codecs.optional import OptionalCodec
from modbus_schema.codecs.source import Scope, put_in
from modbus_schema.compile.functions import function_of
from modbus_schema.compile.plain import encode_plain, encode_value
from modbus_schema.compile.views import Pass, Pull, passes_of, pulled_wire, pulls_of
from modbus_schema.fields.options import Access
from modbus_schema.layout.tree import Absent, Found, GroupNode, RepeatNode, Slot
from modbus_schema.planning.blocks import Block


def compile_encoder(root: GroupNode, blocks: Sequence[Block]) -> Callable[[object], list[bytes]]:
    """Return ``encode_plain`` for the node and the blocks, as a function of an instance.

    What the generated code cannot encode is encoded again the plain way, which says why not.
    """
    return _Writer(root, tuple(blocks)).function()


class _Writer:
    def __init__(self, root: GroupNode, blocks: Sequence[Block]) -> None:
        self.root = root
        self.blocks = blocks
        self.scope = Scope()
        self.sources: dict[Slot, str] = {}
        """The attribute of an instance in which each slot's value is."""

    def function(self) -> Callable[[object], list[bytes]]:
        scope = self.scope
        plain = scope.bind(partial(encode_plain, self.root, self.blocks), "encode_plain")
        with scope.block("try:"):
            self._read(self.root, "instance")
            start = len(scope.lines)
            data = [self._block(block) for block in self.blocks]
            for line in reversed(scope.prelude):
                scope.insert(start, line)
            scope.line(f"return [{', '.join(data)}]")
        with scope.block("except Exception:"):
            scope.line("pass")
        scope.line(f"return {plain}(instance)")
        return function_of(scope, "encode(instance)", self.root.model.__name__)

    def _read(self, node: GroupNode, instance: str) -> None:
        """Write how to get at the groups of a node, and note where the slots' values are."""
        for name, member in node.members.items():
            source = f"{instance}.{name}"
            if isinstance(member, Slot):
                self.sources[member] = source
            elif isinstance(member, GroupNode):
                self._read(member, self.scope.assign(source))
            elif isinstance(member, Absent):
                self.scope.line(f"if {source} is not None: refuse()")
            else:
                self._read_items(member, name, source)

    def _read_items(self, node: RepeatNode, name: str, source: str) -> None:
        items = [self.scope.temp(name) for _ in node.items]
        self.scope.line(f"[{', '.join(items)}] = {source}")
        for item, instance in zip(node.items, items, strict=True):
            self._read(item, instance)

    def _block(self, block: Block) -> str:
        """Write the data of a block; returns the expression of it."""
        slots = [slot for slot in block.slots if slot in self.sources and not slot.alias]
        if block.table.is_bits:
            return self._bits(block, slots)
        return self._registers(block, slots)

    def _registers(self, block: Block, slots: Sequence[Slot]) -> str:
        users: dict[Pull, list[Slot]] = defaultdict(list)
        for slot, pull in pulls_of(block, slots).items():
            users[pull].append(slot)
        packed = [self._pack(one, block, users) for one in passes_of(users)]
        size = block.size
        if not packed:
            return f"bytes({size})"
        if len(packed) == 1:
            return packed[0]
        numbers = [f"int.from_bytes({data}, 'big')" for data in packed]
        return f"({' | '.join(numbers)}).to_bytes({size}, 'big')"

    def _pack(self, one: Pass, block: Block, users: dict[Pull, list[Slot]]) -> str:
        scope = self.scope
        scope.endian = one.view.endian
        raws = [" | ".join([self._raw(slot) for slot in users[pull]]) for pull in one.pulls]
        packed = f"{scope.bind(one.packer(block.quantity).pack, 'pack')}({', '.join(raws)})"
        if not one.view.swapped:
            return scope.assign(packed)
        swapped = scope.assign(f"{scope.bind(array, 'array')}('H', {packed})")
        scope.line(f"{swapped}.byteswap()")
        return f"{swapped}.tobytes()"

    def _raw(self, slot: Slot) -> str:
        """Write what becomes of a value; returns the expression that is packed."""
        scope = self.scope
        start = len(scope.lines)
        value = scope.temp(str(slot.path[-1]))
        scope.line(f"{value} = {self.sources[slot]}")
        if slot.access is Access.WO:
            return self._raw_or_nothing(slot, value)
        raw = self._converted(slot, value)
        if raw == value and len(scope.lines) == start + 1:
            del scope.lines[start:]
            return self.sources[slot]
        return raw

    def _raw_or_nothing(self, slot: Slot, value: str) -> str:
        scope = self.scope
        raw = scope.temp()
        is_bytes = not slot.table.is_bits and pulled_wire(slot).endswith("s")
        with scope.block(f"if {value} is None:"):
            scope.line(f"{raw} = {f'bytes({2 * slot.size})' if is_bytes else '0'}")
        with scope.block("else:"):
            scope.line(f"{raw} = {self._converted(slot, value)}")
        return raw

    def _converted(self, slot: Slot, value: str) -> str:
        codec = slot.codec
        needs = [self._supply(factor) for factor in slot.factors]
        self.scope.supplies = dict(zip(codec.needs, needs, strict=False))
        if slot.table.is_bits and not isinstance(codec, SingleBit):
            encode = self.scope.bind(partial(encode_value, slot), "encode")
            return f"int.from_bytes({encode}({value}), 'little')"
        if slot.table.is_bits:
            self._check(slot, value)
            return truth_source(value, self.scope)
        if codec.wire is None:
            supplies = f", ({', '.join(needs)},)" if needs else ""
            return f"{self.scope.bind(partial(encode_value, slot), 'encode')}({value}{supplies})"
        self._check(slot, value)
        return put_in(codec.encode_source(value, self.scope), codec.bit_range)

    def _supply(self, factor: Found) -> str:
        """Return the expression of what a codec needs; raises where the instance has not got it."""
        values = ["None" if slot is None else self.sources[slot] for slot in factor.slots]
        if factor.is_plain and not factor.problem:
            return values[0]
        computed = self.scope.bind(factor.computed, "computed")
        return self.scope.shared(f"{computed}({', '.join(values)})")

    def _check(self, slot: Slot, value: str) -> None:
        """Write the limits and validators of a slot."""
        scope = self.scope
        low, high = slot.minimum, slot.maximum
        if slot.validators:
            scope.line(f"{scope.bind(slot.check, 'check')}({value})")
        elif low is not None or high is not None:
            # so that NaN, which compares false with everything, is outside
            above = "" if low is None else f"{scope.bind(low, 'minimum')} <= "
            below = "" if high is None else f" <= {scope.bind(high, 'maximum')}"
            present = f"{value} is not None and " if isinstance(slot.codec, OptionalCodec) else ""
            scope.line(f"if {present}not {above}{value}{below}: refuse()")

    def _bits(self, block: Block, slots: Sequence[Slot]) -> str:
        """Write the packed bits of a block: byte by byte, and runs of bits as one number."""
        scope = self.scope
        size = block.size
        single: dict[int, list[str]] = defaultdict(list)
        runs: list[str] = []
        for slot in slots:
            start = slot.address - block.address
            raw = scope.assign(self._raw(slot))
            if isinstance(slot.codec, SingleBit):
                single[start // 8].append(f"{raw} << {start % 8}")
            else:
                runs.append(f"{raw} << {start}")
        terms = [" | ".join(single.get(byte, ["0"])) for byte in range(size)]
        data = scope.assign(f"bytes(({', '.join(terms)},))")
        if not runs:
            return data
        numbers = [f"int.from_bytes({data}, 'little')", *runs]
        return f"({' | '.join(numbers)}).to_bytes({size}, 'little')"
