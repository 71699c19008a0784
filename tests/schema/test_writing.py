"""How a device is written: which functions, how many cells, some bits; what came of it."""

import re
from collections.abc import Callable
from contextlib import closing
from types import new_class
from typing import Any

import pytest

from modbus_schema import (
    RO,
    RW,
    WO,
    DefinitionError,
    Device,
    EncodeError,
    Outcome,
    RegisterMap,
    Verify,
    bit,
    bits,
    coil,
    float32,
    group,
    holding_register,
    input_register,
    int16,
    outcome_of,
    uint16,
)
from modbus_wire import (
    ConnectError,
    ConnectionClosedError,
    GatewayTargetFailedToRespond,
    IllegalDataAddress,
    IllegalDataValue,
    IllegalFunction,
    MaskWriteRegister,
    ModbusError,
    ReadHoldingRegisters,
    ResponseTimeout,
    Server,
    SparseBank,
    Table,
    WriteMultipleCoils,
    WriteMultipleRegisters,
    WriteSingleCoil,
    WriteSingleRegister,
)
from modbus_wire.client import ModbusClient
from modbus_wire.pdu.base import AnyRequest
from tests.schema.writers import PickyWire, cells_of, failure

SINGLE = (WriteSingleRegister, WriteSingleCoil)
MULTIPLE = (WriteMultipleRegisters, WriteMultipleCoils)


class Drive(RegisterMap):
    """Fields of one and of two registers side by side, bits, and coils."""

    speed: RW[int] = holding_register(0, uint16, max=3000)
    ramp: RW[int] = holding_register(1, uint16)
    torque: RW[float] = holding_register(2, float32)
    level: RW[int] = holding_register(4, bits(0, 3))
    reverse: RW[bool] = holding_register(4, bit(7))
    enabled: RW[bool] = coil(0)
    quiet: RW[bool] = coil(1)
    hours: RO[int] = input_register(0, uint16)
    reset: WO[int] = holding_register(9, uint16, default=None)


class OneByOne(Drive, write_with="single"):
    """A drive that takes one register at a time."""


class AllAtOnce(Drive, write_with="multiple"):
    """A drive that has neither FC 5 nor FC 6."""


def a_drive(kind: type[Drive] = Drive) -> Any:
    """Return an instance."""
    return kind(
        speed=1, ramp=2, torque=1.5, level=3, reverse=True, enabled=True, quiet=False, hours=0
    )


def test_by_default_one_cell_goes_singly_and_more_together() -> None:
    """FC 5 and 6 for one cell, FC 15 and 16 for several."""
    wire = PickyWire()
    device = Device(wire, Drive)
    device.write(Drive.speed.to(5), Drive.enabled.to(True))
    device.write(Drive.ramp.to(6), Drive.speed.to(5), Drive.enabled.to(True), Drive.quiet.to(True))
    assert wire.requests == [
        WriteSingleRegister(0, 5),
        WriteSingleCoil(0, True),
        WriteMultipleRegisters(0, [5, 6]),
        WriteMultipleCoils(0, [True, True]),
    ]


@pytest.mark.parametrize("by", ["class", "device"])
def test_a_device_that_lacks_the_multiple_functions_is_written_singly(by: str) -> None:
    """What fits in one cell goes by FC 5 or 6, each field by itself, in the order of the call."""
    wire = PickyWire(lacks=[WriteMultipleCoils])
    model = OneByOne if by == "class" else Drive
    device: Any = Device(wire, model, write_with=None if by == "class" else "single")
    changes = model.ramp.to(6), model.speed.to(5), model.quiet.to(True), model.enabled.to(True)
    device.write(*changes, model.torque.to(2.5))
    assert wire.requests == [
        WriteSingleRegister(1, 6),
        WriteSingleRegister(0, 5),
        WriteSingleCoil(1, True),
        WriteSingleCoil(0, True),
        WriteMultipleRegisters(2, [0x4020, 0]),
    ]


