"""Writing and reading by one request (FC 23)."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from modbus_schema import (
    RO,
    RW,
    AsyncDevice,
    DecodeError,
    Device,
    EncodeError,
    RegisterMap,
    array,
    bits,
    coil,
    enum,
    float32,
    holding_register,
    input_register,
    outcome_of,
    simulate,
    uint16,
)
from modbus_wire import (
    AsyncClient,
    Client,
    IllegalFunction,
    ReadWriteMultipleRegisters,
    RequestError,
    ResponseTimeout,
    Table,
)
from tests.schema.maps import Mode
from tests.schema.writers import PickyWire, failure


class Axis(RegisterMap, max_gap=2):
    """Setpoints, states, and what cannot be moved by one request."""

    apply: RW[int] = holding_register(70, uint16)
    speed: RW[int] = holding_register(0, uint16, max=3000)
    torque: RW[float] = holding_register(1, float32)
    tuned: RW[int] = holding_register(3, uint16, then=apply.to(1))
    once: RW[int] = holding_register(4, uint16, write_with="single")
    half: RW[int] = holding_register(5, bits(0, 7))
    state: RO[Mode] = holding_register(20, enum(Mode))
    position: RO[float] = holding_register(22, float32)
    hours: RO[int] = input_register(0, uint16)
    on: RW[bool] = coil(0)
    long: RW[tuple[int, ...]] = holding_register(100, array(uint16, 122))
    far: RO[int] = holding_register(90, uint16)


def test_it_is_one_request_and_its_values_are_typed() -> None:
    """What is written is in effect when the rest is read."""
    wire = PickyWire()
    wire.bank.set_registers(Table.HOLDING_REGISTERS, 20, [1, 0, 0x3FC0, 0])
    axis = Device(wire, Axis)
    assert axis.write_and_read(Axis.speed.to(5), read=Axis.speed) == 5
    state, position = axis.write_and_read(
        Axis.torque.to(2.5), Axis.speed.to(7), read=(Axis.state, Axis.position)
    )
    assert (state, position) == (Mode.HEAT, 1.5)
    assert axis.write_and_read(Axis.torque.to(3.5), read=(Axis.torque,)) == (3.5,)
    assert wire.requests == [
        ReadWriteMultipleRegisters(0, 1, 0, [5]),
        ReadWriteMultipleRegisters(20, 4, 0, [7, 0x4020, 0]),
        ReadWriteMultipleRegisters(1, 2, 1, [0x4060, 0]),
    ]


def test_a_command_may_be_part_of_it() -> None:
    """Where it is asked for too, and adjacent; a further request there cannot be."""

    class Tight(RegisterMap):
        apply: RW[int] = holding_register(1, uint16)
        x: RW[int] = holding_register(0, uint16, then=apply.to(1))

    wire = PickyWire()
    tight = Device(wire, Tight, write_with="single")
    assert tight.write_and_read(Tight.x.to(3), Tight.apply.to(1), read=Tight.x) == 3
    with pytest.raises(
        EncodeError, match=r"Tight\.apply: holding\[1\]: has to follow, set to 1, which takes a fu"
    ):
        tight.write_and_read(Tight.x.to(3), read=Tight.x)
    assert wire.requests == [ReadWriteMultipleRegisters(0, 1, 0, [3, 1])]


@pytest.mark.parametrize(
    ("call", "kind", "fault"),
    [
        (
            lambda axis: axis.write_and_read(Axis.speed.to(3001), read=Axis.state),
            EncodeError,
            r"Axis\.speed: holding\[0\]: 3001 is above",
        ),
        (
            lambda axis: axis.write_and_read(Axis.state.to(Mode.OFF), read=Axis.state),
            EncodeError,
            r"Axis\.state: holding\[20\]: is read-only",
        ),
        (
            lambda axis: axis.write_and_read(Axis.speed.to(1), Axis.apply.to(1), read=Axis.state),
            RequestError,
            r"adjacent registers; to be written: Axis\.speed: holding\[0\], Axis\.apply: hold",
        ),
        (
            lambda axis: axis.write_and_read(read=Axis.state),
            RequestError,
            r"to be written: nothing",
        ),
        (
            lambda axis: axis.write_and_read(Axis.on.to(True), read=Axis.state),
            RequestError,
            r"Axis\.on: coil\[0\]: cannot be written by FC 23, which moves holding registers",
        ),
        (
            lambda axis: axis.write_and_read(Axis.half.to(1), read=Axis.state),
            RequestError,
            r"Axis\.half: holding\[5\]: has some bits of a register, and FC 23 writes all",
        ),
        (
            lambda axis: axis.write_and_read(Axis.once.to(1), read=Axis.state),
            RequestError,
            r"Axis\.once: holding\[4\]: is written singly, so not by FC 23",
        ),
        (
            lambda axis: axis.write_and_read(Axis.long.to((1,) * 122), read=Axis.state),
            RequestError,
            r"Axis\.long: holding\[100\.\.221\]: is too long to be written by FC 23, which moves",
        ),
        (
            lambda axis: axis.write_and_read(Axis.speed.to(1), read=Axis.hours),
            RequestError,
            r"Axis\.hours: input\[0\]: cannot be read by FC 23, which moves holding registers",
        ),
        (
            lambda axis: axis.write_and_read(Axis.speed.to(1), read=(Axis.state, Axis.far)),
            RequestError,
            r"adjacent registers; to be read: Axis\.state: holding\[20\], Axis\.far: holding\[90\]",
        ),
        (
            lambda axis: axis.write_and_read(Axis.speed.to(1), Axis.speed.to(2), read=Axis.state),
            (EncodeError, RequestError),
            r"Axis\.speed",
        ),
    ],
)
def test_what_is_not_one_request_is_refused(
    call: Callable[[Any], object], kind: type[Exception], fault: str
) -> None:
    """Before anything is sent, with the field and the reason."""
    wire = PickyWire()
    with pytest.raises(kind, match=fault):
        call(Device(wire, Axis))
    assert wire.requests == []


@pytest.mark.parametrize("applied", [True, False])
def test_a_failure_says_what_may_have_been_written(applied: bool) -> None:
    """It names what was written and what was to be read."""
    wire = PickyWire(failures={0: failure(ResponseTimeout("no answer"), applied=applied)})
    place = r"^Axis\.speed: holding\[0\] with Axis\.state: holding\[20\]: no answer"
    with pytest.raises(ResponseTimeout, match=place) as caught:
        Device(wire, Axis).write_and_read(Axis.speed.to(1), read=Axis.state)
    outcome = outcome_of(caught.value)
    assert outcome is not None
    assert outcome.uncertain == ((Axis.speed,) if applied else ())
    assert outcome.not_written == (() if applied else (Axis.speed,))


def test_registers_that_mean_nothing_were_read_after_the_write() -> None:
    """The error says so, and by which request."""
    wire = PickyWire()
    wire.bank.set_registers(Table.HOLDING_REGISTERS, 20, [9])
    with pytest.raises(DecodeError, match=r"Axis\.state: holding\[20\]: 9 .*; written: Ax") as no:
        Device(wire, Axis).write_and_read(Axis.speed.to(1), read=Axis.state)
    assert no.value.request == ReadWriteMultipleRegisters(20, 1, 0, [1])
    assert no.value.may_have_been_applied


def test_a_device_without_fc_23_says_so() -> None:
    """It is not done by two requests instead."""
    wire = PickyWire(lacks=[ReadWriteMultipleRegisters])
    with pytest.raises(IllegalFunction):
        Device(wire, Axis).write_and_read(Axis.speed.to(1), read=Axis.state)
    assert len(wire.requests) == 1


def test_a_simulated_device_answers_it_in_both_styles() -> None:
    """Over a socket."""

    class Small(RegisterMap):
        x: RW[int] = holding_register(0, uint16)
        y: RO[int] = holding_register(1, uint16)

    async def later(host: str, port: int) -> None:
        async with AsyncClient(host, port) as client:
            device = AsyncDevice(client, Small)
            assert await device.write_and_read(Small.x.to(8), read=(Small.x, Small.y)) == (8, 2)

    with simulate(Small(x=1, y=2), port=0) as sim:
        with Client(sim.host, sim.port) as client:
            device = Device(client, Small)
            assert device.write_and_read(Small.x.to(7), read=(Small.y, Small.x)) == (2, 7)
        asyncio.run(later(sim.host, sim.port))
        assert sim.snapshot() == Small(x=8, y=2)
