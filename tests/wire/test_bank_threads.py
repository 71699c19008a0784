"""The stores behind a server, used by several threads at once."""

import sys
from collections.abc import Callable, Iterator
from threading import Thread

import pytest

from modbus_wire.bank import SharedBank
from modbus_wire.codes import Table
from tests.wire.cells import to_bytes, words

COILS, HOLDING = Table.COILS, Table.HOLDING_REGISTERS


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
