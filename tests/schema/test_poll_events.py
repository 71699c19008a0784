"""What comes of the reads of one device: values, changes, failures; without thread or socket."""

from datetime import timedelta
from enum import IntEnum
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modbus_schema import (
    RO,
    WO,
    Change,
    Device,
    Failure,
    Reading,
    Recovery,
    RegisterMap,
    array,
    bit,
    coil,
    enum,
    holding_register,
    input_register,
    int16,
    repeat,
    string,
    uint16,
)
from modbus_schema.codecs import duration, raw
from modbus_schema.fields.periods import ONCE, period_of
from modbus_schema.layout.tree import layout_of
from modbus_schema.polling.grouping import poll_groups
from modbus_schema.polling.watching import check_watch, differ
from modbus_wire.codes import Table
from modbus_wire.errors import IllegalDataAddress, IllegalDataValue, ResponseTimeout
from tests.schema.generated_maps import Extent, maps
from tests.schema.maps import House, Zone, a_house
from tests.schema.picky import PickyBank, Wire
from tests.schema.poll_bench import DAWN, Bench, Meter, Phase, a_meter, device_of, names


def test_fields_of_one_period_are_read_as_a_group() -> None:
    """Where all of a group, or of the map, have one period, it is read as a whole."""
    one, two = period_of("1s"), period_of("2s")
    assert poll_groups(House, two) == {two: ((),)}
    three = period_of("3s")
    assert poll_groups(Meter, None) == {
        one: (("power",), ("phase", "voltage")),
        three: (("phase", "current"), ("limit",)),
        period_of("1m"): (("hours",),),
        ONCE: (("serial",),),
    }

    class Plant(RegisterMap):
        zones: RO[tuple[Zone, ...]] = repeat(Zone, base=0, stride=2, count=2, every="2s")
        phases: RO[tuple[Phase, ...]] = repeat(Phase, base=10, stride=3, count=2)

    assert poll_groups(Plant, one) == {
        one: (("phases", 0, "voltage"), ("phases", 1, "voltage")),
        two: (("zones",),),
        three: (("phases", 0, "current"), ("phases", 1, "current")),
    }


@settings(max_examples=40)
@given(maps())
def test_every_field_is_in_one_poll_group(extent: Extent) -> None:
    """That of its period, whatever says it; as a field, or in a group that is read as a whole."""
    default = period_of("7s")
    slots = [slot for slot in layout_of(extent.model).slots if slot.access.readable]
    if not slots:
        with pytest.raises(ValueError, match="nothing in"):
            poll_groups(extent.model, default)
        return
    wanted = {slot.path: slot.every or default for slot in slots}
    by_field = poll_groups(extent.model, default, by_field=True)
    assert {path: period for period, paths in by_field.items() for path in paths} == wanted
    periods = {
        path: period
        for period, paths in poll_groups(extent.model, default).items()
        for path in paths
    }
    for path, period in wanted.items():
        (found,) = [periods[path[:end]] for end in range(len(path) + 1) if path[:end] in periods]
        assert found == period


def test_fields_without_a_period_are_named() -> None:
    """A poller needs a period for each."""
    with pytest.raises(ValueError, match=r"House\.outdoor and 21 more have no period: give"):
        poll_groups(House, None)
    with pytest.raises(ValueError, match=r"Phase\.voltage has no period"):
        poll_groups(Phase, None)

    class Button(RegisterMap):
        press: WO[bool] = coil(0)

    with pytest.raises(ValueError, match="nothing in Button can be read"):
        poll_groups(Button, period_of("1s"))


def test_each_period_is_read_at_its_beats() -> None:
    """What is due together comes together, in one reading."""
    _, device = device_of(a_meter())
    bench = Bench(device)
    bench.pass_time(6)
    fast, slow = {"power", "phase.voltage"}, {"phase.current", "limit"}
    assert bench.readings() == [
        (0, fast | slow | {"hours", "serial"}),
        (1, fast),
        (2, fast),
        (3, fast | slow),
        (4, fast),
        (5, fast),
        (6, fast | slow),
    ]
    bench.pass_time(54)
    assert bench.readings()[-1] == (60, fast | slow | {"hours"})
    assert bench.polled.statistics == (61, 0, 0, False)


