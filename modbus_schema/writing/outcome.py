"""What became of a write: what certainly was written, what was not, and what may have been."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

from modbus_schema.fields.refs import Path, Ref, reference
from modbus_schema.model.register_map import RegisterMap
from modbus_wire.errors import ModbusError
from modbus_wire.pdu.base import AnyRequest

M = TypeVar("M", bound=RegisterMap)

_MOST_NAMES = 6
"""How many fields a message names."""


class Named(Protocol):
    """A leaf field in its place, or a reference; its name is for people."""

    @property
    def path(self) -> Path: ...
    @property
    def name(self) -> str: ...


class Outcome(Generic[M]):
    """What a write came to: the result of one that succeeded, or what `outcome_of` an error gives.

    Every field of the write is in ``written``, ``uncertain`` or ``not_written``; the commands that
    ``then`` adds are among them. A field that is written twice, such as a lock that is opened
    first and closed at the end, is named for each time.
    """

    def __init__(
        self,
        model: type[M],
        requests: Iterable[AnyRequest],
        written: Iterable[Named],
        uncertain: Iterable[Named] = (),
        not_written: Iterable[Named] = (),
        verified: Iterable[Named] = (),
    ) -> None:
        self._model = model
        self._written = tuple(written)
        self._uncertain = tuple(uncertain)
        self._not_written = tuple(not_written)
        self._verified = tuple(verified)
        self.requests: tuple[AnyRequest, ...] = tuple(requests)
        """The requests that were sent to write, in order; the last one may have failed."""

    @property
    def is_complete(self) -> bool:
        """Whether the device has acknowledged all of it."""
        return not (self._uncertain or self._not_written)

    @cached_property
    def written(self) -> tuple[Ref[M, Any], ...]:
        """The fields that the device has acknowledged, in the order of the requests.

        Nobody acknowledges a broadcast: there, they are what was sent.
        """
        return self._refs(self._written)

    @cached_property
    def uncertain(self) -> tuple[Ref[M, Any], ...]:
        """The fields that may have been written: the answer is missing, or says too little."""
        return self._refs(self._uncertain)

    @cached_property
    def not_written(self) -> tuple[Ref[M, Any], ...]:
        """The fields that certainly were not: refused, or not sent any more."""
        return self._refs(self._not_written)

    @cached_property
    def verified(self) -> tuple[Ref[M, Any], ...]:
        """The fields that were read back and found as written.

        What is only written cannot be, and a command that ``then`` adds is not.
        """
        return self._refs(self._verified)

    @property
    def may_have_been_applied(self) -> bool:
        """Whether any of it is, or may be, in effect."""
        return bool(self._written or self._uncertain)

    def __str__(self) -> str:
        parts = {
            "written": self._written,
            "may have been written": self._uncertain,
            "not written": self._not_written,
        }
        texts = [f"{what}: {_names(fields)}" for what, fields in parts.items() if fields]
        return "; ".join(texts) or "nothing to write"

    def __repr__(self) -> str:
        return f"<Outcome of {len(self.requests)} requests; {self}>"

    def _refs(self, fields: Iterable[Named]) -> tuple[Ref[M, Any], ...]:
        return tuple(reference(self._model, field.path) for field in fields)


def note_outcome_of(error: BaseException, outcome: Outcome[Any]) -> None:
    """Say in an error, or a cancellation, what a write came to that it ended."""
    error.outcome = outcome  # type: ignore[attr-defined]
    if isinstance(error, ModbusError):
        error.may_have_been_applied = outcome.may_have_been_applied


def outcome_of(error: BaseException) -> Outcome[Any] | None:
    """Return what a write that failed with an error came to, None for an error of something else.

    A write may fail before anything of it is sent: it is ``not_written`` then. The error may be
    that of a cancelled write, or one that was raised from such an error.
    """
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        outcome = getattr(found, "outcome", None)
        if isinstance(outcome, Outcome):
            return outcome
        found = found.__cause__ or found.__context__
    return None


def _names(fields: tuple[Named, ...]) -> str:
    names = [field.name for field in fields]
    if len(names) > _MOST_NAMES:
        names[_MOST_NAMES - 1 :] = [f"and {len(names) - _MOST_NAMES + 1} more"]
    return ", ".join(names)
