"""``python -m tests.benchmarks [name ...]``: run all benchmarks, or some, and print one table."""

import sys

from tests.benchmarks.harness import FULL, Unavailable, report
from tests.benchmarks.suite import benchmark_names, load


def main(names: list[str]) -> int:
    """Run the named benchmarks; return 1 when a ratio missed its limit, 2 for a wrong name."""
    if unknown := set(names) - set(benchmark_names()):
        print(
            f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(benchmark_names())}"
        )
        return 2
    ok = True
    for name in names or benchmark_names():
        print(f"# {name}")
        try:
            ok = report(load(name)(FULL)) and ok
        except Unavailable as missing:
            print(f"skipped: {missing}")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
