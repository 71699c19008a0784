"""Plans: the requests that read or write fields, proved on real maps and on generated ones."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_schema.codecs import array, bit, bit_list, bits, float32, int64, string, uint16, uint32
from modbus_schema.codecs.order import ABCD
from modbus_schema.fields.descriptors import RO, RW, WO
from modbus_schema.fields.options import Access
from modbus_schema.fields.placements import coil, holding_register, input_register
from modbus_schema.fields.rules import ReadRules, rules_from
from modbus_schema.layout.tree import Slot, layout_of
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.planning.blocks import Block, plan, plan_model, plan_writes
from modbus_wire.codes import Table

LIMITS = {"read": {True: 2000, False: 125}, "write": {True: 1968, False: 123}}


def slot(
    address: int,
    size: int,
    access: Access = Access.RW,
    table: Table = Table.HOLDING_REGISTERS,
) -> Slot:
    """Return a slot of registers or bits by itself."""
    codec = bit_list(size) if table.is_bits else string(size)
    return Slot(
        path=(f"x{address}",),
        name=f"Map.x{address}",
        table=table,
        address=address,
        size=size,
        codec=codec,
        order=ABCD,
        access=access,
    )


def cells(blocks: Sequence[Block]) -> list[tuple[int, int]]:
    """Return address and quantity of each block."""
    return [(block.address, block.quantity) for block in blocks]


def totals(blocks: Sequence[Block]) -> tuple[int, int]:
    """Return how many requests the blocks are, and how many cells."""
    return len(blocks), sum(block.quantity for block in blocks)


SDM630 = [
    slot(address, 2)
    for address in (
        *range(0x00, 0x24, 2),
        *(0x34, 0x38, 0x3C, 0x3E, 0x42, 0x46, 0x48, 0x4A, 0x4C, 0x4E),
        *(0xEA, 0xEC, 0xEE, 0xF8),
        *range(0x156, 0x17E, 2),
    )
]
"""Eastron SDM630: 52 floats."""

IEM3000 = [
    *(slot(address, 2) for address in (0xBB7, 0xBB9, 0xBBB, 0xBC1, 0xBD3, 0xBD5, 0xBD7, 0xBDB)),
    *(slot(address, 2) for address in (0xBED, 0xBEF, 0xBF1, 0xBF3, 0xBFB, 0xC03, 0xC25)),
    *(slot(address, 4) for address in (0xC83, 0xC87, 0xC93, 0xC97, 0xDBD, 0xDC1, 0xDC5)),
]
"""Schneider iEM3000: floats, and energies of 64 bits."""

B23 = [
    *(slot(address, 4) for address in (0x5000, 0x5004, *range(0x5460, 0x5478, 4))),
    *(slot(address, 2) for address in (0x5B00, 0x5B02, 0x5B04, 0x5B0C, 0x5B0E, 0x5B10)),
    *(slot(address, 2) for address in (0x5B14, 0x5B16, 0x5B18, 0x5B1A)),
    *(slot(address, 1) for address in (0x5B2C, 0x5B3A, 0x5B3B, 0x5B3C, 0x5B3D)),
]
"""ABB B23: fields of 64, 32 and 16 bits."""

EM24 = [
    *(slot(address, 2) for address in (0x00, 0x02, 0x04, *range(0x0C, 0x18, 2), 0x28)),
    *(slot(address, 1) for address in (0x32, 0x33, 0x34, 0x35, 0x37)),
    *(slot(address, 2) for address in (0x3E, 0x46, 0x48, 0x4A, 0x5C)),
]
"""Carlo Gavazzi EM24: per phase and in sum, of 32 and 16 bits."""


@pytest.mark.parametrize(
    ("meter", "fields", "gap", "expected"),
    [
        (SDM630, 52, 0, (9, 104)),
        (SDM630, 52, 4, (5, 112)),
        (SDM630, 52, 16, (3, 136)),
        (IEM3000, 22, 0, (11, 58)),
        (IEM3000, 22, 16, (4, 116)),
        (B23, 23, 0, (7, 57)),
        (B23, 23, 16, (3, 94)),
        (EM24, 20, 0, (8, 35)),
        (EM24, 20, 16, (1, 94)),
    ],
)
def test_real_meters(meter: list[Slot], fields: int, gap: int, expected: tuple[int, int]) -> None:
    """The maps of known meters take as few requests and registers as they are known to."""
    assert len(meter) == fields
    assert totals(plan(meter, ReadRules(max_gap=gap))) == expected


def test_a_value_is_never_split() -> None:
    """A field that would straddle the limit begins the next request."""
    blocks = plan([slot(0, 100), slot(100, 20), slot(120, 10)], ReadRules(max_gap=0))
    assert cells(blocks) == [(0, 120), (120, 10)]


def test_limits_are_those_of_the_table() -> None:
    """One read moves 125 registers or 2000 bits, one write 123 registers or 1968 coils."""
    registers = [slot(address, 1) for address in range(300)]
    bits_of = [slot(address, 1, table=Table.COILS) for address in range(4000)]
    assert cells(plan(registers, ReadRules(max_gap=0))) == [(0, 125), (125, 125), (250, 50)]
    assert cells(plan(bits_of, ReadRules(max_gap=0))) == [(0, 2000), (2000, 2000)]
    assert cells(plan_writes(registers)) == [(0, 123), (123, 123), (246, 54)]
    assert cells(plan_writes(bits_of)) == [(0, 1968), (1968, 1968), (3936, 64)]


def test_a_gap_is_bridged_up_to_its_limit() -> None:
    """A gap of just the limit is read along, a longer one is not; a write bridges none."""
    slots = [slot(0, 2), slot(5, 1), slot(10, 1)]
    assert cells(plan(slots, ReadRules(max_gap=3))) == [(0, 6), (10, 1)]
    assert cells(plan(slots, ReadRules(max_gap=4))) == [(0, 11)]
    assert cells(plan_writes(slots)) == [(0, 2), (5, 1), (10, 1)]


def test_write_only_cells_are_not_read() -> None:
    """Neither a write-only field of the selection nor one beside it is read or bridged."""
    command = slot(2, 1, Access.WO)
    fields = [slot(0, 2), slot(3, 2)]
    assert cells(plan([*fields, command], ReadRules(max_gap=8))) == [(0, 2), (3, 2)]
    assert cells(plan(fields, ReadRules(max_gap=8), avoid=[command])) == [(0, 2), (3, 2)]
    assert cells(plan(fields, ReadRules(max_gap=8))) == [(0, 5)]
    assert plan([command], ReadRules(max_gap=0)) == ()


def test_what_is_readable_as_well_is_read() -> None:
    """A write-only field does not hide a readable one at the same address."""
    status, command = slot(2, 1, Access.RO), slot(2, 1, Access.WO)
    (block,) = plan([slot(0, 2), command, status, slot(3, 1)], ReadRules(max_gap=0))
    assert (block.address, block.quantity) == (0, 4)
    assert command not in block.slots


def test_blocks_come_by_table_and_address() -> None:
    """The order of the fields does not matter; tables follow each other as the model has them."""
    slots = [
        slot(9, 1),
        slot(3, 1, table=Table.INPUT_REGISTERS),
        slot(3, 1, table=Table.COILS),
        slot(1, 1),
        slot(0, 1, table=Table.DISCRETE_INPUTS),
    ]
    blocks = plan(slots, ReadRules(max_gap=0))
    assert [(block.table.label, block.address) for block in blocks] == [
        ("coil", 3),
        ("discrete", 0),
        ("input", 3),
        ("holding", 1),
        ("holding", 9),
    ]
    assert plan(slots[::-1], ReadRules(max_gap=0)) == blocks


def test_fields_over_each_other_share_a_block() -> None:
    """A declared overlap is read once, as wide as the widest of its fields."""
    wide, narrow = slot(10, 4), slot(11, 1)
    (block,) = plan([wide, narrow, slot(14, 1)], ReadRules(max_gap=0))
    assert (block.address, block.quantity) == (10, 5)
    assert block.slots[:2] == (wide, narrow)


class Drive(RegisterMap, max_gap=4):
    """A drive whose registers are of bits."""

    run: RW[bool] = holding_register(3, bit(0))
    direction: RW[int] = holding_register(3, bits(4, 5))
    low: RW[int] = holding_register(4, bits(0, 7))
    high: RW[int] = holding_register(4, bits(8, 15))
    speed: RW[int] = holding_register(5, uint16)
    reset: WO[bool] = holding_register(6, bit(15))
    current: RO[float] = input_register(8, float32)
    total: RO[int] = input_register(13, int64)
    samples: RO[tuple[int, ...]] = input_register(18, array(uint32, 2))
    relay: RW[bool] = coil(3)


def test_a_write_says_which_bits_it_changes() -> None:
    """A register held in part is a block with a mask; one held in full joins its neighbours."""
    writable = [each for each in layout_of(Drive).slots if each.access.writable]
    blocks = plan_writes(writable)
    assert [(block.address, block.quantity, block.mask) for block in blocks] == [
        (3, 1, 0xFFFF),
        (3, 1, 0x0031),
        (4, 2, 0xFFFF),
        (6, 1, 0x8000),
    ]
    assert [block.covers_whole_registers for block in blocks] == [True, False, True, False]


def test_writes_of_the_same_cells_stay_apart() -> None:
    """Two fields over each other are written by two requests, not by one of mixed values."""
    assert cells(plan_writes([slot(3, 2), slot(4, 1), slot(5, 1)])) == [(3, 2), (4, 2)]


def test_bits_of_a_register_are_read_once() -> None:
    """Fields of one register share its request; a register of write-only bits is left out."""
    blocks = plan_model(layout_of(Drive))
    assert [block.place for block in blocks] == [
        "Drive.relay: coil[3]",
        "Drive.current..Drive.samples: input[8..21]",
        "Drive.run..Drive.speed: holding[3..5]",
    ]


def test_the_plan_of_a_map_is_made_once() -> None:
    """The whole map's plan is kept, for each gap."""
    layout = layout_of(Drive)
    assert plan_model(layout) is plan_model(layout, ReadRules(max_gap=4))
    assert totals(plan_model(layout, ReadRules(max_gap=0))) != totals(plan_model(layout))


