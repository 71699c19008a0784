"""What is wrong with a map is said when its class is made, all of it at once."""

from collections.abc import Sequence
from typing import Any, ClassVar

import attrs
import pytest

from modbus_schema.codecs import Codec, bit, bits, int16, int32, string, uint8, uint16, uint32
from modbus_schema.errors import DefinitionError
from modbus_schema.fields.declared import Leaf
from modbus_schema.fields.descriptors import RO, RW, WO, Field
from modbus_schema.fields.placements import (
    coil,
    discrete_input,
    group,
    holding_register,
    input_register,
    repeat,
)
from modbus_schema.layout.tree import layout_of
from modbus_schema.model.register_map import RegisterMap


def wrong(value: object) -> Any:
    """Return a value of a type that a type checker would not let through."""
    return value


class Zone(RegisterMap):
    """A zone."""

    temperature: RO[int] = input_register(0, int16)
    target: RW[int] = holding_register(0, int16)


class Meter(RegisterMap):
    """A meter, all of it read-only."""

    power: RO[int] = input_register(0, uint32)


def faults(annotation: object, placement: object, **keywords: object) -> list[str]:
    """Make ``class Map`` with one field ``x``; returns the lines of the error, or none."""
    body = {"__annotations__": {"x": annotation}, "x": placement}
    return faults_of("Map", (RegisterMap,), body, **keywords)


def faults_of(
    name: str, bases: tuple[type, ...], body: dict[str, object], **keywords: object
) -> list[str]:
    """Make a class; returns the lines of its DefinitionError, or none."""
    metaclass: Any = type(RegisterMap)
    try:
        metaclass(name, bases, {"__module__": __name__, **body}, **keywords)
    except DefinitionError as error:
        return str(error).split("\n")
    return []


def test_all_faults_are_in_one_error() -> None:
    """Faults of options, annotations, codecs, ranges and overlaps come together, a line each."""
    with pytest.raises(DefinitionError) as caught:

        class HeatPump(RegisterMap, max_gap=-1):
            energy: RO[int] = input_register(14, uint32)
            flow: RO[int] = input_register(15, uint16)
            bare = holding_register(3, uint16)
            mode: RW[int] = input_register(20, uint16)  # type: ignore[assignment]
            pump: RW[int] = coil(3, uint16)
            top: RO[int] = input_register(65535, uint32)
            word: RW[int] = holding_register(5, uint16, default=70000)

    assert sorted(str(caught.value).split("\n")) == [
        "HeatPump.bare: holding[3]: has no annotation, such as RW[...]",
        "HeatPump.energy: input[14..15] overlaps HeatPump.flow: input[15]",
        "HeatPump.mode: input[20] is read-only, so the field is RO, not RW",
        "HeatPump.pump: coil[3]: uint16 is a codec of registers, the table is one of bits",
        "HeatPump.top: input[65535..65536] is outside of 0..65535",
        "HeatPump.word: holding[5]: the default 70000 cannot be held: 70000 is outside 0..65535",
        "HeatPump: max_gap must be a number of cells, 0 or more, not -1",
    ]


