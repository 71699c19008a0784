"""The async poller on real sockets: the same beats and events, many devices, and its end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from modbus_schema import (
    AsyncDevice,
    AsyncPoller,
    Device,
    Failure,
    Reading,
    Recovery,
    simulate,
)
from modbus_schema.simulation import ManualClock, NoAnswer
from modbus_wire import AsyncClient, Backoff, Client, ConnectError, ResponseTimeout
from tests.schema.maps import House, a_house
from tests.schema.poll_bench import LIMIT, Meter, Phase, a_meter, date_of, names, silent_server

AT_ONCE = Backoff(0, 0)


class Later:
    """The events that a poller tells, in their order; a test awaits them."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue()

    def __call__(self, event: Any) -> None:
        self._queue.put_nowait(event)

    async def next(self) -> Any:
        """Return the next event, when it comes."""
        return await asyncio.wait_for(self._queue.get(), LIMIT)

    def rest(self) -> list[Any]:
        """Return the events that have come and were not yet returned."""
        return [self._queue.get_nowait() for _ in range(self._queue.qsize())]


def in_loop(main: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Run a test in an event loop of its own, in which no task may be left at its end."""

    async def run() -> None:
        await main()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    def test() -> None:
        asyncio.run(run())

    test.__doc__ = main.__doc__
    return test


@in_loop
async def test_fields_are_read_at_their_periods() -> None:
    """At the start all of them, then what is due, when it is due."""
    clock, told = ManualClock(), Later()
    async with (
        simulate(a_meter(), port=0) as sim,
        AsyncClient(sim.host, sim.port) as client,
    ):
        poller = AsyncPoller(AsyncDevice(client, Meter), clock=clock)
        poller.on_reading(told)
        async with poller:
            first = await told.next()
            assert first.at == date_of(clock)
            assert poller.snapshot() == a_meter().replace(reset=None)
            sim.set(Meter.power.to(250.0))
            clock.advance(1)
            assert names(await told.next()) == {"power", "phase.voltage"}
            assert poller.latest(Meter.power) == 250.0
            clock.advance(2.5)
            fields = names(await told.next())
            assert fields == {"power", "phase.voltage", "phase.current", "limit"}
            assert poller.statistics() == (3, 0, 1, False)
            assert poller.values()[Meter.phase.at(Phase.current)] == 4.5
        assert told.rest() == []


@in_loop
async def test_changes_are_told() -> None:
    """To plain functions and to coroutine functions, which are awaited."""
    clock, told = ManualClock(), Later()
    async with (
        simulate(a_meter(), port=0) as sim,
        AsyncClient(sim.host, sim.port) as client,
    ):
        device = AsyncDevice(client, Meter)
        poller = AsyncPoller(device, clock=clock)
        read = Later()

        @poller.on_change(Meter.power, dead_band=5.0)
        async def tell(change: Any) -> None:
            await asyncio.sleep(0)
            told(change)

        async with poller:
            change = await told.next()
            assert (change.device, change.old, change.new) == (device, None, 100.0)
            poller.on_reading(read)
            for power in (104.0, 106.0):
                sim.set(Meter.power.to(power))
                clock.advance(1)
                await read.next()
            change = await told.next()
            assert (change.ref, change.old, change.new) == (Meter.power, 100.0, 106.0)
        assert told.rest() == []
        assert tell is not None


@in_loop
async def test_it_survives_that_the_server_is_gone() -> None:
    """Polling goes on, with one failure and one recovery, and is back at its beats."""
    clock, read, told = ManualClock(), Later(), Later()
    sim = simulate(a_meter(), port=0)
    await asyncio.to_thread(sim.start)
    async with AsyncClient(sim.host, sim.port, backoff=AT_ONCE) as client:
        device = AsyncDevice(client, Meter)
        poller = AsyncPoller(device, clock=clock, backoff=Backoff(0.5, 0.5))
        poller.on_reading(read)
        poller.on_failure(told)
        poller.on_recovery(told)
        async with poller:
            await read.next()
            await asyncio.to_thread(sim.stop)
            clock.advance(1)
            failure = await told.next()
            assert isinstance(failure, Failure)
            assert isinstance(failure.error, ConnectError)
            await asyncio.to_thread(sim.start)
            clock.advance(0.5)
            recovery = await told.next()
            assert isinstance(recovery, Recovery)
            assert (recovery.since, recovery.at) == (failure.at, date_of(clock))
            assert names(await read.next()) == {"power", "phase.voltage"}
            clock.advance(0.5)
            assert (await read.next()).at == date_of(clock)
            assert poller.statistics() == (4, 1, 0, False)
        assert told.rest() == []
    await asyncio.to_thread(sim.stop)


@in_loop
async def test_a_dead_device_stalls_no_other() -> None:
    """They keep every beat while it is being waited for, and the end does not wait for it."""
    clock, read = ManualClock(), Later()
    with silent_server() as port:
        async with (
            simulate(a_meter(), port=0) as sim,
            AsyncClient(sim.host, sim.port) as client,
            AsyncClient("127.0.0.1", port, timeout=1000) as dead_client,
        ):
            live, dead = AsyncDevice(client, Meter), AsyncDevice(dead_client, Meter)
            poller = AsyncPoller([dead, live], clock=clock)
            poller.on_reading(read)
            async with poller:
                for _ in range(5):
                    assert (await read.next()).device is live
                    clock.advance(1)
            assert poller.statistics(device=live).missed == 0
            assert poller.statistics(device=dead).polls == 1
            assert poller.snapshot(device=dead) is None


@in_loop
async def test_a_silent_device_behind_the_same_client() -> None:
    """The others wait for its timeout at most, and miss nothing that is longer."""
    clock, read, told = ManualClock(), Later(), Later()
    sim = simulate(a_meter(), port=0, unit_id=1)
    silent = sim.add(a_meter(), unit_id=2)
    async with sim, AsyncClient(sim.host, sim.port, timeout=0.05) as client:
        live, dead = AsyncDevice(client, Meter, unit_id=1), AsyncDevice(client, Meter, unit_id=2)
        poller = AsyncPoller([dead, live], clock=clock, backoff=Backoff(3, 3))
        poller.on_reading(read)
        poller.on_failure(told)
        poller.on_recovery(told)
        with silent.fault(NoAnswer()):
            async with poller:
                assert isinstance((await told.next()).error, ResponseTimeout)
                for _ in range(5):
                    assert (await read.next()).device is live
                    clock.advance(1)
                assert (await read.next()).device is live
                assert poller.statistics(device=live) == (6, 0, 0, False)
                assert 1 <= poller.statistics(device=dead).failures <= 2
        async with poller:
            assert (await told.next()).device is dead
            assert {(await read.next()).device, (await read.next()).device} == {live, dead}


@in_loop
async def test_a_timeout_is_a_failure_and_no_end() -> None:
    """Reads that are not answered are asked again, each after the back-off."""
    clock, told = ManualClock(), Later()
    with silent_server() as port:
        async with AsyncClient("127.0.0.1", port, timeout=0.05) as client:
            device = AsyncDevice(client, House)
            poller = AsyncPoller(device, every="1s", clock=clock, backoff=AT_ONCE)
            poller.on_failure(told)
            async with poller:
                failure = await told.next()
                assert isinstance(failure.error, ResponseTimeout)
                assert "House." in str(failure.error)
    statistics = poller.statistics()
    assert statistics.polls >= statistics.failures >= 1


def test_a_callback_that_fails_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """It is said in the log, and that what a coroutine function awaited was cancelled."""

    async def main() -> None:
        clock, told = ManualClock(), Later()
        async with (
            simulate(a_meter(), port=0) as sim,
            AsyncClient(sim.host, sim.port) as client,
        ):
            poller = AsyncPoller(AsyncDevice(client, Meter), clock=clock)

            @poller.on_reading
            async def fail(reading: Reading[Meter]) -> None:
                if poller.statistics().polls == 1:
                    raise ZeroDivisionError("oh")
                gone = asyncio.get_running_loop().create_future()
                gone.cancel()
                await gone

            poller.on_reading(told)
            async with poller:
                await told.next()
                clock.advance(1)
                await told.next()
            assert fail is not None

    asyncio.run(main())
    assert caplog.text.count("ZeroDivisionError: oh") == 1
    assert caplog.text.count("CancelledError") == 1


@in_loop
async def test_run_ends_when_it_is_stopped() -> None:
    """By an awaiting callback, which does not wait for itself, or by another task; and again."""
    async with (
        simulate(a_house(), port=0) as sim,
        AsyncClient(sim.host, sim.port) as client,
    ):
        poller = AsyncPoller(AsyncDevice(client, House), every="1h")
        read = Later()
        stop_at_once = True

        @poller.on_reading
        async def enough(reading: Reading[House]) -> None:
            read(reading)
            if stop_at_once:
                await poller.stop()

        await asyncio.wait_for(poller.run(), LIMIT)
        assert len(read.rest()) == 1
        stop_at_once = False
        running = asyncio.create_task(poller.run())
        await read.next()
        with pytest.raises(RuntimeError, match="runs already"):
            await poller.start()
        await poller.stop()
        await asyncio.wait_for(running, LIMIT)
        await poller.stop()
        assert enough is not None


@in_loop
async def test_run_ends_when_it_is_cancelled() -> None:
    """Also in the midst of a read, which leaves the client usable."""
    with silent_server() as port:
        async with (
            simulate(a_house(), port=0) as sim,
            AsyncClient(sim.host, sim.port) as client,
            AsyncClient("127.0.0.1", port, timeout=1000) as dead_client,
        ):
            live = AsyncDevice(client, House)
            poller = AsyncPoller([live, AsyncDevice(dead_client, House)], every="1ms")
            read = Later()
            poller.on_reading(read)
            running = asyncio.create_task(poller.run())
            for _ in range(3):
                await read.next()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert await live.read() == a_house().replace(reset=None)


@in_loop
async def test_a_poller_begins_anew() -> None:
    """A second start reads everything at once; what came before stays until then."""
    clock, told = ManualClock(), Later()
    async with (
        simulate(a_meter(), port=0) as sim,
        AsyncClient(sim.host, sim.port) as client,
    ):
        poller = AsyncPoller(AsyncDevice(client, Meter), clock=clock)
        poller.on_reading(told)
        async with poller:
            await told.next()
        clock.advance(1000)
        assert poller.latest(Meter.power) == 100.0
        async with poller:
            assert "serial" in names(await told.next())
        assert poller.statistics() == (2, 0, 0, False)


@in_loop
async def test_a_thousand_devices() -> None:
    """Behind ten connections, each read at each of its beats."""
    clock, read = ManualClock(), Later()
    async with simulate(a_meter(), port=0) as sim:
        clients = [AsyncClient(sim.host, sim.port, max_in_flight=8) for _ in range(10)]
        devices = [
            AsyncDevice(client, Meter, unit_id=unit) for client in clients for unit in range(1, 101)
        ]
        poller = AsyncPoller(devices, clock=clock)
        poller.on_reading(read)
        async with poller:
            for _ in range(3):
                seen = {id((await read.next()).device) for _ in devices}
                assert len(seen) == 1000
                clock.advance(1)
        for client in clients:
            await client.close()
        missed = sum(poller.statistics(device=device).missed for device in devices)
        assert missed == 0


def test_a_loop_that_ended_stands_in_nobodys_way() -> None:
    """A poller that its event loop never stopped begins anew in another one."""
    with simulate(a_house(), port=0) as sim:
        client = AsyncClient(sim.host, sim.port)
        poller = AsyncPoller(AsyncDevice(client, House), every="1h")

        async def begin() -> None:
            told = Later()
            poller.on_reading(told)
            await poller.start()
            await told.next()
            await client.close()

        asyncio.run(begin())
        asyncio.run(begin())

        async def end() -> None:
            await poller.stop()
            await begin()
            await poller.stop()

        asyncio.run(end())


def wrong(value: object) -> Any:
    """Return a value of a type that a checker would refuse."""
    return value


def test_a_device_of_the_other_style_is_refused() -> None:
    """An async poller awaits its devices."""
    with pytest.raises(TypeError, match="AsyncPoller polls an AsyncDevice, not Device"):
        AsyncPoller(wrong(Device(Client("127.0.0.1"), Meter)))