def test_what_is_due_together_shares_requests() -> None:
    """The blocks are those of one read of all of it, not of one for each period."""
    bank = PickyBank()

    class Two(RegisterMap, max_gap=8):
        fast: RO[int] = input_register(0, uint16, every="1s")
        slow: RO[int] = input_register(5, uint16, every="2s")
        more: RO[int] = input_register(6, uint16, every="1s")

    Bench(Device(Wire(bank), Two)).pass_time(2)
    assert [cells for _, cells in bank.answered] == [range(7)] * 3
    bank.forget()
    Bench(Device(Wire(bank), Two, max_gap=0)).pass_time(2)
    all_due, fast_due = [range(1), range(5, 7)], [range(1), range(6, 7)]
    assert [cells for _, cells in bank.answered] == [*all_due, *fast_due, *all_due]


def test_readings_and_latest_values() -> None:
    """A reading has what it brought, by field or group; the values that came last stay."""
    simulated, device = device_of(a_meter())
    bench = Bench(device)
    values = bench.polled.values
    assert values.whole() is None
    with pytest.raises(KeyError, match=r"Meter\.power has no value"):
        values[Meter.power]
    bench.pass_time()
    assert values.whole() == a_meter().replace(reset=None)
    simulated.set(Meter.power.to(150.0), Meter.limit.to(9))
    bench.pass_time(1)
    assert values[Meter.power] == 150.0
    assert values[Meter.limit] == 3
    assert values[Meter.phase] == Phase(voltage=230.0, current=4.5)
    assert values[Meter.reset] is None
    first, second = bench.told
    assert first[Meter.phase] == Phase(voltage=230.0, current=4.5)
    assert second[Meter.phase.at(Phase.voltage)] == 230.0
    assert Meter.power in second
    assert Meter.hours not in second
    with pytest.raises(KeyError, match=r"Meter\.hours"):
        second[Meter.hours]
    with pytest.raises(KeyError, match=r"Meter\.phase"):
        second[Meter.phase]
    assert second.values == {Meter.power: 150.0, Meter.phase.at(Phase.voltage): 230.0}
    assert repr(second) == "<Reading of 2 fields, 0 failed>"


def test_a_whole_map_and_a_single_field() -> None:
    """Maps of one period, and of one field, read as any."""
    _, house = device_of(a_house())
    bench = Bench(house, every=period_of("1s"))
    bench.pass_time()
    assert bench.polled.values.whole() == a_house().replace(reset=None)
    assert bench.polled.values[House.zones[1].at(Zone.target)] == 21.0
    assert bench.polled.values[House.zones][2] == a_house().zones[2]

    class One(RegisterMap):
        level: RO[int] = input_register(0, uint16, every="1s")
        state: RO[int] = input_register(1, uint16, every="once")

    _, one = device_of(One(level=3, state=4))
    bench = Bench(one)
    bench.pass_time(1)
    assert bench.readings() == [(0, {"level", "state"}), (1, {"level"})]


def test_changes_are_told_once_each() -> None:
    """The first value too; then what is not equal to what was told last."""
    simulated, device = device_of(a_meter())
    bench = Bench(device)
    power, limit, phase = (
        bench.watch(Meter.power),
        bench.watch(Meter.limit),
        bench.watch(Meter.phase),
    )
    bench.pass_time(2)
    assert [(each.old, each.new, each.is_first) for each in power] == [(None, 100.0, True)]
    simulated.set(Meter.power.to(101.0), Meter.limit.to(4))
    bench.pass_time(1)
    assert power[1] == Change(
        device, Meter.power, 100.0, 101.0, DAWN + timedelta(seconds=3), is_first=False
    )
    assert [each.new for each in limit] == [3, 4]
    simulated.set(Meter.phase.at(Phase.current).to(None))
    bench.pass_time(3)
    assert [each.new.current for each in phase] == [4.5, None]


def test_a_slow_drift_is_told() -> None:
    """A dead band counts from the value that was told last, not from the one before."""
    simulated, device = device_of(a_meter(0.0))
    bench = Bench(device)
    told = bench.watch(Meter.power, dead_band=5.0)
    for power in range(16):
        simulated.set(Meter.power.to(float(power)))
        bench.pass_time(1)
    assert [each.new for each in told] == [0.0, 6.0, 12.0]


def test_who_asks_late_is_told_what_is_known() -> None:
    """At the next reading, of a field that was read before, even of one that is read once."""
    _, device = device_of(a_meter())
    bench = Bench(device)
    bench.pass_time()
    serial = bench.watch(Meter.serial)
    assert serial == []
    bench.pass_time(1)
    assert [(each.old, each.new) for each in serial] == [(None, "A1")]


