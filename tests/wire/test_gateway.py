"""Gateways of both styles: Modbus TCP in front, other servers behind, by whatever transport."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Protocol, Self

import pytest

from modbus_wire.access import RoleAccess
from modbus_wire.aio.client import AsyncClient
from modbus_wire.aio.gateway import AsyncGateway
from modbus_wire.bank import SharedBank
from modbus_wire.codes import Table
from modbus_wire.endpoint import Endpoint, SerialEndpoint, TcpEndpoint
from modbus_wire.framing.base import Framing
from modbus_wire.handler import Handler
from modbus_wire.sync.client import Client
from modbus_wire.sync.gateway import Gateway
from modbus_wire.sync.server import Server
from tests.wire.peers import (
    LIMIT,
    Peer,
    ScriptedServer,
    answer,
    mbap,
    refused_port,
    rtu,
    then_stays,
)
from tests.wire.raw_client import READ, WRITE, Calling, RawClient
from tests.wire.serial_line import null_modem
from tests.wire.styles import AnyServer, InThread

TOLD = b"\x03\x02\0\0"

Behind = Mapping[int, Endpoint] | Endpoint


class MakeGateway(Protocol):
    """Makes a stopped gateway, with a client for each endpoint."""

    def __call__(self, behind: Behind, *, timeout: float = 2.0, **rest: Any) -> AnyServer:
        """Take what a gateway's constructor takes, but endpoints in place of clients."""
        ...


def clients(behind: Behind, make: Callable[[Endpoint], Any]) -> Any:
    """Return a client, or one for each unit; units with the same endpoint share one."""
    if not isinstance(behind, Mapping):
        return make(behind)
    made = {id(endpoint): make(endpoint) for endpoint in behind.values()}
    return {unit_id: made[id(endpoint)] for unit_id, endpoint in behind.items()}


def blocking(behind: Behind, *, timeout: float = 2.0, **rest: Any) -> AnyServer:
    """Make a `Gateway` of blocking clients."""
    ask = clients(behind, lambda endpoint: Client(endpoint, timeout=timeout))
    return Gateway(ask, port=0, **rest)


def in_asyncio(behind: Behind, *, timeout: float = 2.0, **rest: Any) -> AnyServer:
    """Make an `AsyncGateway` of async clients."""
    ask = clients(behind, lambda endpoint: AsyncClient(endpoint, timeout=timeout))
    return InThread(AsyncGateway(ask, port=0, **rest))


@pytest.fixture(params=[blocking, in_asyncio])
def gateway(request: pytest.FixtureRequest) -> Iterator[MakeGateway]:
    """Make a gateway of either style; no thread of it may be left."""
    before = threading.active_count()
    yield request.param
    assert threading.active_count() == before


def endpoint_of(server: Server | ScriptedServer, framing: Framing = Framing.TCP) -> TcpEndpoint:
    """Return where a server listens."""
    host, port = server.address if isinstance(server, Server) else (server.host, server.port)
    return TcpEndpoint(host, port, framing=framing)


