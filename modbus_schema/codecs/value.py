"""Immutable values that are equal by their fields, as the codecs are.

attrs would do, but writes code for every class: of so many small ones that would be the half of
what importing the package costs.
"""

from typing import ClassVar, Self, dataclass_transform


@dataclass_transform()
class Value:
    """An immutable object; its fields are the annotations of its class, in their order.

    They are given by position or keyword; one with a value in the class may be left out.
    """

    _fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._fields += tuple(name for name in cls.__annotations__ if name not in cls._fields)

    def __init__(self, *values: object, **by_name: object) -> None:
        vars(self).update(zip(self._fields, values, strict=False), **by_name)
        self._derive()

    def _derive(self) -> None:
        """Set what follows from the fields, past immutability, and check them."""

    def changed(self, **fields: object) -> Self:
        """Return the same object with some fields changed."""
        known = {name: getattr(self, name) for name in self._fields}
        return type(self)(**known | fields)

    def _key(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self._fields)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash((type(self), *self._key()))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{self!r} is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{self!r} is immutable")
