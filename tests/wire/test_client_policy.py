"""How patient a blocking client is: retries, delays, back-off, units that do not answer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Event
from time import monotonic
from typing import Any

import pytest

from modbus_wire.endpoint import TcpEndpoint
from modbus_wire.errors import (
    ConnectError,
    ConnectionClosedError,
    IllegalDataAddress,
    ModbusError,
    ResponseMismatch,
    ResponseTimeout,
    ServerDeviceBusy,
)
from modbus_wire.framing.base import Framing
from modbus_wire.policy import Backoff, Policy
from modbus_wire.sync.client import Client
from tests.wire.clients import wait_until, wait_until_closed_by_server
from tests.wire.peers import (
    LIMIT,
    Peer,
    Script,
    ScriptedServer,
    answer,
    refused_port,
    registers,
    replies,
    rtu,
    then_stays,
)

SHORT = 0.1
SLACK = 0.6
"""Seconds that a busy machine may add."""

BUSY = b"\x83\x06"
WRITTEN = b"\x06\x00\x01\x00\x02"


def client_of(server: ScriptedServer, policy: Policy, **settings: Any) -> Client:
    """Return a client of a server that is so patient."""
    return Client(server.host, server.port, policy=policy, **settings)


def ignores(count: int) -> Script:
    """Return the script that answers the request after ``count`` others."""

    def script(peer: Peer) -> None:
        for _ in range(count):
            peer.request()
        peer.send(answer(peer.request(), registers(7)))

    return script


def closes_unanswered(peer: Peer) -> None:
    """Read one request and close."""
    peer.request()


def mismatches(peer: Peer) -> None:
    """Answer with another function, then wait for the end."""
    then_stays(replies(b"\x04\x02\x00\x01"))(peer)


@pytest.mark.parametrize(
    ("scripts", "timeout"),
    [
        ([ignores(1)], SHORT),
        ([replies(BUSY, registers(7))], LIMIT),
        ([closes_unanswered, replies(registers(7))], LIMIT),
        ([mismatches, replies(registers(7))], LIMIT),
    ],
    ids=["timeout", "busy", "closed", "mismatch"],
)
def test_read_that_failed_is_asked_again(scripts: list[Script], timeout: float) -> None:
    """Whatever may pass is tried again, on a new connection where the old one is spoilt."""
    with (
        ScriptedServer(*scripts) as server,
        client_of(server, Policy(timeout=timeout, retries=1)) as client,
    ):
        assert client.read_holding_registers(0) == [7]
        assert client.statistics.unit(1).retries == 1
    assert len(server.requests) == 2
    assert server.connections == len(scripts)


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_retries_end(retries: int) -> None:
    """A read is asked once more than it has retries; the last error is raised."""
    script = then_stays(replies(*[BUSY] * (retries + 1)))
    with (
        ScriptedServer(script) as server,
        client_of(server, Policy(timeout=LIMIT, retries=retries)) as client,
    ):
        with pytest.raises(ServerDeviceBusy) as caught:
            client.read_holding_registers(0)
        assert caught.value.request is not None
        assert client.statistics.unit(1).retries == retries
    assert len(server.requests) == retries + 1


def test_refusal_for_good_is_not_asked_again() -> None:
    """An address that does not exist will not exist the next time."""
    with (
        ScriptedServer(replies(b"\x83\x02")) as server,
        client_of(server, Policy(timeout=LIMIT, retries=5)) as client,
        pytest.raises(IllegalDataAddress),
    ):
        client.read_holding_registers(0)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (then_stays(closes_unanswered), ResponseTimeout),
        (closes_unanswered, ConnectionClosedError),
        (then_stays(replies(b"\x86\x06")), ServerDeviceBusy),
        (then_stays(replies(b"\x06\x00\x09\x00\x09")), ResponseMismatch),
    ],
)
def test_write_has_no_retries(script: Script, kind: type[ModbusError]) -> None:
    """Whatever the policy, a write goes out once."""
    with (
        ScriptedServer(script) as server,
        client_of(server, Policy(timeout=SHORT, retries=5)) as client,
        pytest.raises(kind),
    ):
        client.write_single_register(1, 2)
    assert len(server.written) == 1


def test_unit_has_its_own_policy() -> None:
    """A unit of its own policy goes by that, all others by the client's."""

    def script(peer: Peer) -> None:
        ignores(1)(peer)
        ignores(1)(peer)

    with (
        ScriptedServer(script) as server,
        client_of(server, Policy(timeout=LIMIT), units={9: Policy(timeout=SHORT)}) as client,
    ):
        start = monotonic()
        with pytest.raises(ResponseTimeout):
            client.read_holding_registers(0, unit_id=9)
        assert monotonic() - start < SHORT + SLACK
        assert client.read_holding_registers(0) == [7]
        client.units[8] = Policy(timeout=SHORT, retries=1)
        assert client.read_holding_registers(0, unit_id=8) == [7]