class Mode(IntEnum):
    """A mode."""

    OFF = 0
    ON = 1


@pytest.mark.parametrize(
    ("old", "new", "dead_band", "different"),
    [
        (1.0, 1.0, 0, False),
        (1.0, 1.5, 0, True),
        (1.0, 1.5, 0.5, False),
        (1.0, 1.75, 0.5, True),
        (1, -4, 5, False),
        (1, -5, 5, True),
        (10**30, 10**30 + 2, 1, True),
        (nan, nan, 0, False),
        (nan, nan, 1, False),
        (nan, 1.0, 1, True),
        (1.0, nan, 1, True),
        (inf, inf, 1, False),
        (inf, -inf, 1, True),
        (inf, 1.0, 1, True),
        (None, None, 1, False),
        (None, 1.0, 1, True),
        (1.0, None, 1, True),
        (True, False, 0, True),
        (Mode.OFF, Mode.ON, 0, True),
        (Mode.ON, Mode.ON, 0, False),
        (Mode.ON, 7, 0, True),
        ("a", "a", 0, False),
        ("a", "b", 0, True),
        ((1.0, nan), (1.0, nan), 0, False),
        ((1.0, nan), (nan, 1.0), 0, True),
        ((1.0,), (1.0, 2.0), 0, True),
        (Phase(voltage=nan, current=None), Phase(voltage=nan, current=None), 0, False),
        (Phase(voltage=nan, current=None), Phase(voltage=nan, current=1.0), 0, True),
    ],
)
def test_what_counts_as_another_value(
    old: object, new: object, dead_band: float, different: bool
) -> None:
    """NaN is no news, a number within the dead band neither; the rest goes by equality."""
    assert differ(float(f"{old}") if old is nan else old, new, dead_band) is different


@given(st.lists(st.floats()), st.floats(min_value=0.001, max_value=1e300))
def test_what_is_known_is_never_far_off(values: list[float], dead_band: float) -> None:
    """Whoever listens knows each value to within the dead band, and is told nothing in vain."""
    told: Any = None
    for value in values:
        if told is None or differ(told, value, dead_band):
            assert told is None or not abs(value - told) <= dead_band
            told = value
        assert value == told or abs(value - told) <= dead_band or value != value != told


class Odd(RegisterMap):
    """Fields that are no numbers, and some that are."""

    text: RO[str] = input_register(0, string(2))
    mode: RO[Mode] = input_register(2, enum(Mode))
    mode_or_none: RO[Mode | None] = input_register(3, enum(Mode).optional(0))
    ready: RO[bool] = input_register(4, bit(3))
    many: RO[tuple[int, ...]] = input_register(5, array(int16, 2))
    bytes: RO[bytes] = input_register(7, raw(1))
    time: RO[timedelta] = input_register(8, duration(uint16, "s"))
    on: RO[bool] = coil(0)
    start: WO[int] = holding_register(0, uint16)
    level: RO[int] = input_register(9, uint16)
    share: RO[float | None] = input_register(10, int16.scaled("0.1").optional(0))
    mapped: RO[float] = input_register(11, enum(Mode).converted(float, lambda x: Mode(round(x))))


@pytest.mark.parametrize("name", ["text", "mode", "mode_or_none", "ready", "many", "bytes"])
def test_only_numbers_have_a_dead_band(name: str) -> None:
    """One of anything else is refused when it is asked for."""
    with pytest.raises(TypeError, match=f"Odd.{name} holds no numbers, so it has no dead band"):
        check_watch(getattr(Odd, name), 1.0)


def test_what_can_be_watched() -> None:
    """Whatever is read, by a dead band that is a number."""
    for ref in (Odd.level, Odd.share, Odd.mapped):
        check_watch(ref, 0.5)
    others: tuple[Any, ...] = (Odd.time, Odd.on)
    for ref in others:
        with pytest.raises(TypeError, match="no numbers"):
            check_watch(ref, 1)
        check_watch(ref, 0)
    with pytest.raises(TypeError, match=r"House.zones holds no numbers"):
        check_watch(House.zones, 1)
    with pytest.raises(TypeError, match=r"Odd.start is write-only"):
        check_watch(Odd.start, 0)
    for dead_band in (-1, nan, inf, "1", True, None):
        with pytest.raises(ValueError, match=r"dead_band .* is no number of 0 or more"):
            check_watch(Odd.level, dead_band)  # type: ignore[arg-type]


