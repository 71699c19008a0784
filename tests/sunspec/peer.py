"""pysunspec2, the reference client, and what it should say of a filling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from ipaddress import IPv6Address
from typing import Any

from tests.sunspec.fillings import Filling, Raw


@contextmanager
def connected(host: str, port: int) -> Iterator[Any]:
    """Give pysunspec2's device, connected, and disconnect it in the end."""
    device = import_module("sunspec2.modbus.client").SunSpecModbusClientDeviceTCP(
        slave_id=1, ipaddr=host, ipport=port, timeout=10
    )
    device.connect()
    try:
        yield device
    finally:
        device.disconnect()


def registers_of(model_id: int, filling: Filling) -> list[int]:
    """Return the registers that pysunspec2 makes of a filling, ID and L included."""
    client = import_module("sunspec2.file.client")
    data = {"ID": model_id, **raws_of(filling)}
    made: bytes = client.FileClientModel(model_id=model_id, data=data).get_mb()
    return [int.from_bytes(made[at : at + 2], "big") for at in range(0, len(made), 2)]


def raws_of(filling: Filling) -> dict[str, Any]:
    """Return what pysunspec2 has as the values of a model, ID and L left out."""
    found: dict[str, Any] = {}
    for point in filling.group.points:
        raw = filling.raws[point.name]
        if raw is not None and point.type == "ipv6addr":
            digits = IPv6Address(raw).packed.hex().upper()
            raw = ":".join(digits[start : start + 8] for start in range(0, 32, 8))
        found[point.name] = raw
    for group in filling.group.groups:
        items = [raws_of(each) for each in filling.groups[group.name]]
        if items or group.times is None:
            found[group.name] = items[0] if group.times is None else items
    return found


def scaled_of(filling: Filling, outside: Mapping[str, Raw] | None = None) -> dict[str, Any]:
    """Return what pysunspec2 computes with the scale factors."""
    scope = {**(outside or {}), **filling.raws}
    found = raws_of(filling)
    for point in filling.group.points:
        factor = scope[point.scale] if isinstance(point.scale, str) else point.scale
        if found[point.name] is not None and factor:
            found[point.name] = round(found[point.name] * 10.0**factor, -factor)
    for group in filling.group.groups:
        items = [scaled_of(each, scope) for each in filling.groups[group.name]]
        if items or group.times is None:
            found[group.name] = items[0] if group.times is None else items
    return found
