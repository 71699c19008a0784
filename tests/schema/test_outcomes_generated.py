"""Writes of generated maps with commands: what arrives, was foretold, and is left by a failure."""

from collections import Counter
from collections.abc import Callable, Sequence
from types import new_class
from typing import Any, NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from modbus_schema.codecs import bit, uint16
from modbus_schema.compile.plain import assemble, leaf_values
from modbus_schema.device import Device
from modbus_schema.errors import EncodeError
from modbus_schema.fields.descriptors import RW, WO
from modbus_schema.fields.placements import coil, holding_register, repeat
from modbus_schema.fields.refs import Ref, reference
from modbus_schema.layout.tree import Layout, Slot, layout_of
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.writing.changes import encode_image, writable_values
from modbus_schema.writing.outcome import Outcome, outcome_of
from modbus_wire.bank import SharedBank
from modbus_wire.bits import unpack_bits
from modbus_wire.codes import Table
from modbus_wire.errors import ResponseTimeout
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.pdu.bits import WriteMultipleCoils, WriteSingleCoil
from modbus_wire.pdu.registers import (
    MaskWriteRegister,
    WriteMultipleRegisters,
    WriteSingleRegister,
    unpack_registers,
)
from tests.schema.codec_checks import same
from tests.schema.generated_maps import cells, maps, whole_tables
from tests.schema.test_compile_generated import readable_values
from tests.schema.writers import PickyWire, cells_of, failure, table_of

SINGLE = (WriteSingleRegister, WriteSingleCoil)
MULTIPLE = (WriteMultipleRegisters, WriteMultipleCoils)

thorough = settings(max_examples=25)


class Part(RegisterMap):
    """A group with a commit register of its own."""

    apply: WO[int] = holding_register(1, uint16, default=None)
    x: RW[int] = holding_register(0, uint16, then=apply.to(9))


class Drawn(NamedTuple):
    """A map with rules and commands, what it holds, what it shall hold, and its device."""

    model: Any
    rules: dict[str, Any]
    before: list[bytes]
    wanted: Any
    lacks: list[type[AnyRequest]]
    insists: bool
    """Whether the rules are the device's, and not the class's."""

    @property
    def layout(self) -> Layout:
        """The layout of the map."""
        return layout_of(self.model)

    def wire(self, **keywords: Any) -> PickyWire:
        """Return a new device that holds what it did before."""
        bank = SharedBank()
        for block, data in zip(whole_tables(self.layout), self.before, strict=True):
            if block.table.is_bits:
                bank.set_bits(block.table, block.address, unpack_bits(data, block.quantity))
            else:
                bank.set_registers(block.table, block.address, unpack_registers(data))
        return PickyWire(bank, self.lacks, **keywords)

    def device(self, wire: PickyWire) -> Device[Any]:
        """Return the device behind a wire."""
        return Device(wire, self.model, **(self.rules if self.insists else {}))


def commanded(draw: st.DrawFn, base: Any, end: int, keywords: dict[str, Any]) -> Any:
    """Return a subclass with commit registers and fields that name them."""
    body: dict[str, Any] = {
        "apply": holding_register(end, uint16),
        "go": holding_register(end + 2, bit(3)),
        "on": coil(end),
        "parts": repeat(Part, base=end + 40, stride=2, count=2),
    }
    commands = [body["apply"].to(1), body["go"].to(True), body["on"].to(True)]
    for n in range(draw(st.integers(0, 4))):
        then = draw(st.lists(st.sampled_from(commands), unique=True, max_size=3))
        choice: Any = draw(st.sampled_from([None, None, "single", "multiple"]))
        body[f"x{n}"] = holding_register(end + 10 + n, uint16, then=then, write_with=choice)
    kinds: dict[str, Any] = dict.fromkeys(body, RW[int])
    body["__annotations__"] = kinds
    return new_class("Ruled", (base,), keywords, lambda namespace: namespace.update(body))


@st.composite
def drawn_writes(draw: st.DrawFn) -> Drawn:
    """Return what is written to what; the instance is one that the map can hold."""
    extent = draw(maps(scaled=False))
    longest = max((slot.size for slot in layout_of(extent.model).slots), default=1)
    rules = {
        "write_with": draw(st.sampled_from([None, "auto", "single", "multiple"])),
        "max_write": longest + draw(st.integers(0, 9)),
        "mask_write": draw(st.sampled_from([None, None, True, False])),
    }
    insists = draw(st.booleans())
    model = commanded(draw, extent.model, extent.end, {} if insists else rules)
    layout = layout_of(model)
    blocks = whole_tables(layout)
    before, after = draw(cells(blocks)), draw(cells(blocks))
    values = readable_values(layout, after)
    wanted = assemble(layout.root, values.get)
    lacks: list[type[AnyRequest]]
    lacks = [MaskWriteRegister] if not rules["mask_write"] and draw(st.booleans()) else []
    drawn = Drawn(model, rules, before, wanted, lacks, insists)
    try:
        drawn.device(drawn.wire()).plan_write(wanted)
    except EncodeError:
        assume(False)
    return drawn