def test_failure_and_recovery_are_told_once_each() -> None:
    """However often reading fails; the counts say how often."""
    _, device = device_of(a_meter())
    bench = Bench(device)
    bench.pass_time(1)
    bench.told.clear()
    bench.error = ResponseTimeout("no answer")
    bench.pass_time(10)
    assert bench.told == [Failure(device, bench.error, DAWN + timedelta(seconds=2))]
    statistics = bench.polled.statistics
    assert statistics.is_failing
    assert statistics.failures == 5  # at 2, 2.5, 3.5, 5.5 and 9.5 seconds
    bench.error = None
    bench.pass_time(4)
    recovery, reading = bench.told[1:3]
    since, at = DAWN + timedelta(seconds=2), DAWN + timedelta(seconds=13.5)
    assert recovery == Recovery(device, at, since)
    assert reading.at == at
    # of one second the beats 2 to 12 are missed, of three seconds 3, 6 and 9
    assert bench.polled.statistics == (2 + 5 + 3, 5, 11 + 3, False)
    assert [second for second, _ in bench.readings()][-2:] == [14, 15]


@pytest.mark.parametrize("renew_once", [False, True])
def test_once_comes_until_it_succeeded(renew_once: bool) -> None:
    """And again when the device is back after a failure, where that is asked for."""
    _, device = device_of(a_meter())
    bench = Bench(device, renew_once=renew_once)

    def serials() -> int:
        return sum("serial" in fields for _, fields in bench.readings())

    def fail(seconds: float) -> None:
        bench.error = ResponseTimeout("no answer")
        bench.pass_time(seconds)
        bench.error = None

    fail(1)
    bench.pass_time(5)
    assert serials() == 1
    fail(5)
    bench.pass_time(10)
    assert serials() == renew_once


def test_one_bad_period_does_not_stop_the_others() -> None:
    """All or nothing is about each read: the fields of a period that is refused fail alone."""
    bank = PickyBank(holes=[(Table.INPUT_REGISTERS, 50)])
    bench = Bench(Device(Wire(bank), Meter))
    bench.pass_time(10)
    failure = bench.told[0]
    assert isinstance(failure, Failure)
    assert isinstance(failure.error, IllegalDataAddress)
    assert "Meter.hours: input[50]" in str(failure.error)
    seconds = [second for second, fields in bench.readings() if "power" in fields]
    assert seconds == list(range(11))
    assert bench.polled.statistics.is_failing
    bank.holes = set()
    bench.pass_time(5)
    (recovery,) = [each for each in bench.told if isinstance(each, Recovery)]
    assert recovery.since == DAWN


def test_a_partial_poll_brings_what_the_device_gives() -> None:
    """A reading says what failed; that is no failure of the device."""
    bank = PickyBank(holes=[(Table.INPUT_REGISTERS, 50)], error=IllegalDataValue)
    bench = Bench(Device(Wire(bank), Meter), partial=True)
    changes = bench.watch(Meter.hours)
    bench.pass_time(1)
    first = bench.told[0]
    assert isinstance(first, Reading)
    assert list(first.failed) == [Meter.hours]
    assert "hours" not in names(first)
    with pytest.raises(IllegalDataValue):
        first[Meter.hours]
    assert not any(isinstance(each, Failure) for each in bench.told)
    assert bench.polled.statistics == (2, 0, 0, False)
    assert bench.polled.values.whole() is None
    assert changes == []
    bank.holes = set()
    bench.polled.device.bad.clear()
    bench.pass_time(60)
    assert len(changes) == 1
    assert bench.polled.values.whole() is not None


def test_what_is_read_once_comes_in_parts() -> None:
    """In a partial poll, what was refused is tried again; what came is not."""

    class Plate(RegisterMap, every="once"):
        maker: RO[int] = input_register(0, uint16)
        serial: RO[int] = input_register(2, uint16)

    bank = PickyBank(holes=[(Table.INPUT_REGISTERS, 2)])
    device = Device(Wire(bank), Plate)
    bench = Bench(device, partial=True)
    bench.pass_time(10)
    assert [cells for _, cells in bank.answered] == [range(1)]
    assert [cells for _, cells in bank.refused] == [range(2, 3)]
    bank.holes = set()
    device.bad.clear()
    bench.pass_time(10)
    assert [cells for _, cells in bank.answered] == [range(1), range(2, 3)]
    assert bench.polled.due is None


