"""A device behind a client: whole models, fields, groups and writes, over real sockets."""

from collections.abc import Iterator
from typing import Any, TypeVar

import pytest

from modbus_schema import (
    RO,
    RW,
    WO,
    DecodeError,
    Device,
    EncodeError,
    RegisterMap,
    Simulation,
    holding_register,
    simulate,
    uint16,
)
from modbus_wire import (
    SERVICES,
    Client,
    ConnectionClosedError,
    Handler,
    IllegalDataAddress,
    IllegalDataValue,
    MaskWriteRegister,
    RawRead,
    ReadHoldingRegisters,
    Request,
    RequestError,
    Server,
    SharedBank,
    Table,
    WriteMultipleRegisters,
    WriteSingleCoil,
    WriteSingleRegister,
)
from modbus_wire.pdu.base import AnyRequest
from tests.schema.maps import Circuit, House, Mode, Zone, a_house

R = TypeVar("R")


class Recorder:
    """A client that notes the requests that pass through it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.requests: list[object] = []

    def execute(self, request: Request[R], *, unit_id: int | None = None) -> R:
        """Note the request and carry it out."""
        self.requests.append(request)
        return self.client.execute(request, unit_id=unit_id)

    def read_many(self, requests: list[AnyRequest], /, *, unit_id: int | None = None) -> list[Any]:
        """Note the requests and carry them out."""
        self.requests += requests
        return self.client.read_many(requests, unit_id=unit_id)

    def writes(self) -> list[object]:
        """Return the requests that are no reads."""
        return [request for request in self.requests if not isinstance(request, RawRead)]


@pytest.fixture
def sim() -> Iterator[Simulation[House]]:
    """A simulated house that is being served."""
    with simulate(a_house(), port=0) as simulation:
        yield simulation


@pytest.fixture
def client(sim: Simulation[House]) -> Iterator[Recorder]:
    """A client of the simulated house that notes its requests."""
    with Client(sim.host, sim.port) as wire:
        yield Recorder(wire)


@pytest.fixture
def house(client: Recorder) -> Device[House]:
    """The house as its user sees it."""
    return Device(client, House)


def test_a_whole_model_is_read_as_it_was_simulated(house: Device[House]) -> None:
    """What a device reads is the instance that it began as; what is only written is None."""
    assert house.read() == a_house().replace(reset=None)


def test_a_model_is_read_in_few_requests(house: Device[House], client: Recorder) -> None:
    """Neighbours share a request, gaps up to max_gap are bridged."""
    house.read()
    assert [repr(request) for request in client.requests] == [
        "RawRead(read=ReadCoils(address=3, quantity=1))",
        "RawRead(read=ReadCoils(address=200, quantity=5))",
        "RawRead(read=ReadDiscreteInputs(address=7, quantity=1))",
        "RawRead(read=ReadInputRegisters(address=12, quantity=4))",
        "RawRead(read=ReadInputRegisters(address=200, quantity=5))",
        "RawRead(read=ReadHoldingRegisters(address=0, quantity=9))",
        "RawRead(read=ReadHoldingRegisters(address=100, quantity=6))",
        "RawRead(read=ReadHoldingRegisters(address=200, quantity=5))",
    ]


def test_the_gap_may_be_given_for_one_device(client: Recorder) -> None:
    """A gap of 0 reads nothing that no field declares."""
    Device(client, House, max_gap=0).read()
    quantities = [
        request.read.quantity for request in client.requests if isinstance(request, RawRead)
    ]
    assert sum(quantities) == 1 + 3 + 1 + 4 + 3 + (1 + 1 + 1 + 1 + 2) + 6 + 3


def test_one_field_is_one_request(house: Device[House], client: Recorder) -> None:
    """A single field comes as its value, in one request for its own cells."""
    assert house.read(House.outdoor) == -3.5
    assert len(client.requests) == 1


def test_several_fields_come_as_a_tuple_in_the_order_asked(house: Device[House]) -> None:
    """Fields of any table, groups and items of what repeats can be asked for together."""
    mode, pump, circuit, zones = house.read(House.mode, House.pump, House.circuit, House.zones)
    assert mode is Mode.HEAT
    assert pump is True
    assert circuit == Circuit(hours=0x10002, name="attic")
    assert zones == a_house().zones
    five = house.read(
        House.fan, House.fan, House.zones[2], House.zones[1].at(Zone.boost), House.ready
    )
    assert five == (9, 9, a_house().zones[2], True, False)


def test_a_write_only_field_cannot_be_read(house: Device[House], client: Recorder) -> None:
    """Asking for it fails before anything is sent."""
    with pytest.raises(RequestError, match=r"House.reset: holding\[40\]: is write-only"):
        house.read(House.reset)
    assert client.requests == []


def test_adjacent_writes_share_a_request(house: Device[House], client: Recorder) -> None:
    """Adjacent registers go out by one FC 16, a lone one by FC 6, in the order of the call."""
    house.write(House.curve.to(2.5), House.limit.to(7), House.mode.to(Mode.COOL))
    assert client.requests == [
        WriteMultipleRegisters(6, [7, 0x0000, 0x4020]),
        WriteSingleRegister(0, 2),
    ]
    assert house.read(House.mode, House.limit, House.curve) == (Mode.COOL, 7, 2.5)


def test_bits_are_written_by_mask(
    house: Device[House], client: Recorder, sim: Simulation[House]
) -> None:
    """Fields that share a register change in one request, and no other bit does."""
    house.write(House.fan.to(15), House.override.to(True))
    assert client.requests == [MaskWriteRegister(5, 0xFFFF & ~0xBC, 15 << 2 | 1 << 7)]
    assert sim.snapshot().fault is True
    assert house.read(House.fan, House.override) == (15, True)


def test_bits_are_read_and_written_where_the_device_has_no_mask_write() -> None:
    """A device without FC 22 gets a read and a write that keeps the other bits."""
    bank = SharedBank()
    bank.set_registers(Table.HOLDING_REGISTERS, 5, [0x8041])
    services = {kind: do for kind, do in SERVICES.items() if kind is not MaskWriteRegister}
    with Server(Handler(bank, services), port=0) as server, Client(*server.address) as wire:
        client = Recorder(wire)
        Device(client, House).write(House.fan.to(3))
    assert client.requests[1:] == [ReadHoldingRegisters(5, 1), WriteSingleRegister(5, 0x804D)]
    assert bank.get_registers(Table.HOLDING_REGISTERS, 5) == [0x804D]


def test_a_field_in_a_group_is_written(house: Device[House], client: Recorder) -> None:
    """A reference through a group, and through an item of what repeats, leads to the register."""
    house.write(House.zones[1].at(Zone.target).to(25.5), House.circuit.at(Circuit.name).to("roof"))
    assert client.requests[0] == WriteSingleRegister(202, 255)
    assert house.read(House.zones[1].at(Zone.target)) == 25.5
    assert house.read(House.circuit.at(Circuit.name)) == "roof"


def test_a_group_is_written_as_a_whole(house: Device[House]) -> None:
    """Its writable fields are written, its read-only ones left alone."""
    house.write(House.circuit.to(Circuit(hours=1, name="cellar")))
    assert house.read(House.circuit) == Circuit(hours=0x10002, name="cellar")


def test_an_instance_is_written(house: Device[House], sim: Simulation[House]) -> None:
    """All writable fields go out; read-only ones do not."""
    wanted = a_house().replace(mode=Mode.OFF, limit=3, energy=1, fan=2, pump=False)
    house.write(wanted)
    assert sim.snapshot() == wanted.replace(energy=70_000, reset=None)


def test_changes_are_what_is_written(house: Device[House], client: Recorder) -> None:
    """Only the fields that differ go out, and nothing at all when none does."""
    state = house.read()
    house.write_changes(state, state.replace(pump=False, limit=501))
    assert client.writes() == [WriteSingleRegister(6, 501), WriteSingleCoil(3, False)]
    client.requests.clear()
    house.write_changes(house.read(), house.read())
    assert client.writes() == []


def test_nan_is_no_change(client: Recorder) -> None:
    """A field that is NaN before and after does not differ."""
    state = a_house().replace(curve=float("nan"))
    Device(client, House).write_changes(state, state.replace(curve=float("nan")))
    assert client.requests == []


def test_a_changed_read_only_field_is_an_error(house: Device[House], client: Recorder) -> None:
    """What cannot be written is said, and nothing else is written."""
    state = a_house()
    with pytest.raises(EncodeError, match=r"House.energy: input\[14..15\]: is read-only"):
        house.write_changes(state, state.replace(energy=1, limit=1))
    assert client.requests == []


def test_nothing_is_sent_when_one_value_is_wrong(house: Device[House], client: Recorder) -> None:
    """All values are encoded before the first byte leaves."""
    with pytest.raises(EncodeError, match=r"House.limit: holding\[6\]: 1001 is above"):
        house.write(House.mode.to(Mode.OFF), House.limit.to(1001))
    assert client.requests == []


def test_a_field_given_twice_is_an_error(house: Device[House], client: Recorder) -> None:
    """Which of two values was meant is not guessed."""
    with pytest.raises(EncodeError, match=r"House\.limit: holding\[6\]: is written twice"):
        house.write(House.limit.to(1), House.limit.to(2))
    assert client.requests == []


def test_a_refusal_names_the_fields_and_the_request(client: Recorder) -> None:
    """The error of a device says what was read, where, and by which request."""

    class Elsewhere(RegisterMap):
        a: RO[int] = holding_register(300, uint16)
        b: RW[int] = holding_register(301, uint16)

    place = r"Elsewhere.a\.\.Elsewhere.b: holding\[300..301\]: exception 02"
    with pytest.raises(IllegalDataAddress, match=place) as refusal:
        Device(client, Elsewhere).read()
    assert refusal.value.request == RawRead(ReadHoldingRegisters(300, 2))
    with pytest.raises(IllegalDataAddress, match=r"Elsewhere.b: holding\[301\]: exception 02"):
        Device(client, Elsewhere).write(Elsewhere.b.to(1))


def test_registers_that_mean_nothing_name_their_field() -> None:
    """A value that no enum member has is an error with the field's name and cells."""
    bank = SharedBank()
    bank.set_registers(Table.HOLDING_REGISTERS, 0, [9])
    with Server(bank, port=0) as server, Client(*server.address) as client:
        device = Device(client, House)
        for read in (device.read, lambda: device.read(House.mode)):
            with pytest.raises(DecodeError, match=r"House.mode: holding\[0\]: 9"):
                read()
            with pytest.raises(DecodeError) as failure:
                read()
            assert isinstance(failure.value.request, RawRead)


