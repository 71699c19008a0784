"""References: the name of a field of a map, typed, for reads, writes, events and documents.

``HeatPump.outdoor`` is a ``Ref[HeatPump, float]``. A reference knows the path to a field and what
is declared there; where that is in the device, the layout knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeAlias, TypeVar, overload

from modbus_schema.fields.declared import Declaration, Group, Mapped, Repeat
from modbus_schema.sources import Source, SourcePath

M_contra = TypeVar("M_contra", contravariant=True)
T = TypeVar("T")
V = TypeVar("V")
G = TypeVar("G", bound=Mapped)

Path: TypeAlias = SourcePath
"""Names, and indexes into what repeats: ``("zones", 1, "target")``."""


class Ref(Source[T], Generic[M_contra, T]):
    """A field of the map ``M`` with values of type ``T``.

    References of one model and path are equal. One of a base class works for its subclasses, and
    is a source in their bodies.
    """

    __slots__ = ("_declaration", "model", "path")

    model: type[Mapped]
    path: Path

    def __init__(self, model: type[Mapped], path: Path, declaration: Declaration) -> None:
        self.model = model
        self.path = path
        self._declaration = declaration

    def target(self) -> SourcePath:
        return self.path

    @property
    def name(self) -> str:
        """``HeatPump.zones[1].target``."""
        return self.model.__name__ + path_text(self.path)

    def to(self, value: T) -> Setting[M_contra]:
        """Pair the field with a value that it shall have; nothing is encoded yet.

        A field that clients may write gives a `Write`, which devices take; the `Setting` of a
        read-only field is for a simulator.
        """
        return Setting(self, value)

    @overload
    def __getitem__(self: Ref[M_contra, tuple[G, ...]], index: int) -> Ref[M_contra, G]: ...
    @overload
    def __getitem__(
        self: Ref[M_contra, tuple[G, ...] | None], index: int
    ) -> Ref[M_contra, G | None]: ...
    def __getitem__(self: Ref[Any, Any], index: int) -> Ref[Any, Any]:
        """Refer to one item of what repeats; IndexError where a tuple of its count raises it."""
        item: Ref[Any, Any] = self._item(index)
        return item

    @overload
    def __iter__(self: Ref[M_contra, tuple[G, ...]]) -> Iterator[Ref[M_contra, G]]: ...
    @overload
    def __iter__(
        self: Ref[M_contra, tuple[G, ...] | None],
    ) -> Iterator[Ref[M_contra, G | None]]: ...
    def __iter__(self: Ref[Any, Any]) -> Iterator[Ref[Any, Any]]:
        """Refer to the items of what repeats, one after the other; as many as there may be."""
        return (self[index] for index in range(self._repeated().times))

    @overload
    def at(
        self: Ref[M_contra, G | None], member: WritableRef[G, V]
    ) -> WritableRef[M_contra, V | None]: ...
    @overload
    def at(self: Ref[M_contra, G | None], member: Ref[G, V]) -> Ref[M_contra, V | None]: ...
    @overload
    def at(self: Ref[M_contra, G], member: WritableRef[G, V]) -> WritableRef[M_contra, V]: ...
    @overload
    def at(self: Ref[M_contra, G], member: Ref[G, V]) -> Ref[M_contra, V]: ...
    def at(self: Ref[Any, Any], member: Ref[Any, Any]) -> Ref[Any, Any]:
        """Refer to a member of this group by the member's own reference.

        Raises TypeError where this is no group, or a group of another class.
        """
        group = self._declaration
        if not isinstance(group, Group):
            raise TypeError(f"{self!r} is not a group")
        if not issubclass(group.model, member.model):
            raise TypeError(f"{self!r} is a {group.model.__name__}, which has no {member!r}")
        return reference(self.model, self.path + member.path)

    def _item(self, index: int) -> Any:
        repeated = self._repeated()
        try:
            position = range(repeated.times)[index]
        except IndexError:
            raise IndexError(f"{self!r} has {repeated.times} items, and no [{index}]") from None
        return _make(self.model, (*self.path, position), repeated.item(position))

    def _repeated(self) -> Repeat:
        if isinstance(self._declaration, Repeat):
            return self._declaration
        raise TypeError(f"{self!r} does not repeat")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ref):
            return NotImplemented
        return self.model is other.model and self.path == other.path

    def __hash__(self) -> int:
        return hash((self.model, self.path))

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[object, tuple[type[Mapped], Path]]:
        return reference, (self.model, self.path)


class WritableRef(Ref[M_contra, T]):
    """A field that clients may write: RW or WO."""

    __slots__ = ()

    def to(self, value: T) -> Write[M_contra]:
        """Pair the field with a value that it shall have; nothing is encoded yet."""
        return Write(self, value)

    @overload
    def __getitem__(
        self: WritableRef[M_contra, tuple[G, ...]], index: int
    ) -> WritableRef[M_contra, G]: ...
    @overload
    def __getitem__(
        self: WritableRef[M_contra, tuple[G, ...] | None], index: int
    ) -> WritableRef[M_contra, G | None]: ...
    def __getitem__(self: WritableRef[Any, Any], index: int) -> WritableRef[Any, Any]:
        item: WritableRef[Any, Any] = self._item(index)
        return item

    @overload
    def __iter__(
        self: WritableRef[M_contra, tuple[G, ...]],
    ) -> Iterator[WritableRef[M_contra, G]]: ...
    @overload
    def __iter__(
        self: WritableRef[M_contra, tuple[G, ...] | None],
    ) -> Iterator[WritableRef[M_contra, G | None]]: ...
    def __iter__(self: WritableRef[Any, Any]) -> Iterator[WritableRef[Any, Any]]:
        return (self[index] for index in range(self._repeated().times))


class Setting(Generic[M_contra]):
    """A field and a value that it shall have."""

    __slots__ = ("ref", "value")

    def __init__(self, ref: Ref[M_contra, Any], value: object) -> None:
        self.ref = ref
        self.value = value

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return (self.ref, self.value) == (other.ref, other.value)

    def __hash__(self) -> int:
        return hash((self.ref, self.value))

    def __repr__(self) -> str:
        return f"{self.ref!r}.to({self.value!r})"


class Write(Setting[M_contra]):
    """A setting that a client may ask for: its field is RW or WO."""

    __slots__ = ()


def reference(model: type[Mapped], path: Path) -> Ref[Any, Any]:
    """Return the reference to what a path leads to in a model; LookupError for no such path."""
    return _make(model, path, declaration_at(model, path))


def declaration_at(model: type[Mapped], path: Path) -> Declaration:
    """Return what is declared where a path leads in a model; LookupError for no such path."""
    declaration: Declaration = Group(model=model, base=0)
    for step in path:
        declaration = _step(declaration, step)
    return declaration


def references(model: type[Mapped]) -> dict[str, Ref[Any, Any]]:
    """Return the references to all fields of a model, by their names."""
    return {name: _make(model, (name,), field) for name, field in model.__fields__.items()}


def path_text(path: Path) -> str:
    """Spell a path as it follows the name of its map: ``.zones[1].target``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def _step(declaration: Declaration, step: str | int) -> Declaration:
    if isinstance(declaration, Repeat) and isinstance(step, int):
        return declaration.item(step)
    if isinstance(declaration, Group) and isinstance(step, str):
        return declaration.model.__fields__[step]
    raise LookupError(f"{declaration!r} has no {step!r}")


def _make(model: type[Mapped], path: Path, declaration: Declaration) -> Ref[Any, Any]:
    kind: type[Ref[Any, Any]] = WritableRef if declaration.access.writable else Ref
    return kind(model, path, declaration)
