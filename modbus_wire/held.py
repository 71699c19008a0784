"""The answers of a connection that wait before they are sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from modbus_wire.withheld import Wait


class HeldAnswers:
    """Frames that go out when their waits are over, as they are due or in the order they came."""

    __slots__ = ("_in_order", "_later", "_queue", "_sent", "count")

    def __init__(
        self,
        later: Callable[[Callable[[], bytes], Wait], None],
        sent: Callable[[bytes], bytes],
        *,
        in_order: bool,
    ) -> None:
        """``sent`` is called with each frame when it goes out."""
        self._later = later
        self._sent = sent
        self._in_order = in_order
        self._queue: deque[_Held] = deque()
        self.count = 0
        """How many have not gone out yet."""

    def hold(self, frame: bytes, wait: Wait) -> None:
        """Send a frame when a wait is over."""
        self.count += 1
        if not self._in_order:
            self._later(lambda: self._let_go(frame), wait)
            return
        held = _Held(frame, is_due=False)
        self._queue.append(held)
        self._later(lambda: self._release(held), wait)

    def in_turn(self, frame: bytes) -> bytes:
        """Return a frame that may be sent now, or b"" where others have to go first."""
        if not self._queue:
            return self._sent(frame)
        self.count += 1
        self._queue.append(_Held(frame, is_due=True))
        return b""

    def _release(self, held: _Held) -> bytes:
        """Return the frames that may go out now that the wait of one is over."""
        held.is_due = True
        frames: list[bytes] = []
        while self._queue and self._queue[0].is_due:
            frames.append(self._let_go(self._queue.popleft().frame))
        return b"".join(frames)

    def _let_go(self, frame: bytes) -> bytes:
        self.count -= 1
        return self._sent(frame)


class _Held:
    __slots__ = ("frame", "is_due")

    def __init__(self, frame: bytes, *, is_due: bool) -> None:
        self.frame = frame
        self.is_due = is_due
