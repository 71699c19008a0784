"""Scale factors that live in another register: read, written, simulated and refused."""

import asyncio
import math
from fractions import Fraction
from types import new_class
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from modbus_schema import (
    RO,
    RW,
    AsyncDevice,
    DecodeError,
    DefinitionError,
    Device,
    EncodeError,
    RegisterMap,
    Verify,
    array,
    bits,
    composite,
    given,
    group,
    holding_register,
    input_register,
    int16,
    int32,
    outer,
    repeat,
    simulate,
    string,
    uint8,
    uint16,
)
from modbus_schema.codecs.scaled_by import LARGEST
from modbus_schema.compile import compile_decoder, compile_encoder
from modbus_schema.compile.plain import decode_plain, encode_plain
from modbus_schema.layout.tree import layout_of
from modbus_schema.values.mapping import from_dict, from_json, to_dict, to_json
from modbus_wire import AsyncClient, Client
from modbus_wire.bank import SparseBank
from modbus_wire.codes import Table
from modbus_wire.handler import Handler
from modbus_wire.sync.server import Server
from tests.schema.compile_checks import generated, outcome
from tests.schema.counting import Counting
from tests.schema.generated_maps import whole_tables


class Inverter(RegisterMap, max_gap=4):
    """A block of SunSpec: the scale factors stand behind the values, some values are missing."""

    a_sf: RO[int | None] = holding_register(6, int16.optional(0x8000))
    amps: RO[float | None] = holding_register(2, uint16.scaled_by(a_sf).optional(0xFFFF), unit="A")
    phases: RO[tuple[float, ...]] = holding_register(3, array(uint16.scaled_by(a_sf), 3))
    watts_sf: RW[int] = holding_register(7, int16)
    watts: RW[float] = holding_register(8, int32.scaled_by(watts_sf), min=-1e6, max=1e6)


STATE = Inverter(a_sf=-1, amps=12.3, phases=(4.1, 4.2, 4.0), watts_sf=2, watts=-1500.0)


class Module(RegisterMap):
    """A part of a repeated group whose scale factor is in the map around it."""

    volts: RW[float] = holding_register(0, uint16.scaled_by(outer("volts_sf")))


class String(RegisterMap):
    """A group of groups: the factor is two maps further out."""

    modules: RO[tuple[Module, ...]] = repeat(Module, base=0, stride=1, count=2)


class Array(RegisterMap):
    """The map that has the factor."""

    strings: RO[tuple[String, ...]] = repeat(String, base=10, stride=2, count=2)
    volts_sf: RO[int] = input_register(0, int16)


class Drive(RegisterMap):
    """Decimals by number, in the high byte of another register."""

    current_step: RO[int] = holding_register(0x211F, uint8.high)
    current: RW[float] = holding_register(
        0x2104, uint16.scaled_by(current_step, steps={0: "1", 1: "0.1", 2: "0.01"})
    )


def registers_of(model: type[RegisterMap], values: dict[int, int]) -> list[bytes]:
    """Return the data of a map's one table, with words at addresses."""
    (block,) = whole_tables(layout_of(model))
    words = [values.get(address, 0) & 0xFFFF for address in block.cells]
    return [b"".join(word.to_bytes(2, "big") for word in words)]


def decoded(model: type[RegisterMap], values: dict[int, int]) -> Any:
    """Return what both ways decode from words at addresses; they have to agree."""
    layout = layout_of(model)
    blocks = whole_tables(layout)
    data = registers_of(model, values)
    plain = outcome(decode_plain, layout.root, blocks, data)
    assert repr(outcome(compile_decoder(layout.root, blocks), data)) == repr(plain)
    return plain


@for_all(st.integers(-(2**15), 2**15 - 1), st.integers(-LARGEST, LARGEST))
def test_a_value_is_the_exact_product_rounded_once(raw: int, factor: int) -> None:
    """Raw * 10 ** factor as a fraction, and the float nearest to it."""
    state = decoded(Inverter, {2: 0xFFFF, 7: factor, 8: raw >> 16, 9: raw})
    assert state.watts == float(raw * Fraction(10) ** factor)
    assert state.amps is None


