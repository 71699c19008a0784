"""Hooks before and after writes: what they are told, what they can refuse, and when."""

from threading import Thread
from typing import Any

import pytest

from modbus_wire.bank import SeparateBank, SharedBank, SparseBank
from modbus_wire.codes import Table
from modbus_wire.errors import IllegalDataAddress, exception_for
from modbus_wire.framing.base import Framing
from modbus_wire.handler import Handler
from modbus_wire.hooks import Write
from modbus_wire.pdu.registers import WriteSingleRegister
from modbus_wire.peer import NOBODY, Peer
from modbus_wire.server_connection import ServerConnection
from modbus_wire.services.registry import SERVICES
from modbus_wire.unit import Unit
from tests.wire.peers import mbap, rtu

CELLS = [range(10, 20)]
COILS, REGISTERS = Table.COILS, Table.HOLDING_REGISTERS


@pytest.fixture
def bank() -> SparseBank:
    """Cells 10 to 19 in each table; registers 10 to 12 and coil 11 hold something."""
    bank = SparseBank(dict.fromkeys(Table, CELLS))
    bank.set_bits(COILS, 11, [True])
    bank.set_registers(REGISTERS, 10, [0x12, 7, 8])
    return bank


WRITES: list[tuple[str, Table, int, list[Any], list[Any]]] = [
    ("05 000A FF00", COILS, 10, [False], [True]),
    ("05 000B FF00", COILS, 11, [True], [True]),
    ("0F 000A 0003 01 05", COILS, 10, [False, True, False], [True, False, True]),
    ("06 000A 0003", REGISTERS, 10, [0x12], [3]),
    ("10 000B 0002 04 0001 0002", REGISTERS, 11, [7, 8], [1, 2]),
    ("16 000A 00F2 0025", REGISTERS, 10, [0x12], [0x17]),
    ("17 000A 0002 000B 0001 02 00FF", REGISTERS, 11, [7], [0xFF]),
]


def contents(bank: SparseBank, table: Table) -> list[Any]:
    """Return what the bank holds."""
    return bank.get_bits(table, 10, 10) if table.is_bits else bank.get_registers(table, 10, 10)


@pytest.mark.parametrize(("pdu", "table", "address", "old", "new"), WRITES)
def test_what_hooks_are_told(
    bank: SparseBank, pdu: str, table: Table, address: int, old: list[Any], new: list[Any]
) -> None:
    """Once before and once after: unit, table, address, old and new values, and who it is."""
    told: list[tuple[str, Write, list[Any]]] = []
    handler = Handler(bank)
    peer = Peer("10.0.0.1", 5)

    @handler.before_write
    def before(write: Write) -> None:
        told.append(("before", write, contents(bank, table)))

    @handler.after_write
    def after(write: Write) -> None:
        told.append(("after", write, contents(bank, table)))

    first = contents(bank, table)
    then = list(first)
    then[address - 10 : address - 10 + len(new)] = new
    handler.handle(9, bytes.fromhex(pdu), peer)
    write = Write(9, table, address, old, new, peer)
    assert told == [("before", write, first), ("after", write, then)]


@pytest.mark.parametrize(("pdu", "table", "address", "old", "new"), WRITES)
@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 8, 0x0A, 0x0B])
def test_refusing(
    bank: SparseBank,
    code: int,
    pdu: str,
    table: Table,
    address: int,
    old: list[Any],
    new: list[Any],
) -> None:
    """A hook before refuses with a code of its choice; nothing is written or told then."""
    handler = Handler(bank)
    after: list[Write] = []
    handler.after_write(after.append)

    @handler.before_write
    def refuse(write: Write) -> None:
        raise exception_for(code)

    first = contents(bank, table)
    function_code = int(pdu[:2], 16)
    assert handler.handle(1, bytes.fromhex(pdu)) == bytes((function_code | 0x80, code))
    assert contents(bank, table) == first
    assert after == []


