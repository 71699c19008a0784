"""A server in front of simulated units, started and stopped in either style."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypedDict

from modbus_wire.endpoint import Endpoint
from modbus_wire.framing.base import Framing
from modbus_wire.handler import Handler
from modbus_wire.sync.server import Server
from modbus_wire.unit import Unit

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from modbus_wire.aio.server import AsyncServer


class Limits(TypedDict, total=False):
    """Whom the server of a simulation lets in; `modbus_wire.Server` explains them."""

    allow: Iterable[str]
    max_connections: int | None
    idle_timeout: float | None


class Served:
    """Units that any Modbus client reaches.

    ``with served:`` serves in a thread of its own while the block runs, ``async with`` in the
    running event loop; or `start` and `stop`, as often as you like. An event loop takes the units
    off the network by leaving the block, and back by entering another one: they keep what they
    hold, and the port. ``handler`` is what answers the requests: the place for hooks.
    """

    def __init__(
        self,
        units: Units,
        host: str | Endpoint,
        port: int | None,
        framing: Framing | None,
        limits: Limits,
    ) -> None:
        for key in limits:
            if key not in Limits.__annotations__:
                raise TypeError(f"{key!r} is no option: {', '.join(Limits.__annotations__)}")
        self._units = units
        self._limits = limits
        self.handler = Handler(units)
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

    def _where(self) -> str:
        state = "at" if self._is_in_loop() or self._server.is_running else "stopped, for"
        return f"{state} {self.host}" + (f" port {self.port}" if self.port else "")

    def _is_in_loop(self) -> bool:
        return self._async_server is not None and self._async_server.is_running

    def _serving(self) -> Server | AsyncServer:
        served = self._async_server
        return served if served is not None and served.is_running else self._server


class Units(dict[int, Unit]):
    """A unit under each unit id, and one for all the others, if any."""

    others: Unit | None = None

    def put(self, unit_id: int | None, unit: Unit) -> None:
        """Serve a unit under an id that is free, or, None, under all that are left."""
        if unit_id is None:
            self.others = unit
            return
        if not isinstance(unit_id, int):
            raise TypeError(f"unit id {unit_id!r} is no int")
        if not 0 <= unit_id <= 0xFF:
            raise ValueError(f"unit id {unit_id} is not in 0..255")
        if unit_id in self:
            raise ValueError(f"unit id {unit_id} is taken")
        self[unit_id] = unit

    def get(self, unit_id: int, default: Any = None) -> Any:
        return super().get(unit_id, self.others)

    def values(self) -> Any:
        return [*super().values(), *([] if self.others is None else [self.others])]
