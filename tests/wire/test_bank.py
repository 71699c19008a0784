"""The stores behind a server: which cells there are, what may be put in them."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_wire.bank import CellBank, SeparateBank, SharedBank, SparseBank
from modbus_wire.codes import Table
from modbus_wire.errors import IllegalDataAddress, IllegalDataValue
from tests.wire.cells import packed, to_bytes, words

COILS, DISCRETE, INPUT, HOLDING = (
    Table.COILS,
    Table.DISCRETE_INPUTS,
    Table.INPUT_REGISTERS,
    Table.HOLDING_REGISTERS,
)

BANKS: list[Callable[[], CellBank]] = [
    SharedBank,
    SeparateBank,
    lambda: SparseBank({HOLDING: [range(10), range(20, 30)], COILS: [range(3, 90)]}),
]


@given(st.lists(st.booleans(), min_size=1, max_size=2000), st.integers(0, 70), st.data())
def test_bits_at_any_offset(bits: list[bool], address: int, data: st.DataObject) -> None:
    """Any run of coils reads back packed lowest first and zero padded; its neighbours stay."""
    bank = SeparateBank()
    bank.set_bits(COILS, 0, [True] * 2100)
    padding = data.draw(st.integers(0, 255)) << len(bits) % 8 & 0xFF if len(bits) % 8 else 0
    noisy = bytearray(packed(bits))
    noisy[-1] |= padding
    bank.write_coils(address, len(bits), bytes(noisy))
    assert bank.read_bits(COILS, address, len(bits)) == packed(bits)
    assert bank.get_bits(COILS, 0, 2100) == (
        [True] * address + bits + [True] * (2100 - address - len(bits))
    )


@pytest.mark.parametrize("address", [-65536, -1, 65535, 65536, 10**9])
@pytest.mark.parametrize("new", [SharedBank, SeparateBank])
def test_overflow_changes_nothing(new: Callable[[], CellBank], address: int) -> None:
    """Cells beyond either end are refused by every method, and nothing at the ends has changed."""
    bank = new()
    attempts: list[Callable[[], object]] = [
        lambda: bank.read_bits(COILS, address, 2),
        lambda: bank.read_registers(HOLDING, address, 2),
        lambda: bank.write_coils(address, 2, b"\x03"),
        lambda: bank.write_registers(address, b"\xff" * 4),
        lambda: bank.read_write_registers(0, 1, address, b"\xff" * 4),
        lambda: bank.read_write_registers(address, 2, 0, b"\xff" * 4),
        lambda: bank.set_bits(COILS, address, [True, True]),
        lambda: bank.set_registers(INPUT, address, [1, 1]),
        lambda: bank.get_bits(DISCRETE, address, 2),
        lambda: bank.get_registers(HOLDING, address, 2),
    ]
    for attempt in attempts:
        with pytest.raises(IllegalDataAddress):
            attempt()
    for table in (COILS, DISCRETE):
        assert not any(bank.get_bits(table, 0, 65536))
    for table in (HOLDING, INPUT):
        assert not any(bank.get_registers(table, 0, 65536))


def test_mask_write_beyond_the_table() -> None:
    """Masking a register that is not there is refused."""
    with pytest.raises(IllegalDataAddress):
        SparseBank({HOLDING: [range(5)]}).mask_write_register(5, 0, 0)


def test_mask_write_of_the_specification() -> None:
    """The example of AP §6.16: 12 with masks F2 and 25 becomes 17 (hexadecimal)."""
    bank = SharedBank()
    bank.set_registers(HOLDING, 4, [0x12])
    bank.mask_write_register(4, 0xF2, 0x25)
    assert bank.get_registers(HOLDING, 4) == [0x17]


def test_read_write_writes_first() -> None:
    """FC 23 reads what it has just written (AP §6.17)."""
    bank = SeparateBank()
    assert words(bank.read_write_registers(0, 3, 1, to_bytes([7]))) == [0, 7, 0]


@pytest.mark.parametrize("value", [1.0, -1, 65536, "1", None, 2.5])
def test_store_takes_ints_only(value: Any) -> None:
    """A float or an int that is no register raises, and the good values with it are not stored."""
    bank = SharedBank()
    with pytest.raises(ValueError, match="no register value"):
        bank.set_registers(HOLDING, 0, [5, value, 6])
    assert bank.get_registers(HOLDING, 0, 3) == [0, 0, 0]


def test_half_a_register_is_refused() -> None:
    """An odd number of bytes is no registers."""
    bank = SharedBank()
    with pytest.raises(ValueError, match="no whole registers"):
        bank.write_registers(0, b"\x01\x02\x03")
    assert bank.get_registers(HOLDING, 0, 2) == [0, 0]


@pytest.mark.parametrize("new", BANKS)
def test_wrong_kind_of_table(new: Callable[[], CellBank]) -> None:
    """Registers of a bit table, bits of a register table and quantities below 0 are errors."""
    bank = new()
    for table in (COILS, DISCRETE):
        with pytest.raises(ValueError, match="no registers"):
            bank.get_registers(table, 0)
    for table in (HOLDING, INPUT):
        with pytest.raises(ValueError, match="no bits"):
            bank.set_bits(table, 0, [True])
    with pytest.raises(ValueError, match="below 0"):
        bank.get_registers(HOLDING, 5, -1)
    with pytest.raises(ValueError, match="below 0"):
        bank.get_bits(COILS, 5, -1)


def test_empty_ranges_of_cells() -> None:
    """No values and no quantity are no cells: nothing to refuse, nothing to change."""
    bank = SharedBank()
    bank.set_registers(HOLDING, 65536, [])
    bank.set_bits(COILS, 65536, [])
    assert bank.get_registers(HOLDING, 65536, 0) == []
    assert bank.get_bits(COILS, 65536, 0) == []


def test_shared_bank_has_two_tables() -> None:
    """Discrete inputs are the coils and input registers the holding registers."""
    bank = SharedBank()
    bank.write_coils(65535, 1, b"\x01")
    bank.write_registers(65535, b"\x12\x34")
    assert bank.get_bits(DISCRETE, 65535) == [True]
    assert bank.get_registers(INPUT, 65535) == [0x1234]


def test_separate_bank_has_four_tables() -> None:
    """What is written to one table is in no other."""
    bank = SeparateBank()
    bank.write_coils(0, 1, b"\x01")
    bank.write_registers(0, b"\x12\x34")
    bank.set_bits(DISCRETE, 1, [True])
    bank.set_registers(INPUT, 1, [5])
    assert bank.get_bits(COILS, 0, 2) == [True, False]
    assert bank.get_bits(DISCRETE, 0, 2) == [False, True]
    assert bank.get_registers(HOLDING, 0, 2) == [0x1234, 0]
    assert bank.get_registers(INPUT, 0, 2) == [0, 5]


@pytest.mark.parametrize("cells", [range(0, 10, 2), range(-1, 3), range(65000, 65537)])
def test_sparse_bank_refuses_what_is_no_address(cells: range) -> None:
    """Ranges with a step or outside the table cannot be cells."""
    with pytest.raises(ValueError, match="no range of addresses"):
        SparseBank({INPUT: [cells]})


def test_overriding_the_writes_is_enough() -> None:
    """A refusal in `write_registers` also holds for FC 22 and 23, which change nothing then."""

    class Careful(SharedBank):
        def write_registers(self, address: int, data: bytes) -> None:
            if 7 in words(data):
                raise IllegalDataValue
            super().write_registers(address, data)

    bank = Careful()
    with pytest.raises(IllegalDataValue):
        bank.mask_write_register(0, 0, 7)
    with pytest.raises(IllegalDataValue):
        bank.read_write_registers(0, 1, 0, to_bytes([1, 7]))
    assert bank.get_registers(HOLDING, 0, 2) == [0, 0]
    bank.mask_write_register(0, 0, 8)
    assert bank.get_registers(HOLDING, 0) == [8]
