"""The blocking poller on real sockets: beats, devices that fail, callbacks, and its end."""

from typing import Any

import pytest

from modbus_schema import (
    RO,
    AsyncDevice,
    Device,
    Failure,
    Poller,
    Reading,
    Recovery,
    RegisterMap,
    input_register,
    simulate,
    uint16,
)
from modbus_schema.simulation import ManualClock, NoAnswer
from modbus_wire import (
    AsyncClient,
    Backoff,
    Client,
    ConnectError,
    GatewayTargetFailedToRespond,
    ResponseTimeout,
)
from modbus_wire.client import ModbusClient
from tests.schema.maps import House, a_house
from tests.schema.poll_bench import (
    LIMIT,
    Meter,
    Phase,
    Told,
    a_meter,
    date_of,
    in_thread,
    names,
    poller_threads,
    silent_server,
)

AT_ONCE = Backoff(0, 0)


def test_fields_are_read_at_their_periods() -> None:
    """At the start all of them, then what is due, when it is due."""
    clock, told = ManualClock(), Told()
    with simulate(a_meter(), port=0) as sim, Client(sim.host, sim.port) as client:
        poller = Poller(Device(client, Meter), clock=clock)
        poller.on_reading(told)
        with poller:
            first = told.next()
            assert first.at == date_of(clock)
            assert poller.snapshot() == a_meter().replace(reset=None)
            sim.set(Meter.power.to(250.0))
            clock.advance(1)
            assert names(told.next()) == {"power", "phase.voltage"}
            assert poller.latest(Meter.power) == 250.0
            clock.advance(0.5)
            clock.advance(2)
            assert names(told.next()) == {"power", "phase.voltage", "phase.current", "limit"}
            assert poller.statistics() == (3, 0, 1, False)
            assert poller.values()[Meter.phase.at(Phase.current)] == 4.5
        assert told.rest() == []
    assert poller_threads() == []


def test_changes_are_told() -> None:
    """To whom they interest, with the values before and after."""
    clock, told = ManualClock(), Told()
    with simulate(a_meter(), port=0) as sim, Client(sim.host, sim.port) as client:
        device = Device(client, Meter)
        poller = Poller(device, clock=clock)
        poller.on_change(Meter.power, dead_band=5.0)(told)
        with poller:
            change = told.next()
            assert (change.device, change.old, change.new) == (device, None, 100.0)
            read = Told()
            poller.on_reading(read)
            for power in (104.0, 106.0):
                sim.set(Meter.power.to(power))
                clock.advance(1)
                read.next()
            change = told.next()
            assert (change.ref, change.old, change.new) == (Meter.power, 100.0, 106.0)
            assert (change.at, change.is_first) == (date_of(clock), False)
        assert told.rest() == []


def test_it_survives_that_the_server_is_gone() -> None:
    """Polling goes on, with one failure and one recovery, and is back at its beats."""
    clock, read, told = ManualClock(), Told(), Told()
    with (
        simulate(a_meter(), port=0) as sim,
        Client(sim.host, sim.port, backoff=AT_ONCE) as client,
    ):
        poller = Poller(Device(client, Meter), clock=clock, backoff=Backoff(0.5, 0.5))
        poller.on_reading(read)
        poller.on_failure(told)
        poller.on_recovery(told)
        with poller:
            read.next()
            sim.stop()
            clock.advance(1)
            failure = told.next()
            assert isinstance(failure, Failure)
            assert isinstance(failure.error, ConnectError)
            sim.start()
            clock.advance(0.5)
            recovery = told.next()
            assert isinstance(recovery, Recovery)
            assert (recovery.since, recovery.at) == (failure.at, date_of(clock))
            assert names(read.next()) == {"power", "phase.voltage"}
            clock.advance(0.5)
            assert read.next().at == date_of(clock)
            assert poller.statistics() == (4, 1, 0, False)
        assert told.rest() == []


