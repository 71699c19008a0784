"""CSV as the source of a map: what `describe.table_csv` writes, or any list of registers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

from modbus_schema.addresses import Notation, parse_address
from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.numbers import Number
from modbus_schema.describe.table_csv import COLUMNS
from modbus_schema.fields.declared import Leaf
from modbus_schema.fields.options import Access, WordOrder
from modbus_schema.fields.refs import path_text
from modbus_schema.imports.codec_text import Kinds, read_codec
from modbus_schema.imports.faults import Faults
from modbus_schema.imports.names import member_name, path_of
from modbus_schema.imports.sketch import Entry, Sketch, checked
from modbus_schema.imports.source import write_source
from modbus_wire.codes import Table

MEANINGS = (*COLUMNS, "scale", "offset")
"""What a column may mean; ``table``, ``address``, ``name`` and ``type`` say where and what."""

_TABLES = {
    Table.COILS: ("coil", "coils", "0x", "digitaloutput", "do"),
    Table.DISCRETE_INPUTS: ("discrete", "discreteinput", "discreteinputs", "1x", "di"),
    Table.INPUT_REGISTERS: ("input", "inputregister", "inputregisters", "3x", "ir"),
    Table.HOLDING_REGISTERS: ("holding", "holdingregister", "holdingregisters", "4x", "hr"),
}
_TABLE_NAMES = {name: table for table, names in _TABLES.items() for name in names}
_ACCESS = {
    Access.RO: ("ro", "r", "read", "readonly"),
    Access.WO: ("wo", "w", "write", "writeonly"),
    Access.RW: ("rw", "wr", "readwrite"),
}
_ACCESS_NAMES = {name: access for access, names in _ACCESS.items() for name in names}
_TRUTHS = {"": False, "no": False, "false": False, "0": False} | dict.fromkeys(
    ("yes", "true", "1", "x"), True
)
_SAYS_BY = "say yes in the column overlap"
_VALUE = re.compile(r"(-?(?:0[xX][0-9a-fA-F]+|\d+))\s*[=:]\s*")
_ORDER = re.compile(r"(word|byte) (big|little)")


def from_csv(
    text: str,
    *,
    name: str = "Device",
    columns: Mapping[str, str] | None = None,
    notation: Notation = "zero",
    table: Table | None = None,
    delimiter: str = ",",
    file: str = "csv",
) -> str:
    """Return the source of the map that a list of registers describes, one line a field.

    ``columns`` has the heading of each column that is called otherwise than what it means
    (`MEANINGS`): ``{"address": "Register", "name": "Parameter"}``. ``table`` is the one of lines
    that do not say theirs. Raises `ImportFailed` with all faults, each with ``file`` and line.
    """
    faults, kinds = Faults(), Kinds()
    sheet = _Sheet(dict(columns or {}), notation, table, kinds)
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter, restkey="", strict=True)
    entries = []
    with faults.at(file):
        sheet.check_head(rows.fieldnames or ())
    if not faults.found:
        with faults.at(file):
            for row in _lines(rows):
                where = f"{file}:{rows.line_num}"
                with faults.at(where):
                    if any(row.values()):
                        entries.append(sheet.entry(where, row))
        if not entries and not faults.found:
            faults.add(file, "there are no fields")
    sketch = Sketch(name, f"The registers of {file}.", checked(entries, faults, says_by=_SAYS_BY))
    faults.check()
    return write_source([sketch], kinds, f"Register map of {file}.")


def _lines(rows: csv.DictReader[str]) -> Iterator[dict[str, Any]]:
    try:
        yield from rows
    except csv.Error as error:
        raise ValueError(f"line {rows.line_num} is no CSV: {error}") from None


class _Sheet:
    def __init__(
        self, columns: dict[str, str], notation: Notation, table: Table | None, kinds: Kinds
    ) -> None:
        self.headings = {meaning: columns.get(meaning, meaning) for meaning in MEANINGS}
        self.unknown = sorted(set(columns) - set(MEANINGS))
        self.given = columns
        self.notation: Notation = notation
        self.table = table
        self.kinds = kinds

    def check_head(self, head: object) -> None:
        present = set(map(str, head if isinstance(head, list | tuple) else ()))
        if self.unknown:
            raise ValueError(f"{self.unknown[0]!r} is no meaning of a column ({_meanings()})")
        needed = {self.headings["address"], self.headings["name"], *self.given.values()}
        missing = sorted(needed - present)
        if missing:
            found = f"; there are {', '.join(map(repr, sorted(present)))}" if present else ""
            raise ValueError(f"there is no column {', '.join(map(repr, missing))}{found}")

    def entry(self, where: str, row: Mapping[str, Any]) -> Entry:
        if "" in row or None in row.values():
            raise ValueError("the line has another number of cells than the head line")
        cell = {
            meaning: str(row.get(title, "")).strip() for meaning, title in self.headings.items()
        }
        path = path_of(cell["name"])
        name = path_text(path).removeprefix(".")
        table, address = self._place(cell)
        codec = self._codec(cell, name, table)
        word, byte = _orders(cell["order"])
        return Entry(
            where,
            path,
            Leaf(
                table=table,
                address=address,
                codec=codec,
                access=_access(cell["access"], table),
                unit=cell["unit"],
                description=row.get(self.headings["description"], "")
                or ("" if name == cell["name"] else cell["name"]),
                minimum=_number(cell["min"]),
                maximum=_number(cell["max"]),
                word_order=word,
                byte_order=byte,
                every=cell["every"] or None,
                alias=_truth(cell["overlap"]),
            ),
        )

    def _place(self, cell: Mapping[str, str]) -> tuple[Table, int]:
        said = _table(cell["table"]) if cell["table"] else self.table
        table, address = parse_address(cell["address"], self.notation, said)
        if table is None:
            raise ValueError(f"nothing says which table {cell['address']} is in")
        if cell["modicon"]:
            other = parse_address(cell["modicon"], "modicon", table).address
            if other != address:
                raise ValueError(f"{cell['modicon']} is the address {other}, not {address}")
        return table, address

    def _codec(self, cell: Mapping[str, str], name: str, table: Table) -> Codec[Any]:
        size = int(cell["size"]) if cell["size"] else None
        values = _values(cell["values"])
        codec = read_codec(
            cell["type"], self.kinds, user=name, table=table, size=size, values=values
        )
        scale, offset = cell["scale"] or "1", cell["offset"] or "0"
        if (scale, offset) == ("1", "0"):
            return codec
        if not isinstance(codec, Number):
            raise ValueError(f"{codec!r} has no scale")
        return codec.scaled(scale, 0 if offset == "0" else offset)


def _meanings() -> str:
    return ", ".join(MEANINGS)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _table(text: str) -> Table:
    found = _TABLE_NAMES.get(_plain(text))
    if found is None:
        raise ValueError(f"{text!r} is no table (coil, discrete, input, holding)")
    return found


def _access(text: str, table: Table) -> Access:
    if not text:
        return Access.RW if table.is_writable else Access.RO
    found = _ACCESS_NAMES.get(_plain(text))
    if found is None:
        raise ValueError(f"{text!r} is no access (RO, RW, WO)")
    return found


def _truth(text: str) -> bool:
    found = _TRUTHS.get(text.lower())
    if found is None:
        raise ValueError(f"{text!r} is neither yes nor no")
    return found


def _number(text: str) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no limit") from None


def _orders(text: str) -> tuple[WordOrder | None, WordOrder | None]:
    found: dict[str, WordOrder] = {}
    for part in filter(None, (part.strip() for part in text.lower().split(","))):
        match = _ORDER.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is no order such as 'word little'")
        found[match[1]] = "little" if match[2] == "little" else "big"
    return found.get("word"), found.get("byte")


def _values(text: str) -> dict[int, str]:
    """Return ``0=OFF 1=HEAT`` as a dictionary; commas, semicolons and colons serve as well."""
    if not text:
        return {}
    starts = list(_VALUE.finditer(text))
    if not starts or text[: starts[0].start()].strip():
        raise ValueError(f"{text!r} are no values such as 0=OFF 1=HEAT")
    ends = [match.start() for match in starts[1:]] + [len(text)]
    found: dict[int, str] = {}
    for match, end in zip(starts, ends, strict=True):
        name = member_name(text[match.end() : end].strip(" ,;|/\n\t"))
        if name in found.values():
            raise ValueError(f"two values have the name {name}")
        found[int(match[1], 0)] = name
    return found
