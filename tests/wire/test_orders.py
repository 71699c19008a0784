"""Answers that come late, never, or as the end of the connection: both styles, all transports."""

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from modbus_wire.bank import SharedBank
from modbus_wire.codes import Table
from modbus_wire.errors import ConnectionClosedError, ServerDeviceBusy
from modbus_wire.framing.base import Framing
from modbus_wire.handler import Handler
from modbus_wire.orders import Delay, Disconnect, NoAnswer, Order, Respond, held_back
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.pdu.raw import RawPdu
from modbus_wire.peer import Peer
from modbus_wire.server_connection import ServerConnection
from modbus_wire.sync.client import Client
from modbus_wire.trace import TracedFrame
from modbus_wire.unit import Unit
from modbus_wire.withheld import Answer, Withheld
from tests.wire.certificates import client_endpoint, server_endpoint
from tests.wire.peers import LIMIT, mbap, rtu
from tests.wire.raw_client import READ, WRITE, RawClient
from tests.wire.serial_line import null_modem
from tests.wire.styles import LOOPS, STYLES, Style

TOLD = b"\x03\x02\0\0"
SHORT = 0.05
LONG = 60.0
COARSE = 0.01
"""What the timers of an event loop may be early by."""


class Released(Order):
    """An answer that waits until the test releases it."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def answer(self, respond: Respond) -> Answer:
        return held_back(respond(), self.waiting.append)

    def release(self) -> None:
        """Let the answer go, once it is held."""
        until(lambda: bool(self.waiting))
        self.waiting.pop()()


class Ordering(Unit):
    """A unit whose next requests get what is in a list, all later ones what they always get."""

    def __init__(self, *orders: Order | None) -> None:
        super().__init__(SharedBank(), before_request=self._next)
        self.orders = list(orders)

    def _next(self, request: AnyRequest, peer: Peer) -> Order | None:
        return self.orders.pop(0) if self.orders else None

    def register(self) -> int:
        """Return what register 0 holds."""
        return int.from_bytes(self.bank.read_registers(Table.HOLDING_REGISTERS, 0, 1), "big")


@pytest.fixture(params=LOOPS)
def style(request: pytest.FixtureRequest) -> Style:
    """Servers of both styles, async ones in both kinds of event loop."""
    return request.param  # type: ignore[no-any-return]


def test_others_are_served_while_an_answer_waits(style: Style) -> None:
    """Neither another connection waits nor, with transaction ids, the same one."""
    order = Released()
    with style(Ordering(order)) as server, RawClient(server) as slow, RawClient(server) as other:
        slow.send(mbap(1, 1, READ))
        slow.send(mbap(2, 1, READ))
        assert slow.receive(11) == mbap(2, 1, TOLD)
        assert other.is_served()
        order.release()
        assert slow.receive(11) == mbap(1, 1, TOLD)
        assert slow.is_served()


def test_a_delay_takes_its_time(style: Style) -> None:
    """The answer comes no sooner; the shorter of two delays is over first."""
    unit = Ordering(Delay(3 * SHORT), Delay(SHORT))
    with style(unit) as server, RawClient(server) as client:
        began = time.monotonic()
        client.send(mbap(1, 1, WRITE) + mbap(2, 1, READ))
        assert client.receive(11) == mbap(2, 1, b"\x03\x02\0\1")  # the write is done, not told
        assert time.monotonic() - began >= SHORT - COARSE
        assert client.receive(12) == mbap(1, 1, WRITE)
        assert time.monotonic() - began >= 3 * SHORT - COARSE


def test_no_delay_is_an_answer_at_once(style: Style) -> None:
    """It goes the way of those that wait, and arrives."""
    with style(Ordering(Delay(0), Delay(0))) as server, RawClient(server) as client:
        assert client.is_served()
        assert client.ask(WRITE) == WRITE


@pytest.mark.parametrize(("carried_out", "held"), [(False, 0), (True, 1)])
def test_a_client_waits_in_vain(style: Style, carried_out: bool, held: int) -> None:
    """Whether the write was done is what nobody tells; the next request is answered."""
    unit = Ordering(NoAnswer(carried_out=carried_out))
    with style(unit) as server, RawClient(server) as client:
        client.send(mbap(1, 1, WRITE))
        assert client.ask(READ, transaction_id=2) == bytes((3, 2, 0, held))


@pytest.mark.parametrize(("carried_out", "held"), [(False, 0), (True, 1)])
def test_the_connection_ends_instead(style: Style, carried_out: bool, held: int) -> None:
    """What was due before is sent, what comes after is not looked at, others stay."""
    unit = Ordering(None, Disconnect(carried_out=carried_out))
    with style(unit) as server, RawClient(server) as client, RawClient(server) as other:
        assert other.is_served()
        unit.orders.insert(0, None)
        client.send(mbap(1, 1, READ) + mbap(2, 1, WRITE) + mbap(3, 1, READ))
        assert client.until_end() == mbap(1, 1, TOLD)
        assert other.ask(READ) == bytes((3, 2, 0, held))


def test_answers_keep_their_order_without_transaction_ids(style: Style) -> None:
    """A line is one conversation: who asked later is not answered before."""
    slow, slower = Released(), Released()
    traced: list[bytes] = []

    def trace(frame: TracedFrame) -> None:
        if frame.is_sent:
            traced.append(frame.data)

    unit = Ordering(slow, None, slower)
    with (
        style(unit, framing=Framing.RTU, trace=trace) as server,
        RawClient(server) as client,
        RawClient(server) as other,
    ):
        client.send(rtu(1, READ))
        client.send(rtu(1, WRITE))
        client.send(rtu(1, READ))
        until(lambda: not unit.orders)
        slower.release()
        other.send(rtu(1, READ))
        assert other.receive(7) == rtu(1, b"\x03\x02\0\1")
        slow.release()
        answers = [rtu(1, TOLD), rtu(1, WRITE), rtu(1, b"\x03\x02\0\1")]
        assert client.receive(22) == b"".join(answers)
        client.send(rtu(1, WRITE))
        assert client.receive(8) == rtu(1, WRITE)
    assert traced[1:4] == answers


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so in a server's thread."""
    deadline = time.monotonic() + LIMIT
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0)


