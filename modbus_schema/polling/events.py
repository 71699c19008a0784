"""What pollers tell: what changed, what was read, that a device fails and that it is back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from modbus_schema.device_base import DeviceBase
from modbus_schema.fields.refs import Ref
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.polling.values import Values
from modbus_schema.reading.partial import Partial
from modbus_wire.errors import ModbusError
from modbus_wire.log import logger

if TYPE_CHECKING:
    from logging import Logger

M = TypeVar("M", bound=RegisterMap)
T = TypeVar("T")


class Change(NamedTuple, Generic[T]):
    """A field, or a group, has another value than was told last."""

    device: DeviceBase[Any, Any]
    ref: Ref[Any, T]
    old: T | None
    """What was told last; None at first."""
    new: T
    at: datetime
    """When the new value came, in UTC."""
    is_first: bool
    """Whether nothing was told before."""


class Reading(Generic[M]):
    """What one read brought: ``reading[Meter.power]`` is the value of a field or group.

    KeyError says that it was not read then; its own error, that it failed in a partial read.
    """

    def __init__(
        self, device: DeviceBase[M, Any], at: datetime, brought: Values[M] | Partial[M]
    ) -> None:
        self.device = device
        self.at = at
        """When the values came, in UTC."""
        self._brought = brought

    @cached_property
    def values(self) -> Mapping[Ref[M, Any], Any]:
        """The values that came, field by field."""
        brought = self._brought
        return brought.values if isinstance(brought, Partial) else brought.by_field()

    @property
    def failed(self) -> Mapping[Ref[M, Any], ModbusError]:
        """The fields that did not come, of a partial read."""
        return self._brought.failed if isinstance(self._brought, Partial) else {}

    def __getitem__(self, ref: Ref[M, T]) -> T:
        return self._brought[ref]

    def __contains__(self, ref: Ref[M, Any]) -> bool:
        try:
            self._brought[ref]
        except (KeyError, ModbusError):
            return False
        return True

    def __repr__(self) -> str:
        return f"<Reading of {len(self.values)} fields, {len(self.failed)} failed>"


class Failure(NamedTuple):
    """A device does not give its fields, from now on until there is a `Recovery`."""

    device: DeviceBase[Any, Any]
    error: Exception
    at: datetime
    """When the read failed, in UTC."""


class Recovery(NamedTuple):
    """A device that failed gives all of its fields again."""

    device: DeviceBase[Any, Any]
    at: datetime
    """When they came, in UTC."""
    since: datetime
    """When it failed first."""


class PollStatistics(NamedTuple):
    """How polling one device went so far."""

    polls: int
    """How many reads were made."""
    failures: int
    """How many of them failed."""
    missed: int
    """At how many beats of a period nothing was read."""
    is_failing: bool


def log() -> Logger:
    """Return where pollers say what nobody is told."""
    return logger("modbus_schema.polling")
