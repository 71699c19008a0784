"""Connections that end: reads are asked again once, writes go out once, the next request works."""

from collections.abc import Callable
from threading import Event

import pytest

from modbus_wire.endpoint import TcpEndpoint
from modbus_wire.errors import ConnectError, ConnectionClosedError, ResponseTimeout
from modbus_wire.framing.base import Framing
from modbus_wire.sync.client import Client
from tests.wire.clients import client_of, wait_until_closed_by_server
from tests.wire.peers import (
    LIMIT,
    Peer,
    Script,
    ScriptedServer,
    answer,
    registers,
    replies,
    rtu,
    then_stays,
)

WRITTEN = b"\x06\x00\x01\x00\x02"


def closes_unanswered(peer: Peer) -> None:
    """Read one request and close."""
    peer.request()


def closes_in_the_middle(peer: Peer) -> None:
    """Read one request, send half the answer and close."""
    peer.send(answer(peer.request(), registers(1))[:9])


def resets(peer: Peer) -> None:
    """Read one request and reset the connection."""
    peer.request()
    peer.reset()


ENDS: list[Script] = [closes_unanswered, closes_in_the_middle, resets]


def after_a_good_read(script: Script) -> Script:
    """Answer one read, then follow the script on the same connection."""

    def both(peer: Peer) -> None:
        replies(registers(1))(peer)
        script(peer)

    return both


@pytest.mark.parametrize("reset", [False, True], ids=["close", "reset"])
def test_read_after_idle_close_is_not_lost(reset: bool) -> None:
    """The first read after the server closed an idle connection goes over a new one."""
    ends = after_a_good_read(Peer.reset) if reset else replies(registers(1))
    with ScriptedServer(ends, replies(registers(2))) as server, client_of(server) as client:
        assert client.read_holding_registers(0) == [1]
        wait_until_closed_by_server(client)
        assert client.read_holding_registers(0) == [2]
    assert server.connections == 2
    assert len(server.requests) == 2


@pytest.mark.parametrize("reset", [False, True], ids=["close", "reset"])
def test_write_after_idle_close_goes_out_once(reset: bool) -> None:
    """The first write after an idle close goes once, over a new connection."""
    ends = after_a_good_read(Peer.reset) if reset else replies(registers(1))
    with ScriptedServer(ends, replies(WRITTEN)) as server, client_of(server) as client:
        client.read_holding_registers(0)
        wait_until_closed_by_server(client)
        client.write_single_register(1, 2)
    assert server.connections == 2
    assert len(server.written) == 1


def test_write_after_a_late_answer_and_an_idle_close_goes_out_once() -> None:
    """A late answer in front of the end does not hide the end from a write."""
    gave_up = Event()

    def late_then_closes(peer: Peer) -> None:
        request = peer.request()
        assert gave_up.wait(LIMIT)
        peer.send(answer(request, registers(1)))

    with (
        ScriptedServer(late_then_closes, replies(WRITTEN)) as server,
        client_of(server, timeout=0.05) as client,
    ):
        with pytest.raises(ResponseTimeout):
            client.read_holding_registers(0)
        client.timeout = LIMIT
        gave_up.set()
        wait_until_closed_by_server(client)
        client.write_single_register(1, 2)
    assert server.connections == 2
    assert len(server.written) == 1


def test_write_after_garbage_takes_a_new_connection() -> None:
    """A stream that garbage has spoilt carries no write."""
    garbage_sent = Event()

    def script(peer: Peer) -> None:
        peer.send(answer(peer.request(), registers(1)) + b"\xff" * 20)
        garbage_sent.set()
        peer.wait_for_end()

    with ScriptedServer(script, replies(WRITTEN)) as server, client_of(server) as client:
        assert client.read_holding_registers(0) == [1]
        assert garbage_sent.wait(LIMIT)
        client.write_single_register(1, 2)
    assert len(server.written) == 1


def test_rtu_read_after_idle_close_is_not_lost() -> None:
    """RTU over TCP reconnects as Modbus TCP does."""

    def on_rtu(peer: Peer) -> None:
        peer.request_of(8)
        peer.send(rtu(1, registers(7)))

    with (
        ScriptedServer(on_rtu, on_rtu) as server,
        client_of(server, Framing.RTU) as client,
    ):
        assert client.read_holding_registers(0) == [7]
        wait_until_closed_by_server(client)
        assert client.read_holding_registers(0) == [7]
    assert server.connections == 2