def test_a_dead_device_does_not_stall_those_of_other_clients() -> None:
    """They keep every beat while it is being waited for; its timeout is a failure."""
    clock, read, told = ManualClock(), Told(), Told()
    with (
        silent_server() as port,
        simulate(a_meter(), port=0) as sim,
        Client(sim.host, sim.port) as client,
        Client("127.0.0.1", port, timeout=LIMIT) as dead_client,
    ):
        live, dead = Device(client, Meter), Device(dead_client, Meter)
        poller = Poller([dead, live], clock=clock)
        poller.on_reading(read)
        poller.on_failure(told)
        with poller:
            for _ in range(5):
                assert read.next().device is live
                clock.advance(1)
            assert told.rest() == []
            dead_client.close()
            assert told.next().device is dead
            with pytest.raises(ValueError, match="several devices: say which"):
                poller.statistics()
            assert poller.statistics(device=live).missed == 0
            assert poller.statistics(device=dead).is_failing
            assert poller.snapshot(device=dead) is None
    assert poller_threads() == []


def test_a_dead_device_stalls_those_of_its_client_once_a_back_off() -> None:
    """Behind one client a device waits for the other's timeout, then the dead one is left alone."""
    clock, read, told = ManualClock(), Told(), Told()
    with (
        simulate(a_meter(), port=0, unit_id=1) as sim,
        Client(sim.host, sim.port) as client,
    ):
        live, dead = Device(client, Meter, unit_id=1), Device(client, Meter, unit_id=9)
        poller = Poller([dead, live], clock=clock, backoff=Backoff(3, 3))
        poller.on_reading(read)
        poller.on_failure(told)
        with poller:
            assert isinstance(told.next().error, GatewayTargetFailedToRespond)
            for _ in range(6):
                assert read.next().device is live
                clock.advance(1)
            read.next()
            assert 2 <= poller.statistics(device=dead).failures <= 3
            assert poller.statistics(device=live).missed == 0


def test_a_silent_device_behind_the_same_client() -> None:
    """The others wait for its timeout once a back-off, and miss nothing that is longer."""
    clock, read, told = ManualClock(), Told(), Told()
    with (
        simulate(a_meter(), port=0, unit_id=1) as sim,
        Client(sim.host, sim.port, timeout=0.05) as client,
    ):
        silent = sim.add(a_meter(), unit_id=2)
        live, dead = Device(client, Meter, unit_id=1), Device(client, Meter, unit_id=2)
        poller = Poller([dead, live], clock=clock, backoff=Backoff(3, 3))
        poller.on_reading(read)
        poller.on_failure(told)
        poller.on_recovery(told)
        with silent.fault(NoAnswer()), poller:
            assert isinstance(told.next().error, ResponseTimeout)
            for _ in range(5):
                assert read.next().device is live
                clock.advance(1)
            assert read.next().device is live
            assert poller.statistics(device=live) == (6, 0, 0, False)
            assert 1 <= poller.statistics(device=dead).failures <= 2
        with poller:
            assert told.next().device is dead
            assert {read.next().device, read.next().device} == {live, dead}


def test_outages_under_load() -> None:
    """However often the server goes and comes, reads go on, and each is counted."""
    read, told = Told(), Told()
    with (
        simulate(a_house(), port=0) as sim,
        Client(sim.host, sim.port, backoff=AT_ONCE) as client,
    ):
        device = Device(client, House)
        poller = Poller(device, every="2ms", backoff=Backoff(0.001, 0.004))
        poller.on_reading(read)
        poller.on_failure(told)
        poller.on_recovery(told)
        with poller:
            for _ in range(8):
                for _ in range(5):
                    read.next()
                sim.stop()
                assert isinstance(told.next(), Failure)
                sim.start()
                assert isinstance(told.next(), Recovery)
                read.rest()
            assert read.next()[House.limit] == 500
        statistics = poller.statistics()
        assert statistics.failures >= 8
        assert statistics.polls > 8 * 6
        assert not statistics.is_failing
        assert told.rest() == []


def test_a_timeout_is_a_failure_and_no_end() -> None:
    """Reads that are not answered are asked again, each after the back-off."""
    clock, told = ManualClock(), Told()
    with silent_server() as port, Client("127.0.0.1", port, timeout=0.05) as client:
        poller = Poller(Device(client, House), every="1s", clock=clock, backoff=AT_ONCE)
        poller.on_failure(told)
        with poller:
            failure = told.next()
            assert isinstance(failure.error, ResponseTimeout)
            assert "House." in str(failure.error)
    statistics = poller.statistics()
    assert statistics.polls == statistics.failures >= 1


