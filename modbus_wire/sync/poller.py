"""Which sockets are ready: epoll where the system has it, the best selector it has elsewhere.

It knows descriptors only, not what they are for.
"""

from __future__ import annotations

import select
import selectors
from contextlib import suppress

from modbus_wire.typed import Protocol

READ = 1
"""There is something to read, or the other side is gone."""

WRITE = 4
"""There is room to write."""

NOTHING = 0
"""Only failures, where the system tells of them unasked."""


class Poller(Protocol):
    """Watches descriptors. Events are `READ`, `WRITE`, both or `NOTHING`; failures come with any.

    Level-triggered: a descriptor is named again until its state is dealt with.
    """

    def register(self, fd: int, events: int, /) -> None:
        """Begin to watch a descriptor."""
        ...

    def modify(self, fd: int, events: int, /) -> None:
        """Watch a descriptor for other events."""
        ...

    def unregister(self, fd: int) -> None:
        """Watch a descriptor no more; to be called before it is closed."""
        ...

    def poll(self, timeout: float | None = None) -> list[tuple[int, int]]:
        """Wait, ``timeout`` seconds at most; return the ready descriptors and their events."""
        ...

    def close(self) -> None:
        """Give the poller's own resources back."""
        ...


class SelectorPoller:
    """A `Poller` over the standard library's selectors: kqueue, poll or select."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def register(self, fd: int, events: int, /) -> None:
        self._selector.register(fd, _to_selector(events))

    def modify(self, fd: int, events: int, /) -> None:
        if events == NOTHING:
            self.unregister(fd)
        elif fd in self._selector.get_map():
            self._selector.modify(fd, _to_selector(events))
        else:
            self.register(fd, events)

    def unregister(self, fd: int) -> None:
        with suppress(KeyError):  # it is watched for nothing
            self._selector.unregister(fd)

    def poll(self, timeout: float | None = None) -> list[tuple[int, int]]:
        ready = self._selector.select(timeout)
        return [(key.fd, _from_selector(events)) for key, events in ready]

    def close(self) -> None:
        self._selector.close()


def new_poller() -> Poller:
    """Return the fastest poller of this system."""
    return select.epoll() if hasattr(select, "epoll") else SelectorPoller()


def _to_selector(events: int) -> int:
    reading = selectors.EVENT_READ if events & READ else 0
    return reading | (selectors.EVENT_WRITE if events & WRITE else 0)


def _from_selector(events: int) -> int:
    reading = READ if events & selectors.EVENT_READ else 0
    return reading | (WRITE if events & selectors.EVENT_WRITE else 0)
