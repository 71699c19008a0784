"""The async client against time: timeouts, retries, pacing, and units that do not answer."""

import asyncio
from itertools import pairwise
from time import monotonic

import pytest

from modbus_wire.aio.client import AsyncClient
from modbus_wire.errors import (
    ConnectionClosedError,
    IllegalDataAddress,
    ResponseTimeout,
    ServerDeviceBusy,
)
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.registers import ReadHoldingRegisters
from modbus_wire.policy import Policy
from tests.wire.async_peers import (
    AsyncPeer,
    addresses,
    both_loops,
    late,
    replies,
    rtu_addresses,
    run,
    scripted,
    silence,
)
from tests.wire.loops import NewLoop
from tests.wire.peers import answer, registers, rtu

SHORT = 0.04
"""Seconds; the timeout of requests that are meant to time out."""


@both_loops
@pytest.mark.parametrize("in_flight", [1, 3])
def test_no_answer_in_time(loop: NewLoop, in_flight: int) -> None:
    """A request ends when its time is over, no sooner; a write may have been applied."""

    async def main() -> None:
        async with (
            scripted(silence, silence) as server,
            AsyncClient(server.host, server.port, timeout=SHORT, max_in_flight=in_flight) as client,
        ):
            start = monotonic()
            with pytest.raises(ResponseTimeout) as caught:
                await client.write_single_register(0, 1)
            assert SHORT * 0.9 < monotonic() - start < 20 * SHORT
            assert caught.value.may_have_been_applied
            with pytest.raises(ResponseTimeout) as caught:
                await client.read_holding_registers(0)
            assert not caught.value.may_have_been_applied
            assert client.statistics.unit(1).timeouts == 2

    run(main(), loop)


def test_a_late_answer_is_not_that_to_the_next_request() -> None:
    """After one timeout the connection stays, and what comes late is passed over."""

    async def script(peer: AsyncPeer) -> None:
        await peer.request()
        request = await peer.request()
        await peer.send(late(request, 1) + answer(request, registers(2)))
        await addresses(peer)

    async def main() -> None:
        async with (
            scripted(script) as server,
            AsyncClient(server.host, server.port, timeout=SHORT) as client,
        ):
            with pytest.raises(ResponseTimeout):
                await client.read_holding_registers(1)
            assert await client.read_holding_registers(2) == [2]
            assert await client.read_holding_registers(3) == [3]
        assert server.connections == 1

    run(main())


@both_loops
def test_two_timeouts_in_a_row_give_the_connection_up(loop: NewLoop) -> None:
    """A connection that is dead without a word is replaced; the third request has a new one."""

    async def main() -> None:
        async with (
            scripted(silence, addresses) as server,
            AsyncClient(server.host, server.port, timeout=SHORT) as client,
        ):
            for _ in range(2):
                with pytest.raises(ResponseTimeout):
                    await client.read_holding_registers(1)
            assert not client.is_open
            assert await client.read_holding_registers(3) == [3]
        assert server.connections == 2

    run(main(), loop)


def test_an_answer_between_two_timeouts_keeps_the_connection() -> None:
    """A unit behind a gateway that is dead does not cost the others their connection."""

    async def gateway(peer: AsyncPeer) -> None:
        while True:
            request = await peer.request()
            if request[6] != 2:
                await peer.send(answer(request, registers(request[9])))

    async def main() -> None:
        policies = {2: Policy(timeout=SHORT)}
        async with (
            scripted(gateway) as server,
            AsyncClient(server.host, server.port, units=policies) as client,
        ):
            for _ in range(3):
                with pytest.raises(ResponseTimeout):
                    await client.read_holding_registers(1, unit_id=2)
                assert await client.read_holding_registers(3) == [3]
        assert server.connections == 1

    run(main())


@pytest.mark.parametrize("in_flight", [1, 2])
def test_a_dead_unit_holds_up_others_no_longer_than_its_own_timeout(in_flight: int) -> None:
    """However many requests to a dead unit wait, those to others go before all but one."""

    async def gateway(peer: AsyncPeer) -> None:
        while True:
            request = await peer.request()
            if request[6] != 2:
                await peer.send(answer(request, registers(request[9])))

    async def main() -> None:
        policies = {2: Policy(timeout=SHORT, retries=1)}
        async with (
            scripted(gateway, gateway, gateway, gateway, gateway) as server,
            AsyncClient(
                server.host, server.port, units=policies, max_in_flight=in_flight
            ) as client,
        ):
            await client.open()
            start = monotonic()
            dead = [
                asyncio.create_task(client.read_holding_registers(address, unit_id=2))
                for address in range(4)
            ]
            assert await client.read_holding_registers(9) == [9]
            assert monotonic() - start < 2 * SHORT
            results = await asyncio.gather(*dead, return_exceptions=True)
            assert all(isinstance(result, ResponseTimeout) for result in results)
            assert client.statistics.unit(2).requests == 8

    run(main())


