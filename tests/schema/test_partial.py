"""Partial reads of devices that refuse some registers, over real sockets."""

import asyncio
import logging
from collections.abc import Iterator
from enum import IntEnum
from typing import Any, TypeVar

import pytest

from modbus_schema import (
    RO,
    RW,
    WO,
    AsyncDevice,
    DecodeError,
    Device,
    RegisterMap,
    bit_list,
    bits,
    coil,
    enum,
    group,
    holding_register,
    input_register,
    simulate,
    uint16,
    uint32,
)
from modbus_schema.reading.partial import Partial
from modbus_wire import (
    AsyncClient,
    Client,
    GatewayTargetFailedToRespond,
    IllegalDataAddress,
    IllegalFunction,
    ModbusError,
    RawRead,
    ReadHoldingRegisters,
    RequestError,
    ResponseTimeout,
    Server,
    ServerDeviceBusy,
    ServerDeviceFailure,
    Table,
)
from modbus_wire.pdu.base import AnyRequest, Request
from tests.schema.maps import House, Mode, Zone, a_house
from tests.schema.picky import PickyBank, Wire

R = TypeVar("R")

HOLDING, INPUT = Table.HOLDING_REGISTERS, Table.INPUT_REGISTERS


class Pair(RegisterMap):
    """Two values of one moment."""

    low: RO[int] = holding_register(0, uint16)
    high: RO[int] = holding_register(3, uint16)


class Pump(RegisterMap, max_gap=3):
    """A pump of which some firmwares lack some registers."""

    speed: RW[int] = holding_register(0, uint16)
    flow: RO[int] = holding_register(1, uint32)
    pressure: RO[int] = holding_register(4, uint16)
    hours: RO[int] = holding_register(5, uint32)
    pair: RO[Pair] = group(Pair, base=10, together=True)
    reset: WO[int] = holding_register(20, uint16, default=None)
    outdoor: RO[int] = input_register(0, uint16)


class Refusals:
    """A picky pump behind a port."""

    def __init__(self, bank: PickyBank, client: Client) -> None:
        self.bank = bank
        self.device = Device(client, Pump)

    def asked(self) -> list[tuple[int, int]]:
        """Return address and end of the reads since the last look, sorted."""
        cells = [(cells.start, cells.stop) for _, cells in self.bank.asked]
        self.bank.forget()
        return sorted(cells)


@pytest.fixture
def pump() -> Iterator[Refusals]:
    """A pump that is being served."""
    bank = PickyBank()
    with Server(bank, port=0) as server, Client(*server.address) as client:
        yield Refusals(bank, client)


def test_what_is_not_refused_comes(pump: Refusals, caplog: pytest.LogCaptureFixture) -> None:
    """The block with a hole is halved until the field is found; the log names it once."""
    pump.bank.holes = {(HOLDING, 2)}
    with caplog.at_level(logging.WARNING, "modbus_schema"):
        partial = pump.device.read(partial=True)
    assert partial.complete is None
    assert [*partial.failed] == [Pump.flow]
    assert {*partial.values} == {
        Pump.speed,
        Pump.pressure,
        Pump.hours,
        Pump.pair.at(Pair.low),
        Pump.pair.at(Pair.high),
        Pump.outdoor,
    }
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith("the device refuses Pump.flow: holding[1..2] (exception 02")
    assert pump.device.bad == {HOLDING: (range(1, 3),)}
    assert pump.asked() == [(0, 1), (0, 1), (0, 3), (0, 14), (1, 3), (4, 14)]


def test_the_bad_addresses_are_left_out_later(
    pump: Refusals, caplog: pytest.LogCaptureFixture
) -> None:
    """The next partial read asks for the rest alone, and says nothing in the log."""
    pump.bank.holes = {(HOLDING, 2)}
    pump.device.read(partial=True)
    pump.asked()
    caplog.clear()
    with caplog.at_level(logging.WARNING, "modbus_schema"):
        partial = pump.device.read(partial=True)
    assert caplog.records == []
    assert [*partial.failed] == [Pump.flow]
    assert pump.asked() == [(0, 1), (0, 1), (4, 14)]