def test_generated_code_does_it_alone() -> None:
    """The factor comes later in the block than its users; the plain way is not needed."""
    layout = layout_of(Inverter)
    blocks = whole_tables(layout)
    data = encode_plain(layout.root, blocks, STATE)
    assert generated(compile_encoder(layout.root, blocks))(STATE) == data
    assert generated(compile_decoder(layout.root, blocks))(data) == STATE


def test_generated_code_knows_a_missing_factor() -> None:
    """It gives NaN itself, for a whole block would be decoded the slow way otherwise."""
    layout = layout_of(Inverter)
    blocks = whole_tables(layout)
    (data,) = encode_plain(layout.root, blocks, STATE)
    (factor,) = layout.slots_of(("a_sf",))
    start = 2 * (factor.address - blocks[0].address)
    missing = data[:start] + b"\x80\0" + data[start + 2 :]
    state = generated(compile_decoder(layout.root, blocks))([missing])
    assert state.a_sf is None
    assert math.isnan(state.amps)


def test_a_value_without_a_factor_is_nan() -> None:
    """Nobody knows its unit, but the rest of the map comes; it cannot be written."""
    state = decoded(Inverter, {2: 12, 3: 0xFFFF, 6: 0x8000})
    assert (state.a_sf, state.watts_sf) == (None, 0)
    assert math.isnan(state.amps)
    assert all(map(math.isnan, state.phases))
    assert decoded(Inverter, {2: 0xFFFF, 6: 0x8000}).amps is None
    with pytest.raises(EncodeError, match=r"amps: .*the scale factor .*a_sf.* is not available"):
        simulate(STATE.replace(a_sf=None))


@pytest.mark.parametrize("factor", [11, -11, 99])
def test_a_factor_out_of_range_is_refused_with_both_names(factor: int) -> None:
    """The error names the value's field and the factor's."""
    kind, where, text = decoded(Inverter, {6: factor})
    assert kind is DecodeError
    assert where == "Inverter.amps: holding[2]"
    assert (
        f"the scale factor Inverter.a_sf: holding[6] is {factor}, which is not in -10..10" in text
    )


@pytest.mark.parametrize("factor", [0, -3, -0x8000, 77])
def test_a_missing_value_is_none_whatever_the_factor_is(factor: int) -> None:
    """A sentinel needs no scale."""

    class Missing(RegisterMap):
        factor: RO[int | None] = holding_register(0, int16.optional(0x8000))
        value: RO[float | None] = holding_register(1, int16.scaled_by(factor).optional(0x8000))

    assert decoded(Missing, {0: factor, 1: 0x8000}).value is None


def test_a_device_reads_value_and_factor_in_one_plan() -> None:
    """The whole map, one value by reference, several: the factor comes with it each time."""
    with simulate(STATE, port=0) as sim, Client(sim.host, sim.port) as client:
        counting = Counting(client)
        device = Device(counting, Inverter)
        assert device.read() == STATE
        assert device.read(Inverter.amps) == 12.3
        assert device.read(Inverter.phases, Inverter.watts) == ((4.1, 4.2, 4.0), -1500.0)
        assert len(counting.asked) == 3
        partial = device.read(Inverter.watts, partial=True)
        assert partial.values == {Inverter.watts: -1500.0}


def test_a_changed_factor_counts_at_once() -> None:
    """It is read with the value: nothing is remembered from the read before."""
    with simulate(STATE, port=0) as sim, Client(sim.host, sim.port) as client:
        device = Device(client, Inverter)
        assert device.read(Inverter.watts) == -1500.0
        sim.set(Inverter.watts_sf.to(0))
        assert device.read(Inverter.watts) == -15.0
        assert device.read().watts == -15.0
        assert sim.snapshot().watts == -15.0


def test_a_write_takes_a_fresh_factor() -> None:
    """One read brings it, though the device has been read before; then the value is written."""
    with simulate(STATE, port=0) as sim, Client(sim.host, sim.port) as client:
        counting = Counting(client)
        device = Device(counting, Inverter)
        device.read()
        sim.set(Inverter.watts_sf.to(1))
        counting.asked.clear()
        device.write(Inverter.watts.to(250.0))
        assert [type(request).__name__ for request in counting.asked] == [
            "RawRead",
            "WriteMultipleRegisters",
        ]
        assert sim.snapshot().watts == 250.0
        assert sim.bank.get_registers(Table.HOLDING_REGISTERS, 8, 2) == [0, 25]


