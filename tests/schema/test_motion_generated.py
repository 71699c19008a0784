"""Devices simulated from generated classes whose every field moves, and many who look at them."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from modbus_schema import RO, Device, RegisterMap, float64, input_register, simulate, uint32
from modbus_schema.compile.plain import assemble, leaf_values
from modbus_schema.errors import EncodeError
from modbus_schema.fields.refs import reference
from modbus_schema.layout.tree import layout_of
from modbus_schema.simulation import Hole, ManualClock
from modbus_schema.simulation.device import SimulatedDevice
from modbus_wire import Client
from tests.schema.codec_checks import same
from tests.schema.generated_maps import Extent, cells, maps, whole_tables
from tests.schema.picky import Wire
from tests.schema.test_compile_generated import readable_values


@settings(max_examples=60)
@given(st.data(), maps())
def test_a_field_that_moves_to_a_value_is_read_as_if_it_began_so(
    data: st.DataObject, drawn: Extent
) -> None:
    """Of whatever codec, in whichever table, beside whatever else in its register."""
    layout = layout_of(drawn.model)
    if any(slot.alias for slot in layout.slots):  # what a view makes of other values is its own
        return
    blocks = whole_tables(layout)

    def an_instance() -> Any:
        return assemble(layout.root, readable_values(layout, data.draw(cells(blocks))).get)

    start, wanted = an_instance(), an_instance()
    clock = ManualClock()
    try:
        SimulatedDevice(wanted)
        moving = SimulatedDevice(start, clock=clock)
    except EncodeError:
        assume(False)
    before, after = dict(leaf_values(layout.root, start)), dict(leaf_values(layout.root, wanted))

    def value_of(old: object, new: object, now: float) -> object:
        return new if now >= 10 else old

    readable = [slot for slot in layout.slots if slot.access.readable]
    for slot in readable:
        motion = partial(value_of, before[slot], after[slot])
        moving.move(reference(drawn.model, slot.path), motion)
    device = Device(Wire(moving.bank), drawn.model)
    for expected in (before, after):
        for found in (device.read(), moving.snapshot()):
            values = dict(leaf_values(layout.root, found))
            for slot in readable:
                assert same(values[slot], expected[slot]), slot.place
        clock.advance(10)


class Pair(RegisterMap):
    """Two fields that say the same, and one that is made of them."""

    first: RO[float] = input_register(0, float64)
    second: RO[float] = input_register(4, float64)
    total: RO[float] = input_register(8, float64)
    other: RO[int] = input_register(12, uint32)


def test_no_reader_sees_one_field_of_then_and_one_of_now() -> None:
    """While time goes on, while others read, and while the test sets, moves and lets fail."""
    start = Pair(first=0, second=0, total=0, other=0)
    with simulate(start, port=0) as sim, ExitStack() as stack:
        sim.move(Pair.first, lambda t: t)
        sim.move(Pair.second, lambda t: t)
        sim.depends(Pair.total, on=(Pair.first, Pair.second))(lambda first, second: first + second)

        def read(times: int) -> list[Pair]:
            with Client(sim.host, sim.port) as client:
                return [Device(client, Pair).read() for _ in range(times)]

        threads = stack.enter_context(ThreadPoolExecutor(3))
        reading = [threads.submit(read, 100) for _ in range(3)]
        number = 0
        while not all(one.done() for one in reading):
            number += 1
            sim.set(Pair.other.to(number))
            sim.move(Pair.first, lambda t: t)
            with sim.fault(Pair.other, Hole(), only="writes"):
                state = sim.snapshot()
                assert state.first == state.second
        seen = [pair for one in reading for pair in one.result()]
    assert len(seen) == 300
    assert all(pair.first == pair.second and pair.total == 2 * pair.first for pair in seen)
