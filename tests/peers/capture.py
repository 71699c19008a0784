"""Frames as a file of packets that Wireshark reads, the headers around them written by hand."""

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

MODBUS_PORT = 502
CLIENT_PORT = 40_000
_CLIENT, _SERVER = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))
_TCP, _UDP = 6, 17
_PUSH_ACK = 0x18


class Sent(NamedTuple):
    """One frame, and which end sent it."""

    data: bytes
    by_client: bool


def write(path: Path, frames: Iterable[Sent], *, datagrams: bool = False) -> None:
    """Write a file in the pcap format: a TCP connection, or datagrams, of Ethernet packets."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    transport = _Datagrams() if datagrams else _Stream()
    packets = []
    for number, frame in enumerate(frames):
        packet = _ethernet(frame, transport.wrap(frame), transport.protocol)
        packets.append(struct.pack("<IIII", number, 0, len(packet), len(packet)) + packet)
    path.write_bytes(head + b"".join(packets))


class _Stream:
    """TCP segments with the sequence numbers of one connection."""

    protocol = _TCP

    def __init__(self) -> None:
        self._next = {True: 1, False: 1}

    def wrap(self, frame: Sent) -> bytes:
        ports = _ports(frame)
        sequence, acknowledged = self._next[frame.by_client], self._next[not frame.by_client]
        self._next[frame.by_client] += len(frame.data)
        rest = (5 << 4, _PUSH_ACK, 65535, 0, 0)
        return struct.pack(">HHIIBBHHH", *ports, sequence, acknowledged, *rest) + frame.data


class _Datagrams:
    protocol = _UDP

    def wrap(self, frame: Sent) -> bytes:
        return struct.pack(">HHHH", *_ports(frame), 8 + len(frame.data), 0) + frame.data


def _ports(frame: Sent) -> tuple[int, int]:
    ports = CLIENT_PORT, MODBUS_PORT
    return ports if frame.by_client else (ports[1], ports[0])


def _ethernet(frame: Sent, payload: bytes, protocol: int) -> bytes:
    ends = (_CLIENT, _SERVER) if frame.by_client else (_SERVER, _CLIENT)
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0, *ends)
    head = head[:10] + _checksum(head).to_bytes(2, "big") + head[12:]
    return bytes(6) + bytes((2, *bytes(5))) + b"\x08\x00" + head + payload


def _checksum(head: bytes) -> int:
    words: tuple[int, ...] = struct.unpack(f">{len(head) // 2}H", head)
    total = sum(words)
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