@pytest.mark.parametrize("by", ["class", "device"])
def test_a_device_that_lacks_the_single_functions_is_written_by_the_others(by: str) -> None:
    """One cell goes by FC 15 or 16; a register that is written back after its bits too."""
    wire = PickyWire(lacks=[*SINGLE, MaskWriteRegister])
    model = AllAtOnce if by == "class" else Drive
    device: Any = Device(wire, model, write_with=None if by == "class" else "multiple")
    device.write(model.speed.to(5), model.enabled.to(True), model.reverse.to(True))
    assert wire.requests == [
        WriteMultipleRegisters(0, [5]),
        WriteMultipleCoils(0, [True]),
        MaskWriteRegister(4, 0xFF7F, 0x80),
        ReadHoldingRegisters(4, 1),
        WriteMultipleRegisters(4, [0x80]),
    ]


@pytest.mark.parametrize(("lacks", "choice"), [(SINGLE, "multiple"), (MULTIPLE, "single")])
def test_a_whole_instance_is_written_by_the_functions_that_the_device_has(
    lacks: tuple[type[AnyRequest], ...], choice: Any
) -> None:
    """Nothing of an instance goes by a function that it lacks; a wrong choice is exception 01."""

    class Words(RegisterMap):
        a: RW[int] = holding_register(0, uint16)
        b: RW[int] = holding_register(1, uint16)
        c: RW[bool] = coil(0)

    wire = PickyWire(lacks=lacks)
    state = Words(a=1, b=2, c=True)
    Device(wire, Words, write_with=choice).write(state)
    assert wire.bank.get_registers(Table.HOLDING_REGISTERS, 0, 2) == [1, 2]
    assert wire.bank.get_bits(Table.COILS, 0, 1) == [True]
    other: Any = "single" if choice == "multiple" else "multiple"
    with pytest.raises(IllegalFunction):
        Device(wire, Words, write_with=other).write(state)


def test_a_placement_goes_before_its_map_and_the_device() -> None:
    """What a data sheet says of one register holds, whatever holds for the others."""

    class Mixed(RegisterMap, write_with="multiple"):
        a: RW[int] = holding_register(0, uint16)
        b: RW[int] = holding_register(1, uint16, write_with="single")
        c: RW[int] = holding_register(2, uint16, write_with="auto")

    wire = PickyWire()
    state = Mixed(a=1, b=2, c=3)
    Device(wire, Mixed).write(state)
    Device(wire, Mixed, write_with="single").write(state)
    assert wire.requests == [
        WriteMultipleRegisters(0, [1]),
        WriteSingleRegister(1, 2),
        WriteSingleRegister(2, 3),
        WriteSingleRegister(0, 1),
        WriteSingleRegister(1, 2),
        WriteSingleRegister(2, 3),
    ]


def test_a_group_follows_its_own_class_or_else_the_map_that_holds_it() -> None:
    """As it does for the order of words."""

    class Plain(RegisterMap):
        x: RW[int] = holding_register(0, uint16)

    class Firm(Plain, write_with="auto"):
        pass

    class Outer(RegisterMap, write_with="multiple"):
        plain: RW[Plain] = group(Plain, base=0)
        firm: RW[Firm] = group(Firm, base=10)

    wire = PickyWire()
    Device(wire, Outer).write(Outer(plain=Plain(x=1), firm=Firm(x=2)))
    assert wire.requests == [WriteMultipleRegisters(0, [1]), WriteSingleRegister(10, 2)]


def test_the_longest_write_is_kept_to() -> None:
    """A longer one is split between fields, by the class's limit or the device's."""

    class Short(Drive, max_write={Table.HOLDING_REGISTERS: 3}):
        pass

    wire = PickyWire()
    Device(wire, Short).write(Short.speed.to(1), Short.ramp.to(2), Short.torque.to(0.0))
    changes = Drive.speed.to(1), Drive.ramp.to(2), Drive.torque.to(0.0)
    Device(wire, Drive, max_write=2).write(*changes)
    assert (
        wire.requests
        == [
            WriteMultipleRegisters(0, [1, 2]),
            WriteMultipleRegisters(2, [0, 0]),
        ]
        * 2
    )


