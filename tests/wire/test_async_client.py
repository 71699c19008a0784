"""The async client: what it sends, what it returns, what several requests do to each other."""

import asyncio
from collections.abc import Callable
from inspect import signature

import pytest

from modbus_wire.aio.client import AsyncClient
from modbus_wire.endpoint import TcpEndpoint
from modbus_wire.errors import (
    ClientBusy,
    ConnectionClosedError,
    IllegalDataAddress,
    ModbusError,
    RequestError,
    ResponseMismatch,
)
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.base import AnyRequest, Request
from modbus_wire.pdu.registers import ReadHoldingRegisters, WriteSingleRegister
from modbus_wire.policy import Ids
from modbus_wire.sync.client import Client
from modbus_wire.trace import TracedFrame
from tests.wire.async_peers import (
    AsyncPeer,
    addresses,
    ascii_addresses,
    both_loops,
    replies,
    rtu_addresses,
    run,
    scripted,
    silence,
    turns,
)
from tests.wire.loops import NewLoop
from tests.wire.peers import answer, mbap, registers


@both_loops
def test_reads_and_writes(loop: NewLoop) -> None:
    """A read returns what the server holds, a write nothing; one connection serves both."""

    async def main() -> None:
        async with scripted(addresses) as server, AsyncClient(server.host, server.port) as client:
            was_open = [client.is_open]
            assert await client.read_holding_registers(5, 3) == [5, 6, 7]
            was_open.append(client.is_open)
            await client.write_single_register(9, 1)
            assert await client.read_input_registers(1000) == [1000]
        assert [*was_open, client.is_open] == [False, True, False]
        assert server.connections == 1
        assert server.requests[1][6:] == bytes.fromhex("01 06 0009 0001")

    run(main(), loop)


@both_loops
@pytest.mark.parametrize("in_flight", [1, 4, 16])
def test_gathered_reads_get_their_own_answers(loop: NewLoop, in_flight: int) -> None:
    """However many tasks ask at once, each gets the registers it asked for."""

    async def main() -> None:
        async with (
            scripted(addresses) as server,
            AsyncClient(server.host, server.port, max_in_flight=in_flight) as client,
        ):
            reads = [client.read_holding_registers(address, 2) for address in range(100)]
            assert await asyncio.gather(*reads) == [[n, n + 1] for n in range(100)]
        assert server.asked == list(range(100))

    run(main(), loop)


@both_loops
def test_answers_in_any_order(loop: NewLoop) -> None:
    """Answers that overtake each other, in one segment, are told apart by their transaction."""

    async def backwards(peer: AsyncPeer) -> None:
        frames = [await peer.request() for _ in range(4)]
        await peer.send(b"".join(answer(frame, registers(frame[9])) for frame in reversed(frames)))
        await addresses(peer)

    async def main() -> None:
        async with (
            scripted(backwards) as server,
            AsyncClient(server.host, server.port, max_in_flight=4) as client,
        ):
            reads = [client.read_holding_registers(address) for address in range(6)]
            assert await asyncio.gather(*reads) == [[address] for address in range(6)]

    run(main(), loop)


def test_never_more_under_way_than_allowed() -> None:
    """The next request goes out when an answer makes room for it, and not before."""

    async def counting(peer: AsyncPeer) -> None:
        frames = [await peer.request() for _ in range(3)]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await peer.request()
        for frame in frames:
            await peer.send(answer(frame, registers(frame[9])))
            following = await peer.request()
            assert following[9] == frame[9] + 3
            frames.append(following)
            if len(frames) == 6:
                break
        for frame in frames[3:]:
            await peer.send(answer(frame, registers(frame[9])))
        await peer.wait_for_end()

    async def main() -> None:
        async with (
            scripted(counting) as server,
            AsyncClient(server.host, server.port, max_in_flight=3) as client,
        ):
            requests = [ReadHoldingRegisters(address) for address in range(6)]
            assert await client.read_many(requests) == [[address] for address in range(6)]

    run(main())


@both_loops
def test_requests_of_one_turn_go_out_together(loop: NewLoop) -> None:
    """What several tasks ask in one turn of the loop is one segment on the wire."""
    pieces: list[bytes] = []

    async def script(peer: AsyncPeer) -> None:
        await peer.send(answer(await peer.request(), registers(0)))
        pieces.append(await peer.read_some())
        for at in range(0, len(pieces[0]), 12):
            await peer.send(answer(pieces[0][at : at + 12], registers(at)))
        await peer.wait_for_end()

    async def main() -> None:
        async with (
            scripted(script) as server,
            AsyncClient(server.host, server.port, max_in_flight=8) as client,
        ):
            await client.read_holding_registers(0)
            reads = [client.read_holding_registers(address) for address in range(8)]
            assert await asyncio.gather(*reads) == [[at] for at in range(0, 96, 12)]
        assert len(pieces[0]) == 8 * 12

    run(main(), loop)


