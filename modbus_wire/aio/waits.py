"""Waits in an event loop: what is due after some seconds, or when somebody else says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from modbus_wire.withheld import Wait


def call_after(wait: Wait, call: Callable[[], None]) -> None:
    """Call a function in the running event loop when a wait is over, unless the loop has ended."""
    loop = asyncio.get_running_loop()
    if not callable(wait):
        loop.call_later(wait, call)
        return

    def over() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is there any more
            loop.call_soon_threadsafe(call)

    wait(over)