def test_what_cannot_be_written_by_the_rules_is_said_at_once() -> None:
    """A field longer than the longest write, when the class or the device is made."""
    fault = r"Drive\.torque: holding\[2\.\.3\] is too long for one write, which brings 1 at most"
    with pytest.raises(DefinitionError, match=fault):
        Device(PickyWire(), Drive, max_write=1)
    with pytest.raises(DefinitionError, match=fault.replace("Drive", "Tiny")):

        class Tiny(Drive, max_write=1):
            pass


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        (
            lambda: holding_register(0, float32, write_with="single"),
            r"Map\.x: holding\[0\]: float32 takes 2 cells: it cannot be written one by one",
        ),
        (
            lambda: holding_register(0, uint16, write_with="both"),  # type: ignore[call-overload]
            r'Map\.x: holding\[0\]: write_with must be "auto", "single" or "multiple", not',
        ),
        (
            lambda: input_register(0, uint16, write_with="single"),  # type: ignore[call-overload]
            r"Map\.x: input\[0\]: is in a read-only table, so write_with says nothing",
        ),
    ],
)
def test_a_wrong_choice_of_a_placement_is_refused(place: Callable[[], Any], fault: str) -> None:
    """A value never spans two requests, so one of two registers cannot go singly."""
    with pytest.raises(DefinitionError, match=fault):

        class Map(RegisterMap):
            x: RO[Any] = place()


@pytest.mark.parametrize(
    ("keyword", "value", "fault"),
    [
        ("write_with", "both", 'write_with must be "auto", "single" or "multiple", not \'both\''),
        ("max_write", 0, "max_write must be a number of cells, 1 or more, or one by table, not 0"),
        ("max_write", {"coil": 3}, "max_write must be a number of cells"),
        ("mask_write", 1, "mask_write must be True, False or None, not 1"),
    ],
)
def test_wrong_keywords_are_refused(keyword: str, value: Any, fault: str) -> None:
    """By the class statement, and when a device is made."""
    with pytest.raises(DefinitionError, match=re.escape(f"Map: {fault}")):
        new_class("Map", (RegisterMap,), {keyword: value})
    with pytest.raises(ValueError, match=re.escape(fault)):
        Device(PickyWire(), Drive, **{keyword: value})


def test_a_device_without_mask_write_is_asked_for_it_once() -> None:
    """What was found out is remembered; every write-back stands on a fresh read."""
    wire = PickyWire(lacks=[MaskWriteRegister])
    device = Device(wire, Drive)
    for word in (0x8000, 0x4000):
        wire.bank.set_registers(Table.HOLDING_REGISTERS, 4, [word])
        device.write(Drive.level.to(5))
        assert wire.bank.get_registers(Table.HOLDING_REGISTERS, 4) == [word | 5]
    kinds = [type(request) for request in wire.requests]
    assert kinds == [MaskWriteRegister] + [ReadHoldingRegisters, WriteSingleRegister] * 2


@pytest.mark.parametrize("by", ["class", "device"])
def test_mask_write_may_be_ruled_out_or_insisted_on(by: str) -> None:
    """False: it is never tried; True: where it is lacking, that is an error."""

    class Never(Drive, mask_write=False):
        pass

    class Always(Drive, mask_write=True):
        pass

    wire = PickyWire(lacks=[MaskWriteRegister])
    never = Device(wire, Never) if by == "class" else Device(wire, Drive, mask_write=False)
    never.write(Drive.level.to(5))
    assert wire.requests == [ReadHoldingRegisters(4, 1), WriteSingleRegister(4, 5)]
    always = Device(wire, Always) if by == "class" else Device(wire, Never, mask_write=True)
    with pytest.raises(IllegalFunction):
        always.write(Drive.level.to(6))
    assert wire.bank.get_registers(Table.HOLDING_REGISTERS, 4) == [5]


def test_all_bits_of_a_register_are_one_plain_write() -> None:
    """Several bit fields that fill it need no mask."""

    class Halves(RegisterMap):
        low: RW[int] = holding_register(0, bits(0, 7))
        high: RW[int] = holding_register(0, bits(8, 15))

    wire = PickyWire(lacks=[MaskWriteRegister, ReadHoldingRegisters])
    Device(wire, Halves).write(Halves.low.to(1), Halves.high.to(2))
    assert wire.requests == [WriteSingleRegister(0, 0x201)]


def test_a_write_returns_what_was_written() -> None:
    """The fields in the order of the requests, and the requests."""
    wire = PickyWire()
    done = Device(wire, Drive).write(Drive.quiet.to(True), Drive.ramp.to(1), Drive.speed.to(2))
    assert isinstance(done, Outcome)
    assert done.written == (Drive.quiet, Drive.speed, Drive.ramp)
    assert done.requests == tuple(wire.requests)
    assert done.is_complete
    assert (done.uncertain, done.not_written) == ((), ())
    assert repr(done) == "<Outcome of 2 requests; written: Drive.quiet, Drive.speed, Drive.ramp>"


