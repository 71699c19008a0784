"""Which fields of a map are read at which period: its poll groups."""

from __future__ import annotations

from collections.abc import Iterator

from modbus_schema.fields.declared import SOURCE_WORDS, Declaration, Group, Leaf, Mapped, Repeat
from modbus_schema.fields.periods import Period, period_of
from modbus_schema.fields.refs import Path, path_text
from modbus_schema.sources import Source

_Parts = list[tuple[Period | None, Path]]


def poll_groups(
    model: type[Mapped], default: Period | None, *, by_field: bool = False
) -> dict[Period, tuple[Path, ...]]:
    """Return what is read at each period, by paths to fields and whole groups; WO is left out.

    A group whose fields have one period is one path, the whole map ``()``, unless ``by_field``.
    What only the device knows the shape or place of is always one path: it is read at the shortest
    of its periods. Raises ValueError where a field has no period and there is no default, or where
    there is nothing to read.
    """
    found: dict[Period, list[Path]] = {}
    lacking: list[Path] = []
    grouping = _Grouping(default, by_field)
    for period, path in grouping.parts(Group(model, base=0), (), None):
        if period is None:
            lacking.append(path)
        else:
            found.setdefault(period, []).append(path)
    if lacking:
        others = f" and {len(lacking) - 1} more have" if len(lacking) > 1 else " has"
        name = model.__name__ + path_text(lacking[0])
        raise ValueError(f"{name}{others} no period: give the poller every=")
    if not found:
        raise ValueError(f"nothing in {model.__name__} can be read")
    return {period: tuple(found[period]) for period in sorted(found, key=_length)}


class _Grouping:
    def __init__(self, default: Period | None, by_field: bool) -> None:
        self.default = default
        self.by_field = by_field

    def parts(self, field: Declaration, path: Path, outer: Period | None) -> _Parts:
        """Return what is read of a field, with the period of each; ``outer`` is what is around."""
        own = None if field.every is None else period_of(field.every)
        if isinstance(field, Leaf):
            return [(own or outer or self.default, path)] if field.access.readable else []
        inside = own or field.model.__options__.every or outer
        parts = [
            part
            for step, member in _members(field)
            for part in self.parts(member, (*path, step), inside)
        ]
        periods = {period for period, _ in parts}
        if None in periods or not periods:
            return parts
        if _is_told(field) or (len(periods) == 1 and not self.by_field):
            return [(min(periods, key=_length), path)]
        return parts


def _members(field: Group | Repeat) -> Iterator[tuple[str | int, Declaration]]:
    if isinstance(field, Group):
        yield from field.model.__fields__.items()
    else:
        yield from ((index, field.item(index)) for index in range(field.times))


def _is_told(field: Declaration) -> bool:
    """Whether the device says whether a field is there, or where, or how often."""
    return any(isinstance(getattr(field, word, None), Source) for word in SOURCE_WORDS)


def _length(period: Period | None) -> float:
    if period is None or period.nanoseconds is None:
        return float("inf")
    return period.nanoseconds
