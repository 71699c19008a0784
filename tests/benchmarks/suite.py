"""Which benchmarks there are: every module ``bench_*.py`` of this folder."""

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path

from tests.benchmarks.harness import Effort, Ratio


def benchmark_names() -> list[str]:
    """Return the names that the command line takes: ``server`` for ``bench_server.py``."""
    return sorted(path.stem[6:] for path in Path(__file__).parent.glob("bench_*.py"))


def load(name: str) -> Callable[[Effort], Iterable[Ratio]]:
    """Return the ``run`` of one benchmark."""
    run: Callable[[Effort], Iterable[Ratio]] = import_module(f"tests.benchmarks.bench_{name}").run
    return run
