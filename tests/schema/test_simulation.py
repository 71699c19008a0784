"""A simulated device: what any client may do to it, what it says, and what it refuses."""

import logging
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from enum import IntEnum
from typing import Any

import pytest
from attrs.validators import in_
from hypothesis import given
from hypothesis import strategies as st

from modbus_schema import (
    RO,
    RW,
    WO,
    DecodeError,
    Device,
    EncodeError,
    Ref,
    RegisterMap,
    Simulation,
    bit,
    bit_list,
    coil,
    enum,
    group,
    holding_register,
    raw,
    simulate,
    string,
    uint16,
    uint32,
)
from modbus_schema.simulation.device import SimulatedDevice
from modbus_schema.simulation.guard import GuardedBank
from modbus_wire import (
    Client,
    ConnectError,
    Framing,
    GatewayTargetFailedToRespond,
    IllegalDataAddress,
    IllegalDataValue,
    Table,
)
from tests.schema.maps import Circuit, House, Mode, Zone, a_house


class Strict(IntEnum):
    """Commands, none of them 0."""

    GO = 7


@pytest.fixture
def sim() -> Iterator[Simulation[House]]:
    """A simulated house that is being served."""
    with simulate(a_house(), port=0) as simulation:
        yield simulation


@pytest.fixture
def client(sim: Simulation[House]) -> Iterator[Client]:
    """A client that knows nothing of maps."""
    with Client(sim.host, sim.port) as wire:
        yield wire


def test_what_is_served_where() -> None:
    """Is what a simulation shows."""
    sim = simulate(a_house(), port=0)
    assert repr(sim) == "<Simulation of House stopped, for 127.0.0.1>"
    with sim:
        assert repr(sim) == f"<Simulation of House at 127.0.0.1 port {sim.port}>"
    assert repr(sim.move(House.limit, int)) == "<Movement of House.limit by <class 'int'>>"


def test_what_cannot_be_called() -> None:
    """Is refused when it is given, and so is what nobody would await."""
    device = SimulatedDevice(a_house())

    async def later(*_: object) -> int:
        return 0

    for function in (5, later):
        with pytest.raises(TypeError, match=r"what watches .*(called|await)"):
            device.on_write(House.limit)(function)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=r"what gives a field its value .*(called|await)"):
            device.move(House.limit, function)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=r"what gives a field its value .*(called|await)"):
            device.depends(House.limit, on=House.fan)(function)  # type: ignore[arg-type]


