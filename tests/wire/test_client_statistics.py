"""What a blocking client counts."""

from contextlib import suppress

import pytest

from modbus_wire.errors import ConnectError, ModbusError
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.registers import ReadHoldingRegisters
from modbus_wire.statistics import Statistics
from modbus_wire.sync.client import Client
from tests.wire.clients import client_of
from tests.wire.peers import (
    LIMIT,
    Peer,
    ScriptedServer,
    answer,
    refused_port,
    registers,
    replies,
    then_stays,
)


def closes_unanswered(peer: Peer) -> None:
    """Read one request and close."""
    peer.request()


def test_answers_bytes_and_refusals_count_for_their_unit() -> None:
    """Each unit has its own counts; one that was never asked has none."""
    script = replies(registers(1), registers(1, 2), b"\x83\x02", b"\x83\x02", b"\x83\x06")
    with ScriptedServer(script) as server, client_of(server) as client:
        client.read_holding_registers(0)
        client.read_holding_registers(0, 2, unit_id=9)
        for _ in range(3):
            with suppress(ModbusError):
                client.read_holding_registers(0, unit_id=9)
        first, ninth = client.statistics.unit(1), client.statistics.unit(9)
        assert (first.requests, first.responses, first.exceptions) == (1, 1, None)
        assert (first.bytes_sent, first.bytes_received) == (12, 11)
        assert (ninth.requests, ninth.responses, ninth.exceptions) == (4, 4, {2: 2, 6: 1})
        assert (ninth.bytes_sent, ninth.bytes_received) == (48, 13 + 3 * 9)
        assert 0 < ninth.latency_max <= ninth.latency < LIMIT
        assert client.statistics.units.keys() == {1, 9}
        assert client.statistics.connects == 1


def test_timeouts_and_lost_connections_count() -> None:
    """A request that was sent counts whether it is answered or not; one that was not, does not."""

    def silent(peer: Peer) -> None:
        peer.request()
        peer.request()
        peer.wait_for_end()

    with (
        ScriptedServer(silent, closes_unanswered) as server,
        client_of(server, timeout=0.05) as client,
    ):
        for _ in range(2):
            with suppress(ModbusError):
                client.read_holding_registers(0)
        client.timeout = LIMIT
        with suppress(ModbusError):
            client.read_holding_registers(0)
        with suppress(ModbusError):
            client.read_holding_registers(0, 500)
        counts = client.statistics.unit(1)
        assert (counts.requests, counts.responses, counts.timeouts) == (3, 0, 2)
        assert (counts.bytes_sent, counts.bytes_received) == (36, 0)
        assert (client.statistics.connects, client.statistics.failed_connects) == (2, 0)


def test_failed_connects_count() -> None:
    """So does each attempt that reached nobody."""
    with refused_port() as port, Client("127.0.0.1", port, timeout=LIMIT) as client:
        for _ in range(2):
            with pytest.raises(ConnectError):
                client.read_holding_registers(0)
        assert (client.statistics.connects, client.statistics.failed_connects) == (0, 2)
        assert client.statistics.units == {}


def test_broadcasts_count_as_requests() -> None:
    """They have no answer, and their unit is 0."""

    def script(peer: Peer) -> None:
        peer.request_of(8)

    with ScriptedServer(script) as server, client_of(server, Framing.RTU) as client:
        client.write_single_register(5, 6, unit_id=0)
        counts = client.statistics.unit(0)
        assert (counts.requests, counts.bytes_sent, counts.responses) == (1, 8, 0)


def test_read_after_idle_close_counts_as_asked_again() -> None:
    """The request that met the closed connection went out, and once more."""
    with (
        ScriptedServer(replies(registers(1)), replies(registers(2))) as server,
        client_of(server) as client,
    ):
        client.read_holding_registers(0)
        assert client.read_holding_registers(0) == [2]
        counts = client.statistics.unit(1)
        assert (counts.responses, counts.retries) == (2, 1)
        assert client.statistics.connects == 2


def test_answers_that_come_at_once_count_each() -> None:
    """Of reads that went out together, each has its answer and its latency."""

    def script(peer: Peer) -> None:
        frames = [answer(peer.request(), registers(n)) for n in range(4)]
        peer.send(b"".join(frames))

    with (
        ScriptedServer(then_stays(script)) as server,
        Client(server.host, server.port, max_in_flight=4, timeout=LIMIT) as client,
    ):
        client.read_many([ReadHoldingRegisters(n) for n in range(4)])
        counts = client.statistics.unit(1)
        assert (counts.requests, counts.responses) == (4, 4)
        assert (counts.bytes_sent, counts.bytes_received) == (48, 44)
        assert counts.latency_max < counts.latency <= 4.001 * counts.latency_max


def test_counts_can_be_looked_at() -> None:
    """Printed, they are numbers."""
    statistics = Statistics()
    statistics.unit(7).answered(0.5, 9)
    text = "Statistics(connects=0, failed_connects=0, units={7: UnitStatistics("
    assert repr(statistics).startswith(text)
    assert "responses=1" in repr(statistics)