@pytest.mark.parametrize(
    "pdu", ["05 0014 FF00", "06 0009 0001", "10 0013 0002 04 0001 0002", "16 0009 0000 0000",
            "17 000A 0001 0013 0002 04 0001 0002", "0F 0013 0002 01 03", "05 000A FF01"]
)  # fmt: skip
def test_what_cannot_be_written_is_told_to_nobody(bank: SparseBank, pdu: str) -> None:
    """Addresses that are not there, and bad values, are refused before a hook could."""
    handler = Handler(bank)
    told: list[Write] = []
    handler.before_write(told.append)
    handler.after_write(told.append)
    response = handler.handle(1, bytes.fromhex(pdu))
    assert response is not None
    assert response[1] == (3 if pdu.endswith("FF01") else 2)
    assert told == []


def test_a_write_whose_read_is_refused(bank: SparseBank) -> None:
    """FC 23 with a read that is not there writes nothing and is not told as done."""
    handler = Handler(bank)
    after: list[Write] = []
    handler.after_write(after.append)
    assert handler.handle(1, bytes.fromhex("17 0014 0001 000A 0001 02 0009")) == b"\x97\2"
    assert bank.get_registers(REGISTERS, 10) == [0x12]
    assert after == []


def test_several_hooks(bank: SparseBank) -> None:
    """They are called in the order they were given, up to the first that refuses."""
    handler = Handler(bank)
    calls: list[str] = []

    @handler.before_write
    def first(write: Write) -> None:
        calls.append("first")

    @handler.before_write
    def second(write: Write) -> None:
        calls.append("second")
        if write.new == [0]:
            raise IllegalDataAddress

    @handler.before_write
    def third(write: Write) -> None:
        calls.append("third")

    handler.after_write(lambda write: calls.append("after 1"))
    handler.after_write(lambda write: calls.append("after 2"))
    handler.handle(1, bytes.fromhex("06 000A 0001"))
    assert calls == ["first", "second", "third", "after 1", "after 2"]
    calls.clear()
    assert handler.handle(1, bytes.fromhex("06 000A 0000")) == b"\x86\2"
    assert calls == ["first", "second"]


def test_reads_are_not_told(bank: SparseBank) -> None:
    """Nor is FC 23's read, nor any other function; quick reads stay quick."""
    handler = Handler(bank)
    told: list[Write] = []
    handler.before_write(told.append)
    handler.handle(1, bytes.fromhex("03 000A 0001"))
    handler.handle(1, bytes.fromhex("08 0000 0001"))
    assert handler.read(1, 3, 10, 1) == b"\0\x12"
    assert told == []


def test_hooks_that_fail(bank: SparseBank, caplog: pytest.LogCaptureFixture) -> None:
    """Before: exception 04 and nothing written. After: it is written, answered and logged."""
    handler = Handler(bank)
    after: list[Write] = []

    @handler.after_write
    def fail(write: Write) -> None:
        raise ZeroDivisionError

    handler.after_write(after.append)
    pdu = bytes.fromhex("06 000A 0001")
    assert handler.handle(1, pdu) == pdu
    assert len(after) == len(caplog.records) == 1
    handler.before_write(fail)
    assert handler.handle(1, bytes.fromhex("06 000A 0002")) == b"\x86\4"
    assert bank.get_registers(REGISTERS, 10) == [1]
    assert len(caplog.records) == 2


def test_coroutine_functions_are_no_hooks(bank: SparseBank) -> None:
    """Nobody would await them."""

    async def hook(write: Write) -> None: ...

    handler = Handler(bank)
    with pytest.raises(TypeError, match="coroutine"):
        handler.before_write(hook)
    with pytest.raises(TypeError, match="coroutine"):
        handler.after_write(hook)


