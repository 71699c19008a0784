"""How a device is read: class keywords, what a device overrides, and what cannot be read so."""

import asyncio
import re
from typing import Any

import pytest

from examples.devices.eastron_sdm630 import Sdm630
from modbus_schema import (
    RO,
    RW,
    WO,
    AsyncDevice,
    DefinitionError,
    Device,
    RegisterMap,
    coil,
    float32,
    group,
    holding_register,
    input_register,
    int32,
    repeat,
    simulate,
    string,
    uint16,
)
from modbus_schema.fields.rules import rules_from
from modbus_schema.layout.tree import layout_of
from modbus_schema.planning.blocks import plan_model
from modbus_schema.simulation.device import SimulatedDevice
from modbus_wire import AsyncClient, Client, IllegalDataAddress, Server, SparseBank
from modbus_wire.codes import Table
from tests.schema.picky import PickyBank, Wire

HOLDING, INPUT, COILS = Table.HOLDING_REGISTERS, Table.INPUT_REGISTERS, Table.COILS


class Meter(RegisterMap, max_gap=4, word_order="little"):
    """A meter whose word 11 means something else when it is read alone (Carlo Gavazzi EM24)."""

    voltage: RO[int] = input_register(8, int32)
    between: RO[int] = input_register(10, int32)
    current: RO[int] = input_register(12, int32)
    frequency: RO[int] = input_register(18, uint16)
    model: RO[int] = input_register(11, uint16, overlap=True)


class Coded(Meter, read_alone={INPUT: [range(11, 12)]}):
    """The meter, known to have it."""


def reads(model: type[RegisterMap], **overrides: Any) -> list[tuple[str, int, int]]:
    """Return table, address and end of the reads of a whole map."""
    bank = PickyBank()
    Device(Wire(bank), model, **overrides).read()
    return [(table.label, cells.start, cells.stop) for table, cells in bank.answered]


@pytest.mark.parametrize(("gap", "requests"), [(None, 3), (4, 5), (0, 9)])
def test_a_real_meter_takes_few_requests(gap: int | None, requests: int) -> None:
    """The 52 values of an Eastron SDM630, of groups that interleave."""
    assert len(layout_of(Sdm630).slots) == 52
    assert len(reads(Sdm630, max_gap=gap)) == requests


def test_a_range_is_read_alone() -> None:
    """Its fields come by a request of exactly the range, and are no bar to those around them."""
    assert reads(Meter) == [("input", 8, 19)]
    assert reads(Coded) == [("input", 8, 19), ("input", 11, 12)]
    assert reads(Meter, read_alone={INPUT: [range(17, 20)]}) == [
        ("input", 8, 14),
        ("input", 17, 20),
    ]
    assert reads(Coded, read_alone={}) == [("input", 8, 19)]


def test_no_gap_is_bridged_over_what_is_read_alone() -> None:
    """Where only fields around it are asked for, a request does not reach over it."""
    bank = PickyBank()
    Device(Wire(bank), Coded).read(Coded.voltage, Coded.current)
    assert [cells for _, cells in bank.answered] == [range(8, 10), range(12, 14)]


def test_a_forbidden_range_is_not_bridged() -> None:
    """One address that must not be touched divides a request."""
    assert reads(Meter, forbidden={INPUT: [range(15, 16)]}) == [
        ("input", 8, 14),
        ("input", 18, 19),
    ]
    assert reads(Meter, forbidden={HOLDING: [range(65536)]}) == [("input", 8, 19)]


def test_a_block_keeps_to_its_length() -> None:
    """The limit is of every table, or of one, and never above the protocol's."""
    short = [("input", 8, 12), ("input", 12, 14), ("input", 18, 19)]
    assert reads(Meter, max_block=4) == short
    assert reads(Meter, max_block={INPUT: 10}) == [("input", 8, 14), ("input", 18, 19)]
    assert reads(Meter, max_block={HOLDING: 1}) == [("input", 8, 19)]
    assert reads(Meter, max_block=3000) == [("input", 8, 19)]


