"""Seeing the frames: what goes over a connection, when, which way and with whom.

A client or server given a ``trace`` calls it with each frame; one without does no work for it.
"""

from __future__ import annotations

from collections.abc import Callable
from time import time

from modbus_wire.log import logger
from modbus_wire.typed import TypeAlias


class TracedFrame:
    """One whole frame, as it went over the connection."""

    __slots__ = ("data", "is_sent", "peer", "time")

    def __init__(self, data: bytes, is_sent: bool, peer: str, time: float) -> None:
        self.data = data
        self.is_sent = is_sent
        """Whether this side sent it; otherwise it was received."""

        self.peer = peer
        """The other side."""

        self.time = time
        """Seconds since the epoch."""

    def __str__(self) -> str:
        arrow = ">" if self.is_sent else "<"
        return f"{self.time:.6f} {self.peer} {arrow} {self.data.hex(' ').upper()}"

    def __repr__(self) -> str:
        return f"TracedFrame({str(self)!r})"


Trace: TypeAlias = Callable[[TracedFrame], object]
"""What is called with each frame."""


def tracer_of(trace: Trace, peer: str) -> Callable[[bytes, bool], None]:
    """Return what a connection with ``peer`` calls with a frame and whether it is sent.

    An exception that the trace raises is logged.
    """

    def tracer(data: bytes, is_sent: bool) -> None:
        try:
            trace(TracedFrame(data, is_sent, peer, time()))
        except Exception:
            logger("modbus_wire.trace").exception("%r failed with a frame of %s", trace, peer)

    return tracer


def check_trace(trace: Trace | None) -> None:
    """Raise TypeError for a trace that cannot be called, and for a coroutine function."""
    if trace is not None:
        from modbus_wire.access import check_function

        check_function("trace", trace)


def log_frames(frame: TracedFrame) -> None:
    """Log a frame at level DEBUG of the logger ``modbus_wire.frames``; to be given as a trace."""
    arrow = ">" if frame.is_sent else "<"
    logger("modbus_wire.frames").debug("%s %s %s", frame.peer, arrow, frame.data.hex(" ").upper())
