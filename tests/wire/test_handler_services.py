"""What a handler makes of banks that fail, of units, of broadcasts and of a user's own services."""

import logging
from collections.abc import Callable
from typing import Any, Self

import pytest

from modbus_wire.bank import Bank, SharedBank
from modbus_wire.codes import Table
from modbus_wire.errors import (
    ExceptionResponse,
    GatewayTargetFailedToRespond,
    IllegalDataAddress,
    IllegalDataValue,
    MemoryParityError,
    ServerDeviceBusy,
    exception_for,
)
from modbus_wire.handler import Handler
from modbus_wire.pdu.base import Request
from modbus_wire.pdu.registers import ReadHoldingRegisters
from modbus_wire.services.registry import SERVICES
from modbus_wire.sync.server import Server
from modbus_wire.unit import Unit


class Faulty(SharedBank):
    """A bank that raises."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def read_registers(self, table: Table, address: int, quantity: int) -> bytes | bytearray:
        raise self.error

    def write_registers(self, address: int, data: bytes) -> None:
        raise self.error


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 8, 0x0A, 0x0B, 0x7F, 0xFF])
def test_exceptions_of_a_bank(code: int) -> None:
    """A bank may refuse with any exception code, also a read by the quick way."""
    handler = Handler(Faulty(exception_for(code)))
    assert handler.handle(1, bytes.fromhex("03 0000 0001")) == bytes((0x83, code))
    assert handler.handle(1, bytes.fromhex("06 0000 0001")) == bytes((0x86, code))
    assert handler.handle(1, bytes.fromhex("16 0000 0001 0001")) == bytes((0x96, code))
    with pytest.raises(ExceptionResponse) as raised:
        handler.read(1, 3, 0, 1)
    assert handler.refuse(3, raised.value) == bytes((0x83, code))


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("of the bank"), ExceptionResponse("no code"), exception_for(999)]
)
def test_a_failing_bank_is_logged(caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    """What is no exception of the protocol is exception 04 and a traceback in the log."""
    with caplog.at_level(logging.ERROR, "modbus_wire.handler"):
        response = Handler(Faulty(error)).handle(1, bytes.fromhex("03 0000 0001"))
    assert response == b"\x83\x04"
    (record,) = caplog.records
    assert record.name == "modbus_wire.handler"
    assert record.exc_info is not None
    assert record.exc_info[1] is error


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00" * 3, b"\x00" * 400])
def test_bank_that_gives_the_wrong_size(data: bytes) -> None:
    """A bank's answer of another size than asked is exception 04, not a frame that is wrong."""

    class Wrong(SharedBank):
        def read_registers(self, table: Table, address: int, quantity: int) -> bytes:
            return data

        def read_bits(self, table: Table, address: int, quantity: int) -> bytes:
            return data * 2

        def read_write_registers(self, *fields: object) -> bytes:
            return data

    handler = Handler(Wrong())
    assert handler.handle(1, bytes.fromhex("03 0000 0001")) == b"\x83\x04"
    assert handler.handle(1, bytes.fromhex("01 0000 0001")) == b"\x81\x04"
    assert handler.handle(1, bytes.fromhex("17 0000 0001 0000 0001 02 0000")) == b"\x97\x04"
    with pytest.raises(ValueError, match="bytes for 1 cells") as raised:
        handler.read(1, 3, 0, 1)
    assert handler.refuse(3, raised.value) == b"\x83\x04"


def bank_with(value: int) -> SharedBank:
    """Return a bank whose register 0 holds a value."""
    bank = SharedBank()
    bank.set_registers(Table.HOLDING_REGISTERS, 0, [value])
    return bank


def test_one_bank_serves_every_unit() -> None:
    """A bank by itself answers under any unit id."""
    handler = Handler(bank_with(7))
    for unit_id in (0, 1, 247, 255):
        assert handler.handle(unit_id, bytes.fromhex("03 0000 0001")) == b"\x03\x02\x00\x07"
        assert handler.read(unit_id, 3, 0, 1) == b"\x00\x07"


