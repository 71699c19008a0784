"""What a codec writes its part of a generated function with.

It knows neither codecs nor layouts: only lines of Python and the names of the objects they use.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from modbus_schema.sources import Source

Endian = Literal["<", ">"]


def cut_out(register: str, bit_range: tuple[int, int] | None) -> str:
    """Return the expression of the bits of a register, or of all that a codec takes up."""
    if bit_range is None:
        return register
    first, last = bit_range
    shifted = f"{register} >> {first}" if first else register
    return f"({shifted} & {(1 << last + 1 - first) - 1})"


def put_in(raw: str, bit_range: tuple[int, int] | None) -> str:
    """Return the expression of bits in their place in a register; ``cut_out`` reversed."""
    return f"({raw}) << {bit_range[0]}" if bit_range is not None else raw


class Refused(Exception):
    """Generated code met a value it does not handle; the plain way says what is wrong with it."""


def refuse() -> None:
    """Leave a generated function, so that the plain way is taken."""
    raise Refused


class Scope:
    """The function that is being written: its lines so far, and the objects its names stand for.

    ``endian`` is the byte order, in ``struct``'s spelling, of the values that are being converted,
    ``supplies`` has the expressions of what their codecs need.
    """

    __slots__ = (
        *("_count", "_depth", "_names", "_shared", "endian", "lines", "objects", "prelude"),
        "supplies",
    )

    def __init__(self) -> None:
        self.endian: Endian = ">"
        self.supplies: dict[Source[Any], str] = {}
        self.prelude: list[str] = []
        """Statements that are to stand before those which use what they assign."""
        self.lines: list[str] = []
        self.objects: dict[str, object] = {"refuse": refuse}
        self._names: dict[int, str] = {}
        self._shared: dict[str, str] = {}
        self._count = 0
        self._depth = 1

    def bind(self, value: object, hint: str = "k") -> str:
        """Return the name under which the function sees the object; ``hint`` makes it readable."""
        name = self._names.get(id(value))
        if name is None:
            name = self._names[id(value)] = self.temp(hint)
            self.objects[name] = value
        return name

    def temp(self, hint: str = "t") -> str:
        """Return a name that is not in use, for a local variable."""
        self._count += 1
        return f"{hint}_{self._count}"

    def line(self, text: str) -> None:
        """Add a statement."""
        self.lines.append("    " * self._depth + text)

    def insert(self, index: int, text: str) -> None:
        """Add a statement before what stands at ``index`` in the lines."""
        self.lines.insert(index, "    " * self._depth + text)

    def assign(self, expression: str) -> str:
        """Keep the value of an expression in a local variable; returns its name."""
        if expression.isidentifier():
            return expression
        name = self.temp()
        self.line(f"{name} = {expression}")
        return name

    def shared(self, expression: str) -> str:
        """Keep the value of an expression for all who ask for it; it is computed in the prelude."""
        name = self._shared.get(expression)
        if name is None:
            name = self._shared[expression] = self.temp()
            self.prelude.append(f"{name} = {expression}")
        return name

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Indent the statements of the body under a header such as ``else:``."""
        self.line(header)
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def text(self, head: str) -> str:
        """Return the source of the whole function."""
        return "\n".join([head, *self.lines, ""])