def test_a_callback_that_fails_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """It is said in the log; the others are called, and polling goes on."""
    clock, told = ManualClock(), Told()
    with simulate(a_meter(), port=0) as sim, Client(sim.host, sim.port) as client:
        poller = Poller(Device(client, Meter), clock=clock)

        @poller.on_reading
        def fail(reading: Reading[Meter]) -> None:
            raise ZeroDivisionError("oh")

        poller.on_reading(told)
        with poller:
            told.next()
            clock.advance(1)
            told.next()
    assert caplog.text.count("ZeroDivisionError: oh") == 2
    assert fail.__name__ in caplog.text


def test_run_ends_when_a_callback_stops_it() -> None:
    """The callback does not wait for itself; no thread is left."""
    with simulate(a_house(), port=0) as sim, Client(sim.host, sim.port) as client:
        poller = Poller(Device(client, House), every="1h")
        read = Told()

        @poller.on_reading
        def enough(reading: Reading[House]) -> None:
            read(reading)
            poller.stop()

        poller.run()
        assert len(read.rest()) == 1
        assert poller_threads() == []
        poller.run()
        assert len(read.rest()) == 1
    assert poller_threads() == []


def test_run_ends_when_another_thread_stops_it() -> None:
    """At once, though the next read is far away."""
    with simulate(a_house(), port=0) as sim, Client(sim.host, sim.port) as client:
        poller = Poller(Device(client, House), every="1h")
        told = Told()
        poller.on_reading(told)
        running = in_thread(poller.run)
        told.next()
        with pytest.raises(RuntimeError, match="runs already"):
            poller.start()
        poller.stop()
        running.join(LIMIT)
        assert not running.is_alive()
        assert poller_threads() == []
        poller.stop()


def test_a_poller_begins_anew() -> None:
    """A second start reads everything at once; what came before stays until then."""
    clock, told = ManualClock(), Told()
    with simulate(a_meter(), port=0) as sim, Client(sim.host, sim.port) as client:
        poller = Poller(Device(client, Meter), clock=clock)
        poller.on_reading(told)
        with poller:
            told.next()
        clock.advance(1000)
        assert poller.latest(Meter.power) == 100.0
        with poller:
            assert "serial" in names(told.next())
        assert poller.statistics() == (2, 0, 0, False)


def test_callbacks_are_called_one_at_a_time() -> None:
    """Though the devices of several clients are read at the same time."""
    inside, most = [0], [0]
    read = Told()
    with simulate(a_house(), port=0) as sim:
        clients = [Client(sim.host, sim.port) for _ in range(5)]
        poller = Poller([Device(client, House) for client in clients], every="1ms")

        @poller.on_reading
        def count(reading: Reading[House]) -> None:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            clients[0].read_coils(3, 1)  # others may run meanwhile
            inside[0] -= 1
            read(reading)

        with poller:
            devices = {id(read.next().device) for _ in range(30)}
        for client in clients:
            client.close()
    assert most == [1]
    assert devices == {id(device) for device in poller.devices}


def test_maps_of_several_kinds() -> None:
    """One poller takes devices of different maps; a watch is about those that have the field."""
    told = Told()

    class Better(Meter, every="1s"):
        """A meter, derived."""

    with simulate(a_meter(), port=0, unit_id=1) as sim:
        sim.add(a_house(), unit_id=2)
        sim.add(Better(**{name: getattr(a_meter(), name) for name in Meter.__fields__}), unit_id=3)
        with Client(sim.host, sim.port) as client:
            devices: list[Device[Any]] = [
                Device(client, Meter, unit_id=1),
                Device(client, House, unit_id=2),
                Device(client, Better, unit_id=3),
            ]
            poller = Poller(devices, every="1h", clock=ManualClock())
            poller.on_change(Meter.power)(told)
            poller.on_change(House.limit)(told)
            with poller:
                changes = [told.next() for _ in range(3)]
    assert [change.device for change in changes] == devices
    assert [change.new for change in changes] == [100.0, 500, 100.0]


def wrong(value: object) -> Any:
    """Return a value of a type that a checker would refuse."""
    return value


