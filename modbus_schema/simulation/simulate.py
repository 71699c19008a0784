"""Simulated devices on a port: `simulate` serves one instance, and more by their unit ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from modbus_schema.model import RegisterMap
from modbus_schema.simulation.device import SimulatedDevice
from modbus_wire.bank import Bank
from modbus_wire.framing.base import Framing
from modbus_wire.sync.server import DEFAULT_PORT, Server

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

M = TypeVar("M", bound=RegisterMap)
N = TypeVar("N", bound=RegisterMap)


class Simulation(SimulatedDevice[M]):
    """A simulated device and the server that any Modbus client reaches it through.

    ``with simulation:`` serves while the block runs; or `start` and `stop`, as often as you like.
    """

    def __init__(
        self, instance: M, *, host: str, port: int, unit_id: int | None, framing: Framing
    ) -> None:
        super().__init__(instance)
        self._units = _Units()
        if unit_id is None:
            self._units.others = self.bank
        else:
            self._units.add(unit_id, self.bank)
        self._server = Server(self._units, host, port, framing=framing)

    @property
    def host(self) -> str:
        """The host that clients connect to."""
        return self._server.address[0]

    @property
    def port(self) -> int:
        """The port that clients connect to; of port 0, once it serves, the one it got."""
        return self._server.address[1]

    def add(self, instance: N, *, unit_id: int) -> SimulatedDevice[N]:
        """Serve a further device under its own unit id (0..255); raises ValueError if it is taken.

        A device that was simulated without a unit id answers to all that are left.
        """
        device = SimulatedDevice(instance)
        self._units.add(unit_id, device.bank)
        return device

    def start(self) -> None:
        """Listen and serve, again at the same port; raises `OSError` where it cannot be had."""
        self._server.start()
        self._server.port = self.port

    def stop(self) -> None:
        """Close the port and every connection; what the devices hold stays."""
        self._server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class _Units(dict[int, Bank]):
    """A bank under each unit id, and one for all the others, if any."""

    others: Bank | None = None

    def add(self, unit_id: int, bank: Bank) -> None:
        if not 0 <= unit_id <= 0xFF:
            raise ValueError(f"unit id {unit_id} is not in 0..255")
        if unit_id in self:
            raise ValueError(f"unit id {unit_id} is taken")
        self[unit_id] = bank

    def get(self, unit_id: int, default: Any = None) -> Any:
        return super().get(unit_id, self.others)

    def values(self) -> Any:
        return [*super().values(), *([] if self.others is None else [self.others])]


def simulate(
    instance: M,
    *,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    unit_id: int | None = None,
    framing: Framing = Framing.TCP,
) -> Simulation[M]:
    """Return a simulated device that begins as ``instance`` and is served in a ``with`` block.

    Port 0 lets the system choose (`Simulation.port`). Without a unit id the device answers to any.
    Raises `EncodeError` for a value that its field cannot hold.
    """
    return Simulation(instance, host=host, port=port, unit_id=unit_id, framing=framing)
