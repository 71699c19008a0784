"""Hollow stand-ins for what this package uses of ``typing``; checkers read ``typed.pyi`` instead.

Importing ``typing``, and what it imports, takes a quarter of the time of importing the package.
Modules that take names from here keep their annotations as text.
"""

TYPE_CHECKING = False


class Generic:
    """A base that takes parameters and forgets them."""

    __slots__ = ()

    def __class_getitem__(cls, parameters: object) -> type:
        return cls


class Protocol:
    """A base that says nothing."""

    __slots__ = ()


def TypeVar(name: str) -> str:  # noqa: N802
    """Return a parameter that `Generic` forgets."""
    return name


def overload(function: object) -> object:
    """Return a signature that the next definition of the name replaces."""
    return function


Any = ClassVar = NoReturn = Self = SupportsIndex = TypeAlias = object
