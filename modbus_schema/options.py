"""What a map or a field may say about itself: access, orders, the gap a read may bridge."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Literal, NamedTuple, TypeAlias, get_args

WordOrder: TypeAlias = Literal["big", "little"]
"""Which register of a number comes first: the most (``big``) or the least significant one."""

ByteOrder: TypeAlias = Literal["big", "little"]
"""Which byte of a register comes first on the wire; the protocol itself says ``big`` (AP §4.2)."""

KEYWORDS = ("word_order", "byte_order", "max_gap")
"""What a class statement may say."""

ORDERS: tuple[str, ...] = get_args(WordOrder)


class Access(Enum):
    """What a data sheet allows a client to do with a field; the values are the annotations."""

    RO = "RO"
    WO = "WO"
    RW = "RW"

    @property
    def readable(self) -> bool:
        """Whether a client may read the field."""
        return self is not Access.WO

    @property
    def writable(self) -> bool:
        """Whether a client may write the field."""
        return self is not Access.RO

    def includes(self, other: "Access") -> bool:
        """Whether all that ``other`` allows is allowed here too."""
        return self is Access.RW or self is other


class MapOptions(NamedTuple):
    """The keywords of a map class; None says nothing and leaves the choice to whoever holds it."""

    word_order: WordOrder | None = None
    byte_order: ByteOrder | None = None
    max_gap: int | None = None

    def over(self, outer: "MapOptions") -> "MapOptions":
        """Return these options, with what they leave open taken from ``outer``."""
        return MapOptions(
            word_order=self.word_order or outer.word_order,
            byte_order=self.byte_order or outer.byte_order,
            max_gap=outer.max_gap if self.max_gap is None else self.max_gap,
        )


def options_from(keywords: Mapping[str, object]) -> tuple[MapOptions, list[str]]:
    """Read the keywords of a class statement: the valid ones as options, a line for each other."""
    problems = list(_keyword_problems(keywords))
    if problems:
        return MapOptions(), problems
    return MapOptions(**keywords), []  # type: ignore[arg-type]  # checked above


def order_problem(keyword: str, value: object) -> str | None:
    """Say what is wrong with an order given by keyword, or None."""
    if value is None or value in ORDERS:
        return None
    return f'{keyword} must be "big" or "little", not {value!r}'


def _keyword_problems(keywords: Mapping[str, object]) -> Iterator[str]:
    for keyword, value in keywords.items():
        if keyword == "max_gap":
            if type(value) is not int or value < 0:
                yield f"max_gap must be a number of cells, 0 or more, not {value!r}"
        elif keyword in ("word_order", "byte_order"):
            problem = order_problem(keyword, value)
            if problem or value is None:
                yield problem or f'{keyword} must be "big" or "little", not None'
        else:
            yield f"{keyword} is no keyword of a register map ({', '.join(KEYWORDS)})"
