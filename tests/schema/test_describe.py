"""Documents of a map: what is in them, that they hold together, and what changed between two."""

import csv
import io
from enum import IntEnum
from html.parser import HTMLParser
from pathlib import Path

import pytest

from modbus_schema.__main__ import main
from modbus_schema.codecs import bits, enum, float32, int16, uint16, uint32
from modbus_schema.describe.diff import Kind, diff
from modbus_schema.describe.html import to_html
from modbus_schema.describe.markdown import to_markdown
from modbus_schema.describe.rows import rows_of
from modbus_schema.describe.table_csv import to_csv
from modbus_schema.fields.descriptors import RO, RW, WO
from modbus_schema.fields.placements import coil, group, holding_register, input_register, repeat
from modbus_schema.model.register_map import RegisterMap

DASH = "\N{EN DASH}"


class Mode(IntEnum):
    """A mode."""

    OFF = 0
    HEAT = 1


class Wider(IntEnum):
    """A mode more."""

    OFF = 0
    HEAT = 1
    COOL = 2


class Zone(RegisterMap):
    """A zone."""

    target: RW[float] = holding_register(0, int16.scaled("0.1"), unit="degC", min=5, max=30)


class Timed(RegisterMap, every="1m"):
    """Fields with periods of their own."""

    serial: RO[int] = input_register(0, uint16, every="once")
    power: RO[int] = input_register(1, uint16, every=0.5)
    reset: WO[bool] = coil(0)
    zone: RO[Zone] = group(Zone, base=3)


class Pump(RegisterMap, word_order="little"):
    """A pump <of> the | first kind.

    It has zones.
    """

    flow: RO[float] = input_register(12, float32, unit="l/min", description="measured & averaged")
    mode: RW[Mode] = holding_register(0, enum(Mode, bits(3, 4)))
    reset: WO[bool] = coil(9998)
    far: RO[int] = input_register(9999, uint16)
    zones: RW[tuple[Zone, ...]] = repeat(Zone, base=100, stride=1, count=2)


