"""How a device is written: by which function, how many cells at a time, some bits of a register."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias, get_args

from modbus_wire.codes import MAX_WRITE_COILS, MAX_WRITE_REGISTERS, Table

WriteWith: TypeAlias = Literal["auto", "single", "multiple"]
"""Which functions write: ``single`` FC 5 and 6, ``multiple`` FC 15 and 16.

``auto``: one cell by the former, more by the latter.
"""

MaxWrite: TypeAlias = int | Mapping[Table, int]
"""How many cells one write may bring: of every table, or by table."""

KEYWORDS = ("write_with", "max_write", "mask_write")
"""What a class statement, or a device, may say about writing."""

CHOICES: tuple[str, ...] = get_args(WriteWith)

_Lengths: TypeAlias = tuple[tuple[Table, int], ...]


class WriteRules(NamedTuple):
    """The keywords about writing, of a class or a device; None says nothing.

    Equal rules are equal keys: what they lead to is made once for each.
    """

    write_with: WriteWith | None = None
    max_write: _Lengths | None = None
    mask_write: bool | None = None

    def over(self, outer: WriteRules) -> WriteRules:
        """Return these rules, with what they leave open taken from ``outer``."""
        said = {key: value for key, value in self._asdict().items() if value is not None}
        return outer._replace(**said)

    def limit(self, table: Table) -> int:
        """Return how many cells of a table one write may bring."""
        most = MAX_WRITE_COILS if table.is_bits else MAX_WRITE_REGISTERS
        return min(most, dict(self.max_write or ()).get(table, most))


def write_rules_from(keywords: Mapping[str, object]) -> tuple[WriteRules, list[str]]:
    """Take the keywords of a class or a device: the rules, and a line for each that is wrong."""
    problems = [line for key, value in keywords.items() for line in _problems(key, value)]
    if problems:
        return WriteRules(), problems
    rules = {key: _taken(key, value) for key, value in keywords.items()}
    return WriteRules(**rules), []  # type: ignore[arg-type]  # checked above


def choice_problem(value: object) -> str | None:
    """Say what is wrong with a ``write_with``, or None."""
    if value is None or value in CHOICES:
        return None
    return f'write_with must be "auto", "single" or "multiple", not {value!r}'


def _problems(keyword: str, value: object) -> Iterator[str]:
    if keyword == "write_with":
        problem = choice_problem(value)
        if problem:
            yield problem
    elif keyword == "mask_write":
        if value is not None and not isinstance(value, bool):
            yield f"mask_write must be True, False or None, not {value!r}"
    else:
        lengths = [*value.values()] if isinstance(value, Mapping) else [value]
        tables = [*value] if isinstance(value, Mapping) else []
        is_right = all(type(length) is int and length > 0 for length in lengths)
        if not (is_right and all(isinstance(table, Table) for table in tables)):
            yield f"max_write must be a number of cells, 1 or more, or one by table, not {value!r}"


def _taken(keyword: str, value: object) -> object:
    if keyword == "max_write":
        lengths = value if isinstance(value, Mapping) else dict.fromkeys(Table, value)
        return tuple(lengths.items())
    return value
