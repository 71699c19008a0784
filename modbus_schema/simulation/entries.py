"""A recording as a text file: a line of JSON for each request and what came of it.

The first line says what the file is. Each other line is one request::

    {"t": 0.25, "unit": 1, "read": "input", "address": 12, "quantity": 2, "values": [0, 49248]}
    {"t": 0.25, "unit": 1, "read": "holding", "address": 40, "quantity": 1, "exception": 2}
    {"t": 1.5, "unit": 1, "read": "coil", "address": 0, "quantity": 3, "values": [1, 0, 1]}
    {"t": 2.0, "unit": 1, "write": "holding", "address": 0, "quantity": 1, "values": [5]}
    {"t": 3.0, "unit": 1, "read": "input", "address": 12, "quantity": 2, "timeout": true}

``t`` is in seconds since the recording began, tables are ``coil``, ``discrete``, ``input`` and
``holding``, ``values`` are registers or bits, an ``exception``
is the code that refused, and a ``timeout`` is no answer. Of a mask write (FC 22) there are
``"and"`` and ``"or"`` in the place of values.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from os import PathLike
from typing import Any, NamedTuple

from modbus_wire.codes import Table

FORMAT = "modbus recording"
VERSION = 1

_TABLES = {table.label: table for table in Table}


class Entry(NamedTuple):
    """One request of a recording."""

    time: float
    """Seconds since the recording began."""

    unit_id: int | None
    """None where the client has none of its own."""

    table: Table
    address: int
    quantity: int
    is_write: bool
    values: tuple[int, ...] | None = None
    """The registers or bits, read or written; None where there was no such answer."""

    exception: int | None = None
    """The code of the exception that refused the request."""

    timed_out: bool = False
    masks: tuple[int, int] | None = None
    """Those of a mask write: and, or."""

    def line(self) -> str:
        """Return the line of the file."""
        found: dict[str, Any] = {"t": round(self.time, 6), "unit": self.unit_id}
        found["write" if self.is_write else "read"] = self.table.label
        found |= {"address": self.address, "quantity": self.quantity}
        if self.masks is not None:
            found["and"], found["or"] = self.masks
        if self.values is not None:
            found["values"] = list(self.values)
        if self.exception is not None:
            found["exception"] = self.exception
        if self.timed_out:
            found["timeout"] = True
        return json.dumps(found)


def first_line() -> str:
    """Return the line that says what the file is."""
    return json.dumps({"format": FORMAT, "version": VERSION})


def read_entries(path: str | PathLike[str]) -> list[Entry]:
    """Return the requests of a recording, in order of time.

    A last line that was cut short, as by a crash, is left out. Raises OSError, and ValueError,
    which names the line, for what is no recording.
    """
    with open(path, "rb") as file:
        data = file.read()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: is no {FORMAT}: {error}") from error
    lines = text.splitlines()
    if text and not text.endswith("\n"):
        lines.pop()
    return sorted(_entries(lines, str(path)), key=lambda entry: entry.time)


def _entries(lines: Iterable[str], name: str) -> Iterator[Entry]:
    for number, line in enumerate(lines, 1):
        try:
            found = json.loads(line)
            if not isinstance(found, dict):
                raise ValueError(f"{line} is no JSON object")
            if number == 1:
                if (found["format"], found["version"]) != (FORMAT, VERSION):
                    raise ValueError(f"is no {FORMAT} of version {VERSION}")
            else:
                yield _entry(found)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{name}: line {number}: {_said(error)}") from error
    if not lines:
        raise ValueError(f"{name}: is no {FORMAT}, but empty")


def _said(error: Exception) -> str:
    return f"there is no {error}" if isinstance(error, KeyError) else str(error)


def _entry(found: dict[str, Any]) -> Entry:
    is_write = "write" in found
    label = found["write" if is_write else "read"]
    if label not in _TABLES:
        raise ValueError(f"{label!r} is no table: {', '.join(_TABLES)}")
    table = _TABLES[label]
    unit_id, values, exception = found["unit"], found.get("values"), found.get("exception")
    highest = 1 if table.is_bits else 0xFFFF
    entry = Entry(
        time=float(found["t"]),
        unit_id=None if unit_id is None else _number("unit", unit_id, 0xFF),
        table=table,
        address=_number("address", found["address"], 0xFFFF),
        quantity=_number("quantity", found["quantity"], 0xFFFF),
        is_write=is_write,
        values=None if values is None else tuple(_number("value", one, highest) for one in values),
        exception=None if exception is None else _number("exception", exception, 0xFF),
        timed_out=bool(found.get("timeout", False)),
        masks=_masks(found) if "and" in found else None,
    )
    if entry.values is not None and len(entry.values) != entry.quantity:
        raise ValueError(f"{len(entry.values)} values are no {entry.quantity}")
    return entry


def _masks(found: dict[str, Any]) -> tuple[int, int]:
    return _number("and", found["and"], 0xFFFF), _number("or", found["or"], 0xFFFF)


def _number(name: str, value: object, highest: int) -> int:
    if not isinstance(value, int) or not 0 <= value <= highest:
        raise ValueError(f"{name} {value!r} is no whole number in 0..{highest}")
    return int(value)