def test_a_block_keeps_to_one_readable_range() -> None:
    """Adjacent ranges stay apart: some devices do not read over a border."""
    areas = {INPUT: [range(12), range(12, 100)]}
    assert reads(Meter, readable=areas) == [("input", 8, 12), ("input", 12, 19)]
    assert reads(Meter, readable={HOLDING: []}) == [("input", 8, 19)]


class Phase(RegisterMap):
    """Two values of one moment, and a setting between them."""

    power: RO[float] = holding_register(0, float32)
    energy: RO[float] = holding_register(8, float32)


class Phases(RegisterMap):
    """Phases, interleaved."""

    phases: RO[tuple[Phase, ...]] = repeat(Phase, base=0, stride=2, count=3, together=True)
    limit: RW[int] = holding_register(30, uint16)


def test_a_group_is_read_together() -> None:
    """Each item comes by one request, over gaps of any length; one alone by its own."""
    assert reads(Phases) == [("holding", 0, 14), ("holding", 30, 31)]
    assert reads(Phases, max_block=10) == [
        ("holding", 0, 10),
        ("holding", 2, 12),
        ("holding", 4, 14),
        ("holding", 30, 31),
    ]
    bank = PickyBank()
    device = Device(Wire(bank), Phases)
    device.read(Phases.phases[1])
    device.read(Phases.phases[1].at(Phase.energy))
    assert [cells for _, cells in bank.answered] == [range(2, 12), range(10, 12)]


def test_a_block_of_groups_that_interleave_has_its_fields_in_order() -> None:
    """The slots of a block ascend, whichever groups they are of."""
    block, _ = plan_model(layout_of(Phases))
    assert [slot.address for slot in block.slots] == [0, 2, 4, 8, 10, 12]
    assert block.place == "Phases.phases[0].power..Phases.phases[2].energy: holding[0..13]"


def test_the_outermost_group_is_the_one_that_is_read_together() -> None:
    """What is together inside of what is together is so all the more."""

    class Outer(RegisterMap):
        inner: RO[Phase] = group(Phase, base=0, together=True)
        other: RO[int] = holding_register(20, uint16)

    class Map(RegisterMap):
        outer: RO[Outer] = group(Outer, base=5, together=True)

    assert reads(Map) == [("holding", 5, 26)]


def test_a_simulated_device_answers_reads_over_the_gaps_that_it_declares() -> None:
    """Cells in a group that is read together, or in a range read alone, are there."""

    class Map(RegisterMap, read_alone={HOLDING: [range(40, 45)]}):
        phase: RO[Phase] = group(Phase, base=0, together=True)
        code: RO[int] = holding_register(42, uint16)

    state = Map(phase=Phase(power=1.5, energy=2.5), code=7)
    assert Device(Wire(SimulatedDevice(state).bank), Map).read() == state


class Command(RegisterMap):
    """A group with a field that nobody can read."""

    before: RO[int] = holding_register(0, uint16)
    command: WO[int] = holding_register(1, uint16, default=None)
    after: RO[int] = holding_register(2, uint16)


class Mixed(RegisterMap):
    """A group in two tables."""

    flow: RO[int] = input_register(0, uint16)
    limit: RO[int] = holding_register(0, uint16)


class Wide(RegisterMap):
    """A group that no request holds."""

    first: RO[int] = holding_register(0, uint16)
    last: RO[int] = holding_register(125, uint16)


@pytest.mark.parametrize(
    ("model", "line"),
    [
        (
            Command,
            (
                "Map.x.before..Map.x.after: holding[10..12] cannot be one read: "
                "there is a write-only field in it"
            ),
        ),
        (
            Mixed,
            (
                "Map.x: cannot be read together, in one request: "
                "Map.x.flow: input[10], Map.x.limit: holding[10]"
            ),
        ),
        (
            Wide,
            (
                "Map.x.first..Map.x.last: holding[10..135] is too long for one read, "
                "which brings 125 at most"
            ),
        ),
    ],
)
def test_what_cannot_be_read_together(model: type[RegisterMap], line: str) -> None:
    """The class statement says which group does not fit, and why."""
    with pytest.raises(DefinitionError) as failure:

        class Map(RegisterMap):
            x: RO[Any] = group(model, base=10, together=True)

    assert str(failure.value) == line


