"""Many reads in one call of the blocking client."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from modbus_wire.errors import (
    ConnectError,
    ConnectionClosedError,
    FrameError,
    IllegalDataAddress,
    ModbusError,
    RequestError,
    ResponseMismatch,
    ResponseTimeout,
)
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.base import AnyRequest, RawRead
from modbus_wire.pdu.bits import ReadCoils
from modbus_wire.pdu.registers import ReadHoldingRegisters, WriteSingleRegister
from modbus_wire.policy import Ids, Policy
from modbus_wire.sync.client import Client
from modbus_wire.trace import TracedFrame
from tests.wire.clients import client_of, wait_until_closed_by_server
from tests.wire.peers import (
    LIMIT,
    Peer,
    Script,
    ScriptedServer,
    answer,
    mbap,
    refused_port,
    registers,
    replies,
    rtu,
    then_stays,
)

Arrange = Callable[[list[bytes]], list[bytes]]
"""What is sent, piece by piece, where these frames are the answers."""


def reads(count: int) -> list[ReadHoldingRegisters]:
    """Return reads of the registers from 0 on, one each."""
    return [ReadHoldingRegisters(address) for address in range(count)]


def answers_bursts(*bursts: int, arrange: Arrange = lambda frames: frames) -> Script:
    """Take as many requests as each burst has before answering any; a register is its address."""

    def script(peer: Peer) -> None:
        for size in bursts:
            requests = [peer.request() for _ in range(size)]
            frames = [answer(each, registers(int.from_bytes(each[8:10]))) for each in requests]
            for piece in arrange(frames):
                peer.send(piece)

    return script


def pipelining(server: ScriptedServer, count: int = 16, **settings: Any) -> Client:
    """Return a client that has so many requests under way at once."""
    settings = {"timeout": LIMIT, **settings}
    return Client(server.host, server.port, max_in_flight=count, **settings)


def bytewise(frames: list[bytes]) -> list[bytes]:
    """Send every byte on its own."""
    return [bytes((byte,)) for byte in b"".join(frames)]


def shuffled(frames: list[bytes]) -> list[bytes]:
    """Send the frames in another order."""
    return random.Random(5).sample(frames, len(frames))


def with_strangers(frames: list[bytes]) -> list[bytes]:
    """Send answers to nothing, one twice and one of another protocol, among them."""
    stranger = mbap(0x7777, 1, registers(99))
    return [stranger + frames[0] + frames[0] + mbap(2, 1, registers(98), 7), *frames[1:], stranger]


@pytest.mark.parametrize(
    "arrange",
    [lambda frames: frames, lambda frames: [b"".join(frames)], bytewise, shuffled, with_strangers],
    ids=["one by one", "all at once", "bytewise", "shuffled", "with strangers"],
)
def test_results_come_in_order(arrange: Arrange) -> None:
    """All requests are there before the first answer; in whatever order that comes, and cut."""
    with (
        ScriptedServer(answers_bursts(16, arrange=arrange)) as server,
        pipelining(server) as client,
    ):
        assert client.read_many(reads(16)) == [[n] for n in range(16)]
    assert server.connections == 1


def test_no_more_are_under_way_than_allowed() -> None:
    """More reads than may be under way go out in several bursts, the last one shorter."""
    with ScriptedServer(answers_bursts(3, 3, 1)) as server, pipelining(server, 3) as client:
        assert client.read_many(reads(7)) == [[n] for n in range(7)]
    assert [int.from_bytes(frame[:2]) for frame in server.requests] == list(range(1, 8))


def test_one_at_a_time_is_the_default() -> None:
    """A server that takes one request at a time is asked so."""
    with ScriptedServer(answers_bursts(1, 1, 1)) as server, client_of(server) as client:
        assert client.read_many(iter(reads(3))) == [[0], [1], [2]]


def test_results_are_those_of_each_request() -> None:
    """Reads of different kinds go together; no reads are no requests."""

    def script(peer: Peer) -> None:
        asked = [peer.request() for _ in range(3)]
        pdus = [registers(5), b"\x01\x01\x05", registers(6, 7)]
        for request, pdu in zip(asked, pdus, strict=True):
            peer.send(answer(request, pdu))

    mixed: list[AnyRequest] = [
        ReadHoldingRegisters(0),
        ReadCoils(0, 3),
        RawRead(ReadHoldingRegisters(0, 2)),
    ]
    with ScriptedServer(script) as server, pipelining(server) as client:
        assert client.read_many([]) == []
        assert client.read_many(mixed, unit_id=9) == [
            [5],
            [True, False, True],
            b"\x00\x06\x00\x07",
        ]
    assert {frame[6] for frame in server.requests} == {9}


@pytest.mark.parametrize("count", [1, 16])
def test_nothing_that_writes_is_sent(count: int) -> None:
    """A write among the reads is refused before the first of them goes out."""
    write = WriteSingleRegister(1, 2)
    with ScriptedServer(replies(registers(7))) as server, pipelining(server, count) as client:
        with pytest.raises(RequestError) as caught:
            client.read_many([ReadHoldingRegisters(0), write])
        assert caught.value.request is write
        with pytest.raises(RequestError, match="unit id 256"):
            client.read_many(reads(2), unit_id=256)
        assert client.read_holding_registers(0) == [7]
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("pdu", "kind", "connections"),
    [(b"\x83\x02", IllegalDataAddress, 1), (b"\x04\x02\x00\x01", ResponseMismatch, 2)],
    ids=["refused", "mismatch"],
)
def test_first_error_is_raised_and_the_client_goes_on(
    pdu: bytes, kind: type[ModbusError], connections: int
) -> None:
    """All or nothing: the error names its read, and no late answer is taken for the next."""

    def script(peer: Peer) -> None:
        first, second, third = (peer.request() for _ in range(3))
        peer.send(answer(first, registers(1)) + answer(second, pdu))
        if connections == 2:
            peer.wait_for_end()
            return
        last = peer.request()
        peer.send(answer(third, registers(3)) + answer(last, registers(7)))

    with (
        ScriptedServer(script, replies(registers(7))) as server,
        pipelining(server) as client,
    ):
        with pytest.raises(kind) as caught:
            client.read_many(reads(3))
        assert caught.value.request == ReadHoldingRegisters(1)
        assert caught.value.peer == f"127.0.0.1:{server.port} unit 1"
        assert not caught.value.may_have_been_applied
        assert client.read_holding_registers(0) == [7]
    assert server.connections == connections


def test_wrong_unit_names_its_read() -> None:
    """The answer of another unit fails the read that it would have answered."""

    def script(peer: Peer) -> None:
        first, second = peer.request(), peer.request()
        wrong = mbap(int.from_bytes(second[:2]), 9, registers(2))
        peer.send(answer(first, registers(1)) + wrong)
        peer.wait_for_end()

    with ScriptedServer(script) as server, pipelining(server) as client:
        with pytest.raises(ResponseMismatch, match="unit 9") as caught:
            client.read_many(reads(2))
        assert caught.value.request == ReadHoldingRegisters(1)


def test_missing_answer_is_a_timeout() -> None:
    """The error names the first read without an answer; the client goes on."""

    def script(peer: Peer) -> None:
        first, _, third = (peer.request() for _ in range(3))
        peer.send(answer(first, registers(1)) + answer(third, registers(3)))
        peer.send(answer(peer.request(), registers(7)))

    with ScriptedServer(script) as server, pipelining(server, timeout=0.15) as client:
        with pytest.raises(ResponseTimeout) as caught:
            client.read_many(reads(3))
        assert caught.value.request == ReadHoldingRegisters(1)
        client.timeout = LIMIT
        assert client.read_holding_registers(0) == [7]
    assert server.connections == 1


def test_connection_that_stays_silent_is_given_up() -> None:
    """After two bursts in a row without an answer a new connection is made."""

    def silent(peer: Peer) -> None:
        for _ in range(5):
            peer.request()
        peer.wait_for_end()

    with (
        ScriptedServer(silent, answers_bursts(2)) as server,
        pipelining(server, timeout=0.05) as client,
    ):
        for count in (2, 3):
            with pytest.raises(ResponseTimeout):
                client.read_many(reads(count))
        client.timeout = LIMIT
        assert client.read_many(reads(2)) == [[0], [1]]
    assert server.connections == 2


def test_garbage_ends_the_connection() -> None:
    """A stream that cannot be trusted fails the call; the next one has a new connection."""

    def script(peer: Peer) -> None:
        first, _ = peer.request(), peer.request()
        peer.send(answer(first, registers(0)) + b"\xff" * 9)
        peer.wait_for_end()

    with (
        ScriptedServer(script, replies(registers(7))) as server,
        pipelining(server) as client,
    ):
        with pytest.raises(FrameError):
            client.read_many(reads(2))
        assert client.read_holding_registers(0) == [7]


def half_a_burst(peer: Peer) -> None:
    """Answer the first of two requests and close."""
    answers_bursts(2, arrange=lambda frames: frames[:1])(peer)


def test_burst_is_asked_again_where_the_policy_says_so() -> None:
    """What had no answer goes out again, over a new connection; what had one does not."""
    policy = Policy(timeout=LIMIT, retries=1)
    with (
        ScriptedServer(half_a_burst, then_stays(replies(registers(1)))) as server,
        pipelining(server, policy=policy, timeout=None) as client,
    ):
        assert client.read_many(reads(2)) == [[0], [1]]
        assert client.statistics.unit(1).retries == 1
    assert len(server.requests) == 3


def test_burst_on_a_connection_that_ends_is_an_error_without_retries() -> None:
    """It is a new connection, so that no idle close can be the reason."""
    with ScriptedServer(half_a_burst) as server, pipelining(server) as client:
        with pytest.raises(ConnectionClosedError) as caught:
            client.read_many(reads(2))
        assert caught.value.request == ReadHoldingRegisters(1)


def test_burst_after_an_idle_close_is_not_lost() -> None:
    """The first reads after the server closed an idle connection go over a new one."""
    with (
        ScriptedServer(replies(registers(1)), answers_bursts(2)) as server,
        pipelining(server) as client,
    ):
        client.read_holding_registers(0)
        wait_until_closed_by_server(client)
        assert client.read_many(reads(2)) == [[0], [1]]


def test_no_connection_names_the_first_read() -> None:
    """Nothing was sent."""
    with (
        refused_port() as port,
        Client("127.0.0.1", port, max_in_flight=4) as client,
        pytest.raises(ConnectError) as caught,
    ):
        client.read_many(reads(2))
    assert caught.value.request == ReadHoldingRegisters(0)


@pytest.mark.parametrize(
    "settings",
    [{"ids": Ids.ANY}, {"policy": Policy(timeout=LIMIT, request_delay=0.01), "timeout": None}],
    ids=["ids that mean nothing", "request delay"],
)
def test_settings_that_want_one_at_a_time(settings: dict[str, Any]) -> None:
    """What cannot be told apart, or needs silence, is not sent together."""
    with (
        ScriptedServer(answers_bursts(1, 1, 1)) as server,
        pipelining(server, **settings) as client,
    ):
        assert client.read_many(reads(3)) == [[0], [1], [2]]


def test_rtu_is_asked_one_at_a_time() -> None:
    """Without transaction ids one request is under way, whatever is allowed."""

    def script(peer: Peer) -> None:
        for n in range(3):
            peer.request_of(8)
            peer.send(rtu(1, registers(n)))

    with (
        ScriptedServer(script) as server,
        pipelining(server, framing=Framing.RTU) as client,
    ):
        assert client.read_many(reads(3)) == [[0], [1], [2]]


def test_trace_sees_each_frame() -> None:
    """A burst is traced frame by frame."""
    frames: list[TracedFrame] = []
    script = then_stays(answers_bursts(3, arrange=lambda frames: [b"".join(frames)]))
    with ScriptedServer(script) as server, pipelining(server, trace=frames.append) as client:
        assert client.read_many(reads(3)) == [[0], [1], [2]]
    sent = [frame.data for frame in frames if frame.is_sent]
    received = [frame.data for frame in frames if not frame.is_sent]
    assert sent == server.requests
    assert received == [answer(request, registers(n)) for n, request in enumerate(sent)]


def test_transaction_ids_wrap() -> None:
    """After 65535 the ids begin anew, also within a burst."""
    with ScriptedServer(answers_bursts(1, 16, 16)) as server, pipelining(server) as client:
        client.read_holding_registers(0)
        client._connection.sent = 65_530
        assert client.read_many(reads(32)) == [[n] for n in range(32)]
    ids = [int.from_bytes(frame[:2]) for frame in server.requests]
    assert len(set(ids[1:])) == 32
