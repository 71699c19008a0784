"""Faults on demand: which requests they strike, and what the clients of all styles see."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_schema import (
    RW,
    AsyncDevice,
    Device,
    RegisterMap,
    SimulatedDevice,
    bit,
    coil,
    holding_register,
    simulate,
    uint16,
)
from modbus_schema.simulation import (
    Delay,
    Disconnect,
    Hole,
    ManualClock,
    NoAnswer,
    Order,
    Stuck,
    counter,
)
from modbus_schema.simulation.turns import Turns
from modbus_wire import (
    AsyncClient,
    Client,
    ConnectionClosedError,
    DeviceIdentification,
    ExceptionResponse,
    IllegalDataAddress,
    MemoryParityError,
    Peer,
    Policy,
    ResponseTimeout,
    Server,
    ServerDeviceBusy,
)
from modbus_wire.pdu.base import AnyRequest
from tests.schema.maps import House, Mode, a_house
from tests.wire.peers import LIMIT

SHORT = 0.1
"""Seconds that a client waits for what never comes."""


def test_a_field_is_refused_and_its_neighbours_are_not() -> None:
    """Whoever touches it, alone or among others, for reading or writing, hears the exception."""
    with simulate(a_house(), port=0) as sim, Client(sim.host, sim.port) as client:
        with sim.fault(House.limit, ServerDeviceBusy) as fault:
            with pytest.raises(ServerDeviceBusy):
                client.read_holding_registers(6)
            with pytest.raises(ServerDeviceBusy):
                client.read_holding_registers(0, 8)
            with pytest.raises(ServerDeviceBusy):
                client.write_single_register(6, 1)
            assert client.read_holding_registers(0) == [1]
            assert client.read_coils(3) == [True]
            assert (fault.hits, fault.asked, fault.is_over, sim.faults) == (3, 3, False, (fault,))
        assert client.read_holding_registers(6) == [500]
        assert (fault.is_over, sim.faults) == (True, ())
    assert repr(fault).startswith("<FaultInForce <class 'modbus_wire.errors.ServerDeviceBusy'> of")


def test_any_exception_code_will_do() -> None:
    """Also one that the specification does not know."""
    own = ExceptionResponse()
    own.code = 0x55
    with simulate(a_house(), port=0) as sim, Client(sim.host, sim.port) as client:
        for fault, code in ((MemoryParityError(), 8), (own, 0x55), (Hole(), 2)):
            with sim.fault(House.outdoor, fault), pytest.raises(ExceptionResponse) as raised:
                client.read_input_registers(12, 2)
            assert raised.value.code == code


def test_a_hole_is_found_by_a_partial_read() -> None:
    """The rest of the map comes, and the device knows its bad address."""
    with simulate(a_house(), port=0) as sim, Client(sim.host, sim.port) as client:
        house = Device(client, House)
        with sim.fault(House.alarms, Hole()):
            state = house.read(partial=True)
        assert list(state.failed) == [House.alarms]
        assert state[House.mode] is Mode.HEAT


def test_a_whole_device_fails_and_others_do_not() -> None:
    """Without a field all requests are meant, those of other functions too."""
    with simulate(a_house(), port=0, unit_id=1) as sim, Client(sim.host, sim.port) as client:
        second = sim.add(a_house(), unit_id=2)
        with second.fault(ServerDeviceBusy()):
            with pytest.raises(ServerDeviceBusy):
                client.read_coils(3, unit_id=2)
            assert client.read_coils(3, unit_id=1) == [True]
        sim.unit.identification = DeviceIdentification.of("Acme", "P-9000", "1.2")
        with sim.fault(ServerDeviceBusy):
            with pytest.raises(ServerDeviceBusy):
                client.read_device_identification(unit_id=1)
            assert client.read_coils(3, unit_id=2) == [True]


@pytest.mark.parametrize("carried_out", [False, True])
def test_no_answer(carried_out: bool) -> None:
    """The client gives up; the write was done or not, and nobody else is held up."""
    with (
        simulate(a_house(), port=0) as sim,
        Client(sim.host, sim.port, policy=Policy(timeout=SHORT, retries=0)) as client,
        Client(sim.host, sim.port) as other,
    ):
        house = Device(client, House)
        fault = sim.fault(House.limit, NoAnswer(carried_out=carried_out), times=1)
        with pytest.raises(ResponseTimeout) as raised:
            house.write(House.limit.to(7))
        assert raised.value.may_have_been_applied
        assert "House.limit" in str(raised.value)
        assert fault.is_over
        assert other.read_holding_registers(6) == [7 if carried_out else 500]
        house.write(House.limit.to(8))
        assert house.read(House.limit) == 8


def test_a_retry_of_a_read_gets_through() -> None:
    """The first answer is lost, the second comes: the policy of a client is put to the test."""
    with (
        simulate(a_house(), port=0) as sim,
        Client(sim.host, sim.port, policy=Policy(timeout=SHORT, retries=1)) as client,
    ):
        fault = sim.fault(House.outdoor, NoAnswer(), times=1)
        assert Device(client, House).read(House.outdoor) == -3.5
        assert fault.hits == 1


def test_the_connection_ends() -> None:
    """The client sees it closed, connects again and is answered."""
    with simulate(a_house(), port=0) as sim, Client(sim.host, sim.port) as client:
        sim.fault(House.limit, Disconnect(), only="writes", nth=2)
        client.write_single_register(6, 1)
        with pytest.raises(ConnectionClosedError):
            client.write_single_register(6, 2)
        assert client.read_holding_registers(6) == [1]
        assert sim.faults == ()


def test_a_delay_by_the_clock_of_the_test() -> None:
    """The answer is there when the test lets the time pass; others are served meanwhile."""
    clock = ManualClock()
    with (
        simulate(a_house(), port=0, clock=clock) as sim,
        Client(sim.host, sim.port, timeout=LIMIT) as client,
        Client(sim.host, sim.port) as other,
        ThreadPoolExecutor(1) as thread,
        sim.fault(House.limit, Delay(30)),
    ):
        slow = thread.submit(client.read_holding_registers, 6)
        clock.until_waiting()
        assert other.read_coils(3) == [True]
        clock.advance(29.9)
        assert (slow.done(), clock.waiting) == (False, 1)
        clock.advance(0.1)
        assert slow.result(LIMIT) == [500]
    with pytest.raises(TimeoutError, match="0 answers are held back, not 1"):
        clock.until_waiting(timeout=0)


def test_a_delay_by_the_system_clock() -> None:
    """It takes its time, and a client with less patience gives up."""
    with (
        simulate(a_house(), port=0) as sim,
        Client(sim.host, sim.port, policy=Policy(timeout=LIMIT, retries=0)) as client,
        sim.fault(Delay(SHORT)),
    ):
        began = time.monotonic()
        assert client.read_coils(3) == [True]
        assert time.monotonic() - began >= SHORT
        client.timeout = SHORT / 10
        with pytest.raises(ResponseTimeout):
            client.read_coils(3)


def test_async_clients_and_servers() -> None:
    """In one event loop: an answer waits by the test's clock, one is lost, one hangs up."""
    clock = ManualClock()

    async def main() -> None:
        policy = Policy(timeout=SHORT, retries=0)
        async with (
            simulate(a_house(), port=0, clock=clock) as sim,
            AsyncClient(sim.host, sim.port, max_in_flight=4) as client,
            AsyncClient(sim.host, sim.port, policy=policy) as hasty,
        ):
            house = AsyncDevice(client, House)
            with sim.fault(House.limit, Delay(30)):
                slow = asyncio.ensure_future(house.read(House.limit))
                assert await house.read(House.mode) is Mode.HEAT
                await clock.until_waiting_async()
                assert not slow.done()
                clock.advance(30)
                assert await asyncio.wait_for(slow, LIMIT) == 500
            with sim.fault(NoAnswer()), pytest.raises(ResponseTimeout):
                await AsyncDevice(hasty, House).read(House.mode)
            with sim.fault(Disconnect()), pytest.raises(ConnectionClosedError):
                await house.write(House.limit.to(1))
            assert await house.read(House.limit) == 500

    asyncio.run(main())