class Page(HTMLParser):
    """The tags of a page, which must close as they open, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.text = ""
        self.links: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_is_whole_and_needs_nothing_else() -> None:
    """Its tags close, its links stay inside, and its text says what the map says."""
    page = Page(to_html(Pump))
    assert page.open == []
    assert {"script", "link", "img"}.isdisjoint(page.seen)
    assert page.links == ["#coil", "#input", "#holding"]
    for text in (
        "A pump <of> the | first kind.",
        "It has zones.",
        "measured & averaged",
        "zones[1].target",
        "0x000C",
        "40102",
        f"12{DASH}13",
        "bits 3..4",
        "word little",
        "1 HEAT",
        f"5{DASH}30",
    ):
        assert text in page.text, text


def test_markdown_has_a_line_for_each_field() -> None:
    """Both notations of the address, and nothing that Markdown takes for its own."""
    lines = to_markdown(Pump, title="Pump 7").splitlines()
    assert lines[0] == "# Pump 7"
    assert "A pump \\<of\\> the \\| first kind." in lines
    rows = [line for line in lines if line.startswith("| ") and line[2].isdigit()]
    assert len(rows) == 6
    assert "| 12..13 | 30013 | flow | float32, word little | RO | l/min |  | " in "".join(rows)
    assert "| 9998 | 09999 | reset | single\\_bit | WO |" in "".join(rows)
    assert "| 9999 | 310000 | far | uint16 | RO |" in "".join(rows)
    assert "zones\\[0\\].target" in "".join(rows)
    assert {line.replace("\\|", "").count("|") for line in rows} == {9}


def test_csv_has_the_fields_as_data() -> None:
    """One line a field, with a head line."""
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(to_csv(Pump)))}
    assert rows["flow"] == {
        "table": "input",
        "address": "12",
        "modicon": "30013",
        "size": "2",
        "name": "flow",
        "type": "float32",
        "order": "word little",
        "access": "RO",
        "unit": "l/min",
        "min": "",
        "max": "",
        "values": "",
        "every": "",
        "description": "measured & averaged",
        "overlap": "",
    }
    assert rows["mode"]["values"] == "0=OFF 1=HEAT"
    assert (rows["zones[1].target"]["min"], rows["zones[1].target"]["max"]) == ("5", "30")


def test_documents_say_how_often_a_field_is_read() -> None:
    """A map that says nothing about it has no column for it."""
    heads = [line for line in to_markdown(Timed).splitlines() if line.startswith("| Address")]
    assert all(" Range | Every | Description |" in head for head in heads)
    assert "| serial | uint16 | RO |  |  | once |  |" in to_markdown(Timed)
    assert "| power | uint16 | RO |  |  | 500ms |  |" in to_markdown(Timed)
    assert "| reset | single\\_bit | WO |  |  |  |  |" in to_markdown(Timed)
    assert "Every" not in to_markdown(Pump)
    assert "Every" not in Page(to_html(Pump)).text
    assert Page(to_html(Timed)).text.count("Every") == 3
    periods = {row["name"]: row["every"] for row in csv.DictReader(io.StringIO(to_csv(Timed)))}
    assert periods == {"serial": "once", "power": "500ms", "reset": "", "zone.target": "1m"}


def test_another_period_breaks_nothing() -> None:
    """It is a difference all the same."""

    class Slower(Timed):
        power: RO[int] = input_register(1, uint16, every="1m")

    (difference,) = diff(Timed, Slower)
    assert str(difference) == "compatible  power: every: 500ms -> 1m"


class Newer(RegisterMap, word_order="little"):
    """The next version of the pump."""

    flow: RO[float] = input_register(14, float32, unit="l/h", description="measured")
    mode: RO[Wider] = holding_register(0, enum(Wider, bits(3, 4)))
    far: RO[int] = input_register(9999, int16)
    speed: RW[int] = holding_register(50, uint16)
    zones: RW[tuple[Zone, ...]] = repeat(Zone, base=100, stride=1, count=2)


def test_what_changed_is_named_and_judged() -> None:
    """A field gone, moved, of another meaning or allowing less breaks; more of it does not."""
    found = [(each.name, each.kind, each.is_breaking) for each in diff(Pump, Newer)]
    assert found == [
        ("reset", Kind.REMOVED, True),
        ("flow", Kind.MOVED, True),
        ("flow", Kind.UNIT, True),
        ("flow", Kind.DESCRIPTION, False),
        ("far", Kind.TYPE, True),
        ("mode", Kind.ACCESS, True),
        ("mode", Kind.VALUES, False),
        ("speed", Kind.ADDED, False),
    ]
    assert diff(Pump, Pump) == []


@pytest.mark.parametrize(
    ("old", "new", "is_breaking"),
    [
        ((None, None), (0, 9), True),
        ((0, 9), (None, None), False),
        ((0, 9), (0, 10), False),
        ((0, 9), (1, 9), True),
        ((0, 9), (0, None), False),
    ],
)
def test_limits_break_where_they_narrow(
    old: tuple[float | None, float | None],
    new: tuple[float | None, float | None],
    is_breaking: bool,
) -> None:
    """A value that was taken and no longer is breaks whoever writes it."""

    def limited(low: float | None, high: float | None) -> type[RegisterMap]:
        class Map(RegisterMap):
            level: RW[int] = holding_register(0, uint16, min=low, max=high)

        return Map

    (difference,) = diff(limited(*old), limited(*new))
    assert (difference.kind, difference.is_breaking) == (Kind.LIMITS, is_breaking)


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """It prints what the functions return, and its status tells CI what breaks."""
    pump, newer = f"{__name__}:Pump", f"{__name__}:Newer"
    assert main(["markdown", pump]) == 0
    assert capsys.readouterr().out == to_markdown(Pump)
    assert main(["html", pump]) == 0
    assert capsys.readouterr().out == to_html(Pump)
    assert main(["json-schema", pump]) == 0
    assert '"title": "Pump"' in capsys.readouterr().out
    assert main(["diff", pump, pump]) == 0
    assert capsys.readouterr().out == ""
    assert main(["diff", pump, newer]) == 1
    assert "breaking    reset: removed: coil[9998] -> -" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "why"),
    [("nowhere:Pump", "No module"), (f"{__name__}:Lamp", "no attribute"), ("csv:reader", "no reg")],
)
def test_a_map_that_is_not_there(name: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The message says what cannot be had, and the status is that of a wrong command."""
    with pytest.raises(SystemExit) as ended:
        main(["csv", name])
    assert ended.value.code == 2
    assert why in capsys.readouterr().err


def test_a_page_can_be_written_to_a_file(tmp_path: Path) -> None:
    """What is printed is text in UTF-8."""
    page = tmp_path / "pump.html"
    page.write_text(to_html(Pump), encoding="utf-8")
    assert page.read_bytes().startswith(b"<!DOCTYPE html>")


def test_documents_say_how_a_field_is_written_where_that_matters() -> None:
    """By which function, and what follows it."""

    class Commanded(RegisterMap, write_with="single"):
        apply: RW[int] = holding_register(9, uint16, write_with="auto")
        target: RW[int] = holding_register(0, uint16, description="setpoint", then=apply.to(1))
        mode: RW[Mode] = holding_register(5, enum(Mode), write_with="auto")
        energy: RW[int] = holding_register(1, uint32, then=mode.to(Mode.HEAT))
        seen: RO[int] = holding_register(3, uint16)
        on: RW[bool] = coil(0, write_with="multiple")

    told = {row.name: row.description for row in rows_of(Commanded)}
    assert told == {
        "apply": "",
        "target": "setpoint; written by FC 6; followed by apply = 1",
        "energy": "followed by mode = HEAT",
        "mode": "",
        "seen": "",
        "on": "written by FC 15",
    }
