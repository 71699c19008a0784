"""The descriptors that annotate the fields of a map: RO, WO and RW.

They exist for type checkers and carry a declaration into the class body; when the class is made,
its metaclass takes them out, so none of their methods runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from modbus_schema.errors import DefinitionError
from modbus_schema.fields.declared import Command, Declaration, Group, Mapped
from modbus_schema.fields.refs import Ref, WritableRef
from modbus_schema.sources import Member, Source, SourcePath

M = TypeVar("M")
T = TypeVar("T")
G = TypeVar("G", bound=Mapped)
V = TypeVar("V")


class Field(Source[T], Generic[T]):
    """What a placement returns: a declaration on its way into a class.

    In the body of the class it is a source of what the field's value depends on elsewhere.
    """

    __slots__ = ("declaration", "name")

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self.name: str | None = None
        """The name in the class body, once that has been read."""

    def target(self) -> SourcePath:
        if self.name is None:
            raise LookupError("a source is no field of a class")
        return (self.name,)

    if not TYPE_CHECKING:  # that a read-only field cannot be written is also said when it is run

        def to(self, value: object) -> Command:
            return Command(self, value)

    def at(self: Field[G] | Field[G | None], member: Source[V]) -> Source[V]:
        """Refer to a field of this group, as a source of what depends on it elsewhere.

        ``member`` is the reference of the group's own class: ``header.at(Header.count)``. It is
        taken for any source here, so that ``V`` may be wider than its type. Raises DefinitionError.
        """
        group = self.declaration
        if isinstance(group, Group) and isinstance(member, Ref):
            ref: Ref[Any, V] = member
            if issubclass(group.model, ref.model):
                return Member(self, ref)
        raise DefinitionError(f"at() takes a field of the group's map, not {member!r}")

    def __repr__(self) -> str:
        return self.name or f"<{type(self).__name__} field>"

    def __set_name__(self, owner: type, name: str) -> None:
        raise DefinitionError(
            f"{owner.__name__}.{name}: a placement belongs in a class derived from RegisterMap"
        )

    def __set__(self, instance: Mapped, value: T) -> None:
        raise NotImplementedError


class RO(Field[T]):
    """A field that clients read: any field of a read-only table, or one the device guards."""

    __slots__ = ()

    @overload
    def __get__(self, instance: None, owner: type[M]) -> Ref[M, T]: ...
    @overload
    def __get__(self, instance: Mapped, owner: type[M]) -> T: ...
    def __get__(self, instance: Mapped | None, owner: type[M]) -> Any:
        raise NotImplementedError


class WO(Field[T]):
    """A field that clients write and never read: None in an instance that came from a device.

    In an instance that is to be written, None leaves the field alone.
    """

    __slots__ = ()

    @overload
    def __get__(self, instance: None, owner: type[M]) -> WritableRef[M, T]: ...
    @overload
    def __get__(self, instance: Mapped, owner: type[M]) -> T | None: ...
    def __get__(self, instance: Mapped | None, owner: type[M]) -> Any:
        raise NotImplementedError

    def __set__(self, instance: Mapped, value: T | None) -> None:
        raise NotImplementedError

    def to(self, value: T) -> Command:
        """Pair the field, in the body of its class, with a value: what others write ``then``."""
        return Command(self, value)


class RW(RO[T], WO[T]):
    """A field that clients read and write; it may be declared RO or WO as well."""

    __slots__ = ()

    @overload
    def __get__(self, instance: None, owner: type[M]) -> WritableRef[M, T]: ...
    @overload
    def __get__(self, instance: Mapped, owner: type[M]) -> T: ...
    def __get__(self, instance: Mapped | None, owner: type[M]) -> Any:
        raise NotImplementedError

    # Checkers take the type of a constructor's argument from here: None is for WO only.
    def __set__(self, instance: Mapped, value: T) -> None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        raise NotImplementedError