def test_changes_return_what_was_written_too() -> None:
    """Equal instances: nothing, by no request."""
    device = Device(PickyWire(), Drive)
    done = device.write_changes(a_drive(), a_drive().replace(ramp=7))
    assert (done.written, done.requests) == ((Drive.ramp,), (WriteSingleRegister(1, 7),))
    done = device.write_changes(a_drive(), a_drive())
    assert (done.written, done.requests, done.is_complete) == ((), (), True)


@pytest.mark.parametrize(
    ("error", "is_uncertain"),
    [
        (failure(ResponseTimeout("no answer"), applied=True), True),
        (failure(ConnectionClosedError("gone"), applied=True), True),
        (failure(GatewayTargetFailedToRespond(), applied=True), True),
        (failure(IllegalDataValue(), applied=False), False),
        (failure(ConnectionClosedError("closed by this side"), applied=False), False),
        (ConnectError("nobody there"), False),
        (IllegalDataValue(), False),
        (GatewayTargetFailedToRespond(), True),
        (ResponseTimeout("a client of the user's own says no more"), True),
        (KeyboardInterrupt(), True),
    ],
)
def test_an_error_says_what_was_written_and_what_may_have_been(
    error: BaseException, is_uncertain: bool
) -> None:
    """Before the failed request all was, after it nothing; the failed one depends."""
    wire = PickyWire(failures={1: error})
    with pytest.raises(type(error)) as caught:
        Device(wire, Drive).write(Drive.speed.to(1), Drive.enabled.to(True), Drive.level.to(2))
    outcome = outcome_of(caught.value)
    assert outcome is not None
    assert outcome.written == (Drive.speed,)
    assert outcome.uncertain == ((Drive.enabled,) if is_uncertain else ())
    assert outcome.not_written == ((Drive.level,) if is_uncertain else (Drive.enabled, Drive.level))
    assert outcome.requests == tuple(wire.requests)
    assert not outcome.is_complete
    if isinstance(error, ModbusError):
        assert error.may_have_been_applied
        assert "Drive.enabled: coil[0]" in str(error)
        assert "; written: Drive.speed; " in str(error)


def test_of_a_single_request_that_was_refused_nothing_was_applied() -> None:
    """The message names the request, and does not say that it may have been applied."""
    wire = PickyWire(failures={0: failure(IllegalDataValue(), applied=False)})
    with pytest.raises(IllegalDataValue) as caught:
        Device(wire, Drive).write(Drive.speed.to(1), Drive.ramp.to(2))
    assert not caught.value.may_have_been_applied
    assert "written" not in str(caught.value)
    outcome = outcome_of(caught.value)
    assert outcome is not None
    assert (outcome.written, outcome.uncertain) == ((), ())
    assert outcome.not_written == (Drive.speed, Drive.ramp)


def test_a_read_that_had_to_come_first_has_written_nothing() -> None:
    """Where the register cannot be read, its bits certainly were not written."""
    wire = PickyWire(lacks=[ReadHoldingRegisters])
    with pytest.raises(IllegalFunction) as caught:
        Device(wire, Drive, mask_write=False).write(Drive.speed.to(1), Drive.level.to(1))
    outcome = outcome_of(caught.value)
    assert outcome is not None
    assert (outcome.written, outcome.not_written) == ((Drive.speed,), (Drive.level,))


def test_what_cannot_be_encoded_was_not_written() -> None:
    """Nothing was sent, and the error itself is said without that."""
    wire = PickyWire()
    with pytest.raises(EncodeError) as caught:
        Device(wire, Drive).write(Drive.ramp.to(1), Drive.speed.to(3001))
    assert str(outcome_of(caught.value)) == "not written: Drive.ramp, Drive.speed"
    assert str(caught.value) == "Drive.speed: holding[0]: 3001 is above the maximum of 3000"
    assert wire.requests == []


