"""Clients that write numbers without end, and remember what became of each."""

import asyncio
import threading
from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

from modbus_wire.aio.client import AsyncClient
from modbus_wire.errors import ModbusError
from modbus_wire.sync.client import Client
from tests.wire.peers import LIMIT

REGISTERS = 3
"""Registers of a number: its writer and two for its place in the row."""

PAUSE = 0.005
"""Seconds to leave a server alone that is not there."""


class Number(NamedTuple):
    """What one write carries; no two writes carry the same."""

    writer: int
    place: int

    @property
    def registers(self) -> list[int]:
        """Return it as registers."""
        return [self.writer, self.place >> 16, self.place & 0xFFFF]

    @staticmethod
    def of(data: bytes) -> "Number":
        """Return the number in the bytes of its registers."""
        return Number(int.from_bytes(data[:2], "big"), int.from_bytes(data[2:], "big"))


class Record:
    """What became of the writes of all writers."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.acknowledged: list[Number] = []
        self.maybe: list[Number] = []
        """Failed with an error that says they may have been applied."""

        self.never: list[Number] = []
        """Failed with an error that says they have not."""

        self.surprises: list[BaseException] = []
        self._progress = threading.Condition()

    def note(self, number: Number, error: ModbusError | None) -> None:
        """Note the outcome of a write."""
        with self._progress:
            if error is None:
                self.acknowledged.append(number)
                self._progress.notify_all()
            elif error.may_have_been_applied:
                self.maybe.append(number)
            else:
                self.never.append(number)

    def wait_for(self, more: int) -> None:
        """Wait until that many more writes are acknowledged."""
        with self._progress:
            enough = len(self.acknowledged) + more
            done = self._progress.wait_for(
                lambda: len(self.acknowledged) >= enough or self.surprises, LIMIT
            )
        assert done, "the writers do not get on"
        assert self.surprises == []

    def numbers(self, writer: int) -> Iterator[Number]:
        """Yield the numbers of a writer until all are stopped."""
        for number in count():
            if self.stopped.is_set():
                return
            yield Number(writer, number)


def write(client: Client, writer: int, record: Record) -> None:
    """Write numbers, one after the other."""
    try:
        for number in record.numbers(writer):
            try:
                client.write_multiple_registers(writer * REGISTERS, number.registers)
            except ModbusError as error:
                record.note(number, error)
                record.stopped.wait(PAUSE)
            else:
                record.note(number, None)
    except BaseException as error:
        record.surprises.append(error)


async def write_async(client: AsyncClient, writer: int, record: Record) -> None:
    """Write numbers, one after the other."""
    for number in record.numbers(writer):
        try:
            await client.write_multiple_registers(writer * REGISTERS, number.registers)
        except ModbusError as error:
            record.note(number, error)
            await asyncio.sleep(PAUSE)
        else:
            record.note(number, None)


async def write_in_tasks(port: int, writers: range, record: Record) -> None:
    """Let half of the writers share a client that has several requests under way."""
    async with (
        AsyncClient("127.0.0.1", port, timeout=LIMIT / 2, max_in_flight=4) as first,
        AsyncClient("127.0.0.1", port, timeout=LIMIT / 2) as second,
    ):
        clients = (first, second)
        tasks = [write_async(clients[writer % 2], writer, record) for writer in writers]
        await asyncio.gather(*tasks)


def run_tasks(port: int, writers: range, record: Record) -> None:
    """Write in tasks of an event loop."""
    try:
        asyncio.run(write_in_tasks(port, writers, record))
    except BaseException as error:
        record.surprises.append(error)
