"""Which of the requests that touch something a fault strikes."""

from __future__ import annotations

from random import Random
from typing import Literal, TypeAlias, TypedDict

Only: TypeAlias = Literal["reads", "writes"]
"""The requests that change nothing, or those that do."""


class When(TypedDict, total=False):
    """Which of the requests that a fault is about it strikes; they are counted from 1.

    All that is given has to hold; a fault of which nothing is given strikes each.
    """

    times: int | None
    """How many it strikes at most; then it is over."""

    nth: int | None
    """That one alone."""

    every: int | None
    """Each so many-th."""

    chance: float | None
    """With which probability, 0 to 1, each."""

    seed: int
    """What decides by chance; the same seed strikes the same ones."""

    only: Only | None
    """``"reads"`` or ``"writes"``: the others are not counted."""


class Turns:
    """Counts requests and says of each whether it is one of those that are meant, as `When`."""

    def __init__(
        self,
        *,
        times: int | None = None,
        nth: int | None = None,
        every: int | None = None,
        chance: float | None = None,
        seed: int = 0,
        only: Only | None = None,
    ) -> None:
        """Begin to count; raises ValueError for what is out of its range."""
        for name, number in (("times", times), ("nth", nth), ("every", every)):
            if number is not None and number < 1:
                raise ValueError(f"{name} {number!r} is below 1")
        if chance is not None and not 0 <= chance <= 1:
            raise ValueError(f"chance {chance!r} is not in 0..1")
        if only not in (None, "reads", "writes"):
            raise ValueError(f"only {only!r} is neither reads nor writes")
        self._times = 1 if nth is not None and times is None else times
        self._nth = nth
        self._every = every
        self._chance = chance
        self._random = Random(seed)
        self.only = only
        self.asked = 0
        """The requests there were."""

        self.hits = 0
        """Those that were meant."""

    @property
    def are_over(self) -> bool:
        """Whether no later request can be meant."""
        if self._times is not None and self.hits >= self._times:
            return True
        return self._nth is not None and self.asked >= self._nth

    def take(self) -> bool:
        """Count a request; return whether it is meant."""
        if self.are_over:
            return False
        self.asked += 1
        # drawn for each request, so that what else is asked for does not change which are meant
        drawn = self._chance is None or self._random.random() < self._chance
        is_meant = (
            drawn
            and (self._nth is None or self.asked == self._nth)
            and (self._every is None or self.asked % self._every == 0)
        )
        self.hits += is_meant
        return is_meant
