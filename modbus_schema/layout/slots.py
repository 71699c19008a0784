"""One leaf field in its place, and what its value needs of other fields.

Data only: it knows neither how a field is declared nor which others there are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import attrs

from modbus_schema.codecs.base import Codec, bit_mask
from modbus_schema.codecs.order import Order
from modbus_schema.errors import DecodeError, EncodeError
from modbus_schema.fields.declared import Validator
from modbus_schema.fields.options import Access as Access
from modbus_schema.fields.periods import Period
from modbus_schema.fields.refs import Path as Path
from modbus_schema.fields.write_rules import WriteWith
from modbus_schema.sources import Source, Supply
from modbus_wire.codes import Table

WHOLE_REGISTER = 0xFFFF


Commands: TypeAlias = tuple[tuple[Path, Any], ...]
"""Paths of fields, each with the value that is written to it after others."""


class Writing(NamedTuple):
    """What is said about how a leaf field is written; None says nothing."""

    own: WriteWith | None = None
    """By its placement: this holds on every device."""
    by_map: WriteWith | None = None
    """By its class, or a map that holds it: a device may have it otherwise."""
    then: Commands = ()
    """What follows a write of it."""


MOST_CODECS = 64
"""How many codecs a slot keeps, one for each value of what its codec needs."""


class Slot:
    """One leaf field of a map at its absolute address; equal only to itself.

    ``name`` is for people (``HeatPump.zones[1].target``), ``size`` counts cells of the table, and
    an ``alias`` is another view of cells that other slots have. ``bundle`` is the path of the
    group that is read in one request, None where nothing says so; ``every`` is how often a poller
    reads it, None where that is the poller's choice. ``factors`` are what the codec `needs`, as far
    as they have been found.
    """

    __slots__ = (
        "_codecs",
        "access",
        "address",
        "alias",
        "bundle",
        "codec",
        "description",
        "every",
        "factors",
        "maximum",
        "minimum",
        "name",
        "order",
        "path",
        "size",
        "table",
        "unit",
        "validators",
        "writing",
    )

    def __init__(
        self,
        *,
        path: Path,
        name: str,
        table: Table,
        address: int,
        size: int,
        codec: Codec[Any],
        order: Order,
        access: Access,
        alias: bool = False,
        minimum: float | None = None,
        maximum: float | None = None,
        validators: tuple[Validator, ...] = (),
        unit: str = "",
        description: str = "",
        bundle: Path | None = None,
        every: Period | None = None,
        writing: Writing = Writing(),  # noqa: B008  # immutable
    ) -> None:
        self.path = path
        self.name = name
        self.table = table
        self.address = address
        self.size = size
        self.codec = codec
        self.order = order
        self.access = access
        self.alias = alias
        self.minimum = minimum
        self.maximum = maximum
        self.validators = validators
        self.unit = unit
        self.description = description
        self.bundle = bundle
        self.every = every
        self.writing = writing
        self.factors: tuple[Found, ...] = ()
        self._codecs: dict[tuple[Any, ...], Codec[Any]] = {}

    def __repr__(self) -> str:
        return f"<Slot {self.place}>"

    @property
    def end(self) -> int:
        """The address after the last cell."""
        return self.address + self.size

    @property
    def cells(self) -> range:
        """The addresses of its cells."""
        return range(self.address, self.end)

    @property
    def mask(self) -> int:
        """The bits of the register, as on the wire, that the field takes up; 0xFFFF for all."""
        if self.codec.bit_range is None:
            return WHOLE_REGISTER
        mask = bit_mask(self.codec)
        if self.order.byte == "little" and self.codec.number_registers:
            return mask >> 8 | (mask & 0xFF) << 8
        return mask

    @property
    def range(self) -> str:
        """Table and cells: ``input[14..15]``, ``holding[8473] bits 3..4``."""
        cells = cells_text(self.table, self.address, self.size)
        if self.codec.bit_range is None:
            return cells
        first, last = self.codec.bit_range
        return f"{cells} {'bit' if first == last else 'bits'} {_span(first, last)}"

    @property
    def place(self) -> str:
        """Name and range: ``HeatPump.zones[1].target: holding[201]``."""
        return f"{self.name}: {self.range}"

    def overlaps(self, other: Slot) -> bool:
        """Whether the two fields share a cell; within one register, whether they share a bit."""
        return (
            self.table is other.table
            and self.address < other.end
            and other.address < self.end
            and bool(self.mask & other.mask)
        )

    def supplies(self, value_of: ValueOf) -> tuple[Any, ...]:
        """Return what the codec needs, from the values of other fields; most often nothing."""
        return tuple([factor.value(value_of) for factor in self.factors])

    def codec_for(self, supplies: tuple[Any, ...]) -> Codec[Any]:
        """Return the codec where what it needs has these values."""
        try:
            return self._codecs[supplies]
        except (KeyError, TypeError):
            pairs = zip(self.codec.needs, self.factors, supplies, strict=True)
            named = {need: Supply(value, factor.place) for need, factor, value in pairs}
            codec = self.codec.supplied(named)
        try:
            if len(self._codecs) < MOST_CODECS:
                self._codecs[supplies] = codec
        except TypeError:  # one of them cannot be hashed
            pass
        return codec

    def check(self, value: object) -> None:
        """Raise EncodeError, without the field's name, for a value outside limits or validators.

        None, the value of what is not there, is within any limits.
        """
        if value is not None:
            self._check_limits(value)
        for validator in self.validators:
            try:
                validator(None, _attribute(self.name), value)
            except (ValueError, TypeError) as error:
                raise EncodeError(str(error.args[0] if error.args else error)) from error

    def _check_limits(self, value: Any) -> None:
        # Written so that NaN, which compares false with everything, is outside.
        try:
            is_low = self.minimum is not None and not value >= self.minimum
            is_high = self.maximum is not None and not value <= self.maximum
        except TypeError:
            raise EncodeError(f"{value!r} is no number, and the field has limits") from None
        if is_low:
            raise EncodeError(f"{value!r} is below the minimum of {self.minimum!r}")
        if is_high:
            raise EncodeError(f"{value!r} is above the maximum of {self.maximum!r}")


ValueOf: TypeAlias = Callable[[Slot], Any]
"""What the value of a field is; raises `DecodeError` or `LookupError` where that is not known."""


class Found:
    """A source whose fields have been found in a layout.

    A field that its device does not have is None among ``slots``; its value is None. Of a source
    that was not found ``problem`` says why, and whether it ``may_be_further_out``.
    """

    __slots__ = (
        *("is_open", "is_plain", "may_be_further_out", "paths", "problem", "slots", "source"),
    )

    def __init__(self, source: Source[Any]) -> None:
        self.source = source
        self.slots: tuple[Slot | None, ...] = ()
        self.paths: tuple[Path, ...] = ()
        """Where the fields are, also those that the layout does not have."""
        self.problem = ""
        self.may_be_further_out = False
        self.is_open = False
        """Whether nobody knows the place of one of the fields yet."""
        self.is_plain = source.inputs() == (source,)
        """Whether the value is that of a field, unchanged."""

    @property
    def place(self) -> str:
        """The fields and their cells."""
        places = ", ".join(slot.place for slot in self.slots if slot is not None)
        if not places:  # the device has none of them
            return repr(self.source)
        return places if self.is_plain else f"{self.source!r} of {places}"

    def value(self, value_of: ValueOf) -> Any:
        """Return the value of the source; raises `DecodeError` where its function fails."""
        if self.problem:
            raise DecodeError(f"the value of {self.source!r} is needed: {self.problem}")
        values = [None if slot is None else value_of(slot) for slot in self.slots]
        return values[0] if self.is_plain else self.computed(*values)

    def computed(self, *values: Any) -> Any:
        """Return what the function of the source makes of values."""
        try:
            return self.source.compute(values)
        except Exception as error:
            given = ", ".join(map(repr, values))
            raise DecodeError(f"{self.place} failed for {given}: {error!r}") from error


def cells_text(table: Table, address: int, quantity: int) -> str:
    """Spell a range of cells, both ends included: ``input[14..15]``."""
    return f"{table.label}[{_span(address, address + quantity - 1)}]"


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}..{last}"


@lru_cache(maxsize=256)
def _attribute(name: str) -> attrs.Attribute[Any]:
    holder = attrs.make_class("Field", {"value": attrs.field()})
    attribute: attrs.Attribute[Any] = attrs.fields(holder).value
    return attribute.evolve(name=name)
