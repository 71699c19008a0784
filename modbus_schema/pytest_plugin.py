"""Fixtures for pytest: simulated devices that a test starts, and that stop when it ends.

The plugin is there when the package is installed; ``-p no:modbus_schema`` leaves it out. Nothing
of the package is imported before a test asks for a fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pytest

if TYPE_CHECKING:
    from typing import Unpack

    from modbus_schema.device import Device
    from modbus_schema.fields.options import ByteOrder, WordOrder
    from modbus_schema.model.register_map import RegisterMap
    from modbus_schema.simulation.clock import Clock, ManualClock
    from modbus_schema.simulation.served import Limits
    from modbus_schema.simulation.simulate import Simulation
    from modbus_wire.endpoint import Endpoint
    from modbus_wire.framing.base import Framing

M = TypeVar("M", bound="RegisterMap")

_OF_DEVICE = ("unit_id", "base", "word_order", "byte_order")
"""The options of a simulation that are those of a `Device` too."""


class Simulated(Protocol):
    """What the fixture ``simulated`` is: a test annotates it by this."""

    def __call__(
        self,
        instance: M,
        /,
        *,
        host: str | Endpoint = "127.0.0.1",
        port: int | None = None,
        unit_id: int | None = None,
        framing: Framing | None = None,
        base: int = 0,
        word_order: WordOrder | None = None,
        byte_order: ByteOrder | None = None,
        clock: Clock = ...,
        **limits: Unpack[Limits],
    ) -> Simulation[M]:
        """Serve a device that begins as an instance, until the test ends; as `simulate`.

        The port is one that is free, unless it is given, by itself or in a URL.
        """
        ...


class SimulatedWithDevice(Protocol):
    """What the fixture ``simulated_device`` is: a test annotates it by this."""

    def __call__(
        self,
        instance: M,
        /,
        *,
        unit_id: int | None = None,
        framing: Framing | None = None,
        base: int = 0,
        word_order: WordOrder | None = None,
        byte_order: ByteOrder | None = None,
        clock: Clock = ...,
        **limits: Unpack[Limits],
    ) -> tuple[Simulation[M], Device[M]]:
        """Serve a device over TCP, and connect a `Client` with it, until the test ends."""
        ...


@pytest.fixture
def simulated() -> Iterator[Simulated]:
    """Start simulated devices, which stop when the test ends.

    Each is served by a thread of its own at a free port, for blocking and for async clients alike.
    What functions given to `on_write`, `move` and `depends` raised fails the test at its end; one
    that means it clears the ``failures`` of the simulation.
    """
    started: list[Simulation[Any]] = []
    with ExitStack() as running:

        def start(instance: Any, /, **options: Any) -> Any:
            from modbus_schema.simulation.simulate import simulate

            host = options.get("host", "")
            if isinstance(host, str) and "://" not in host:
                options.setdefault("port", 0)
            started.append(running.enter_context(simulate(instance, **options)))
            return started[-1]

        yield start
    failures = [error for sim in started for error in sim.failures]
    if len(failures) > 1:
        raise BaseExceptionGroup("functions of simulated devices failed", failures)
    for error in failures:
        raise error


@pytest.fixture
def simulated_device(simulated: Simulated) -> Iterator[SimulatedWithDevice]:
    """Start simulated devices and connect with them; gives a `Simulation` and a `Device`."""
    with ExitStack() as connected:

        def start(instance: Any, /, **options: Any) -> Any:
            from modbus_schema.device import Device
            from modbus_wire.sync.client import Client

            if not options.keys().isdisjoint(("host", "port")):
                raise TypeError("simulated_device serves at a port of its own; simulated takes one")
            sim = simulated(instance, **options)
            client = Client(sim.host, sim.port, framing=options.get("framing"))
            connected.enter_context(client)
            place = {name: options[name] for name in _OF_DEVICE if name in options}
            return sim, Device(client, type(instance), **place)

        yield start


@pytest.fixture
def manual_clock() -> ManualClock:
    """Give a clock that the test moves, for ``clock=manual_clock``."""
    from modbus_schema.simulation.clock import ManualClock

    return ManualClock()
