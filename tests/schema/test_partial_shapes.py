"""Partial reads of devices that do not say where, or whether, they have a part."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from modbus_schema import (
    RO,
    RW,
    DecodeError,
    Device,
    RegisterMap,
    coil,
    group,
    holding_register,
    repeat,
    uint16,
)
from modbus_schema.fields.refs import Ref
from modbus_wire import Client, Handler, IllegalDataAddress, Server, SparseBank, Table, Unit

HOLDING = Table.HOLDING_REGISTERS


class Level(RegisterMap):
    """What may be there, or repeat."""

    value: RW[int] = holding_register(0, uint16)


class Bank(RegisterMap):
    """A group that itself says how many there are, and is at a place that the device says."""

    count: RO[int] = holding_register(0, uint16)
    levels: RO[tuple[Level, ...]] = repeat(Level, base=1, stride=1, count=count, at_most=3)


class Station(RegisterMap):
    """Parts of which the device says whether, how many and where."""

    count: RO[int] = holding_register(0, uint16)
    level: RO[int] = holding_register(1, uint16)
    where: RW[int] = holding_register(2, uint16)
    has_extra: RO[bool] = coil(0)
    extra: RO[Level | None] = group(Level, base=30, present_if=has_extra)
    levels: RO[tuple[Level, ...]] = repeat(Level, base=10, stride=1, count=count, at_most=4)
    bank: RO[Bank] = group(Bank, base=where)


@pytest.fixture
def bank() -> SparseBank:
    """Return the cells of a station that has two levels."""
    bank = SparseBank({HOLDING: [range(60)], Table.COILS: [range(1)]})
    bank.set_registers(HOLDING, 0, [2, 7, 40])
    bank.set_registers(HOLDING, 10, [3, 4])
    bank.set_registers(HOLDING, 40, [1, 5])
    bank.set_bits(Table.COILS, 0, [True])
    return bank


@pytest.fixture
def device(bank: SparseBank) -> Iterator[Device[Station]]:
    """Return the station as a client has it."""
    with Server(Handler(Unit(bank)), port=0) as server, Client(*server.address) as client:
        yield Device(client, Station)


def test_a_number_of_parts_that_is_none_fails_these_parts_alone(
    bank: SparseBank, device: Device[Station]
) -> None:
    """The rest comes, the number itself too; once it is one again, all does."""
    bank.set_registers(HOLDING, 0, [77])
    partial = device.read(partial=True)
    assert partial.complete is None
    assert (partial[Station.count], partial[Station.level]) == (77, 7)
    assert partial[Station.bank] == Bank(count=1, levels=(Level(value=5),))
    assert [*partial.failed] == [Station.levels]
    first = Station.levels[0]
    refs: tuple[Ref[Station, Any], ...] = (Station.levels, first, first.at(Level.value))
    for ref in refs:
        with pytest.raises(DecodeError, match=r"77 is no count of Station\.levels"):
            partial[ref]
        assert partial.get(ref) is None
    assert "1 failed" in repr(partial)
    bank.set_registers(HOLDING, 0, [2])
    assert device.read(partial=True).complete == device.read()


@contextmanager
def a_station_of(**cells: list[range]) -> Iterator[Device[Station]]:
    """Return a station that has only some cells, as a client has it."""
    bank = SparseBank({Table[table]: ranges for table, ranges in cells.items()})
    bank.set_registers(HOLDING, 0, [1, 7])
    with Server(Handler(Unit(bank)), port=0) as server, Client(*server.address) as client:
        yield Device(client, Station)


def test_a_refused_field_fails_what_it_tells_of() -> None:
    """It is remembered as any other that is refused, and left out then."""
    with a_station_of(HOLDING_REGISTERS=[range(60)]) as device:
        device.write(Station.where.to(40))
        for _ in range(2):
            partial = device.read(partial=True)
            assert {*partial.failed} == {Station.has_extra, Station.extra}
            assert partial[Station.levels] == (Level(value=0),)
            with pytest.raises(IllegalDataAddress):
                partial[Station.extra]
        assert device.bad[Table.COILS] == (range(1),)


def test_what_a_part_without_a_place_tells_of_fails_with_it() -> None:
    """The group that says how many levels it has is nobody knows where."""
    registers = [range(2), range(3, 60)]
    with a_station_of(HOLDING_REGISTERS=registers, COILS=[range(1)]) as device:
        partial = device.read(partial=True)
        assert {*partial.failed} == {Station.where, Station.bank}
        for ref in (*partial.failed, Station.bank.at(Bank.levels)):
            with pytest.raises(IllegalDataAddress):
                partial[ref]
        assert (partial[Station.level], partial[Station.extra]) == (7, None)


def test_a_part_may_say_itself_that_it_is_none(bank: SparseBank, device: Device[Station]) -> None:
    """What else it has comes."""
    bank.set_registers(HOLDING, 40, [9])
    partial = device.read(partial=True)
    assert [*partial.failed] == [Station.bank.at(Bank.levels)]
    assert partial[Station.bank.at(Bank.count)] == 9


def test_a_place_that_cannot_be_fails_what_is_there(
    bank: SparseBank, device: Device[Station]
) -> None:
    """Other fields have those cells already."""
    bank.set_registers(HOLDING, 2, [1])
    partial = device.read(partial=True)
    assert [*partial.failed] == [Station.bank]
    with pytest.raises(DecodeError, match=r"Station\.level: holding\[1\] overlaps"):
        partial[Station.bank]
    assert partial[Station.levels] == (Level(value=3), Level(value=4))


def test_only_what_was_asked_for_has_failed(bank: SparseBank, device: Device[Station]) -> None:
    """What else the device does not say is no matter of the read."""
    bank.set_registers(HOLDING, 0, [77])
    assert not device.read(Station.level, Station.extra, partial=True).failed
    assert [*device.read(Station.levels, partial=True).failed] == [Station.levels]