def test_a_stuck_field_does_not_move() -> None:
    """It stays at what it was when it stuck, for clients and for the test, and then catches up."""
    clock = ManualClock()
    with simulate(a_house(), port=0, clock=clock) as sim, Client(sim.host, sim.port) as client:
        sim.move(House.energy, counter(0, 1))
        sim.depends(House.outdoor, on=House.energy)(float)
        clock.advance(5)
        with sim.fault(House.energy, Stuck()):
            clock.advance(5)
            assert Device(client, House).read(House.energy, House.outdoor) == (5, 5.0)
            assert sim.snapshot().energy == 5
        assert Device(client, House).read(House.energy, House.outdoor) == (10, 10.0)


def test_writes_to_a_stuck_field_are_lost() -> None:
    """They are answered as done, the cells beside change, nobody is told of it."""
    told: list[object] = []
    with simulate(a_house(), port=0) as sim, Client(sim.host, sim.port) as client:
        sim.on_write(House.limit)(lambda old, new: told.append(new))
        sim.on_write(House.curve)(lambda old, new: told.append(new))
        sim.on_write(House.fan)(lambda old, new: told.append(new))
        sim.on_write(House.override)(lambda old, new: told.append(new))
        with sim.fault(House.limit, Stuck()), sim.fault(House.fan, Stuck()):
            client.write_multiple_registers(6, [7, 0x0000, 0x4020])
            client.write_single_register(5, 0x8000 | 1 << 7 | 3 << 2)
            client.write_single_register(6, 9)
        assert told == [2.5, True]
        assert (sim.get(House.limit), sim.get(House.curve)) == (500, 2.5)
        assert (sim.get(House.fan), sim.get(House.override)) == (9, True)
        with sim.fault(House.limit, Stuck()):
            sim.set(House.limit.to(11))  # the test's hand is stronger
        client.write_single_register(6, 12)
        assert sim.get(House.limit) == 12


