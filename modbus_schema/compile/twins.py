"""Mutable classes of the same layout as a frozen map, to fill instances of the map quickly.

Storing into a frozen attrs instance costs a call for each field. An instance of the twin is filled
by plain attribute stores, which the interpreter specialises, and then becomes the map's own by its
``__class__``. CPython allows that between classes of the same base and slots.
"""

from typing import Any
from weakref import WeakKeyDictionary

_TWINS: WeakKeyDictionary[type, type] = WeakKeyDictionary()


def twin_of(model: type) -> type[Any]:
    """Return the mutable twin of a class with slots and no weak references; made once."""
    twin = _TWINS.get(model)
    if twin is None:
        twin = _TWINS[model] = _make_twin(model)
    return twin


def _make_twin(model: type) -> type:
    namespace = {
        "__slots__": model.__dict__.get("__slots__", ()),
        "__module__": model.__module__,
        "__qualname__": model.__qualname__,
        "__doc__": "While it is being filled.",
        "__new__": object.__new__,
        "__init__": object.__init__,
        # both, or the interpreter does not see that stores need no Python code
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,
    }
    # past the metaclass, which would make a map of it
    return type.__new__(type(model), model.__name__, model.__bases__, namespace)
