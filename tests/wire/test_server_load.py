"""Many connections, many requests at once, peers that do not read, and a system without room."""

import resource
import select
import socket
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from modbus_wire.bank import SharedBank
from modbus_wire.codes import Table
from modbus_wire.handler import Handler
from modbus_wire.limits import Limits
from modbus_wire.server_connection import ServerConnection
from modbus_wire.sync import loop
from modbus_wire.sync.poller import SelectorPoller
from modbus_wire.sync.server import Server
from modbus_wire.sync.streams import Streams
from tests.wire.peers import LIMIT, mbap
from tests.wire.raw_client import RawClient
from tests.wire.styles import LOOPS, STYLES, AnyServer


def on_selectors(bank: SharedBank) -> AnyServer:
    """Make a `Server` with the poller of systems that have no epoll."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "new_poller", SelectorPoller)
        server = Server(bank, port=0)
        server.start()
    return server


@pytest.fixture(params=[*STYLES, on_selectors])
def server(request: pytest.FixtureRequest) -> Iterator[AnyServer]:
    """A server whose register n holds n."""
    bank = SharedBank()
    bank.set_registers(Table.HOLDING_REGISTERS, 0, range(1000))
    with request.param(bank) as server:
        yield server


@pytest.fixture
def descriptors() -> Iterator[tuple[int, int]]:
    """The limits of open files, put back afterwards."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield limits
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def read_of(address: int, quantity: int = 1) -> bytes:
    """Return the PDU that reads holding registers."""
    return b"\x03" + address.to_bytes(2, "big") + quantity.to_bytes(2, "big")


def values_of(address: int, quantity: int = 1) -> bytes:
    """Return the PDU that answers it."""
    values = range(address, address + quantity)
    return bytes((3, 2 * quantity)) + b"".join(value.to_bytes(2, "big") for value in values)


def test_512_connections(server: AnyServer, descriptors: tuple[int, int]) -> None:
    """512 clients that connect before any is served are all served, more than once."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, descriptors[1]), descriptors[1]))
    with ExitStack() as stack:
        clients = [stack.enter_context(RawClient(server)) for _ in range(512)]
        for turn in range(2):
            for n, client in enumerate(clients):
                client.send(mbap(turn, 1, read_of(n)))
            for n, client in enumerate(clients):
                assert client.receive(11) == mbap(turn, 1, values_of(n))
        assert server.connections == 512


@pytest.mark.parametrize("count", [100, 1000])
def test_pipelined_requests(server: AnyServer, count: int) -> None:
    """Many requests in one send are all answered, in order, writes between reads included."""
    requests, answers = b"", b""
    for n in range(count):
        requests += mbap(n, 1, read_of(n))
        answers += mbap(n, 1, values_of(n))
        if n % 7 == 0:
            requests += mbap(n, 1, b"\x06\x10\x00\x00\x01")
            answers += mbap(n, 1, b"\x06\x10\x00\x00\x01")
    with RawClient(server) as client:
        client.send(requests)
        assert client.receive(len(answers)) == answers


def fill(client: RawClient) -> int:
    """Send reads until the server takes no more for a while; return how many were sent whole."""
    client.socket.setblocking(False)
    request = b"".join(mbap(n, 1, read_of(n % 800, 125)) for n in range(1000))
    sent = 0
    while select.select([], [client.socket], [], 0.3)[1]:
        sent += client.socket.send(request[sent % len(request) :])
    client.socket.settimeout(LIMIT)
    return sent // 12


def slow_client(server: AnyServer) -> RawClient:
    """Return a client whose system keeps little of what comes for it."""
    slow = RawClient(server)
    slow.close()
    slow.socket = socket.socket()
    slow.socket.settimeout(LIMIT)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        slow.socket.setsockopt(socket.SOL_SOCKET, option, 4096)
    slow.socket.connect(server.address)
    return slow


@pytest.mark.parametrize("server", STYLES, indirect=True)
def test_peer_that_never_reads(server: AnyServer) -> None:
    """It is not read from for ever, costs little memory, and gets all its answers in the end."""
    tracemalloc.start()
    try:
        with slow_client(server) as slow, RawClient(server) as other:
            sent = fill(slow)
            held, _ = tracemalloc.get_traced_memory()
            assert held < 1_000_000
            assert other.ask(read_of(5)) == values_of(5)
            slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_000_000)
            expected = [mbap(n, 1, values_of(n % 800, 125)) for n in range(1000)]
            for n in range(sent):
                assert slow.receive(259) == expected[n % 1000]
            assert other.ask(read_of(6)) == values_of(6)
    finally:
        tracemalloc.stop()


def test_unsent_answers_before_the_end() -> None:
    """After a bad length the connection ends when a slow peer has got what was due before."""
    requests = b"".join(mbap(n, 1, read_of(n % 800, 125)) for n in range(1200))
    bank = SharedBank()
    bank.set_registers(Table.HOLDING_REGISTERS, 0, range(1000))
    listener = socket.create_server(("127.0.0.1", 0))
    # accepted sockets have the listener's buffer: too little for all the answers
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    running = loop.Loop(
        Streams(listener, lambda peer, later: ServerConnection(Handler(bank)), Limits())
    )
    running.start()
    with RawClient(running) as slow:
        slow.send(requests + bytes(8))
        assert slow.until_end() == b"".join(
            mbap(n, 1, values_of(n % 800, 125)) for n in range(1200)
        )
    running.stop()


def test_peer_that_never_reads_does_not_delay_stop(server: AnyServer) -> None:
    """A server with unsent answers stops like any other."""
    with RawClient(server) as slow:
        fill(slow)
        server.stop()
        assert not server.is_running


@pytest.mark.parametrize("server", [*LOOPS, on_selectors], indirect=True)
def test_no_descriptor_left(
    server: AnyServer, descriptors: tuple[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    """Where the system has none, nobody is lost and nothing spins: the others wait and are served.

    The clients' sockets are made before, so that only the server lacks descriptors.
    """
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.socket()) for _ in range(20)]
        with socket.socket() as lowest_free:
            limit = lowest_free.fileno() + 5
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, descriptors[1]))
        for client in clients:
            client.settimeout(LIMIT)
            client.connect(server.address)
            client.sendall(mbap(1, 1, read_of(7)))
        assert clients[0].recv(100) == mbap(1, 1, values_of(7))
        used = time.process_time()
        assert select.select(clients[10:], [], [], 0.5)[0] == []
        assert time.process_time() - used < 0.2
        assert len(caplog.messages) == 1
        for client in clients[:10]:
            client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, descriptors)
        for client in clients[10:]:
            assert client.recv(100) == mbap(1, 1, values_of(7))


def test_connections_come_and_go(server: AnyServer) -> None:
    """Thousands of short connections leave none behind."""
    for n in range(1500):
        with RawClient(server) as client:
            assert client.ask(read_of(n % 1000)) == values_of(n % 1000)
    with RawClient(server) as client:
        while server.connections > 1:
            assert client.ask(read_of(0)) == values_of(0)
