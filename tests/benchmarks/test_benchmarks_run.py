"""Every benchmark runs end to end and its answers are right; how fast is not asked here."""

import math

import pytest

from tests.benchmarks.harness import SMOKE, Unavailable
from tests.benchmarks.suite import benchmark_names, load


@pytest.mark.parametrize("name", benchmark_names())
def test_benchmark_runs(name: str) -> None:
    """A benchmark of the smallest size checks its answers and yields positive ratios."""
    try:
        ratios = list(load(name)(SMOKE))
    except Unavailable as missing:
        pytest.skip(str(missing))
    assert ratios
    assert all(ratio.value > 0 and math.isfinite(ratio.value) for ratio in ratios)
