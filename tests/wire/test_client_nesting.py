"""A client closed or used out of its own request, or left in two processes by a fork."""

import os
import signal
from collections.abc import Callable
from types import FrameType

import pytest

from modbus_wire.bank import SharedBank
from modbus_wire.codes import Table
from modbus_wire.errors import ClientBusy, ConnectionClosedError
from modbus_wire.pdu.registers import ReadHoldingRegisters
from modbus_wire.policy import Policy
from modbus_wire.sync.client import Client
from modbus_wire.sync.server import Server
from modbus_wire.trace import TracedFrame
from tests.wire.peers import LIMIT, Peer, ScriptedServer, answer, registers, replies, then_stays

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")


def silence(peer: Peer) -> None:
    """Take a request and say nothing."""
    peer.request()
    peer.wait_for_end()


def at_alarm(act: Callable[[], object]) -> None:
    """Call ``act`` out of a signal handler, very soon and once."""

    def handler(number: int, frame: FrameType | None) -> None:
        act()

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.05)


def test_closing_in_a_signal_handler_ends_the_request() -> None:
    """The request fails at once, and the next one connects again."""
    scripts = silence, then_stays(replies(registers(7)))
    with ScriptedServer(*scripts) as server, Client(server.host, server.port) as client:
        at_alarm(client.close)
        with pytest.raises(ConnectionClosedError):
            client.read_holding_registers(0)
        assert client.read_holding_registers(0) == [7]


def test_closing_in_a_signal_handler_ends_a_delay() -> None:
    """So does a request that waits for the silence its unit needs."""
    with Server(SharedBank(), port=0) as server, Client(*server.address) as client:
        client.policy = Policy(request_delay=LIMIT)
        client.read_coils(0)
        at_alarm(client.close)
        with pytest.raises(ConnectionClosedError):
            client.read_coils(0)
        client.policy = Policy()
        assert client.read_coils(0) == [False]


def test_a_trace_may_close_its_client() -> None:
    """The request whose frame it was shown ends, one way or the other, and nothing hangs."""
    with Server(SharedBank(), port=0) as server, Client(*server.address) as client:

        def close(frame: TracedFrame) -> None:
            if frame.is_sent:
                client.close()

        client.trace = close
        with pytest.raises(ConnectionClosedError):
            client.read_coils(0)
        client.trace = None
        client.close()
        assert client.read_coils(0) == [False]


def test_a_trace_cannot_make_a_request() -> None:
    """It is told so, and the request goes on."""
    with Server(SharedBank(), port=0) as server, Client(*server.address) as client:
        caught: list[ClientBusy] = []

        def ask(frame: TracedFrame) -> None:
            with pytest.raises(ClientBusy, match="under way") as refused:
                client.read_coils(0)
            caught.append(refused.value)

        client.trace = ask
        client.open()
        assert client.read_coils(1) == [False]
        assert len(caught) == 2


def in_child(act: Callable[[], bool]) -> bool:
    """Return whether ``act`` is true in the child of a fork; it has the time of a test."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(round(LIMIT))
        status = 1
        try:
            status = 0 if act() else 1
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def test_the_child_of_a_fork_connects_anew() -> None:
    """Neither process gets what the other asked for."""
    bank = SharedBank()
    bank.set_registers(Table.HOLDING_REGISTERS, 0, range(100))
    with Server(bank, port=0) as server, Client(*server.address) as client:
        assert client.read_holding_registers(1) == [1]

        def act() -> bool:
            was_open = client.is_open
            found = [client.read_holding_registers(each) for each in range(20)]
            return not was_open and found == [[each] for each in range(20)]

        assert in_child(act)
        assert client.read_holding_registers(50) == [50]
        assert server.connections == 2 or server.connections == 1


def test_a_server_can_be_stopped_in_the_child_of_a_fork() -> None:
    """There it does not run; the parent's goes on."""
    with Server(SharedBank(), port=0) as server, Client(*server.address) as client:
        client.read_coils(0)

        def act() -> bool:
            server.stop()
            return not server.is_running

        assert in_child(act)
        assert client.read_coils(0) == [False]
        assert server.is_running


def test_a_repeated_burst_asks_only_what_is_missing() -> None:
    """A read that was answered is not asked again because another one was lost."""

    def loses_one(peer: Peer) -> None:
        frames = [peer.request() for _ in range(4)]
        for number, frame in enumerate(frames):
            if number != 2:
                peer.send(answer(frame, registers(number)))
        peer.send(answer(peer.request(), registers(2)))
        peer.wait_for_end()

    policy = Policy(timeout=0.2, retries=1)
    with ScriptedServer(loses_one) as server:
        with Client(server.host, server.port, policy=policy, max_in_flight=4) as client:
            reads = [ReadHoldingRegisters(address) for address in range(4)]
            assert client.read_many(reads) == [[0], [1], [2], [3]]
        assert len(server.requests) == 5
