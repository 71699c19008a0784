"""Recordings of devices, and devices that answer as they were recorded."""

import asyncio
import inspect
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_schema import AsyncDevice, Device, simulate
from modbus_schema.simulation import (
    AsyncRecorder,
    Hole,
    ManualClock,
    NoAnswer,
    Recorder,
    RecordingGateway,
    counter,
    entries,
    record,
    replay,
    steps,
)
from modbus_schema.simulation.entries import Entry, first_line, read_entries
from modbus_schema.simulation.tracks import RecordedBank
from modbus_wire import (
    AsyncClient,
    Client,
    ConnectError,
    GatewayPathUnavailable,
    GatewayTargetFailedToRespond,
    IllegalDataAddress,
    IllegalDataValue,
    IllegalFunction,
    MaskWriteRegister,
    MemoryParityError,
    Policy,
    RawPdu,
    ReadExceptionStatus,
    ReadHoldingRegisters,
    ReadWriteMultipleRegisters,
    ResponseTimeout,
    Table,
    WriteSingleRegister,
)
from tests.schema.maps import House, Mode, Zone, a_house
from tests.wire.peers import LIMIT

TIMES = (0.0, 10.0, 15.0, 40.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the recording goes."""
    return tmp_path / "house.jsonl"


def advances() -> list[float]:
    """Return how far the clock goes after each read."""
    return [after - before for before, after in pairwise(TIMES)] + [1.0]


def test_a_moving_device_is_recorded_and_replayed(path: Path) -> None:
    """At the same times the same values are read, and between them those read last."""
    clock = ManualClock(500)
    seen: list[House] = []
    with (
        simulate(a_house(), port=0, clock=clock) as sim,
        Client(sim.host, sim.port) as client,
        record(client, path, clock=clock) as recorded,
    ):
        assert isinstance(recorded, Recorder)
        sim.move(House.energy, counter(0, 2))
        sim.move(House.mode, steps((0, Mode.OFF), (12, Mode.COOL)))
        sim.move(House.pump, lambda t: t < 5)
        for step in advances():
            seen.append(Device(recorded, House).read())
            clock.advance(step)
    assert [house.energy for house in seen] == [0, 20, 30, 80]
    clock = ManualClock()
    with replay(path, port=0, clock=clock) as again, Client(again.host, again.port) as client:
        found = []
        for step in advances():
            found.append(Device(client, House).read())
            clock.advance(step)
        assert found == seen
        assert (again.duration, again.seconds) == (40, 41)
        again.rewind()
        clock.advance(9)
        assert Device(client, House).read() == seen[0]


def test_async_devices_are_recorded_and_replayed(path: Path) -> None:
    """The same, for those who await."""
    seen: list[House] = []

    async def recording() -> None:
        clock = ManualClock()
        async with (
            simulate(a_house(), port=0, clock=clock) as sim,
            AsyncClient(sim.host, sim.port) as client,
        ):
            sim.move(House.energy, counter(0, 2))
            with record(client, path, clock=clock) as recorded:
                assert isinstance(recorded, AsyncRecorder)
                house = AsyncDevice(recorded, House)
                for step in advances():
                    seen.append(await house.read())
                    clock.advance(step)
                await house.write(House.limit.to(7))
                with sim.fault(House.limit, Hole()), pytest.raises(IllegalDataAddress):
                    await house.read(House.limit)
                with sim.fault(Hole()), pytest.raises(IllegalDataAddress):
                    await house.read()

    async def replaying() -> list[House]:
        clock = ManualClock()
        async with (
            replay(path, port=0, clock=clock) as again,
            AsyncClient(again.host, again.port) as client,
        ):
            found = []
            for step in advances():
                found.append(await AsyncDevice(client, House).read())
                clock.advance(step)
            return found

    asyncio.run(recording())
    assert asyncio.run(replaying()) == seen
    written = [entry for entry in read_entries(path) if entry.is_write]
    assert [(entry.address, entry.values) for entry in written] == [(6, (7,))]


def test_refused_addresses_are_refused_again(path: Path) -> None:
    """A partial read finds the same holes, by the same exceptions, and the same values."""
    with (
        simulate(a_house(), port=0) as sim,
        Client(sim.host, sim.port) as client,
        record(client, path) as recorded,
    ):
        sim.fault(House.alarms, Hole())
        sim.fault(House.circuit, MemoryParityError())
        house = Device(recorded, House)
        first = house.read(partial=True)
        second = house.read(partial=True)
        with pytest.raises(IllegalDataAddress):
            house.read(House.alarms)
    with replay(path, port=0) as again, Client(again.host, again.port) as client:
        house = Device(client, House)
        for partial in (first, second):
            found = house.read(partial=True)
            assert found.values == partial.values
            assert found.failed.keys() == partial.failed.keys()
        with pytest.raises(IllegalDataAddress):
            house.read(House.alarms)
        with pytest.raises(MemoryParityError):
            client.read_holding_registers(101)
        with pytest.raises(IllegalDataAddress):
            client.read_holding_registers(1000)
        assert client.read_holding_registers(0) == [1]
        with pytest.raises(IllegalDataAddress):
            client.read_holding_registers(0, 3)


def test_what_timed_out_is_not_answered(path: Path) -> None:
    """At the times when it did; a client's patience is put to the same test."""
    clock = ManualClock()
    policy = Policy(timeout=0.1, retries=0)
    with (
        simulate(a_house(), port=0, clock=clock) as sim,
        Client(sim.host, sim.port, policy=policy) as client,
        record(client, path, clock=clock) as recorded,
    ):
        house = Device(recorded, House)
        house.read(House.limit)
        clock.advance(5)
        with sim.fault(House.limit, NoAnswer()), pytest.raises(ResponseTimeout):
            house.read(House.limit)
        clock.advance(5)
        house.read(House.limit)
    clock = ManualClock()
    with (
        replay(path, port=0, clock=clock, repeat=True) as again,
        Client(again.host, again.port, policy=policy) as client,
    ):
        for _ in range(2):
            assert client.read_holding_registers(6) == [500]
            assert client.read_holding_registers(6, 1, unit_id=1) == [500]
            clock.advance(5)
            with pytest.raises(ResponseTimeout):
                client.read_holding_registers(6)
            clock.advance(5)


def test_units_are_apart(path: Path) -> None:
    """Each answers under its id; an id that was never asked does not."""
    with (
        simulate(a_house(), port=0, unit_id=1) as sim,
        Client(sim.host, sim.port) as client,
        record(client, path) as recorded,
    ):
        sim.add(Zone(temperature=1.5, target=20, boost=False), unit_id=2)
        Device(recorded, House).read(House.limit)
        Device(recorded, Zone, unit_id=2).read()
    with replay(path, port=0) as again, Client(again.host, again.port) as client:
        assert client.read_holding_registers(6) == [500]
        assert client.read_input_registers(0, unit_id=2) == [15]
        with pytest.raises(GatewayTargetFailedToRespond):
            client.read_input_registers(0, unit_id=3)


def test_clients_write_to_a_replayed_device(path: Path) -> None:
    """What they write stands until the recording changes it; refused writes are refused again."""
    clock = ManualClock()
    with (
        simulate(a_house(), port=0, clock=clock) as sim,
        Client(sim.host, sim.port) as client,
        record(client, path, clock=clock) as recorded,
    ):
        house = Device(recorded, House)
        house.read()
        with pytest.raises(IllegalDataValue):
            recorded.execute(WriteSingleRegister(6, 2000))
        clock.advance(10)
        house.write(House.limit.to(7), House.pump.to(False))
        recorded.execute(ReadHoldingRegisters(0, 9))
        house.read()
    clock = ManualClock()
    with replay(path, port=0, clock=clock) as again, Client(again.host, again.port) as client:
        with pytest.raises(IllegalDataValue):
            client.write_single_register(6, 2000)
        client.write_multiple_registers(6, [1, 2])
        client.write_multiple_coils(3, [False])
        client.mask_write_register(5, 0xFF00, 0xAB)
        assert client.read_write_multiple_registers(6, 2, 0, [2]) == [1, 2]
        assert client.read_holding_registers(5) == [0x80AB]
        with pytest.raises(IllegalDataAddress):
            client.write_single_register(1000, 1)
        assert client.read_coils(3) == [False]
        clock.advance(10)
        client.write_single_register(6, 5)  # it was written just then, and so it was not refused
        clock.advance(1)
        assert client.read_holding_registers(6, 2) == [5, 2]
        again.rewind()
        clock.advance(10)
        assert client.read_holding_registers(0) == [2]


def test_every_write_is_noted(path: Path) -> None:
    """Of all functions of the tables, with what was written; others are only passed on."""
    with (
        simulate(a_house(), port=0) as sim,
        Client(sim.host, sim.port) as client,
        record(client, path) as recorded,
    ):
        house = Device(recorded, House)
        house.write(House.fan.to(3), House.curve.to(2.5), House.pump.to(False))
        house.write(a_house())
        recorded.execute(ReadWriteMultipleRegisters(0, 2, 6, [8]))
        recorded.execute(MaskWriteRegister(5, 0xFFFF, 0))
        with pytest.raises(Exception, match="illegal function"):
            recorded.execute(ReadExceptionStatus())
    found = read_entries(path)
    assert found[0].masks is not None
    assert found[0].values is None
    last = [(entry.is_write, entry.address, entry.values, entry.masks) for entry in found[-3:]]
    assert last == [
        (False, 0, (1, 0), None),
        (True, 6, (8,), None),
        (True, 5, None, (0xFFFF, 0)),
    ]


def test_what_is_no_answer_of_a_device_is_not_noted(path: Path) -> None:
    """A connection that cannot be had says nothing of the device; the file is there at once."""
    with Client("127.0.0.1", 1, timeout=0.1) as client, record(client, path) as recorded:
        with pytest.raises(ConnectError):
            Device(recorded, House).read()
        with pytest.raises(ConnectError):
            Device(recorded, House).read(House.limit)
        assert read_entries(path) == []
    recorded.close()
    with simulate(a_house(), port=0) as sim, Client(sim.host, sim.port) as client:
        recorded.client = client
        assert Device(recorded, House).read(House.limit) == 500  # passed on, and not noted
    with replay(path, port=0) as again:
        assert (again.duration, again.seconds >= 0) == (0, True)


def test_the_file_is_what_its_module_says(path: Path) -> None:
    """Lines of JSON, one for each request, the example of the documentation among them."""
    example = [line.strip() for line in (entries.__doc__ or "").splitlines() if "{" in line]
    assert len(example) == 5
    path.write_text("\n".join([first_line(), *example, ""]), encoding="utf-8")
    found = read_entries(path)
    assert [json.loads(entry.line()) for entry in found] == [json.loads(line) for line in example]


def test_a_line_that_was_cut_is_left_out(path: Path) -> None:
    """A recorder that died leaves a recording."""
    whole = Entry(1.0, 1, Table.COILS, 0, 1, False, (1,))
    path.write_text(first_line() + "\n" + whole.line() + "\n" + whole.line()[:20], encoding="utf-8")
    assert read_entries(path) == [whole]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "line 2: Expecting value"),
        ("[]", "line 2: [] is no JSON object"),
        ("null", "line 2: null is no JSON object"),
        (
            '{"t": 1, "unit": "zz", "read": "coil", "address": 1, "quantity": 1}',
            "line 2: unit 'zz' is no whole number in 0..255",
        ),
        (
            '{"t": 1, "unit": 1, "read": "input", "address": 0, "quantity": 1, "values": [70000]}',
            "line 2: value 70000 is no whole number in 0..65535",
        ),
        (
            '{"t": 1, "unit": 1, "read": "coil", "address": 0, "quantity": 1, "values": [2]}',
            "line 2: value 2 is no whole number in 0..1",
        ),
        (
            '{"t": 1, "unit": 1, "write": "holding", "address": 70000, "quantity": 1}',
            "line 2: address 70000 is no whole number in 0..65535",
        ),
        ('{"t": 1, "unit": 1}', "line 2: there is no 'read'"),
        ('{"t": 1, "unit": 1, "read": "moon"}', "line 2: 'moon' is no table: coil"),
        ('{"t": 1, "unit": 1, "read": "holding"}', "line 2: there is no 'address'"),
        (
            '{"t": 1, "unit": 1, "read": "holding", "address": 1, "quantity": 2, "values": [1]}',
            "line 2: 1 values are no 2",
        ),
    ],
)
def test_a_file_that_is_no_recording(path: Path, line: str, said: str) -> None:
    """What is wrong is told with its line."""
    path.write_text(f"{first_line()}\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(said)):
        replay(path)


@pytest.mark.parametrize("text", ["", '{"format": "other", "version": 1}\n', "time,outdoor\n"])
def test_a_file_of_another_kind(path: Path, text: str) -> None:
    """The first line says what a file is."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"house\.jsonl: "):
        replay(path)


def test_a_file_that_is_no_text(path: Path) -> None:
    """It is named too."""
    path.write_bytes(b"\xff\xfe\0")
    with pytest.raises(ValueError, match=r"house\.jsonl: is no modbus recording: "):
        replay(path)


def test_recorders_are_twins() -> None:
    """Both have the same methods, with the same parameters; those that ask are awaited."""
    for name in ("execute", "read_many"):
        blocking, later = getattr(Recorder, name), getattr(AsyncRecorder, name)
        assert inspect.iscoroutinefunction(later)
        assert inspect.signature(blocking) == inspect.signature(later)


cells = st.dictionaries(st.integers(0, 5), st.integers(0, 65535), max_size=6)


@given(st.lists(st.tuples(st.floats(0.1, 5), cells), min_size=1, max_size=8))
def test_a_replay_tells_what_was_read_last(reads: list[tuple[float, dict[int, int]]]) -> None:
    """At each moment every cell is what a plain search of the recording finds for it."""
    now, recorded = 0.0, []
    for wait, values in reads:
        now += wait
        recorded += [
            Entry(now, 1, Table.INPUT_REGISTERS, cell, 1, False, (value,))
            for cell, value in values.items()
        ]
    at = [0.0]
    bank = RecordedBank(recorded, lambda: at[0])
    for moment in (0.0, now / 3, now / 2, now, now + 1):
        at[0] = moment
        for cell in range(6):
            told = [entry for entry in recorded if entry.address == cell]
            until = [entry for entry in told if entry.time <= moment] or told[:1]
            if not told:
                with pytest.raises(IllegalDataAddress):
                    bank.read_registers(Table.INPUT_REGISTERS, cell, 1)
                continue
            found = bank.read_registers(Table.INPUT_REGISTERS, cell, 1)
            assert until[-1].values == (int.from_bytes(found, "big"),)


def test_any_program_is_recorded_by_a_gateway(path: Path) -> None:
    """What passes is noted, with the units that were asked; a bad request says nothing."""
    clock = ManualClock()
    with (
        simulate(a_house(), port=0, clock=clock, unit_id=3) as sim,
        RecordingGateway(
            f"tcp://{sim.host}:{sim.port}",
            path,
            port=0,
            policy=Policy(timeout=0.5, retries=0),
            clock=clock,
        ) as gateway,
        Client(*gateway.address, unit_id=3) as client,
    ):
        sim.move(House.energy, counter(0, 1))
        first = Device(client, House).read()
        clock.advance(5)
        client.write_single_register(6, 9)
        second = Device(client, House).read()
        with pytest.raises(IllegalDataValue):
            client.write_single_register(6, 2000)
        with pytest.raises(IllegalDataAddress):
            client.read_holding_registers(1000)
        assert client.execute(RawPdu(b"\x03\0")) == b"\x83\x03"
        with pytest.raises(IllegalFunction):
            client.read_exception_status()
        clock.advance(1)
        with sim.fault(NoAnswer(), times=1), pytest.raises(GatewayTargetFailedToRespond):
            client.read_coils(3)
        sim.stop()
        with pytest.raises(GatewayPathUnavailable):
            client.read_coils(3)
    with pytest.raises(RuntimeError, match="the recording has ended"):
        gateway.start()
    assert {entry.unit_id for entry in read_entries(path)} == {3}
    assert [entry.timed_out for entry in read_entries(path)][-2:] == [False, True]
    clock = ManualClock()
    with replay(path, port=0, clock=clock) as again, Client(again.host, again.port) as client:
        house = Device(client, House, unit_id=3)
        assert house.read() == first
        clock.advance(5)
        assert house.read() == second


def test_the_command_line_records_and_replays(path: Path) -> None:
    """A process in front of a device notes what a client asks; another one answers so again."""
    with (
        simulate(a_house(), port=0) as sim,
        served("record", f"tcp://{sim.host}:{sim.port}", str(path)) as (client, said),
    ):
        assert said.startswith(f"tcp://{sim.host}:{sim.port} is recorded for clients of ")
        seen = Device(client, House).read()
    with served("replay", str(path), "--repeat") as (client, said):
        assert re.match(r"[\d.e-]+ seconds are replayed at ", said)
        assert Device(client, House).read() == seen


@contextmanager
def served(*arguments: str) -> Iterator[tuple[Client, str]]:
    """Run a command in a process of its own; yield a client of it and what it says."""
    command = [sys.executable, "-m", "modbus_schema", *arguments, "--port", "0"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            said = process.stdout.readline()
            place = re.search(r" (\S+) port (\d+); interrupt to end\n", said)
            assert place is not None
            with Client(place[1], int(place[2])) as client:
                yield client, said
            process.send_signal(signal.SIGINT)
            assert process.wait(LIMIT) == 0
        finally:
            process.kill()
