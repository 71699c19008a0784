"""Faults of a whole device, and several at once: which of them decides."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from modbus_schema import SimulatedDevice, simulate
from modbus_schema.simulation import (
    Delay,
    Disconnect,
    Fault,
    Hole,
    ManualClock,
    NoAnswer,
    Stuck,
)
from modbus_wire import (
    Client,
    ConnectionClosedError,
    Handler,
    IllegalDataAddress,
    IllegalFunction,
    MemoryParityError,
    Peer,
    Policy,
    ResponseTimeout,
    ServerDeviceBusy,
)
from modbus_wire.pdu.base import AnyRequest
from tests.schema.maps import House, a_house
from tests.wire.peers import LIMIT

SHORT = 0.05
"""Seconds that a client waits for what never comes."""


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        (NoAnswer(), ResponseTimeout),
        (Disconnect(), ConnectionClosedError),
        (ServerDeviceBusy(), ServerDeviceBusy),
    ],
)
def test_a_dead_device_answers_no_ping(fault: Fault, seen: type[Exception]) -> None:
    """Functions that it lacks fail as all others do."""
    policy = Policy(timeout=SHORT, retries=0)
    with (
        simulate(a_house(), port=0) as sim,
        Client(sim.host, sim.port, policy=policy) as client,
    ):
        pings: list[Callable[[], object]] = [
            client.report_server_id,
            client.read_exception_status,
            client.read_device_identification,
            lambda: client.read_coils(3),
        ]
        with sim.fault(fault) as dead:
            for ping in pings:
                with pytest.raises(seen):
                    ping()
        assert dead.hits == len(pings)
        with pytest.raises(IllegalFunction):
            client.read_exception_status()


NO, BUSY, LATE = NoAnswer(), ServerDeviceBusy(), MemoryParityError()
HUNG_UP = Disconnect()
ALL = [NO, HUNG_UP, BUSY, LATE, Hole()]
SEEN: dict[type[object], type[Exception]] = {
    NoAnswer: ResponseTimeout,
    Disconnect: ConnectionClosedError,
    Hole: IllegalDataAddress,
    ServerDeviceBusy: ServerDeviceBusy,
    MemoryParityError: MemoryParityError,
}


@pytest.mark.parametrize(("older", "newer"), list(itertools.permutations(ALL, 2)))
def test_the_newest_fault_decides(older: Fault, newer: Fault) -> None:
    """Whatever they are; the older one is not used up by a request that did not see it."""
    policy = Policy(timeout=SHORT, retries=0)
    with (
        simulate(a_house(), port=0) as sim,
        Client(sim.host, sim.port, policy=policy) as client,
    ):
        first = sim.fault(older, times=1)
        second = sim.fault(House.limit, newer, times=1)
        for fault in (newer, older):
            with pytest.raises(SEEN[type(fault)]):
                client.write_single_register(6, 7)  # which no client asks again
        assert (first.asked, second.asked) == (1, 1)
        assert client.read_holding_registers(6) == [500]


def test_delays_add_up() -> None:
    """Those of faults and that of the owner, also before a refusal; not where nothing comes."""
    clock = ManualClock()
    with (
        simulate(a_house(), port=0, clock=clock) as sim,
        Client(sim.host, sim.port, policy=Policy(timeout=LIMIT, retries=0)) as client,
        ThreadPoolExecutor(1) as thread,
    ):
        sim.unit.before_request = lambda request, peer: Delay(30)
        first = sim.fault(House.limit, Delay(10), times=1)
        sim.fault(Delay(20))
        sim.fault(House.limit, ServerDeviceBusy(), only="reads")
        slow = thread.submit(client.read_holding_registers, 6)
        clock.until_waiting()
        clock.advance(59)
        assert (clock.waiting, first.hits) == (1, 1)
        clock.advance(1)
        with pytest.raises(ServerDeviceBusy):
            slow.result(LIMIT)
        hung_up = sim.fault(HUNG_UP, times=1)
        last = sim.fault(Delay(1), times=1)
        with pytest.raises(ConnectionClosedError):
            client.write_single_register(6, 7)
        assert (hung_up.hits, last.hits, clock.waiting) == (1, 0, 0)


def test_what_the_owner_says_is_older_than_any_fault() -> None:
    """Its refusal gives way to a fault, and stands where none strikes."""
    device = SimulatedDevice(a_house())

    def refuse(request: AnyRequest, peer: Peer) -> None:
        raise MemoryParityError

    device.unit.before_request = refuse
    handler = Handler(device.unit)
    with device.fault(House.limit, BUSY):
        assert handler.handle(1, b"\3\0\6\0\1") == b"\x83\6"
        assert handler.handle(1, b"\3\0\0\0\1") == b"\x83\x08"


@pytest.mark.parametrize("carried_out", [False, True])
def test_a_stuck_field_is_so_where_no_answer_comes(carried_out: bool) -> None:
    """What is carried out without an answer changes it neither; the rest is not counted."""
    device = SimulatedDevice(a_house())
    handler = Handler(device.unit)
    with (
        device.fault(House.limit, Stuck()) as stuck,
        device.fault(NoAnswer(carried_out=carried_out)),
    ):
        assert handler.handle(1, b"\6\0\6\0\7") == b""
    assert (device.get(House.limit), stuck.hits) == (500, carried_out)


def test_what_is_no_fault_is_told() -> None:
    """By what was meant."""
    device = SimulatedDevice(a_house())
    with pytest.raises(TypeError, match="'tims' does not say when a fault strikes: times, nth"):
        device.fault(BUSY, tims=1)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="a fault is given alone, or after the field"):
        device.fault()  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"NoAnswer is a class: a fault is a NoAnswer\(\.\.\.\)"):
        device.fault(House.limit, NoAnswer)  # type: ignore[arg-type]
