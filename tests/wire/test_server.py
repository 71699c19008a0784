"""The server's life on real sockets: where it listens, how it starts, stops and starts again."""

import errno
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from modbus_wire.bank import SharedBank
from modbus_wire.codes import Table
from modbus_wire.framing.base import Framing
from modbus_wire.handler import SERVICES, Handler
from modbus_wire.sync import loop
from modbus_wire.sync.poller import SelectorPoller, new_poller
from modbus_wire.sync.server import Server
from tests.wire.peers import LIMIT, rtu
from tests.wire.raw_client import READ, RawClient

WRITE = bytes.fromhex("06 0000 0001")


def server_threads() -> list[threading.Thread]:
    """Return the threads of servers that run."""
    return [thread for thread in threading.enumerate() if thread.name == "modbus-server"]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """A test that ends has ended its servers."""
    yield
    assert server_threads() == []


@pytest.fixture(params=[new_poller, SelectorPoller], autouse=True)
def poller(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test with the poller of this system, and with that of the others."""
    monkeypatch.setattr(loop, "new_poller", request.param)


def test_serves_at_its_address() -> None:
    """A server on port 0 tells which port it got, and answers there while the block runs."""
    bank = SharedBank()
    bank.set_registers(Table.HOLDING_REGISTERS, 0, [0x1234])
    with Server(bank, port=0) as server:
        was_running = server.is_running
        assert server.address[0] == "127.0.0.1"
        with RawClient(server) as client:
            assert client.ask(READ, unit_id=77, transaction_id=0xFFFF) == b"\x03\x02\x12\x34"
            assert client.ask(WRITE) == WRITE
            assert server.connections == 1
    assert (was_running, server.is_running) == (True, False)
    assert server.connections == 0
    assert server.address == ("127.0.0.1", 0)
    assert bank.get_registers(Table.HOLDING_REGISTERS, 0) == [1]


@pytest.mark.parametrize("host", ["::1", "localhost", ""])
def test_hosts(host: str) -> None:
    """IPv6, a name, and the empty name for every interface."""
    with Server(SharedBank(), host, 0) as server:
        port = server.address[1]
        to = "127.0.0.1" if host == "" else host
        with socket.create_connection((to, port), LIMIT) as client:
            client.sendall(bytes.fromhex("0001 0000 0006 01") + READ)
            assert client.recv(100)[7:] == b"\x03\x02\0\0"


def test_rtu_over_tcp() -> None:
    """The framing is the server's: RTU frames in, RTU frames out."""
    with Server(SharedBank(), port=0, framing=Framing.RTU) as server, RawClient(server) as client:
        client.send(rtu(5, READ))
        assert client.receive(7) == rtu(5, b"\x03\x02\0\0")


def test_a_handler_of_the_users() -> None:
    """A handler in place of a bank serves with the services it was given."""
    handler = Handler(SharedBank(), {kind: do for kind, do in SERVICES.items() if not kind.writes})
    with Server(handler, port=0) as server, RawClient(server) as client:
        assert client.ask(WRITE) == b"\x86\x01"
        assert client.is_served()


def test_accepted_sockets_send_at_once_and_notice_the_dead() -> None:
    """A request is answered by a socket with TCP_NODELAY and SO_KEEPALIVE."""
    seen: list[tuple[int, int]] = []

    class Looking(SharedBank):
        def read_registers(self, table: Table, address: int, quantity: int) -> bytes | bytearray:
            assert server._loop is not None
            (link,) = server._loop._links.values()
            seen.append(
                (
                    link._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY),
                    link._socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                )
            )
            return super().read_registers(table, address, quantity)

    with Server(Looking(), port=0) as server, RawClient(server) as client:
        assert client.is_served()
    assert seen == [(1, 1)]


@pytest.mark.parametrize("port", [-1, 65536])
def test_no_such_port(port: int) -> None:
    """A port that is none is refused when the server is made."""
    with pytest.raises(ValueError, match="port"):
        Server(SharedBank(), port=port)


def test_port_in_use() -> None:
    """`start` raises OSError where another server listens; later it can have the port."""
    with Server(SharedBank(), port=0) as first:
        second = Server(SharedBank(), port=first.address[1])
        with pytest.raises(OSError, match="in use") as caught:
            second.start()
        assert caught.value.errno == errno.EADDRINUSE
        assert not second.is_running
        second.stop()
    with second, RawClient(second) as client:
        assert client.is_served()


@pytest.mark.parametrize("host", ["no such host.invalid", "x" * 70, "192.0.2.1"])
def test_host_that_is_not_here(host: str) -> None:
    """`start` raises OSError for a name that does not resolve and for the address of another."""
    server = Server(SharedBank(), host, 0)
    with pytest.raises(OSError, match=r".+"):
        server.start()
    assert not server.is_running


def test_stop_closes_live_connections_and_frees_the_port() -> None:
    """Clients see the end at once; the same server starts again on the same port."""
    with Server(SharedBank(), port=0) as server:
        port = server.address[1]
    server = Server(SharedBank(), port=port)
    for _ in range(3):
        server.start()
        clients = [RawClient(server) for _ in range(5)]
        assert all(client.is_served() for client in clients)
        assert server.connections == 5
        server.stop()
        for client in clients:
            assert client.until_end() == b""
            client.close()
        with pytest.raises(ConnectionRefusedError):
            RawClient(server)