class Waiting:
    """A device that says nothing to its first request until the test lets it go on."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.go_on = threading.Event()
        self.device = ScriptedServer(self._talk)
        self.endpoint = endpoint_of(self.device)

    def _talk(self, peer: Peer) -> None:
        frame = peer.request()
        self.asked.set()
        assert self.go_on.wait(LIMIT)
        while True:
            peer.send(frame if frame[7] == WRITE[0] else answer(frame, TOLD))
            frame = peer.request()

    def __enter__(self) -> Self:
        self.device.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.go_on.set()
        self.device.__exit__(kind, error, traceback)


@pytest.mark.parametrize("framing", Framing)
def test_requests_reach_the_device(gateway: MakeGateway, framing: Framing) -> None:
    """Reads, writes and exceptions go through as they are, for every unit."""
    bank = SharedBank()
    with (
        Server({1: bank, 17: SharedBank()}, port=0, framing=framing) as device,
        gateway(endpoint_of(device, framing)) as front,
        RawClient(front) as client,
    ):
        assert client.ask(READ) == TOLD
        assert client.ask(WRITE) == WRITE
        assert client.ask(READ, transaction_id=0xFFFF) == b"\x03\x02\0\1"
        assert client.ask(READ, unit_id=17) == TOLD
        assert client.ask(READ, unit_id=2) == b"\x83\x0b"
        assert client.ask(b"\x03\xff\xff\0\2") == b"\x83\x02"
        assert client.ask(b"\x14\x01\x01") == b"\x94\x01"
        assert client.ask(b"\x2b\x0e\x01\0") == b"\xab\x01"
    assert bank.get_registers(Table.HOLDING_REGISTERS, 0) == [1]


@pytest.mark.parametrize("framing", [Framing.RTU, Framing.ASCII])
def test_a_serial_line_behind(gateway: MakeGateway, framing: Framing) -> None:
    """A Modbus TCP client reaches the devices of a serial line, all at once by unit 0."""
    pytest.importorskip("serial")
    with null_modem() as (near, far):
        ends = [SerialEndpoint(device, framing=framing, baudrate=115_200) for device in (near, far)]
        with (
            Server({1: SharedBank(), 2: SharedBank()}, ends[0]),
            gateway(ends[1], timeout=0.2) as front,
            RawClient(front) as client,
        ):
            assert client.ask(READ) == TOLD
            assert client.ask(WRITE, 0) == WRITE
            assert client.ask(READ, 1) == client.ask(READ, 2) == b"\x03\x02\0\1"
            assert client.ask(READ, 3) == b"\x83\x0b"
            assert client.ask(READ, 1) == b"\x03\x02\0\1"


def test_each_unit_by_its_own_client(gateway: MakeGateway) -> None:
    """A mapping says which client leads to which unit; a unit without one gets exception 0A."""
    with ExitStack() as stack:
        banks = {1: SharedBank(), 2: SharedBank()}
        devices = {n: stack.enter_context(Server({n: banks[n]}, port=0)) for n in banks}
        front = gateway({n: endpoint_of(devices[n]) for n in devices})
        stack.enter_context(front)
        client = stack.enter_context(RawClient(front))
        banks[2].set_registers(Table.HOLDING_REGISTERS, 0, [2])
        assert client.ask(READ, 1) == TOLD
        assert client.ask(READ, 2) == b"\x03\x02\0\2"
        assert client.ask(READ, 3) == b"\x83\x0a"
        assert client.ask(WRITE, 0) == b"\x86\x0a"


def test_function_codes_that_are_none(gateway: MakeGateway) -> None:
    """What cannot be a request is refused by the gateway itself."""
    with (
        ScriptedServer(then_stays(lambda peer: None)) as device,
        gateway(endpoint_of(device)) as front,
        RawClient(front) as client,
    ):
        for code in (0, 0x80, 0x83, 0xFF):
            assert client.ask(bytes((code,)) + READ[1:]) == bytes((code | 0x80, 1))
    assert device.requests == []


def test_no_connection_is_0a(gateway: MakeGateway) -> None:
    """Where the client cannot connect, the path to the unit is unavailable."""
    with (
        refused_port() as port,
        gateway(TcpEndpoint("127.0.0.1", port)) as front,
        RawClient(front) as client,
    ):
        assert client.ask(READ) == b"\x83\x0a"
        assert client.ask(WRITE) == b"\x86\x0a"


def closes(peer: Peer) -> None:
    """Take a request and close."""
    peer.request()


def is_silent(peer: Peer) -> None:
    """Take one request after the other and answer none."""
    while True:
        peer.request()


def says_something_else(peer: Peer) -> None:
    """Answer with another function code."""
    while True:
        peer.send(answer(peer.request(), b"\x05\0\0\0\0"))


@pytest.mark.parametrize("script", [closes, is_silent, says_something_else])
def test_no_answer_is_0b(gateway: MakeGateway, script: Callable[[Peer], None]) -> None:
    """Where the device takes the request and answers nothing of use, it failed to respond."""
    with (
        ScriptedServer(script, script) as device,
        gateway(endpoint_of(device), timeout=0.1) as front,
        RawClient(front) as client,
    ):
        assert client.ask(WRITE) == b"\x86\x0b"
    assert device.written == [WRITE]


def test_a_slow_unit_holds_up_nobody_else(gateway: MakeGateway) -> None:
    """While one client waits for its device, others are asked and the rest is answered."""
    with (
        ScriptedServer(is_silent) as slow,
        Server(SharedBank(), port=0) as quick,
        gateway({1: endpoint_of(slow), 2: endpoint_of(quick)}, timeout=30) as front,
        RawClient(front) as client,
        RawClient(front) as other,
    ):
        client.send(mbap(1, 1, READ))
        assert client.ask(READ, 2) == TOLD
        assert other.ask(READ, 2) == TOLD
        assert other.ask(READ, 3) == b"\x83\x0a"


def test_too_many_waiting_are_06(gateway: MakeGateway) -> None:
    """One is asked, as many as there may be wait, and the next is told that the device is busy."""
    with (
        Waiting() as device,
        gateway(device.endpoint, timeout=5, max_waiting=2) as front,
        RawClient(front) as client,
    ):
        client.send(mbap(1, 1, READ))
        assert device.asked.wait(LIMIT)
        client.send(b"".join(mbap(n, 1, READ) for n in (2, 3, 4)))
        assert client.receive(9) == mbap(4, 1, b"\x83\x06")
        device.go_on.set()
        assert client.receive(33) == b"".join(mbap(n, 1, TOLD) for n in (1, 2, 3))


def test_a_broadcast_is_answered_by_the_gateway(gateway: MakeGateway) -> None:
    """A write to unit 0 reaches all units of all lines; the gateway answers as a device would."""
    banks = [SharedBank(), SharedBank(), SharedBank()]
    units = {1: banks[0], 2: banks[1]}
    many = bytes.fromhex("10 0001 0002 04 0007 0008")
    with (
        Server(units, port=0, framing=Framing.RTU) as line,
        Server({3: banks[2]}, port=0, framing=Framing.ASCII) as other,
    ):
        one, two = endpoint_of(line, Framing.RTU), endpoint_of(other, Framing.ASCII)
        with gateway({1: one, 2: one, 3: two}) as front, RawClient(front) as client:
            assert client.ask(WRITE, 0) == WRITE
            assert client.ask(many, 0) == many[:5]
            assert client.ask(READ, 0) == b"\x83\x0a"
            assert client.ask(bytes.fromhex("17 0000 0001 0000 0001 02 0001"), 0) == b"\x97\x0a"
            for unit_id in (1, 2, 3):
                values = client.ask(b"\x03\0\0\0\3", unit_id)
                assert values == bytes.fromhex("03 06 0001 0007 0008")


def test_unit_0_of_modbus_tcp_is_a_unit(gateway: MakeGateway) -> None:
    """Behind a client that has no broadcast unit 0 is asked and answers itself."""
    with (
        Server({0: SharedBank()}, port=0) as device,
        gateway(endpoint_of(device)) as front,
        RawClient(front) as client,
    ):
        assert client.ask(READ, 0) == TOLD


def test_access_by_role(gateway: MakeGateway) -> None:
    """Rules hold in front of the devices, too."""
    bank = SharedBank()
    with (
        Server(bank, port=0) as device,
        gateway(endpoint_of(device), access=RoleAccess({None: "read"})) as front,
        RawClient(front) as client,
    ):
        assert client.ask(WRITE) == b"\x86\x01"
        assert client.ask(READ) == TOLD


def test_frames_that_are_none_end_the_connection(gateway: MakeGateway) -> None:
    """What was asked before a bad length is answered, then the connection ends."""
    with (
        Server(SharedBank(), port=0) as device,
        gateway(endpoint_of(device)) as front,
        RawClient(front) as client,
    ):
        client.send(mbap(1, 1, READ) + bytes(8) + mbap(2, 1, READ))
        assert client.until_end() == mbap(1, 1, TOLD)


def test_rtu_in_front_is_answered_in_order(gateway: MakeGateway) -> None:
    """Without transaction ids a quick answer waits for the slow one before it."""
    release = threading.Event()

    def waits(peer: Peer) -> None:
        request = peer.request()
        release.wait(5)
        peer.send(answer(request, TOLD))
        peer.wait_for_end()

    bank = Calling()
    bank.call = release.set
    with (
        ScriptedServer(waits) as slow,
        Server(bank, port=0) as quick,
        gateway(
            {1: endpoint_of(slow), 2: endpoint_of(quick)}, timeout=5, framing=Framing.RTU
        ) as front,
        RawClient(front) as client,
    ):
        expected = rtu(1, TOLD) + rtu(2, WRITE) + rtu(9, b"\x83\x0a")
        client.send(rtu(1, READ) + rtu(2, WRITE) + rtu(9, READ))
        assert client.receive(len(expected)) == expected


def test_stop_is_prompt_and_start_goes_on(gateway: MakeGateway) -> None:
    """A gateway that waits for a device stops at once, and can be started again."""
    asked = threading.Event()

    def notes(peer: Peer) -> None:
        peer.request()
        asked.set()
        is_silent(peer)

    with (
        ScriptedServer(notes) as device,
        gateway(endpoint_of(device), timeout=60, max_waiting=100) as front,
        RawClient(front) as client,
    ):
        client.send(b"".join(mbap(n, 1, READ) for n in range(50)))
        assert asked.wait(5)
        front.stop()
        assert client.until_end() == b""
    with Server(SharedBank(), port=0) as working:
        front = gateway(endpoint_of(working))
        for _ in range(2):
            with front, RawClient(front) as client:
                assert client.ask(READ) == TOLD


def test_who_has_gone_gets_no_answer(gateway: MakeGateway) -> None:
    """Clients that leave before the answer comes harm nobody."""
    with (
        Server(SharedBank(), port=0) as device,
        gateway(endpoint_of(device)) as front,
        RawClient(front) as witness,
    ):
        for _ in range(50):
            with RawClient(front) as client:
                client.send(b"".join(mbap(n, 1, READ) for n in range(10)))
        assert witness.ask(READ) == TOLD


def test_wrong_values() -> None:
    """A gateway where nothing may wait, and so nothing be forwarded, is refused."""
    for max_waiting in (0, -1):
        with pytest.raises(ValueError, match="max_waiting"):
            Gateway(Client("127.0.0.1"), max_waiting=max_waiting)
        with pytest.raises(ValueError, match="max_waiting"):
            AsyncGateway(AsyncClient("127.0.0.1"), max_waiting=max_waiting)


@pytest.mark.parametrize("unit_id", [-1, 256, "1"])
def test_units_that_cannot_be(unit_id: Any) -> None:
    """No client can ask for them, nor a gateway that has no way to any unit."""
    with pytest.raises(ValueError, match=r"unit id .* is no int in 0\.\.255"):
        Gateway({unit_id: Client("127.0.0.1")})
    with pytest.raises(ValueError, match=r"unit id .* is no int in 0\.\.255"):
        AsyncGateway({unit_id: AsyncClient("127.0.0.1")})
    for make in (Gateway, AsyncGateway):
        with pytest.raises(ValueError, match="without a client"):
            make({})


@pytest.mark.parametrize(
    ("make", "client"),
    [
        (Gateway, AsyncClient("127.0.0.1")),
        (Gateway, None),
        (AsyncGateway, Client("127.0.0.1")),
        (AsyncGateway, None),
    ],
)
def test_clients_of_the_other_style(make: Callable[..., object], client: object) -> None:
    """What a gateway cannot ask is refused at once, alone or for a unit."""
    with pytest.raises(TypeError, match=r"Gateway asks an? \w*Client"):
        make(client)
    with pytest.raises(TypeError, match=r"Gateway asks an? \w*Client"):
        make({1: client})


def test_a_gateway_whose_loop_has_ended() -> None:
    """A gateway that nobody stopped before its event loop ended works in the next."""
    with Server(SharedBank(), port=0) as server:
        gateway = AsyncGateway(AsyncClient(server.host, server.address[1]), port=0)

        async def used() -> None:
            await gateway.start()
            async with AsyncClient(*gateway.address) as client:
                assert await client.read_holding_registers(0) == [0]
            while gateway.connections:
                await asyncio.sleep(0)

        for _ in range(2):
            asyncio.run(used())
            assert not gateway.is_running
        asyncio.run(gateway.stop())


def test_handler_behind_a_gateway_sees_one_peer(gateway: MakeGateway) -> None:
    """The device has one connection, however many clients there are."""
    with (
        Server(Handler(SharedBank()), port=0) as device,
        gateway(endpoint_of(device)) as front,
        RawClient(front) as one,
        RawClient(front) as two,
    ):
        assert one.ask(READ) == two.ask(READ) == TOLD
        assert device.connections == 1


@pytest.mark.parametrize("count", [100, 2000])
def test_pipelined_requests_are_all_passed_on(gateway: MakeGateway, count: int) -> None:
    """However many requests a client sends at once, each is answered by the device."""
    with (
        Server(SharedBank(), port=0) as device,
        gateway(endpoint_of(device), timeout=5) as front,
        RawClient(front) as client,
    ):
        client.send(b"".join(mbap(n, 1, WRITE) for n in range(count)))
        answers = client.receive(12 * count)
        assert answers == b"".join(mbap(n, 1, WRITE) for n in range(count))


def test_refusals_make_room_for_the_next(gateway: MakeGateway) -> None:
    """Requests that are refused at once, more than may wait, hold nothing up."""
    with (
        Server(SharedBank(), port=0) as device,
        gateway({1: endpoint_of(device)}) as front,
        RawClient(front) as client,
    ):
        refused = b"".join(mbap(n, 2, READ) for n in range(300))
        client.send(refused + mbap(300, 1, READ))
        client.receive(9 * 300)
        assert client.receive(11) == mbap(300, 1, TOLD)


def test_both_styles_count_alike(gateway: MakeGateway) -> None:
    """Beside the one that is asked as many wait as may; all the others are refused."""
    with (
        Waiting() as device,
        gateway(device.endpoint, timeout=5, max_waiting=4) as front,
        RawClient(front) as client,
    ):
        client.send(b"".join(mbap(n, 1, READ) for n in range(20)))
        refused = b"".join(mbap(n, 1, b"\x83\x06") for n in range(5, 20))
        assert client.receive(len(refused)) == refused
        device.go_on.set()
        assert client.receive(5 * 11) == b"".join(mbap(n, 1, TOLD) for n in range(5))


def test_what_is_queued_is_dropped_with_its_connection(gateway: MakeGateway) -> None:
    """The writes of a client that is gone do not reach the device, those of the others do."""
    written = bytes.fromhex("06 0000 0007")
    with (
        Waiting() as device,
        gateway(device.endpoint, timeout=5) as front,
        RawClient(front) as client,
    ):
        client.send(mbap(1, 1, READ))
        assert device.asked.wait(LIMIT)
        with RawClient(front) as gone:
            gone.send(b"".join(mbap(n, 1, WRITE) for n in range(100)) + mbap(100, 9, b"\0"))
            assert gone.receive(9) == mbap(100, 9, b"\x80\1")
        while front.connections > 1:
            with RawClient(front) as other:
                assert other.ask(b"\0") == b"\x80\1"
        client.send(mbap(2, 1, written))
        device.go_on.set()
        assert client.receive(23) == mbap(1, 1, TOLD) + mbap(2, 1, written)
        assert device.device.written == [written]


def test_what_was_sent_for_who_is_gone_is_no_answer_to_others(gateway: MakeGateway) -> None:
    """The answer to it comes and is nobody's; the next on the same line gets its own."""
    with (
        Waiting() as device,
        gateway(device.endpoint, timeout=5) as front,
        RawClient(front) as client,
    ):
        with RawClient(front) as gone:
            gone.send(mbap(1, 1, READ))
            assert device.asked.wait(LIMIT)
        while front.connections > 1:
            assert client.ask(b"\0") == b"\x80\1"
        client.send(mbap(2, 1, WRITE))
        device.go_on.set()
        assert client.receive(12) == mbap(2, 1, WRITE)
