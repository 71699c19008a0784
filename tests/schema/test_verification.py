"""Writes that are read back: after a while, as often as it takes, and only what can be read."""

from typing import Any

import pytest

from modbus_schema import (
    RW,
    WO,
    DecodeError,
    Device,
    Difference,
    NotVerified,
    RegisterMap,
    Verify,
    bits,
    coil,
    enum,
    float32,
    holding_register,
    int16,
    outcome_of,
    simulate,
    string,
    uint16,
)
from modbus_wire import (
    Client,
    IllegalFunction,
    ModbusError,
    Pause,
    RawRead,
    ReadCoils,
    ReadHoldingRegisters,
    SharedBank,
    Table,
    WriteSingleRegister,
)
from modbus_wire.flows import Wait
from tests.schema.maps import House, Mode, a_house
from tests.schema.writers import PickyWire


class Heater(RegisterMap):
    """Fields of several codecs; one is only written, one is a command."""

    apply: RW[int] = holding_register(9, uint16)
    target: RW[float] = holding_register(0, int16.scaled("0.1"), then=apply.to(1))
    curve: RW[float] = holding_register(1, float32)
    level: RW[int] = holding_register(3, bits(4, 7))
    mode: RW[Mode] = holding_register(4, enum(Mode))
    name: RW[str] = holding_register(5, string(2))
    reset: WO[int] = holding_register(8, uint16, default=None)
    on: RW[bool] = coil(0)


class Slow(SharedBank):
    """Takes a write at once, and shows it after some reads; or never, or cut to 100."""

    def __init__(self, reads: int, most: int = 0xFFFF) -> None:
        super().__init__()
        self.reads = reads
        self.most = most
        self.hidden: list[tuple[int, list[int]]] = []

    def write_registers(self, address: int, data: bytes) -> None:
        """Hide what is written."""
        words = [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]
        self.hidden.append((address, [min(word, self.most) for word in words]))

    def read_registers(self, table: Table, address: int, quantity: int) -> bytes | bytearray:
        """Show it when enough reads have come."""
        self.reads -= 1
        if self.reads < 0:
            for at, words in self.hidden:
                self.set_registers(Table.HOLDING_REGISTERS, at, words)
        return super().read_registers(table, address, quantity)


class Patient(Device[Heater]):
    """Notes how long it would have waited."""

    def __init__(self, client: Any, **rules: Any) -> None:
        super().__init__(client, Heater, **rules)
        self.waited: list[float] = []

    def _wait(self, step: Wait) -> None:
        if isinstance(step, Pause):
            self.waited.append(step.seconds)
        else:
            super()._wait(step)


def test_what_was_written_is_read_back_after_a_while() -> None:
    """Half a second, unless something else is said; the result names what was found."""
    wire = PickyWire()
    heater = Patient(wire)
    done = heater.write(Heater.curve.to(3.3), Heater.on.to(True), verify=True)
    assert heater.waited == [0.5]
    assert done.verified == (Heater.curve, Heater.on)
    assert [type(request) for request in wire.requests[2:]] == [RawRead, RawRead]
    assert len(wire.requests) == 4
    assert len(done.requests) == 2


def test_it_is_asked_for() -> None:
    """Without it nothing is read."""
    wire = PickyWire()
    heater = Patient(wire)
    assert heater.write(Heater.curve.to(3.3)).verified == ()
    assert (len(wire.requests), heater.waited) == (1, [])


def test_every_codec_is_compared_by_what_is_read() -> None:
    """Neither a float that is rounded to 32 bits nor a padded text is a difference."""
    wire = PickyWire()
    wire.bank.set_registers(Table.HOLDING_REGISTERS, 3, [0xFFFF])
    state = Heater(
        apply=0, target=21.3, curve=0.1, level=5, mode=Mode.COOL, name="ab", reset=None, on=True
    )
    done = Patient(wire).write(state, verify=True)
    assert set(done.written) - set(done.verified) == {Heater.apply}
    state = state.replace(curve=float("nan"), reset=4)
    done = Patient(wire).write(state, verify=True)
    assert set(done.written) - set(done.verified) == {Heater.apply, Heater.reset}