def test_when_the_lock_is_held(bank: SparseBank) -> None:
    """From the look at the old values to the write nobody else writes; after it anybody may."""
    handler = Handler(bank)
    is_free: list[bool] = []

    def try_the_lock() -> None:
        is_free.append(bank.lock.acquire(blocking=False))
        if is_free[-1]:
            bank.lock.release()

    def try_it_elsewhere(_: Write) -> None:
        thread = Thread(target=try_the_lock)
        thread.start()
        thread.join()

    handler.before_write(try_it_elsewhere)
    handler.after_write(try_it_elsewhere)
    handler.handle(1, bytes.fromhex("06 000A 0001"))
    assert is_free == [False, True]


def test_broadcasts() -> None:
    """A broadcast is a write of unit 0 to each bank; a refusal is that of one bank alone."""
    first, second = SharedBank(), SharedBank()
    second.set_registers(REGISTERS, 0, [1])
    handler = Handler({1: first, 2: second})
    told: list[Write] = []

    @handler.before_write
    def refuse_zero(write: Write) -> None:
        told.append(write)
        if write.old == [1]:
            raise IllegalDataAddress

    server = ServerConnection(handler, Framing.RTU)
    assert server.receive(rtu(0, bytes.fromhex("06 0000 0005"))) == b""
    assert told == [Write(0, REGISTERS, 0, [old], [5], NOBODY) for old in (0, 1)]
    assert first.get_registers(REGISTERS, 0) == [5]
    assert second.get_registers(REGISTERS, 0) == [1]


def test_peer_of_the_connection() -> None:
    """The hook is told who wrote."""
    peer = Peer("10.0.0.7", 4711, "operator")
    handler = Handler(SharedBank())
    told: list[Write] = []
    handler.after_write(told.append)
    ServerConnection(handler, peer=peer).receive(mbap(1, 3, bytes.fromhex("06 0000 0005")))
    assert [write.peer for write in told] == [peer]
    assert told[0].unit_id == 3


class WriteOnly:
    """A store of somebody else's: its registers can be written and not read."""

    def __init__(self) -> None:
        self.written: list[tuple[int, bytes]] = []

    def read_bits(self, table: Table, address: int, quantity: int) -> bytes:
        raise IllegalDataAddress

    def read_registers(self, table: Table, address: int, quantity: int) -> bytes:
        raise IllegalDataAddress

    def write_coils(self, address: int, quantity: int, data: bytes) -> None:
        self.written.append((address, data))

    def write_registers(self, address: int, data: bytes) -> None:
        self.written.append((address, data))

    def mask_write_register(self, address: int, and_mask: int, or_mask: int) -> None:
        raise IllegalDataAddress

    def read_write_registers(
        self, read_address: int, read_quantity: int, write_address: int, data: bytes
    ) -> bytes:
        raise IllegalDataAddress


def test_a_bank_that_does_not_say_what_it_holds() -> None:
    """The old values are None then; a mask write, which needs them, is refused."""
    bank = WriteOnly()
    handler = Handler(bank)
    told: list[Write] = []
    handler.before_write(told.append)
    handler.handle(1, bytes.fromhex("06 0000 0005"))
    handler.handle(1, bytes.fromhex("05 0001 FF00"))
    assert told == [
        Write(1, REGISTERS, 0, None, [5], NOBODY),
        Write(1, COILS, 1, None, [True], NOBODY),
    ]
    assert bank.written == [(0, b"\0\5"), (1, b"\1")]
    assert handler.handle(1, bytes.fromhex("16 0000 0001 0001")) == b"\x96\2"
    assert len(told) == 2


def test_a_replaced_service_is_hooked() -> None:
    """The hooks see what a service of the user's writes, too."""

    def write(unit: Unit, request: WriteSingleRegister) -> bytes:
        unit.bank.write_registers(request.address, request.value.to_bytes(2, "big"))
        return request.encode_response()

    bank = SeparateBank()
    handler = Handler(bank, {**SERVICES, WriteSingleRegister: write})
    told: list[Write] = []
    handler.after_write(told.append)
    handler.handle(1, bytes.fromhex("06 0000 0005"))
    assert told == [Write(1, REGISTERS, 0, [0], [5], NOBODY)]