tables = st.sampled_from(list(Table))
sizes = st.one_of(st.integers(1, 4), st.integers(100, 123))


@st.composite
def generated_slots(draw: st.DrawFn) -> list[Slot]:
    """Return fields of one table that do not overlap, in any order."""
    table = draw(tables)
    slots: list[Slot] = []
    address = draw(st.integers(0, 50))
    steps = st.tuples(st.integers(0, 8), sizes, st.sampled_from(Access))
    for gap, size, access in draw(st.lists(steps, max_size=25)):
        slots.append(slot(address + gap, size, access, table))
        address += gap + size
    return draw(st.permutations(slots))


def fewest(slots: Sequence[Slot], joins: dict[tuple[int, int], bool]) -> int:
    """Return by trying all the fewest runs of neighbours in which each run is allowed."""
    best = [0]
    for end in range(1, len(slots) + 1):
        best.append(min(best[start] + 1 for start in range(end) if joins[start, end - 1]))
    return best[-1]


def allowed_runs(slots: Sequence[Slot], limit: int, gap: int) -> dict[tuple[int, int], bool]:
    """Return for each run of neighbours whether one request may move it."""
    return {
        (first, last): slots[last].end - slots[first].address <= limit
        and all(slots[index + 1].address - slots[index].end <= gap for index in range(first, last))
        for first in range(len(slots))
        for last in range(first, len(slots))
    }