@pytest.mark.parametrize(
    ("rules", "line"),
    [
        (
            {"forbidden": {INPUT: [range(13, 14)]}},
            "Map.power: input[12..13] touches the forbidden input[13]",
        ),
        (
            {"readable": {INPUT: [range(13), range(13, 99)]}},
            "Map.power: input[12..13] is not in one readable range",
        ),
        ({"readable": {INPUT: []}}, "Map.power: input[12..13] is not in one readable range"),
        (
            {"max_block": 3},
            "Map.name: holding[0..3] is too long for one read, which brings 3 at most",
        ),
        (
            {"read_alone": {INPUT: [range(10, 20)]}, "forbidden": {INPUT: [range(19, 30)]}},
            "Map.power: input[10..19] touches the forbidden input[19..29]",
        ),
        (
            {"read_alone": {HOLDING: [range(6)]}},
            "Map.name: holding[0..5] cannot be one read: there is a write-only field in it",
        ),
    ],
)
def test_a_field_that_cannot_be_read(rules: dict[str, Any], line: str) -> None:
    """A class, and a device that overrides its keywords, name field, table and range."""

    class Map(RegisterMap):
        power: RO[float] = input_register(12, float32)
        name: RO[str] = holding_register(0, string(4))
        reset: WO[int] = holding_register(4, uint16, default=None)

    with pytest.raises(DefinitionError) as failure:

        class Ruled(Map, **rules):
            pass

    assert str(failure.value) == line.replace("Map", "Ruled")
    with pytest.raises(DefinitionError) as failure:
        Device(Wire(PickyBank()), Map, **rules)
    assert str(failure.value) == line


def test_some_of_a_group_cannot_be_read_alone() -> None:
    """Together with the others, and alone: not both."""
    with pytest.raises(DefinitionError, match=r"^Map\.phase: cannot be read together"):

        class Map(RegisterMap, read_alone={HOLDING: [range(2)]}):
            phase: RO[Phase] = group(Phase, base=0, together=True)

    class All(RegisterMap, read_alone={HOLDING: [range(12)]}):
        phase: RO[Phase] = group(Phase, base=0, together=True)

    assert reads(All) == [("holding", 0, 12)]


def test_what_is_only_written_may_be_forbidden_to_read() -> None:
    """No read touches it anyway."""

    class Map(RegisterMap, max_gap=9, forbidden={HOLDING: [range(1, 3)]}):
        before: RO[int] = holding_register(0, uint16)
        reset: WO[int] = holding_register(1, uint16, default=None)
        after: RO[int] = holding_register(3, uint16)

    assert reads(Map) == [("holding", 0, 1), ("holding", 3, 4)]


WRONG: list[tuple[str, object, str]] = [
    ("max_gap", -1, "max_gap must be a number of cells, 0 or more, not -1"),
    ("max_block", 0, "max_block must be a number of cells, 1 or more, or one by table, not 0"),
    ("max_block", True, "max_block must be a number of cells, 1 or more, or one by table"),
    ("max_block", {INPUT: "3"}, "max_block must be a number of cells, 1 or more, or one by table"),
    ("max_block", {"input": 3}, "max_block must be a number of cells, 1 or more, or one by table"),
    ("forbidden", [range(3)], "forbidden must be ranges of addresses by table, not [range(0, 3)]"),
    ("readable", {"input": []}, "readable must be ranges of addresses by table, not"),
    ("read_alone", {INPUT: range(3)}, "read_alone must be a list of ranges for Table.INPUT"),
    ("read_alone", {INPUT: 3}, "read_alone must be a list of ranges for Table.INPUT"),
    ("forbidden", {INPUT: [3]}, "forbidden: 3 is no range of input addresses in 0..65535"),
    ("forbidden", {INPUT: [range(3, 3)]}, "forbidden: range(3, 3) is no range of input addresses"),
    ("forbidden", {INPUT: [range(0, 9, 2)]}, "forbidden: range(0, 9, 2) is no range of input"),
    ("forbidden", {COILS: [range(65537)]}, "forbidden: range(0, 65537) is no range of coil"),
]


