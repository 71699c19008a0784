"""Wireshark's dissector reads what our clients and servers send, for every function code."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from modbus_wire.trace import Trace, TracedFrame
from tests.peers import capture, our_clients, our_servers
from tests.peers.exercises import EXERCISES
from tests.peers.face import CELLS, Content, Face
from tests.peers.ways import ALL
from tests.wire.peers import mbap, rtu

TSHARK = shutil.which("tshark")
pytestmark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed")

PORT = capture.MODBUS_PORT
OPTIONS = {
    "tcp": ["-d", f"tcp.port=={PORT},mbtcp"],
    "udp": ["-d", f"udp.port=={PORT},mbudp"],
    "rtu+tcp": ["-d", f"tcp.port=={PORT},mbrtu", "-o", "mbrtu.crc_verification:TRUE"],
}
FIELDS = (
    "frame.number",
    "modbus.func_code",
    "modbus.exception_code",
    "modbus.regval_uint16",
    "_ws.malformed",
    "_ws.expert.message",
)
FUNCTION_AT = {"tcp": 7, "udp": 7, "rtu+tcp": 1}
TOO_SHORT = 5
"""The dissector leaves RTU frames of fewer bytes alone."""


class Dissected(NamedTuple):
    """What the dissector says of a frame; empty texts for nothing."""

    number: str
    function_codes: str
    exception_code: str
    registers: str
    malformed: str
    complaint: str


def dissect(file: Path, transport: str) -> list[Dissected]:
    """Run tshark on a file of packets."""
    fields = [word for field in FIELDS for word in ("-e", field)]
    command: list[str | Path] = [
        "tshark",
        "-r",
        file,
        *OPTIONS[transport],
        "-T",
        "fields",
        "-E",
        "separator=|",
    ]
    done = subprocess.run(
        [*command, *fields], capture_output=True, text=True, timeout=60, check=True
    )
    return [Dissected(*line.split("|")) for line in done.stdout.splitlines()]


def complaints(
    dissected: Sequence[Dissected], frames: Sequence[bytes], transport: str
) -> list[str]:
    """Return what is wrong with each frame in the dissector's eyes."""
    assert len(dissected) == len(frames)
    found = []
    for seen, frame in zip(dissected, frames, strict=True):
        if transport == "rtu+tcp" and len(frame) < TOO_SHORT:
            continue
        code = frame[FUNCTION_AT[transport]] & 0x7F
        if seen.malformed or seen.complaint or seen.function_codes != str(code):
            found.append(f"{frame.hex(' ')}: {seen}")
    return found


@contextmanager
def conversation(style: str, transport: str, trace: Trace) -> Iterator[tuple[Face, Content]]:
    """Run a client and a server of ours, both blocking or both asynchronous."""
    if style == "blocking":
        with (
            our_servers.blocking_server(transport) as served,
            our_clients.blocking_client(served.where, trace) as face,
        ):
            yield face, served.content
    else:
        with (
            our_servers.async_server(transport) as served,
            our_clients.async_client(served.where, trace) as face,
        ):
            yield face, served.content


@pytest.mark.parametrize("transport", OPTIONS)
@pytest.mark.parametrize("style", ["blocking", "async"])
def test_every_frame_is_understood(style: str, transport: str, tmp_path: Path) -> None:
    """No frame of any exercise is malformed, and each has the function code that it should."""
    frames: list[TracedFrame] = []
    with conversation(style, transport, frames.append) as (face, content):
        for exercise in EXERCISES:
            exercise.run(face, content)
    file = tmp_path / "frames.pcap"
    sent = [capture.Sent(frame.data, frame.is_sent) for frame in frames]
    capture.write(file, sent, datagrams=transport == "udp")
    dissected = dissect(file, transport)
    assert complaints(dissected, [frame.data for frame in frames], transport) == []
    assert {int(seen.function_codes) for seen in dissected if seen.function_codes} >= ALL - (
        {7, 11, 12, 17} if transport == "rtu+tcp" else set()
    )


def test_values_and_refusals_are_understood(tmp_path: Path) -> None:
    """The dissector reads the registers that the client was given, and the exception code."""
    frames: list[TracedFrame] = []
    with conversation("blocking", "tcp", frames.append) as (face, _):
        face.write_multiple_registers(5, [1, 0xFFFF, 1234])
        face.read_holding_registers(5, 3)
        with pytest.raises(Exception, match="exception 02"):
            face.read_holding_registers(CELLS, 1)
    file = tmp_path / "frames.pcap"
    capture.write(file, [capture.Sent(frame.data, frame.is_sent) for frame in frames])
    written, _, _, read, _, refused = dissect(file, "tcp")
    assert written.registers == read.registers == "1,65535,1234"
    assert refused.exception_code == "2"


@pytest.mark.parametrize(
    ("transport", "frame"),
    [
        ("tcp", mbap(1, 1, bytes.fromhex("2B 0E"))),
        ("udp", mbap(1, 1, bytes.fromhex("2B 0E"))),
        ("rtu+tcp", rtu(1, bytes.fromhex("03 02 0001"))[:-1] + b"\0"),
    ],
    ids=["tcp", "udp", "rtu+tcp"],
)
def test_dissector_sees_a_bad_frame(transport: str, frame: bytes, tmp_path: Path) -> None:
    """A frame that lacks bytes or has a wrong checksum is complained about."""
    file = tmp_path / "frames.pcap"
    sent = [capture.Sent(frame, by_client=False)]
    capture.write(file, sent, datagrams=transport == "udp")
    assert len(complaints(dissect(file, transport), [frame], transport)) == 1
