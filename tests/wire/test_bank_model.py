"""The stores behind a server, against a dictionary that holds one value per cell."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_wire.bank import CellBank, SparseBank
from modbus_wire.codes import Table
from modbus_wire.errors import IllegalDataAddress
from tests.wire.cells import packed, to_bytes, words

COILS, HOLDING = Table.COILS, Table.HOLDING_REGISTERS

# Few addresses and both ends of the table, so that ranges meet, overlap and miss.
addresses = st.one_of(st.integers(0, 40), st.integers(65500, 65535))


@st.composite
def ranges(draw: st.DrawFn) -> list[range]:
    """Some ranges of addresses: adjacent, overlapping, empty, in any order."""
    pairs = draw(st.lists(st.tuples(addresses, st.integers(0, 25)), max_size=4))
    return [range(start, min(start + size, 65536)) for start, size in pairs]


operations = st.lists(
    st.one_of(
        st.tuples(st.just("write registers"), addresses, st.lists(st.integers(0, 65535))),
        st.tuples(st.just("write bits"), addresses, st.lists(st.booleans(), max_size=30)),
        st.tuples(
            st.just("mask"), addresses, st.tuples(st.integers(0, 65535), st.integers(0, 65535))
        ),
        st.tuples(
            st.just("read write"),
            addresses,
            st.tuples(addresses, st.integers(1, 20), st.lists(st.integers(0, 65535), min_size=1)),
        ),
    ),
    max_size=12,
)


class Model:
    """The bank as a dictionary from address to value for the tables that clients write."""

    def __init__(self, coils: list[range], holding: list[range]) -> None:
        self.coils = {address: False for cells in coils for address in cells}
        self.holding = {address: 0 for cells in holding for address in cells}

    def apply(self, name: str, address: int, values: Any) -> list[int] | None:
        """Do an operation, or raise KeyError and do nothing."""
        if name == "write bits":
            return self.put(self.coils, address, values)
        if name == "write registers":
            return self.put(self.holding, address, values)
        if name == "mask":
            and_mask, or_mask = values
            new = self.holding[address] & and_mask | or_mask & (0xFFFF - and_mask)
            return self.put(self.holding, address, [new])
        read_address, quantity, new_values = values
        wanted = range(read_address, read_address + quantity)
        if missing := set(wanted) - self.holding.keys():
            raise KeyError(missing)
        self.put(self.holding, address, new_values)
        return [self.holding[cell] for cell in wanted]

    @staticmethod
    def put(table: dict[int, Any], address: int, values: list[Any]) -> None:
        """Write all values or raise KeyError."""
        cells = range(address, address + len(values))
        if missing := set(cells) - table.keys():
            raise KeyError(missing)
        table.update(zip(cells, values, strict=True))


def apply(bank: CellBank, name: str, address: int, values: Any) -> list[int] | None:
    """Do an operation on a bank as a client's request does."""
    if name == "write bits":
        bank.write_coils(address, len(values), packed(values))
    elif name == "write registers":
        bank.write_registers(address, to_bytes(values))
    elif name == "mask":
        bank.mask_write_register(address, *values)
    else:
        read_address, quantity, new = values
        return words(bank.read_write_registers(read_address, quantity, address, to_bytes(new)))
    return None


def holes(table: dict[int, Any]) -> Iterator[int]:
    """Yield the cells next to those that exist."""
    for address in table:
        yield from {address - 1, address + 1} - table.keys()


@given(ranges(), ranges(), operations)
def test_bank_is_a_dict(
    coils: list[range], holding: list[range], todo: list[tuple[str, int, Any]]
) -> None:
    """Whatever the cells and the operations, the bank holds, gives and refuses as a dict does."""
    bank = SparseBank({COILS: coils, HOLDING: holding})
    model = Model(coils, holding)
    for name, address, values in todo:
        if values == []:
            continue
        try:
            expected = model.apply(name, address, values)
        except KeyError:
            with pytest.raises(IllegalDataAddress):
                apply(bank, name, address, values)
        else:
            assert apply(bank, name, address, values) == expected
    for address, word in model.holding.items():
        assert bank.get_registers(HOLDING, address) == [word]
    for address, bit in model.coils.items():
        assert bank.get_bits(COILS, address) == [bit]
    for address in holes(model.holding):
        with pytest.raises(IllegalDataAddress):
            bank.get_registers(HOLDING, address)
    for address in holes(model.coils):
        with pytest.raises(IllegalDataAddress):
            bank.get_bits(COILS, address)