def test_options_that_are_none() -> None:
    """They are told by what was meant."""
    with pytest.raises(TypeError, match="'max_conections' is no option: allow, max_connections"):
        simulate(a_house(), max_conections=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unit id '1' is no int"):
        simulate(a_house(), unit_id="1")  # type: ignore[arg-type]


def test_a_reboot_that_a_client_orders() -> None:
    """The device may leave the network and come back where a write is told of."""
    with simulate(a_house(), port=0) as sim, Client(sim.host, sim.port) as client:

        @sim.on_write(House.limit)
        def reboot(old: int, new: int) -> None:
            sim.stop()
            sim.start()

        client.write_single_register(6, 7)
        assert client.read_holding_registers(6) == [7]


def test_any_client_reads_the_values(client: Client) -> None:
    """The registers hold the instance, in the word order of the map or the group."""
    assert client.read_input_registers(12, 2) == [0x0000, 0xC060]  # -3.5, low word first
    assert client.read_holding_registers(0) == [1]
    assert client.read_holding_registers(5) == [0x8000 | 9 << 2]
    assert client.read_holding_registers(100, 4) == [0x0001, 0x0002, 0x6174, 0x7469]
    assert client.read_coils(3) == [True]
    assert client.read_discrete_inputs(7) == [False]


@pytest.mark.parametrize(
    ("address", "quantity"), [(9, 1), (39, 1), (99, 2), (106, 1), (65535, 1), (204, 2)]
)
def test_a_hole_is_an_illegal_address(client: Client, address: int, quantity: int) -> None:
    """Where the map has no field and no gap to bridge, there is nothing."""
    with pytest.raises(IllegalDataAddress):
        client.read_holding_registers(address, quantity)


def test_a_gap_that_the_map_bridges_reads_as_zero_and_cannot_be_written(client: Client) -> None:
    """Whoever reads with the map's own gap is answered."""
    assert client.read_holding_registers(3, 2) == [0, 0]
    with pytest.raises(IllegalDataAddress):
        client.write_single_register(3, 1)


@pytest.mark.parametrize("address", [2, 100, 101])
def test_a_read_only_field_cannot_be_written(
    sim: Simulation[House], client: Client, address: int
) -> None:
    """A holding register that is RO refuses every write, and nothing of it is done."""
    for write in (
        lambda: client.write_single_register(address, 0),
        lambda: client.write_multiple_registers(address, [0]),
        lambda: client.mask_write_register(address, 0, 0),
        lambda: client.read_write_multiple_registers(0, 1, address, [0]),
    ):
        with pytest.raises(IllegalDataAddress):
            write()
    assert sim.snapshot() == a_house().replace(reset=None)


def test_a_write_only_field_cannot_be_read(client: Client) -> None:
    """It takes what is written and never tells."""
    client.write_single_register(40, 1)
    with pytest.raises(IllegalDataAddress):
        client.read_holding_registers(40)


def test_read_only_bits_beside_writable_ones_stay(sim: Simulation[House], client: Client) -> None:
    """A write of the register that keeps them is done, one that changes them is refused."""
    client.write_single_register(5, 0x8000 | 3 << 2)
    assert sim.snapshot().fan == 3
    with pytest.raises(IllegalDataValue):
        client.write_single_register(5, 3 << 2)
    assert sim.snapshot().fault is True


@pytest.mark.parametrize(
    ("address", "values"),
    [
        (0, [7]),  # no Mode
        (6, [1001]),  # above the maximum
        (200, [301]),  # above the maximum, scaled
        (200, [49]),  # below the minimum, scaled
        (6, [5, 0, 0, 1, 2]),  # runs out of the map, after sound values
    ],
)
def test_a_refused_value_changes_nothing(
    sim: Simulation[House], client: Client, address: int, values: list[int]
) -> None:
    """What codec or limits refuse is exception 03, a hole exception 02; all stays as it was."""
    before = sim.snapshot()
    with pytest.raises((IllegalDataValue, IllegalDataAddress)):
        client.write_multiple_registers(address, values)
    assert sim.snapshot() == before


def test_a_write_is_told_once_with_old_and_new(sim: Simulation[House], client: Client) -> None:
    """One operation, one call for each field that somebody watches, with typed values."""
    told: list[tuple[object, object]] = []

    @sim.on_write(House.limit)
    def limit_changed(old: int, new: int) -> None:
        told.append((old, new))

    @sim.on_write(House.curve)
    def curve_changed(old: float, new: float) -> None:
        told.append((old, new))

    @sim.on_write(House.mode)
    def mode_changed(old: Mode, new: Mode) -> None:
        told.append((old, new))

    client.write_multiple_registers(6, [7, 0x0000, 0x4020])
    assert told == [(500, 7), (1.25, 2.5)]
    client.write_single_register(0, 1)
    assert told[2:] == [(Mode.HEAT, Mode.HEAT)]


def test_every_way_to_write_is_told(sim: Simulation[House], client: Client) -> None:
    """FC 5, 6, 15, 16, 22 and 23 all end in one event."""
    told: list[object] = []
    sim.on_write(House.pump)(lambda old, new: told.append(new))
    sim.on_write(House.fan)(lambda old, new: told.append(new))
    sim.on_write(House.limit)(lambda old, new: told.append(new))
    client.write_single_coil(3, False)
    client.write_multiple_coils(3, [True])
    client.mask_write_register(5, 0xFFC3, 2 << 2)
    client.write_single_register(6, 1)
    client.write_multiple_registers(6, [2])
    client.read_write_multiple_registers(0, 1, 6, [3])
    assert told == [False, True, 2, 1, 2, 3]


def test_a_group_is_watched_as_a_whole(sim: Simulation[House], client: Client) -> None:
    """A reference to a group tells its instances; an item of what repeats likewise."""
    told: list[tuple[object, object]] = []
    sim.on_write(House.zones[1])(lambda old, new: told.append((old, new)))
    sim.on_write(House.circuit)(lambda old, new: told.append((old, new)))
    client.write_single_register(202, 250)
    client.write_single_register(200, 250)
    client.write_multiple_registers(102, [0x6100, 0, 0, 0])
    zone = Zone(temperature=None, target=21.0, boost=True)
    assert told == [
        (zone, zone.replace(target=25.0)),
        (Circuit(hours=0x10002, name="attic"), Circuit(hours=0x10002, name="a")),
    ]


def test_half_a_value_may_be_written(sim: Simulation[House], client: Client) -> None:
    """One register of a pair changes the value that the pair holds."""
    client.write_single_register(8, 0x4020)
    assert sim.snapshot().curve == 2.5


def test_a_failing_watcher_is_logged_and_the_write_stands(
    sim: Simulation[House], client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """The client's write was done, so it is answered as done; the next watcher is called."""
    told: list[int] = []

    @sim.on_write(House.limit)
    def fails(old: int, new: int) -> None:
        raise RuntimeError("not today")

    sim.on_write(House.limit)(lambda old, new: told.append(new))
    with caplog.at_level(logging.ERROR, "modbus_schema.simulation"):
        client.write_single_register(6, 8)
    assert told == [8]
    assert "not today" in caplog.text


def test_a_watcher_may_change_the_device(sim: Simulation[House], client: Client) -> None:
    """A device that behaves: what is written moves what is read."""

    @sim.on_write(House.mode)
    def follow(old: Mode, new: Mode) -> None:
        sim.set(House.energy.to(sim.snapshot().energy + 1), House.ready.to(new is Mode.OFF))

    client.write_single_register(0, 0)
    assert client.read_discrete_inputs(7) == [True]
    assert sim.snapshot().energy == 70_001


def test_set_is_what_clients_read_next(sim: Simulation[House], client: Client) -> None:
    """Read-only fields, fields in groups and bits of a register can be set."""
    sim.set(
        House.outdoor.to(8.0),
        House.fault.to(False),
        House.zones[0].at(Zone.temperature).to(19.5),
        House.circuit.to(Circuit(hours=3, name="b")),
    )
    assert client.read_input_registers(12, 2) == [0, 0x4100]
    assert client.read_holding_registers(5) == [9 << 2]
    assert client.read_input_registers(200) == [195]
    assert client.read_holding_registers(100, 3) == [0, 3, 0x6200]


def test_set_refuses_as_a_whole(sim: Simulation[House]) -> None:
    """A value that its field cannot hold changes nothing."""
    before = sim.snapshot()
    with pytest.raises(EncodeError, match=r"House\.limit"):
        sim.set(House.energy.to(1), House.limit.to(1001))
    assert sim.snapshot() == before


def test_an_instance_that_cannot_be_held_is_refused() -> None:
    """A simulated device begins with what its registers can say."""
    with pytest.raises(EncodeError, match=r"House\.circuit\.name: holding\[102..105\]"):
        SimulatedDevice(a_house().replace(circuit=Circuit(hours=0, name="much too long")))


def test_units_are_apart_and_unknown_ones_do_not_answer() -> None:
    """Each unit id has its own cells; one that nobody has is exception 0B."""
    with simulate(a_house(), port=0, unit_id=1) as sim:
        zone = sim.add(Zone(temperature=1.5, target=20, boost=False), unit_id=2)
        with Client(sim.host, sim.port) as client:
            assert client.read_input_registers(0, unit_id=2) == [15]
            with pytest.raises(IllegalDataAddress):
                client.read_input_registers(0, unit_id=1)
            with pytest.raises(GatewayTargetFailedToRespond):
                client.read_input_registers(0, unit_id=3)
            client.write_single_register(0, 210, unit_id=2)
        assert zone.snapshot().target == 21.0


def test_without_a_unit_id_a_device_answers_to_all_that_are_left() -> None:
    """A lone device is found whatever the client's unit id is."""
    with simulate(Zone(temperature=None, target=20, boost=False), port=0) as sim:
        sim.add(Zone(temperature=None, target=25, boost=False), unit_id=5)
        with Client(sim.host, sim.port) as client:
            targets = [client.read_holding_registers(0, unit_id=unit) for unit in (0, 1, 5, 255)]
        assert targets == [[200], [200], [250], [200]]


@pytest.mark.parametrize("unit_id", [-1, 256, 1])
def test_a_unit_id_that_cannot_be_had_is_refused(unit_id: int) -> None:
    """It must be 0 to 255 and free."""
    sim = simulate(a_house(), port=0, unit_id=1)
    with pytest.raises(ValueError, match=f"unit id {unit_id}"):
        sim.add(a_house(), unit_id=unit_id)


def test_a_simulation_stops_and_starts_again() -> None:
    """Stopping closes the port, leaves no thread, and keeps what the device holds."""
    threads = threading.active_count()
    sim = simulate(a_house(), port=0)
    with sim:
        host, port = sim.host, sim.port
        with Client(host, port) as client:
            client.write_single_register(6, 9)
    assert threading.active_count() == threads
    with pytest.raises(ConnectError), Client(host, port) as client:
        client.read_coils(3)
    with sim, Client(host, port) as client:
        assert client.read_holding_registers(6) == [9]


def test_a_simulation_speaks_rtu_over_tcp() -> None:
    """The framing is the server's choice, the device is the same."""
    with (
        simulate(a_house(), port=0, framing=Framing.RTU) as sim,
        Client(sim.host, sim.port, framing=Framing.RTU) as client,
    ):
        assert client.read_holding_registers(6) == [500]


def test_a_broadcast_reaches_every_device() -> None:
    """A write to unit 0 of a serial line is carried out by all units, and nobody answers it."""
    with simulate(a_house(), port=0, framing=Framing.RTU) as sim:
        zone = sim.add(Zone(temperature=None, target=25, boost=False), unit_id=5)
        with Client(sim.host, sim.port, framing=Framing.RTU) as client:
            client.write_single_register(200, 210, unit_id=0)
            client.write_single_register(0, 210, unit_id=0)
            assert client.read_holding_registers(200, unit_id=1) == [210]
            assert client.read_holding_registers(0, unit_id=5) == [210]
    assert (sim.snapshot().zones[0].target, zone.snapshot().target) == (21.0, 21.0)


def test_a_snapshot_of_cells_that_mean_nothing_names_the_field() -> None:
    """Whoever pokes the bank itself hears of it with the field's name."""

    class Plate(RegisterMap):
        label: RW[str] = holding_register(0, string(1))
        count: RO[int] = holding_register(1, uint16)

    device = SimulatedDevice(Plate(label="a", count=1))
    device.bank.set_registers(Table.HOLDING_REGISTERS, 0, [0xFFFF])
    with pytest.raises(DecodeError, match=r"Plate\.label: holding\[0\]"):
        device.snapshot()


@given(
    mode=st.sampled_from(Mode),
    fan=st.integers(0, 15),
    limit=st.integers(0, 1000),
    curve=st.floats(width=32, allow_nan=False),
    name=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=8),
    targets=st.lists(st.integers(50, 300), min_size=3, max_size=3),
)
def test_what_is_set_is_what_is_snapshot(
    mode: Mode, fan: int, limit: int, curve: float, name: str, targets: list[int]
) -> None:
    """Any state that the fields can hold comes back as it went in."""
    state = a_house().replace(
        reset=None,
        mode=mode,
        fan=fan,
        limit=limit,
        curve=curve,
        circuit=Circuit(hours=limit, name=name),
        zones=tuple(Zone(temperature=None, target=n / 10, boost=True) for n in targets),
    )
    assert SimulatedDevice(state).snapshot() == state


@pytest.mark.skipif(shutil.which("mbpoll") is None, reason="mbpoll is not installed")
def test_mbpoll_reads_and_writes(sim: Simulation[House]) -> None:
    """The C client of Debian, which counts from 1, finds the values and changes one."""

    def mbpoll(*arguments: str) -> str:
        command = ["mbpoll", "-m", "tcp", "-p", str(sim.port), "-q", "-1", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
        return done.stdout

    assert "500" in mbpoll("-t", "4", "-r", "7", sim.host)
    assert "-3.5" in mbpoll("-t", "3:float", "-r", "13", sim.host)
    mbpoll("-t", "4", "-r", "7", sim.host, "123")
    assert sim.snapshot().limit == 123


def test_pymodbus_reads_and_writes(sim: Simulation[House]) -> None:
    """The best known other client agrees about every table, and its writes arrive."""
    pymodbus = pytest.importorskip("pymodbus.client")
    with pymodbus.ModbusTcpClient(sim.host, port=sim.port) as client:
        assert client.read_coils(3, count=1).bits[0] is True
        assert client.read_discrete_inputs(7, count=1).bits[0] is False
        registers = client.read_input_registers(12, count=2).registers
        kind = client.DATATYPE.FLOAT32
        assert client.convert_from_registers(registers, kind, word_order="little") == -3.5
        client.write_registers(6, [7, 0x0000, 0x4020])
        client.write_coil(3, False)
        assert client.write_register(0, 7).exception_code == 3
        assert client.write_register(9, 7).exception_code == 2
    assert (sim.snapshot().limit, sim.snapshot().curve, sim.snapshot().pump) == (7, 2.5, False)


class Drive(RegisterMap, max_gap=5):
    """A command register of bits that are only written, and a status word seen twice."""

    start: WO[bool] = holding_register(0x2000, bit(0), default=None)
    mode: RW[int] = holding_register(10, uint16, max=9, validator=in_([1, 2, 3]))
    mode_word: RO[int] = holding_register(10, uint16, overlap=True)
    long: RO[bytes] = holding_register(100, raw(119))
    near: RO[int] = holding_register(219, uint16)
    far: RO[int] = holding_register(224, uint16)


def a_drive() -> Drive:
    """Return a drive that stands still."""
    return Drive(mode=1, mode_word=1, long=bytes(238), near=5, far=6)


def test_a_bit_that_is_only_written_can_be_written() -> None:
    """A command register takes its bits by mask, and is told of."""
    told: list[object] = []
    with simulate(a_drive(), port=0) as sim, Client(sim.host, sim.port) as client:
        sim.on_write(Drive.start)(lambda old, new: told.append(new))
        Device(client, Drive).write(Drive.start.to(True))
        with pytest.raises(IllegalDataAddress):
            client.read_holding_registers(0x2000)
    assert told == [True]


def test_another_view_of_a_register_does_not_guard_it() -> None:
    """A read-only view changes with the field that it looks at."""
    with simulate(a_drive(), port=0) as sim, Client(sim.host, sim.port) as client:
        drive = Device(client, Drive)
        drive.write(Drive.mode.to(3))
        assert drive.read(Drive.mode, Drive.mode_word) == (3, 3)
        state = drive.read()
        drive.write_changes(state, state.replace(mode=2, mode_word=2))
        assert sim.snapshot().mode == 2


def test_part_of_a_map_is_read_over_gaps_that_the_whole_splits() -> None:
    """Where a read of all ends a request, a read of some may bridge."""
    with simulate(a_drive(), port=0) as sim, Client(sim.host, sim.port) as client:
        drive = Device(client, Drive)
        assert drive.read().far == 6
        assert drive.read(Drive.near, Drive.far) == (5, 6)


def test_a_validator_that_fails_in_its_own_way_refuses() -> None:
    """Whatever it raises, the client hears 03 and nothing is written."""

    def odd(instance: object, attribute: object, value: int) -> None:
        assert value % 2

    class Odd(RegisterMap):
        number: RW[int] = holding_register(0, uint16, validator=odd)

    with simulate(Odd(number=1), port=0) as sim, Client(sim.host, sim.port) as client:
        with pytest.raises(IllegalDataValue):
            client.write_single_register(0, 50)
        assert sim.snapshot().number == 1


def test_a_group_with_a_field_that_nobody_wrote_is_watched() -> None:
    """What a write-only field holds before its first write may mean nothing: it is None."""

    class Panel(RegisterMap):
        command: WO[Strict] = holding_register(0, enum(Strict), default=None)
        level: RW[int] = holding_register(1, uint16)

    class Plant(RegisterMap):
        panel: RW[Panel] = group(Panel, base=0)

    told: list[object] = []
    with (
        simulate(Plant(panel=Panel(level=1)), port=0) as sim,
        Client(sim.host, sim.port) as client,
    ):
        sim.on_write(Plant.panel)(lambda old, new: told.append((old.level, new.level)))
        client.write_single_register(1, 2)
    assert told == [(1, 2)]


@pytest.mark.parametrize("ref", [House.outdoor, House.fault, House.ready, Drive.mode_word])
def test_what_no_client_writes_cannot_be_watched(ref: Ref[Any, Any]) -> None:
    """A watcher that would never be called is refused when it is given."""
    device = SimulatedDevice(a_drive() if ref == Drive.mode_word else a_house())
    with pytest.raises(TypeError, match=f"{re.escape(repr(ref))} is read-only"):
        device.on_write(ref)


def test_a_coroutine_function_cannot_watch() -> None:
    """Nobody would await what it returns."""

    async def later(old: int, new: int) -> None:
        raise AssertionError

    with pytest.raises(TypeError, match="coroutine function"):
        SimulatedDevice(a_house()).on_write(House.limit)(later)


def test_a_refused_value_is_never_seen() -> None:
    """While a value is judged, and readers take no lock for it, the cells hold the old one."""
    seen: list[list[int]] = []
    banks: list[GuardedBank] = []

    def refuses(instance: object, attribute: object, value: int) -> None:
        seen.extend(bank.get_registers(Table.HOLDING_REGISTERS, 0) for bank in banks)
        if value > 9:
            raise ValueError

    class Judged(RegisterMap):
        number: RW[int] = holding_register(0, uint16, validator=refuses)

    bank = SimulatedDevice(Judged(number=1)).bank
    banks.append(bank)
    with pytest.raises(IllegalDataValue):
        bank.write_registers(0, b"\0\x0a")
    assert seen == [[1]]


def test_a_write_that_begins_and_ends_within_fields_is_judged_by_whole_values() -> None:
    """Cells outside the write count with what they hold."""

    class Pair(RegisterMap):
        relays: RW[tuple[bool, ...]] = coil(0, bit_list(10))
        first: RW[int] = holding_register(0, uint32, max=0x1FFFF)
        second: RW[int] = holding_register(2, uint32, max=0x1FFFF)

    device = SimulatedDevice(Pair(relays=(False,) * 10, first=0x10002, second=0x10004))
    told: list[object] = []
    device.on_write(Pair.relays)(lambda old, new: told.append(new))
    device.on_write(Pair.first)(lambda old, new: told.append((old, new)))
    device.on_write(Pair.second)(lambda old, new: told.append((old, new)))
    device.bank.write_registers(1, bytes.fromhex("0003 0000"))
    assert told == [(0x10002, 0x10003), (0x10004, 4)]
    with pytest.raises(IllegalDataValue, match="131076 is above the maximum"):
        device.bank.write_registers(1, bytes.fromhex("0005 0002"))
    assert (device.snapshot().first, device.snapshot().second) == (0x10003, 4)
    device.bank.write_coils(3, 6, b"\x3f")
    assert told[2] == (*(False,) * 3, *(True,) * 6, False)