@pytest.mark.parametrize("in_flight", [1, 5])
@pytest.mark.parametrize(
    ("framing", "script"),
    [
        (Framing.TCP, addresses),
        (Framing.RTU, rtu_addresses),
        (Framing.ASCII, ascii_addresses),
    ],
)
def test_read_many_returns_in_order(
    framing: Framing, script: Callable[[AsyncPeer], object], in_flight: int
) -> None:
    """Many reads of one call return in order in any framing, pipelined or not."""

    async def main() -> None:
        async with (
            scripted(script) as server,  # type: ignore[arg-type]
            AsyncClient(
                server.host, server.port, framing=framing, max_in_flight=in_flight
            ) as client,
        ):
            requests = [ReadHoldingRegisters(address, 2) for address in range(12)]
            assert await client.read_many(requests) == [[n, n + 1] for n in range(12)]
            assert await client.read_many([]) == []

    run(main())


def test_read_many_refuses_a_write_before_anything_is_sent() -> None:
    """One write among the reads, and nothing leaves."""

    async def main() -> None:
        async with scripted() as server, AsyncClient(server.host, server.port) as client:
            requests: list[AnyRequest] = [ReadHoldingRegisters(0), WriteSingleRegister(0, 1)]
            with pytest.raises(RequestError, match="reads only") as caught:
                await client.read_many(requests)
            assert caught.value.request is requests[1]
        assert server.connections == 0

    run(main())


@pytest.mark.parametrize("in_flight", [1, 2, 8])
def test_read_many_is_all_or_nothing(in_flight: int) -> None:
    """The first failure is raised; the client and other tasks go on."""

    async def refusing(peer: AsyncPeer) -> None:
        while True:
            request = await peer.request()
            refused = request[9] == 3
            await peer.send(answer(request, b"\x83\x02" if refused else registers(request[9])))

    async def main() -> None:
        async with (
            scripted(refusing) as server,
            AsyncClient(server.host, server.port, max_in_flight=in_flight) as client,
        ):
            many = client.read_many([ReadHoldingRegisters(address) for address in range(8)])
            single = client.read_holding_registers(9)
            failed, value = await asyncio.gather(many, single, return_exceptions=True)
            assert isinstance(failed, IllegalDataAddress)
            assert failed.request == ReadHoldingRegisters(3)
            assert value == [9]
            assert await client.read_holding_registers(7) == [7]
        assert server.connections == 1

    run(main())


def test_a_refusal_fails_one_request_only() -> None:
    """An exception response says what failed and with whom; the others get their answers."""

    async def main() -> None:
        script = replies(b"\x83\x02", registers(1), b"\x86\x04")
        async with (
            scripted(script) as server,
            AsyncClient(server.host, server.port, unit_id=7) as client,
        ):
            with pytest.raises(IllegalDataAddress) as caught:
                await client.read_holding_registers(3, 2)
            assert caught.value.request == ReadHoldingRegisters(3, 2)
            assert caught.value.peer == f"127.0.0.1:{server.port} unit 7"
            assert await client.read_holding_registers(0) == [1]
            with pytest.raises(ModbusError) as failed:
                await client.write_single_register(0, 1)
            assert failed.value.may_have_been_applied

    run(main())


def test_another_unit_fails_one_of_several_and_the_connection_is_left() -> None:
    """The answer of a wrong unit is a mismatch; what else is under way gets its answer first."""

    async def script(peer: AsyncPeer) -> None:
        first, second = await peer.request(), await peer.request()
        await peer.send(mbap(int.from_bytes(first[:2]), 9, registers(0)))
        await peer.send(answer(second, registers(1)))
        await peer.wait_for_end()

    async def main() -> None:
        async with (
            scripted(script, addresses) as server,
            AsyncClient(server.host, server.port, max_in_flight=2) as client,
        ):
            reads = [client.read_holding_registers(address) for address in range(3)]
            results = await asyncio.gather(*reads, return_exceptions=True)
            assert isinstance(results[0], ResponseMismatch)
            assert results[1:] == [[1], [2]]
        assert server.connections == 2

    run(main())


@pytest.mark.parametrize("ids", [Ids.ANY_UNIT, Ids.ANY])
def test_mangled_ids_are_accepted_where_that_is_said(ids: Ids) -> None:
    """A gateway with a unit id of its own is understood; so is one that drops both ids."""

    async def mangling(peer: AsyncPeer) -> None:
        while True:
            frame = await peer.request()
            transaction_id = 0 if ids is Ids.ANY else int.from_bytes(frame[:2])
            await peer.send(mbap(transaction_id, 255, registers(frame[9])))

    async def main() -> None:
        async with (
            scripted(mangling) as server,
            AsyncClient(server.host, server.port, ids=ids, max_in_flight=4) as client,
        ):
            reads = [client.read_holding_registers(address) for address in range(5)]
            assert await asyncio.gather(*reads) == [[address] for address in range(5)]
            assert await client.read_many([ReadHoldingRegisters(8)]) == [[8]]

    run(main())


