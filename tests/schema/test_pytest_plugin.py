"""The fixtures for pytest, as a project that has the package installed uses them."""

import inspect
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from modbus_schema.pytest_plugin import Simulated, SimulatedWithDevice
from modbus_schema.simulation.simulate import simulate

ROOT = Path(__file__).parents[2]

HEAD = """
from __future__ import annotations

import asyncio
import sys
import threading

import pytest

from modbus_schema import RO, RW, AsyncDevice, Device, RegisterMap, Simulation, holding_register
from modbus_schema import uint16
from modbus_schema.pytest_plugin import Simulated, SimulatedWithDevice
from modbus_schema.simulation import ManualClock, NoAnswer, counter
from modbus_wire import AsyncClient, Client, Framing, ReadHoldingRegisters, ServerDeviceBusy
from modbus_wire import ServerDeviceFailure


class Pump(RegisterMap):
    speed: RW[int] = holding_register(0, uint16)
    hours: RO[int] = holding_register(1, uint16)


START = Pump(speed=0, hours=7)
"""


class Project:
    """A directory of tests, and an environment in which the package is installed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        installed = path / "installed" / "modbus_schema-0.dist-info"
        installed.mkdir(parents=True)
        (installed / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: modbus-schema\nVersion: 0\n"
        )
        (installed / "entry_points.txt").write_text(
            "[pytest11]\nmodbus_schema = modbus_schema.pytest_plugin\n"
        )
        (path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")

    def run(self, tests: str, *options: str) -> str:
        """Run tests, and return what pytest says."""
        (self.path / "test_it.py").write_text(dedent(tests), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *options]
        done = subprocess.run(
            command,
            cwd=self.path,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(ROOT), str(self.path / "installed")]),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout + done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project of the user's."""
    return Project(tmp_path)


def test_a_test_has_its_devices(project: Project) -> None:
    """Several per test, with the options of `simulate`, with clients of both styles."""
    said = project.run(
        HEAD
        + """
SEEN: list[tuple[str, int]] = []


def test_a_simulation(simulated: Simulated) -> None:
    sim = simulated(START)
    other = simulated(START.replace(hours=8), unit_id=3)
    assert sim.port != other.port
    with Client(sim.host, sim.port) as client, Client(other.host, other.port) as second:
        device = Device(client, Pump)
        device.write(Pump.speed.to(1500))
        assert device.read() == sim.snapshot() == Pump(speed=1500, hours=7)
        assert Device(second, Pump, unit_id=3).read(Pump.hours) == 8
    SEEN.append((sim.host, sim.port))


def test_it_has_ended() -> None:
    assert not [thread for thread in threading.enumerate() if thread.name == "modbus-server"]
    with pytest.raises(OSError), Client(*SEEN[0], timeout=1) as client:
        client.read_coils(0)


def test_options(simulated: Simulated) -> None:
    serial = simulated(START, framing=Framing.RTU, max_connections=1)
    with Client(serial.host, serial.port, framing=Framing.RTU) as client:
        assert client.read_holding_registers(1) == [7]
    datagrams = simulated(START, host="udp://127.0.0.1:0")
    with Client(f"udp://{datagrams.host}:{datagrams.port}") as client:
        assert client.read_holding_registers(1) == [7]


def test_time(simulated: Simulated, manual_clock: ManualClock) -> None:
    sim = simulated(START, clock=manual_clock)
    sim.move(Pump.hours, counter(0, 1))
    manual_clock.advance(60)
    assert sim.snapshot().hours == 60


def test_with_device(simulated_device: SimulatedWithDevice) -> None:
    sim, pump = simulated_device(START, unit_id=2, framing=Framing.RTU)
    other, second = simulated_device(START, base=100, byte_order="little")
    with sim.fault(ServerDeviceBusy), pytest.raises(ServerDeviceBusy):
        pump.read()
    assert (pump.read(), pump.unit_id, second.read(Pump.hours)) == (START, 2, 7)
    assert second.client.execute(ReadHoldingRegisters(101, 1)) == [7 << 8]
    with pytest.raises(TypeError, match="simulated_device serves at a port of its own"):
        simulated_device(START, host="udp://127.0.0.1:0")  # type: ignore[call-arg]


def test_in_a_loop(simulated: Simulated) -> None:
    sim = simulated(START)

    async def main() -> None:
        async with AsyncClient(sim.host, sim.port) as client:
            late = simulated(START)
            assert await AsyncDevice(client, Pump).read() == START
            async with AsyncClient(late.host, late.port) as other:
                assert await AsyncDevice(other, Pump).read() == START

    asyncio.run(main())


def test_that_fails(simulated: Simulated) -> None:
    simulated(START)
    raise RuntimeError("not today")


def test_after_it() -> None:
    assert not [thread for thread in threading.enumerate() if thread.name == "modbus-server"]
""",
    )
    assert "7 passed" in said, said
    assert "1 failed" in said
    assert "FAILED test_it.py::test_that_fails - RuntimeError: not today" in said