def image(bank: SharedBank, layout: Layout) -> list[Any]:
    """Return all cells that a map may reach."""
    end = max(slot.end for slot in layout.slots)
    registers = bank.get_registers(Table.HOLDING_REGISTERS, 0, end)
    return [registers, bank.get_bits(Table.COILS, 0, end)]


def put(bank: SharedBank, changes: Sequence[tuple[Slot, Any]]) -> None:
    """Change fields of a bank, past all functions."""
    for block, data in encode_image(changes):
        if block.table.is_bits:
            bank.set_bits(block.table, block.address, unpack_bits(data, block.quantity))
            continue
        words = unpack_registers(data)
        if not block.covers_whole_registers:
            (kept,) = bank.get_registers(block.table, block.address)
            words = [kept & ~block.mask | words[0]]
        bank.set_registers(block.table, block.address, words)


def commands_of(layout: Layout, slots: Sequence[Slot]) -> dict[Slot, Any]:
    """Return what has to follow a write of fields; of this map no command has one itself."""
    return {layout.slots_of(path)[0]: value for slot in slots for path, value in slot.writing.then}


def check_arrived(drawn: Drawn, wire: PickyWire, changes: Sequence[tuple[Slot, Any]]) -> None:
    """The cells are as they were, but for what was written and its commands."""
    expected = drawn.wire().bank
    commands = commands_of(drawn.layout, [slot for slot, _ in changes])
    put(expected, [(slot, value) for slot, value in changes if slot not in commands])
    put(expected, [*commands.items()])
    assert image(wire.bank, drawn.layout) == image(expected, drawn.layout)


def check_read(drawn: Drawn, device: Device[Any], changes: Sequence[tuple[Slot, Any]]) -> None:
    """A read brings what was written."""
    commands = commands_of(drawn.layout, [slot for slot, _ in changes])
    readable = [each for each in changes if each[0].access.readable and each[0] not in commands]
    refs: list[Any] = [reference(drawn.model, slot.path) for slot, _ in readable]
    if refs:
        found = device.read(*refs) if len(refs) > 1 else (device.read(*refs),)
        for (slot, value), again in zip(readable, found, strict=True):
            assert same(again, value), slot.place


def check_requests(drawn: Drawn, wire: PickyWire, outcome: Outcome[Any]) -> None:
    """Each cell is written once, by the right function, and no request is too long."""
    counts = Counter((table_of(each), cell) for each in wire.done for cell in cells_of(each))
    assert set(counts.values()) <= {1}
    own = {slot.cells: slot.writing.own for slot in drawn.layout.slots}
    for request in wire.done:
        assert len(cells_of(request)) <= drawn.rules["max_write"]
        choice = own.get(cells_of(request)) or drawn.rules["write_with"]
        if choice == "single" and len(cells_of(request)) == 1:
            assert not isinstance(request, MULTIPLE)
        if choice == "multiple":
            assert not isinstance(request, SINGLE)
    assert outcome.is_complete
    assert outcome.requests == tuple(wire.requests)
    masks = [each for each in wire.requests if isinstance(each, MaskWriteRegister)]
    if drawn.rules["mask_write"] is False:
        assert masks == []
    elif drawn.lacks:
        assert len(masks) <= 1


def check_preview(wire: PickyWire, planned: Sequence[Any], tried: int) -> None:
    """What was foretold is what was sent; where FC 22 turned out to lack, other than that."""
    if tried:
        return
    assert len(planned) == len(wire.requests)
    for each, request in zip(planned, wire.requests, strict=True):
        assert each.request in (request, None)
        assert each.pdu in (request.encode(), None)