def test_a_message_names_a_few_fields() -> None:
    """Of many the first ones, and how many more there are."""
    body: dict[str, Any] = {f"x{n}": holding_register(2 * n, uint16) for n in range(9)}
    body["__annotations__"] = dict.fromkeys(body, RW[int])
    model: Any = new_class("Wide", (RegisterMap,), {}, lambda namespace: namespace.update(body))
    with pytest.raises(ResponseTimeout) as caught:
        Device(PickyWire(failures={0: ResponseTimeout("none")}), model).write(
            model(**dict.fromkeys(model.__fields__, 1))
        )
    text = str(caught.value)
    assert "; may have been written: Wide.x0; not written: Wide.x1, " in text
    assert text.endswith("Wide.x5, and 3 more")


def test_a_preview_is_what_is_sent() -> None:
    """Requests in order, with the fields of each; nothing is sent."""
    wire = PickyWire()
    device = Device(wire, Drive)
    changes = Drive.quiet.to(True), Drive.ramp.to(1), Drive.speed.to(2), Drive.level.to(3)
    planned = device.plan_write(*changes)
    assert wire.requests == []
    assert str(planned) == (
        "WriteSingleCoil(address=1, value=True) [05 00 01 ff 00] for Drive.quiet\n"
        f"{WriteMultipleRegisters(0, [2, 1])!r} [10 00 00 00 02 04 00 02 00 01] "
        "for Drive.speed, Drive.ramp\n"
        "MaskWriteRegister(address=4, and_mask=65520, or_mask=3) [16 00 04 ff f0 00 03] "
        "for Drive.level"
    )
    assert [each.fields for each in planned] == [
        (Drive.quiet,),
        (Drive.speed, Drive.ramp),
        (Drive.level,),
    ]
    device.write(*changes)
    assert planned.requests == tuple(wire.requests)
    assert planned == Device(wire, Drive).plan_write(*changes)
    assert planned[0].pdu == bytes.fromhex("050001ff00")


def test_a_preview_of_a_write_back_says_what_it_depends_on() -> None:
    """The value that will be written is not known before the register has been read."""
    wire = PickyWire()
    planned = Device(wire, Drive, mask_write=False).plan_write(Drive.level.to(3))
    assert planned.requests == (ReadHoldingRegisters(4, 1),)
    assert planned[1].pdu is None
    assert str(planned[1]) == (
        "WriteSingleRegister(address=4, what was read & 0xFFF0 | 0x0003) for Drive.level"
    )
    assert len(planned) == 2


def test_instances_and_changes_have_previews() -> None:
    """As what would be written of them."""
    device = Device(PickyWire(), OneByOne)
    state = a_drive(OneByOne)
    assert len(device.plan_write(state)) == 6
    assert device.plan_write_changes(state, state.replace(ramp=9)).requests == (
        WriteSingleRegister(1, 9),
    )
    assert len(device.plan_write_changes(state, state)) == 0


def test_what_follows_is_sent_last_each_by_itself() -> None:
    """One setting or several, not merged with what they follow, nor with each other."""
    wire = PickyWire()
    device = Device(wire, Drive)
    then = Drive.ramp.to(1), Drive.speed.to(2)
    done = device.write(Drive.enabled.to(True), then=then)
    device.write(Drive.speed.to(3), then=Drive.ramp.to(4))
    device.write_changes(a_drive(), a_drive().replace(quiet=True), then=then)
    device.write_changes(a_drive(), a_drive(), then=then)
    assert wire.requests == [
        WriteSingleCoil(0, True),
        WriteSingleRegister(1, 1),
        WriteSingleRegister(0, 2),
        WriteSingleRegister(0, 3),
        WriteSingleRegister(1, 4),
        WriteSingleCoil(1, True),
        WriteSingleRegister(1, 1),
        WriteSingleRegister(0, 2),
    ]
    assert done.written == (Drive.enabled, Drive.ramp, Drive.speed)


def test_what_follows_is_not_sent_after_a_failure() -> None:
    """A commit belongs to values that have all arrived."""
    wire = PickyWire(failures={1: failure(IllegalDataValue(), applied=False)})
    with pytest.raises(IllegalDataValue) as caught:
        Device(wire, Drive).write(Drive.speed.to(1), Drive.quiet.to(True), then=Drive.reset.to(1))
    outcome = outcome_of(caught.value)
    assert outcome is not None
    assert outcome.not_written == (Drive.quiet, Drive.reset)
    assert len(wire.requests) == 2


