"""Generated devices that refuse some reads: what they give comes, once and in one piece."""

from collections.abc import Sequence
from types import new_class
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from modbus_schema.codecs import Codec, array, bit_list, uint16
from modbus_schema.device import Device
from modbus_schema.fields.descriptors import RO, WO
from modbus_schema.fields.placements import (
    coil,
    discrete_input,
    group,
    holding_register,
    input_register,
    repeat,
)
from modbus_schema.fields.refs import reference
from modbus_schema.layout.tree import Slot, layout_of
from modbus_schema.model.register_map import RegisterMap
from modbus_wire.codes import Table
from modbus_wire.errors import IllegalDataAddress, IllegalDataValue, ServerDeviceFailure
from tests.schema.picky import PickyBank, Read, Wire

TABLES: dict[Table, Any] = {
    Table.HOLDING_REGISTERS: holding_register,
    Table.INPUT_REGISTERS: input_register,
    Table.COILS: coil,
    Table.DISCRETE_INPUTS: discrete_input,
}
OFTEN = (Table.HOLDING_REGISTERS, Table.INPUT_REGISTERS, *TABLES)
"""Registers say by which read they came; bits do not."""


class Drawn(NamedTuple):
    """A map, and what its device must never be asked for."""

    model: type[RegisterMap]
    rules: dict[str, Any]
    pieces: list[tuple[Table, range, list[Slot]]]
    """Which cells one request must bring for which fields."""
    taboo: set[tuple[Table, int]]
    """Forbidden cells, and those of fields that are only written."""


def made(name: str, fields: dict[str, tuple[Any, Any]], **keywords: Any) -> Any:
    """Return a class of map."""
    namespace: dict[str, Any] = {key: placed for key, (_, placed) in fields.items()}
    namespace["__annotations__"] = {key: kind for key, (kind, _) in fields.items()}
    return new_class(name, (RegisterMap,), keywords, lambda body: body.update(namespace))


def codec_of(table: Table, size: int) -> Codec[Any]:
    """Return the codec of so many cells, whose value has one item for each."""
    return bit_list(size) if table.is_bits else array(uint16, size)