@pytest.mark.parametrize("scheme", ["rtu", "ascii"])
@pytest.mark.parametrize("serial_style", STYLES)
def test_a_line_gets_its_late_answer_too(serial_style: Style, scheme: str) -> None:
    """RTU and ASCII, on serial lines of both styles."""
    pytest.importorskip("serial")
    order = Released()
    unit = Ordering(Delay(SHORT), Delay(0), order)
    with (
        null_modem() as (near, far),
        serial_style(unit, f"{scheme}://{near}", None),
        Client(f"{scheme}://{far}", timeout=LIMIT) as client,
        ThreadPoolExecutor(1) as other,
    ):
        assert client.read_holding_registers(0) == [0]
        assert client.read_holding_registers(0) == [0]
        asked = other.submit(client.read_holding_registers, 0)
        order.release()
        assert asked.result(LIMIT) == [0]


def test_a_datagram_gets_its_late_answer_too(style: Style) -> None:
    """And one that is disconnected gets none, for there is no connection."""
    unit = Ordering(Delay(SHORT), Disconnect(), NoAnswer(), None)
    with (
        style(unit, "udp://127.0.0.1:0", None) as server,
        socket.socket(type=socket.SOCK_DGRAM) as client,
    ):
        client.settimeout(LIMIT)
        for number in range(1, 5):
            client.sendto(mbap(number, 1, READ), server.address)
        assert {client.recv(300), client.recv(300)} == {mbap(1, 1, TOLD), mbap(4, 1, TOLD)}


def test_tls_gets_its_late_answer_too(style: Style) -> None:
    """What waits is enciphered when it goes."""
    unit = Ordering(Delay(SHORT))
    with (
        style(unit, server_endpoint(), None) as server,
        Client(client_endpoint(server.address[1])) as client,
    ):
        assert client.read_holding_registers(0) == [0]
        unit.orders.append(Disconnect())
        with pytest.raises(ConnectionClosedError):
            client.write_single_register(0, 1)
        assert client.read_holding_registers(0) == [0]


def test_a_client_that_leaves_is_not_waited_for(style: Style) -> None:
    """Its answer is dropped when it is due, and a server stops while one waits."""
    order = Released()
    with style(Ordering(order, Delay(LONG))) as server, RawClient(server) as other:
        with RawClient(server) as client:
            client.send(mbap(1, 1, READ))
            until(lambda: bool(order.waiting))
        until(lambda: server.connections == 1)
        order.release()
        other.send(mbap(1, 1, READ))
        assert other.ask(READ, transaction_id=2) == TOLD
        began = time.monotonic()
    assert time.monotonic() - began < LONG


def test_an_order_is_released_after_the_end_of_the_server(style: Style) -> None:
    """Nobody hears it, and nothing fails."""
    order = Released()
    with style(Ordering(order)) as server, RawClient(server) as client:
        client.send(mbap(1, 1, READ))
        until(lambda: bool(order.waiting))
    order.release()


