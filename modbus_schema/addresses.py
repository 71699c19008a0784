"""Addresses as data sheets print them, and as the wire carries them.

On the wire an address counts from 0 in each table. The other notation counts from 1 and puts the
table in front: 40001 or 400001 is the first holding register, and some write 4x1.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeAlias, get_args

from modbus_wire.codes import ADDRESS_SPACE, Table

Notation: TypeAlias = Literal["zero", "one", "modicon"]
"""How a document counts: from 0, from 1, or from 1 with the table in front."""

NOTATIONS: tuple[str, ...] = get_args(Notation)

_DIGITS = {
    Table.COILS: 0,
    Table.DISCRETE_INPUTS: 1,
    Table.INPUT_REGISTERS: 3,
    Table.HOLDING_REGISTERS: 4,
}
_TABLES = {digit: table for table, digit in _DIGITS.items()}
_SHORT = 9999
"""The last number of the notation with five digits."""

_MODICON = re.compile(r"([0134])[xX]?(\d{4,5})|([0134])[xX](\d{1,5})")


class Place(NamedTuple):
    """A cell: its table, if the notation says it, and its address on the wire."""

    table: Table | None
    address: int


def parse_address(
    text: str | int, notation: Notation = "zero", table: Table | None = None
) -> Place:
    """Return the cell that a document means.

    ``table`` is the table that the document says elsewhere. Raises ValueError for what is no
    address, or one of another table.
    """
    if notation not in NOTATIONS:
        raise ValueError(f"{notation!r} is no notation ({', '.join(NOTATIONS)})")
    written = f"{text}".strip()
    if notation == "modicon":
        found, number = _parse_modicon(written)
        if table is not None and found is not table:
            raise ValueError(f"{written} is a {found.label} address, not {table.label}")
        return Place(found, _checked(number - 1, written))
    number = _parse_number(written)
    return Place(table, _checked(number - (notation == "one"), written))


def modicon(table: Table, address: int) -> str:
    """Return an address of the wire as others print it: ``40001``, ``410000`` has six digits."""
    number = address + 1
    return f"{_DIGITS[table]}{number:0{4 if number <= _SHORT else 5}d}"


def _parse_modicon(text: str) -> tuple[Table, int]:
    found = _MODICON.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no address such as 40001, 400001 or 4x1")
    digit, number, digit_x, number_x = found.groups()
    return _TABLES[int(digit or digit_x)], int(number or number_x)


def _parse_number(text: str) -> int:
    try:
        return int(text, 16) if text.lower().startswith("0x") else int(text)
    except ValueError:
        pass
    if re.fullmatch(r"[0-9a-fA-F]+[hH]", text):
        return int(text[:-1], 16)
    raise ValueError(f"{text!r} is no address: a number, 0x1F or 1Fh")


def _checked(address: int, text: str) -> int:
    if not 0 <= address < ADDRESS_SPACE:
        raise ValueError(f"{text} is outside of the table")
    return address
