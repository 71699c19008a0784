"""Devices whose class an identification register chooses."""

import asyncio
import inspect
from enum import IntEnum

import pytest

from modbus_schema import (
    RO,
    WO,
    AsyncDevice,
    DecodeError,
    DefinitionError,
    Device,
    RegisterMap,
    Variants,
    enum,
    float32,
    group,
    holding_register,
    int16,
    int32,
    one_of,
    outer,
    simulate,
    uint16,
)
from modbus_schema.variants import DeviceOptions
from modbus_wire import AsyncClient, Client, Handler, SparseBank, Table
from modbus_wire.errors import IllegalDataAddress
from modbus_wire.sync.server import Server
from tests.schema.counting import Counting


class Id(RegisterMap, read_alone={Table.HOLDING_REGISTERS: [range(11, 12)]}):
    """What all meters have: a register that means something else when it is read alone."""

    product: RO[int] = holding_register(11, uint16)
    firmware: RO[int] = holding_register(12, uint16)


class Meter(RegisterMap):
    """What the meters have in common."""

    voltage: RO[float] = holding_register(0, float32)


class Small(Meter):
    """One of them."""


class Large(Meter):
    """Another."""

    energy: RO[int] = holding_register(4, int32)


class Unknown(Meter):
    """For meters that nobody has seen yet."""


METERS: Variants[Meter] = one_of(Id.product, {15240: Small, 15242: Large})
SMALL = Small(voltage=230.0)
LARGE = Large(voltage=400.0, energy=77)


def bank_of(product: int) -> SparseBank:
    """Return the registers of a meter, 500 further up, and of its identification."""
    bank = SparseBank({Table.HOLDING_REGISTERS: [range(11, 13), range(500, 506)]})
    bank.set_registers(Table.HOLDING_REGISTERS, 11, [product, 1])
    bank.set_registers(Table.HOLDING_REGISTERS, 500, [0x43C8, 0, 0, 0, 0, 77])
    return bank


def test_the_identification_chooses_the_class() -> None:
    """One request reads it, at its own address; the options are for what is chosen."""
    with Server(Handler(bank_of(15242)), port=0) as server, Client(*server.address) as client:
        counting = Counting(client)
        device = METERS.device(counting, unit_id=3, base=500)
        assert len(counting.asked) == 1
        assert device.model is Large
        assert device.unit_id == 3
        assert device.read() == LARGE
        assert device.read(Meter.voltage) == 400.0


@pytest.mark.parametrize(("product", "model"), [(15240, Small), (15242, Large), (1, Unknown)])
def test_an_async_device_is_chosen_too(product: int, model: type[Meter]) -> None:
    """By the same values; otherwise is for all others."""
    maps: dict[int, type[Meter]] = {15240: Small, 15242: Large}
    meters = one_of(Id.product, maps, otherwise=Unknown)

    async def use() -> None:
        with Server(Handler(bank_of(product)), port=0) as server:
            async with AsyncClient(*server.address) as client:
                device = await meters.async_device(client, base=500)
                assert isinstance(device, AsyncDevice)
                assert device.model is model
                assert (await device.read()).voltage == 400.0

    asyncio.run(use())


def test_an_unknown_identification_names_the_known_ones() -> None:
    """And the field and the value."""
    message = r"Id\.product: holding\[11\]: 7 belongs to no map; .* 15240, 15242"
    unknown = pytest.raises(DecodeError, match=message)
    with Server(Handler(bank_of(7)), port=0) as server, Client(*server.address) as client, unknown:
        METERS.device(client)


def test_a_refused_identification_is_the_devices_error() -> None:
    """As of any read."""
    refused = pytest.raises(IllegalDataAddress, match=r"Id\.product: holding\[11\]")
    with simulate(SMALL, port=0) as sim, Client(sim.host, sim.port) as client, refused:
        METERS.device(client)


class Kind(IntEnum):
    """Members of an enum may choose as well."""

    METER = 1


class Sheet(RegisterMap):
    """An identification in a group."""

    kind: RO[Kind] = holding_register(0, enum(Kind))
    secret: WO[int] = holding_register(1, uint16)


class Nameplate(RegisterMap):
    """A map around it."""

    sheet: RO[Sheet] = group(Sheet, base=11)


def test_a_member_of_a_group_may_choose() -> None:
    """By the values of its codec."""
    by_kind = one_of(Nameplate.sheet.at(Sheet.kind), {Kind.METER: Large})
    with Server(Handler(bank_of(1)), port=0) as server, Client(*server.address) as client:
        assert by_kind.device(client).model is Large


def test_what_cannot_choose_is_refused_at_once() -> None:
    """A group, a write-only field, no maps, and a map that has its place in others."""

    class Inner(RegisterMap):
        value: RO[float] = holding_register(0, int16.scaled_by(outer("factor")))

    with pytest.raises(TypeError, match="is no field that can be read"):
        one_of(Nameplate.sheet, {})
    with pytest.raises(TypeError, match="is no field that can be read"):
        one_of(Sheet.secret, {1: Small})
    with pytest.raises(TypeError, match="needs a map"):
        one_of(Id.product, {})
    with pytest.raises(TypeError, match="is no register map"):
        one_of(Id.product, {1: int})  # type: ignore[type-var]
    with pytest.raises(DefinitionError, match="Inner"):
        one_of(Id.product, {1: Small, 2: Inner})
    assert repr(METERS).startswith("one_of(Id.product, {15240: Small, 15242: Large}")


def test_the_options_are_those_of_a_device() -> None:
    """Every keyword, but for the unit id."""
    keywords = inspect.signature(Device.__init__).parameters
    assert {*DeviceOptions.__annotations__, "self", "client", "model", "unit_id"} == {*keywords}