class Vague:
    """Values that do not compare."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("who knows")

    __hash__ = None  # type: ignore[assignment]


def test_values_that_do_not_compare(caplog: pytest.LogCaptureFixture) -> None:
    """They are said in the log, and the others are told all the same."""

    class Map(RegisterMap, every="1s"):
        vague: RO[Vague] = input_register(0, uint16.converted(lambda _: Vague(), lambda _: 0))
        level: RO[int] = input_register(1, uint16)

    bank = PickyBank()
    bench = Bench(Device(Wire(bank), Map))
    bench.watch(Map.vague)
    level = bench.watch(Map.level)
    bench.pass_time(3)
    assert len(level) == 4
    assert "the values of <watcher of Map.vague> do not compare" in caplog.text


def test_an_error_of_a_codec_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever it raises: the poller goes on."""

    def fail(_: int) -> int:
        raise KeyError("odd")

    class Map(RegisterMap, every="1s"):
        level: RO[int] = input_register(1, uint16.converted(fail, int))

    bench = Bench(Device(Wire(PickyBank()), Map))
    bench.pass_time(3)
    assert isinstance(bench.told[0], Failure)
    assert bench.polled.statistics.failures == 5  # at 0, 0.5, 1, 2 and 3 seconds


def test_a_failure_that_nobody_listens_to_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Once, not at each attempt; where somebody listens, the log stays empty."""
    _, device = device_of(a_meter())
    bench = Bench(device)
    bench.error = ResponseTimeout("no answer")
    bench.pass_time(10)
    assert caplog.records == []
    bench = Bench(device)
    bench.listeners.failure.clear()
    bench.error = ResponseTimeout("no answer")
    bench.pass_time(10)
    (record,) = caplog.records
    assert "Meter, unit_id=None) cannot be polled: no answer" in record.getMessage()


def test_what_repeats_comes_in_parts() -> None:
    """Items whose fields have several periods are put together from what came of each."""

    class Plant(RegisterMap, every="1s"):
        phases: RO[tuple[Phase, ...]] = repeat(Phase, base=10, stride=3, count=2)

    phases = tuple(Phase(voltage=230.0 + index, current=None) for index in range(2))
    simulated, device = device_of(Plant(phases=phases))
    bench = Bench(device)
    told = bench.watch(Plant.phases)
    bench.pass_time(1)
    assert bench.polled.values.whole() == Plant(phases=phases)
    assert bench.readings()[1] == (1, {"phases[0].voltage", "phases[1].voltage"})
    simulated.set(
        Plant.phases[1].at(Phase.current).to(2.5), Plant.phases[0].at(Phase.voltage).to(1)
    )
    bench.pass_time(1)
    bench.pass_time(1)
    currents = [[phase.current for phase in change.new] for change in told]
    assert currents == [[None, None], [None, None], [None, 2.5]]
    assert bench.polled.values[Plant.phases[1]] == Phase(voltage=231.0, current=2.5)


def test_nothing_is_read_before_it_is_due() -> None:
    """Whoever asks too early has nothing to read."""
    _, device = device_of(a_meter())
    bench = Bench(device)
    bench.pass_time()
    assert bench.polled.begin(bench.now) is None
    assert bench.polled.due == 1_000_000_000


def test_a_codec_of_which_nothing_is_known_may_have_a_dead_band() -> None:
    """One that fails on zeros may hold numbers, unless it is one of names."""

    class Ratio(RegisterMap):
        inverse: RO[float] = input_register(0, uint16.converted(lambda x: 1 / x, round))
        mode: RO[Mode] = input_register(1, enum(Mode, uint16))

    check_watch(Ratio.inverse, 0.1)
    with pytest.raises(TypeError, match="no numbers"):
        check_watch(Ratio.mode, 0.1)


def test_a_recovery_that_nobody_listens_to_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """For whoever reads the log at that level."""
    caplog.set_level("INFO", "modbus_schema.polling")
    _, device = device_of(a_meter())
    bench = Bench(device)
    bench.listeners.failure.clear()
    bench.listeners.recovery.clear()
    bench.error = ResponseTimeout("no answer")
    bench.pass_time(1)
    bench.error = None
    bench.pass_time(1)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "gives all of its fields again" in caplog.text