def test_what_cannot_be_read_is_left_out() -> None:
    """A field that is only written, and a command; where nothing is left, nothing is read."""
    wire = PickyWire()
    heater = Patient(wire)
    done = heater.write(Heater.reset.to(1), verify=True)
    assert (done.written, done.verified, heater.waited) == ((Heater.reset,), (), [])
    heater.write(Heater.target.to(1), verify=True)
    reads = [request for request in wire.requests if isinstance(request, RawRead)]
    assert reads == [RawRead(ReadHoldingRegisters(0, 1))]


def test_a_field_that_a_command_changes_is_left_out() -> None:
    """A lock that was opened is closed again by the end."""
    wire = PickyWire()
    done = Patient(wire).write(Heater.apply.to(0xABCD), Heater.target.to(2), verify=True)
    assert done.written == (Heater.apply, Heater.target, Heater.apply)
    assert done.verified == (Heater.target,)


def test_nothing_written_is_nothing_to_verify() -> None:
    """Equal instances send nothing, reads included."""
    wire = PickyWire()
    state = Heater(apply=0, target=1, curve=0, level=5, mode=Mode.OFF, name="", on=True)
    Patient(wire).write_changes(state, state, verify=True)
    assert wire.requests == []


def test_a_device_that_holds_something_else_is_an_error() -> None:
    """Field by field, with what was written and what was found; all was acknowledged."""
    wire = PickyWire(Slow(0, most=100))
    with pytest.raises(NotVerified) as caught:
        Patient(wire).write(Heater.target.to(20), Heater.mode.to(Mode.HEAT), verify=True)
    error = caught.value
    assert error.differences == (Difference(Heater.target, 20.0, 10.0),)
    assert str(error) == (
        "Heater.target: holding[0]: 20.0 was written, and 10.0 was read; "
        "written: Heater.target, Heater.mode, Heater.apply"
    )
    assert error.may_have_been_applied
    outcome = outcome_of(error)
    assert outcome is not None
    assert outcome.is_complete
    assert outcome.verified == (Heater.mode,)


