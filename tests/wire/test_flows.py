"""Flows run by clients of both styles: requests, reads together, waits, turns, and how it ends."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from modbus_wire import (
    AsyncClient,
    Client,
    Flow,
    IllegalDataAddress,
    Pause,
    Server,
    SparseBank,
    Table,
)
from modbus_wire.aio.waiting import AsyncTurn
from modbus_wire.flows import Turn, run_flow, run_flow_async
from modbus_wire.pdu.registers import ReadHoldingRegisters, WriteSingleRegister
from modbus_wire.sync.waiting import BlockingTurn

READ = ReadHoldingRegisters(0, 1)


def a_flow(turn: Turn) -> Flow[list[Any]]:
    """Take the turn, write, wait, read twice at once and once more, and end with all results."""
    yield turn
    try:
        written = yield WriteSingleRegister(0, 7)
        waited = yield Pause(0.001)
        both = yield [READ, READ]
        one = yield READ
    finally:
        turn.release()
    return [written, waited, both, one]


def a_bank() -> SparseBank:
    """Return a bank of one register."""
    return SparseBank({Table.HOLDING_REGISTERS: [range(1)]})


EXPECTED = [None, None, [[7], [7]], [7]]


def test_a_blocking_client_runs_every_step() -> None:
    """Twice, for a turn that was given back is there again."""
    turn = BlockingTurn()
    with Server(a_bank(), port=0) as server, Client(*server.address) as client:
        assert [client.run(a_flow(turn)) for _ in range(2)] == [EXPECTED] * 2


def test_an_async_client_runs_every_step() -> None:
    """In one event loop after the other; tasks take turns."""
    turn = AsyncTurn()

    async def main() -> None:
        async with AsyncClient(*server.address) as client:
            flows = (client.run(a_flow(turn)) for _ in range(3))
            assert await asyncio.gather(*flows) == [EXPECTED] * 3

    with Server(a_bank(), port=0) as server:
        for _ in range(2):
            asyncio.run(main())


def noting(ends: list[BaseException]) -> Flow[None]:
    """Read, and note how that ended."""
    try:
        yield READ
    except BaseException as error:
        ends.append(error)
        raise


def raising(error: BaseException) -> Callable[[Any], Any]:
    """Return what fails every step."""

    def ask(step: Any) -> Any:
        raise error

    return ask


@pytest.mark.parametrize("error", [IllegalDataAddress(), ValueError("x"), KeyboardInterrupt()])
def test_a_flow_is_told_whatever_ended_its_step(error: BaseException) -> None:
    """Errors of the protocol, of the program and of the user at the keyboard."""
    ends: list[BaseException] = []
    with pytest.raises(type(error)):
        run_flow(noting(ends), raising(error))
    assert ends == [error]


def test_a_flow_is_told_that_its_task_was_cancelled() -> None:
    """Before the cancellation goes on."""
    ends: list[BaseException] = []

    async def ask(step: Any) -> Any:
        await asyncio.Event().wait()

    async def main() -> None:
        task = asyncio.create_task(run_flow_async(noting(ends), ask))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert [type(end) for end in ends] == [asyncio.CancelledError]