def test_the_unit_id_is_the_clients_unless_given() -> None:
    """A device addresses its own unit, or the one that its client was made for."""
    with simulate(a_house(), port=0, unit_id=1) as sim:
        other = sim.add(a_house().replace(energy=5), unit_id=2)
        with Client(sim.host, sim.port, unit_id=2) as client:
            assert Device(client, House).read(House.energy) == 5
            assert Device(client, House, unit_id=1).read(House.energy) == 70_000
            Device(client, House).write(House.limit.to(1))
        assert other.snapshot().limit == 1
        assert sim.snapshot().limit == 500


def test_a_write_only_field_is_not_read_for_the_sake_of_others(client: Recorder) -> None:
    """A gap that may be bridged does not reach over what the device never tells."""
    Device(client, House, max_gap=100).read(House.curve, House.circuit)
    assert len(client.requests) == 2


class Other(RegisterMap):
    """Another map with a field of the same name."""

    mode: RW[int] = holding_register(50, uint16)


def test_a_reference_of_another_map_is_refused(house: Device[House], client: Recorder) -> None:
    """A field of the same name elsewhere is not taken for this device's; nothing is sent."""
    for wrong in (
        lambda: house.read(Other.mode),  # type: ignore[arg-type]
        lambda: house.write(Other.mode.to(1)),  # type: ignore[arg-type]
        lambda: house.write(House.mode.to(Mode.OFF), Other.mode.to(1)),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError, match=r"Other\.mode is no field of House"):
            wrong()
    assert client.requests == []


