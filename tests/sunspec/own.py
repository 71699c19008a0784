"""Definitions of models that nobody else has, for what the official ones do not show."""

from __future__ import annotations

from typing import Any


def point(name: str, kind: str = "uint16", size: int = 1, **more: Any) -> dict[str, Any]:
    """Return a point."""
    return {"name": name, "type": kind, "size": size, **more}


def model(
    model_id: int, *points: dict[str, Any], name: str = "own", groups: Any = (), **more: Any
) -> dict[str, Any]:
    """Return a definition, ID and L included."""
    header = [point("ID", value=model_id, mandatory="M"), point("L", mandatory="M")]
    inner = {"groups": list(groups)} if groups else {}
    group = {"name": name, "type": "group", "points": [*header, *points], **inner, **more}
    return {"id": model_id, "group": group}


def group(name: str, *points: dict[str, Any], groups: Any = (), **more: Any) -> dict[str, Any]:
    """Return a group."""
    inner = {"groups": list(groups)} if groups else {}
    return {"name": name, "type": "group", "points": list(points), **inner, **more}


BOILER = model(
    64900,
    point("Tmp_SF", "sunssf", mandatory="M"),
    point("Tmp", "int16", sf="Tmp_SF", units="C", mandatory="M", label="Temperature"),
    point("TmpSet", "int16", sf="Tmp_SF", units="C", access="RW", desc="What is wanted."),
    point("St", "enum16", symbols=[{"name": "OFF", "value": 0}, {"name": "ON-2", "value": 1}]),
    point("Evt", "bitfield32", 2, symbols=[{"name": "HOT", "value": 3, "label": "Too hot"}]),
    point("N", "count", mandatory="M"),
    name="boiler",
    label="A boiler",
    desc="With tanks.",
    groups=[
        group(
            "tank",
            point("Lvl", "uint32", 2, sf=-2, units="m"),
            point("Tmp", "int16", sf="Tmp_SF"),
            point("Name", "string", 2, access="RW"),
            count="N",
        )
    ],
)
"""A model with something of everything: scale factors around a group, counts, symbols."""