def check_write(
    drawn: Drawn,
    changes: Sequence[tuple[Slot, Any]],
    plan: Callable[[Device[Any]], Sequence[Any]],
    write: Callable[[Device[Any]], Outcome[Any]],
) -> None:
    """Write, and check what arrived, how, and that it was foretold; then let each request fail."""
    wire = drawn.wire()
    device = drawn.device(wire)
    planned = plan(device)
    assert wire.requests == []
    outcome = write(device)
    check_arrived(drawn, wire, changes)
    check_requests(drawn, wire, outcome)
    check_read(drawn, drawn.device(PickyWire(wire.bank)), changes)
    lacking = [each for each in wire.requests if isinstance(each, MaskWriteRegister)]
    check_preview(wire, planned, len(lacking) if drawn.lacks else 0)
    if not drawn.lacks:
        count = len(wire.writes)
        for place in range(0, count, max(1, count // 3)):
            check_failure(drawn, write, outcome, place)


def check_failure(
    drawn: Drawn, write: Callable[[Device[Any]], Outcome[Any]], whole: Outcome[Any], place: int
) -> None:
    """Let one request fail: every field is in one part of the outcome, and the cells agree."""
    applied = bool(place % 2)
    wire = drawn.wire(failures={place: failure(ResponseTimeout("none"), applied=applied)})
    with pytest.raises(ResponseTimeout) as caught:
        write(drawn.device(wire))
    outcome = outcome_of(caught.value)
    assert caught.value.may_have_been_applied is bool(place or applied)
    assert outcome is not None
    parts = (*outcome.written, *outcome.uncertain, *outcome.not_written)
    assert parts == whole.written
    assert bool(outcome.uncertain) is applied
    assert len(wire.writes) == place + 1
    original = drawn.wire().bank
    layout = drawn.layout
    for ref in (*outcome.uncertain, *outcome.not_written):  # the failed one was not carried out
        if not any(overlap(layout, ref, other) for other in outcome.written):
            assert cells_at(wire.bank, layout, ref) == cells_at(original, layout, ref)


def overlap(layout: Layout, one: Ref[Any, Any], other: Ref[Any, Any]) -> bool:
    """Whether two fields share cells."""
    (slot,), (another,) = layout.slots_of(one.path), layout.slots_of(other.path)
    return slot.table is another.table and not set(slot.cells).isdisjoint(another.cells)


def cells_at(bank: SharedBank, layout: Layout, ref: Ref[Any, Any]) -> list[Any]:
    """Return the cells of a field."""
    (slot,) = layout.slots_of(ref.path)
    if slot.table.is_bits:
        return bank.get_bits(slot.table, slot.address, slot.size)
    return bank.get_registers(slot.table, slot.address, slot.size)


@thorough
@given(drawn_writes())
def test_an_instance_is_written(drawn: Drawn) -> None:
    """All writable fields that it says, by functions, lengths and commands as ruled."""
    changes = list(writable_values(drawn.layout.root, drawn.wanted))
    check_write(
        drawn,
        changes,
        lambda device: device.plan_write(drawn.wanted),
        lambda device: device.write(drawn.wanted),
    )


@thorough
@given(drawn_writes(), st.data())
def test_some_fields_are_written_in_any_order(drawn: Drawn, data: st.DataObject) -> None:
    """By their references; the requests go out as their first fields are given."""
    possible = list(writable_values(drawn.layout.root, drawn.wanted))
    commands = commands_of(drawn.layout, drawn.layout.slots)
    changes = data.draw(
        st.lists(
            st.sampled_from([each for each in possible if each[0] not in commands] or possible[:1]),
            unique_by=lambda change: change[0],
            max_size=6,
        )
    )
    assume(all(slot not in commands for slot, _ in changes))
    writes = [reference(drawn.model, slot.path).to(value) for slot, value in changes]
    check_write(
        drawn,
        changes,
        lambda device: device.plan_write(*writes),
        lambda device: device.write(*writes),
    )
    wire = drawn.wire()
    turns = [slot for slot, _ in changes]
    firsts = [
        min((turns.index(slot) for slot in slots_in(drawn, each) if slot in turns), default=99)
        for each in drawn.device(wire).plan_write(*writes)
    ]
    assert firsts == sorted(firsts)


def slots_in(drawn: Drawn, planned: Any) -> list[Slot]:
    """Return the fields that a request carries."""
    return [slot for ref in planned.fields for slot in drawn.layout.slots_of(ref.path)]


@thorough
@given(drawn_writes(), st.data())
def test_changes_are_written(drawn: Drawn, data: st.DataObject) -> None:
    """What differs, and nothing for equal instances."""
    layout = drawn.layout
    old_values = readable_values(layout, drawn.before)
    old = assemble(layout.root, old_values.get)
    values = dict(leaf_values(layout.root, drawn.wanted))
    writable = [slot for slot in layout.slots if slot.access.writable and not slot.alias]
    changed = data.draw(st.lists(st.sampled_from(writable), unique=True, max_size=6))
    new_values = old_values | {slot: values[slot] for slot in changed if values[slot] is not None}
    new = assemble(layout.root, new_values.get)
    wire = drawn.wire()
    assert drawn.device(wire).write_changes(old, old).requests == ()
    assert wire.requests == []
    changes = [
        (slot, new_values[slot])
        for slot in layout.slots
        if slot in changed and not unchanged(old_values[slot], new_values[slot])
    ]
    check_write(
        drawn,
        changes,
        lambda device: device.plan_write_changes(old, new),
        lambda device: device.write_changes(old, new),
    )


def unchanged(one: Any, other: Any) -> bool:
    """Whether two values are the same, as two NaN are."""
    return bool(one == other or (one != one and other != other))
