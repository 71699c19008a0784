"""A meter that is polled: each field at its own period, changes told, a server that goes away.

Run it: no device is needed.
"""

import asyncio
from queue import Queue

from modbus_schema import (
    RO,
    RW,
    AsyncDevice,
    AsyncPoller,
    Change,
    Device,
    Failure,
    Poller,
    Recovery,
    RegisterMap,
    coil,
    float32,
    input_register,
    simulate,
    string,
    uint32,
)
from modbus_wire import AsyncClient, Client


class Meter(RegisterMap, every="50ms"):
    """A meter; a real one would be asked less often."""

    serial: RO[str] = input_register(100, string(4), every="once")
    power: RO[float] = input_register(0, float32, unit="W")
    energy: RO[int] = input_register(2, uint32, unit="Wh", every="1m")
    relay: RW[bool] = coil(0)


START = Meter(serial="A-17", power=400.0, energy=1200, relay=True)


def poll_in_a_thread() -> None:
    """Poll while this thread does something else, and wait for what the poller tells."""
    told: Queue[str] = Queue()
    with simulate(START, port=0) as sim, Client(sim.host, sim.port) as client:
        poller = Poller(Device(client, Meter))

        @poller.on_change(Meter.power, dead_band=25)
        def power_changed(change: Change[float]) -> None:
            told.put(f"power: {change.old} -> {change.new} W")

        @poller.on_failure
        def failed(failure: Failure) -> None:
            told.put(f"{failure.device.model.__name__} fails: {type(failure.error).__name__}")

        @poller.on_recovery
        def recovered(recovery: Recovery) -> None:
            told.put(f"{recovery.device.model.__name__} is back")

        with poller:
            print(told.get(timeout=10))
            print(poller.snapshot())
            for watts in (410.0, 420.0, 430.0):  # each a small step, all together more than 25 W
                sim.set(Meter.power.to(watts))
            print(told.get(timeout=10))
            sim.stop()
            print(told.get(timeout=10))
            sim.start()
            print(told.get(timeout=10))


async def poll_in_an_event_loop() -> None:
    """Poll two meters at once until both relays are off."""
    first = simulate(START, port=0, unit_id=1)
    second = first.add(START.replace(serial="A-18"), unit_id=2)
    async with first, AsyncClient(first.host, first.port) as client:
        meters = [AsyncDevice(client, Meter, unit_id=unit_id) for unit_id in (1, 2)]
        poller = AsyncPoller(meters)
        on = {1, 2}

        @poller.on_change(Meter.relay)
        async def relay_changed(change: Change[bool]) -> None:
            unit_id = change.device.unit_id
            if unit_id is not None and not change.new:
                on.discard(unit_id)
                print(f"relay {unit_id} is off")
            if on == {2}:
                second.set(Meter.relay.to(False))
            if not on:
                await poller.stop()

        first.set(Meter.relay.to(False))
        await poller.run()
        print([poller.latest(Meter.serial, device=meter) for meter in meters])


if __name__ == "__main__":
    poll_in_a_thread()
    asyncio.run(poll_in_an_event_loop())
