"""The utils module against the one of pyModbusTCP 0.1.10, function by function."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

from tests.benchmarks.harness import Effort, Ratio, Unavailable, interleave, per_call

WORDS = [(address * 40503 + 7) & 0xFFFF for address in range(124)]
LONGS = [(index * 2654435761 + 7) & 0xFFFFFFFF for index in range(62)]


class Case(NamedTuple):
    """A function, its arguments, and how many times faster it has to be."""

    what: str
    function: str
    args: tuple[object, ...]
    limit: float


CASES = (
    Case("124 words", "word_list_to_long", (WORDS,), 2.5),
    Case("62 longs", "long_list_to_word", (LONGS,), 2.5),
    Case("16 bits", "get_bits_from_int", (0xA5C3,), 6),
    Case("256 bytes", "crc16", (bytes(range(256)),), 30),
    Case("6 bytes", "crc16", (bytes.fromhex("010300000002"),), 7),
)


def run(effort: Effort) -> Iterator[Ratio]:
    """Compare each function's answer, then its time."""
    if find_spec("pyModbusTCP") is None:
        raise Unavailable("pyModbusTCP 0.1.10 is not installed")
    ours, theirs = import_module("modbus_wire.utils"), import_module("pyModbusTCP.utils")
    for case in CASES:
        functions = {"ours": getattr(ours, case.function), "theirs": getattr(theirs, case.function)}
        assert functions["ours"](*case.args) == functions["theirs"](*case.args), case
        meters = {
            way: per_call(function, *case.args, effort=effort)
            for way, function in functions.items()
        }
        samples = interleave(meters, effort)
        yield samples.times_faster(f"{case.function}, {case.what}", "ours", "theirs", case.limit)
