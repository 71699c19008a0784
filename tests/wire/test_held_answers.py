"""Clients that ask on and on while the answers are held back: what a server holds is limited."""

import socket
import threading
from collections.abc import Callable

import pytest

from modbus_wire.bank import SharedBank
from modbus_wire.conversation import MOST_WAITING
from modbus_wire.endpoint import UdpEndpoint
from modbus_wire.framing.base import Framing
from modbus_wire.orders import Order, Respond, held_back
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.peer import Peer
from modbus_wire.sync import loop
from modbus_wire.sync.client import Client
from modbus_wire.sync.poller import SelectorPoller
from modbus_wire.unit import Unit
from modbus_wire.withheld import Answer
from tests.wire.certificates import client_endpoint, client_identity, server_endpoint
from tests.wire.peers import LIMIT, mbap, rtu
from tests.wire.raw_client import READ, RawClient
from tests.wire.styles import LOOPS, Style
from tests.wire.test_server_tls import connected

TOLD = b"\x03\x02\0\0"
MANY = 20 * MOST_WAITING


class Holding(Order):
    """Holds every answer back until the test lets them all go."""

    __slots__ = ("_is_over", "_lock", "held", "is_full")

    def __init__(self) -> None:
        self.held: list[Callable[[], None]] = []
        self.is_full = threading.Event()
        self._lock = threading.Lock()
        self._is_over = False

    def answer(self, respond: Respond) -> Answer:
        return held_back(respond(), self._hold)

    def _hold(self, go: Callable[[], None]) -> None:
        with self._lock:
            if not self._is_over:
                self.held.append(go)
                if len(self.held) >= MOST_WAITING:
                    self.is_full.set()
                return
        go()

    def release(self) -> None:
        """Let all answers go, from now on at once."""
        with self._lock:
            self._is_over = True
        for go in self.held:
            go()


def units(order: Order) -> dict[int, Unit]:
    """Return unit 1, to which an order applies, and unit 2."""

    def before(request: AnyRequest, peer: Peer) -> Order | None:
        return order

    return {1: Unit(SharedBank(), before_request=before), 2: Unit(SharedBank())}


@pytest.mark.parametrize("framing", [Framing.TCP, Framing.RTU])
@pytest.mark.parametrize("style", LOOPS)
def test_no_more_are_held_than_may_wait(style: Style, framing: Framing) -> None:
    """Who waits for many answers is not read from; others are, and all are answered in the end."""
    frame = rtu if framing is Framing.RTU else lambda unit_id, pdu: mbap(1, unit_id, pdu)
    order = Holding()
    with (
        style(units(order), framing=framing) as server,
        RawClient(server) as greedy,
        RawClient(server) as other,
    ):
        sender = threading.Thread(target=greedy.send, args=(frame(1, READ) * MANY,))
        sender.start()
        assert order.is_full.wait(LIMIT)
        told = frame(2, TOLD)
        for _ in range(50):
            other.send(frame(2, READ))
            assert other.receive(len(told)) == told
        assert len(order.held) == MOST_WAITING
        order.release()
        assert greedy.receive(MANY * len(frame(1, TOLD))) == frame(1, TOLD) * MANY
        sender.join(LIMIT)


def test_without_epoll(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pollers of other systems can leave a connection alone as well."""
    monkeypatch.setattr(loop, "new_poller", SelectorPoller)
    test_no_more_are_held_than_may_wait(LOOPS[0], Framing.TCP)


@pytest.mark.parametrize("style", LOOPS)
def test_inside_tls(style: Style) -> None:
    """It is the same for who speaks through TLS."""
    order = Holding()
    with (
        style(units(order), server_endpoint(), None) as server,
        Client(client_endpoint(server.address[1])) as other,
        connected(server, client_identity("operator")) as greedy,
    ):
        greedy.sendall(mbap(1, 1, READ) * 2 * MOST_WAITING)
        assert order.is_full.wait(LIMIT)
        for _ in range(50):
            assert other.read_holding_registers(0, unit_id=2) == [0]
        assert len(order.held) == MOST_WAITING
        order.release()
        told = b""
        while len(told) < 2 * MOST_WAITING * 11:
            told += greedy.recv(4096)
        assert told == mbap(1, 1, TOLD) * 2 * MOST_WAITING


@pytest.mark.parametrize("style", LOOPS)
def test_who_closes_meanwhile(style: Style) -> None:
    """A client that is not read from and goes leaves nothing behind."""
    order = Holding()
    with style(units(order)) as server, RawClient(server) as other:
        with RawClient(server) as greedy:
            greedy.send(mbap(1, 1, READ) * (MOST_WAITING + 1))
            assert order.is_full.wait(LIMIT)
        order.release()
        while server.connections > 1:
            assert other.ask(READ, 2) == TOLD


@pytest.mark.parametrize("style", LOOPS)
def test_datagrams_beyond_are_lost(style: Style) -> None:
    """A sender's datagrams are not taken in while many answers wait for it."""
    order = Holding()
    where = UdpEndpoint("127.0.0.1", 0)
    with (
        style(units(order), where, None) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as greedy,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        for sender in (greedy, other):
            sender.settimeout(LIMIT)
            sender.connect(server.address)
        for n in range(2 * MOST_WAITING):
            greedy.send(mbap(n, 1, READ))
            if n % 16 == 0:
                other.send(mbap(n, 2, READ))
                assert other.recv(100) == mbap(n, 2, TOLD)
        assert len(order.held) == MOST_WAITING
        order.release()
        assert greedy.recv(100)[7:] == TOLD
