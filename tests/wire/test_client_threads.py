"""The client among threads, signals and hosts: sharing, closing, connecting, cleaning up."""

import gc
import signal
import socket
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Event, main_thread
from time import monotonic

import pytest

from modbus_wire.errors import ConnectError, ConnectionClosedError, ModbusError
from modbus_wire.sync.client import Client
from tests.wire.clients import client_of, option, wait_until
from tests.wire.peers import (
    LIMIT,
    Peer,
    ScriptedServer,
    answer,
    refused_port,
    registers,
    replies,
)

PROMPT = 1.0
"""Seconds that count as at once on a busy machine."""


def address_server(peer: Peer) -> None:
    """Answer each read of one register by its address plus the unit id."""
    while True:
        request = peer.request()
        address, unit_id = int.from_bytes(request[8:10]), request[6]
        peer.send(answer(request, registers(address + unit_id)))


def test_threads_sharing_a_client_get_their_own_data() -> None:
    """Each of many threads gets the answer to what it asked, over one connection."""

    def ask(thread: int) -> list[int]:
        start = 1000 * thread
        return [
            client.read_holding_registers(start + n, unit_id=thread)[0] - thread for n in range(40)
        ]

    with (
        ScriptedServer(address_server) as server,
        client_of(server) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        for thread, values in enumerate(pool.map(ask, range(8))):
            assert values == list(range(1000 * thread, 1000 * thread + 40))
    assert server.connections == 1
    assert len(server.requests) == 8 * 40


@pytest.mark.parametrize("warm", [False, True], ids=["new connection", "old connection"])
@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
def test_close_from_another_thread_fails_the_waiting_request(warm: bool, writes: bool) -> None:
    """The request under way fails at once, is not asked again, and the client connects again."""
    asked = Event()

    def script(peer: Peer) -> None:
        if warm:
            replies(registers(1))(peer)
        peer.request()
        asked.set()
        peer.wait_for_end()

    def wait() -> None:
        if writes:
            client.write_single_register(1, 2)
        else:
            client.read_holding_registers(0)

    with (
        ScriptedServer(script, replies(registers(7))) as server,
        ThreadPoolExecutor(1) as pool,
        client_of(server) as client,
    ):
        if warm:
            client.read_holding_registers(0)
        waiting = pool.submit(wait)
        assert asked.wait(LIMIT)
        start = monotonic()
        client.close()
        with pytest.raises(ConnectionClosedError, match="this side") as caught:
            waiting.result(LIMIT)
        assert monotonic() - start < PROMPT
        assert caught.value.may_have_been_applied is writes
        assert server.connections == 1
        assert client.read_holding_registers(0) == [7]
    assert len(server.requests) == 2 + warm


def test_close_fails_the_requests_that_wait_for_their_turn() -> None:
    """They were made before it, so nothing of them is sent, and it does not wait for them."""
    asked = Event()

    def script(peer: Peer) -> None:
        peer.request()
        asked.set()
        peer.wait_for_end()

    with (
        ScriptedServer(script, replies(registers(7))) as server,
        ThreadPoolExecutor(4) as pool,
        client_of(server) as client,
    ):
        writes = [pool.submit(client.write_single_register, 1, 0)]
        assert asked.wait(LIMIT)
        writes += [pool.submit(client.write_single_register, 1, value) for value in (1, 2, 3)]
        wait_until(lambda: len(client._turn.waiting) == 3)
        start = monotonic()
        client.close()
        errors = [write.exception(LIMIT) for write in writes]
        assert monotonic() - start < PROMPT
        assert {type(error) for error in errors} == {ConnectionClosedError}
        applied = [getattr(error, "may_have_been_applied", None) for error in errors]
        assert applied == [True, False, False, False]
        assert client.read_holding_registers(0) == [7]
    assert len(server.written) == 1


class Interrupt(BaseException):
    """What a signal handler raises, as Ctrl-C does."""


@contextmanager
def interrupts() -> Iterator[Callable[[], None]]:
    """Give a function that makes the main thread raise `Interrupt`."""

    def handler(number: int, frame: object) -> None:
        raise Interrupt

    before = signal.signal(signal.SIGUSR1, handler)
    ident = main_thread().ident
    assert ident is not None
    try:
        yield lambda: signal.pthread_kill(ident, signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_interrupt_in_the_middle_leaves_a_usable_client() -> None:
    """Ctrl-C while waiting goes through, and the late answer is not taken for the next one."""
    with interrupts() as interrupt:

        def interrupted(peer: Peer) -> None:
            request = peer.request()
            interrupt()
            peer.wait_for_end()
            with suppress(ConnectionError):
                peer.send(answer(request, registers(1)))

        with (
            ScriptedServer(interrupted, replies(registers(2))) as server,
            client_of(server) as client,
        ):
            with pytest.raises(Interrupt):
                client.read_holding_registers(0)
            assert client.read_holding_registers(0) == [2]


def test_refused_port_is_a_connect_error() -> None:
    """Nobody listening is told at once, with host and port, and nothing may have been applied."""
    start = monotonic()
    with refused_port() as port, Client("127.0.0.1", port, timeout=LIMIT) as client:
        with pytest.raises(ConnectError, match=f"127.0.0.1 port {port}"):
            client.open()
        with pytest.raises(ConnectError) as caught:
            client.write_single_register(1, 2)
        assert caught.value.request is not None
        assert not caught.value.may_have_been_applied
        assert not client.is_open
    assert monotonic() - start < PROMPT


@pytest.mark.parametrize("host", ["no..name", "x" * 300])
def test_name_that_does_not_resolve_is_a_connect_error(host: str) -> None:
    """A name without an address, one that can be none included, is no other kind of error."""
    with Client(host, 502, timeout=LIMIT) as client, pytest.raises(ConnectError, match="resolve"):
        client.read_holding_registers(0)


@contextmanager
def full_server() -> Iterator[tuple[str, int]]:
    """Listen without ever accepting; who connects now gets no answer."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        yield full.getsockname()
        for filler in fillers:
            filler.close()


def test_server_that_accepts_nothing_is_a_connect_error_in_time() -> None:
    """Connecting has the same bound as a request."""
    with full_server() as address:
        start = monotonic()
        with Client(*address, timeout=0.1) as client, suppress(ConnectError):
            client.open()
        assert monotonic() - start < PROMPT


def test_threads_that_wait_for_an_unreachable_server_fail_with_the_first() -> None:
    """Who had to wait for an attempt to connect that failed does not try after it."""
    threads = 16

    def ask(_: int) -> None:
        with pytest.raises(ConnectError):
            client.write_single_register(1, 2)

    with (
        full_server() as address,
        Client(*address, timeout=PROMPT) as client,
        ThreadPoolExecutor(threads) as pool,
    ):
        list(pool.map(ask, range(threads)))
        assert client.statistics.failed_connects < threads / 4


def test_connections_send_at_once_and_notice_a_dead_peer() -> None:
    """A client sets TCP_NODELAY and SO_KEEPALIVE (TCP §4.3.2)."""
    with ScriptedServer(Peer.wait_for_end) as server, client_of(server) as client:
        client.open()
        assert option(client, socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert option(client, socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_ipv6() -> None:
    """An IPv6 address is a host like any other."""
    try:
        server = ScriptedServer(replies(registers(6)), host="::1")
    except OSError:
        pytest.skip("no IPv6 on this machine")
    with server, Client("::1", server.port, timeout=LIMIT) as client:
        assert client.read_holding_registers(0) == [6]


def test_localhost_tries_every_address() -> None:
    """A name with several addresses reaches the one that listens."""
    with (
        ScriptedServer(replies(registers(4))) as server,
        Client("localhost", server.port, timeout=LIMIT) as client,
    ):
        assert client.read_holding_registers(0) == [4]


def spoilt(peer: Peer) -> None:
    """Answer garbage."""
    peer.request()
    peer.send(b"\xff" * 20)


def silent(peer: Peer) -> None:
    """Read one request and close."""
    peer.request()


@pytest.mark.parametrize("script", [spoilt, silent, replies(registers(1))])
def test_no_socket_is_left_open(script: Callable[[Peer], None]) -> None:
    """Whatever happened to a client, closing it leaves nothing for the collector to complain of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with ScriptedServer(script) as server, refused_port() as port:
            client = client_of(server)
            with suppress(ModbusError):
                client.read_holding_registers(0)
            client.close()
            with suppress(ConnectError):
                Client("127.0.0.1", port).open()
        del client
        gc.collect()
    assert [str(warning.message) for warning in caught] == []