def arrivals(times: list[float], count: int) -> Script:
    """Return the script that notes when requests are there, and when each was answered."""

    def script(peer: Peer) -> None:
        for _ in range(count):
            request = peer.request()
            times.append(monotonic())
            peer.send(answer(request, registers(7)))

    return script


def test_request_delay_is_silence_since_the_last_answer() -> None:
    """The unit that needs it gets it, whoever was asked before; others are not held up."""
    times: list[float] = []
    with (
        ScriptedServer(arrivals(times, 4)) as server,
        client_of(
            server, Policy(timeout=LIMIT), units={9: Policy(timeout=LIMIT, request_delay=SHORT)}
        ) as client,
    ):
        for unit_id in (1, 9, 9, 1):
            client.read_holding_registers(0, unit_id=unit_id)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps[:2]) >= SHORT * 0.95
    assert gaps[2] < SHORT


def test_request_delay_outlives_the_connection() -> None:
    """A device needs its silence also where a timeout made a new connection."""
    times: list[float] = []

    def late(peer: Peer) -> None:
        peer.request_of(8)
        peer.wait_for_end()
        times.append(monotonic())

    def good(peer: Peer) -> None:
        peer.request_of(8)
        times.append(monotonic())
        peer.send(rtu(1, registers(7)))

    policy = Policy(timeout=0.05, request_delay=SHORT)
    with (
        ScriptedServer(late, good) as server,
        client_of(server, policy, framing=Framing.RTU) as client,
    ):
        with pytest.raises(ResponseTimeout):
            client.read_holding_registers(0)
        client.timeout = LIMIT
        assert client.read_holding_registers(0) == [7]
    assert times[1] - times[0] >= SHORT * 0.8


def test_connect_delay_comes_before_the_first_request_only() -> None:
    """A server that needs time after a connection was made gets it."""
    times: list[float] = []

    def script(peer: Peer) -> None:
        times.append(monotonic())
        arrivals(times, 2)(peer)

    with (
        ScriptedServer(script) as server,
        client_of(server, Policy(timeout=LIMIT), connect_delay=SHORT) as client,
    ):
        client.read_holding_registers(0)
        client.read_holding_registers(0)
    assert times[1] - times[0] >= SHORT * 0.8
    assert times[2] - times[1] < SHORT


@pytest.mark.parametrize("settings", [{"connect_delay": LIMIT}, {}], ids=["connect", "request"])
def test_close_ends_a_delay(settings: dict[str, Any]) -> None:
    """A request that waits for silence fails when the client is closed, with nothing sent."""
    begun = Event()

    def script(peer: Peer) -> None:
        if not settings:
            replies(registers(1))(peer)
        begun.set()
        peer.wait_for_end()

    slow = Policy(timeout=LIMIT, request_delay=0 if settings else LIMIT, retries=3)
    with (
        ScriptedServer(script) as server,
        ThreadPoolExecutor(1) as pool,
        client_of(server, Policy(timeout=LIMIT), units={2: slow}, **settings) as client,
    ):
        if not settings:
            client.read_holding_registers(0)
        waiting = pool.submit(client.read_holding_registers, 0, unit_id=2)
        assert begun.wait(LIMIT)
        wait_until(client._turn.lock.locked)
        start = monotonic()
        client.close()
        with pytest.raises(ConnectionClosedError, match="this side"):
            waiting.result(LIMIT)
        assert monotonic() - start < SLACK
    assert len(server.requests) == (0 if settings else 1)


