"""What has to hear of a fork: in the child, whatever shares a connection with its parent.

Imported when there is something to remember: weak references take a while to import.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from weakref import WeakKeyDictionary

from modbus_wire.typed import Any, TypeVar

T = TypeVar("T")


_remembered: WeakKeyDictionary[object, Callable[[Any], None]] = WeakKeyDictionary()


def remember(thing: T, after_fork: Callable[[T], None]) -> None:
    """Have ``after_fork(thing)`` called in the child of each fork, as long as the thing lives."""
    _remembered[thing] = after_fork


def _tell() -> None:
    for thing, after_fork in list(_remembered.items()):
        after_fork(thing)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_tell)