def test_a_reference_of_a_base_class_leads_to_the_subclass(client: Recorder) -> None:
    """A field may be named by the class that declared it."""

    class Mansion(House):
        wing: RO[int] = holding_register(41, uint16)

    by_base = House.limit
    assert Device(client, Mansion).read(by_base) == 500


@pytest.mark.parametrize("wrong", [None, "mode", 1, House, House.mode, [House.mode.to(Mode.OFF)]])
def test_what_is_no_setting_is_refused(house: Device[House], wrong: object) -> None:
    """A write of something else says what it takes."""
    with pytest.raises(TypeError, match="neither a House nor a setting"):
        house.write(wrong)  # type: ignore[call-overload]


@pytest.mark.parametrize("wrong", [None, "mode", 1, House])
def test_what_is_no_reference_is_refused(house: Device[House], wrong: object) -> None:
    """A read of something else says what it takes."""
    with pytest.raises(TypeError, match=r"no reference to a field, such as House\.outdoor"):
        house.read(wrong)  # type: ignore[call-overload]


def test_a_read_only_group_is_not_written_as_a_whole(
    house: Device[House], client: Recorder
) -> None:
    """A group declared RO is refused like a field; its writable members are written by name."""
    with pytest.raises(EncodeError, match=r"House\.zones\[0\]: is read-only as a whole"):
        house.write(House.zones[0].to(a_house().zones[0]))  # type: ignore[call-overload]
    assert client.requests == []


@pytest.mark.parametrize("wrong", [(1, 2, 3), None, (Circuit(hours=1, name="a"),) * 3])
def test_a_group_takes_instances_of_its_class(house: Device[House], wrong: object) -> None:
    """Anything else is refused with the name of a field in it."""
    zones = a_house().replace(zones=wrong)
    with pytest.raises(EncodeError, match=r"House\.zones\[0\]"):
        house.write(zones)