def test_what_follows_a_whole_instance_is_not_written_with_it() -> None:
    """The field gets the value of the command only."""
    wire = PickyWire()
    Device(wire, OneByOne).write(a_drive(OneByOne), then=OneByOne.speed.to(9))
    assert [each for each in wire.requests if cells_of(each) == range(1)] == [
        WriteSingleCoil(0, True),
        WriteSingleRegister(0, 9),
    ]
    assert wire.requests[-1] == WriteSingleRegister(0, 9)


def test_a_preview_of_a_scaled_value_shows_the_read_of_its_scale() -> None:
    """Its bytes are not known before; those of other requests are."""

    class Scaled(RegisterMap):
        scale: RO[int] = holding_register(0, int16)
        power: RW[float] = holding_register(1, int16.scaled_by(scale))
        other: RW[int] = holding_register(2, uint16)
        far: RW[int] = holding_register(9, uint16)

    wire = PickyWire()
    device = Device(wire, Scaled)
    changes = Scaled.far.to(1), Scaled.power.to(7), Scaled.other.to(3)
    planned = device.plan_write(*changes, then=Scaled.power.to(8))
    assert wire.requests == []
    assert [str(each) for each in planned] == [
        "ReadHoldingRegisters(address=0, quantity=1) [03 00 00 00 01] for Scaled.scale",
        "WriteSingleRegister(address=9, value=1) [06 00 09 00 01] for Scaled.far",
        (
            "WriteMultipleRegisters(address=1, quantity=2, by what was read) "
            "for Scaled.power, Scaled.other"
        ),
        "WriteSingleRegister(address=1, quantity=1, by what was read) for Scaled.power",
    ]
    device.write(*changes, then=Scaled.power.to(8))
    sent = [request.encode() for request in wire.requests]
    assert [each.pdu in (None, pdu) for each, pdu in zip(planned, sent, strict=True)] == [True] * 4


@pytest.mark.parametrize("wrong", [None, 1, Drive.ramp, [Drive.ramp], "ramp"])
def test_what_follows_is_a_setting_or_several(wrong: Any) -> None:
    """Anything else is said before anything is sent."""
    wire = PickyWire()
    device = Device(wire, Drive)
    for call in (device.write, device.plan_write):
        with pytest.raises(TypeError, match="then is a setting such as"):
            call(Drive.speed.to(1), then=wrong)
    with pytest.raises(EncodeError, match=r"Drive\.hours: input\[0\]: is read-only"):
        device.write(Drive.speed.to(1), then=Drive.hours.to(1))  # type: ignore[call-overload]
    assert wire.requests == []


def test_a_drop_in_client_writes_alike() -> None:
    """The client of pyModbusTCP's users carries out all of it, and its failures have an outcome."""
    bank = SparseBank({Table.HOLDING_REGISTERS: [range(8)]})  # neither coils nor register 9
    with (
        Server(bank, port=0) as server,
        closing(ModbusClient(*server.address, auto_open=True)) as client,
    ):
        device = Device(client, Drive)
        done = device.write(Drive.speed.to(5), Drive.level.to(3), verify=Verify(settle=0))
        assert done.verified == done.written == (Drive.speed, Drive.level)
        assert device.write_and_read(Drive.ramp.to(6), read=(Drive.speed, Drive.ramp)) == (5, 6)
        with pytest.raises(IllegalDataAddress) as caught:
            device.write(Drive.torque.to(0.5), Drive.reset.to(1), Drive.enabled.to(True))
    outcome = outcome_of(caught.value)
    assert outcome is not None
    assert outcome.written == (Drive.torque,)
    assert outcome.not_written == (Drive.reset, Drive.enabled)


def test_what_is_no_write_says_why() -> None:
    """The errors name what was given, and what is due."""
    device: Any = Device(PickyWire(), Drive)
    with pytest.raises(TypeError, match="a Drive is written by itself, not together with settings"):
        device.write(a_drive(), Drive.speed.to(1))
    with pytest.raises(EncodeError, match=r"Drive\.speed: holding\[0\]: is written twice"):
        device.write(Drive.speed.to(1), Drive.speed.to(2))
    with pytest.raises(TypeError, match="3 is no Drive"):
        device.write_changes(a_drive(), 3)
