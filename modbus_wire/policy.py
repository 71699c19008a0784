"""How patient a client is: with a unit, with a server that is gone, with mangled ids."""

from __future__ import annotations

from enum import Enum

DEFAULT_TIMEOUT = 3.0

LONGEST_TIMEOUT = 2_000_000.0
"""Seconds; a socket cannot wait much longer."""


class Ids(Enum):
    """What of an answer has to be as asked; some devices mangle the ids they should echo."""

    STRICT = "strict"
    """Both ids: an unknown transaction id is dropped, another unit id is an error."""

    ANY_UNIT = "any unit"
    """The transaction id only: some gateways answer with a unit id of their own."""

    ANY = "any"
    """Neither: what comes next is the answer. One request at a time is under way then."""


class Policy:
    """How a unit is asked.

    ``timeout`` (seconds) bounds a whole exchange, from the sending of a request on. A read that
    failed is asked again ``retries`` times; a write never is. ``request_delay`` is the silence, in
    seconds, that the unit needs before each request.
    """

    __slots__ = ("request_delay", "retries", "timeout")

    def __init__(
        self,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        retries: int = 0,
        request_delay: float = 0.0,
    ) -> None:
        """Take the values; raises ValueError for one out of range, TypeError for no number."""
        check_seconds("timeout", timeout)
        if not isinstance(retries, int):
            raise TypeError(f"retries {retries!r} is no int")
        if not 0 < timeout <= LONGEST_TIMEOUT:
            raise ValueError(f"timeout {timeout} is not above 0 and at most {LONGEST_TIMEOUT}")
        if not 0 <= retries < LONGEST_TIMEOUT:
            raise ValueError(f"retries {retries} is not 0 or more")
        _check_delay("request_delay", request_delay)
        self.timeout = timeout
        self.retries = retries
        self.request_delay = request_delay

    def __repr__(self) -> str:
        values = (f"{name}={getattr(self, name)!r}" for name in ("timeout", "retries"))
        return f"Policy({', '.join(values)}, request_delay={self.request_delay!r})"


class Backoff:
    """How long a client leaves a server alone that cannot be reached.

    After a connection could not be made, or ended at its first request, requests within ``first``
    seconds fail at once without another attempt; each further failure doubles the time, up to
    ``most`` seconds.
    """

    __slots__ = ("first", "most")

    def __init__(self, first: float = 0.5, most: float = 30.0) -> None:
        """Take the values; raises ValueError for one out of range, TypeError for no number."""
        _check_delay("first", first)
        check_seconds("most", most)
        if not first <= most <= LONGEST_TIMEOUT:
            raise ValueError(f"most {most} is not between first and {LONGEST_TIMEOUT}")
        self.first = first
        self.most = most

    def delay(self, failures: int) -> float:
        """Return the seconds to wait after that many failures in a row, 0 after none."""
        if not failures:
            return 0.0
        return float(min(self.first * 2 ** min(failures - 1, 64), self.most))

    def __repr__(self) -> str:
        return f"Backoff({self.first!r}, {self.most!r})"


def check_seconds(name: str, seconds: float) -> None:
    """Raise TypeError for what is no number."""
    if not isinstance(seconds, (int, float)):
        raise TypeError(f"{name} {seconds!r} is no number of seconds")


def _check_delay(name: str, seconds: float) -> None:
    check_seconds(name, seconds)
    if not 0 <= seconds <= LONGEST_TIMEOUT:
        raise ValueError(f"{name} {seconds} is not in 0..{LONGEST_TIMEOUT}")