def test_each_unit_has_its_own_timeout_in_one_pipeline() -> None:
    """A short timeout that begins later ends sooner, and takes nothing else with it."""

    async def script(peer: AsyncPeer) -> None:
        frames = {frame[6]: frame for frame in (await peer.request(), await peer.request())}
        await asyncio.sleep(2 * SHORT)
        await peer.send(answer(frames[1], registers(1)))
        await peer.wait_for_end()

    async def main() -> None:
        async with (
            scripted(script) as server,
            AsyncClient(
                server.host, server.port, units={2: Policy(timeout=SHORT)}, max_in_flight=2
            ) as client,
        ):
            slow = asyncio.create_task(client.read_holding_registers(1))
            with pytest.raises(ResponseTimeout):
                await client.read_holding_registers(1, unit_id=2)
            assert not slow.done()
            assert await slow == [1]

    run(main())


def test_without_transaction_ids_a_timeout_ends_the_connection() -> None:
    """In RTU over TCP nothing tells a late answer from the next: it must not come."""

    async def script(peer: AsyncPeer) -> None:
        await peer.request_of(8)
        await peer.wait_for_end()

    async def main() -> None:
        async with (
            scripted(script, rtu_addresses) as server,
            AsyncClient(server.host, server.port, framing=Framing.RTU, timeout=SHORT) as client,
        ):
            with pytest.raises(ResponseTimeout):
                await client.read_holding_registers(1)
            assert await client.read_holding_registers(2) == [2]

    run(main())


def test_in_rtu_what_comes_unasked_is_no_answer() -> None:
    """Two answers to one request: the second is dropped before the next request goes out."""

    async def script(peer: AsyncPeer) -> None:
        await peer.request_of(8)
        await peer.send(rtu(1, registers(1)) + rtu(1, registers(66)))
        await peer.send(rtu(1, registers(67)))
        await rtu_addresses(peer)

    async def main() -> None:
        async with (
            scripted(script) as server,
            AsyncClient(server.host, server.port, framing=Framing.RTU) as client,
        ):
            assert await client.read_holding_registers(1) == [1]
            await asyncio.sleep(0.01)
            assert await client.read_holding_registers(2) == [2]
        assert server.connections == 1

    run(main())


@pytest.mark.parametrize(
    ("pdu", "kind"), [(b"\x83\x06", ServerDeviceBusy), (b"\x83\x02", IllegalDataAddress)]
)
def test_reads_are_asked_again_where_that_may_help(pdu: bytes, kind: type[Exception]) -> None:
    """A busy server is asked again, as often as the policy says; a final refusal is not."""

    async def main() -> None:
        async with (
            scripted(replies(pdu, pdu, registers(7))) as server,
            AsyncClient(server.host, server.port, policy=Policy(retries=2)) as client,
        ):
            if kind is ServerDeviceBusy:
                assert await client.read_holding_registers(0) == [7]
                assert client.statistics.unit(1).retries == 2
            else:
                with pytest.raises(kind):
                    await client.read_holding_registers(0)
        assert len(server.requests) == (3 if kind is ServerDeviceBusy else 1)

    run(main())


@pytest.mark.parametrize("in_flight", [1, 4])
def test_retries_are_counted_per_read(in_flight: int) -> None:
    """Each read of one call has its own retries; when they are used up the call fails."""

    async def script(peer: AsyncPeer) -> None:
        seen = []
        while True:
            request = await peer.request()
            seen.append(request[9])
            busy = seen.count(request[9]) <= request[9]
            await peer.send(answer(request, b"\x83\x06" if busy else registers(request[9])))

    async def main() -> None:
        async with (
            scripted(script) as server,
            AsyncClient(
                server.host, server.port, policy=Policy(retries=2), max_in_flight=in_flight
            ) as client,
        ):
            reads = [ReadHoldingRegisters(address) for address in range(4)]
            assert await client.read_many(reads[:3]) == [[0], [1], [2]]
            with pytest.raises(ServerDeviceBusy):
                await client.read_many(reads)
            assert await client.read_holding_registers(1) == [1]

    run(main())


