"""Recorders as clients, and the files that they begin."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from modbus_schema import Device, simulate
from modbus_schema.simulation import RecordingGateway, record
from modbus_schema.simulation.entries import read_entries
from modbus_wire import AsyncClient, Client, IllegalDataAddress
from tests.schema.maps import House, a_house
from tests.wire.peers import LIMIT

PRECIOUS = "what took a week"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A recording that is there already."""
    path = tmp_path / "precious.jsonl"
    path.write_text(PRECIOUS, encoding="utf-8")
    return path


def test_a_recording_is_overwritten_only_when_that_is_said(path: Path) -> None:
    """By a client and by a gateway; both say which file it is."""
    with simulate(a_house(), port=0) as sim, Client(sim.host, sim.port) as client:
        with pytest.raises(FileExistsError, match=r"overwrite it: .*precious\.jsonl"):
            record(client, path)
        gateway = RecordingGateway(f"tcp://{sim.host}:{sim.port}", path, port=0)
        with pytest.raises(FileExistsError, match=r"overwrite it: .*precious\.jsonl"):
            gateway.start()
        assert not gateway.is_running
        assert path.read_text(encoding="utf-8") == PRECIOUS
        with record(client, path, overwrite=True) as recorded:
            Device(recorded, House).read(House.limit)
        assert len(read_entries(path)) == 1
        with (
            RecordingGateway(f"tcp://{sim.host}:{sim.port}", path, port=0, overwrite=True) as again,
            Client(*again.address) as second,
        ):
            again.start()
            second.read_holding_registers(6)
            second.read_holding_registers(6)
        assert len(read_entries(path)) == 2


def test_a_gateway_that_has_no_port_leaves_the_file_alone(path: Path) -> None:
    """It makes the file once it listens, also where it may overwrite another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        gateway = RecordingGateway("127.0.0.1", path, port=port, overwrite=True)
        with pytest.raises(OSError, match=r"[Ii]n use"):
            gateway.start()
        new = path.with_name("new.jsonl")
        with pytest.raises(OSError, match=r"[Ii]n use"):
            RecordingGateway("127.0.0.1", new, port=port).start()
    assert path.read_text(encoding="utf-8") == PRECIOUS
    assert not new.exists()


def test_the_command_line_keeps_a_recording_too(path: Path) -> None:
    """It says why, and ends with status 1."""
    command = [sys.executable, "-m", "modbus_schema", "record", "127.0.0.1", str(path)]
    done = subprocess.run(
        [*command, "--port", "0"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is such a file already" in done.stderr
    assert path.read_text(encoding="utf-8") == PRECIOUS


def test_a_recorder_has_the_methods_of_a_client(tmp_path: Path) -> None:
    """One per function code, and they are noted, in both styles."""
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    with (
        simulate(a_house(), port=0) as sim,
        Client(sim.host, sim.port) as client,
        record(client, first) as recorded,
    ):
        assert recorded.read_holding_registers(6) == [500]
        recorded.write_single_register(6, 7)
        with pytest.raises(IllegalDataAddress):
            recorded.read_input_registers(1000)

        async def main() -> None:
            async with AsyncClient(sim.host, sim.port) as client:
                with record(client, second) as recorded:
                    assert await recorded.read_holding_registers(6) == [7]
                    assert await recorded.read_coils(3) == [True]

        asyncio.run(main())
    assert [entry.values for entry in read_entries(first)] == [(500,), (7,), None]
    assert [entry.values for entry in read_entries(second)] == [(7,), (1,)]


@pytest.mark.parametrize("client", [5, Client, "127.0.0.1"])
def test_what_is_no_client_is_not_recorded(tmp_path: Path, client: object) -> None:
    """It is refused before there is a file."""
    with pytest.raises(TypeError, match="is no client"):
        record(client, tmp_path / "new.jsonl")  # type: ignore[call-overload]
    assert list(tmp_path.iterdir()) == []
