"""A server dies, or is stopped, and comes back while many clients write.

Each write carries a number of its own, and the server keeps a journal that outlives it.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

import pytest

from modbus_wire.sync.client import Client
from tests.peers.children import Child
from tests.peers.writers import REGISTERS, Number, Record, run_tasks, write
from tests.wire.peers import LIMIT

STOPS = 3
BETWEEN = 150
"""Writes that get through before the next fault."""

LONERS, SHARERS = range(3), range(3, 6)
IN_TASKS = range(6, 14)

DEATHS = ((0, "after"), (3, "after"), (6, "after"), (7, "after"), (8, "before"))
"""Whose write each server dies of, one of every kind of writer, before or after it applied it."""


def start(style: str, port: int, journal: Path, *death: object) -> tuple[Child, int]:
    """Start the server and return it with its port; ``death`` says of what it dies."""
    words = [style, str(port), str(journal), *map(str, death)]
    child = Child([sys.executable, "-m", "tests.peers.recording_server", *words])
    return child, int(child.hear().removeprefix("ok "))


@contextmanager
def writing(port: int, record: Record) -> Iterator[None]:
    """Let all writers write while the block runs: threads and tasks, alone and sharing."""
    with ExitStack() as stack:
        shared = stack.enter_context(Client("127.0.0.1", port, timeout=LIMIT / 2))
        clients = dict.fromkeys(SHARERS, shared)
        for writer in LONERS:
            clients[writer] = stack.enter_context(Client("127.0.0.1", port, timeout=LIMIT / 2))
        threads = [
            Thread(target=write, args=(client, writer, record))
            for writer, client in clients.items()
        ]
        threads.append(Thread(target=run_tasks, args=(port, IN_TASKS, record)))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            record.stopped.set()
            for thread in threads:
                thread.join(LIMIT)
        assert not any(thread.is_alive() for thread in threads)
        assert record.surprises == []


def check(record: Record, journal: Path) -> None:
    """Compare what the clients were told with what the server did."""
    data = journal.read_bytes()
    size = 2 * REGISTERS
    applied = Counter(Number.of(data[n : n + size]) for n in range(0, len(data), size))
    assert [number for number, times in applied.items() if times > 1] == []
    assert [number for number in record.acknowledged if number not in applied] == []
    assert [number for number in record.never if number in applied] == []
    assert applied.keys() <= {*record.acknowledged, *record.maybe}


def writers_in(numbers: list[Number]) -> set[int]:
    """Return whose numbers there are."""
    return {number.writer for number in numbers}


@pytest.mark.parametrize("style", ["blocking", "async"])
def test_killed_server(style: str, tmp_path: Path) -> None:
    """Whoever is told that a write was done, or was not, is told the truth."""
    journal, record = tmp_path / "journal", Record()
    first, *others = DEATHS
    server, port = start(style, 0, journal, BETWEEN, *first)
    try:
        with writing(port, record):
            for death in others:
                server.wait()
                server.close()
                server, _ = start(style, port, journal, BETWEEN, *death)
            server.wait()
            server.close()
            server, _ = start(style, port, journal)
            record.wait_for(BETWEEN)
    finally:
        server.close()
    check(record, journal)
    assert writers_in(record.acknowledged) == {*LONERS, *SHARERS, *IN_TASKS}
    assert writers_in(record.maybe) >= {victim for victim, _ in DEATHS}


@pytest.mark.parametrize("style", ["blocking", "async"])
def test_stopped_server(style: str, tmp_path: Path) -> None:
    """A server that stops and starts again within its process does no worse."""
    journal, record = tmp_path / "journal", Record()
    server, port = start(style, 0, journal)
    try:
        with writing(port, record):
            for _ in range(STOPS):
                record.wait_for(BETWEEN)
                server.ask("restart")
            record.wait_for(BETWEEN)
    finally:
        server.close()
    check(record, journal)
    assert record.maybe or record.never