def test_registers_that_mean_nothing_differ() -> None:
    """The error that reading the field would raise is what was found."""

    class Forgets(SharedBank):
        def write_registers(self, address: int, data: bytes) -> None:
            self.set_registers(Table.HOLDING_REGISTERS, address, [99] * (len(data) // 2))

    with pytest.raises(NotVerified, match=r"Mode.HEAT: 1> was written, and 99 is no Mode") as no:
        Patient(PickyWire(Forgets())).write(Heater.mode.to(Mode.HEAT), verify=True)
    (difference,) = no.value.differences
    assert isinstance(difference.found, DecodeError)


@pytest.mark.parametrize(
    ("reads", "verify", "waited"),
    [
        (0, Verify(settle=0.1, within=0.3), [0.1]),
        (2, Verify(settle=0.1, within=0.3), [0.1] * 3),
        (1, Verify(settle=0.2, within=0.5), [0.2] * 2),
        (0, Verify(settle=0), [0]),
    ],
)
def test_it_is_tried_again_until_a_deadline(
    reads: int, verify: Verify, waited: list[float]
) -> None:
    """As long as the device tells old values."""
    heater = Patient(PickyWire(Slow(reads)))
    heater.write_changes(*two_states(), verify=verify)
    assert heater.waited == waited


@pytest.mark.parametrize(("verify", "tries"), [(Verify(0.1, 0.3), 3), (Verify(0.2, 0.1), 1)])
def test_in_the_end_it_is_given_up(verify: Verify, tries: int) -> None:
    """The device has never shown what was written."""
    heater = Patient(PickyWire(Slow(100)))
    with pytest.raises(NotVerified):
        heater.write_changes(*two_states(), verify=verify)
    assert len(heater.waited) == tries


def two_states() -> tuple[Heater, Heater]:
    """Return two instances that differ."""
    state = Heater(apply=0, target=1, curve=0, level=5, mode=Mode.OFF, name="", on=True)
    return state, state.replace(mode=Mode.HEAT)


def test_a_read_back_that_fails_says_that_all_was_written() -> None:
    """It is the error of the read, with the outcome of the write."""
    wire = PickyWire(lacks=[ReadCoils])
    with pytest.raises(
        IllegalFunction, match=r"^Heater\.on: coil\[0\]: exc.*; written: Heater\.on"
    ) as no:
        Patient(wire).write(Heater.on.to(True), verify=True)
    outcome = outcome_of(no.value)
    assert outcome is not None
    assert outcome.is_complete
    assert no.value.may_have_been_applied


def test_a_real_device_is_read_back() -> None:
    """Over a socket, with a true wait."""
    with simulate(a_house(), port=0) as sim, Client(sim.host, sim.port) as client:
        house = Device(client, House)
        wanted = a_house().replace(mode=Mode.COOL, limit=7)
        done = house.write(wanted, verify=Verify(settle=0.01))
        assert House.reset in done.written
        assert set(done.written) - set(done.verified) == {House.reset}
        sim.on_write(House.limit)(lambda old, new: sim.set(House.limit.to(old)))
        with pytest.raises(NotVerified, match=r"House\.limit: holding\[6\]: 8 was written, and 7"):
            house.write(House.limit.to(8), verify=Verify(settle=0.01, within=0.03))


@pytest.mark.parametrize("wrong", [None, 0.5, "yes", 1])
def test_how_to_verify_is_checked_before_anything_is_sent(wrong: Any) -> None:
    """A wrong argument is no write."""
    wire = PickyWire()
    with pytest.raises(TypeError, match="verify is True, False or a Verify, not"):
        Patient(wire).write(Heater.mode.to(Mode.HEAT), verify=wrong)
    assert wire.requests == []


@pytest.mark.parametrize(
    ("settle", "within", "kind"),
    [(-1, 0, ValueError), (0, 1, ValueError), ("x", 0, TypeError), (1, float("inf"), ValueError)],
)
def test_times_are_seconds(settle: Any, within: Any, kind: type[Exception]) -> None:
    """Neither negative nor endless; without a time between tries there is one."""
    with pytest.raises(kind):
        Verify(settle=settle, within=within)


def test_an_error_of_a_write_is_not_one_of_its_verification() -> None:
    """A write that failed is not read back."""
    wire = PickyWire(lacks=[WriteSingleRegister])
    heater = Patient(wire)
    with pytest.raises(ModbusError):
        heater.write(Heater.mode.to(Mode.HEAT), verify=True)
    assert heater.waited == []


class Scaled(RegisterMap):
    """A value whose scale the device says."""

    scale: RW[int] = holding_register(0, int16)
    power: RW[float] = holding_register(1, int16.scaled_by(scale))


class Rescaling(SharedBank):
    """Changes its scale to 1 when it is written."""

    def write_registers(self, address: int, data: bytes) -> None:
        super().write_registers(address, data)
        self.set_registers(Table.HOLDING_REGISTERS, 0, [0])


def test_a_scaled_value_is_compared_as_it_was_when_it_was_written() -> None:
    """By the scale that was read or written then: another one since makes it another value."""
    wire = PickyWire()
    wire.bank.set_registers(Table.HOLDING_REGISTERS, 0, [0xFFFF])
    device = Device(wire, Scaled)
    done = device.write(Scaled.power.to(7.5), verify=Verify(settle=0))
    assert done.verified == (Scaled.power,)
    done = device.write(Scaled.power.to(7.25), Scaled.scale.to(-2), verify=Verify(settle=0))
    assert done.verified == (Scaled.scale, Scaled.power)
    wire = PickyWire(Rescaling())
    wire.bank.set_registers(Table.HOLDING_REGISTERS, 0, [0xFFFF])
    with pytest.raises(
        NotVerified, match=r"Scaled\.power: holding\[1\]: 7\.5 was written, and 75\.0"
    ):
        Device(wire, Scaled).write(Scaled.power.to(7.5), verify=Verify(settle=0))