def test_a_full_queue_refuses_at_once() -> None:
    """More requests than may wait are refused, unsent; those that wait are not touched."""
    go_on = asyncio.Event()

    async def stalled(peer: AsyncPeer) -> None:
        first = await peer.request()
        await go_on.wait()
        await peer.send(answer(first, registers(0)))
        await addresses(peer)

    async def main() -> None:
        async with (
            scripted(stalled) as server,
            AsyncClient(server.host, server.port, max_waiting=2) as client,
        ):
            await client.open()
            reads = [asyncio.create_task(client.read_holding_registers(n)) for n in range(5)]
            with pytest.raises(ClientBusy) as caught:
                await reads[3]
            assert caught.value.request == ReadHoldingRegisters(3)
            assert not caught.value.may_have_been_applied
            with pytest.raises(ClientBusy):
                await client.read_many([ReadHoldingRegisters(7)])
            with pytest.raises(ClientBusy):
                await reads[4]
            assert client.waiting == 2
            go_on.set()
            assert await asyncio.gather(*reads[:3]) == [[0], [1], [2]]
            assert client.waiting == 0
        assert server.asked == [0, 1, 2]

    run(main())


def test_what_may_be_under_way_does_not_count_as_waiting() -> None:
    """A pipelined client refuses only what finds no room on the wire nor in the queue."""

    async def main() -> None:
        async with (
            scripted(addresses) as server,
            AsyncClient(server.host, server.port, max_in_flight=3, max_waiting=2) as client,
        ):
            await client.open()
            reads = [client.read_holding_registers(address) for address in range(6)]
            results = await asyncio.gather(*reads, return_exceptions=True)
            assert results[:5] == [[0], [1], [2], [3], [4]]
            assert isinstance(results[5], ClientBusy)
            writes = [client.write_single_register(address, 1) for address in range(6)]
            refused = await asyncio.gather(*writes, return_exceptions=True)
            assert refused[:5] == [None] * 5
            assert isinstance(refused[5], ClientBusy)

    run(main())


def test_an_interrupt_in_one_task_does_not_strand_the_others() -> None:
    """Ctrl-C while tasks are carried on: the loop can end, for each of the others still can."""
    ended: list[str] = []

    async def together(peer: AsyncPeer) -> None:
        frames = [await peer.request(), await peer.request()]
        await peer.send(b"".join(answer(frame, registers(frame[9])) for frame in frames))
        await peer.wait_for_end()

    async def main() -> None:
        async with (
            scripted(together) as server,
            AsyncClient(server.host, server.port, max_in_flight=2) as client,
        ):

            async def interrupted() -> None:
                await client.read_holding_registers(0)
                raise KeyboardInterrupt

            async def other() -> None:
                try:
                    await client.read_holding_registers(1)
                finally:
                    ended.append("other")

            tasks = [asyncio.create_task(interrupted()), asyncio.create_task(other())]
            await asyncio.wait(tasks)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())
    assert ended == ["other"]


def test_broadcast_waits_for_no_answer() -> None:
    """A write to unit 0 in RTU returns when it is sent; a read to unit 0 is an error."""

    async def main() -> None:
        async with (
            scripted(rtu_addresses) as server,
            AsyncClient(server.host, server.port, framing=Framing.RTU) as client,
        ):
            await client.write_single_register(1, 2, unit_id=0)
            assert await client.read_holding_registers(4) == [4]
            with pytest.raises(RequestError, match="broadcast"):
                await client.read_holding_registers(4, unit_id=0)
            assert await client.read_holding_registers(5) == [5]
        assert server.requests[0].startswith(bytes.fromhex("00 06 0001 0002"))

    run(main())


class Failing(Request[int]):
    """A user's request that does not work."""

    __slots__ = ("encodes",)

    function_code = 65
    writes = False

    def __init__(self, *, encodes: bool) -> None:
        self.encodes = encodes

    def encode(self) -> bytes:
        if not self.encodes:
            raise KeyError("encode")
        return b"\x41"

    def decode_response(self, pdu: bytes) -> int:
        raise KeyError("decode")


@pytest.mark.parametrize("encodes", [True, False])
@pytest.mark.parametrize("in_flight", [1, 2])
def test_an_error_of_a_users_request_is_its_callers(encodes: bool, in_flight: int) -> None:
    """What a request of the user's own raises comes out of the call, and the client goes on."""

    async def main() -> None:
        async with (
            scripted(addresses, addresses, addresses) as server,
            AsyncClient(server.host, server.port, max_in_flight=in_flight) as client,
        ):
            for _ in range(2):
                with pytest.raises(KeyError, match="decode" if encodes else "encode"):
                    await client.execute(Failing(encodes=encodes))
            assert await client.read_holding_registers(1) == [1]

    run(main())


