"""How the blocking style carries out the pauses and turns of a flow."""

from __future__ import annotations

from threading import RLock
from time import sleep

from modbus_wire.flows import Turn, Wait


class BlockingTurn(Turn):
    """The turn of one of several threads."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = RLock()

    def acquire(self) -> None:
        self._lock.acquire()

    def release(self) -> None:
        self._lock.release()


def wait(step: Wait) -> None:
    """Wait for a turn, or as long as a pause says."""
    if isinstance(step, Turn):
        step.acquire()
    else:
        sleep(step.seconds)