@pytest.mark.parametrize(
    ("annotation", "placement", "fault"),
    [
        (RO[int], input_register(-1, int16), "input[-1] is outside of 0..65535"),
        (RO[int], input_register(65535, int32), "input[65535..65536] is outside of 0..65535"),
        (
            RO[int],
            input_register(True, int16),
            "input[True]: the address must be an int, not True",
        ),
        (
            RO[int],
            input_register(wrong(None), int16),
            "input[None]: the address must be an int, not None",
        ),
        (RW[int], input_register(3, int16), "input[3] is read-only, so the field is RO, not RW"),
        (WO[bool], discrete_input(3), "discrete[3] is read-only, so the field is RO, not WO"),
        (
            RO[int],
            discrete_input(3, uint16),
            "discrete[3]: uint16 is a codec of registers, the table is one of bits",
        ),
        (RO[int], input_register(3, wrong(None)), "input[3]: None is no codec"),
        (
            int,
            input_register(3, int16),
            "a placement is annotated with RO[...], RW[...] or WO[...]",
        ),
        (int, 5, "is annotated, but neither a placement nor a ClassVar"),
        (RO[int], holding_register(0, int16, min=4, max=3), "min 4 is above max 3"),
        (
            RO[int],
            holding_register(0, int16, min=wrong("4")),
            "min and max must be numbers, not '4'",
        ),
        (
            RO[str],
            holding_register(0, string(4), max=3),
            "min and max bound numbers, which string(4) does not hold",
        ),
        (
            RO[bool],
            holding_register(0, bit(4), max=3),
            "min and max bound numbers, which bit(4) does not hold",
        ),
        (
            RO[int],
            holding_register(0, int16, word_order=wrong("middle")),
            'word_order must be "big" or "little", not \'middle\'',
        ),
        (
            RO[int],
            holding_register(0, int16, byte_order=wrong("middle")),
            'byte_order must be "big" or "little", not \'middle\'',
        ),
        (
            RO[int],
            holding_register(0, int16, validator=wrong([3])),
            "the validator 3 is not callable",
        ),
        (
            RO[str],
            input_register(0, string(126)),
            "input[0..125] is too long to be read by one request, which moves at most 125",
        ),
        (
            RW[str],
            holding_register(0, string(124)),
            "holding[0..123] is too long to be written by one request, which moves at most 123",
        ),
        (
            RO[int],
            holding_register(0, int16, every="soon"),
            'every must be a time such as "500ms", "1s", "5m" or "once", not \'soon\'',
        ),
        (RO[int], holding_register(0, int16, every=0), "every must be 1ms..366d, not 0"),
        (RO[bool], coil(3, every="400d"), "every must be 1ms..366d, not '400d'"),
        (
            WO[int],
            holding_register(0, int16, every="1s"),
            "a field that is never read has no period",
        ),
        (
            RO[Zone],
            group(Zone, base=3, every=wrong(True)),
            'every must be a time such as "500ms", "1s", "5m" or "once", not True',
        ),
        (
            RO[Zone],
            repeat(Zone, base=3, stride=1, count=2, every=1 / 3),
            f"every must be whole nanoseconds, which {1 / 3!r} is not",
        ),
        (WO[Zone], group(Zone, base=3), "a group is RO or RW; its members may be WO"),
        (
            RW[Meter],
            group(Meter, base=3),
            "nothing in Meter is writable, so the group is RO",
        ),
        (RO[int], group(wrong(int), base=3), "<class 'int'> is no register map"),
        (RO[Zone], group(Zone, base=-3), "base must be an int in 0..65535, not -3"),
        (
            RO[Zone],
            repeat(Zone, base=0, stride=0, count=1),
            "stride must be an int in 1..65535, not 0",
        ),
        (
            RO[Zone],
            repeat(Zone, base=0, stride=1, count=0),
            "count must be an int in 1..65535, not 0",
        ),
        (
            RO[Zone],
            repeat(Zone, base=0, stride=60000, count=3),
            "item 2 begins at 120000, past 65535",
        ),
    ],
)
def test_a_wrong_field_is_named(annotation: object, placement: object, fault: str) -> None:
    """Each fault is one line, which names class.field, table and address."""
    (line,) = faults(annotation, placement)
    leaf = getattr(placement, "declaration", None)
    if isinstance(leaf, Leaf) and not fault.startswith(f"{leaf.table.label}["):
        fault = f"{leaf.table.label}[{leaf.address!r}]: {fault}"
    assert line == f"Map.x: {fault}"


def test_defaults_keep_limits_and_validators() -> None:
    """A default is checked as a value to be written would be."""
    low = holding_register(3, int16, min=5, default=4)
    odd = holding_register(3, int16, validator=attrs.validators.in_([2, 4]), default=3)
    uneven = holding_register(3, int16.scaled("0.1"), default=1.25)
    for placement in (low, odd, uneven):
        (line,) = faults(RW[int], placement)
        assert line.startswith("Map.x: holding[3]: the default")
    fine = holding_register(3, int16.optional(0x8000), min=5, default=None)
    assert faults(RW[int], fine) == []


