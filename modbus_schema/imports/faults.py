"""What is wrong with a document: all of it at once, each with the place where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from modbus_schema.errors import SchemaError


class Fault(NamedTuple):
    """One thing that is wrong."""

    where: str
    """File and line, or file and entry: ``meter.csv:7``."""
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


class ImportFailed(SchemaError, ValueError):
    """A document gives no register map; the message has a line for each fault."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


class Faults:
    """The faults that were found so far."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def add(self, where: str, reason: str) -> None:
        """Note a fault."""
        self.found.append(Fault(where, reason))

    @contextmanager
    def at(self, where: str) -> Iterator[None]:
        """Note a ValueError or TypeError of the block as a fault, and go on after the block."""
        try:
            yield
        except ImportFailed as failed:
            self.found.extend(failed.faults)
        except (ValueError, TypeError) as error:
            self.add(where, str(error))

    def check(self) -> None:
        """Raise `ImportFailed` if there is any fault."""
        if self.found:
            raise ImportFailed(self.found)