def test_a_field_that_came_back_is_read_after_clear(pump: Refusals) -> None:
    """What is bad stays so until it is forgotten."""
    pump.bank.holes = {(HOLDING, 2)}
    pump.device.read(partial=True)
    pump.bank.holes = set()
    assert [*pump.device.read(partial=True).failed] == [Pump.flow]
    pump.device.bad.clear()
    assert pump.device.bad == {}
    pump.asked()
    assert isinstance(pump.device.read(partial=True).complete, Pump)
    assert pump.asked() == [(0, 1), (0, 14)]


def test_values_and_errors_by_reference(pump: Refusals) -> None:
    """A value comes by its reference, an error where it failed; a group as an instance."""
    pump.bank.holes = {(HOLDING, 2), (HOLDING, 11)}
    partial = pump.device.read(partial=True)
    assert partial[Pump.speed] == partial.values[Pump.speed] == partial.get(Pump.speed)
    assert partial.get(Pump.flow) is None
    assert partial.get(Pump.flow, -1) == -1
    for _ in range(2):
        place = r"^Pump\.flow: holding\[1\.\.2\]: exception 02"
        with pytest.raises(IllegalDataAddress, match=place) as refusal:
            partial[Pump.flow]
    assert refusal.value.request == RawRead(ReadHoldingRegisters(1, 2))
    with pytest.raises(IllegalDataAddress, match=r"Pump\.pair\.low\.\.Pump\.pair\.high"):
        partial[Pump.pair]
    assert {*partial.failed} == {Pump.flow, Pump.pair.at(Pair.low), Pump.pair.at(Pair.high)}
    with pytest.raises(KeyError, match=r"Pump\.reset was not read"):
        partial[Pump.reset]
    with pytest.raises(TypeError, match=r"House\.mode is no field of Pump"):
        partial[House.mode]  # type: ignore[arg-type]
    assert repr(partial) == "<Partial Pump: 4 values, 3 failed>"


def test_some_fields_can_be_read_in_part(pump: Refusals) -> None:
    """Only they are asked for; the others are neither there nor failed."""
    pump.bank.holes = {(HOLDING, 2)}
    partial = pump.device.read(Pump.speed, Pump.flow, partial=True)
    assert ([*partial.values], [*partial.failed]) == ([Pump.speed], [Pump.flow])
    assert partial.complete is None
    with pytest.raises(KeyError):
        partial[Pump.hours]
    assert partial.get(Pump.hours) is None
    whole = pump.device.read(Pump.pair, partial=True)
    assert isinstance(whole[Pump.pair], Pair)
    assert whole.complete is None
    with pytest.raises(RequestError, match=r"Pump\.reset: holding\[20\]: is write-only"):
        pump.device.read(Pump.speed, Pump.reset, partial=True)


def test_all_or_nothing_stays_the_default(pump: Refusals) -> None:
    """A read without ``partial`` fails as before, and now names just the field."""
    pump.bank.holes = {(HOLDING, 2)}
    with pytest.raises(IllegalDataAddress, match=r"Pump\.speed\.\.Pump\.pair\.high"):
        pump.device.read()
    pump.device.read(partial=True)
    with pytest.raises(IllegalDataAddress, match=r"^Pump\.flow: holding\[1\.\.2\]"):
        pump.device.read()


def test_a_gap_over_bad_addresses_is_not_bridged_any_more(pump: Refusals) -> None:
    """What is known helps reads that are all or nothing as well."""
    pump.bank.holes = {(HOLDING, 2)}
    with pytest.raises(IllegalDataAddress):
        pump.device.read(Pump.speed, Pump.pressure)
    pump.device.read(partial=True)
    pump.asked()
    pump.device.read(Pump.speed, Pump.pressure)
    assert pump.asked() == [(0, 1), (4, 5)]


def test_a_hole_in_a_gap_is_a_border(pump: Refusals) -> None:
    """Where both halves come, no field is bad: they are asked for apart from then on."""
    pump.bank.holes = {(HOLDING, 8)}
    assert pump.device.read(partial=True).complete is not None
    assert pump.device.bad == {}
    pump.asked()
    assert isinstance(pump.device.read(), Pump)
    assert pump.asked() == [(0, 1), (0, 7), (10, 14)]


def test_a_device_of_short_blocks(pump: Refusals) -> None:
    """One that refuses long reads is read in short ones that it takes."""
    pump.bank.longest = 7
    assert pump.device.read(partial=True).complete is not None
    pump.asked()
    pump.device.read(partial=True)
    assert all(end - start <= 7 for start, end in pump.asked())