@pytest.mark.parametrize(("keyword", "value", "line"), WRONG)
def test_wrong_keywords(keyword: str, value: object, line: str) -> None:
    """A class and a device refuse them alike."""
    with pytest.raises(DefinitionError) as failure:

        class Map(RegisterMap, **{keyword: value}):
            pass

    assert str(failure.value).startswith(f"Map: {line}")
    wrong: Any = {keyword: value}
    with pytest.raises(ValueError, match="^" + keyword) as refusal:
        Device(Wire(PickyBank()), Meter, **wrong)
    assert str(refusal.value).startswith(line)


def test_keywords_are_inherited_and_replaced_one_by_one() -> None:
    """A subclass says only what differs."""

    class Base(RegisterMap, max_gap=3, max_block=20, forbidden={INPUT: [range(5)]}):
        pass

    class Derived(Base, max_block={COILS: 7}, readable={INPUT: [range(5, 9)]}):
        pass

    rules = Derived.__layout__.rules
    assert rules.gap == 3
    assert (rules.limit(COILS), rules.limit(INPUT)) == (7, 125)
    assert rules.forbidden_in(INPUT, range(4, 6)) == range(5)
    assert rules.may_read(INPUT, range(5, 9))
    assert not rules.may_read(INPUT, range(8, 10))


def test_the_rules_of_a_groups_class_are_not_those_of_the_map() -> None:
    """They are about absolute addresses, and a group is placed anywhere."""

    class Part(RegisterMap, max_gap=9, forbidden={HOLDING: [range(50, 60)]}):
        a: RO[int] = holding_register(0, uint16)
        b: RO[int] = holding_register(2, uint16)

    class Map(RegisterMap):
        part: RO[Part] = group(Part, base=50)

    assert reads(Map) == [("holding", 50, 51), ("holding", 52, 53)]


def test_equal_rules_share_their_plans() -> None:
    """A plan is made once for each class and set of options, however those are given."""
    wire = Wire(PickyBank())
    plans = {
        id(Device(wire, Meter, **given)._plans)
        for given in (
            {},
            {"max_gap": 4},
            {"max_gap": 4, "forbidden": None},
        )
    }
    assert len(plans) == 1
    one, _ = rules_from({"forbidden": {INPUT: [range(3, 5)]}})
    other, _ = rules_from({"forbidden": {INPUT: (range(3, 5),)}})
    assert one == other
    assert hash(one) == hash(other)


def test_bits_keep_to_the_rules_too() -> None:
    """A block of coils is cut by cells, not by bytes."""

    class Relays(RegisterMap, max_gap=5, forbidden={COILS: [range(9, 10)]}):
        a: RW[bool] = coil(3)
        b: RW[bool] = coil(8)
        c: RW[bool] = coil(11)

    assert reads(Relays) == [("coil", 3, 9), ("coil", 11, 12)]


async def _read_async(port: int) -> Coded:
    async with AsyncClient("127.0.0.1", port) as client:
        return await AsyncDevice(client, Coded, max_block=4, forbidden={HOLDING: [range(9)]}).read()


def test_both_styles_take_the_overrides() -> None:
    """Over real sockets, a device is read by its own rules to the same state."""
    state = Coded(voltage=2300, between=0x0047_0001, current=5, frequency=500, model=0x47)
    with simulate(state, port=0) as sim:
        with Client(sim.host, sim.port) as client:
            assert Device(client, Coded, max_block=4).read() == state
        assert asyncio.run(_read_async(sim.port)) == state


def test_a_refused_read_says_which_cells_it_bridged() -> None:
    """Nobody declared them, and the device may have refused the read for their sake."""

    class Gapped(RegisterMap, max_gap=4):
        first: RO[int] = holding_register(0, uint16)
        second: RO[int] = holding_register(2, uint16)
        third: RO[int] = holding_register(5, uint16)

    bank = SparseBank({Table.HOLDING_REGISTERS: [range(1)]})
    with Server(bank, port=0) as server, Client(*server.address) as client:
        device = Device(client, Gapped)
        gaps = re.escape("holding[0..5] (max_gap bridges holding[1], holding[3..4])")
        with pytest.raises(IllegalDataAddress, match=gaps):
            device.read()
        with pytest.raises(IllegalDataAddress, match=r"Gapped\.third: holding\[5\]: exc"):
            device.read(Gapped.third)
