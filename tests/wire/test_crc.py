"""The CRC-16 of serial frames, in both ways of computing it."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_wire.crc import crc16, crc16_of_bytes, pure_crc16
from tests.wire.peers import rtu

VECTORS = {b"": 0xFFFF, b"\x02\x07": 0x1241, b"123456789": 0x4B37}
"""No bytes, the example of SL §6.2.2, the check value of the catalogue of CRCs."""

ROOT = Path(__file__).parents[2]

WITHOUT_FASTCRC = """
import sys
sys.modules["fastcrc"] = sys.modules["fastcrc.crc16"] = None
from modbus_wire import crc
assert crc.crc16_of_bytes is crc.pure_crc16
print(crc.crc16(b"123456789"))
"""


@pytest.mark.parametrize("data", VECTORS, ids=bytes.hex)
def test_vectors(data: bytes) -> None:
    """Published checksums."""
    assert crc16(data) == crc16_of_bytes(data) == pure_crc16(data) == VECTORS[data]


@given(st.binary(max_size=600))
def test_all_ways_agree(data: bytes) -> None:
    """The installed package, our own way and the bitwise definition give the same."""
    expected = int.from_bytes(rtu(7, data)[-2:], "little")
    data = b"\x07" + data
    assert pure_crc16(data) == crc16_of_bytes(data) == crc16(data) == expected


@given(st.lists(st.integers(0, 255), max_size=300))
def test_any_bytes_like_data(values: list[int]) -> None:
    """Lists of byte values, bytearrays and views are as good as bytes."""
    expected = pure_crc16(bytes(values))
    assert crc16(values) == crc16(bytearray(values)) == expected
    assert crc16(memoryview(bytes(values))) == expected


@pytest.mark.parametrize("data", [[256], [-1], ["a"], "text", [None]])
def test_what_is_no_bytes(data: list[int]) -> None:
    """Values outside 0..255 and text have no checksum."""
    with pytest.raises((ValueError, TypeError)):
        crc16(data)


def test_fastcrc_is_optional() -> None:
    """Without the package the module computes by itself."""
    command = [sys.executable, "-c", WITHOUT_FASTCRC]
    done = subprocess.run(command, cwd=ROOT, check=True, timeout=30, stdout=subprocess.PIPE)
    assert int(done.stdout) == 0x4B37


def test_fastcrc_is_used_where_it_is() -> None:
    """With the package installed it is what computes."""
    fastcrc = pytest.importorskip("fastcrc")
    assert crc16_of_bytes is fastcrc.crc16.modbus
