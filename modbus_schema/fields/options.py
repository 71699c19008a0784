"""What a map or a field may say about itself: access, orders, how it is read and written."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Literal, NamedTuple, TypeAlias, get_args

from modbus_schema.fields.periods import Period, period_of, period_problem
from modbus_schema.fields.rules import KEYWORDS as READ_KEYWORDS
from modbus_schema.fields.rules import ReadRules, rules_from
from modbus_schema.fields.write_rules import KEYWORDS as WRITE_KEYWORDS
from modbus_schema.fields.write_rules import WriteRules, write_rules_from

WordOrder: TypeAlias = Literal["big", "little"]
"""Which register of a number comes first: the most (``big``) or the least significant one."""

ByteOrder: TypeAlias = Literal["big", "little"]
"""Which byte of a register comes first on the wire; the protocol itself says ``big`` (AP §4.2)."""

KEYWORDS = ("word_order", "byte_order", "every", *READ_KEYWORDS, *WRITE_KEYWORDS)
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
    reading: ReadRules = ReadRules()
    every: Period | None = None
    """How often fields are read that do not say so themselves."""
    writing: WriteRules = WriteRules()

    def over(self, outer: "MapOptions") -> "MapOptions":
        """Return these options, with what they leave open taken from ``outer``."""
        return MapOptions(
            word_order=self.word_order or outer.word_order,
            byte_order=self.byte_order or outer.byte_order,
            reading=self.reading.over(outer.reading),
            every=self.every or outer.every,
            writing=self.writing.over(outer.writing),
        )


def options_from(keywords: Mapping[str, object]) -> tuple[MapOptions, list[str]]:
    """Read the keywords of a class statement: the valid ones as options, a line for each other."""
    of_reading = {key: value for key, value in keywords.items() if key in READ_KEYWORDS}
    of_writing = {key: value for key, value in keywords.items() if key in WRITE_KEYWORDS}
    ruled = {*of_reading, *of_writing}
    others = {key: value for key, value in keywords.items() if key not in ruled}
    reading, read_problems = rules_from(of_reading)
    writing, write_problems = write_rules_from(of_writing)
    problems = [*_keyword_problems(others), *read_problems, *write_problems]
    if problems:
        return MapOptions(), problems
    every = others.pop("every", None)
    period = None if every is None else period_of(every)
    options = MapOptions(**others, reading=reading, writing=writing, every=period)  # type: ignore[arg-type]  # checked above
    return options, []


def order_problem(keyword: str, value: object) -> str | None:
    """Say what is wrong with an order given by keyword, or None."""
    if value is None or value in ORDERS:
        return None
    return f'{keyword} must be "big" or "little", not {value!r}'


def _keyword_problems(keywords: Mapping[str, object]) -> Iterator[str]:
    for keyword, value in keywords.items():
        if keyword in ("word_order", "byte_order"):
            problem = order_problem(keyword, value)
            if problem or value is None:
                yield problem or f'{keyword} must be "big" or "little", not None'
        elif keyword == "every":
            problem = period_problem(value)
            if problem:
                yield problem
        else:
            yield f"{keyword} is no keyword of a register map ({', '.join(KEYWORDS)})"
