"""modbus-connection, the library of Home Assistant, reads our simulated devices as we do."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from examples.devices.delta_vfd_ed import VfdEd
from examples.devices.lg_therma_v import Circuit, EnergyState, Mode
from modbus_schema import Device, RegisterMap, Simulation, simulate
from modbus_schema.values.mapping import to_dict
from modbus_wire import Client
from tests.examples.devices import (
    test_abb_b23,
    test_carlo_gavazzi_em24,
    test_delta_vfd_ed,
    test_eastron_sdm630,
    test_lg_therma_v,
    test_schneider_meters,
    test_siemens_pac2200,
)
from tests.peers import modbus_connection_maps as maps
from tests.wire.peers import LIMIT

pytestmark = pytest.mark.skipif(maps.MISSING is not None, reason=str(maps.MISSING))

DEVICES: Mapping[str, tuple[RegisterMap, Callable[[], maps.Declared], int]] = {
    "SDM630": (test_eastron_sdm630.STATE, maps.sdm630, 43),
    "EM24": (test_carlo_gavazzi_em24.READINGS, maps.em24, 29),
    "PM5350": (test_schneider_meters.METER, maps.schneider, 25),
    "B23": (test_abb_b23.STATE, maps.b23, 23),
    "Therma V": (test_lg_therma_v.STATE, maps.therma_v, 43),
    "VFD-ED": (test_delta_vfd_ed.STATE, maps.vfd_ed, 12),
    "PAC2200": (test_siemens_pac2200.STATE, maps.pac2200, 12),
}
"""Each device with its second declaration, and how many values that has."""


@asynccontextmanager
async def connected(sim: Simulation[Any], declared: maps.Declared) -> AsyncIterator[dict[str, Any]]:
    """Read a device once; return which component has which field."""
    params = maps.part("__init__").ModbusTcpParams(host=sim.host, port=sim.port)
    connection = maps.part("pymodbus").ModbusConnection(params)
    try:
        components = declared.components(connection.for_unit(1))
        for component in components:
            await asyncio.wait_for(component.async_update(), LIMIT)
        yield {name: component for component in components for name in component.declared_fields}
    finally:
        await connection.close()


@pytest.mark.parametrize("name", DEVICES)
def test_it_reads_the_same_values(name: str) -> None:
    """Each of its fields has the value that ours has, which is the one put in."""
    state, declare, count = DEVICES[name]

    async def their_values(sim: Simulation[Any]) -> dict[str, Any]:
        async with connected(sim, declare()) as fields:
            return {field: getattr(component, field) for field, component in fields.items()}

    with simulate(state, port=0) as sim, Client(sim.host, sim.port) as client:
        theirs = asyncio.run(their_values(sim))
        ours = dict(maps.spelt(to_dict(Device(client, type(state)).read())))
    assert ours == dict(maps.spelt(to_dict(state)))
    assert len(theirs) == count
    assert theirs == {field: ours[field] for field in theirs}


def test_what_it_writes_arrives() -> None:
    """Coils, scaled and signed registers, an enum; one bit leaves the others alone."""

    async def write(sim: Simulation[Any], declared: maps.Declared, **values: object) -> None:
        async with connected(sim, declared) as fields:
            for name, value in values.items():
                await asyncio.wait_for(fields[name].write(name, value), LIMIT)

    state = test_lg_therma_v.STATE
    settings = {"silent": False, "mode": Mode.HEAT, "energy_state": EnergyState.SAVING}
    circuit = {"circuits[1].target": 42.5, "circuits[1].shift": -5}
    with simulate(state, port=0) as sim:
        asyncio.run(write(sim, maps.therma_v(), **settings, **circuit))
        circuits = (state.circuits[0], Circuit(target=42.5, shift=-5))
        assert sim.snapshot() == state.replace(**settings, circuits=circuits)
    drive = test_delta_vfd_ed.STATE
    with simulate(drive, port=0) as sim_drive:
        asyncio.run(write(sim_drive, maps.vfd_ed(), external_fault=True, frequency_command=42.55))
        new = sim_drive.snapshot()
        assert new == drive.replace(external_fault=True, frequency_command=42.55)
        assert isinstance(new, VfdEd)
