"""The command line with devices: what it prints, what it refuses, the status it ends with."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import IO

import pytest

from modbus_schema import (
    RO,
    RW,
    WO,
    RegisterMap,
    Simulation,
    coil,
    enum,
    holding_register,
    input_register,
    int16,
    repeat,
    simulate,
    string,
    uint16,
)
from modbus_schema.__main__ import main
from modbus_schema.values.mapping import from_json, to_json
from modbus_wire import Client
from tests.wire.peers import LIMIT, refused_port

ROOT = Path(__file__).parents[2]


class Mode(IntEnum):
    """What a pump does."""

    OFF = 0
    HEAT = 1


class Zone(RegisterMap):
    """One circuit."""

    target: RW[float] = holding_register(0, int16.scaled("0.1"), unit="degC", min=5, max=30)


class Pump(RegisterMap):
    """A heat pump."""

    mode: RW[Mode] = holding_register(0, enum(Mode))
    name: RW[str] = holding_register(10, string(4))
    outdoor: RO[float | None] = input_register(3, int16.scaled("0.1").optional(0x8000), unit="degC")
    zones: RW[tuple[Zone, ...]] = repeat(Zone, base=20, stride=1, count=2)
    reset: WO[bool] = coil(1)


class Newer(Pump):
    """What the device that is simulated does not have."""

    flow: RO[int] = input_register(40, uint16)


START = Pump(
    mode=Mode.OFF,
    name="P-9000",
    outdoor=7.5,
    zones=(Zone(target=20.0), Zone(target=21.5)),
    reset=False,
)

PUMP, NEWER = f"{__name__}:Pump", f"{__name__}:Newer"


@pytest.fixture
def sim() -> Iterator[Simulation[Pump]]:
    """Serve a pump."""
    with simulate(START, port=0) as simulation:
        yield simulation


def url(sim: Simulation[Pump]) -> str:
    """Return where the pump is."""
    return f"tcp://{sim.host}:{sim.port}"


def test_read_prints_all_fields(sim: Simulation[Pump], capsys: pytest.CaptureFixture[str]) -> None:
    """In the order of the map, with units; what cannot be read is left out."""
    assert main(["read", url(sim), PUMP]) == 0
    assert capsys.readouterr().out == (
        "mode             OFF\n"
        "name             P-9000\n"
        "outdoor          7.5 degC\n"
        "zones[0].target  20.0 degC\n"
        "zones[1].target  21.5 degC\n"
    )


def test_read_prints_what_is_named(
    sim: Simulation[Pump], capsys: pytest.CaptureFixture[str]
) -> None:
    """A field, a group, or what repeats; a value that is not there is a dash."""
    sim.set(Pump.outdoor.to(None))
    assert main(["read", url(sim), PUMP, "zones[1]", "outdoor"]) == 0
    assert capsys.readouterr().out == "outdoor          -\nzones[1].target  21.5 degC\n"


def test_read_as_json(sim: Simulation[Pump], capsys: pytest.CaptureFixture[str]) -> None:
    """The text is that of the instance."""
    assert main(["read", url(sim), PUMP, "--json"]) == 0
    printed = capsys.readouterr().out
    assert from_json(Pump, printed) == sim.snapshot().replace(reset=None)


def test_what_does_not_come_is_said(
    sim: Simulation[Pump], capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are printed all the same, and the status tells."""
    assert main(["read", url(sim), NEWER]) == 1
    printed = capsys.readouterr().out
    assert "outdoor          7.5 degC\n" in printed
    assert "flow             (exception 02, illegal data address)\n" in printed


def test_write_prints_what_is_there_then(
    sim: Simulation[Pump], capsys: pytest.CaptureFixture[str]
) -> None:
    """Values are names of members, JSON, or the text itself."""
    settings = ["mode=HEAT", "zones[1].target=22", "name=12", "reset=true"]
    assert main(["write", url(sim), PUMP, *settings]) == 0
    assert capsys.readouterr().out == (
        "mode             HEAT\nname             12\nzones[1].target  22.0 degC\n"
    )
    state = sim.snapshot()
    assert (state.mode, state.name, state.zones[1].target) == (Mode.HEAT, "12", 22.0)
    assert main(["write", url(sim), PUMP, "reset=false"]) == 0
    assert capsys.readouterr().out == "written: Pump.reset\n"


def test_a_dry_run_shows_the_requests(
    sim: Simulation[Pump], capsys: pytest.CaptureFixture[str]
) -> None:
    """In order and to the byte; nothing is written."""
    before = sim.snapshot()
    settings = ["zones[0].target=22", "zones[1].target=23", "mode=HEAT"]
    assert main(["write", url(sim), PUMP, *settings, "--dry-run"]) == 0
    multiple, single = capsys.readouterr().out.splitlines()
    assert "[10 00 14 00 02 04 00 dc 00 e6]" in multiple
    assert "[06 00 00 00 01]" in single
    assert single.endswith("for Pump.mode")
    assert sim.snapshot() == before


