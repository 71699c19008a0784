"""A map as Markdown: a heading, its text, and a table for each table of the device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modbus_schema.describe.rows import TITLES, Row, rows_by_table, summary
from modbus_schema.model.register_map import RegisterMap

_HEADS = ("Address", "Modicon", "Field", "Type", "Access", "Unit", "Range", "Every", "Description")


def to_markdown(model: type[RegisterMap], *, title: str | None = None) -> str:
    """Return the document of a map; addresses in both notations, on the wire and from 1 on."""
    parts = [f"# {_escaped(title or model.__name__)}", _escaped(summary(model))]
    tables = list(rows_by_table(model))
    have_periods = any(row.every for _, rows in tables for row in rows)
    for table, rows in tables:
        parts += [f"## {TITLES[table]}", "\n".join(_table(rows, have_periods))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(rows: Iterable[Row], have_periods: bool) -> Iterator[str]:
    heads = [head for head in _HEADS if have_periods or head != "Every"]
    yield _line(heads)
    yield _line("---" for _ in heads)
    for row in rows:
        cells = zip(_HEADS, _cells(row), strict=True)
        yield _line(_in_cell(cell) for head, cell in cells if head in heads)


def _cells(row: Row) -> tuple[str, ...]:
    last = row.address + row.size - 1
    address = f"{row.address}" if row.size == 1 else f"{row.address}..{last}"
    kind = ", ".join(
        part for part in (row.type, row.bits and f"bits {row.bits}", row.order) if part
    )
    return (
        address,
        row.modicon,
        row.name,
        kind,
        row.access,
        row.unit,
        row.limits,
        row.every,
        describe_values(row),
    )


def describe_values(row: Row) -> str:
    """Return the description of a field and the names of its values."""
    values = ", ".join(f"{number} {name}" for number, name in row.values.items())
    return "; ".join(part for part in (row.notes, values) if part)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _in_cell(text: str) -> str:
    """Return a text for a table, whose rows are lines."""
    return "<br>".join(map(_escaped, text.splitlines()))


def _escaped(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    for special in "\\`*_{}[]<>|":
        text = text.replace(special, f"\\{special}")
    return text
