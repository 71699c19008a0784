"""Addresses of networks: IPv4 in two registers, IPv6 in eight, MAC in three."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.converting import Converted
from modbus_schema.codecs.text import raw

if TYPE_CHECKING:  # it takes longer to import than this package's codecs together
    from ipaddress import IPv4Address, IPv6Address

T = TypeVar("T")


def _read_ipv4(data: bytes) -> IPv4Address:
    from ipaddress import IPv4Address

    return IPv4Address(data)


def _read_ipv6(data: bytes) -> IPv6Address:
    from ipaddress import IPv6Address

    return IPv6Address(data)


def _write_ipv4(address: IPv4Address | str) -> bytes:
    from ipaddress import IPv4Address

    return IPv4Address(address).packed


def _write_ipv6(address: IPv6Address | str) -> bytes:
    from ipaddress import IPv6Address

    return IPv6Address(address).packed


def _read_mac(data: bytes) -> str:
    return data.hex(":")


def _write_mac(address: str) -> bytes:
    parts = address.replace("-", ":").split(":")
    if len(parts) != 6 or any(len(part) != 2 for part in parts):
        raise ValueError("six pairs of hex digits are expected")
    return bytes.fromhex("".join(parts))


class Address(Converted[T, bytes], Generic[T]):
    """An address that is written down by its name."""

    name: str

    def __repr__(self) -> str:
        return self.name


ipv4: Codec[IPv4Address] = Address(raw(2), _read_ipv4, _write_ipv4, "ipv4")
"""An ``ipaddress.IPv4Address`` in two registers, the first octet in the first high byte."""

ipv6: Codec[IPv6Address] = Address(raw(8), _read_ipv6, _write_ipv6, "ipv6")
"""An ``ipaddress.IPv6Address`` in eight registers."""

mac: Codec[str] = Address(raw(3), _read_mac, _write_mac, "mac")
"""A MAC address in three registers, as text such as ``"00:80:f4:02:1a:2b"``."""
