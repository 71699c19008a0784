"""The collector of prometheus-client: what a scrape shows of clients that have worked."""

from typing import Any

import pytest

pytest.importorskip("prometheus_client")

from prometheus_client import CollectorRegistry, generate_latest

from modbus_wire.bank import SparseBank
from modbus_wire.codes import Table
from modbus_wire.endpoint import TcpEndpoint
from modbus_wire.errors import IllegalDataAddress
from modbus_wire.prometheus import ModbusCollector
from modbus_wire.statistics import Statistics
from modbus_wire.sync.client import Client
from modbus_wire.sync.server import Server


def test_a_scrape_shows_what_a_client_did() -> None:
    """Requests, bytes, refusals and latencies, each with its connection and unit."""
    bank = SparseBank({Table.HOLDING_REGISTERS: [range(4)]})
    with Server(bank, port=0) as server, Client(*server.address) as client:
        client.read_holding_registers(0, 4)
        client.write_single_register(1, 7, unit_id=9)
        with pytest.raises(IllegalDataAddress):
            client.read_holding_registers(4)
        registry = CollectorRegistry()
        registry.register(ModbusCollector(client))
        connection = str(client.endpoint)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, {"connection": connection, **labels})

    assert value("modbus_connects_total") == 1
    assert value("modbus_failed_connects_total") == 0
    assert value("modbus_requests_total", unit="1") == 2
    assert value("modbus_requests_total", unit="9") == 1
    assert value("modbus_responses_total", unit="1") == 2
    assert value("modbus_bytes_sent_total", unit="1") == 24
    assert value("modbus_bytes_received_total", unit="1") == (9 + 8) + 9
    assert value("modbus_exceptions_total", unit="1", code="02") == 1
    assert value("modbus_latency_seconds_count", unit="1") == 2
    seconds = value("modbus_latency_seconds_sum", unit="1")
    slowest = value("modbus_latency_max_seconds", unit="1")
    assert seconds is not None
    assert slowest is not None
    assert 0 < slowest <= seconds < 5


def test_clients_that_are_none_or_there_already() -> None:
    """A scrape of either would fail, long after the mistake."""
    client = Client("127.0.0.1")
    wrong: Any = 5
    with pytest.raises(TypeError, match="5 is no client"):
        ModbusCollector(wrong)
    with pytest.raises(ValueError, match="there already"):
        ModbusCollector(client, client)
    collector = ModbusCollector(client)
    with pytest.raises(ValueError, match="there already"):
        collector.add(client)
    collector.remove(client)
    collector.add(client)


class Idle:
    """Something that counts and has done nothing."""

    endpoint = TcpEndpoint("plc")
    statistics = Statistics()


def test_clients_come_and_go() -> None:
    """A client is scraped from when it is added until it is removed."""
    registry = CollectorRegistry()
    collector = ModbusCollector()
    registry.register(collector)
    idle = Idle()
    assert b"plc" not in generate_latest(registry)
    collector.add(idle)
    assert b'modbus_connects_total{connection="tcp://plc:502"} 0.0' in generate_latest(registry)
    collector.remove(idle)
    assert b"plc" not in generate_latest(registry)
    with pytest.raises(ValueError, match="not in list"):
        collector.remove(idle)