def test_a_request_may_be_refused_or_fail_before_it_is_carried_out() -> None:
    """An exception goes to the client; any other error is logged and 04."""

    def refuses(request: AnyRequest, peer: Peer) -> Order | None:
        if request.function_code == READ[0]:
            raise ServerDeviceBusy
        raise RuntimeError("not today")

    handler = Handler(Unit(SharedBank(), before_request=refuses))
    assert handler.handle(1, READ) == b"\x83\x06"
    assert handler.handle(1, WRITE) == b"\x86\x04"
    assert handler.handle(1, b"\x03") == b"\x83\x03"  # what is no request is not asked about


def test_functions_that_are_not_there_are_asked_about_too() -> None:
    """A device that is silent does not tell either what it lacks; strangers are refused before."""
    asked: list[AnyRequest] = []
    orders: list[Order | None] = [NoAnswer(), None]

    def note(request: AnyRequest, peer: Peer) -> Order | None:
        asked.append(request)
        return orders[len(asked) % 2 - 1]

    unit = Unit(SharedBank(), before_request=note)
    handler = Handler(unit)
    for pdu, refusal in (
        (b"\x11", b"\x91\1"),
        (b"\x2b\x0e\1\0", b"\xab\1"),
        (b"\x63\0", b"\xe3\1"),
    ):
        assert handler.handle(1, pdu) == b""
        assert handler.handle(1, pdu) == refusal
        assert asked[-2:] == [RawPdu(pdu)] * 2
    handler.broadcast(b"\x63\0")
    assert asked[-1] == RawPdu(b"\x63\0")
    seen = len(asked)
    assert handler.handle(1, b"") == b"\x80\1"
    closed = Handler(unit, access=lambda peer, unit_id, request: False)
    assert closed.handle(1, b"\x11") == b"\x91\1"
    assert Handler(unit, read_only=True).handle(1, b"\x63\0") == b"\xe3\1"
    assert len(asked) == seen


def test_a_refusal_is_late_too() -> None:
    """What an order carries out may be refused; by an order of its own it is in any case."""

    class Refusing(Order):
        __slots__ = ()

        def answer(self, respond: Respond) -> Answer:
            return held_back(respond(ServerDeviceBusy()), LONG)

    class Empty(SharedBank):
        def read_registers(self, table: Table, address: int, quantity: int) -> bytes:
            raise ServerDeviceBusy

    unit = Unit(Empty())
    handler = Handler({1: unit})
    for order in (Refusing(), Delay(LONG)):
        unit.before_request = lambda request, peer, order=order: order
        answer = handler.handle(1, READ)
        assert (answer, isinstance(answer, Withheld)) == (b"\x83\x06", True)
    assert handler.diagnostics.server_busy_count == 2
    unit.before_request = lambda request, peer: NoAnswer()
    assert handler.handle(1, READ) == b""
    assert handler.diagnostics.server_no_response_count == 1
    unit.before_request = None
    assert handler.handle(1, READ) == b"\x83\x06"


def test_a_broadcast_may_be_lost() -> None:
    """Each unit says so for itself."""
    deaf, well = Ordering(NoAnswer()), Ordering()
    Handler({1: deaf, 2: well}).broadcast(WRITE)
    assert (deaf.register(), well.register()) == (0, 1)


def test_hooks_are_told_of_a_write_whose_answer_is_lost() -> None:
    """It was carried out; of one that never arrived nobody is told."""
    handler = Handler(Ordering(NoAnswer(carried_out=True), NoAnswer()))
    told: list[object] = []
    handler.after_write(lambda write: told.append(write.new))
    handler.handle(1, WRITE)
    handler.handle(1, WRITE)
    assert told == [[1]]


def test_without_a_way_to_send_later_nothing_is_sent() -> None:
    """A connection that is driven by hand says what is due now."""
    server = ServerConnection(Handler(Ordering(Delay(1))))
    assert server.receive(mbap(1, 1, READ)) == b""
    assert server.receive(mbap(2, 1, READ)) == mbap(2, 1, TOLD)


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_a_delay_that_cannot_be(seconds: float) -> None:
    """Time goes one way."""
    with pytest.raises(ValueError, match="cannot be"):
        Delay(seconds)


def test_orders_are_values() -> None:
    """They compare and show themselves."""
    assert Delay(1.5) == Delay(1.5)
    assert repr(NoAnswer(carried_out=True)) == "NoAnswer(carried_out=True)"
