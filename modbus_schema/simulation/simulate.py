"""Simulated devices on a port: `simulate` serves one instance, and more by their unit ids."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack

from modbus_schema.model import RegisterMap
from modbus_schema.simulation.clock import SYSTEM_CLOCK, Clock
from modbus_schema.simulation.device import SimulatedDevice
from modbus_wire.endpoint import Endpoint
from modbus_wire.framing.base import Framing
from modbus_wire.handler import Handler
from modbus_wire.sync.server import Server
from modbus_wire.unit import Unit

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from modbus_wire.aio.server import AsyncServer

M = TypeVar("M", bound=RegisterMap)
N = TypeVar("N", bound=RegisterMap)


class Limits(TypedDict, total=False):
    """Whom the server of a simulation lets in; `modbus_wire.Server` explains them."""

    allow: Iterable[str]
    max_connections: int | None
    idle_timeout: float | None


class Simulation(SimulatedDevice[M]):
    """A simulated device and the server that any Modbus client reaches it through.

    ``with simulation:`` serves in a thread of its own while the block runs, ``async with`` in the
    running event loop; or `start` and `stop`, as often as you like. An event loop takes the devices
    off the network by leaving the block, and back by entering another one: they keep what they
    hold, and the port. ``handler`` is what answers the requests: the place for hooks.
    """

    def __init__(
        self,
        instance: M,
        *,
        host: str | Endpoint,
        port: int | None,
        unit_id: int | None,
        framing: Framing | None,
        clock: Clock,
        limits: Limits,
    ) -> None:
        super().__init__(instance, clock=clock)
        self._units = _Units()
        if unit_id is None:
            self._units.others = self.unit
        else:
            self._units.add(unit_id, self.unit)
        self.handler = Handler(self._units)
        self._limits = limits
        self._server = Server(self.handler, host, port, framing=framing, **limits)
        self._async_server: AsyncServer | None = None

    @property
    def host(self) -> str:
        """The host that clients connect to; of a serial line the device."""
        return self._serving().address[0]

    @property
    def port(self) -> int:
        """The port that clients connect to; of port 0, once it serves, the one it got."""
        return self._serving().address[1]

    def add(self, instance: N, *, unit_id: int) -> SimulatedDevice[N]:
        """Serve a further device under its own unit id (0..255); raises ValueError if it is taken.

        It goes by the same clock.
        A device that was simulated without a unit id answers to all that are left.
        """
        device = SimulatedDevice(instance, clock=self.clock)
        self._units.add(unit_id, device.unit)
        return device

    def start(self) -> None:
        """Listen and serve, again at the same port; raises `OSError` where it cannot be had."""
        if self._is_in_loop():
            raise RuntimeError("the simulation is served in an event loop already")
        self._server.start()
        self._server.port = self.port

    def stop(self) -> None:
        """Close the port and every connection; what the devices hold stays.

        Raises RuntimeError in an ``async with`` block, which has to be left instead.
        """
        if self._is_in_loop():
            raise RuntimeError("the simulation is served by the running loop; leave its block")
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

    async def __aenter__(self) -> Self:
        from modbus_wire.aio.server import AsyncServer

        if self._is_in_loop() or self._server.is_running:
            raise RuntimeError("the simulation is served already")
        server = AsyncServer(self.handler, self._server.endpoint, **self._limits)
        server.port = self._server.port
        await server.start()
        self._async_server = server
        self._server.port = self.port
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        server, self._async_server = self._async_server, None
        if server is not None:
            await server.stop()

    def _is_in_loop(self) -> bool:
        return self._async_server is not None and self._async_server.is_running

    def _serving(self) -> Server | AsyncServer:
        served = self._async_server
        return served if served is not None and served.is_running else self._server


class _Units(dict[int, Unit]):
    """A unit under each unit id, and one for all the others, if any."""

    others: Unit | None = None

    def add(self, unit_id: int, unit: Unit) -> None:
        if not 0 <= unit_id <= 0xFF:
            raise ValueError(f"unit id {unit_id} is not in 0..255")
        if unit_id in self:
            raise ValueError(f"unit id {unit_id} is taken")
        self[unit_id] = unit

    def get(self, unit_id: int, default: Any = None) -> Any:
        return super().get(unit_id, self.others)

    def values(self) -> Any:
        return [*super().values(), *([] if self.others is None else [self.others])]


def simulate(
    instance: M,
    *,
    host: str | Endpoint = "127.0.0.1",
    port: int | None = None,
    unit_id: int | None = None,
    framing: Framing | None = None,
    clock: Clock = SYSTEM_CLOCK,
    **limits: Unpack[Limits],
) -> Simulation[M]:
    """Return a simulated device that begins as ``instance`` and is served in a ``with`` block.

    ``async with`` serves it in the running event loop. ``host`` may be a URL or an endpoint, which
    say port and framing themselves: ``udp://127.0.0.1:0``, ``rtu:///dev/ttyUSB0``. Port 0 lets the
    system choose (`Simulation.port`). Without a unit id the device answers to any. ``allow``,
    ``max_connections`` and ``idle_timeout`` are the server's. What moves goes by the ``clock``.

    Raises `EncodeError` for a value that its field cannot hold.
    """
    return Simulation(
        instance,
        host=host,
        port=port,
        unit_id=unit_id,
        framing=framing,
        clock=clock,
        limits=limits,
    )
