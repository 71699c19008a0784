"""The counts of clients as metrics of prometheus-client (the extra ``prometheus``).

collector = ModbusCollector(plant_a, plant_b)
prometheus_client.REGISTRY.register(collector)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from modbus_wire.statistics import Statistics, UnitStatistics
from modbus_wire.typed import Protocol

_UNIT = ("connection", "unit")


class Counting(Protocol):
    """A client, blocking or async."""

    @property
    def statistics(self) -> Statistics:
        """What it has counted."""
        ...

    @property
    def endpoint(self) -> object:
        """Where it connects to; its text is the label ``connection``."""
        ...


class ModbusCollector(Collector):
    """Metrics of any number of clients; labels are the connection, and the unit where it counts."""

    def __init__(self, *clients: Counting) -> None:
        """Take the clients; raises as `add`."""
        self._clients: list[Counting] = []
        for client in clients:
            self.add(client)

    def add(self, client: Counting) -> None:
        """Tell of a further client from now on.

        Raises TypeError for what is no client, ValueError for one that is there already.
        """
        if not (hasattr(client, "statistics") and hasattr(client, "endpoint")):
            raise TypeError(f"{client!r} is no client")
        if client in self._clients:
            raise ValueError(f"{client!r} is there already")
        self._clients.append(client)

    def remove(self, client: Counting) -> None:
        """Tell of a client no more; raises ValueError for one that is not there."""
        self._clients.remove(client)

    def collect(self) -> Iterator[Metric]:
        """Return the metrics as they are now."""
        clients = [(str(client.endpoint), client.statistics) for client in self._clients]
        yield from _of_connections(clients)
        units = [
            ((connection, str(unit_id)), counts)
            for connection, statistics in clients
            for unit_id, counts in sorted(statistics.units.copy().items())
        ]
        yield from _of_units(units)


def _of_connections(clients: Iterable[tuple[str, Statistics]]) -> Iterator[Metric]:
    connects = CounterMetricFamily("modbus_connects", "Connections made.", labels=("connection",))
    failures = CounterMetricFamily(
        "modbus_failed_connects", "Connections that could not be made.", labels=("connection",)
    )
    for connection, statistics in clients:
        connects.add_metric((connection,), statistics.connects)
        failures.add_metric((connection,), statistics.failed_connects)
    return iter((connects, failures))


_COUNTERS = {
    "requests": "Requests sent, repeated ones too.",
    "responses": "Answers, exceptions too.",
    "timeouts": "Requests without an answer in time.",
    "retries": "Reads asked again.",
    "bytes_sent": "Bytes of requests.",
    "bytes_received": "Bytes of answers.",
}


def _of_units(units: list[tuple[tuple[str, str], UnitStatistics]]) -> Iterator[Metric]:
    for name, text in _COUNTERS.items():
        counter = CounterMetricFamily(f"modbus_{name}", text, labels=_UNIT)
        for labels, counts in units:
            counter.add_metric(labels, getattr(counts, name))
        yield counter
    refused = CounterMetricFamily(
        "modbus_exceptions", "Exception responses by their code.", labels=(*_UNIT, "code")
    )
    latency = SummaryMetricFamily(
        "modbus_latency_seconds", "From the sending of a request to its answer.", labels=_UNIT
    )
    slowest = GaugeMetricFamily(
        "modbus_latency_max_seconds", "The slowest answer so far.", labels=_UNIT
    )
    for labels, counts in units:
        for code, count in sorted((counts.exceptions or {}).items()):
            refused.add_metric((*labels, f"{code:02X}"), count)
        latency.add_metric(labels, counts.responses, counts.latency)
        slowest.add_metric(labels, counts.latency_max)
    yield from (refused, latency, slowest)
