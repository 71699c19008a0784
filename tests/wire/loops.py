"""Event loops for tests: asyncio's own, and uvloop's where it is installed."""

import asyncio
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest

NewLoop = Callable[[], asyncio.AbstractEventLoop]
"""Makes an event loop."""

LOOPS: dict[str, NewLoop] = {"asyncio": asyncio.new_event_loop}


def new_uvloop() -> asyncio.AbstractEventLoop:
    """Return an event loop of uvloop that ends also where something in it was left open.

    A warning that is an error keeps uvloop from closing what it warns of, for which it then waits
    without end: here the error is raised when the loop has been closed.
    """
    uvloop: Any = pytest.importorskip("uvloop")

    class Loop(uvloop.Loop):  # type: ignore[misc]  # it is there only where it is installed
        """A loop that closes."""

        def close(self) -> None:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                super().close()
            for warning in caught:
                warnings.warn(warning.message, stacklevel=2)

    made: asyncio.AbstractEventLoop = Loop()
    return made


if find_spec("uvloop"):
    LOOPS["uvloop"] = new_uvloop