def test_units_have_banks_of_their_own() -> None:
    """Units see their own data; one that is not there is 0B, before any other check."""
    units: dict[int, Bank] = {1: bank_with(7), 2: bank_with(8)}
    handler = Handler(units)
    read = bytes.fromhex("03 0000 0001")
    assert handler.handle(1, read) == b"\x03\x02\x00\x07"
    assert handler.read(2, 3, 0, 1) == b"\x00\x08"
    assert not handler.has_unit(3)
    with pytest.raises(GatewayTargetFailedToRespond):
        handler.read(3, 3, 0, 1)
    assert handler.handle(3, read) == b"\x83\x0b"
    assert handler.handle(0, b"\x63") == b"\xe3\x0b"
    units[3] = bank_with(9)
    assert handler.handle(3, read) == b"\x03\x02\x00\x09"


def test_broadcast_reaches_every_bank_once() -> None:
    """A broadcast write is carried out on each bank, also where one refuses or two ids share it."""
    calls: list[int] = []

    class Counting(SharedBank):
        def write_registers(self, address: int, data: bytes) -> None:
            calls.append(address)
            super().write_registers(address, data)

    shared, other = Counting(), bank_with(1)
    handler = Handler({1: Faulty(ServerDeviceBusy()), 2: shared, 3: shared, 4: other})
    handler.broadcast(bytes.fromhex("06 0000 0005"))
    assert calls == [0]
    assert shared.get_registers(Table.HOLDING_REGISTERS, 0) == [5]
    assert other.get_registers(Table.HOLDING_REGISTERS, 0) == [5]


def test_broadcast_to_the_only_bank() -> None:
    """A bank by itself obeys a broadcast; what is badly built or unknown does nothing."""
    bank = bank_with(1)
    handler = Handler(bank)
    for pdu in (b"", b"\x06", b"\x63\x00", bytes.fromhex("06 0000 0009 00")):
        handler.broadcast(pdu)
    assert bank.get_registers(Table.HOLDING_REGISTERS, 0) == [1]
    handler.broadcast(bytes.fromhex("06 0000 0009"))
    assert bank.get_registers(Table.HOLDING_REGISTERS, 0) == [9]


def test_broadcast_reads_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A read that nobody answers is not carried out, and the log stays empty."""
    Handler(Faulty(ZeroDivisionError())).broadcast(bytes.fromhex("03 0000 0001"))
    assert not caplog.records


class Sum(Request[int]):
    """A function of the user's own: FC 65 adds up what the registers from 0 on hold."""

    __slots__ = ("quantity",)

    function_code = 65
    writes = False

    def __init__(self, quantity: int) -> None:
        self.quantity = quantity

    @classmethod
    def decode(cls, pdu: bytes) -> Self:
        if len(pdu) != 2:
            raise IllegalDataValue
        return cls(pdu[1])

    def encode_response(self, result: int) -> bytes:
        return bytes((65, result))

    @classmethod
    def request_length(cls, head: bytes) -> int | None:
        return 2


def add_up(unit: Unit, request: Sum) -> bytes | None:
    """Carry `Sum` out; of nothing it says nothing."""
    data = unit.bank.read_registers(Table.HOLDING_REGISTERS, 0, request.quantity)
    return request.encode_response(sum(data)) if data else None


def test_a_users_own_function() -> None:
    """A service more is a function more: decoded, carried out, refused and answered as any."""
    bank = bank_with(7)
    bank.set_registers(Table.HOLDING_REGISTERS, 1, [8])
    handler = Handler(bank, {**SERVICES, Sum: add_up})
    assert handler.handle(1, b"\x41\x02") == b"\x41\x0f"
    assert handler.handle(1, b"\x41") == b"\xc1\x03"
    assert handler.handle(1, b"\x41\x00") is None
    assert handler.handle(1, bytes.fromhex("03 0000 0001")) == b"\x03\x02\x00\x07"
    assert Handler(bank).handle(1, b"\x41\x02") == b"\xc1\x01"


@pytest.mark.parametrize("refusal", [IllegalDataAddress, MemoryParityError])
def test_a_replaced_service_has_the_word(refusal: Callable[[], Exception]) -> None:
    """Another service for a plain read is asked instead, also by the quick way."""

    def refuse(unit: Unit, request: Any) -> bytes:
        raise refusal()

    handler = Handler(SharedBank(), {**SERVICES, ReadHoldingRegisters: refuse})
    assert handler.read(1, 3, 0, 1) is None
    response = handler.handle(1, bytes.fromhex("03 0000 0001"))
    assert response is not None
    assert response[0] == 0x83