@pytest.mark.parametrize("unit_id", [-1, 256])
def test_a_bad_unit_id_is_an_error_before_anything_is_sent(unit_id: int) -> None:
    """A unit id that no frame can carry fails its own request."""

    async def main() -> None:
        async with scripted(addresses) as server, AsyncClient(server.host, server.port) as client:
            for _ in range(2):
                with pytest.raises(RequestError, match="unit id"):
                    await client.read_holding_registers(0, unit_id=unit_id)
            assert await client.read_holding_registers(1) == [1]
        assert len(server.requests) == 1

    run(main())


def test_statistics_and_trace_see_every_frame() -> None:
    """Counts per unit, and each frame with its direction."""
    frames: list[TracedFrame] = []

    async def main() -> None:
        script = replies(registers(1), b"\x83\x02")
        async with (
            scripted(script) as server,
            AsyncClient(server.host, server.port, trace=frames.append) as client,
        ):
            await client.read_holding_registers(0)
            with pytest.raises(IllegalDataAddress):
                await client.read_holding_registers(0, unit_id=2)
            first, second = client.statistics.unit(1), client.statistics.unit(2)
            assert (first.requests, first.responses, first.exceptions) == (1, 1, None)
            assert (first.bytes_sent, first.bytes_received) == (12, 11)
            assert (second.requests, second.responses, second.exceptions) == (1, 1, {2: 1})
            assert second.bytes_received == 9
            assert 0 < first.latency == first.latency_max
            assert client.statistics.connects == 1
        assert [frame.is_sent for frame in frames] == [True, False, True, False]
        assert frames[0].data == server.requests[0]
        assert frames[0].peer == f"127.0.0.1:{server.port}"

    run(main())


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"unit_id": 256}, ValueError),
        ({"timeout": 0}, ValueError),
        ({"max_in_flight": 17}, ValueError),
        ({"max_in_flight": 0}, ValueError),
        ({"max_waiting": 0}, ValueError),
        ({"connect_delay": -1}, ValueError),
        ({"ids": "any"}, TypeError),
        ({"port": 0}, ValueError),
        ({"host": "tcp://plc:502", "port": 502}, ValueError),
    ],
)
def test_settings_are_checked(options: dict[str, object], kind: type[Exception]) -> None:
    """A setting out of range is an error when the client is made."""
    with pytest.raises(kind):
        AsyncClient(**{"host": "plc", **options})  # type: ignore[arg-type]


def test_the_blocking_client_is_made_alike() -> None:
    """Both clients take the same settings; the async one has a queue besides."""
    asynchronous = dict(signature(AsyncClient).parameters)
    assert asynchronous.pop("max_waiting").default == 1024
    assert asynchronous == dict(signature(Client).parameters)


def test_urls_and_endpoints() -> None:
    """The client knows where it goes, however that was said."""
    client = AsyncClient("rtu+tcp://plc:503", unit_id=3)
    assert (client.host, client.port, client.unit_id) == ("plc", 503, 3)
    assert repr(client) == "AsyncClient('rtu+tcp://plc:503', unit_id=3)"
    assert AsyncClient(TcpEndpoint("plc")).port == 502


def test_close_fails_what_is_under_way_and_what_waits() -> None:
    """After close nothing is left behind; a write that was sent may have been applied."""

    async def main() -> None:
        async with (
            scripted(silence, addresses) as server,
            AsyncClient(server.host, server.port) as client,
        ):
            await client.open()
            sent = asyncio.create_task(client.write_single_register(0, 1))
            unsent = asyncio.create_task(client.write_single_register(0, 2))
            await turns(2)
            await client.close()
            for task in (sent, unsent):
                with pytest.raises(ConnectionClosedError, match="this side") as caught:
                    await task
                assert caught.value.may_have_been_applied == (task is sent)
            assert not client.is_open
            assert await client.read_holding_registers(2) == [2]
            await client.close()
            await client.close()

    run(main())


@both_loops
def test_an_answer_split_anywhere_is_whole(loop: NewLoop) -> None:
    """Each byte may come by itself."""

    async def dripping(peer: AsyncPeer) -> None:
        while True:
            request = await peer.request()
            frame = answer(request, registers(request[9]))
            for at in range(len(frame)):
                await peer.send(frame[at : at + 1])
                await turns(2)

    async def main() -> None:
        async with (
            scripted(dripping) as server,
            AsyncClient(server.host, server.port, max_in_flight=2) as client,
        ):
            reads = [client.read_holding_registers(address) for address in range(4)]
            assert await asyncio.gather(*reads) == [[address] for address in range(4)]

    run(main(), loop)
