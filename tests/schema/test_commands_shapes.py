"""The command line with devices that say themselves what they have."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modbus_schema import (
    RO,
    RW,
    RegisterMap,
    Simulation,
    bit,
    coil,
    discrete_input,
    given,
    group,
    holding_register,
    int16,
    repeat,
    simulate,
    uint16,
)
from modbus_schema.__main__ import main
from modbus_wire import Client
from tests.wire.peers import LIMIT

ROOT = Path(__file__).parents[2]


class Zone(RegisterMap):
    """One circuit."""

    target: RW[int] = holding_register(0, uint16, unit="degC")


class Store(RegisterMap):
    """What is where the device says."""

    level: RW[int] = holding_register(0, uint16, unit="l")
    full: RW[bool] = holding_register(1, bit(3))


class Station(RegisterMap, mask_write=False):
    """A station of zones."""

    zone_count: RO[int] = holding_register(0, uint16)
    store_at: RO[int] = holding_register(1, uint16)
    power_sf: RO[int] = holding_register(2, int16)
    power: RW[float] = holding_register(3, int16.scaled_by(power_sf), unit="W")
    has_eco: RO[bool] = discrete_input(0)
    eco: RW[bool | None] = coil(7, present_if=has_eco)
    zones: RW[tuple[Zone, ...]] = repeat(Zone, base=10, stride=1, count=zone_count, at_most=4)
    store: RW[Store] = group(Store, base=given(store_at, lambda at: at))


START = Station(
    zone_count=2,
    store_at=100,
    power_sf=2,
    power=1500.0,
    has_eco=False,
    eco=None,
    zones=(Zone(target=20), Zone(target=21)),
    store=Store(level=7, full=False),
)
STATION = f"{__name__}:Station"


@pytest.fixture
def sim() -> Iterator[Simulation[Station]]:
    """Serve a station."""
    with simulate(START, port=0) as simulation:
        yield simulation


def url(sim: Simulation[Station]) -> str:
    """Return where the station is."""
    return f"tcp://{sim.host}:{sim.port}"


def test_simulate_serves_a_part_of_what_there_may_be() -> None:
    """A device with two zones of four and without eco mode; its writes are told."""
    command = [sys.executable, "-m", "modbus_schema", "simulate", STATION, "--port", "0"]
    command += ["zone_count=2", "store_at=100"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            announced = re.fullmatch(
                r"Station .* at (.*) port (\d+);.*\n", process.stdout.readline()
            )
            assert announced is not None
            with Client(announced[1], int(announced[2])) as client:
                client.write_single_register(11, 22)
                assert process.stdout.readline() == "zones[1].target: 0 degC -> 22 degC\n"
                client.write_single_register(100, 5)
                assert process.stdout.readline() == "store.level: 0 l -> 5 l\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(LIMIT) == 0
        finally:
            process.kill()


def test_read_prints_what_is_where_the_device_says(
    sim: Simulation[Station], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is there, whatever the class knows of its place."""
    assert main(["read", url(sim), STATION, "store", "zones"]) == 0
    assert capsys.readouterr().out == (
        "zones[0].target  20 degC\nzones[1].target  21 degC\nstore.level      7 l\n"
        "store.full       false\n"
    )


def test_fields_are_read_as_json(
    sim: Simulation[Station], capsys: pytest.CaptureFixture[str]
) -> None:
    """By their names, only those that were asked for; what is not there is null."""
    assert main(["read", url(sim), STATION, "zones[1]", "power", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"power": 1500.0, "zones[1].target": 21}


@pytest.mark.parametrize(("command", "status"), [("read", 130), ("poll", 0)])
def test_an_interrupt_ends_a_request_under_way(command: str, status: int) -> None:
    """At once, and without a traceback, however long the device takes."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(LIMIT)
        url = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        arguments = [sys.executable, "-m", "modbus_schema", command, url, STATION]
        arguments += ["--timeout", "300"]
        with subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
            try:
                connection, _ = silent.accept()
                with connection:
                    connection.settimeout(LIMIT)
                    assert connection.recv(64)
                    process.send_signal(signal.SIGINT)
                    _, errors = process.communicate(timeout=LIMIT)
            finally:
                process.kill()
    assert errors == ""
    assert process.returncode == status


def test_write_reaches_what_is_where_the_device_says(
    sim: Simulation[Station], capsys: pytest.CaptureFixture[str]
) -> None:
    """A value that is none is told by the name of the field alone."""
    assert main(["write", url(sim), STATION, "store.level=9"]) == 0
    assert capsys.readouterr().out == "store.level  9 l\n"
    assert main(["write", url(sim), STATION, "store.level=much"]) == 1
    assert capsys.readouterr().err.startswith("Station.store.level: ")


def test_a_dry_run_reads_what_the_requests_depend_on(
    sim: Simulation[Station], capsys: pytest.CaptureFixture[str]
) -> None:
    """By count, place, scale factor and the other bits of a register: to the byte."""
    before = sim.snapshot()
    settings = ["zones[1].target=22", "power=300", "store.full=true"]
    assert main(["write", url(sim), STATION, *settings, "--dry-run"]) == 0
    zone, power, full = capsys.readouterr().out.splitlines()
    assert "[06 00 0b 00 16] for Station.zones[1].target" in zone
    assert "[06 00 03 00 03] for Station.power" in power
    assert "[06 00 65 00 08] for Station.store.full" in full
    assert sim.snapshot() == before


def test_values_as_they_are_typed(
    sim: Simulation[Station], capsys: pytest.CaptureFixture[str]
) -> None:
    """Numbers in hexadecimal, and 1 and 0 for on and off."""
    assert main(["write", url(sim), STATION, "store.level=0x1F", "store.full=1"]) == 0
    assert capsys.readouterr().out == "store.level  31 l\nstore.full   true\n"


def test_a_dry_run_refuses_what_the_device_has_not(
    sim: Simulation[Station], capsys: pytest.CaptureFixture[str]
) -> None:
    """As the write would."""
    assert main(["write", url(sim), STATION, "zones[2].target=22", "--dry-run"]) == 1
    assert "there are 2, as Station.zone_count" in capsys.readouterr().err
