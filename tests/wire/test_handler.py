"""PDU in, PDU out: the answers of AP §6 and the order of its checks, as bytes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_wire.bank import SeparateBank, SharedBank, SparseBank
from modbus_wire.codes import Table
from modbus_wire.errors import ExceptionResponse
from modbus_wire.handler import Handler

KNOWN = (1, 2, 3, 4, 5, 6, 15, 16, 22, 23)
"""The functions of the tables."""

OF_THE_LINE = (8, 11, 12)
"""The functions that a server has without anything being supplied."""

CELLS = [range(10, 20)]


@pytest.fixture
def bank() -> SparseBank:
    """Cells 10 to 19 in each table; coils and holding registers hold something."""
    bank = SparseBank(dict.fromkeys(Table, CELLS))
    bank.set_bits(Table.COILS, 10, [True, False, True, True, False, False, True, False, True])
    bank.set_bits(Table.DISCRETE_INPUTS, 10, [False, True])
    bank.set_registers(Table.HOLDING_REGISTERS, 10, [0x022B, 0, 0x64])
    bank.set_registers(Table.INPUT_REGISTERS, 10, [0x000A])
    return bank


def cells_of(bank: SparseBank) -> list[list[Any]]:
    """Return all that the bank holds."""
    return [
        bank.get_bits(table, 10, 10) if table.is_bits else bank.get_registers(table, 10, 10)
        for table in Table
    ]


@pytest.mark.parametrize(
    ("request_pdu", "response_pdu"),
    [
        ("01 000A 0009", "01 02 4D 01"),
        ("02 000A 0002", "02 01 02"),
        ("03 000A 0003", "03 06 022B 0000 0064"),
        ("04 000A 0001", "04 02 000A"),
        ("05 000C FF00", "05 000C FF00"),
        ("05 000C 0000", "05 000C 0000"),
        ("06 0013 0003", "06 0013 0003"),
        ("0F 000A 000A 02 CD01", "0F 000A 000A"),
        ("10 000B 0002 04 000A 0102", "10 000B 0002"),
        ("16 000A 00F2 0025", "16 000A 00F2 0025"),
        ("17 000A 0003 000B 0001 02 00FF", "17 06 022B 00FF 0064"),
    ],
)
def test_normal_responses(bank: SparseBank, request_pdu: str, response_pdu: str) -> None:
    """Every function answers as AP §6 prints it."""
    assert Handler(bank).handle(1, bytes.fromhex(request_pdu)) == bytes.fromhex(response_pdu)


@pytest.mark.parametrize(
    ("request_pdu", "table", "address", "expected"),
    [
        ("05 000B FF00", Table.COILS, 10, [True, True, True]),
        ("05 000A 0000", Table.COILS, 10, [False, False, True]),
        ("0F 000A 0003 01 FA", Table.COILS, 10, [False, True, False, True]),
        ("06 000B ABCD", Table.HOLDING_REGISTERS, 10, [0x022B, 0xABCD, 0x64]),
        ("10 000A 0002 04 000A 0102", Table.HOLDING_REGISTERS, 10, [0x0A, 0x0102, 0x64]),
        ("16 000A 00F2 0025", Table.HOLDING_REGISTERS, 10, [0x0027, 0]),
        ("17 000A 0001 000B 0001 02 00FF", Table.HOLDING_REGISTERS, 10, [0x022B, 0xFF, 0x64]),
    ],
)
def test_writes_take_effect(
    bank: SparseBank, request_pdu: str, table: Table, address: int, expected: list[int]
) -> None:
    """A write that is answered is in the bank, and the cells next to it are as before."""
    Handler(bank).handle(1, bytes.fromhex(request_pdu))
    read = bank.get_bits if table.is_bits else bank.get_registers
    assert read(table, address, len(expected)) == expected


REGISTERS_123 = "00" * 246

REFUSED = [
    # 03 before 02: a bad quantity at an address that is not there
    ("01 FFFF 0000", 3), ("01 FFFF 07D1", 3), ("01 FFFF FFFF", 3), ("01 FFFF 0002", 2),
    ("02 FFFF 0000", 3), ("02 FFFF 07D1", 3), ("02 FFFF 07D0", 2),
    ("03 FFFF 0000", 3), ("03 FFFF 007E", 3), ("03 FFFF FFFF", 3), ("03 FFFF 0002", 2),
    ("04 FFFF 0000", 3), ("04 FFFF 007E", 3), ("04 FFFF 007D", 2),
    # the first and the last cell outside
    ("01 0009 0001", 2), ("01 000A 000B", 2), ("02 0014 0001", 2), ("03 0009 0002", 2),
    ("04 0013 0002", 2),
    # values of FC 5 (03 before 02), then addresses
    ("05 000A 0001", 3), ("05 000A FF01", 3), ("05 FFFF 00FF", 3), ("05 0014 FF00", 2),
    ("06 0014 0001", 2), ("06 FFFF FFFF", 2),
    # FC 15: quantity, byte count, bytes there; then addresses
    ("0F FFFF 0000 00", 3), ("0F FFFF 0000 01 00", 3), ("0F FFFF 07B1 F7" + "00" * 247, 3),
    ("0F FFFF 0009 01 FF", 3), ("0F FFFF 0008 02 FFFF", 3), ("0F FFFF 0008 01 FFFF", 3),
    ("0F FFFF 0008 01", 3), ("0F 0013 0002 01 03", 2), ("0F 0009 0001 01 01", 2),
    # FC 16
    ("10 FFFF 0000 00", 3), ("10 FFFF 007C F8" + "00" * 248, 3), ("10 FFFF 0002 03 000000", 3),
    ("10 FFFF 0001 02 00", 3), ("10 FFFF 0001 02 000000", 3), ("10 FFFF 0001 04 00000000", 3),
    ("10 0013 0002 04 00010002", 2), ("10 FFFF 007B F6" + REGISTERS_123, 2),
    # FC 22 has no value to refuse
    ("16 0014 0000 FFFF", 2), ("16 0009 FFFF 0000", 2),
    # FC 23: both quantities and the byte count, then either address; it writes nothing then
    ("17 FFFF 0000 FFFF 0001 02 0001", 3), ("17 FFFF 007E FFFF 0001 02 0001", 3),
    ("17 FFFF 0001 FFFF 0000 00", 3), ("17 FFFF 0001 FFFF 007A F4" + "00" * 244, 3),
    ("17 FFFF 0001 FFFF 0001 04 00000000", 3), ("17 FFFF 0001 FFFF 0001 02 00", 3),
    ("17 0013 0002 000A 0001 02 FFFF", 2), ("17 000A 0001 0013 0002 04 FFFFFFFF", 2),
    # truncated and over-long ones of known functions
    *((f"{code:02X}", 3) for code in KNOWN), *((f"{code:02X} 000A 00", 3) for code in KNOWN),
    *((f"{code:02X} 000A 0001 FF", 3) for code in (1, 2, 3, 4, 6)),
    ("05 000A FF00 00", 3), ("16 000A 0000 0000 00", 3), ("16 000A 0000", 3),
    ("10 000A 0001 02 0001 00", 3), ("17 000A 0001 000A 0001 02 0001 00", 3),
]  # fmt: skip


@pytest.mark.parametrize(("request_pdu", "exception_code"), REFUSED)
def test_order_of_checks(bank: SparseBank, request_pdu: str, exception_code: int) -> None:
    """01, then 03, then 02 (AP §6); what is refused changes nothing."""
    before = cells_of(bank)
    pdu = bytes.fromhex(request_pdu)
    assert Handler(bank).handle(1, pdu) == bytes((pdu[0] | 0x80, exception_code))
    assert cells_of(bank) == before


@pytest.mark.parametrize("body", [b"", b"\x00\x0a\x00\x01", bytes(252)])
def test_unknown_functions(bank: SparseBank, body: bytes) -> None:
    """Function codes nobody serves, 0 and those of exceptions included, get exception 01.

    So do those for what is not supplied to a bank by itself, however badly built the request is.
    """
    handler = Handler(bank)
    for function_code in set(range(256)) - {*KNOWN, *OF_THE_LINE}:
        response = handler.handle(1, bytes((function_code,)) + body)
        assert response == bytes((function_code | 0x80, 1))


def test_no_pdu_at_all() -> None:
    """Nothing is no function."""
    assert Handler(SharedBank()).handle(1, b"") == b"\x80\x01"


@given(st.binary(max_size=260), st.integers(0, 255))
def test_any_bytes_are_answered(pdu: bytes, unit_id: int) -> None:
    """Whatever comes, the handler answers with its function code, or that of its exception."""
    response = Handler(SeparateBank()).handle(unit_id, pdu)
    function_code = pdu[0] if pdu else 0
    if response is None:
        assert pdu == bytes.fromhex("08 0004 0000")
        return
    assert len(response) <= 253
    if response[0] != function_code or function_code not in {*KNOWN, *OF_THE_LINE}:
        assert response[0] == function_code | 0x80
        assert response[1] in (1, 2, 3)


@given(
    st.one_of(st.integers(1, 4), st.integers(0, 255)),
    st.one_of(st.integers(0, 30), st.integers(0, 65535)),
    st.one_of(st.sampled_from([0, 1, 125, 126, 2000, 2001]), st.integers(0, 65535)),
)
def test_quick_reads_say_what_handle_says(code: int, address: int, quantity: int) -> None:
    """`read` gives the bytes that `handle` answers with, or raises what `handle` refuses with."""
    handler = Handler(SparseBank({table: [range(10, 40000)] for table in Table}))
    response = handler.handle(
        1, bytes((code,)) + address.to_bytes(2, "big") + quantity.to_bytes(2, "big")
    )
    assert response is not None
    if code not in (1, 2, 3, 4):
        assert handler.read(1, code, address, quantity) is None
    elif response[0] & 0x80:
        with pytest.raises(ExceptionResponse) as raised:
            handler.read(1, code, address, quantity)
        assert handler.refuse(code, raised.value) == response
    else:
        data = handler.read(1, code, address, quantity)
        assert data is not None
        assert response == bytes((code, len(data))) + data


def test_refusals_are_not_logged(caplog: pytest.LogCaptureFixture, bank: SparseBank) -> None:
    """What a client does wrong fills no log."""
    handler = Handler(bank)
    for request_pdu, _ in REFUSED:
        handler.handle(1, bytes.fromhex(request_pdu))
    assert not caplog.records
