"""How often a field is read: how it is written, and who says it of which field."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_schema.codecs import uint16
from modbus_schema.errors import DefinitionError
from modbus_schema.fields.descriptors import RO, WO
from modbus_schema.fields.periods import LEAST, MOST, Period, period_of
from modbus_schema.fields.placements import coil, group, holding_register, input_register, repeat
from modbus_schema.layout.tree import layout_of
from modbus_schema.model.register_map import RegisterMap

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("every", "nanoseconds", "text"),
    [
        ("500ms", SECOND // 2, "500ms"),
        ("0.5s", SECOND // 2, "500ms"),
        (0.5, SECOND // 2, "500ms"),
        (timedelta(milliseconds=500), SECOND // 2, "500ms"),
        (1, SECOND, "1s"),
        (" 60 s ", 60 * SECOND, "1m"),
        ("1.5m", 90 * SECOND, "90s"),
        (1e3, 1000 * SECOND, "1000s"),
        (timedelta(days=1), 86400 * SECOND, "1d"),
        ("2h", 7200 * SECOND, "2h"),
        (0.1, SECOND // 10, "100ms"),
        ("1.5ms", 1_500_000, "1.5ms"),
        (0.001000001, 1_000_001, "1.000001ms"),
        ("once", None, "once"),
    ],
)
def test_a_period_is_exact(every: object, nanoseconds: int | None, text: str) -> None:
    """Whatever it is written as, it is what is written, and is spelt in one way."""
    assert period_of(every) == Period(nanoseconds)
    assert str(period_of(every)) == text


@given(st.integers(LEAST, MOST))
def test_the_text_of_a_period_means_the_period(nanoseconds: int) -> None:
    """To the nanosecond, at any length."""
    assert period_of(str(Period(nanoseconds))) == Period(nanoseconds)


@pytest.mark.parametrize(
    "every",
    [
        *("", "s", "1", "1 fortnight", "-1s", "1s1s", "1.s", "1e3s", "ONCE", "٣s"),
        *(0, -1, 1e-4, 1e9, float("inf"), float("nan"), 1 / 3, "0.0000000001s", "0s", "367d"),
        *(True, None, b"1s", [1], timedelta(0), timedelta(days=-1), timedelta.max),
    ],
)
def test_what_is_no_period_is_refused(every: object) -> None:
    """Nothing is guessed, rounded or taken for something near."""
    with pytest.raises(ValueError, match="every must be"):
        period_of(every)


def periods(model: type[RegisterMap]) -> dict[str, str]:
    """Return how often each field of a map is read, ``None`` where the map does not say."""
    return {
        slot.name.partition(".")[2]: str(slot.every and str(slot.every))
        for slot in layout_of(model).slots
    }


class Plain(RegisterMap):
    """It says nothing about periods."""

    own: RO[int] = input_register(0, uint16, every="1s")
    other: RO[int] = input_register(1, uint16)
    reset: WO[bool] = coil(0)


class Slow(RegisterMap, every="1h"):
    """It has a period for its fields."""

    own: RO[int] = input_register(0, uint16, every="1s")
    other: RO[int] = input_register(1, uint16)
    plain: RO[Plain] = group(Plain, base=2)


class Device(RegisterMap, every="1m"):
    """All of them, placed with and without a period."""

    plain: RO[Plain] = group(Plain, base=0)
    plain_once: RO[Plain] = group(Plain, base=10, every="once")
    slow: RO[Slow] = group(Slow, base=20)
    slow_fast: RO[tuple[Slow, ...]] = repeat(Slow, base=30, stride=10, count=1, every="2s")
    far: RO[int] = holding_register(0, uint16)


def test_the_inner_one_says_more_than_the_outer() -> None:
    """Field over the placement around it, that over the class, the class over what holds it."""
    assert periods(Plain) == {"own": "1s", "other": "None", "reset": "None"}
    assert periods(Device) == {
        "plain.own": "1s",
        "plain.other": "1m",
        "plain.reset": "None",
        "plain_once.own": "1s",
        "plain_once.other": "once",
        "plain_once.reset": "None",
        "slow.own": "1s",
        "slow.other": "1h",
        "slow.plain.own": "1s",
        "slow.plain.other": "1h",
        "slow.plain.reset": "None",
        "slow_fast[0].own": "1s",
        "slow_fast[0].other": "2s",
        "slow_fast[0].plain.own": "1s",
        "slow_fast[0].plain.other": "2s",
        "slow_fast[0].plain.reset": "None",
        "far": "1m",
    }


def test_a_derived_class_inherits_the_period_and_may_change_it() -> None:
    """As it does with the other keywords."""

    class Inherits(Slow):
        """As slow."""

    class Faster(Slow, every=timedelta(seconds=5)):
        """Faster."""

    assert periods(Inherits) == periods(Slow)
    assert periods(Faster)["other"] == "5s"


def test_a_wrong_period_of_a_class_is_a_line_of_its_error() -> None:
    """Together with whatever else is wrong."""
    keywords: dict[str, Any] = {"every": "now and then", "max_gap": -1}
    with pytest.raises(DefinitionError) as caught:

        class Map(RegisterMap, **keywords):
            x: RO[int] = input_register(0, uint16, every="1 min")

    why = 'every must be a time such as "500ms", "1s", "5m" or "once", not '
    assert sorted(str(caught.value).split("\n")) == [
        f"Map.x: input[0]: {why}'1 min'",
        f"Map: {why}'now and then'",
        "Map: max_gap must be a number of cells, 0 or more, not -1",
    ]
