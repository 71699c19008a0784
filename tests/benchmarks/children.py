"""The other end of an exchange as a child process: the C programs and the servers under test."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, Self

from tests.benchmarks.harness import Unavailable

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TIME_LIMIT = 60
"""Seconds that one run of the load generator may take."""


@contextmanager
def compiled(name: str, *libraries: str) -> Iterator[Path]:
    """Compile ``name.c`` of this folder and give the path of the program while the block runs.

    Raises `Unavailable` without a compiler, or without one of the libraries.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        raise Unavailable("no C compiler (cc) for the other end of the connections")
    with TemporaryDirectory() as folder:
        program = Path(folder, name)
        source = HERE / f"{name}.c"
        links = [f"-l{library}" for library in libraries]
        done = subprocess.run(
            [compiler, "-O2", "-o", program, source, *links],
            timeout=TIME_LIMIT,
            capture_output=bool(libraries),
        )
        if done.returncode and libraries:
            raise Unavailable(f"no development files of lib{libraries[0]}")
        done.check_returncode()
        yield program


class Child:
    """A process that answers a line on its input with a line on its output, and ends with it."""

    def __init__(self, command: Sequence[str | Path]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )

    def ask(self, line: str = "") -> str:
        """Send a line and return the answer."""
        assert self._process.stdin is not None
        print(line, file=self._process.stdin, flush=True)
        return self.hear()

    def hear(self) -> str:
        """Return the next line the child says; raises RuntimeError when it ended instead."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.end()
            raise RuntimeError(f"{self._process.args!r} ended: {self._process.returncode}")
        return line.strip()

    def end(self) -> None:
        """Close its input and wait until it has ended."""
        try:
            self._process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.end()


class ServerChild(Child):
    """One of the servers of ``serve.py``, or a program like it, in a process of its own."""

    def __init__(self, kind: str, *command: str | Path) -> None:
        super().__init__(command or [sys.executable, "-m", "tests.benchmarks.serve", kind])
        self.port = int(self.hear())

    def cpu_seconds(self) -> float:
        """Return the CPU time, user and system, that all its threads have used so far."""
        return float(self.ask())


class Load(NamedTuple):
    """What the load generator saw of one run."""

    requests: int
    seconds: float
    cpu_seconds: float


class LoadChild(Child):
    """The load generator, connected; the connections stay open from run to run."""

    def __init__(
        self,
        program: Path,
        port: int,
        connections: int,
        depth: int,
        request: bytes,
        answer: bytes,
        *,
        is_plain: bool = False,
        time_limit: int = TIME_LIMIT,
    ) -> None:
        """Connect; the frames are those of Modbus TCP or, ``is_plain``, without transaction ids."""
        numbers = [str(number) for number in (port, connections, depth, time_limit)]
        plain = ["plain"] if is_plain else []
        super().__init__([program, *numbers, request.hex(), answer.hex(), *plain])
        if self.hear() != "ready":
            raise RuntimeError("the load generator does not speak as expected")

    def run(self, requests: int) -> Load:
        """Exchange that many requests; every answer is checked, a wrong one ends the child."""
        return Load(**json.loads(self.ask(str(requests))))