class Sheet:
    """A data sheet that is being drawn: fields one behind the other, in four tables."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.fields: dict[str, tuple[Any, Any]] = {}
        self.at = dict.fromkeys(TABLES, 0)
        self.free: dict[Table, list[int]] = {table: [] for table in TABLES}
        """Addresses at which a readable range may begin."""

        self.forbidden: dict[Table, list[range]] = {table: [] for table in TABLES}
        self.alone: dict[Table, list[range]] = {table: [] for table in TABLES}
        self.together: list[tuple[Table, range, list[tuple[str, ...]]]] = []
        self.longest = 8

    def next(self, table: Table) -> int:
        """Leave a gap, some of it forbidden; returns the address behind it."""
        gap = self.draw(st.integers(0, 5))
        start = self.at[table]
        self.at[table] += gap
        self.free[table] += range(max(start, 1), start + gap + 1)
        if gap and self.draw(st.integers(0, 4)) == 0:
            cell = start + self.draw(st.integers(0, gap - 1))
            self.forbidden[table].append(range(cell, cell + 1))
        return self.at[table]

    def add_field(self) -> None:
        """Add a field, which may be write-only or read alone."""
        table = self.draw(st.sampled_from(OFTEN))
        start, size = self.next(table), self.draw(st.integers(1, 4))
        is_hidden = table.is_writable and self.draw(st.integers(0, 4)) == 0
        placed = TABLES[table](start, codec_of(table, size))
        self.fields[f"x{len(self.fields)}"] = (WO[Any] if is_hidden else RO[Any], placed)
        self.at[table] += size
        if not is_hidden and self.draw(st.integers(0, 5)) == 0:
            self.alone[table].append(range(start, start + size))

    def add_group(self) -> None:
        """Add a group that is read together, or is not."""
        table = self.draw(st.sampled_from(OFTEN))
        base, end = self.next(table), 0
        inner = {}
        for number in range(self.draw(st.integers(1, 3))):
            end += self.draw(st.integers(0, 2)) if number else 0
            size = self.draw(st.integers(1, 3))
            inner[f"y{number}"] = (RO[Any], TABLES[table](end, codec_of(table, size)))
            end += size
        name, together = f"x{len(self.fields)}", self.draw(st.booleans())
        placed = group(made("Inner", inner), base=base, together=together)
        self.fields[name] = (RO[Any], placed)
        self.at[table] = base + end
        if together:
            self.together.append((table, range(base, base + end), [(name, y) for y in inner]))
            self.longest = max(self.longest, end)

    def add_repeat(self) -> None:
        """Add items of two fields that interleave, as meters have their phases."""
        table = self.draw(st.sampled_from(OFTEN))
        base, size = self.next(table), self.draw(st.integers(1, 3))
        count, gap = self.draw(st.integers(1, 3)), self.draw(st.integers(0, 2))
        second = size * count + gap
        codec = codec_of(table, size)
        inner = {"y0": (RO[Any], TABLES[table](0, codec))}
        inner["y1"] = (RO[Any], TABLES[table](second, codec))
        placed = repeat(made("Item", inner), base=base, stride=size, count=count)
        self.fields[f"x{len(self.fields)}"] = (RO[Any], placed)
        self.at[table] = base + second + size * count

    def borders(self) -> dict[Table, list[range]]:
        """Divide some tables where no field is: a read keeps to one side."""
        areas: dict[Table, list[range]] = {}
        for table, free in self.free.items():
            if free and self.draw(st.integers(0, 2)) == 0:
                border = self.draw(st.sampled_from(free))
                areas[table] = [range(border), range(border, 1000)]
        return areas


@st.composite
def drawn_maps(draw: st.DrawFn) -> Drawn:
    """Return maps with rules that leave every field readable."""
    sheet = Sheet(draw)
    adders = [sheet.add_field, sheet.add_field, sheet.add_group, sheet.add_repeat]
    for add in draw(st.lists(st.sampled_from(adders), min_size=1)):
        add()
    rules = {
        "max_gap": draw(st.integers(0, 6)),
        "max_block": sheet.longest + draw(st.integers(0, 30)),
        "forbidden": sheet.forbidden,
        "read_alone": sheet.alone,
        "readable": sheet.borders(),
    }
    model = made("Map", sheet.fields, **rules)
    slots = {slot.path: slot for slot in layout_of(model).slots}
    pieces = [
        (table, cells, [slots[path] for path in paths]) for table, cells, paths in sheet.together
    ]
    bundled = {slot for _, _, members in pieces for slot in members}
    singles = [slot for slot in slots.values() if slot.access.readable and slot not in bundled]
    pieces += [(slot.table, slot.cells, [slot]) for slot in singles]
    taboo = {(t, cell) for t, areas in sheet.forbidden.items() for cells in areas for cell in cells}
    taboo |= {(s.table, c) for s in slots.values() if not s.access.readable for c in s.cells}
    return Drawn(model, rules, pieces, taboo)


def check_asked(drawn: Drawn, asked: Sequence[Read]) -> None:
    """No read touches what it must not, is too long, or mixes what is read alone."""
    for table, cells in asked:
        assert drawn.taboo.isdisjoint((table, cell) for cell in cells)
        assert len(cells) <= drawn.rules["max_block"]
        for area in drawn.rules["read_alone"][table]:
            assert cells == area or set(cells).isdisjoint(area)
        areas = drawn.rules["readable"].get(table)
        assert areas is None or any(set(cells) <= set(area) for area in areas)


def check_once(drawn: Drawn, answered: Sequence[Read], came: Sequence[Slot]) -> None:
    """One answered read has each field that came, and no other answered read touches it."""
    for slot in came:
        touching = [
            cells
            for table, cells in answered
            if table is slot.table and not set(cells).isdisjoint(slot.cells)
        ]
        assert len(touching) == 1
        assert set(slot.cells) <= set(touching[0])


def words(values: Sequence[Any]) -> set[int]:
    """Return the numbers of the reads that values of arrays came by."""
    return {word for value in values for word in value}


@given(drawn_maps())
def test_a_device_that_refuses_nothing_is_read_once(drawn: Drawn) -> None:
    """Each readable field comes by one read, in one piece; groups read together are of one read."""
    bank = PickyBank()
    device = Device(Wire(bank), drawn.model)
    read: Any = device.read()
    check_asked(drawn, bank.answered)
    slots = [slot for _, _, members in drawn.pieces for slot in members]
    check_once(drawn, bank.answered, slots)
    for _, _, members in drawn.pieces:
        values = []
        for slot in members:
            value = read
            for step in slot.path:
                value = value[step] if isinstance(step, int) else getattr(value, step)
            values.append(value)
        assert len(words(values)) == 1
    requests = len(bank.answered)
    partial = device.read(partial=True)
    assert len(bank.answered) == 2 * requests
    assert partial.failed == {}
    assert partial.complete is not None


@given(drawn_maps(), st.data())
def test_a_device_that_refuses_some_cells(drawn: Drawn, data: st.DataObject) -> None:
    """What it gives comes once and untorn, what it refuses has failed, and is not asked again."""
    cell = st.tuples(st.sampled_from(OFTEN), st.integers(0, 40))
    holes = data.draw(st.sets(cell, max_size=5), label="holes")
    longest = data.draw(st.sampled_from([3, 6, 12, 2000]), label="longest")
    kinds = (IllegalDataAddress, IllegalDataValue, ServerDeviceFailure)
    error = data.draw(st.sampled_from(kinds), label="error")
    bank = PickyBank(holes, longest, error)
    device = Device(Wire(bank), drawn.model)
    good = [
        (table, cells, members)
        for table, cells, members in drawn.pieces
        if len(cells) <= longest and holes.isdisjoint((table, cell) for cell in cells)
    ]
    came = [slot for _, _, members in good for slot in members]
    readable = [slot for _, _, members in drawn.pieces for slot in members]
    refs = {reference(drawn.model, slot.path) for slot in came}
    for turn in range(len(readable) + 2):
        bank.forget()
        partial = device.read(partial=True)
        check_asked(drawn, bank.asked)
        check_once(drawn, bank.answered, came)
        assert partial.values.keys() == refs
        assert len(partial.failed) == len(readable) - len(came)
        assert all(type(failure) is error for failure in partial.failed.values())
        for _, _, members in good:
            values = [partial.values[reference(drawn.model, slot.path)] for slot in members]
            assert len(words(values)) == 1
        assert len(bank.asked) <= 2 * len(readable)
        if not bank.refused:
            break
        if error is not IllegalDataAddress and turn:
            break  # a block of which nothing came is asked for again
    else:
        raise AssertionError("it never learns")
    if error is IllegalDataAddress:
        bad = {(table, cell) for table, areas in device.bad.items() for r in areas for cell in r}
        failed = (slot for slot in readable if slot not in came)
        assert bad == {(slot.table, cell) for slot in failed for cell in slot.cells}
        assert (partial.complete is None) is bool(bad)