def test_a_write_is_never_sent_twice() -> None:
    """Not after a timeout, not after a refusal that asks to come again, not after an end."""

    async def closing(peer: AsyncPeer) -> None:
        await peer.request()

    async def main() -> None:
        scripts = (replies(b"\x86\x06"), closing)
        async with (
            scripted(*scripts) as server,
            AsyncClient(
                server.host, server.port, policy=Policy(timeout=SHORT, retries=3)
            ) as client,
        ):
            with pytest.raises(ServerDeviceBusy) as refused:
                await client.write_single_register(0, 1)
            assert not refused.value.may_have_been_applied
            await client.open()
            with pytest.raises(ConnectionClosedError) as lost:
                await client.write_single_register(0, 2)
            assert lost.value.may_have_been_applied
        assert [frame[11] for frame in server.requests] == [1, 2]

    run(main())


def test_request_delay_is_silence_before_each_request() -> None:
    """The next request goes out so long after the last answer; other units need not wait."""
    times: list[float] = []

    async def timing(peer: AsyncPeer) -> None:
        while True:
            request = await peer.request()
            times.append(monotonic())
            await peer.send(answer(request, registers(request[9])))

    async def main() -> None:
        async with (
            scripted(timing) as server,
            AsyncClient(
                server.host, server.port, units={2: Policy(request_delay=SHORT)}, max_in_flight=4
            ) as client,
        ):
            reads = [ReadHoldingRegisters(address) for address in range(3)]
            assert await client.read_many(reads, unit_id=2) == [[0], [1], [2]]
            assert all(after - before >= SHORT * 0.9 for before, after in pairwise(times))
            await client.read_many(reads)
            start = monotonic()
            assert await client.read_many(reads) == [[0], [1], [2]]
            assert monotonic() - start < SHORT

    run(main())


def test_request_delay_counts_from_the_last_connection() -> None:
    """The first request of all need not wait; that after a reconnect does."""
    times: list[float] = []

    async def timing(peer: AsyncPeer) -> None:
        request = await peer.request()
        times.append(monotonic())
        await peer.send(answer(request, registers(request[9])))

    async def main() -> None:
        patient = Policy(request_delay=SHORT)
        async with scripted(timing, timing, timing) as server:
            async with AsyncClient(
                server.host, server.port, policy=Policy(request_delay=60.0)
            ) as client:
                assert await client.read_holding_registers(0) == [0]
            async with AsyncClient(server.host, server.port, policy=patient) as client:
                for _ in range(2):
                    assert await client.read_holding_registers(0) == [0]
        assert times[2] - times[1] >= SHORT * 0.9

    run(main())


def test_connect_delay_precedes_the_first_request() -> None:
    """A device that needs a while after connecting gets it."""
    waited: list[float] = []

    async def timing(peer: AsyncPeer) -> None:
        start = monotonic()
        request = await peer.request()
        waited.append(monotonic() - start)
        await peer.send(answer(request, registers(1)))
        await addresses(peer)

    async def main() -> None:
        async with (
            scripted(timing) as server,
            AsyncClient(server.host, server.port, connect_delay=SHORT) as client,
        ):
            assert await client.read_holding_registers(1) == [1]
            assert waited[0] >= SHORT * 0.8
            start = monotonic()
            assert await client.read_holding_registers(2) == [2]
            assert monotonic() - start < SHORT

    run(main())


@both_loops
def test_a_server_that_takes_no_bytes_is_given_up(loop: NewLoop) -> None:
    """Broadcasts to nobody do not pile up: when nothing is taken, a request ends in time."""

    async def deaf(peer: AsyncPeer) -> None:
        await stop.wait()

    stop = asyncio.Event()

    async def main() -> None:
        async with (
            scripted(deaf, silence, receive_buffer=4096) as server,
            AsyncClient(server.host, server.port, framing=Framing.RTU, timeout=SHORT) as client,
        ):
            values = [7] * 120
            for _ in range(100_000):
                await client.write_multiple_registers(0, values, unit_id=0)
                if server.connections > 1:
                    break
            assert server.connections == 2
            stop.set()

    run(main(), loop)
