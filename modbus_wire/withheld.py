"""Responses that are not sent at once, or never."""

from __future__ import annotations

from collections.abc import Callable

from modbus_wire.typed import TypeAlias

Wait: TypeAlias = float | Callable[[Callable[[], None]], object]
"""Seconds, or what is given a function to call when the time has come, from any thread."""


class Withheld(bytes):
    """A response PDU that is not sent at once; an empty one is never sent."""

    wait: Wait = 0.0
    """How long it is held back."""

    closes: bool = False
    """Whether the connection ends instead."""


Answer: TypeAlias = bytes | None
"""A response PDU, which may be `Withheld`, or None where none is due."""
