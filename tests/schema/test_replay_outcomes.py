"""When a replayed device refuses, or is silent, as it was in the recording."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from modbus_schema.simulation import ManualClock, replay
from modbus_schema.simulation.entries import Entry, first_line
from modbus_schema.simulation.outcomes import Outcomes, Place
from modbus_schema.simulation.tracks import RecordedBank
from modbus_wire import IllegalDataAddress, IllegalDataValue, ServerDeviceBusy, Table

HOLDING = Table.HOLDING_REGISTERS
At: TypeAlias = Callable[[float], RecordedBank]


def asked(time: float, address: int, *values: int, quantity: int = 1, **outcome: object) -> Entry:
    """Return a read of holding registers: answered with values, or else as it is said."""
    read = values or None
    quantity = len(values) or quantity
    return Entry(time, 1, HOLDING, address, quantity, False, read, **outcome)  # type: ignore[arg-type]


def bank_of(*entries: Entry) -> At:
    """Return what gives the bank of a recording at a time."""
    now = [0.0]
    bank = RecordedBank(entries, lambda: now[0])

    def at(time: float) -> RecordedBank:
        now[0] = time
        return bank

    return at


def test_time_goes_on_when_it_is_served(tmp_path: Path) -> None:
    """Not before, and as it was after a pause; in both styles."""
    path = tmp_path / "r.jsonl"
    lines = [first_line(), asked(0, 0, 6).line(), asked(9, 0, 7).line(), ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    clock = ManualClock()
    first, second = replay(path, port=0, clock=clock), replay(path, port=0, clock=clock)
    clock.advance(100)
    assert first.seconds == 0
    with first:
        clock.advance(3)
        first.stop()
        first.start()
        assert first.seconds == 3

    async def main() -> None:
        async with second:
            assert second.seconds == 0
            clock.advance(2)
            assert second.seconds == 2

    asyncio.run(main())


def test_nothing_is_refused_before_it_was() -> None:
    """A cell that was read among others is read by itself, until that was refused."""
    at = bank_of(asked(0, 0, 6, 4), asked(100, 1, exception=6), asked(101, 1, 5))
    assert at(1).read_registers(HOLDING, 1, 1) == b"\0\4"
    with pytest.raises(ServerDeviceBusy):
        at(100).read_registers(HOLDING, 1, 1)
    assert at(101).read_registers(HOLDING, 1, 1) == b"\0\5"


def test_a_longer_read_tells_that_it_is_over() -> None:
    """A read of some of its cells does not: a device may refuse a block and give its parts."""
    failed = asked(1, 0, quantity=2, exception=6)
    at = bank_of(asked(0, 0, 1, 2), failed, asked(2, 0, 1), asked(3, 0, 1, 2, 3))
    for moment in (1, 2):
        with pytest.raises(ServerDeviceBusy):
            at(moment).read_registers(HOLDING, 0, 2)
    assert at(3).read_registers(HOLDING, 0, 2) == b"\0\1\0\2"


def test_a_block_that_was_never_answered_is_refused_always() -> None:
    """Before it was asked too, though its parts are known."""
    at = bank_of(asked(1, 0, 1), asked(2, 1, 2), asked(3, 0, quantity=2, exception=2))
    for moment in (0, 3, 9):
        with pytest.raises(IllegalDataAddress):
            at(moment).read_registers(HOLDING, 0, 2)


def test_a_write_is_refused_from_the_time_on_when_it_was() -> None:
    """If it was ever carried out; otherwise it always is."""
    entries = [asked(0, 0, 1, 2)]
    entries += [
        Entry(1, 1, HOLDING, 0, 1, True, (7,)),
        Entry(2, 1, HOLDING, 0, 1, True, None, 3),
        Entry(2, 1, HOLDING, 1, 1, True, None, 3),
    ]
    at = bank_of(*entries)
    at(0).write_registers(0, b"\0\7")
    for moment, address in ((2, 0), (0, 1)):
        with pytest.raises(IllegalDataValue):
            at(moment).write_registers(address, b"\0\7")


@pytest.mark.parametrize(
    ("entries", "silent", "answered"),
    [
        pytest.param(
            [asked(0, 0, 6), asked(1, 0, 7), asked(2, 0, timed_out=True)],
            [2, 2.9],
            [0, 1.9, 3, 3600],
            id="the last request, for one more period",
        ),
        pytest.param(
            [asked(0, 0, 6), asked(2, 0, timed_out=True), asked(3, 0, 6, 7)],
            [2, 2.9],
            [1, 3, 3600],
            id="until a longer read",
        ),
        pytest.param([asked(2, 0, timed_out=True)], [0, 2, 3600], [], id="never answered"),
    ],
)
def test_how_long_a_device_is_silent(
    entries: list[Entry], silent: list[float], answered: list[float]
) -> None:
    """From the time on when it was, until it is known to have answered again."""
    outcomes = Outcomes(entries)
    place = Place(HOLDING, 0, 1, False)
    assert outcomes.have_timeouts
    assert [time for time in (*silent, *answered) if outcomes.at(place, time).timed_out] == silent