def test_start_and_stop_may_be_repeated() -> None:
    """Starting a running server and stopping a stopped one change nothing."""
    server = Server(SharedBank(), port=0)
    server.stop()
    server.start()
    address = server.address
    server.start()
    assert server.address == address
    assert len(server_threads()) == 1
    server.stop()
    server.stop()


def test_port_0_is_chosen_at_each_start() -> None:
    """A server that was stopped listens again, wherever that is, with its bank as it was."""
    server = Server(SharedBank(), port=0)
    with server, RawClient(server) as client:
        client.ask(WRITE)
    with server, RawClient(server) as client:
        assert client.ask(READ) == b"\x03\x02\0\1"


def test_serve_forever_until_stopped() -> None:
    """It blocks until another thread stops the server."""
    server = Server(SharedBank(), port=0)
    server.start()
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    with RawClient(server) as client:
        assert client.is_served()
        assert serving.is_alive()
        server.stop()
        assert client.until_end() == b""
    serving.join(LIMIT)
    assert not serving.is_alive()


def test_many_stop_at_once() -> None:
    """Several threads may stop a server together; all return when it is stopped."""
    with Server(SharedBank(), port=0) as server:
        threads = [threading.Thread(target=server.stop) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT)
            assert not thread.is_alive()
        assert server_threads() == []


class Calling(SharedBank):
    """A bank that calls a function at each write, after it is done."""

    def __init__(self) -> None:
        super().__init__()
        self.call: Callable[[], object] = lambda: None

    def write_registers(self, address: int, data: bytes) -> None:
        super().write_registers(address, data)
        self.call()


def test_stop_out_of_a_bank() -> None:
    """The server's own thread may stop it: the request is answered, then all is closed."""
    bank = Calling()
    server = Server(bank, port=0)
    bank.call = server.stop
    for _ in range(2):
        server.start()
        with RawClient(server) as client, RawClient(server) as other:
            assert other.is_served()
            assert client.ask(WRITE) == WRITE
            assert client.until_end() == b""
            assert other.until_end() == b""
        server.stop()


def test_stop_from_two_threads_one_of_them_its_own() -> None:
    """A stop that waits for a bank does not hold up the bank's own stop."""
    bank = Calling()
    stopped = threading.Event()

    def stop_too() -> None:
        stopper.start()
        stopped.wait(LIMIT)
        server.stop()

    def stop() -> None:
        stopped.set()
        server.stop()

    with Server(bank, port=0) as server:
        bank.call = stop_too
        stopper = threading.Thread(target=stop)
        with RawClient(server) as client:
            client.send(bytes.fromhex("0001 0000 0006 01") + WRITE)
            client.until_end()
        stopper.join(LIMIT)
        assert not stopper.is_alive()


def test_nothing_is_carried_out_after_stop() -> None:
    """Requests that are there already when a bank stops the server stay undone."""
    bank = Calling()
    first, all_sent = threading.Event(), threading.Event()
    calls: list[int] = []

    def wait_then_stop() -> None:
        calls.append(1)
        if len(calls) == 1:
            first.set()
            all_sent.wait(LIMIT)
        else:
            server.stop()

    bank.call = wait_then_stop
    frame = bytes.fromhex("0001 0000 0006 01") + WRITE
    with (
        Server(bank, port=0) as server,
        RawClient(server) as one,
        RawClient(server) as two,
        RawClient(server) as three,
    ):
        assert two.is_served()
        assert three.is_served()
        one.send(frame)
        assert first.wait(LIMIT)
        two.send(frame)
        three.send(frame)
        all_sent.set()
        assert sorted((two.until_end(), three.until_end())) == [b"", frame]
    assert len(calls) == 2


def test_start_waits_for_the_end_of_the_last_run() -> None:
    """A server that a bank has stopped starts again on its port, though the bank has not returned.

    The bank returns when `start` has had the time to fail.
    """
    bank = Calling()
    stopped, never = threading.Event(), threading.Event()

    def stop_and_linger() -> None:
        server.stop()
        stopped.set()
        never.wait(0.1)

    bank.call = stop_and_linger
    with Server(SharedBank(), port=0) as other:
        port = other.address[1]
    with Server(bank, port=port) as server, RawClient(server) as client:
        client.send(bytes.fromhex("0001 0000 0006 01") + WRITE)
        assert stopped.wait(LIMIT)
        server.start()
        with RawClient(server) as again:
            assert again.is_served()


def fail_with(error: type[BaseException]) -> Callable[[], None]:
    """Return a function that raises."""

    def fail() -> None:
        raise error

    return fail


def test_a_failing_bank_does_not_end_the_service() -> None:
    """An error of the bank is exception 04 for its client, who is served on."""
    bank = Calling()
    bank.call = fail_with(RuntimeError)
    with Server(bank, port=0) as server, RawClient(server) as client:
        assert client.ask(WRITE) == b"\x86\x04"
        assert client.is_served()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bank_that_exits_ends_the_service() -> None:
    """The wish to exit ends the server's thread, which closes everything before."""
    bank = Calling()
    bank.call = fail_with(SystemExit)
    with Server(bank, port=0) as server, RawClient(server) as client, RawClient(server) as other:
        client.send(bytes.fromhex("0001 0000 0006 01") + WRITE)
        assert client.until_end() == b""
        assert other.until_end() == b""


def test_repr_tells_where() -> None:
    """The representation of a server says where it listens."""
    assert repr(Server(SharedBank(), "::1", 5020)) == (
        "Server('::1', 5020, framing=<Framing.TCP: 'tcp'>)"
    )
