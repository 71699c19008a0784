"""Addresses as documents print them: what each notation means on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_schema.addresses import Notation, Place, modicon, parse_address
from modbus_wire.codes import Table

HOLDING, INPUT = Table.HOLDING_REGISTERS, Table.INPUT_REGISTERS


@pytest.mark.parametrize(
    ("text", "notation", "table", "place"),
    [
        ("40001", "modicon", None, Place(HOLDING, 0)),
        (40001, "modicon", HOLDING, Place(HOLDING, 0)),
        ("400001", "modicon", None, Place(HOLDING, 0)),
        ("465536", "modicon", None, Place(HOLDING, 65535)),
        ("4x1", "modicon", None, Place(HOLDING, 0)),
        ("4X00108", "modicon", None, Place(HOLDING, 107)),
        ("30013", "modicon", INPUT, Place(INPUT, 12)),
        ("10001", "modicon", None, Place(Table.DISCRETE_INPUTS, 0)),
        ("00004", "modicon", None, Place(Table.COILS, 3)),
        ("0x4", "modicon", None, Place(Table.COILS, 3)),
        ("40001", "zero", HOLDING, Place(HOLDING, 40001)),
        ("0x1F", "zero", None, Place(None, 31)),
        ("1Fh", "zero", None, Place(None, 31)),
        (" 7 ", "zero", INPUT, Place(INPUT, 7)),
        ("1", "one", HOLDING, Place(HOLDING, 0)),
        ("65536", "one", HOLDING, Place(HOLDING, 65535)),
        ("0x10", "one", None, Place(None, 15)),
    ],
)
def test_what_is_written_means(
    text: str | int, notation: Notation, table: Table | None, place: Place
) -> None:
    """Each notation names one cell."""
    assert parse_address(text, notation, table) == place


@pytest.mark.parametrize(
    ("text", "notation", "table", "why"),
    [
        ("40001", "modicon", INPUT, "a holding address, not input"),
        ("20001", "modicon", None, "no address such as 40001"),
        ("40000", "modicon", None, "outside"),
        ("465537", "modicon", None, "outside"),
        ("12", "modicon", None, "no address such as"),
        ("0", "one", None, "outside"),
        ("65536", "zero", None, "outside"),
        ("-1", "zero", None, "outside"),
        ("twelve", "zero", None, "no address"),
        ("", "zero", None, "no address"),
        ("1.5", "zero", None, "no address"),
        ("1", "two", None, "no notation"),
    ],
)
def test_what_means_no_cell_is_refused(
    text: str, notation: Notation, table: Table | None, why: str
) -> None:
    """Another table, an end of the table, a text that is no number."""
    with pytest.raises(ValueError, match=why):
        parse_address(text, notation, table)


@given(st.sampled_from(Table), st.integers(0, 65535))
def test_what_is_printed_is_read_back(table: Table, address: int) -> None:
    """The other notation of any cell, of five digits or six, is that cell."""
    printed = modicon(table, address)
    assert len(printed) == (5 if address < 9999 else 6)
    assert parse_address(printed, "modicon", table) == Place(table, address)