def test_every_third_write_is_lost() -> None:
    """A schedule says which writes a stuck field does not take."""
    with simulate(a_house(), port=0) as sim, Client(sim.host, sim.port) as client:
        sim.fault(House.limit, Stuck(), every=3, only="writes")
        held = []
        for value in range(1, 7):
            client.write_single_register(6, value)
            held += client.read_holding_registers(6)
    assert held == [1, 2, 2, 4, 5, 5]


def test_a_field_that_has_no_value_can_be_stuck() -> None:
    """It is then stuck at the last that it had."""
    device = SimulatedDevice(a_house())
    device.move(House.limit, lambda t: 5000)
    with device.fault(House.limit, Stuck()):
        pass
    device.set(House.limit.to(3))
    with device.fault(House.limit, Stuck()):
        device.move(House.limit, lambda t: 4)
        assert device.get(House.limit) == 3
    assert device.get(House.limit) == 4


def test_several_faults_at_once() -> None:
    """A refusal comes late where there is a delay too, in whichever order they were given."""
    for faults in ((Delay(30), ServerDeviceBusy()), (ServerDeviceBusy(), Delay(30))):
        clock = ManualClock()
        with (
            simulate(a_house(), port=0, clock=clock) as sim,
            Client(sim.host, sim.port, timeout=LIMIT) as client,
            ThreadPoolExecutor(1) as thread,
        ):
            for fault in faults:
                sim.fault(House.limit, fault)
            slow = thread.submit(client.read_holding_registers, 6)
            clock.until_waiting()
            sim.mend()
            clock.advance(30)
            with pytest.raises(ServerDeviceBusy):
                slow.result(LIMIT)
            assert client.read_holding_registers(6) == [500]


def test_what_the_unit_says_itself_is_asked_too() -> None:
    """A ``before_request`` of the owner's goes on while there are faults, and after them."""
    asked: list[int] = []

    def note(request: AnyRequest, peer: Peer) -> Order | None:
        asked.append(request.function_code)
        return NoAnswer() if request.function_code == 1 else None

    device = SimulatedDevice(a_house())
    device.unit.before_request = note
    policy = Policy(timeout=SHORT, retries=0)
    with Server(device.unit, port=0) as server, Client(*server.address, policy=policy) as client:
        with device.fault(House.limit, Hole()):
            with pytest.raises(IllegalDataAddress):
                client.read_holding_registers(6)
            with pytest.raises(ResponseTimeout):
                client.read_coils(3)
        assert client.read_holding_registers(6) == [500]
        assert device.unit.before_request is note
    assert asked == [3, 1, 3]


class Small(RegisterMap):
    """A register of bits, one of its own, a coil."""

    first: RW[bool] = holding_register(0, bit(0))
    second: RW[bool] = holding_register(0, bit(1))
    other: RW[int] = holding_register(1, uint16)
    pump: RW[bool] = coil(0)


def test_every_function_of_the_tables_can_be_struck() -> None:
    """Reads and writes of one and of many; of FC 23 each half."""
    start = Small(first=False, second=False, other=0, pump=False)
    with simulate(start, port=0) as sim, Client(sim.host, sim.port) as client:
        pump = sim.fault(Small.pump, Hole())
        other = sim.fault(Small.other, Hole())
        for struck in (
            lambda: client.read_coils(0),
            lambda: client.write_single_coil(0, True),
            lambda: client.write_multiple_coils(0, [True]),
            lambda: client.read_holding_registers(0, 2),
            lambda: client.write_single_register(1, 0),
            lambda: client.write_multiple_registers(0, [0, 0]),
            lambda: client.mask_write_register(1, 0, 0),
            lambda: client.read_write_multiple_registers(0, 1, 1, [0]),
            lambda: client.read_write_multiple_registers(1, 1, 0, [0]),
        ):
            with pytest.raises(IllegalDataAddress):
                struck()
        assert (pump.hits, other.hits) == (3, 6)
        client.write_single_register(0, 3)
        other.end()
        reads = sim.fault(Small.other, Hole(), only="reads")
        client.read_write_multiple_registers(0, 1, 1, [1])
        assert (reads.asked, sim.get(Small.other)) == (0, 1)


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ({"times": 0}, "times 0 is below 1"),
        ({"nth": 0}, "nth 0 is below 1"),
        ({"every": -1}, "every -1 is below 1"),
        ({"chance": 1.5}, r"chance 1\.5 is not in 0\.\.1"),
        ({"only": "coils"}, "only 'coils' is neither"),
    ],
)
def test_a_schedule_that_cannot_be(when: dict[str, object], message: str) -> None:
    """It is refused when it is given, and no fault is in force."""
    device = SimulatedDevice(a_house())
    with pytest.raises(ValueError, match=message):
        device.fault(Hole(), **when)  # type: ignore[call-overload]
    assert device.faults == ()