def test_a_device_that_fails_altogether_is_asked_again(pump: Refusals) -> None:
    """Exception 04 to everything is not about some address, so nothing is remembered."""
    pump.bank.longest, pump.bank.error = 0, ServerDeviceFailure
    partial = pump.device.read(partial=True)
    assert len(partial.failed) == 7
    assert partial.values == {}
    assert pump.device.bad == {}
    pump.bank.longest = 2000
    assert pump.device.read(partial=True).complete is not None


@pytest.mark.parametrize("error", [IllegalFunction, ServerDeviceBusy])
def test_other_refusals_are_not_about_single_fields(
    pump: Refusals, error: type[ModbusError]
) -> None:
    """The block has failed as a whole, by one request; it is asked for again the next time."""
    pump.bank.holes = {(HOLDING, 2)}
    pump.bank.error = error  # type: ignore[assignment]
    partial = pump.device.read(partial=True)
    assert {type(failure) for failure in partial.failed.values()} == {error}
    assert [*partial.values] == [Pump.outdoor]
    assert pump.asked() == [(0, 1), (0, 14)]
    assert pump.device.bad == {}


def test_a_device_that_is_not_there_fails_the_read(pump: Refusals) -> None:
    """A gateway's word that nobody answers is no value of a partial read."""
    pump.bank.longest, pump.bank.error = 0, GatewayTargetFailedToRespond
    with pytest.raises(GatewayTargetFailedToRespond, match=r"^Pump\.outdoor: input\[0\]"):
        pump.device.read(partial=True)


class Silent(Wire):
    """A client whose device falls silent after some requests."""

    def __init__(self, bank: PickyBank, answers: int) -> None:
        super().__init__(bank)
        self.answers = answers

    def execute(self, request: Request[R], *, unit_id: int | None = None) -> R:
        """Carry a request out, or time out."""
        if not self.answers:
            raise ResponseTimeout("no response")
        self.answers -= 1
        return super().execute(request, unit_id=unit_id)

    def read_many(self, requests: list[AnyRequest], /, *, unit_id: int | None = None) -> list[Any]:
        """Carry requests out."""
        return [self.execute(request, unit_id=unit_id) for request in requests]


@pytest.mark.parametrize("answers", range(6))
def test_a_link_that_fails_fails_the_read(answers: int) -> None:
    """A timeout in the middle is raised, with the cells that were asked for."""
    device = Device(Silent(PickyBank({(HOLDING, 2)}), answers), Pump)
    with pytest.raises(ResponseTimeout, match=r"^Pump\.\w+.*(input|holding)\[") as failure:
        device.read(partial=True)
    assert isinstance(failure.value.request, RawRead)


class State(IntEnum):
    """What a heater does."""

    OFF = 0


class Heater(RegisterMap):
    """A heater with a state that has a name only when it is off."""

    power: RO[int] = holding_register(0, uint16)
    state: RO[State] = holding_register(1, enum(State))
    zone: RO[int] = holding_register(2, uint16)


def test_registers_without_a_value_fail_their_field_alone() -> None:
    """An unknown state does not take the others along; its address is not bad."""
    bank = PickyBank()
    device = Device(Wire(bank), Heater)
    partial = device.read(partial=True)
    assert (partial[Heater.power], partial[Heater.zone]) == (1, 1)
    assert [*partial.failed] == [Heater.state]
    with pytest.raises(DecodeError, match=r"^Heater\.state: holding\[1\]: 1") as failure:
        partial[Heater.state]
    assert isinstance(failure.value.request, RawRead)
    assert device.bad == {}
    assert len(bank.asked) == 1


class Relays(RegisterMap, max_gap=8):
    """Bits, of which some firmwares lack some."""

    a: RW[bool] = coil(3)
    b: RW[bool] = coil(11)
    c: RW[tuple[bool, ...]] = coil(13, bit_list(4))


def test_bits_come_in_part_too() -> None:
    """The halves of a block of bits are no multiples of eight."""
    bank = PickyBank({(Table.COILS, 11)})
    bank.set_bits(Table.COILS, 0, [True] * 15)
    device = Device(Wire(bank), Relays)
    partial = device.read(partial=True)
    assert partial.get(Relays.a) is True
    assert partial.get(Relays.b) is None
    assert partial.get(Relays.c) == (True, True, False, False)
    assert device.bad == {Table.COILS: (range(11, 12),)}


