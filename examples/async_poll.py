"""Pumps polled at once, each in few requests, over one connection to each gateway.

Run it: no device is needed.
"""

import asyncio
from enum import IntFlag

from modbus_schema import (
    RO,
    RW,
    AsyncDevice,
    RegisterMap,
    coil,
    flags,
    float32,
    holding_register,
    input_register,
    simulate,
    uint16,
    uint32,
)
from modbus_wire import AsyncClient, ModbusError


class Alarm(IntFlag):
    """What is wrong with a pump."""

    DRY = 1
    HOT = 2


class Pump(RegisterMap):
    """A pump; its values are in four places, which one read asks for together."""

    on: RW[bool] = coil(0)
    flow: RO[float] = input_register(0, float32, unit="l/min")
    hours: RO[int] = input_register(2, uint32, unit="h")
    alarms: RO[Alarm] = input_register(90, flags(Alarm))
    speed: RW[int] = holding_register(0, uint16, unit="rpm", max=3000)


SOUND = Pump(on=True, flow=18.5, hours=1200, alarms=Alarm(0), speed=1500)


async def poll(name: str, device: AsyncDevice[Pump]) -> Pump | None:
    """Read one pump; None where it does not answer, which costs the others nothing."""
    try:
        return await device.read()
    except ModbusError as error:
        print(f"{name}: {type(error).__name__}")
        return None


async def poll_all(devices: dict[str, AsyncDevice[Pump]]) -> dict[str, Pump]:
    """Read all pumps at once; returns those that answered."""
    states = await asyncio.gather(*(poll(name, device) for name, device in devices.items()))
    found = {name: state for name, state in zip(devices, states, strict=True) if state}
    for name, state in found.items():
        print(f"{name}: {state.flow} l/min at {state.speed} rpm, {state.alarms!r}")
    return found


async def main() -> None:
    """Serve three pumps behind two gateways in this event loop, and look after them."""
    cellar = simulate(SOUND, port=0, unit_id=1)
    cellar.add(SOUND.replace(flow=3.25, alarms=Alarm.DRY), unit_id=2)
    roof = simulate(SOUND.replace(flow=22.0), port=0, unit_id=1)

    async with (
        cellar,
        roof,
        AsyncClient(cellar.host, cellar.port, max_in_flight=8) as to_cellar,
        AsyncClient(roof.host, roof.port, max_in_flight=8) as to_roof,
    ):
        devices = {
            "cellar 1": AsyncDevice(to_cellar, Pump, unit_id=1),
            "cellar 2": AsyncDevice(to_cellar, Pump, unit_id=2),
            "cellar 3": AsyncDevice(to_cellar, Pump, unit_id=3),
            "roof": AsyncDevice(to_roof, Pump, unit_id=1),
        }
        states = await poll_all(devices)

        stop = Pump.on.to(False), Pump.speed.to(0)
        dry = [devices[name] for name, state in states.items() if Alarm.DRY in state.alarms]
        await asyncio.gather(*(device.write(*stop) for device in dry))
        roof.set(Pump.flow.to(21.5))
        await poll_all(devices)


if __name__ == "__main__":
    asyncio.run(main())
