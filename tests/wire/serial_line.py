"""A serial line without hardware: two pty pairs whose far ends are wired to each other.

It shares no code with the package. A device that was opened and closed can be opened again.
"""

import contextlib
import os
import select
import tty
from collections.abc import Iterator
from threading import Thread

import pytest

pty = pytest.importorskip("pty", reason="the system has no pseudo terminals")

_PIECE = 4096


class NullModem:
    """Two devices; what is written to one can be read from the other."""

    def __init__(self) -> None:
        pairs = [pty.openpty(), pty.openpty()]
        self._far_ends = [far for far, _ in pairs]
        self._near_ends = [near for _, near in pairs]
        for near in self._near_ends:  # they stay open, so that no close of a user hangs up
            tty.setraw(near)
        self.devices = (os.ttyname(self._near_ends[0]), os.ttyname(self._near_ends[1]))
        self._wake, self._stop = os.pipe()
        self._thread = Thread(target=self._run, name="null-modem")
        self._thread.start()

    def cut(self) -> None:
        """Unplug the line: both devices fail from now on."""
        if self._thread.is_alive():
            os.write(self._stop, b"x")
            self._thread.join()
        for descriptor in self._far_ends:
            os.close(descriptor)
        self._far_ends = []

    def close(self) -> None:
        """Unplug the line and give everything back."""
        self.cut()
        for descriptor in (*self._near_ends, self._wake, self._stop):
            os.close(descriptor)

    def _run(self) -> None:
        left, right = self._far_ends
        to = {left: right, right: left}
        while True:
            ready, _, _ = select.select([left, right, self._wake], [], [])
            if self._wake in ready:
                return
            for descriptor in ready:
                os.write(to[descriptor], os.read(descriptor, _PIECE))


@contextlib.contextmanager
def plugged() -> Iterator[NullModem]:
    """Give a null modem whose line the test may cut."""
    modem = NullModem()
    try:
        yield modem
    finally:
        modem.close()


@contextlib.contextmanager
def null_modem() -> Iterator[tuple[str, str]]:
    """Give the names of two devices that are wired to each other."""
    with plugged() as modem:
        yield modem.devices