def test_mistakes_are_told_when_they_are_made() -> None:
    """No device, one twice, one of the other style, no period, a field of another map."""
    client = Client("127.0.0.1")
    house, meter = Device(client, House), Device(client, Meter)
    with pytest.raises(ValueError, match="no device to poll"):
        Poller([])
    with pytest.raises(ValueError, match="polled already"):
        Poller([meter, meter])
    with pytest.raises(TypeError, match="Poller polls a Device, not AsyncDevice"):
        Poller(wrong(AsyncDevice(AsyncClient("127.0.0.1"), Meter)))
    with pytest.raises(TypeError, match="Poller polls a Device, not 3"):
        Poller(wrong([3]))
    with pytest.raises(ValueError, match=r"House\.outdoor and 21 more have no period"):
        Poller(house)
    with pytest.raises(ValueError, match="every must be a time"):
        Poller(meter, every="soon")
    poller = Poller(meter)
    with pytest.raises(TypeError, match=r"House\.outdoor is no field of a device that is polled"):
        poller.on_change(wrong(House.outdoor))
    with pytest.raises(TypeError, match="3 is no field"):
        poller.on_change(wrong(3))
    with pytest.raises(TypeError, match="holds no numbers"):
        poller.on_change(wrong(Meter.serial), dead_band=1)
    with pytest.raises(ValueError, match="is not polled here"):
        poller.statistics(device=house)
    with pytest.raises(KeyError, match=r"Meter\.power has no value"):
        poller.latest(Meter.power)

    async def later(event: object) -> None: ...

    for register in (
        poller.on_reading,
        poller.on_failure,
        poller.on_recovery,
        poller.on_change(Meter.power),
    ):
        with pytest.raises(TypeError, match="coroutine function, which nobody would await"):
            register(wrong(later))


class Larger(Meter, every="1s"):
    """A map that says more than the meter has."""

    more: RO[int] = input_register(200, uint16)


def test_a_partial_poller_goes_on_where_fields_are_refused() -> None:
    """Those are in each reading's failures; it is no failure of the device."""
    clock, read, told = ManualClock(), Told(), Told()
    with simulate(a_meter(), port=0) as sim, Client(sim.host, sim.port) as client:
        poller = Poller(Device(client, Larger), partial=True, clock=clock)
        poller.on_reading(read)
        poller.on_failure(told)
        with poller:
            first = read.next()
            assert list(first.failed) == [Larger.more]
            assert first[Larger.phase] == Phase(voltage=230.0, current=4.5)
            clock.advance(1)
            assert names(read.next()) == {"power", "phase.voltage"}
        assert told.rest() == []
        assert poller.statistics() == (2, 0, 0, False)


def test_one_clock_moves_the_device_and_its_poller() -> None:
    """A simulated device whose values move is polled at moments that the test chooses."""
    clock, told = ManualClock(1_700_000_000.25), Told()
    with (
        simulate(a_meter(), port=0, clock=clock) as sim,
        Client(sim.host, sim.port) as client,
    ):
        sim.move(Meter.power, lambda t: 10.0 * round(t, 3))
        poller = Poller(Device(client, Meter), clock=clock)
        poller.on_change(Meter.power)(told)
        with poller:
            assert told.next().new == 0.0
            for second in (1, 2, 3):
                for _ in range(10):
                    clock.advance(0.1)
                change = told.next()
                assert (change.new, change.at) == (10.0 * second, date_of(clock))
            assert poller.statistics().missed == 0


class Plate(RegisterMap, every="once"):
    """What does not change."""

    serial: RO[int] = input_register(0, uint16)


def test_a_poller_with_nothing_left_to_read_waits_for_its_end() -> None:
    """What is read once has come; the block ends at once."""
    told = Told()
    with simulate(Plate(serial=7), port=0) as sim, Client(sim.host, sim.port) as client:
        poller = Poller(Device(client, Plate))
        poller.on_reading(told)
        with poller:
            assert told.next()[Plate.serial] == 7
        assert poller_threads() == []
        assert poller.statistics().polls == 1


def test_a_drop_in_client_is_polled_as_any() -> None:
    """Its failures are told as those of others, and it connects again."""
    clock, read, told = ManualClock(), Told(), Told()
    with simulate(a_meter(), port=0) as sim:
        client = ModbusClient(sim.host, sim.port, auto_open=True)
        poller = Poller(Device(client, Meter), clock=clock, backoff=Backoff(0.5, 0.5))
        poller.on_reading(read)
        poller.on_failure(told)
        poller.on_recovery(told)
        with poller:
            assert "serial" in names(read.next())
            sim.stop()
            clock.advance(1)
            assert isinstance(told.next().error, ConnectionError)
            sim.start()
            clock.advance(0.5)
            assert isinstance(told.next(), Recovery)
            assert names(read.next()) == {"power", "phase.voltage"}
        client.close()