def test_what_is_no_fault() -> None:
    """A class of another kind, and a device that cannot be stuck."""
    device = SimulatedDevice(a_house())
    with pytest.raises(TypeError, match="is no fault"):
        device.fault(House.limit, ValueError)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="name the fields"):
        device.fault(Stuck())
    with pytest.raises(TypeError, match="is no field of House"):
        device.fault(Small.pump, Hole())  # type: ignore[arg-type]
    device.mend()


def test_a_schedule_strikes_the_requests_it_says() -> None:
    """The next two, the third alone, every third, every third but twice at most."""
    for when, meant in (
        (Turns(times=2), [1, 2]),
        (Turns(nth=3), [3]),
        (Turns(every=3), [3, 6, 9]),
        (Turns(every=3, times=2), [3, 6]),
        (Turns(chance=0), []),
        (Turns(chance=1, times=1), [1]),
        (Turns(), list(range(1, 11))),
    ):
        assert [number for number in range(1, 11) if when.take()] == meant


@given(
    times=st.none() | st.integers(1, 10),
    nth=st.none() | st.integers(1, 10),
    every=st.none() | st.integers(1, 10),
    chance=st.none() | st.floats(0, 1),
    seed=st.integers(),
    requests=st.integers(0, 60),
)
def test_schedules_are_the_same_again(
    times: int | None,
    nth: int | None,
    every: int | None,
    chance: float | None,
    seed: int,
    requests: int,
) -> None:
    """Whatever is given holds, and another run with the same seed strikes the same requests."""

    def run() -> tuple[list[int], Turns]:
        turns = Turns(times=times, nth=nth, every=every, chance=chance, seed=seed)
        return [number for number in range(1, requests + 1) if turns.take()], turns

    meant, turns = run()
    assert run()[0] == meant
    assert turns.hits == len(meant) <= (times or requests)
    assert all(number == nth for number in meant if nth is not None)
    assert all(number % every == 0 for number in meant if every is not None)
    if chance is None or chance == 1:
        expected = [
            number
            for number in range(1, requests + 1)
            if nth in (None, number) and (every is None or number % every == 0)
        ]
        assert meant == expected[:times]
    if turns.are_over:
        assert not any(turns.take() for _ in range(20))


def test_a_chance_is_about_what_it_says() -> None:
    """Of a thousand requests a tenth, more or less, and others by another seed."""
    first, second = (
        [number for number in range(1000) if turns.take()]
        for turns in (Turns(chance=0.1), Turns(chance=0.1, seed=1))
    )
    assert 60 < len(first) < 140
    assert first != second


def test_a_schedule_that_is_over_without_a_hit_ends() -> None:
    """The third request alone, and by chance not that one either."""
    with simulate(a_house(), port=0) as sim, Client(sim.host, sim.port) as client:
        fault = sim.fault(Hole(), nth=3, chance=0)
        for _ in range(4):
            client.read_coils(3)
        assert (fault.hits, fault.is_over, sim.faults) == (0, True, ())


def test_pymodbus_meets_the_faults() -> None:
    """Another client sees the exception, waits in vain, and is answered then."""
    pymodbus = pytest.importorskip("pymodbus.client")
    with (
        simulate(a_house(), port=0) as sim,
        pymodbus.ModbusTcpClient(sim.host, port=sim.port, timeout=SHORT, retries=0) as client,
    ):
        with sim.fault(House.limit, ServerDeviceBusy):
            assert client.read_holding_registers(6, count=1).exception_code == 6
        with sim.fault(House.limit, NoAnswer(), times=1):
            with pytest.raises(Exception, match=r"[Nn]o response"):
                client.read_holding_registers(6, count=1)
            assert client.connect()
            assert client.read_holding_registers(6, count=1).registers == [500]
