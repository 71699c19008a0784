"""The base of all register maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform

import attrs

from modbus_schema.fields.declared import Mapped
from modbus_schema.fields.options import ByteOrder, WordOrder
from modbus_schema.fields.periods import Every
from modbus_schema.fields.placements import (
    coil,
    discrete_input,
    group,
    holding_register,
    input_register,
    repeat,
)
from modbus_schema.fields.refs import Setting
from modbus_schema.fields.rules import Areas, MaxBlock
from modbus_schema.fields.write_rules import MaxWrite, WriteWith
from modbus_schema.layout.tree import Layout
from modbus_schema.model.meta import MapMeta
from modbus_schema.model.replacing import with_settings

if TYPE_CHECKING:
    # Checkers do not see the metaclass: mypy checks class keywords only where there is none.
    class _Base(Mapped):
        pass
else:
    _Base = type.__new__(MapMeta, "_Base", (Mapped,), {"__slots__": ()})


@dataclass_transform(
    kw_only_default=True,
    field_specifiers=(
        coil,
        discrete_input,
        group,
        holding_register,
        input_register,
        repeat,
    ),
)
class RegisterMap(_Base):
    """The base of register maps: a subclass describes a device, or a group in one.

    The class attributes of a map are references to its fields; an instance is frozen and holds one
    value for each. Class keywords, inherited by subclasses: ``word_order`` of numbers that span
    registers and ``byte_order`` in each register (``"big"``, as AP §4.2 says, or ``"little"``),
    ``every`` for how often a poller reads the fields that do not say so themselves, and how the
    device is read, which those of a group's class do not change:

    - ``max_gap``: how many cells that no field declares one read may bridge (0);
    - ``max_block``: how many cells one read may bring, of every table or by table; the protocol's
      limits stay;
    - ``forbidden``: ranges of absolute addresses by table that no read touches;
    - ``readable``: the ranges that may be read; one read keeps to one of them;
    - ``read_alone``: ranges whose fields are brought by a read of exactly that range.

    How it is written is said by keywords too:

    - ``write_with``: ``"single"`` writes whatever fits in one cell by FC 5 or 6, and every field
      by a request of its own; a value of several cells still goes by one FC 15 or 16, for it never
      spans two requests. ``"multiple"`` uses FC 15 and 16 only. ``"auto"``, if nothing is said,
      uses the former for one cell, the latter for more. A group's class has its own, or else that
      of the map that holds it; a placement's goes before both;
    - ``max_write``: how many cells one write may bring, of every table or by table;
    - ``mask_write``: whether some bits of a register are written by FC 22; where not (False), the
      register is read and written, and no other write of a client to that unit comes between.
      Unless it is said, FC 22 is tried, and each `Device` remembers if it is refused as unknown.

    In the body the name of a field is a source of what else depends on it: how often a `repeat` has
    its group, whether a `group` is there, by which factor a number is scaled. `given` computes such
    a value of others, `outer` takes it from a map further out. Of a map whose shape its device says
    the class declares all that there may be.

    Everything that is wrong with a map is in the one DefinitionError that its class statement
    raises.
    """

    __layout__: ClassVar[Layout]

    def __init_subclass__(
        cls,
        *,
        word_order: WordOrder | None = None,
        byte_order: ByteOrder | None = None,
        every: Every | None = None,
        max_gap: int | None = None,
        max_block: MaxBlock | None = None,
        forbidden: Areas | None = None,
        readable: Areas | None = None,
        read_alone: Areas | None = None,
        write_with: WriteWith | None = None,
        max_write: MaxWrite | None = None,
        mask_write: bool | None = None,
    ) -> None:
        # For type checkers; the metaclass takes the keywords.
        super().__init_subclass__()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return _values(self) == _values(other)

    def __hash__(self) -> int:
        return hash((type(self), *_values(self)))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__fields__)
        return f"{type(self).__name__}({values})"

    def replace(self, *settings: Setting[Self], **changes: object) -> Self:
        """Return a copy with some fields changed.

        By name, or typed and into groups by what ``Pump.zones[1].at(Zone.target).to(21.5)`` says.
        Raises TypeError for what is no field of the map.
        """
        fields = type(self).__fields__
        for name in changes:
            if name not in fields:
                raise TypeError(f"{type(self).__name__} has no field {name!r}")
        instance: Any = self
        copy: Self = attrs.evolve(instance, **changes)
        return with_settings(copy, settings)


def _values(instance: Any) -> tuple[object, ...]:
    return tuple([getattr(instance, name) for name in instance.__fields__])
