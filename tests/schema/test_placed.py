"""Maps placed and ordered at run time: further up, and in the orders that a device has."""

import asyncio
import struct
from typing import Any

import pytest

from modbus_schema import (
    RO,
    RW,
    AsyncDevice,
    DefinitionError,
    Device,
    RegisterMap,
    coil,
    float32,
    group,
    holding_register,
    int32,
    repeat,
    simulate,
    uint16,
    uint32,
)
from modbus_wire import AsyncClient, Client, Table


class Part(RegisterMap):
    """What leaves the orders to whoever holds it."""

    number: RW[int] = holding_register(0, int32)


class Fixed(RegisterMap, word_order="big"):
    """What says its word order itself."""

    number: RW[int] = holding_register(0, int32)


class Plc(RegisterMap, word_order="little", max_gap=9):
    """Numbers in the orders that its programmer chose."""

    level: RW[float] = holding_register(0, float32)
    count: RO[int] = holding_register(2, uint32, word_order="big")
    pump: RW[bool] = coil(3)
    part: RO[Part] = group(Part, base=4)
    parts: RO[tuple[Part, ...]] = repeat(Part, base=6, stride=2, count=2)
    fixed: RO[Fixed] = group(Fixed, base=10)


STATE = Plc(
    level=1.5,
    count=0x00010002,
    pump=True,
    part=Part(number=3),
    parts=(Part(number=4), Part(number=-5)),
    fixed=Fixed(number=6),
)
ORDERS: list[dict[str, Any]] = [
    {},
    {"word_order": "big"},
    {"word_order": "little", "byte_order": "little"},
    {"word_order": "big", "byte_order": "little"},
]


@pytest.mark.parametrize("orders", ORDERS)
@pytest.mark.parametrize("base", [0, 1000, 65524])
def test_both_sides_agree(base: int, orders: dict[str, Any]) -> None:
    """What is simulated at a place and in orders is read and written there."""
    with simulate(STATE, port=0, base=base, **orders) as sim, Client(sim.host, sim.port) as client:
        device = Device(client, Plc, base=base, **orders)
        assert device.read() == STATE
        assert device.read(Plc.parts[1].at(Part.number)) == -5
        device.write(Plc.level.to(-0.25), Plc.pump.to(False))
        assert sim.snapshot() == STATE.replace(level=-0.25, pump=False)
        assert client.read_coils(base + 3, 1) == [False]


def test_an_order_stands_in_place_of_the_classs_own() -> None:
    """A field that says its order keeps it, and so does the class of a group."""
    sim = simulate(STATE, word_order="big")
    words = sim.bank.get_registers(Table.HOLDING_REGISTERS, 0, 12)
    assert words[:2] == [*struct.unpack(">2H", struct.pack(">f", 1.5))]
    assert words[2:4] == [1, 2]
    assert words[4:6] == [0, 3]
    assert words[10:] == [0, 6]
    words = simulate(STATE).bank.get_registers(Table.HOLDING_REGISTERS, 0, 12)
    assert words[:2] == [*struct.unpack(">2H", struct.pack(">f", 1.5))][::-1]
    assert words[2:6] == [1, 2, 3, 0]
    assert words[10:] == [0, 6]


def test_devices_of_several_places_share_a_client() -> None:
    """Errors name the address where it is."""
    with simulate(STATE, port=0, base=100, unit_id=1) as sim, Client(sim.host, sim.port) as client:
        sim.add(STATE.replace(level=9.0), unit_id=2, base=200, word_order="big")
        assert Device(client, Plc, unit_id=1, base=100).read(Plc.level) == 1.5
        assert Device(client, Plc, unit_id=2, base=200, word_order="big").read(Plc.level) == 9.0
        with pytest.raises(Exception, match=r"Plc\.level: holding\[300\.\.301\]"):
            Device(client, Plc, unit_id=1, base=300).read(Plc.level)


def test_an_async_device_is_placed_too() -> None:
    """By the same keywords."""

    async def use() -> None:
        async with (
            simulate(STATE, port=0, base=7, byte_order="little") as sim,
            AsyncClient(sim.host, sim.port) as client,
        ):
            device = AsyncDevice(client, Plc, base=7, byte_order="little")
            assert await device.read() == STATE

    asyncio.run(use())


def test_what_cannot_be_is_refused_when_the_device_is_made() -> None:
    """Past the end of a table, against the rules, and values that are none."""
    client = Client("127.0.0.1", 1)
    with pytest.raises(
        DefinitionError, match=r"Plc\.fixed\.number: holding\[65535\.\.65536\] is out"
    ):
        Device(client, Plc, base=65525)
    with pytest.raises(DefinitionError, match="is outside of"):
        simulate(STATE, base=65525)
    with pytest.raises(DefinitionError, match=r"touches the forbidden holding\[100\.\.101\]"):
        Device(client, Plc, base=100, forbidden={Table.HOLDING_REGISTERS: [range(100, 102)]})
    wrongs: list[dict[str, Any]] = [{"base": -1}, {"base": "7"}, {"word_order": "middle"}]
    for wrong in [*wrongs, {"byte_order": 1}]:
        with pytest.raises(ValueError, match=r"must be|is not in"):
            Device(client, Plc, **wrong)


class Forbidding(RegisterMap, forbidden={Table.HOLDING_REGISTERS: [range(8, 10)]}):
    """Areas are those of the device, wherever the map is placed."""

    value: RO[int] = holding_register(0, uint16)


def test_areas_are_absolute() -> None:
    """The class's own, too."""
    client = Client("127.0.0.1", 1)
    Device(client, Forbidding, base=7)
    with pytest.raises(DefinitionError, match="touches the forbidden"):
        Device(client, Forbidding, base=8)