@pytest.mark.parametrize("ends", ENDS)
def test_read_on_an_old_connection_is_asked_again_once(ends: Script) -> None:
    """A read whose connection ends under it is asked again on a new one."""
    with (
        ScriptedServer(after_a_good_read(ends), replies(registers(2))) as server,
        client_of(server) as client,
    ):
        client.read_holding_registers(0)
        assert client.read_holding_registers(0) == [2]
    assert server.connections == 2
    assert len(server.requests) == 3


@pytest.mark.parametrize("ends", ENDS)
def test_read_is_asked_again_at_most_once(ends: Script) -> None:
    """A server that closes on every request gets it twice, no more; the error tells the caller."""
    scripts = [after_a_good_read(ends), ends, replies(registers(3))]
    with ScriptedServer(*scripts) as server, client_of(server) as client:
        client.read_holding_registers(0)
        with pytest.raises(ConnectionClosedError) as caught:
            client.read_holding_registers(5)
        assert caught.value.request is not None
        assert not caught.value.may_have_been_applied
        assert len(server.requests) == 3
        assert client.read_holding_registers(0) == [3]


@pytest.mark.parametrize("ends", ENDS)
def test_read_on_a_new_connection_is_not_asked_again(ends: Script) -> None:
    """Only an idle close is a reason to ask again: a fresh connection that ends is an error."""
    with ScriptedServer(ends, replies(registers(2))) as server, client_of(server) as client:
        with pytest.raises(ConnectionClosedError):
            client.read_holding_registers(0)
        assert len(server.requests) == 1
        assert client.read_holding_registers(0) == [2]


@pytest.mark.parametrize("warm", [False, True], ids=["new connection", "old connection"])
@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize(
    "write",
    [
        lambda c: c.write_single_register(1, 2),
        lambda c: c.write_single_coil(1, True),
        lambda c: c.write_multiple_registers(1, [2, 3]),
        lambda c: c.write_multiple_coils(1, [True]),
        lambda c: c.mask_write_register(1, 2, 3),
        lambda c: c.read_write_multiple_registers(0, 1, 0, [1]),
    ],
    ids=["fc6", "fc5", "fc16", "fc15", "fc22", "fc23"],
)
def test_write_without_answer_is_never_sent_twice(
    write: Callable[[Client], object], ends: Script, warm: bool
) -> None:
    """A write whose connection ends is sent once, and its error says it may have been applied."""
    script = after_a_good_read(ends) if warm else ends
    with ScriptedServer(script, replies(registers(2))) as server, client_of(server) as client:
        if warm:
            client.read_holding_registers(0)
        with pytest.raises(ConnectionClosedError, match="may have been applied") as caught:
            write(client)
        assert caught.value.may_have_been_applied
        assert client.read_holding_registers(0) == [2]
    assert len(server.written) == 1


def test_reconnecting_recovers_after_the_server_was_gone() -> None:
    """While nobody listens each request is a `ConnectError`; then the client works again."""
    with ScriptedServer(replies(registers(1))) as server, client_of(server) as client:
        assert client.read_holding_registers(0) == [1]
        wait_until_closed_by_server(client)
        for _ in range(3):
            with pytest.raises(ConnectError):
                client.read_holding_registers(0)
            with pytest.raises(ConnectError) as caught:
                client.write_single_register(1, 2)
            assert not caught.value.may_have_been_applied
        with ScriptedServer(replies(registers(2))) as second:
            client.endpoint = TcpEndpoint("127.0.0.1", second.port)
            assert client.read_holding_registers(0) == [2]


def test_close_and_open_by_hand() -> None:
    """close() is harmless twice or unopened; open() connects, anew where there is a connection."""
    served = then_stays(replies(registers(1)))
    with ScriptedServer(served, Peer.wait_for_end, served) as server, client_of(server) as client:
        states = [client.is_open]
        client.close()
        assert client.read_holding_registers(0) == [1]
        states.append(client.is_open)
        client.open()
        states.append(client.is_open)
        client.close()
        client.close()
        states.append(client.is_open)
        assert client.read_holding_registers(0) == [1]
    states.append(client.is_open)
    assert states == [False, True, True, False, False]
    assert server.connections == 3
