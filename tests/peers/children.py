"""Peers in processes of their own: programs that do what each line they are told says.

A line is a method and its arguments, ``read_coils 0 3``; the answer is ``ok 1 0 1``,
``exception 2`` or ``error`` and a text. Bytes are in hex, ``-`` for none.
"""

import os
import select
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from modbus_wire.errors import exception_for
from tests.peers.face import Face, Group, ServerId
from tests.wire.peers import LIMIT

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
INSTALLED = ROOT / ".peers"
"""Where .ci/run puts the peers that are no part of the Python environment."""


class Child:
    """A process that is told lines and answers each with a line; it ends with its input."""

    def __init__(
        self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None
    ) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
        )
        self._heard = b""

    def ask(self, *words: object) -> list[str]:
        """Send a line and return the values of the answer; raises what the answer says."""
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(map(str, words)).encode() + b"\n")
        self._process.stdin.flush()
        verdict, *values = self.hear().split(" ")
        if verdict == "exception":
            raise exception_for(int(values[0]))
        if verdict != "ok":
            raise RuntimeError(f"{self._process.args!r}: {' '.join(values)}")
        return values

    def hear(self) -> str:
        """Return the next line of the child; raises RuntimeError where none comes."""
        assert self._process.stdout is not None
        output = self._process.stdout.fileno()
        while b"\n" not in self._heard:
            ready, _, _ = select.select([output], [], [], 2 * LIMIT)
            piece = os.read(output, 65536) if ready else b""
            if not piece:
                raise RuntimeError(f"{self._process.args!r} says nothing")
            self._heard += piece
        line, _, self._heard = self._heard.partition(b"\n")
        return line.decode().strip()

    def wait(self) -> None:
        """Wait until it has ended by itself."""
        self._process.wait(2 * LIMIT)

    def __enter__(self) -> Self:
        return self

    def close(self) -> None:
        """End its input, and wait until it has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(LIMIT)
        self._process.stdout.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class ChildFace(Face):
    """A client in a child process; it has the methods that the program has."""

    def __init__(self, child: Child) -> None:
        self._child = child

    def _numbers(self, *words: object) -> list[int]:
        return [int(value) for value in self._child.ask(*words)]

    def _bits(self, *words: object) -> list[bool]:
        return [value == "1" for value in self._child.ask(*words)]

    def read_coils(self, address: int, quantity: int) -> list[bool]:
        return self._bits("read_coils", address, quantity)

    def read_discrete_inputs(self, address: int, quantity: int) -> list[bool]:
        return self._bits("read_discrete_inputs", address, quantity)

    def read_holding_registers(self, address: int, quantity: int) -> list[int]:
        return self._numbers("read_holding_registers", address, quantity)

    def read_input_registers(self, address: int, quantity: int) -> list[int]:
        return self._numbers("read_input_registers", address, quantity)

    def write_single_coil(self, address: int, value: bool) -> None:
        self._child.ask("write_single_coil", address, int(value))

    def write_single_register(self, address: int, value: int) -> None:
        self._child.ask("write_single_register", address, value)

    def write_multiple_coils(self, address: int, values: Sequence[bool]) -> None:
        self._child.ask("write_multiple_coils", address, *map(int, values))

    def write_multiple_registers(self, address: int, values: Sequence[int]) -> None:
        self._child.ask("write_multiple_registers", address, *values)

    def report_server_id(self, id_size: int) -> ServerId:
        data = bytes.fromhex(self._child.ask("report_server_id")[0])
        return ServerId(data[:id_size], data[id_size] == 0xFF, data[id_size + 1 :])

    def read_file_record(self, groups: Sequence[Group]) -> list[list[int]]:
        return [self._numbers("read_file_record", *group) for group in groups]

    def mask_write_register(self, address: int, and_mask: int, or_mask: int) -> None:
        self._child.ask("mask_write_register", address, and_mask, or_mask)

    def read_write_multiple_registers(
        self, read_address: int, read_quantity: int, write_address: int, values: Sequence[int]
    ) -> list[int]:
        name = "read_write_multiple_registers"
        return self._numbers(name, read_address, read_quantity, write_address, *values)

    def read_device_identification(self, category: int) -> dict[int, bytes]:
        """The answer has a word ``id=hex`` for each object."""
        objects = {}
        for word in self._child.ask("read_device_identification", category):
            number, _, value = word.partition("=")
            objects[int(number)] = bytes.fromhex(value)
        return objects


_BUILT = TemporaryDirectory(prefix="modbus-peers-")


@cache
def built(name: str, *libraries: str) -> Path | None:
    """Compile ``name.c`` of this folder; None where compiler or library is missing."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    program = Path(_BUILT.name, name)
    command: list[str | Path] = [compiler, "-O1", "-o", program, HERE / f"{name}.c", *libraries]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    return program if done.returncode == 0 else None


def installed(name: str, variable: str) -> Path | None:
    """Return the folder of a peer, from the environment or ``.peers``; None: it is not there."""
    for folder in (os.environ.get(variable), INSTALLED / name):
        if folder and Path(folder).is_dir():
            return Path(folder)
    return None