def test_backoff_leaves_an_unreachable_server_alone() -> None:
    """Within the window requests fail at once without an attempt; `open` tries nevertheless."""
    with refused_port() as port, ScriptedServer(replies(registers(7))) as server:
        policy = Policy(timeout=LIMIT, retries=2)
        with Client("127.0.0.1", port, policy=policy, backoff=Backoff(60, 60)) as client:
            for _ in range(3):
                with pytest.raises(ConnectError):
                    client.read_holding_registers(0)
            assert client.statistics.failed_connects == 1
            client.endpoint = TcpEndpoint(server.host, server.port)
            with pytest.raises(ConnectError, match="next attempt in") as caught:
                client.write_single_register(1, 2)
            assert not caught.value.may_have_been_applied
            client.open()
            assert client.read_holding_registers(0) == [7]
            assert client.statistics.connects == 1


def reading_until(client: Client, worked: Callable[[ConnectError | None], bool]) -> float:
    """Read again and again until a predicate of the outcome holds; return the seconds it took."""
    start = monotonic()
    while monotonic() - start < LIMIT:
        try:
            client.read_holding_registers(0)
        except ConnectError as error:
            if worked(error):
                break
        else:
            assert worked(None)
            break
    return monotonic() - start


def test_backoff_doubles_and_ends_with_a_connection() -> None:
    """Attempts follow at longer and longer intervals; the first that works resets them."""
    with (
        refused_port() as port,
        ScriptedServer(replies(registers(7))) as server,
        Client("127.0.0.1", port, timeout=LIMIT, backoff=Backoff(0.02, 0.08)) as client,
    ):
        counts = client.statistics
        took = reading_until(client, lambda error: counts.failed_connects == 4)
        assert took >= 0.02 + 0.04 + 0.08
        client.endpoint = TcpEndpoint(server.host, server.port)
        assert reading_until(client, lambda error: error is None) < 0.08 + SLACK
        assert (counts.connects, counts.failed_connects) == (1, 4)
        assert client._failures == 0


def test_backoff_counts_a_connection_that_ended_at_its_first_request() -> None:
    """It is as good as none; one that was idle is another matter."""
    scripts = (replies(registers(7)), replies(registers(7)), lambda peer: peer.request())
    with (
        ScriptedServer(*scripts) as server,
        Client(server.host, server.port, timeout=LIMIT, backoff=Backoff(60.0, 60.0)) as client,
    ):
        for _ in range(2):
            assert client.read_holding_registers(0) == [7]
            wait_until_closed_by_server(client)
        with pytest.raises(ConnectionClosedError):
            client.write_single_register(0, 1)
        with pytest.raises(ConnectError, match="next attempt in"):
            client.read_holding_registers(0)
    assert server.connections == 3


def answers_unit_2(peer: Peer) -> None:
    """Answer unit 2 at once, the others never."""
    while True:
        request = peer.request()
        if request[6] == 2:
            peer.send(answer(request, registers(7)))


def test_dead_unit_holds_up_the_others_no_longer_than_its_own_timeout() -> None:
    """Beside a thread that polls a dead unit without a pause, with retries, all others go on."""
    stop = Event()

    def poll_the_dead() -> None:
        while not stop.is_set():
            with pytest.raises(ResponseTimeout):
                client.read_holding_registers(0, unit_id=1)

    with (
        ScriptedServer(*[answers_unit_2] * 20) as server,
        client_of(
            server, Policy(timeout=LIMIT), units={1: Policy(timeout=SHORT, retries=2)}
        ) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        dead = pool.submit(poll_the_dead)
        took = []
        for _ in range(8):
            start = monotonic()
            assert client.read_holding_registers(0, unit_id=2) == [7]
            took.append(monotonic() - start)
        stop.set()
        dead.result(LIMIT)
    assert sorted(took)[len(took) // 2] < 1.5 * SHORT
    assert max(took) < SHORT + SLACK