def test_a_factor_that_is_written_too_is_not_read() -> None:
    """The value is encoded by the factor of the same write, in one request."""
    with simulate(STATE, port=0) as sim, Client(sim.host, sim.port) as client:
        counting = Counting(client)
        device = Device(counting, Inverter)
        device.write(Inverter.watts.to(0.25), Inverter.watts_sf.to(-2))
        assert len(counting.asked) == 1
        assert sim.snapshot().watts == 0.25


def test_instances_are_written_by_the_factors_that_the_device_has() -> None:
    """What they say of a read-only factor does not count."""

    class Valve(RegisterMap):
        step: RO[int] = input_register(0, int16)
        position: RW[float] = holding_register(0, int16.scaled_by(step))

    start = Valve(step=0, position=5.0)
    with simulate(start, port=0) as sim, Client(sim.host, sim.port) as client:
        device = Device(client, Valve)
        sim.set(Valve.step.to(1))
        device.write(start.replace(position=30.0))
        assert sim.bank.get_registers(Table.HOLDING_REGISTERS, 0, 1) == [3]
        device.write_changes(start, start.replace(position=20.0))
        assert device.read(Valve.position) == 20.0


@pytest.mark.parametrize("value", [5.25, 1e9, float("nan"), "x"])
def test_a_value_that_is_no_multiple_of_the_step_is_not_written(value: Any) -> None:
    """It is refused as by scaled(): nothing is written."""
    with simulate(Drive(current_step=1, current=5.5), port=0) as sim:
        with (
            Client(sim.host, sim.port) as client,
            pytest.raises(EncodeError, match=r"Drive\.current"),
        ):
            Device(client, Drive).write(Drive.current.to(value))
        assert sim.snapshot().current == 5.5


def test_steps_may_be_numbered() -> None:
    """A drive says how many decimals its current has, in a byte of another register."""
    state = Drive(current_step=2, current=5.25)
    with simulate(state, port=0) as sim, Client(sim.host, sim.port) as client:
        assert Device(client, Drive).read(Drive.current) == 5.25
    kind, _, text = decoded(Drive, {0x211F: 7 << 8})
    assert kind is DecodeError
    assert "is 7, which is none of 0, 1, 2" in text


def test_factors_of_a_map_around_are_found() -> None:
    """From two maps further in, by the whole map, by item and by field; in another table."""

    def string(*volts: float) -> String:
        return String(modules=tuple(Module(volts=each) for each in volts))

    state = Array(strings=(string(0.1, 0.2), string(0.3, 0.4)), volts_sf=-1)
    module = Array.strings[1].at(String.modules)[0]
    with simulate(state, port=0) as sim, Client(sim.host, sim.port) as client:
        counting = Counting(client)
        device = Device(counting, Array)
        assert device.read() == state
        assert device.read(module) == Module(volts=0.3)
        assert device.read(Array.strings) == state.strings
        assert device.read(module.at(Module.volts)) == 0.3
        counting.asked.clear()
        device.write(module.at(Module.volts).to(7.5))
        assert len(counting.asked) == 2
        assert sim.snapshot().strings[1].modules[0].volts == 7.5


def test_an_async_device_does_the_same() -> None:
    """Reads, and writes by a fresh factor."""

    async def use() -> None:
        async with simulate(STATE, port=0) as sim, AsyncClient(sim.host, sim.port) as client:
            device = AsyncDevice(client, Inverter)
            assert await device.read() == STATE
            sim.set(Inverter.watts_sf.to(3))
            await device.write(Inverter.watts.to(-2000.0))
            assert await device.read(Inverter.watts) == -2000.0

    asyncio.run(use())


def test_a_factor_may_be_computed() -> None:
    """given() makes one of a field, or of two."""

    class Meter(RegisterMap):
        decimals: RO[int] = holding_register(0, uint16)
        kilo: RO[int] = holding_register(1, uint16)
        energy: RO[float] = holding_register(
            2, uint16.scaled_by(given(decimals, kilo, lambda places, kilo: 3 * kilo - places))
        )

    state = Meter(decimals=1, kilo=1, energy=1234500.0)
    with simulate(state, port=0) as sim, Client(sim.host, sim.port) as client:
        assert sim.bank.get_registers(Table.HOLDING_REGISTERS, 2, 1) == [12345]
        assert Device(client, Meter).read() == state
        assert Device(client, Meter).read(Meter.energy) == 1234500.0