@given(generated_slots(), st.integers(0, 6))
def test_a_read_plan_covers_each_field_once(slots: list[Slot], gap: int) -> None:
    """Every readable field is in one block, within the limit, over gaps it may bridge only."""
    blocks = plan(slots, ReadRules(max_gap=gap))
    readable = sorted((each for each in slots if each.access.readable), key=lambda s: s.address)
    assert [each for block in blocks for each in block.slots] == readable
    hidden = {cell for s in slots if not s.access.readable for cell in range(s.address, s.end)}
    for block in blocks:
        assert block.quantity <= LIMITS["read"][block.table.is_bits]
        assert block.address == block.slots[0].address
        assert block.end == block.slots[-1].end
        assert hidden.isdisjoint(range(block.address, block.end))
        for one, other in zip(block.slots, block.slots[1:], strict=False):
            assert other.address - one.end <= gap


@given(generated_slots(), st.integers(0, 6))
def test_a_read_plan_is_the_shortest(slots: list[Slot], gap: int) -> None:
    """No other split of the fields takes fewer requests."""
    readable = sorted((each for each in slots if each.access.readable), key=lambda s: s.address)
    limit = LIMITS["read"][bool(slots) and slots[0].table.is_bits]
    runs = allowed_runs(readable, limit, gap)
    assert len(plan(readable, ReadRules(max_gap=gap))) == fewest(readable, runs)


