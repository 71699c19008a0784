"""How many registers a group takes up, where that depends on points that count others.

A sum of products such as ``10 + 2 * NPt``. It knows the names of the points, not their places.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from modbus_schema.sunspec.definitions import Group


class Extent(NamedTuple):
    """A sum of products of counts."""

    terms: tuple[tuple[tuple[str, ...], int], ...]
    """The counts of each product in alphabetic order, and how often it is added; 0 never."""

    @classmethod
    def of(cls, terms: Mapping[tuple[str, ...], int]) -> Extent:
        """Return the sum of some products."""
        return cls(tuple(sorted((names, number) for names, number in terms.items() if number)))

    def plus(self, other: Extent) -> Extent:
        """Return the sum of the two."""
        total = Counter(dict(self.terms))
        total.update(dict(other.terms))
        return self.of(total)

    def times(self, count: str | int) -> Extent:
        """Return as many of these."""
        if isinstance(count, int):
            return self.of({names: number * count for names, number in self.terms})
        return self.of({tuple(sorted((*names, count))): number for names, number in self.terms})

    @property
    def counts(self) -> tuple[str, ...]:
        """The points that it depends on, each once."""
        return tuple(sorted({name for names, _ in self.terms for name in names}))

    @property
    def constant(self) -> int:
        """The part of it that does not depend on any point."""
        return dict(self.terms).get((), 0)

    def text(self, variables: Mapping[str, str]) -> str:
        """Return it as an expression, with other names for the counts."""
        products = [
            _product(number, [variables[name] for name in names]) for names, number in self.terms
        ]
        return " + ".join(products) or "0"


def constant(registers: int) -> Extent:
    """Return an extent that depends on nothing."""
    return Extent.of({(): registers})


def item_extent(group: Group) -> Extent:
    """Return how many registers one item of a group has, the groups in it included.

    What fills the model is not part of it: nothing can stand behind it.
    """
    return total(constant(group.size), (whole_extent(inner) for inner in group.groups))


def whole_extent(group: Group) -> Extent:
    """Return how many registers all items of a group have."""
    return item_extent(group).times(1 if group.times is None else group.times)


def total(first: Extent, others: Iterable[Extent]) -> Extent:
    """Return the sum of several."""
    for other in others:
        first = first.plus(other)
    return first


def _product(number: int, names: list[str]) -> str:
    factors = names if number == 1 and names else [str(number), *names]
    return " * ".join(factors)
