"""The stores behind a server, against a dictionary that holds one value per cell."""

import sys
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_wire.bank import CellBank, SeparateBank, SharedBank, SparseBank
from modbus_wire.codes import Table
from modbus_wire.errors import IllegalDataAddress, IllegalDataValue

COILS, DISCRETE, INPUT, HOLDING = (
    Table.COILS,
    Table.DISCRETE_INPUTS,
    Table.INPUT_REGISTERS,
    Table.HOLDING_REGISTERS,
)
Ranges = dict[Table, list[range]]

BANKS: list[Callable[[], CellBank]] = [
    SharedBank,
    SeparateBank,
    lambda: SparseBank({HOLDING: [range(10), range(20, 30)], COILS: [range(3, 90)]}),
]


def words(data: bytes | bytearray) -> list[int]:
    """Return the registers in big-endian bytes."""
    return [data[n] << 8 | data[n + 1] for n in range(0, len(data), 2)]


def to_bytes(values: list[int]) -> bytes:
    """Return registers as big-endian bytes."""
    return b"".join(value.to_bytes(2, "big") for value in values)


def packed(bits: list[bool]) -> bytes:
    """Return bits eight to a byte, lowest first."""
    size = (len(bits) + 7) // 8
    return sum(bit << n for n, bit in enumerate(bits)).to_bytes(size, "little")


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


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def run_all(*jobs: Callable[[], None]) -> None:
    """Run functions in threads of their own, to the end."""
    threads = [Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.usefixtures("hasty_threads")
def test_changes_of_parts_are_atomic() -> None:
    """Threads that each change their own bits of one register or byte lose no change."""
    bank = SharedBank()
    rounds = 300

    def toggle(bit: int) -> Callable[[], None]:
        def job() -> None:
            for turn in range(rounds):
                on = turn % 2
                bank.mask_write_register(0, 0xFFFF ^ 1 << bit, on << bit)
                bank.write_coils(bit, 1, bytes((on,)))
                assert bank.get_registers(HOLDING, 0)[0] >> bit & 1 == on
                assert bank.get_bits(COILS, bit) == [bool(on)]

        return job

    failures: list[BaseException] = []

    def checked(job: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                job()
            except BaseException as error:
                failures.append(error)

        return run

    run_all(*(checked(toggle(bit)) for bit in range(4)))
    assert not failures
    assert bank.get_registers(HOLDING, 0) == [0b1111]


@pytest.mark.usefixtures("hasty_threads")
def test_read_never_sees_half_a_write() -> None:
    """A read that meets a write gives all registers from before it or all from after it."""
    bank = SharedBank()
    seen: set[tuple[int, ...]] = set()

    def write() -> None:
        for turn in range(400):
            bank.write_registers(0, to_bytes([turn % 2] * 123))

    def read() -> None:
        for _ in range(400):
            seen.add(tuple(words(bank.read_registers(HOLDING, 0, 123))))

    run_all(write, read, read)
    assert seen <= {(0,) * 123, (1,) * 123}
