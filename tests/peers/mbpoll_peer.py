"""mbpoll: a program of Debian that carries out one request and prints the answer."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from modbus_wire.errors import exception_for
from tests.peers.face import UNIT, Face, Where
from tests.peers.ways import ClientParty, Party
from tests.wire.peers import LIMIT

MISSING = None if shutil.which("mbpoll") else "mbpoll is not installed"
BAUDRATE = 115_200
VALUE = re.compile(r"^\[(\d+)\]:\s+(0x[0-9A-F]+|\d+)", re.MULTILINE)


class MbpollFace(Face):
    """Each call is a run of the program."""

    most_bits = most_registers = 125
    most_coils_written = most_registers_written = 123

    def __init__(self, where: Where) -> None:
        if where.is_serial:
            self._where = [where.device, "-m", "rtu", "-b", str(BAUDRATE), "-P", "even"]
        else:
            self._where = [where.host, "-m", "tcp", "-p", str(where.port)]

    def _run(
        self, table: str, address: int, *, quantity: int = 1, values: Sequence[int] = ()
    ) -> str:
        place, *options = self._where
        # a reference of 1 is address 0
        common = ["-1", "-o", str(LIMIT), "-a", str(UNIT), "-0", "-r", str(address), "-t", table]
        asked = [] if values else ["-c", str(quantity)]
        command = ["mbpoll", *options, *common, *asked, place, *map(str, values)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=3 * LIMIT, check=False
        )
        said = done.stdout + done.stderr
        if done.returncode == 0 and "failed" not in said:
            return said
        for code, words in enumerate(REFUSALS, 1):
            if words in said.lower():
                raise exception_for(code)
        raise RuntimeError(f"{' '.join(command)}: {said}")

    def _read(self, table: str, address: int, quantity: int) -> list[int]:
        said = self._run(table, address, quantity=quantity)
        found = [(int(at), int(value, 0)) for at, value in VALUE.findall(said)]
        assert [at for at, _ in found] == list(range(address, address + quantity)), said
        return [value for _, value in found]

    def read_coils(self, address: int, quantity: int) -> list[bool]:
        return [bool(value) for value in self._read("0", address, quantity)]

    def read_discrete_inputs(self, address: int, quantity: int) -> list[bool]:
        return [bool(value) for value in self._read("1", address, quantity)]

    def read_holding_registers(self, address: int, quantity: int) -> list[int]:
        return self._read("4:hex", address, quantity)

    def read_input_registers(self, address: int, quantity: int) -> list[int]:
        return self._read("3:hex", address, quantity)

    def write_single_coil(self, address: int, value: bool) -> None:
        self._run("0", address, values=[int(value)])

    def write_single_register(self, address: int, value: int) -> None:
        self._run("4", address, values=[value])

    def write_multiple_coils(self, address: int, values: Sequence[bool]) -> None:
        self._run("0", address, values=[int(value) for value in values])

    def write_multiple_registers(self, address: int, values: Sequence[int]) -> None:
        self._run("4", address, values=values)


REFUSALS = ("illegal function", "illegal data address", "illegal data value", "failure")
"""What it prints for the exceptions 01 to 04."""


@contextmanager
def client(where: Where) -> Iterator[Face]:
    """Give the program as a client; it connects at each call."""
    yield MbpollFace(where)


CLIENTS = (
    ClientParty(
        Party("mbpoll", ("tcp", "rtu"), frozenset({1, 2, 3, 4, 5, 6, 15, 16}), MISSING), client
    ),
)
