"""Mutable classes of the same layout as a frozen map, to fill instances of the map quickly.

Storing into a frozen attrs instance costs a call for each field. An instance of the twin is filled
by plain attribute stores, which the interpreter specialises, and then becomes the map's own by its
``__class__``. CPython allows that between classes of the same base and slots, unless a base without
slots has mixed in a ``__dict__``; then the values are copied.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary


class Twin(NamedTuple):
    """A mutable class, and what makes one of its instances an instance of the map."""

    new: type[Any]
    copied: Callable[[Any], Any] | None
    """None where setting ``__class__`` does."""


_TWINS: WeakKeyDictionary[type, type[Any]] = WeakKeyDictionary()


class _Hidden:
    """Stands before the bases of a twin, so that they do not hear of a new subclass."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        """Tell nobody."""


def twin_of(model: type, names: Sequence[str]) -> Twin:
    """Return the mutable twin of a class that has no weak references; ``names`` are its fields."""
    new = _TWINS.get(model)
    if new is None:
        new = _TWINS[model] = _make_twin(model)
    try:
        new().__class__ = model
    except TypeError:
        return Twin(new, partial(_copied, model, tuple(names)))
    return Twin(new, None)


def _copied(model: type, names: Sequence[str], twin: object) -> Any:
    instance: Any = object.__new__(model)
    for name in names:
        object.__setattr__(instance, name, getattr(twin, name))
    return instance


def _make_twin(model: type) -> type:
    namespace = {
        "__slots__": model.__dict__.get("__slots__", ()),
        "__module__": model.__module__,
        "__qualname__": model.__qualname__,
        "__doc__": "What an instance is while it is being filled.",
        "__new__": object.__new__,
        "__init__": object.__init__,
        # both, or the interpreter does not see that stores need no Python code
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,
    }
    # past the metaclass of maps, which would make a map of it
    return type.__new__(_metaclass(type(model)), model.__name__, model.__bases__, namespace)


@cache
def _metaclass(base: type[type]) -> type[type]:
    def mro(cls: type) -> list[type]:
        own, *others = type.mro(cls)
        return [own, _Hidden, *others]

    return type("TwinMeta", (base,), {"mro": mro})
