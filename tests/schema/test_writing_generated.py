"""Generated maps and devices: what is written arrives, once, and nothing else is sent."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from modbus_schema.codecs import array, float32
from modbus_schema.compile.plain import assemble, leaf_values
from modbus_schema.device import Device
from modbus_schema.errors import DefinitionError, EncodeError
from modbus_schema.fields.descriptors import RW
from modbus_schema.fields.placements import holding_register
from modbus_schema.fields.refs import reference
from modbus_schema.layout.tree import Layout, Slot, layout_of
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.simulation.device import SimulatedDevice
from modbus_wire.codes import Table
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.pdu.bits import WriteMultipleCoils, WriteSingleCoil
from modbus_wire.pdu.registers import (
    MaskWriteRegister,
    WriteMultipleRegisters,
    WriteSingleRegister,
)
from tests.schema.codec_checks import same
from tests.schema.generated_maps import Extent, cells, maps, whole_tables
from tests.schema.test_compile_generated import readable_values
from tests.schema.writers import PickyWire, cells_of

SINGLE = (WriteSingleCoil, WriteSingleRegister)
MULTIPLE = (WriteMultipleCoils, WriteMultipleRegisters)

RULES: st.SearchStrategy[Mapping[str, Any]] = st.fixed_dictionaries(
    {
        "write_with": st.sampled_from([None, "auto", "multiple", "single"]),
        "max_write": st.none() | st.integers(1, 20),
        "mask_write": st.sampled_from([None, None, True, False]),
    }
)


class Drawn(NamedTuple):
    """A simulated device of a generated map, and a client that notes what it is asked."""

    layout: Layout
    simulated: SimulatedDevice[Any]
    wire: PickyWire
    device: Device[Any]
    rules: Mapping[str, Any]
    wanted: Any
    """An instance that the device could hold."""


@st.composite
def devices(draw: st.DrawFn) -> Drawn:
    """Return devices that take what the rules say they take, and no other function."""
    model = draw(maps(aliases=False)).model
    layout = layout_of(model)
    blocks = whole_tables(layout)
    start, wanted = (
        assemble(layout.root, readable_values(layout, draw(cells(blocks))).get) for _ in range(2)
    )
    rules = draw(RULES)
    if has_hidden_bits(layout):  # without a mask the others could not be read and put back
        rules = {**rules, "mask_write": True}
    try:
        SimulatedDevice(wanted)
        simulated = SimulatedDevice(start)
        lacks = draw(st.sampled_from(what_may_lack(layout, rules)))
        wire = PickyWire(simulated.bank, lacks)  # type: ignore[arg-type]  # any bank will do
        device = Device(wire, model, **rules)
    except (EncodeError, DefinitionError):
        assume(False)
    return Drawn(layout, simulated, wire, device, rules, wanted)


def what_may_lack(layout: Layout, rules: Mapping[str, Any]) -> list[tuple[type[AnyRequest], ...]]:
    """Return the functions that a device may lack which is written by the rules."""
    kinds: tuple[type[AnyRequest], ...] = ()
    if rules["write_with"] == "multiple":
        kinds = (WriteSingleCoil,)  # some bits of a register are put back by FC 6
    elif rules["write_with"] == "single" and all(
        slot.size == 1 for slot in layout.slots if slot.access.writable
    ):
        kinds = MULTIPLE
    return [kinds] if rules["mask_write"] is True else [kinds, (*kinds, MaskWriteRegister)]


def has_hidden_bits(layout: Layout) -> bool:
    """Whether there is a register of which some bits are written and none is read."""
    parts = [slot for slot in layout.slots if slot.codec.bit_range and slot.access.writable]
    shown = {cell for slot in layout.slots if slot.access.readable for cell in slot.cells}
    return any(slot.address not in shown for slot in parts)


def merged(drawn: Drawn, before: Any) -> Any:
    """Return the instance that has its writable fields from what is wanted."""
    values = dict(leaf_values(drawn.layout.root, before))
    for slot, value in leaf_values(drawn.layout.root, drawn.wanted):
        if slot.access.writable:
            values[slot] = value if slot.access.readable else None
    return assemble(drawn.layout.root, values.get)


def differing(drawn: Drawn, old: Any, new: Any) -> list[Slot]:
    """Return the fields whose values are not the same number, text or whatever they are."""
    pairs = zip(
        leaf_values(drawn.layout.root, old), leaf_values(drawn.layout.root, new), strict=True
    )
    return [slot for (slot, one), (_, other) in pairs if not (one == other or same(one, other))]


def table_of(request: AnyRequest) -> Table:
    """Return the table that a write changes."""
    is_coil = isinstance(request, WriteSingleCoil | WriteMultipleCoils)
    return Table.COILS if is_coil else Table.HOLDING_REGISTERS


def cells_written(drawn: Drawn) -> list[tuple[Table, int]]:
    """Return each cell as often as a write brought it."""
    return [(table_of(each), cell) for each in drawn.wire.writes for cell in cells_of(each)]


def check_rules(drawn: Drawn) -> None:
    """Only functions that the rules allow were used, with no more cells than they say."""
    for request in drawn.wire.writes:
        assert len(cells_of(request)) <= (drawn.rules["max_write"] or 2000)
        if drawn.rules["write_with"] == "single" and len(cells_of(request)) == 1:
            assert isinstance(request, (*SINGLE, MaskWriteRegister))
        if drawn.rules["write_with"] == "multiple":
            assert not isinstance(request, WriteSingleCoil)
        if drawn.rules["mask_write"] is False:
            assert not isinstance(request, MaskWriteRegister)


@settings(max_examples=40)
@given(devices())
def test_equal_instances_send_nothing(drawn: Drawn) -> None:
    """What was read twice is equal, NaN too: there is no request, and none is planned."""
    before, again = drawn.device.read(), drawn.device.read()
    drawn.wire.requests.clear()
    assert drawn.device.write_changes(before, again).requests == ()
    assert drawn.device.plan_write_changes(before, again).requests == ()
    assert drawn.wire.requests == []


@settings(max_examples=40)
@given(devices())
def test_changes_arrive_and_nothing_else_is_written(drawn: Drawn) -> None:
    """A read gives the new instance; each cell of what differs was written once, no other one."""
    old = drawn.device.read()
    new = merged(drawn, old)
    changed = differing(drawn, old, new)
    planned = drawn.device.plan_write_changes(old, new)
    drawn.wire.requests.clear()
    drawn.device.write_changes(old, new)
    check_rules(drawn)
    written = cells_written(drawn)
    assert set(written) == {(slot.table, cell) for slot in changed for cell in slot.cells}
    if not any(slot.codec.bit_range for slot in changed):
        assert len(written) == len(set(written))
        assert list(planned.requests) == drawn.wire.requests
    now = drawn.device.read()
    assert differing(drawn, now, new) == []
    assert drawn.device.write_changes(now, new).requests == ()


@settings(max_examples=40)
@given(devices())
def test_a_write_of_an_instance_is_identity(drawn: Drawn) -> None:
    """Whatever the functions: what was written is read, and what is read-only is as it was."""
    before = drawn.device.read()
    drawn.wire.requests.clear()
    drawn.device.write(drawn.wanted)
    check_rules(drawn)
    assert differing(drawn, drawn.device.read(), merged(drawn, before)) == []
    assert differing(drawn, drawn.device.read(), drawn.simulated.snapshot()) == []


@settings(max_examples=40)
@given(maps(aliases=False), st.data())
def test_some_fields_are_written_and_read(drawn: Extent, data: st.DataObject) -> None:
    """Any choice of fields, in any order: they are read back, and the others have not changed."""
    layout = layout_of(drawn.model)
    blocks = whole_tables(layout)
    start, wanted = (
        assemble(layout.root, readable_values(layout, data.draw(cells(blocks))).get)
        for _ in range(2)
    )
    try:
        SimulatedDevice(wanted)
        simulated = SimulatedDevice(start)
    except EncodeError:
        assume(False)
    device = Device(PickyWire(simulated.bank), drawn.model)  # type: ignore[arg-type]  # any bank
    values = dict(leaf_values(layout.root, wanted))
    writable = [
        slot
        for slot in layout.slots
        if slot.access.writable and (slot.access.readable or values[slot] is not None)
    ]
    assume(writable)
    chosen = data.draw(st.lists(st.sampled_from(writable), unique=True, min_size=1))
    before = dict(leaf_values(layout.root, device.read()))
    changes: list[Any] = [reference(drawn.model, slot.path).to(values[slot]) for slot in chosen]
    device.write(*changes)
    after = dict(leaf_values(layout.root, device.read()))
    for slot in layout.slots:
        if slot.access.readable:
            expected = values[slot] if slot in chosen else before[slot]
            assert same(after[slot], expected), slot.place


class Waveform(RegisterMap):
    """Numbers that may be none, in arrays."""

    samples: RW[tuple[float, ...]] = holding_register(0, array(float32, 3))


def test_arrays_with_the_same_nan_are_equal() -> None:
    """Two reads of a NaN are two objects, and no change; another number beside it is one."""
    wire = PickyWire(SimulatedDevice(Waveform(samples=(1.0, math.nan, 2.0))).bank)  # type: ignore[arg-type]  # any bank
    device = Device(wire, Waveform)
    before, again = device.read(), device.read()
    assert device.write_changes(before, again).requests == ()
    assert device.write_changes(before, again.replace(samples=(1.0, math.nan, 3.0))).requests
    assert device.read().samples[::2] == (1.0, 3.0)
