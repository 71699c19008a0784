"""DataBank: one store for the process, copies out, conversions in."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.compat.peers import Package

addresses = st.integers(-3, 3) | st.integers(65530, 65540) | st.integers(0, 65535)
numbers = st.integers(0, 20) | st.sampled_from([65535, 65536, 65537])
anything = st.integers() | st.booleans() | st.floats() | st.none() | st.text(max_size=2)
values = st.lists(st.integers(-(2**17), 2**17), max_size=20) | st.lists(anything, max_size=4)


def outcome(function: Callable[..., Any], *args: Any) -> Any:
    """Return what a call gives, or the type of what it raises."""
    try:
        return function(*args)
    except Exception as error:
        return type(error)


@given(st.sampled_from(["bits", "words"]), addresses, values, addresses, numbers)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_stores_agree(
    ours: Package, released: Package, kind: str, at: int, given_values: Any, start: int, number: int
) -> None:
    """Writing and reading give the same with both packages, whatever the range and values."""
    banks = [package.server.DataBank for package in (ours, released)]
    for bank in banks:
        getattr(bank, f"set_{kind}")(0, [0] * 65536)
    written = [outcome(getattr(bank, f"set_{kind}"), at, given_values) for bank in banks]
    assert written[0] == written[1]
    for where in ((start, number), (max(at, 0), 20), (0, 65536)):
        read = [outcome(getattr(bank, f"get_{kind}"), *where) for bank in banks]
        assert read[0] == read[1]


def test_a_copy_is_given(package: Package) -> None:
    """What is read may be changed without changing the store."""
    bank = package.server.DataBank
    assert bank.set_words(10, [1, 2]) is True
    words = bank.get_words(10, 2)
    words[0] = 99
    assert bank.get_words(10, 2) == [1, 2]
    assert bank.get_words(10) == [1]


def test_conversions(package: Package) -> None:
    """Words are cut to 16 bits, bits are truth-tested; iterables are taken."""
    bank = package.server.DataBank
    assert bank.set_words(0, (w for w in (-1, 65536, "7", 3.9))) is True
    assert bank.get_words(0, 4) == [65535, 0, 7, 3]
    assert bank.set_bits(0, (b for b in (5, "", "x", None))) is True
    assert bank.get_bits(0, 4) == [True, False, True, False]


@pytest.mark.parametrize(("word", "error"), [("x", ValueError), (None, TypeError)])
def test_a_value_that_cannot_be_converted(
    package: Package, word: Any, error: type[Exception]
) -> None:
    """It raises before anything is written."""
    bank = package.server.DataBank
    bank.set_words(0, [7, 7])
    with pytest.raises(error):
        bank.set_words(0, [1, word])
    assert bank.get_words(0, 2) == [7, 7]


@pytest.mark.parametrize(("address", "number"), [(-1, 1), (65536, 1), (65535, 2), (0, 65537)])
def test_out_of_range(package: Package, address: int, number: int) -> None:
    """A range that is not within the store is None, and nothing is written."""
    bank = package.server.DataBank
    bank.set_words(65535, [7])
    assert bank.get_words(address, number) is None
    assert bank.get_bits(address, number) is None
    assert bank.set_words(address, [1] * number) is None
    assert bank.set_bits(address, [True] * number) is None
    assert bank.get_words(65535) == [7]


def test_no_cells(package: Package) -> None:
    """No cells at all are within range up to the end of the store."""
    bank = package.server.DataBank
    assert (bank.get_bits(0, 0), bank.get_words(65536, 0)) == ([], [])
    assert (bank.get_words(65537, 0), bank.set_words(65536, [])) == (None, True)
