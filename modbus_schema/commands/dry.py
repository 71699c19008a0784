"""A write that is only shown: what it depends on is read, what it would send is kept back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from modbus_schema.device import Device
from modbus_schema.fields.refs import Write
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.writing.preview import PlannedRequest
from modbus_wire.pdu.base import AnyRequest, Request
from modbus_wire.sync.client import Client

R = TypeVar("R")


class DryClient:
    """A client that reads, and keeps back what would change the device."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.kept: list[AnyRequest] = []
        """What would have been sent, in order."""

    def execute(self, request: Request[R], *, unit_id: int | None = None) -> R:
        """Carry out a read; a write is taken for done."""
        if request.writes:
            self.kept.append(request)
            return request.unanswered()
        return self._client.execute(request, unit_id=unit_id)

    def read_many(self, requests: list[AnyRequest], /, *, unit_id: int | None = None) -> list[Any]:
        """Carry out reads."""
        return self._client.read_many(requests, unit_id=unit_id)


def dry_run(
    client: Client, model: type[RegisterMap], unit_id: int | None, writes: list[Write[Any]]
) -> Iterator[PlannedRequest[Any]]:
    """Return the requests that a write would send now, by what the device says of itself.

    Raises as the write does, but for what the device would say to it.
    """
    dry = DryClient(client)
    device: Device[RegisterMap] = Device(dry, model, unit_id=unit_id)
    device.write(*writes)
    planned = (each for each in device.plan_write(*writes) if _changes(each))
    for each, request in zip(planned, dry.kept, strict=True):
        yield each._replace(request=request, text=repr(request))


def _changes(planned: PlannedRequest[Any]) -> bool:
    """Whether it is a write, and not the read that one depends on."""
    return planned.request is None or planned.request.writes