def test_what_the_functions_of_a_test_raise_fails_it(project: Project) -> None:
    """At its end, with what they raised, also `pytest.fail`; clients are answered meanwhile."""
    said = project.run(
        HEAD
        + """
def test_on_write(simulated: Simulated) -> None:
    sim = simulated(START)

    @sim.on_write(Pump.speed)
    def check(old: int, new: int) -> None:
        assert new < 10, "too fast"

    with Client(sim.host, sim.port) as client:
        client.write_single_register(0, 20)


@pytest.mark.parametrize("end", [lambda: pytest.fail("not that"), sys.exit])
def test_others(simulated_device: SimulatedWithDevice, end: object) -> None:
    sim, device = simulated_device(START)
    other = sim.add(START, unit_id=7)
    other.on_write(Pump.speed)(lambda old, new: end())
    with Client(sim.host, sim.port) as client:
        client.write_single_register(0, 20, unit_id=7)
    assert other.get(Pump.speed) == 20
    sim.move(Pump.hours, lambda t: 1 // 0)
    with pytest.raises(ServerDeviceFailure):
        device.read()


def test_that_means_it(simulated: Simulated) -> None:
    sim = simulated(START)
    sim.depends(Pump.hours, on=Pump.speed)(lambda speed: 1 // speed)
    assert [type(error) for error in sim.failures] == [ZeroDivisionError]
    sim.failures.clear()


def test_what_a_field_cannot_hold(simulated_device: SimulatedWithDevice) -> None:
    sim, device = simulated_device(START)
    sim.move(Pump.hours, lambda t: 70000)
    with pytest.raises(ServerDeviceFailure):
        device.read()
""",
    )
    assert "5 passed, 3 errors" in said, said
    assert "ERROR test_it.py::test_on_write - AssertionError: too fast" in said, said
    assert said.count("functions of simulated devices failed (2 sub-exceptions)") >= 2, said
    assert "Failed: not that" in said, said


def test_who_does_not_use_it_does_not_pay(project: Project) -> None:
    """The plugin is there, and nothing of the package is imported but its root."""
    said = project.run("""
        import sys


        def test_nothing() -> None:
            packages = ("modbus_schema", "modbus_wire")
            ours = {name for name in sys.modules if name.startswith(packages)}
            assert ours == {
                "modbus_schema",
                "modbus_schema.pytest_plugin",
                "modbus_wire",
                "modbus_wire.later",
                "modbus_wire.typed",
                "modbus_wire.version",
            }
    """)
    assert "1 passed" in said, said


def test_it_can_be_left_out(project: Project) -> None:
    """By its name, as any plugin."""
    tests = """
        def test_nothing(simulated: object) -> None:
            pass
    """
    assert "fixture 'simulated' not found" in project.run(tests, "-p", "no:modbus_schema")
    assert "1 passed" in project.run(tests)


def test_the_fixtures_are_told(project: Project) -> None:
    """`pytest --fixtures` explains them."""
    said = project.run("", "--fixtures")
    for name in ("simulated ", "simulated_device ", "manual_clock "):
        assert f"{name}-- " in said, said


def test_the_fixture_takes_what_simulate_takes() -> None:
    """What a checker lets a test say is what the program takes."""
    said = inspect.signature(Simulated.__call__).parameters
    taken = inspect.signature(simulate).parameters
    assert [name for name in said if name != "self"] == list(taken)
    assert [said[name].kind for name in list(taken)[1:]] == [
        taken[name].kind for name in list(taken)[1:]
    ]
    with_device = inspect.signature(SimulatedWithDevice.__call__).parameters
    assert set(said) - set(with_device) == {"host", "port"}
