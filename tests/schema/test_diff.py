"""What changes where a device says itself what it has: all of it breaks."""

import pytest

from modbus_schema import (
    RO,
    RW,
    RegisterMap,
    coil,
    discrete_input,
    group,
    holding_register,
    repeat,
    uint16,
)
from modbus_schema.describe.diff import Kind, diff
from modbus_schema.describe.markdown import to_markdown
from modbus_schema.describe.rows import rows_of


class Zone(RegisterMap):
    """What repeats."""

    target: RW[int] = holding_register(0, uint16)


class Fixed(RegisterMap):
    """What every device has."""

    zone_count: RO[int] = holding_register(0, uint16)
    has_eco: RO[bool] = discrete_input(0)
    has_more: RO[bool] = discrete_input(1)
    eco: RW[bool] = coil(7)
    first: RW[Zone] = group(Zone, base=50)
    zones: RW[tuple[Zone, ...]] = repeat(Zone, base=10, stride=1, count=1)


class MaybeEco(Fixed):
    """A field that some have."""

    eco: RW[bool | None] = coil(7, present_if=Fixed.has_eco)  # type: ignore[assignment]


class OtherEco(Fixed):
    """A field that others have."""

    eco: RW[bool | None] = coil(7, present_if=Fixed.has_more)  # type: ignore[assignment]


class MaybeFirst(Fixed):
    """A group that some have."""

    first: RW[Zone | None] = group(Zone, base=50, present_if=Fixed.has_eco)  # type: ignore[assignment]


class Counted(Fixed):
    """What repeats as often as the device says."""

    zones: RW[tuple[Zone, ...]] = repeat(Zone, base=10, stride=1, count=Fixed.zone_count, at_most=1)


@pytest.mark.parametrize(
    ("old", "new", "name", "before", "after"),
    [
        (Fixed, MaybeEco, "eco", "", "present by has_eco"),
        (MaybeEco, OtherEco, "eco", "present by has_eco", "present by has_more"),
        (Fixed, MaybeFirst, "first.target", "", "present by has_eco"),
        (Fixed, Counted, "zones[0].target", "", "counted by zone_count"),
        (Counted, Fixed, "zones[0].target", "counted by zone_count", ""),
    ],
)
def test_what_a_device_tells_otherwise_breaks(
    old: type[RegisterMap], new: type[RegisterMap], name: str, before: str, after: str
) -> None:
    """A program for the old map would meet None, or another number of items."""
    (difference,) = diff(old, new)
    assert difference == (name, Kind.TOLD, before, after, True)


def test_a_description_of_several_lines_stays_in_its_cell() -> None:
    """A row of a table in Markdown is one line."""

    class Noted(RegisterMap):
        level: RW[int] = holding_register(0, uint16, description="litres\n\n*above* ground")

    (line,) = [line for line in to_markdown(Noted).splitlines() if "level" in line]
    assert line.endswith("| litres<br><br>\\*above\\* ground |")
    assert [row.description for row in rows_of(Noted)] == ["litres\n\n*above* ground"]
