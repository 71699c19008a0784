"""Devices that answer as they were recorded."""

from __future__ import annotations

from collections import defaultdict
from os import PathLike
from typing import TYPE_CHECKING, Unpack

from modbus_schema.simulation.clock import SYSTEM_CLOCK, Clock
from modbus_schema.simulation.entries import Entry, read_entries
from modbus_schema.simulation.outcomes import Place
from modbus_schema.simulation.served import Limits, Served, Units
from modbus_schema.simulation.touched import touched_by
from modbus_schema.simulation.tracks import RecordedBank
from modbus_wire.endpoint import Endpoint
from modbus_wire.framing.base import Framing
from modbus_wire.orders import NoAnswer, Order
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.peer import Peer
from modbus_wire.unit import Unit

if TYPE_CHECKING:
    from typing import Self


class Replay(Served):
    """The units of a recording, served as they were; time is that since they are served.

    ``with``, ``async with``, `start` and `stop` are those of a `Simulation`.
    """

    def __init__(
        self,
        entries: list[Entry],
        *,
        host: str | Endpoint,
        port: int | None,
        framing: Framing | None,
        clock: Clock,
        repeat: bool,
        limits: Limits,
    ) -> None:
        self.clock = clock
        self._began: float | None = None
        self.duration = entries[-1].time if entries else 0.0
        """Seconds from the begin of the recording to its last request."""

        self._repeats = repeat and self.duration > 0
        super().__init__(self._units_of(entries), host, port, framing, limits)

    def __repr__(self) -> str:
        return f"<Replay of {self.duration:g} s {self._where()}>"

    @property
    def seconds(self) -> float:
        """The time in the recording, 0 until it is served."""
        if self._began is None:
            return 0.0
        seconds = self.clock.seconds() - self._began
        return seconds % self.duration if self._repeats else seconds

    def start(self) -> None:
        super().start()
        self._begin()

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._begin()
        return self

    def _begin(self) -> None:
        """Let the time go on from now on, if it does not."""
        if self._began is None:
            self.rewind()

    def rewind(self) -> None:
        """Begin again."""
        self._began = self.clock.seconds()

    def _units_of(self, entries: list[Entry]) -> Units:
        by_unit: dict[int | None, list[Entry]] = defaultdict(list)
        for entry in entries:
            by_unit[entry.unit_id].append(entry)
        units = Units()
        for unit_id, found in by_unit.items():
            units.put(unit_id, _unit(RecordedBank(found, lambda: self.seconds)))
        return units


def replay(
    path: str | PathLike[str],
    *,
    host: str | Endpoint = "127.0.0.1",
    port: int | None = None,
    framing: Framing | None = None,
    clock: Clock = SYSTEM_CLOCK,
    repeat: bool = False,
    **limits: Unpack[Limits],
) -> Replay:
    """Return the devices of a recording, to be served in a ``with`` block, as `simulate`.

    They answer under the unit ids that were recorded: values as they were at the time, by the
    ``clock``, since they are served; refused addresses by their exceptions; what timed out not at
    all. Before the first and after the last request a value is the first and the last that was
    read. With ``repeat`` all begins anew at the end.

    Raises OSError, and ValueError, which names the line, for what is no recording.
    """
    return Replay(
        read_entries(path),
        host=host,
        port=port,
        framing=framing,
        clock=clock,
        repeat=repeat,
        limits=limits,
    )


def _unit(bank: RecordedBank) -> Unit:
    def look(request: AnyRequest, _peer: Peer) -> Order | None:
        for touched in touched_by(request):
            if bank.timed_out(Place(*touched)):
                return NoAnswer()
        return None

    return Unit(bank, before_request=look if bank.has_timeouts else None)
