"""A gateway that notes what passes: any program's talk with a device becomes a recording."""

from __future__ import annotations

from os import PathLike
from typing import TypeVar, Unpack

from modbus_schema.simulation.clock import SYSTEM_CLOCK, Clock
from modbus_schema.simulation.notes import Notes
from modbus_schema.simulation.served import Limits
from modbus_wire.endpoint import Endpoint
from modbus_wire.errors import ModbusError
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.base import Request
from modbus_wire.policy import Policy
from modbus_wire.sync.client import Client
from modbus_wire.sync.gateway import Gateway

R = TypeVar("R")


class RecordingGateway(Gateway):
    """Passes on what clients in any language ask of a device, and notes the answers for `replay`.

    ``device`` is its host, URL or endpoint, ``host`` and ``port`` are where the clients come in.
    Served as a `Gateway`, until it is stopped, which ends the recording.

    `start` makes the file once it has the port; it raises OSError, `FileExistsError` where there is
    such a file and it is not to ``overwrite`` it.
    """

    def __init__(
        self,
        device: str | Endpoint,
        path: str | PathLike[str],
        host: str | Endpoint = "127.0.0.1",
        port: int | None = None,
        *,
        framing: Framing | None = None,
        policy: Policy | None = None,
        clock: Clock = SYSTEM_CLOCK,
        overwrite: bool = False,
        **limits: Unpack[Limits],
    ) -> None:
        client = _NotingClient(device, policy=policy or Policy(retries=0))
        super().__init__(client, host, port, framing=framing, **limits)
        client.notes = self._notes = Notes(path, clock, None, overwrite=overwrite)

    def start(self) -> None:
        if self._notes.are_closed:
            raise RuntimeError("the recording has ended; another one needs another gateway")
        if self.is_running:
            return
        super().start()
        try:
            self._notes.begin()
        except BaseException:
            super().stop()
            raise

    def stop(self) -> None:
        has_run = self.is_running  # every start begins with a stop
        super().stop()
        if has_run:
            self._notes.close()


class _NotingClient(Client):
    notes: Notes

    def execute(self, request: Request[R], *, unit_id: int | None = None) -> R:
        try:
            result = super().execute(request, unit_id=unit_id)
        except ModbusError as error:
            self.notes.failed(request, error, unit_id)
            raise
        self.notes.answered(request, result, unit_id)
        return result
