"""Whose turn it is: a lock, and the manners that keep one thread from having it all the time."""

from __future__ import annotations

from threading import Lock, get_ident
from time import monotonic, sleep

_LONGEST_COURTESY = 0.001
"""Seconds; a thread that wakes later than that has to try again."""


class Turn:
    """A lock, taken by ``with turn.lock``; who finds it taken announces itself before.

    A lock alone goes to whoever asks first once it is free, and a thread that polls without a pause
    asks sooner than others wake: a dead unit would then cost them one timeout after the other.
    """

    __slots__ = ("lock", "owner", "waiting")

    def __init__(self) -> None:
        self.lock = Lock()
        self.owner = 0
        """The thread that has the lock, 0 while nobody has said so."""

        self.waiting: set[int] = set()
        """The threads that wait for the lock."""

    @property
    def is_own(self) -> bool:
        """Whether this very thread has the lock: a trace or a signal handler came in between."""
        return self.lock.locked() and self.owner == get_ident()

    def announce(self) -> None:
        """Say that this thread is going to wait."""
        self.waiting.add(get_ident())

    def begin(self) -> None:
        """Say that this thread waits no more."""
        self.waiting.discard(get_ident())

    def end(self) -> None:
        """Let another go first, after the lock was released."""
        self.begin()
        limit = monotonic() + _LONGEST_COURTESY
        while self.waiting and not self.lock.locked() and monotonic() < limit:
            sleep(0)
