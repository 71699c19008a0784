"""What the difference of two instances writes, where other fields say how a value is encoded."""

from collections.abc import Iterator
from typing import Any

import pytest

from modbus_schema import (
    RO,
    RW,
    Device,
    EncodeError,
    RegisterMap,
    Verify,
    float32,
    given,
    group,
    holding_register,
    int16,
    uint16,
)
from modbus_wire import Client, Server, SparseBank, Table
from modbus_wire.handler import Handler
from modbus_wire.unit import Unit


class Level(RegisterMap):
    """What has its place elsewhere."""

    value: RW[int] = holding_register(0, uint16)


class Scaled(RegisterMap):
    """A value whose factor may be written, one that is only read, and a view of the registers."""

    factor: RW[int] = holding_register(0, int16)
    power: RW[float] = holding_register(1, int16.scaled_by(factor))
    measured: RO[float] = holding_register(2, int16.scaled_by(factor))
    register: RW[int] = holding_register(1, int16, overlap=True)


class Ordered(RegisterMap):
    """A value whose order may be written."""

    order: RW[int] = holding_register(0, uint16)
    value: RW[float] = holding_register(
        10, float32, word_order=given(order, lambda order: "little" if order else "big")
    )


class Placed(RegisterMap):
    """A group whose place may be written."""

    where: RW[int] = holding_register(0, uint16)
    level: RW[Level] = group(Level, base=where)


class Plain(RegisterMap):
    """Values that are rounded to what registers can hold."""

    level: RW[float] = holding_register(0, float32, max=30)
    measured: RO[float] = holding_register(2, float32)


@pytest.fixture
def bank() -> SparseBank:
    """Return registers that anybody may write."""
    return SparseBank({Table.HOLDING_REGISTERS: [range(200)]})


@pytest.fixture
def client(bank: SparseBank) -> Iterator[Client]:
    """Return a client of a device that has these registers."""
    with Server(Handler(Unit(bank)), port=0) as server, Client(*server.address) as client:
        yield client


@pytest.mark.parametrize("base", [0, 50])
@pytest.mark.parametrize(
    ("start", "said"),
    [
        (Ordered(order=0, value=2.25), {"order": 1}),
        (Placed(where=20, level=Level(value=5)), {"where": 30}),
    ],
)
def test_a_value_that_is_encoded_otherwise_is_written_though_it_is_the_same(
    client: Client, start: RegisterMap, said: dict[str, Any], base: int
) -> None:
    """Its order or its place has changed: what stood in the registers means something else."""
    client.write_single_register(base, 20)
    device: Device[Any] = Device(client, type(start), base=base)
    device.write(start)
    wanted = start.replace(**said)
    done = device.write_changes(device.read(), wanted, verify=Verify(settle=0))
    assert len(done.written) == 2
    assert device.read() == wanted


def test_a_value_by_another_factor_is_written_though_it_is_the_same(client: Client) -> None:
    """What is only read, and a view of the same registers, are the device's own matter."""
    device = Device(client, Scaled)
    device.write(Scaled.factor.to(1), Scaled.power.to(30.0))
    old = device.read()
    done = device.write_changes(old, old.replace(factor=0), verify=Verify(settle=0))
    assert done.written == (Scaled.factor, Scaled.power)
    assert device.read(Scaled.power) == 30.0
    assert device.write_changes(device.read(), device.read()).requests == ()


def test_what_the_registers_hold_already_is_not_written(client: Client, bank: SparseBank) -> None:
    """A number that no register can hold is as good as what it is rounded to."""
    device = Device(client, Plain)
    bank.set_registers(Table.HOLDING_REGISTERS, 2, [0x3DCC, 0xCCCD])
    wanted = Plain(level=0.1, measured=0.1)
    device.write(wanted)
    held = device.read()
    assert held != wanted
    assert device.write_changes(held, wanted).requests == ()
    assert device.write_changes(wanted, held).requests == ()
    device.write(Plain.level.to(30.0))
    with pytest.raises(EncodeError, match=r"30\.0000001 is above the maximum"):
        device.write_changes(device.read(), wanted.replace(level=30.0000001))