def test_only_write_only_fields_may_hold_nothing() -> None:
    """None, for nothing to write, is a default of WO fields and of what else encodes it."""
    assert faults(WO[bool], coil(3, default=None)) == []
    (line,) = faults(RW[bool], coil(3, default=None))
    assert line.startswith("Map.x: coil[3]: the default None cannot be held")


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("self", "a field cannot be called self"),
        ("_x", "the name of a field cannot begin with an underscore"),
        ("replace", "the name is taken by RegisterMap.replace"),
        ("hello", "the name is taken by Base.hello"),
    ],
)
def test_names_that_are_taken(name: str, fault: str) -> None:
    """A field cannot hide what its bases define, nor be private."""

    class Base(RegisterMap):
        def hello(self) -> None:
            """Greet."""

    body = {"__annotations__": {name: RO[int]}, name: holding_register(0, int16)}
    assert faults_of("Map", (Base,), body) == [f"Map.{name}: holding[0]: {fault}"]


@pytest.mark.parametrize(
    ("keywords", "fault"),
    [
        ({"word_order": "middle"}, 'word_order must be "big" or "little", not \'middle\''),
        ({"byte_order": None}, 'byte_order must be "big" or "little", not None'),
        ({"max_gap": True}, "max_gap must be a number of cells, 0 or more, not True"),
        (
            {"max_gaps": 3},
            (
                "max_gaps is no keyword of a register map "
                "(word_order, byte_order, every, max_gap, max_block, forbidden, readable, "
                "read_alone, write_with, max_write, mask_write)"
            ),
        ),
    ],
)
def test_class_keywords_are_checked(keywords: dict[str, object], fault: str) -> None:
    """A wrong or misspelt class keyword is a line of the error as well."""
    assert faults_of("Map", (RegisterMap,), {}, **keywords) == [f"Map: {fault}"]


@pytest.mark.parametrize(
    ("annotation", "placement", "fault"),
    [
        (None, lambda self: 3, "is a field of the base class; only a field can replace it"),
        (ClassVar[int], 3, "is a field of the base class; only a field can replace it"),
        (
            RO[int],
            holding_register(0, int16),
            "holding[0]: in the base class, it is another kind of field: RO cannot replace RW",
        ),
        (
            RW[Zone],
            group(Zone, base=4),
            (
                "in the base class, it is another kind of field: "
                "a field of one codec, a group and what repeats cannot replace each other"
            ),
        ),
    ],
)
def test_a_field_is_replaced_by_its_like_only(
    annotation: object, placement: object, fault: str
) -> None:
    """What the types promise of a base's field holds in a subclass."""
    annotations = {} if annotation is None else {"target": annotation}
    body = {"__annotations__": annotations, "target": placement}
    assert faults_of("Map", (Zone,), body) == [f"Map.target: {fault}"]


def test_a_group_is_replaced_by_a_derived_one_only() -> None:
    """Members that a reference of the base's group reaches must exist in the subclass's."""

    class Base(RegisterMap):
        main: RO[Zone] = group(Zone, base=0)

    body = {"__annotations__": {"main": RO[Meter]}, "main": group(Meter, base=0)}
    (line,) = faults_of("Map", (Base,), body)
    assert line.endswith("Meter is not derived from Zone")


def test_overlaps_in_groups_are_found() -> None:
    """Fields of groups and of items overlap where their absolute cells do."""
    body = {
        "__annotations__": {"flow": RO[int], "zones": RO[Any]},
        "flow": input_register(201, int16),
        "zones": repeat(Meter, base=200, stride=1, count=2),
    }
    assert faults_of("Map", (RegisterMap,), body) == [
        "Map.zones[0].power: input[200..201] overlaps Map.flow: input[201]",
        "Map.zones[0].power: input[200..201] overlaps Map.zones[1].power: input[201..202]",
        "Map.flow: input[201] overlaps Map.zones[1].power: input[201..202]",
    ]