def partitions(slots: Sequence[Slot]) -> Iterator[list[list[Slot]]]:
    """Yield every way to put fields into groups."""
    if not slots:
        yield []
        return
    first, *others = slots
    for groups in partitions(others):
        yield [[first], *groups]
        for number, group in enumerate(groups):
            yield [*groups[:number], [first, *group], *groups[number + 1 :]]


def is_one_read(slots: Sequence[Slot], rules: ReadRules) -> bool:
    """Whether one read may bring just these fields, cell by cell."""
    table = slots[0].table
    covered = {cell for each in slots for cell in each.cells}
    cells = range(min(covered), max(covered) + 1)
    gap = 0
    for cell in cells:
        gap = 0 if cell in covered else gap + 1
        if gap > rules.gap or (gap and rules.forbidden_in(table, range(cell, cell + 1))):
            return False
    return len(cells) <= rules.limit(table) and rules.may_read(table, cells)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 8)), min_size=1, max_size=6),
    st.integers(0, 6),
    st.integers(8, 40),
    st.sets(st.integers(0, 38), max_size=3),
    st.none() | st.integers(1, 37),
)
def test_a_plan_by_rules_is_the_shortest(
    places: list[tuple[int, int]], gap: int, longest: int, forbidden: set[int], border: int | None
) -> None:
    """Whatever overlaps, is forbidden or has a border: no way to group fields takes less."""
    table = Table.HOLDING_REGISTERS
    borders = [] if border is None else [range(border), range(border, 60)]
    rules, problems = rules_from(
        {
            "max_gap": gap,
            "max_block": {table: longest},
            "forbidden": {table: [range(cell, cell + 1) for cell in forbidden]},
            **({"readable": {table: borders}} if borders else {}),
        }
    )
    assert problems == []
    slots = [slot(address, size, Access.RO) for address, size in places]
    slots = [
        each
        for each in slots
        if not rules.forbidden_in(table, each.cells) and rules.may_read(table, each.cells)
    ]
    blocks = plan(slots, rules)
    assert sorted(map(id, slots)) == sorted(id(each) for block in blocks for each in block.slots)
    assert all(is_one_read(block.slots, rules) for block in blocks)
    possible = (
        len(groups)
        for groups in partitions(slots)
        if all(is_one_read(group, rules) for group in groups)
    )
    assert len(blocks) == min(possible)


@given(generated_slots())
def test_a_write_plan_covers_each_field_once(slots: list[Slot]) -> None:
    """Every field is in one block, without gaps, in the fewest requests within the limit."""
    ordered = sorted(slots, key=lambda each: each.address)
    blocks = plan_writes(slots)
    assert [each for block in blocks for each in block.slots] == ordered
    for block in blocks:
        assert block.quantity == sum(each.size for each in block.slots)
        assert block.covers_whole_registers
    limit = LIMITS["write"][bool(slots) and slots[0].table.is_bits]
    assert len(blocks) == fewest(ordered, allowed_runs(ordered, limit, 0))
    assert all(block.quantity <= limit for block in blocks)
