"""The examples of the manual, with nothing changed but the package's name and the port."""

import gc
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.compat.conftest import PortOf
from tests.compat.peers import Package, free_port

EXAMPLES = Path(__file__).parent / "manual"
PATIENCE = 5.0


class EnoughError(Exception):
    """Ends an example that runs for ever."""


class Clock:
    """Stands for ``time.sleep``: ends the example after some calls, its threads after one."""

    def __init__(self, calls: int) -> None:
        self.calls = calls
        self.thread_slept = threading.Event()
        self.on_sleep: Callable[[], object] = lambda: None

    def sleep(self, seconds: float) -> None:
        """Raise when it is enough."""
        if threading.current_thread() is not threading.main_thread():
            self.thread_slept.set()
            raise SystemExit
        self.on_sleep()
        self.calls -= 1
        if self.calls < 0:
            raise EnoughError


def source(package: Package, name: str, port: int) -> str:
    """Return an example for a package and a port."""
    text = (EXAMPLES / f"{name}.txt").read_text()
    return text.replace("pyModbusTCP", package.name).replace("502", str(port))


def run(code: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run an example until it ends or the clock ends it, and return its names."""
    names: dict[str, Any] = {"__name__": "__main__"}
    with monkeypatch.context() as patch:
        patch.setattr("time.sleep", clock.sleep)
        with suppress(EnoughError):
            exec(compile(code, "example", "exec"), names)
    return names


@pytest.fixture
def port(package: Package, port_of: PortOf) -> int:
    """Return the port of a running server of the package with 0, 1, 2 ... as registers."""
    package.server.DataBank.set_words(0, list(range(20)))
    package.server.DataBank.set_bits(0, [n % 2 == 0 for n in range(20)])
    return port_of(package)


def test_float_support(
    package: Package,
    port: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A subclass that reads and writes floats."""
    run(source(package, "float_support", port), Clock(0), monkeypatch)
    printed = capsys.readouterr().out
    assert printed.startswith("[10.0, ")
    assert printed.count(",") == 9


@pytest.mark.parametrize(
    ("name", "calls", "line"),
    [
        ("read_register", 2, "reg ad #0 to 9: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"),
        ("read_bit", 2, "bit ad #0 to 9: [True, False, True, False, True, False, True, False"),
        ("write_bit", 6, "bits #0 to 3: [True, True, True, True]"),
        ("write_bit", 12, "bits #0 to 3: [False, False, False, False]"),
    ],
)
def test_polling(
    package: Package,
    port: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    calls: int,
    line: str,
) -> None:
    """Loops that keep the link open, read or write, and print."""
    names = run(source(package, name, port), Clock(calls), monkeypatch)
    names["c"].close()
    assert line in capsys.readouterr().out


@pytest.mark.parametrize("name", ["read_register", "read_bit", "write_bit"])
def test_polling_without_a_server(
    package: Package,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """The loops go on where nobody answers, and say so."""
    port = free_port()
    run(source(package, name, port), Clock(2), monkeypatch)
    assert capsys.readouterr().out.count(f"unable to connect to localhost: {port}") == 3


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # the example closes nothing
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_polling_thread(
    package: Package,
    port: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A thread that polls while the main thread prints."""
    clock = Clock(1)
    clock.on_sleep = lambda: clock.thread_slept.wait(PATIENCE)
    names = run(source(package, "modbus_thread", port), clock, monkeypatch)
    names["tp"].join(PATIENCE)
    gc.collect()
    assert "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]" in capsys.readouterr().out


def test_blocking_server(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes host and port from the command line."""
    port = free_port()
    monkeypatch.setattr("sys.argv", ["server.py", "-H", "127.0.0.1", "-p", str(port)])
    names: dict[str, Any] = {"__name__": "__main__"}
    code = compile(source(package, "server", port), "example", "exec")
    thread = threading.Thread(target=exec, args=(code, names))
    thread.start()
    c = package.client.ModbusClient("127.0.0.1", port)
    while not c.open():
        assert thread.is_alive()
    assert c.write_single_register(0, 7) is True
    assert c.read_input_registers(0) == [7]
    c.close()
    names["server"].stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_scheduled_server(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server with an alive word and a daily pause, by the package ``schedule``."""
    schedule = pytest.importorskip("schedule")
    port = free_port()
    monkeypatch.setattr("sys.argv", ["server.py", "-H", "127.0.0.1", "-p", str(port)])
    package.server.DataBank.set_words(0, [0xFFFF])
    clock = Clock(1)
    clock.on_sleep = lambda: next(reversed(schedule.get_jobs())).run()
    try:
        names = run(source(package, "server_schedule", port), clock, monkeypatch)
        c = package.client.ModbusClient("127.0.0.1", port, auto_open=True, auto_close=True)
        alive = c.read_holding_registers(0)
        assert alive is not None
        assert alive[0] <= 8640
        names["server"].stop()
    finally:
        schedule.clear()


def test_scheduled_pause(ours: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause stops and starts the server of that example."""
    schedule = pytest.importorskip("schedule")
    port = free_port()
    monkeypatch.setattr("sys.argv", ["server.py", "-H", "127.0.0.1", "-p", str(port)])
    clock = Clock(2)
    clock.on_sleep = lambda: [job.run() for job in schedule.get_jobs()]
    try:
        names = run(source(ours, "server_schedule", port), clock, monkeypatch)
        assert names["server"].is_run is True
        c = ours.client.ModbusClient("127.0.0.1", port, auto_open=True, auto_close=True)
        assert c.write_single_coil(0, True) is True
        names["server"].stop()
    finally:
        schedule.clear()


def test_data_mangling(package: Package) -> None:
    """The samples of the utils chapter."""
    utils, words = package.utils, [0x0123, 0x4567, 0x89AB, 0xCDEF]
    assert utils.word_list_to_long(words) == [0x1234567, 0x89ABCDEF]
    assert utils.word_list_to_long(words, big_endian=False) == [0x45670123, 0xCDEF89AB]
    assert utils.get_list_2comp([0x0000, 0xFFFF, 0x00FF, 0x8001], 16) == [0, -1, 255, -32767]
    assert utils.get_2comp(0xFFFF, 16) == -1
    assert utils.get_bits_from_int(0x05, val_size=8) == [True, False, True] + [False] * 5
    assert hex(utils.encode_ieee(0.3)) == "0x3e99999a"
    assert abs(utils.decode_ieee(0x3E99999A) - 0.3) < 1e-7
    assert utils.decode_ieee(0x390B860BB596A559, double=True) == 6.62606957e-34


def test_init_samples(package: Package) -> None:
    """The samples of the chapter on making a client."""
    c = package.client.ModbusClient()
    assert c.host("localhost")
    assert c.port(502)
    assert not c.port(65536)
    with pytest.raises(ValueError, match="host value error"):
        package.client.ModbusClient(host="not a host", port=502)
