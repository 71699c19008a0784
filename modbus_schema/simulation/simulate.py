"""Simulated devices on a port: `simulate` serves one instance, and more by their unit ids."""

from __future__ import annotations

from typing import TypeVar, Unpack

from modbus_schema.fields.options import ByteOrder, WordOrder
from modbus_schema.layout.shapes import Place
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.simulation.clock import SYSTEM_CLOCK, Clock
from modbus_schema.simulation.device import SimulatedDevice
from modbus_schema.simulation.served import Limits, Served, Units
from modbus_wire.endpoint import Endpoint
from modbus_wire.framing.base import Framing

M = TypeVar("M", bound=RegisterMap)
N = TypeVar("N", bound=RegisterMap)


class Simulation(SimulatedDevice[M], Served):
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
        place: Place,
    ) -> None:
        SimulatedDevice.__init__(self, instance, clock=clock, **place)
        units = Units()
        units.put(unit_id, self.unit)
        Served.__init__(self, units, host, port, framing, limits)

    def __repr__(self) -> str:
        return f"<Simulation of {self.model.__name__} {self._where()}>"

    def add(self, instance: N, *, unit_id: int, **place: Unpack[Place]) -> SimulatedDevice[N]:
        """Serve a further device under its own unit id (0..255); raises ValueError if it is taken.

        It goes by the same clock, and ``failures`` are one list; ``base`` and the orders are its
        own. A device that was simulated without a unit id answers to all that are left.
        """
        device = SimulatedDevice(instance, clock=self.clock, **place)
        device.failures = self.failures
        self._units.put(unit_id, device.unit)
        return device


def simulate(
    instance: M,
    *,
    host: str | Endpoint = "127.0.0.1",
    port: int | None = None,
    unit_id: int | None = None,
    framing: Framing | None = None,
    base: int = 0,
    word_order: WordOrder | None = None,
    byte_order: ByteOrder | None = None,
    clock: Clock = SYSTEM_CLOCK,
    **limits: Unpack[Limits],
) -> Simulation[M]:
    """Return a simulated device that begins as ``instance`` and is served in a ``with`` block.

    ``async with`` serves it in the running event loop. ``host`` may be a URL or an endpoint, which
    say port and framing themselves: ``udp://127.0.0.1:0``, ``rtu:///dev/ttyUSB0``. Port 0 lets the
    system choose (`Simulation.port`). Without a unit id the device answers to any. ``allow``,
    ``max_connections`` and ``idle_timeout`` are the server's. What moves goes by the ``clock``.
    ``base`` and the orders are those of a `Device`.

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
        place=Place(base=base, word_order=word_order, byte_order=byte_order),
    )