def test_tables_do_not_overlap_each_other() -> None:
    """The same address in four tables is four cells."""

    class Four(RegisterMap):
        coil: RW[bool] = coil(0)
        discrete: RO[bool] = discrete_input(0)
        input: RO[int] = input_register(0, int16)
        holding: RW[int] = holding_register(0, int16)

    assert len(layout_of(Four).slots) == 4


def test_bits_of_one_register_overlap_bit_by_bit() -> None:
    """Runs of bits may share a register; a bit of two fields is an overlap, in wire order."""

    class Drive(RegisterMap):
        low: RO[int] = holding_register(8, bits(0, 3))
        flag: RO[bool] = holding_register(8, bit(4))
        high: RO[int] = holding_register(8, uint8.high)

    assert [slot.mask for slot in layout_of(Drive).slots] == [0x000F, 0x0010, 0xFF00]
    body: dict[str, object] = {
        "__annotations__": {"a": RO[int], "b": RO[int], "c": RO[int]},
        "a": holding_register(8, bits(3, 5)),
        "b": holding_register(8, bits(5, 7)),
        "c": holding_register(8, uint8.high, byte_order="little"),
    }
    assert faults_of("Map", (RegisterMap,), body) == [
        "Map.a: holding[8] bits 3..5 overlaps Map.b: holding[8] bits 5..7",
        "Map.a: holding[8] bits 3..5 overlaps Map.c: holding[8] bits 8..15",
        "Map.b: holding[8] bits 5..7 overlaps Map.c: holding[8] bits 8..15",
    ]


def test_an_overlap_may_be_declared() -> None:
    """A field that says so may lie over others; those must still not overlap among themselves."""

    class Meter(RegisterMap):
        voltage: RO[int] = input_register(10, int32)
        code: RO[int] = input_register(11, uint16, overlap=True)

    assert [slot.alias for slot in layout_of(Meter).slots] == [False, True]


def test_a_codec_of_the_users_is_checked_too() -> None:
    """A size that is none, and bits outside of a register, are faults of the field."""

    class Wrong(Codec[int]):
        registers = 0

    class Wide(Codec[int]):
        registers = 2
        bit_range = (3, 4)

    (size,) = faults(RO[int], holding_register(3, Wrong()))
    assert "must have a size of at least 1, not 0" in size
    (wide,) = faults(RO[int], holding_register(3, Wide()))
    assert "has bits 3..4, which are not in one register" in wide


def test_a_codec_that_cannot_decode_zeros_may_have_limits() -> None:
    """Whether a codec holds numbers is tried with zeros; where that fails, limits are believed."""

    class Picky(Codec[float]):
        def decode(self, words: Sequence[int]) -> float:
            return 1 / words[0]

    assert faults(RO[float], holding_register(3, Picky(), min=0, max=1)) == []


def test_a_placement_outside_of_a_map_is_refused() -> None:
    """A class that is no map cannot have fields."""
    with pytest.raises((DefinitionError, RuntimeError)) as caught:

        class Plain:
            x: RO[int] = input_register(0, int16)

    error = caught.value if isinstance(caught.value, DefinitionError) else caught.value.__cause__
    assert str(error) == "Plain.x: a placement belongs in a class derived from RegisterMap"


def test_a_placement_may_be_used_again() -> None:
    """One placement can stand in several classes, with the access that each declares."""
    placement: Field[int] = holding_register(3, int16)
    assert faults(RW[int], placement) == []
    assert faults(RO[int], placement) == []


def test_a_field_declared_twice_is_named() -> None:
    """A row of a data sheet that was pasted and not renamed is not lost."""
    with pytest.raises(DefinitionError, match=r"Sheet\.power: is declared twice"):

        class Sheet(RegisterMap):
            power: RO[int] = input_register(0, int16)
            power: RO[int] = input_register(1, int16)  # type: ignore[no-redef]  # noqa: PIE794
