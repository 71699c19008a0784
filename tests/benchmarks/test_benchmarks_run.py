"""Every benchmark runs end to end and its answers are right; how fast is not asked here."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.benchmarks.bench_server import read
from tests.benchmarks.children import LoadChild, ServerChild, compiled
from tests.benchmarks.harness import SMOKE, Unavailable
from tests.benchmarks.suite import benchmark_names, load

REQUEST, ANSWER, _ = read(10)


@contextmanager
def skipping_what_is_unavailable() -> Iterator[None]:
    """Skip the test where this machine lacks a compiler or a peer."""
    try:
        yield
    except Unavailable as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("name", benchmark_names())
def test_benchmark_runs(name: str) -> None:
    """A benchmark of the smallest size checks its answers and yields positive ratios."""
    with skipping_what_is_unavailable():
        ratios = list(load(name)(SMOKE))
    assert ratios
    assert all(ratio.value > 0 and math.isfinite(ratio.value) for ratio in ratios)


@pytest.mark.parametrize(
    "expected",
    [ANSWER[:-1] + b"\xff", ANSWER[:-1], ANSWER + b"\xff"],
    ids=["another byte", "fewer bytes", "more bytes"],
)
def test_load_generator_refuses_other_answers(expected: bytes) -> None:
    """A server that answers with other bytes than expected ends the load generator."""
    with (
        skipping_what_is_unavailable(),
        compiled("load") as program,
        ServerChild("ours") as server,
        pytest.raises(RuntimeError, match="ended: 1"),
    ):
        LoadChild(program, server.port, 1, 1, REQUEST, expected, time_limit=1)