def test_another_class_for_a_function() -> None:
    """A subclass takes the place of the class of its function code, by either way."""

    class OwnRead(ReadHoldingRegisters):
        """A read that is no plain read."""

    def seven(unit: Unit, request: OwnRead) -> bytes:
        return request.encode_response([7] * request.quantity)

    handler = Handler(SharedBank(), {**SERVICES, OwnRead: seven})
    assert handler.read(1, 3, 0, 1) is None
    assert handler.handle(1, bytes.fromhex("03 0000 0001")) == b"\3\2\0\7"


@pytest.mark.parametrize("output", [b"", bytes(254), "A", 7, [65, 1]])
def test_a_service_that_gives_no_pdu(output: Any, caplog: pytest.LogCaptureFixture) -> None:
    """What is no response PDU of 1 to 253 bytes is not sent: exception 04 and a line in the log."""
    handler = Handler(SharedBank(), {**SERVICES, Sum: lambda unit, request: output})
    assert handler.handle(1, b"\x41\x02") == b"\xc1\x04"
    assert len(caplog.records) == 1


def test_the_longest_pdu_of_a_service() -> None:
    """253 bytes are a PDU."""
    handler = Handler(SharedBank(), {**SERVICES, Sum: lambda unit, request: b"A" * 253})
    assert handler.handle(1, b"\x41\x02") == b"A" * 253


def test_lengths_of_requests() -> None:
    """A service's own class says how long its requests are, the others are those of AP §6."""
    handler = Handler(SharedBank(), {**SERVICES, Sum: add_up})
    assert handler.request_length(b"") is None
    assert handler.request_length(b"\x41") == 2
    assert handler.request_length(b"\x03") == 5
    assert Handler(SharedBank(), {}).request_length(b"\x03") == 5
    with pytest.raises(KeyError):
        handler.request_length(b"\x42")


@pytest.mark.parametrize("nothing", [None, 7, "bank", object()])
def test_what_is_no_bank(nothing: Any) -> None:
    """It is found when a handler, a unit or a server is made of it."""
    for make in (Handler, Unit, Server):
        with pytest.raises(TypeError, match="no bank"):
            make(nothing)


def test_no_bank_among_the_units(caplog: pytest.LogCaptureFixture) -> None:
    """What gets into the mapping later is an error of that unit alone."""
    units: dict[int, Any] = {1: bank_with(7)}
    handler = Handler(units)
    units[2] = object()
    assert handler.handle(1, bytes.fromhex("06 0000 0001")) == bytes.fromhex("06 0000 0001")
    assert handler.handle(2, bytes.fromhex("06 0000 0001")) == b"\x86\x04"
    assert len(caplog.records) == 1


def test_units_and_banks_in_one_mapping() -> None:
    """Units are read, written and broadcast to as banks are; what one has the other need not."""
    unit = Unit(bank_with(8), exception_status=0x6D)
    handler = Handler({1: bank_with(7), 2: unit})
    assert handler.read(1, 3, 0, 1) == b"\0\7"
    assert handler.read(2, 3, 0, 1) == b"\0\10"
    assert handler.handle(1, b"\7") == b"\x87\1"
    assert handler.handle(2, b"\7") == b"\7\x6d"
    handler.broadcast(bytes.fromhex("06 0000 0009"))
    assert handler.read(1, 3, 0, 1) == handler.read(2, 3, 0, 1) == b"\0\11"


def test_a_bank_is_changed_while_it_is_served() -> None:
    """The next request finds the unit's new bank."""
    unit = Unit(bank_with(8))
    handler = Handler(unit)
    assert handler.read(1, 3, 0, 1) == b"\0\10"
    unit.bank = bank_with(9)
    assert handler.read(1, 3, 0, 1) == b"\0\11"
    assert handler.handle(1, bytes.fromhex("03 0000 0001")) == b"\3\2\0\11"