class Words(RegisterMap):
    """A double word, and its upper half as another view of it."""

    both: RO[int] = holding_register(10, uint32)
    half: RO[int] = holding_register(10, uint16, overlap=True)
    low: RO[int] = holding_register(12, bits(0, 3))
    high: RO[int] = holding_register(12, bits(4, 7))


def test_views_of_the_same_cells_fail_by_their_own_cells() -> None:
    """A request that is known to be refused is not sent again; bits of a register share one."""
    bank = PickyBank({(HOLDING, 11)})
    device = Device(Wire(bank), Words)
    partial = device.read(partial=True)
    assert [*partial.failed] == [Words.both]
    assert [cells for _, cells in bank.answered] == [range(10, 11), range(12, 13)]
    assert bank_refused(bank) == [range(10, 13), range(10, 12)]
    bank.holes = {(HOLDING, 12)}
    device.bad.clear()
    bank.forget()
    assert {*device.read(partial=True).failed} == {Words.low, Words.high}
    assert bank_refused(bank).count(range(12, 13)) == 1


class Status(RegisterMap):
    """A register of bits between two others."""

    before: RO[int] = holding_register(10, uint16)
    low: RO[int] = holding_register(11, bits(0, 3))
    high: RO[int] = holding_register(11, bits(4, 7))
    after: RO[int] = holding_register(12, uint16)


def test_bits_of_a_register_come_by_one_request() -> None:
    """A block is not halved between them."""
    bank = PickyBank({(HOLDING, 12)})
    partial = Device(Wire(bank), Status).read(partial=True)
    assert [*partial.failed] == [Status.after]
    assert [cells for _, cells in bank.answered] == [range(10, 11), range(11, 12)]


def bank_refused(bank: PickyBank) -> list[range]:
    """Return the cells of the reads that a device refused."""
    return [cells for _, cells in bank.refused]


def test_a_whole_device_is_complete() -> None:
    """Where nothing fails, ``complete`` is what a read gives, with every table and group."""
    with simulate(a_house(), port=0) as sim, Client(sim.host, sim.port) as client:
        device = Device(client, House)
        partial = device.read(partial=True)
        assert partial.complete == device.read()
        assert partial.failed == {}
        assert partial[House.mode] is Mode.HEAT
        assert partial[House.zones] == a_house().zones
        assert partial[House.zones[1].at(Zone.target)] == 21.0

        class Mansion(House):
            wing: RO[int] = holding_register(300, uint16)

        mansion = Device(client, Mansion).read(partial=True)
        of_base = House.limit
        assert mansion[of_base] == 500
        assert mansion[Mansion.zones] == a_house().zones
        assert [*mansion.failed] == [Mansion.wing]


def test_the_async_device_does_the_same() -> None:
    """Over a real socket: the same values, failures, bad addresses and requests."""

    async def read(address: tuple[str, int]) -> tuple[Partial[Pump], Any]:
        async with AsyncClient(*address, max_in_flight=4) as client:
            device = AsyncDevice(client, Pump)
            partial = await device.read(partial=True)
            again = await device.read(partial=True)
            assert again.failed.keys() == partial.failed.keys()
            return partial, dict(device.bad)

    bank = PickyBank({(HOLDING, 2)})
    with Server(bank, port=0) as server:
        partial, bad = asyncio.run(read(server.address))
        later = bank.asked
        bank.forget()
        with Client(*server.address) as client:
            device = Device(client, Pump)
            blocking = device.read(partial=True)
            device.read(partial=True)
        assert later == bank.asked
    assert partial.values.keys() == blocking.values.keys()
    assert partial.failed.keys() == blocking.failed.keys() == {Pump.flow}
    assert bad == device.bad == {HOLDING: (range(1, 3),)}


def test_what_is_bad_is_a_mapping(pump: Refusals) -> None:
    """Adjacent bad fields are one range; tables without any are not in it."""
    pump.bank.holes = {(HOLDING, 2), (HOLDING, 4), (HOLDING, 5), (INPUT, 0)}
    pump.device.read(partial=True)
    bad = pump.device.bad
    assert dict(bad) == {HOLDING: (range(1, 3), range(4, 7)), INPUT: (range(1),)}
    assert len(bad) == 2
    assert Table.COILS not in bad
    assert repr(bad).startswith("Bad({<Table.")
