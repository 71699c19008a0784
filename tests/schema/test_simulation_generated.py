"""Devices simulated from generated classes: what is written through the protocol is read back."""

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from modbus_schema.compile.plain import assemble, leaf_values
from modbus_schema.device import Device
from modbus_schema.errors import EncodeError
from modbus_schema.layout.tree import layout_of
from modbus_schema.simulation.device import SimulatedDevice
from tests.schema.codec_checks import same
from tests.schema.generated_maps import Extent, cells, maps, whole_tables
from tests.schema.picky import Wire
from tests.schema.test_compile_generated import assert_same_instance, readable_values


@settings(max_examples=60)
@given(st.data(), maps())
def test_what_is_written_is_read(data: st.DataObject, drawn: Extent) -> None:
    """A device reads as it was simulated; after a write of an instance its writable fields do."""
    layout = layout_of(drawn.model)
    if any(slot.alias for slot in layout.slots):  # what a view makes of other values is its own
        return
    blocks = whole_tables(layout)

    def an_instance() -> Any:
        return assemble(layout.root, readable_values(layout, data.draw(cells(blocks))).get)

    wanted = an_instance()
    try:
        simulated = SimulatedDevice(an_instance())
        SimulatedDevice(wanted)
    except EncodeError:
        assume(False)
    device = Device(Wire(simulated.bank), drawn.model)
    before = device.read()
    assert_same_instance(layout, before, simulated.snapshot())
    device.write(wanted)
    values = dict(leaf_values(layout.root, device.read()))
    expected = {**dict(leaf_values(layout.root, before))}
    expected.update(
        (slot, value)
        for slot, value in leaf_values(layout.root, wanted)
        if slot.access.writable and slot.access.readable
    )
    for slot in layout.slots:
        if slot.access.readable:
            assert same(values[slot], expected[slot]), slot.place