def test_a_function_that_fails_is_a_decode_error() -> None:
    """Its exception is told with the value that it got."""

    class Broken(RegisterMap):
        number: RO[int] = holding_register(0, uint16)
        value: RO[float] = holding_register(1, int16.scaled_by(given(number, lambda n: 1 // n)))

    kind, where, text = decoded(Broken, {0: 0})
    assert kind is DecodeError
    assert where == "Broken.value: holding[1]"
    assert "Broken.number: holding[0] failed for 0: ZeroDivisionError" in text


def test_parts_of_registers_and_of_composites_are_scaled_too() -> None:
    """Bits of a register, both signs, and one part of several."""

    class Odd(RegisterMap):
        factor: RO[int] = holding_register(0, int16)
        low: RW[float] = holding_register(1, bits(0, 3).scaled_by(factor))
        high: RW[float] = holding_register(1, bits(4, 15).scaled_by(factor))
        pair: RW[complex] = holding_register(
            2,
            composite(complex, lambda c: (c.real, int(c.imag)), int16.scaled_by(factor), uint16),
        )

    state = Odd(factor=-2, low=0.15, high=40.95, pair=complex(-0.5, 7))
    layout = layout_of(Odd)
    blocks = whole_tables(layout)
    data = encode_plain(layout.root, blocks, state)
    assert compile_encoder(layout.root, blocks)(state) == data
    assert generated(compile_decoder(layout.root, blocks))(data) == state
    with simulate(state, port=0) as sim, Client(sim.host, sim.port) as client:
        Device(client, Odd).write(Odd.low.to(0.03))
        assert sim.snapshot() == state.replace(low=0.03)


def test_a_simulation_refuses_what_its_own_factor_does_not_allow() -> None:
    """A setting between two steps, and a client's write while the factor means nothing."""
    with simulate(STATE, port=0) as sim, Client(sim.host, sim.port) as client:
        with pytest.raises(EncodeError, match=r"150\.5 is not a multiple of the step 100"):
            sim.set(Inverter.watts.to(150.5))
        seen: list[tuple[float, float]] = []
        sim.on_write(Inverter.watts)(lambda old, new: seen.append((old, new)))
        client.write_multiple_registers(7, [0, 0, 9])
        assert seen == [(-1500.0, 9.0)]
        client.write_multiple_registers(7, [50])
        with pytest.raises(Exception, match="value"):
            client.write_multiple_registers(8, [0, 9])


def test_values_go_through_dictionaries_and_json() -> None:
    """And come back only where the factor can hold them."""
    assert from_dict(Inverter, to_dict(STATE)) == STATE
    assert from_json(Inverter, to_json(STATE)) == STATE
    with pytest.raises(EncodeError, match=r"Inverter\.watts: .* not a multiple of the step 100"):
        from_dict(Inverter, to_dict(STATE) | {"watts": 5.0})


def test_a_dry_run_shows_the_read_of_the_factor() -> None:
    """And no bytes of what depends on it, unless the factor is written too."""
    with simulate(STATE, port=0) as sim, Client(sim.host, sim.port) as client:
        device = Device(client, Inverter)
        planned = device.plan_write(Inverter.watts.to(5.0))
        assert [each.request is None for each in planned] == [False, True]
        assert planned[0].fields == (Inverter.watts_sf,)
        assert len(device.plan_write(Inverter.watts.to(5.0), Inverter.watts_sf.to(0))) == 1


def test_a_write_is_verified_and_may_read_too() -> None:
    """What is read back is scaled as it is then; FC 23 comes after the read of the factor."""
    with simulate(STATE, port=0) as sim, Client(sim.host, sim.port) as client:
        device = Device(client, Inverter)
        sim.set(Inverter.watts_sf.to(1))
        written = device.write(Inverter.watts.to(70.0), verify=Verify(settle=0))
        assert [ref.name for ref in written.verified] == ["Inverter.watts"]
        found = device.write_and_read(Inverter.watts.to(80.0), read=(Inverter.amps, Inverter.watts))
        assert found == (12.3, 80.0)


def test_a_refused_factor_fails_its_users_in_a_partial_read() -> None:
    """What depends on it has its error; the others come."""
    bank = SparseBank({Table.HOLDING_REGISTERS: [range(2, 7), range(8, 10)]})
    bank.set_registers(Table.HOLDING_REGISTERS, 2, [5, 1, 2, 3, 0])
    with Server(Handler(bank), port=0) as server, Client(*server.address) as client:
        partial = Device(client, Inverter).read(partial=True)
        assert {ref.name for ref in partial.failed} == {"Inverter.watts", "Inverter.watts_sf"}
        assert partial[Inverter.amps] == 5.0


SOURCES: list[tuple[Any, str]] = [
    (lambda: int16.scaled_by(3), "takes a field of the map, outer"),  # type: ignore[arg-type]
    (lambda: int16.scaled_by(outer("x"), steps={}), "needs a step"),
    (lambda: int16.scaled_by(outer("x"), steps={0: 0.1}), "exact decimal"),  # type: ignore[dict-item]
    (lambda: outer("not a name"), "name of a field"),
    (lambda: given(outer("x"), 3), "a function"),  # type: ignore[call-overload]
    (lambda: given(5, abs), "a field of the map"),  # type: ignore[call-overload]
]


@pytest.mark.parametrize(("make", "reason"), SOURCES)
def test_what_is_no_source_is_refused_at_once(make: Any, reason: str) -> None:
    """Where it is written."""
    with pytest.raises(DefinitionError, match=reason):
        make()


def test_a_definition_says_what_is_wrong_with_its_sources() -> None:
    """A write-only one, a text, a group, one that is scaled itself, a field of another class."""
    from modbus_schema import WO

    class Other(RegisterMap):
        factor: RO[int] = holding_register(0, int16)

    stray = holding_register(9, int16)
    with pytest.raises(DefinitionError) as caught:

        class Wrong(RegisterMap):
            hidden: WO[int] = holding_register(0, int16)
            text: RO[str] = holding_register(1, string(1))
            part: RO[Other] = group(Other, base=2)
            good: RO[int] = holding_register(3, int16)
            scaled: RO[float] = holding_register(4, int16.scaled_by(good))
            a: RO[float] = holding_register(5, int16.scaled_by(hidden))
            b: RO[float] = holding_register(6, int16.scaled_by(text))  # type: ignore[arg-type]
            c: RO[float] = holding_register(7, int16.scaled_by(part))  # type: ignore[arg-type]
            d: RO[float] = holding_register(8, int16.scaled_by(scaled))  # type: ignore[arg-type]

    hint = "given() may make one of it"
    assert str(caught.value).splitlines() == [
        "Wrong.a: holding[5]: Wrong.hidden is write-only: it cannot be asked",
        f"Wrong.b: holding[6]: Wrong.text has string(1), which is not an integer; {hint}",
        "Wrong.c: holding[7]: part is a group, not a field of one value",
        "Wrong.d: holding[8]: Wrong.scaled depends on another field itself",
    ]
    with pytest.raises(DefinitionError, match="is no field of this class"):
        new_class(
            "Stray",
            (RegisterMap,),
            {},
            lambda body: body.update(
                __annotations__={"value": RO[float]},
                value=holding_register(0, int16.scaled_by(stray)),
            ),
        )
    with pytest.raises(DefinitionError, match=r"Other\.factor is no field of a base class"):

        class Foreign(RegisterMap):
            value: RO[float] = holding_register(0, int16.scaled_by(Other.factor))


def test_a_derived_class_may_use_fields_of_its_base() -> None:
    """By their references; and what the base scales, a field that replaces the factor scales."""

    class Base(RegisterMap):
        factor: RO[int] = holding_register(0, int16)
        value: RO[float] = holding_register(1, int16.scaled_by(factor))

    class Derived(Base):
        more: RO[float] = holding_register(2, int16.scaled_by(Base.factor))
        factor: RO[int] = holding_register(5, int16)

    state = decoded(Derived, {1: 5, 2: 7, 5: -1})
    assert (state.value, state.more) == (0.5, 0.7)


def test_a_map_whose_factor_is_further_out_is_no_device() -> None:
    """It says what is missing, to whoever would read, simulate or write it by itself."""
    with pytest.raises(DefinitionError, match=r"Module\.volts: holding\[0\]: outer\('volts_sf'\)"):
        simulate(Module(volts=5.0))
    client = Client("127.0.0.1", 1)
    with pytest.raises(DefinitionError, match="no map around it has a field 'volts_sf'"):
        Device(client, Module)