def test_a_write_is_verified(sim: Simulation[Pump], capsys: pytest.CaptureFixture[str]) -> None:
    """A device that acknowledges a value and keeps another is found out."""

    @sim.on_write(Pump.mode)
    def spring_back(old: Mode, new: Mode) -> None:
        sim.set(Pump.mode.to(old))

    assert main(["write", url(sim), PUMP, "zones[0].target=22", "--verify"]) == 0
    assert main(["write", url(sim), PUMP, "mode=HEAT", "--verify"]) == 1
    assert "Pump.mode" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["write", "mode=HOT"], "Pump.mode: holding[0]: 'HOT' is none of OFF, HEAT"),
        (["write", "zones[1].target=99"], "99.0 is above the maximum of 30"),
        (["write", "zones[2].target=9"], "Pump has no field 'zones[2].target'"),
        (["write", "outdoor=1"], "Pump.outdoor: input[3]: is read-only"),
        (["write", "mode"], "'mode' is not as mode=HEAT"),
        (["write", "zones[0]=1"], "Pump.zones[0] is a group"),
        (["read", "flow"], "Pump has no field 'flow'"),
        (["read", "zones[x]"], "'zones[x]' is no name of a field"),
        (["read", "reset"], "Pump.reset: coil[1]: is write-only"),
    ],
)
def test_mistakes_are_told(
    sim: Simulation[Pump],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    why: str,
) -> None:
    """One line on the error output; nothing was written."""
    command, *rest = arguments
    before = sim.snapshot()
    assert main([command, url(sim), PUMP, *rest]) == 1
    assert why in capsys.readouterr().err
    assert sim.snapshot() == before


def test_no_device_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Who is not there, and what was asked."""
    with refused_port() as port:
        assert main(["read", f"tcp://127.0.0.1:{port}", PUMP, "--timeout", "1"]) == 1
    error = capsys.readouterr().err
    assert "cannot be reached" in error
    assert error.count("\n") == 1


@contextmanager
def served(*arguments: str) -> Iterator[tuple[Client, IO[str]]]:
    """Run ``simulate`` in a process of its own; yield a client of it and what it prints."""
    command = [sys.executable, "-m", "modbus_schema", "simulate", PUMP, "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            announced = re.fullmatch(
                r"Pump is served at (.*) port (\d+); interrupt to end\n", process.stdout.readline()
            )
            assert announced is not None
            with Client(announced[1], int(announced[2])) as client:
                yield client, process.stdout
            process.send_signal(signal.SIGINT)
            assert process.wait(LIMIT) == 0
        finally:
            process.kill()


def test_simulate_serves_and_says_what_clients_write(tmp_path: Path) -> None:
    """What is named has its value, the rest is blank; an interrupt ends it in order."""
    with served("outdoor=7.5", "zones[1].target=9") as (client, printed):
        assert client.read_input_registers(3) == [75]
        assert client.read_holding_registers(20, 2) == [50, 90]
        client.write_multiple_registers(20, [215, 220])
        assert printed.readline() == "zones[0].target: 5.0 degC -> 21.5 degC\n"
        assert printed.readline() == "zones[1].target: 9.0 degC -> 22.0 degC\n"


def test_simulate_begins_from_a_file(sim: Simulation[Pump], tmp_path: Path) -> None:
    """A device that was read as JSON can be simulated."""
    file = tmp_path / "pump.json"
    file.write_text(to_json(START), encoding="utf-8")
    with served("--values", str(file), "mode=HEAT") as (client, _):
        assert client.read_holding_registers(0) == [1]
        assert client.read_holding_registers(20, 2) == [200, 215]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["outdoor=warm"], "Pump.outdoor: input[3]: 'warm' is no number"),
        (["--values", "/nowhere/pump.json"], "No such file"),
        (["--at", "tcp://nowhere.invalid:5020"], "nowhere.invalid"),
    ],
)
def test_what_cannot_be_simulated_is_told(
    arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line on the error output."""
    port = [] if "--at" in arguments else ["--port", "0"]
    assert main(["simulate", PUMP, *port, *arguments]) == 1
    assert why in capsys.readouterr().err


def test_poll_prints_what_changes(sim: Simulation[Pump]) -> None:
    """What is named, with the time; that the device is gone, and back; an interrupt ends it."""
    command = [sys.executable, "-m", "modbus_schema", "poll", url(sim), PUMP]
    command += ["outdoor", "--every", "20ms", "zones", "--timeout", "1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            first = [process.stdout.readline() for _ in range(3)]
            assert [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in first] == [
                "outdoor: 7.5 degC\n",
                "zones[0].target: 20.0 degC\n",
                "zones[1].target: 21.5 degC\n",
            ]
            sim.set(Pump.outdoor.to(None), Pump.name.to("x"))
            assert process.stdout.readline()[9:] == "outdoor: -\n"
            sim.stop()
            assert process.stdout.readline()[9:].startswith("(Pump.")
            sim.start()
            assert re.fullmatch(r"\(back after \d+\.\d s\)\n", process.stdout.readline()[9:])
            sim.set(Pump.zones[1].at(Zone.target).to(7.0))
            assert process.stdout.readline()[9:] == "zones[1].target: 7.0 degC\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(LIMIT) == 0
        finally:
            process.kill()


def test_what_cannot_be_polled_is_told(
    sim: Simulation[Pump], capsys: pytest.CaptureFixture[str]
) -> None:
    """A field that there is not, and a period that is none."""
    assert main(["poll", url(sim), PUMP, "nothing"]) == 1
    assert "Pump has no field 'nothing'" in capsys.readouterr().err
    assert main(["poll", url(sim), PUMP, "--every", "soon"]) == 1
    assert "every must be a time" in capsys.readouterr().err
