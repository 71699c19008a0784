"""Maps that several test modules use."""

from enum import IntEnum, IntFlag

from modbus_schema import (
    RO,
    RW,
    WO,
    RegisterMap,
    bit,
    bits,
    coil,
    discrete_input,
    enum,
    flags,
    float32,
    group,
    holding_register,
    input_register,
    int16,
    repeat,
    string,
    uint16,
    uint32,
)


class Mode(IntEnum):
    """What a heat pump does."""

    OFF = 0
    HEAT = 1
    COOL = 2


class Alarm(IntFlag):
    """What is wrong with it."""

    PRESSURE = 1
    FLOW = 4


class Zone(RegisterMap):
    """A zone of a house."""

    temperature: RO[float | None] = input_register(0, int16.scaled("0.1").optional(0x8000))
    target: RW[float] = holding_register(0, int16.scaled("0.1"), min=5, max=30)
    boost: RW[bool] = coil(0)


class Circuit(RegisterMap, word_order="big"):
    """A heating circuit that keeps its own word order."""

    hours: RO[int] = holding_register(0, uint32)
    name: RW[str] = holding_register(2, string(4))


class House(RegisterMap, word_order="little", max_gap=4):
    """A device with every table, groups, bits and a field that is only written."""

    outdoor: RO[float] = input_register(12, float32, unit="degC")
    energy: RO[int] = input_register(14, uint32, unit="Wh")
    mode: RW[Mode] = holding_register(0, enum(Mode))
    alarms: RO[Alarm] = holding_register(2, flags(Alarm))
    fan: RW[int] = holding_register(5, bits(2, 5))
    override: RW[bool] = holding_register(5, bit(7))
    fault: RO[bool] = holding_register(5, bit(15))
    limit: RW[int] = holding_register(6, uint16, max=1000)
    curve: RW[float] = holding_register(7, float32)
    reset: WO[int] = holding_register(40, uint16)
    pump: RW[bool] = coil(3)
    ready: RO[bool] = discrete_input(7)
    circuit: RW[Circuit] = group(Circuit, base=100)
    zones: RO[tuple[Zone, ...]] = repeat(Zone, base=200, stride=2, count=3)


def a_house() -> House:
    """Return a house in an ordinary state; what it was told last to reset is not known."""
    return House(
        outdoor=-3.5,
        energy=70_000,
        mode=Mode.HEAT,
        alarms=Alarm.FLOW | Alarm(0x100),
        fan=9,
        override=False,
        fault=True,
        limit=500,
        curve=1.25,
        reset=0,
        pump=True,
        ready=False,
        circuit=Circuit(hours=0x10002, name="attic"),
        zones=tuple(Zone(temperature=None, target=20.0 + n, boost=n == 1) for n in range(3)),
    )
