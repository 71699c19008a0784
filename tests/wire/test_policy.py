"""How patient a client is: the values and their limits."""

import math
from typing import Any

import pytest

from modbus_wire.policy import DEFAULT_TIMEOUT, LONGEST_TIMEOUT, Backoff, Policy


def test_defaults() -> None:
    """Three seconds, no retries, no delay."""
    policy = Policy()
    assert (policy.timeout, policy.retries, policy.request_delay) == (DEFAULT_TIMEOUT, 0, 0)
    assert repr(policy) == "Policy(timeout=3.0, retries=0, request_delay=0.0)"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout", 0),
        ("timeout", -1),
        ("timeout", math.inf),
        ("timeout", math.nan),
        ("timeout", LONGEST_TIMEOUT * 2),
        ("retries", -1),
        ("request_delay", -0.1),
        ("request_delay", math.nan),
        ("request_delay", math.inf),
    ],
)
def test_out_of_range(name: str, value: float) -> None:
    """The error names the argument and the value."""
    arguments: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=rf"{name} {value}"):
        Policy(**arguments)


def test_limits_are_allowed() -> None:
    """The longest timeout, the shortest, and delays of nothing."""
    assert Policy(timeout=LONGEST_TIMEOUT, retries=3, request_delay=0).retries == 3
    assert Policy(timeout=1e-6).timeout == 1e-6


def test_backoff_doubles_up_to_the_most() -> None:
    """No delay before the first failure, then doubled, and never more than the most."""
    backoff = Backoff(0.5, 3)
    assert [backoff.delay(failures) for failures in range(6)] == [0, 0.5, 1, 2, 3, 3]
    assert backoff.delay(10_000) == 3
    assert repr(backoff) == "Backoff(0.5, 3)"


def test_backoff_of_nothing() -> None:
    """A first delay of 0 is none at all, however often it fails."""
    assert Backoff(0, 0).delay(100) == 0


@pytest.mark.parametrize(
    ("first", "most"), [(-1, 1), (2, 1), (math.nan, 1), (1, math.nan), (1, math.inf)]
)
def test_backoff_out_of_range(first: float, most: float) -> None:
    """Delays are not negative, and the most is not less than the first."""
    with pytest.raises(ValueError, match="is not"):
        Backoff(first, most)
