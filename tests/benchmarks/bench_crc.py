"""The checksum of RTU frames: our own way against the loop that others have, and with fastcrc."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

from modbus_wire.crc import crc16_of_bytes, pure_crc16
from tests.benchmarks.harness import Effort, Ratio, Unavailable, interleave, per_call

FRAME = bytes(range(256))
"""The longest frame."""


def run(effort: Effort) -> Iterator[Ratio]:
    """Compare the checksums of the longest frame, then their times."""
    if find_spec("pyModbusTCP") is None:
        raise Unavailable("pyModbusTCP 0.1.10 is not installed")
    ways = {
        "own": pure_crc16,
        "in use": crc16_of_bytes,
        "pyModbusTCP": import_module("pyModbusTCP.utils").crc16,
    }
    if find_spec("fastcrc") is not None:
        ways["fastcrc"] = import_module("fastcrc.crc16").modbus
    assert len({way(FRAME) for way in ways.values()}) == 1
    meters = {name: per_call(way, FRAME, effort=effort) for name, way in ways.items()}
    samples = interleave(meters, effort)
    # folding, the best way without a package, is 45 times as fast on a frame: 1.2 of that
    yield samples.times_faster("own crc16 of 256 bytes", "own", "pyModbusTCP", 37.5)
    if "fastcrc" in ways:
        yield samples.at_most("crc16 of 256 bytes with fastcrc", "in use", "fastcrc", 1.2)
