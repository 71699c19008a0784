"""Maps written to foreign servers: bits, functions by choice, commands, read-back, one request."""

from collections.abc import Iterator
from typing import Any

import pytest

from modbus_schema import (
    RW,
    Device,
    RegisterMap,
    Verify,
    bits,
    coil,
    float32,
    holding_register,
    uint16,
)
from modbus_schema.fields.write_rules import WriteWith
from modbus_wire import Client, IllegalFunction
from tests.peers import (
    libmodbus_peer,
    modbus_serial_peer,
    pymodbus_peer,
    pymodbustcp_peer,
    tmodbus_peer,
)
from tests.peers.face import UNIT
from tests.peers.ways import ServerParty

PARTIES = (
    *pymodbus_peer.SERVERS,
    *libmodbus_peer.SERVERS,
    *tmodbus_peer.SERVERS,
    *pymodbustcp_peer.SERVERS,
    *modbus_serial_peer.SERVERS,
)


class Unit(RegisterMap):
    """Fields for every function that writes."""

    apply: RW[int] = holding_register(30, uint16)
    speed: RW[int] = holding_register(10, uint16)
    ramp: RW[int] = holding_register(11, uint16)
    torque: RW[float] = holding_register(12, float32, then=apply.to(1))
    low: RW[int] = holding_register(20, bits(0, 7))
    high: RW[int] = holding_register(20, bits(8, 15))
    on: RW[bool] = coil(10)
    quiet: RW[bool] = coil(11)


def trials() -> Iterator[Any]:
    """Yield each server; one that cannot run here is skipped."""
    for each in PARTIES:
        reason = each.party.missing
        marks = [] if reason is None else [pytest.mark.skip(reason=reason)]
        yield pytest.param(each, id=each.party.name, marks=marks)


@pytest.mark.parametrize("peer", [*trials()])
def test_a_foreign_server_is_written_by_every_choice(peer: ServerParty) -> None:
    """What is written is read back, whatever functions the server lacks."""
    codes = peer.party.functions_over("tcp")
    with peer.serve("tcp") as served:
        where = served.where
        with Client(where.host, where.port, unit_id=UNIT) as client:
            device = Device(client, Unit)
            state = Unit(apply=0, speed=1, ramp=2, torque=1.5, low=3, high=4, on=True, quiet=False)
            read_back = Verify(settle=0)
            done = device.write(state, verify=read_back)
            assert set(done.written) - set(done.verified) == {Unit.apply}
            assert device.read() == state.replace(apply=1)
            device.write(Unit.high.to(0xA5), Unit.on.to(False), verify=read_back)
            device.write(Unit.high.to(0x5A), verify=read_back)
            choices: tuple[WriteWith, ...] = ("single", "multiple")
            for choice in choices:
                other = Device(client, Unit, write_with=choice, mask_write=False, max_write=2)
                changed = state.replace(speed=7, ramp=8, low=9, quiet=True)
                other.write(changed, verify=read_back)
                other.write_changes(changed, changed.replace(low=1, ramp=3), verify=read_back)
                device.write(state)
            if 23 in codes:
                both = device.write_and_read(Unit.speed.to(5), read=(Unit.ramp, Unit.speed))
                assert both == (2, 5)
            else:
                with pytest.raises(IllegalFunction):
                    device.write_and_read(Unit.speed.to(5), read=Unit.ramp)
