"""The server on real sockets: where it listens and what it serves there."""

import errno
import socket
from collections.abc import Callable, Iterator

import pytest

from modbus_wire.bank import SharedBank
from modbus_wire.codes import Table
from modbus_wire.conversation import Later
from modbus_wire.framing.base import Framing
from modbus_wire.handler import Handler
from modbus_wire.limits import Limits
from modbus_wire.peer import NOBODY, Peer
from modbus_wire.server_connection import ServerConnection
from modbus_wire.services.registry import SERVICES
from modbus_wire.sync import loop
from modbus_wire.sync.poller import SelectorPoller, new_poller
from modbus_wire.sync.server import Server
from modbus_wire.sync.streams import Streams
from tests.wire.peers import LIMIT, mbap, rtu
from tests.wire.raw_client import READ, WRITE, Calling, RawClient, server_threads
from tests.wire.styles import STYLES, Style

ASK = bytes.fromhex("0001 0000 0006 01") + READ
SILENCE = b"\x08\0\4\0\0"
RESTART = b"\x08\0\1\0\0"
TOLD = bytes.fromhex("0001 0000 0005 01 03 02 0000")


def conversation(peer: Peer, later: Later) -> ServerConnection:
    """Begin to talk about a bank of zeros."""
    return ServerConnection(Handler(SharedBank()), peer=peer)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """A test that ends has ended its servers."""
    before = server_threads()
    yield
    assert server_threads() <= before


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


@pytest.mark.parametrize("style", STYLES)
def test_nobody_on_a_network_silences_a_server(style: Style) -> None:
    """FC 8 is exception 01, and all are served on."""
    with style(SharedBank()) as server, RawClient(server) as one, RawClient(server) as other:
        assert one.ask(SILENCE) == b"\x88\x01"
        assert one.ask(READ) == other.ask(READ) == b"\x03\x02\0\0"


@pytest.mark.parametrize("style", STYLES)
def test_diagnostics_on_a_network_if_allowed(style: Style) -> None:
    """A handler that lets networks have FC 8 is silenced, until it is restarted, and counts."""
    with (
        style(Handler(SharedBank(), network_diagnostics=True)) as server,
        RawClient(server) as client,
    ):
        client.send(mbap(1, 1, SILENCE) + mbap(2, 1, READ) + mbap(3, 1, RESTART))
        assert client.ask(b"\x08\0\x0b\0\0") == b"\x08\0\x0b\0\1"


def test_accepted_sockets_send_at_once_and_notice_the_dead() -> None:
    """A request is answered by a socket with TCP_NODELAY and SO_KEEPALIVE."""
    door = Streams(socket.create_server(("127.0.0.1", 0)), conversation, Limits())
    running = loop.Loop(door)
    running.start()
    with socket.create_connection(running.address, LIMIT) as client:
        client.sendall(ASK)
        assert client.recv(100) == TOLD
        (link,) = door._links.values()
        assert link._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        assert link._socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    running.stop()


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


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 70, "192.0.2.1"])
def test_host_that_is_not_here(host: str) -> None:
    """`start` raises OSError for a name that does not resolve and for the address of another."""
    server = Server(SharedBank(), host, 0)
    with pytest.raises(OSError, match=r".+"):
        server.start()
    assert not server.is_running


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


class Broken(Handler):
    """A handler that breaks its promise never to raise."""

    def handle(self, unit_id: int, pdu: bytes, peer: Peer = NOBODY) -> bytes:
        raise ZeroDivisionError


def test_an_error_ends_its_connection_only(caplog: pytest.LogCaptureFixture) -> None:
    """What nobody has foreseen is logged and closes one connection."""
    with Server(Broken(SharedBank()), port=0) as server, RawClient(server) as other:
        assert other.is_served()
        with RawClient(server) as client:
            client.send(bytes.fromhex("0001 0000 0006 01") + WRITE)
            assert client.until_end() == b""
        assert other.is_served()
    (record,) = caplog.records
    assert record.name == "modbus_wire.server"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ZeroDivisionError)


def test_no_conversation_for_a_connection(caplog: pytest.LogCaptureFixture) -> None:
    """A connection that cannot be set up is closed, and the next one is accepted."""
    fails = [True, False]

    def converse(peer: Peer, later: Later) -> ServerConnection:
        if fails.pop(0):
            raise MemoryError
        return conversation(peer, later)

    running = loop.Loop(Streams(socket.create_server(("127.0.0.1", 0)), converse, Limits()))
    running.start()
    with socket.create_connection(running.address, LIMIT) as first:
        assert first.recv(1) == b""
    with socket.create_connection(running.address, LIMIT) as second:
        second.sendall(ASK)
        assert second.recv(100) == TOLD
    running.stop()
    assert len(caplog.records) == 1


def test_a_bank_that_exits_does_not_end_the_service() -> None:
    """The wish to exit is an error of the bank: exception 04, and everybody is served on."""
    bank = Calling()
    bank.call = fail_with(SystemExit)
    with Server(bank, port=0) as server, RawClient(server) as client, RawClient(server) as other:
        for asking in (client, other):
            asking.send(bytes.fromhex("0001 0000 0006 01") + WRITE)
            refused = bytes.fromhex("0001 0000 0003 01") + bytes((WRITE[0] | 0x80, 4))
            assert asking.receive(len(refused)) == refused
        assert server.is_running


def test_repr_tells_where() -> None:
    """The representation of a server says where it listens."""
    assert repr(Server(SharedBank(), "::1", 5020)) == (
        "Server('::1', 5020, framing=<Framing.TCP: 'tcp'>)"
    )
