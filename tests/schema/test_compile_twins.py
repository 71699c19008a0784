"""Decoding into classes of every ancestry: an instance is always one of the very class."""

from typing import Generic, TypeVar

import pytest

from modbus_schema.codecs import int16, uint16
from modbus_schema.compile import compile_decoder
from modbus_schema.fields.descriptors import RO, RW
from modbus_schema.fields.placements import holding_register, input_register, repeat
from modbus_schema.layout.tree import layout_of
from modbus_schema.model.register_map import RegisterMap
from tests.schema.compile_checks import IMAGE, PLANT, Plant, generated
from tests.schema.generated_maps import whole_tables

T = TypeVar("T")

SUBCLASSES: list[type] = []


class WithDict:
    """A class without slots, whose instances have a dict."""


class WithSlots:
    """A class with slots, none of them used."""

    __slots__ = ()


class Registry(RegisterMap):
    """Notes each class that derives from it."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        SUBCLASSES.append(cls)


class First(Registry):
    """A field."""

    one: RO[int] = input_register(0, int16)


class Added(First):
    """Another."""

    two: RO[int] = input_register(1, int16)


class Unchanged(First):
    """No other."""


class Mixed(First, WithDict):
    """A field and a dict."""

    two: RO[int] = input_register(1, int16)


class FromMixed(Mixed):
    """One more."""

    three: RO[int] = input_register(2, int16)


class WithGeneric(WithSlots, First, Generic[T]):
    """A generic one."""

    two: RO[int] = input_register(1, int16)


class Outer(WithDict, RegisterMap):
    """Items with a dict in a map with one."""

    items: RO[tuple[Mixed, ...]] = repeat(Mixed, base=0, stride=2, count=2)


@pytest.mark.parametrize("model", [First, Added, Unchanged, Mixed, FromMixed, WithGeneric])
def test_every_ancestry(model: type[RegisterMap]) -> None:
    """A map with any bases is decoded into an instance that equals a constructed one."""
    layout = layout_of(model)
    blocks = whole_tables(layout)
    data = bytes(range(2 * blocks[0].quantity))
    state = generated(compile_decoder(layout.root, blocks))([data])
    assert type(state) is model
    values = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
    assert state == model(**dict(zip(layout.root.members, values, strict=True)))


def test_groups_that_are_copied() -> None:
    """Groups and items whose class has a dict are of that class, too."""
    layout = layout_of(Outer)
    decode = generated(compile_decoder(layout.root, whole_tables(layout)))
    state = decode([bytes.fromhex("0001000200030004")])
    assert state == Outer(items=(Mixed(one=1, two=2), Mixed(one=3, two=4)))
    assert [type(item) for item in state.items] == [Mixed, Mixed]


def test_bases_do_not_hear_of_twins() -> None:
    """A hook for subclasses runs for the classes that the user writes, not for generated ones."""
    before = list(SUBCLASSES)
    layout = layout_of(Added)
    compile_decoder(layout.root, whole_tables(layout))
    assert before == SUBCLASSES
    assert Added in before


def test_a_derived_map_with_no_fields_of_its_own() -> None:
    """A class that adds no field to its base is decoded as itself."""

    class Same(Plant):
        """The same."""

    layout = layout_of(Same)
    state = compile_decoder(layout.root, whole_tables(layout))([IMAGE])
    assert type(state) is Same
    assert state.zones == PLANT.zones


def test_a_map_with_code_of_its_own() -> None:
    """Properties and hooks of a class live on; reading does not run what construction runs."""
    made: list[str] = []

    class Counted(RegisterMap):
        """Counts how often it is constructed."""

        count: RW[int] = holding_register(0, uint16)

        def __attrs_post_init__(self) -> None:
            made.append("constructed")

        @property
        def twice(self) -> int:
            return self.count * 2

    layout = layout_of(Counted)
    state: Counted = generated(compile_decoder(layout.root, whole_tables(layout)))([b"\0\5"])
    assert state.twice == 10
    assert not made