def test_a_write_that_fails_in_the_middle_says_what_was_done(
    house: Device[House], sim: Simulation[House]
) -> None:
    """Some requests were carried out: the error says that, and names the fields."""

    class Unlimited(House):
        limit: RW[int] = holding_register(6, uint16, max=60_000)

    device = Device(house.client, Unlimited)
    with pytest.raises(
        IllegalDataValue,
        match=r"written: Unlimited\.pump; not written: Unlimited\.limit, Unlimited\.mode",
    ) as failure:
        device.write(
            Unlimited.pump.to(False), Unlimited.limit.to(5000), Unlimited.mode.to(Mode.OFF)
        )
    assert failure.value.may_have_been_applied
    assert (sim.snapshot().pump, sim.snapshot().limit, sim.snapshot().mode) == (False, 500, 1)


def test_a_changed_view_of_other_cells_is_written(client: Recorder) -> None:
    """A field with overlap=True that differs is a change like any other."""

    class Viewed(RegisterMap):
        word: RW[int] = holding_register(6, uint16)
        same: RW[int] = holding_register(6, uint16, overlap=True)

    state = Viewed(word=500, same=500)
    Device(client, Viewed).write_changes(state, state.replace(same=7))
    assert client.requests == [WriteSingleRegister(6, 7)]


@pytest.mark.parametrize("gap", [-1, 1.5, "x", True])
def test_a_gap_is_a_number_of_cells(client: Recorder, gap: int) -> None:
    """A wrong one is refused when the device is made."""
    with pytest.raises(ValueError, match="max_gap"):
        Device(client, House, max_gap=gap)


def test_an_error_names_the_device(sim: Simulation[House]) -> None:
    """Of thirty devices behind one address, the one that failed."""
    with (
        Client(sim.host, sim.port, unit_id=9) as client,
        pytest.raises(IllegalDataAddress, match=f"to {sim.host}:{sim.port} unit 9"),
    ):
        client.read_holding_registers(300)


def test_of_many_requests_the_refused_one_is_named(client: Recorder) -> None:
    """The error says which block of a read failed, not all that were read with it."""

    class Apart(RegisterMap):
        mode: RW[int] = holding_register(0, uint16)
        beyond: RO[int] = holding_register(300, uint16)
        limit: RW[int] = holding_register(6, uint16)

    with pytest.raises(IllegalDataAddress, match=r"^Apart\.beyond: holding\[300\]: exc") as refusal:
        Device(client, Apart).read()
    assert refusal.value.request == RawRead(ReadHoldingRegisters(300, 1))


def test_where_a_client_does_not_say_which_request_failed_all_are_named() -> None:
    """An error of a user's own client without a request still says what was being read."""

    class Broken(Recorder):
        def read_many(
            self, requests: list[AnyRequest], /, *, unit_id: int | None = None
        ) -> list[Any]:
            raise ConnectionClosedError("gone")

    device = Device(Broken(Client("127.0.0.1", 1)), House)
    with pytest.raises(ConnectionClosedError, match=r"House\.pump: coil\[3\], House\.mode: hol"):
        device.read(House.mode, House.pump)


@pytest.mark.parametrize("unit_id", [-1, 256])
def test_a_unit_id_is_a_byte(client: Recorder, unit_id: int) -> None:
    """A wrong one is refused when the device is made."""
    with pytest.raises(ValueError, match=f"unit id {unit_id}"):
        Device(client, House, unit_id=unit_id)


class Commands(RegisterMap):
    """Five commands that are only written, between two settings."""

    before: RW[int] = holding_register(0, uint16)
    a: WO[int] = holding_register(1, uint16, default=None)
    b: WO[int] = holding_register(2, uint16, default=None)
    c: WO[int] = holding_register(3, uint16, default=None)
    d: WO[int] = holding_register(4, uint16, default=None)
    e: WO[int] = holding_register(5, uint16, default=None)
    after: RW[int] = holding_register(6, uint16)


@pytest.mark.parametrize("given", range(32))
def test_an_instance_writes_the_commands_that_it_gives(given: int) -> None:
    """Whichever write-only fields are None, those and no others are left alone."""
    commands = {name: 10 + n for n, name in enumerate("abcde") if given >> n & 1}
    bank = SharedBank()
    bank.set_registers(Table.HOLDING_REGISTERS, 0, [99] * 7)
    with Server(bank, port=0) as server, Client(*server.address) as client:
        device = Device(client, Commands)
        device.write(Commands(before=1, after=2, **commands))
        device.write(Commands(before=1, after=3, **commands))
    held = bank.get_registers(Table.HOLDING_REGISTERS, 0, 7)
    assert held == [1, *(commands.get(name, 99) for name in "abcde"), 3]
