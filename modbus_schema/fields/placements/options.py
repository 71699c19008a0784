"""The keywords of placements, and what they take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeAlias, TypedDict, TypeVar

import attrs

from modbus_schema.fields.declared import Command
from modbus_schema.fields.options import ByteOrder, WordOrder
from modbus_schema.fields.periods import Every
from modbus_schema.fields.refs import Write
from modbus_schema.fields.write_rules import WriteWith
from modbus_schema.sources import Source

T = TypeVar("T")

Check: TypeAlias = Callable[[Any, "attrs.Attribute[T]", T], object]
"""A validator of attrs for values of type T."""

Checks: TypeAlias = Check[T] | Sequence[Check[T]] | None

Then: TypeAlias = Command | Write[Any] | Sequence[Command | Write[Any]]
"""What follows a write, as ``to`` of a field in the class body, or of one in a base class, says."""


class BitOptions(TypedDict, Generic[T], total=False):
    """The keywords of every placement of a field."""

    description: str
    validator: Checks[T]
    """One validator of attrs, or several; applied when a value is encoded, not when one is read."""

    overlap: bool
    """Another view of cells that other fields have: it may overlap them, and writing a whole
    instance leaves it out."""

    every: Every | None
    """How often a poller reads it; says more than the group around it and the class."""


class CoilOptions(BitOptions[T], Generic[T], total=False):
    """The keywords of a placement in a table that may be written."""

    write_with: WriteWith | None
    """``"single"``: by FC 5 or 6, and by a request of its own; ``"multiple"``: by FC 15 or 16;
    ``"auto"``: whichever fits. It holds on every device; a map's keyword is for what says nothing
    here."""

    then: Then
    """What is written after it, whoever writes it: ``apply.to(1)``, where ``apply`` is a writable
    field of the same class; or several. Each is written once, at the end, for all that name it."""


class RegisterOptions(BitOptions[T], Generic[T], total=False):
    """The keywords of a placement in a table of registers."""

    unit: str
    min: float | None
    max: float | None
    """Bounds of the value in its unit; applied when a value is encoded, not when one is read."""

    word_order: WordOrder | Source[WordOrder] | None
    byte_order: ByteOrder | Source[ByteOrder] | None
    """Override the map's; a source is a register by which the device says its orders."""


class HoldingOptions(RegisterOptions[T], CoilOptions[T], Generic[T], total=False):
    """The keywords of a placement in holding registers."""
