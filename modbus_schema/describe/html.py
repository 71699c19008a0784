"""A map as one HTML page that needs nothing else: to be handed on, read and printed."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from modbus_schema.describe.rows import TITLES, Row, rows_by_table, summary
from modbus_schema.model.register_map import RegisterMap
from modbus_wire.codes import Table

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1c2733; margin: 2rem auto; max-width: 72rem;
  padding: 0 1rem; }
h1 { margin-bottom: .2rem; }
p.note { color: #5a6b7b; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 2rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem;
  border-bottom: 1px solid #d9e1e8; }
thead th { background: #f2f5f8; position: sticky; top: 0; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font: 13px ui-monospace, monospace; }
ul.values { margin: 0; padding-left: 1.1rem; }
nav a { margin-right: 1rem; }
@media print { body { margin: 0; max-width: none; } thead { display: table-header-group; }
  tr { break-inside: avoid; } nav { display: none; } }
""".strip()

_HEADS = ("Address", "Hex", "Modicon", "Field", "Type", "Access", "Unit", "Range")


def to_html(model: type[RegisterMap], *, title: str | None = None) -> str:
    """Return the page of a map; addresses in both notations, on the wire and from 1 on."""
    name = escape(title or model.__name__)
    tables = list(rows_by_table(model))
    links = "".join(f'<a href="#{table.label}">{TITLES[table]}</a>' for table, _ in tables)
    text = "".join(f"<p>{escape(part)}</p>\n" for part in summary(model).split("\n\n") if part)
    have_periods = any(row.every for _, rows in tables for row in rows)
    sections = "".join(_section(table, rows, have_periods) for table, rows in tables)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n"
        f'<h1>{name}</h1>\n{text}<p class="note">Addresses count from 0, as they are on the wire; '
        f"the Modicon notation counts from 1.</p>\n<nav>{links}</nav>\n{sections}</body>\n</html>\n"
    )


def _section(table: Table, rows: Iterable[Row], have_periods: bool) -> str:
    titles = (*_HEADS, *(("Every",) if have_periods else ()), "Description")
    heads = "".join(f"<th>{title}</th>" for title in titles)
    body = "".join(_line(row, have_periods) for row in rows)
    return (
        f'<h2 id="{table.label}">{TITLES[table]}</h2>\n<table>\n<thead><tr>{heads}</tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table>\n"
    )


def _line(row: Row, have_periods: bool) -> str:
    last = row.address + row.size - 1
    span = f"{row.address}" if row.size == 1 else f"{row.address}&ndash;{last}"
    kind = f"<code>{escape(row.type)}</code>"
    notes = ", ".join(part for part in (row.bits and f"bits {row.bits}", row.order) if part)
    cells = (
        f'<td class="number">{span}</td>',
        f'<td class="number">0x{row.address:04X}</td>',
        f'<td class="number">{row.modicon}</td>',
        f"<td>{escape(row.name)}</td>",
        f"<td>{kind}{f'<br>{escape(notes)}' if notes else ''}</td>",
        f"<td>{row.access}</td>",
        f"<td>{escape(row.unit)}</td>",
        f'<td class="number">{row.limits.replace("..", "&ndash;")}</td>',
        f'<td class="number">{row.every}</td>' if have_periods else "",
        f"<td>{escape(row.notes)}{_values(row)}</td>",
    )
    return f"<tr>{''.join(cells)}</tr>\n"


def _values(row: Row) -> str:
    items = "".join(f"<li>{number} {escape(name)}</li>" for number, name in row.values.items())
    return f'<ul class="values">{items}</ul>' if items else ""
