"""What a client is told when it is made: where to, whom, how patiently."""

from __future__ import annotations

from collections.abc import Mapping

from modbus_wire.connection import ClientConnection
from modbus_wire.endpoint import (
    Endpoint,
    SerialEndpoint,
    TcpEndpoint,
    TlsEndpoint,
    UdpEndpoint,
    endpoint_of,
)
from modbus_wire.framing.base import Framing
from modbus_wire.policy import LONGEST_TIMEOUT, Backoff, Ids, Policy, check_seconds
from modbus_wire.statistics import Statistics
from modbus_wire.trace import Trace, check_trace, tracer_of
from modbus_wire.typed import Any

MOST_IN_FLIGHT = 16
"""Requests under way on one connection (TCP §4.2.1)."""


class Settings:
    """The settings of a client, checked. They may be changed; the next request goes by them.

    A new ``endpoint`` takes effect with the next connection.
    """

    def __init__(
        self,
        host: str | Endpoint,
        port: int | None = None,
        *,
        unit_id: int = 1,
        timeout: float | None = None,
        policy: Policy | None = None,
        units: Mapping[int, Policy] | None = None,
        connect_delay: float = 0.0,
        backoff: Backoff | None = None,
        ids: Ids = Ids.STRICT,
        framing: Framing | None = None,
        max_in_flight: int = 1,
        trace: Trace | None = None,
    ) -> None:
        """Raise ValueError for a setting out of range, TypeError for one of another kind."""
        if timeout is not None:
            if policy is not None:
                raise ValueError("timeout is that of the policy: give one of them")
            policy = Policy(timeout=timeout)
        self.endpoint = endpoint_of(host, port, framing)
        self.unit_id = unit_id
        self.policy = Policy() if policy is None else policy
        self.units: dict[int, Policy] = dict(units or {})
        self.connect_delay = connect_delay
        self.backoff = backoff
        self.ids = ids
        self.max_in_flight = max_in_flight
        self.trace = trace
        self.statistics = Statistics()
        self._check()

    @property
    def host(self) -> str:
        """The host of the endpoint; the device of a serial line."""
        endpoint = self.endpoint
        return endpoint.device if isinstance(endpoint, SerialEndpoint) else endpoint.host

    @property
    def port(self) -> int:
        """The port of the endpoint; 0 for a serial line."""
        endpoint = self.endpoint
        return 0 if isinstance(endpoint, SerialEndpoint) else endpoint.port

    @property
    def timeout(self) -> float:
        """The seconds that a whole exchange may take, where the unit has no policy of its own."""
        return self.policy.timeout

    @timeout.setter
    def timeout(self, seconds: float) -> None:
        old = self.policy
        self.policy = Policy(timeout=seconds, retries=old.retries, request_delay=old.request_delay)

    @property
    def peer(self) -> str:
        """The server as errors name it."""
        return f"{self.host}:{self.port}" if self.port else self.host

    def policy_of(self, unit_id: int) -> Policy:
        """Return how a unit is asked."""
        return self.units.get(unit_id, self.policy)

    def _new_connection(self) -> ClientConnection:
        """Return what pairs requests and answers over the next link."""
        kind = ClientConnection
        if isinstance(self.endpoint, UdpEndpoint):
            from modbus_wire.datagram_connection import DatagramConnection

            kind = DatagramConnection
        trace = None if self.trace is None else tracer_of(self.trace, self.peer)
        return kind(self.endpoint.framing, trace, self.ids)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.endpoint)!r}, unit_id={self.unit_id})"

    def _check(self) -> None:
        _check_endpoint(self.endpoint)
        for unit_id in (self.unit_id, *self.units):
            _check_unit_id(unit_id)
        for policy in (self.policy, *self.units.values()):
            _check_kind("policy", policy, Policy)
        if self.backoff is not None:
            _check_kind("backoff", self.backoff, Backoff)
        _check_kind("ids", self.ids, Ids)
        check_seconds("connect_delay", self.connect_delay)
        if not 0 <= self.connect_delay <= LONGEST_TIMEOUT:
            raise ValueError(f"connect_delay {self.connect_delay} is not in 0..{LONGEST_TIMEOUT}")
        _check_kind("max_in_flight", self.max_in_flight, int)
        check_trace(self.trace)
        if self.max_in_flight not in range(1, MOST_IN_FLIGHT + 1):
            raise ValueError(f"max_in_flight {self.max_in_flight} is not in 1..{MOST_IN_FLIGHT}")


def _check_endpoint(endpoint: Endpoint) -> None:
    if isinstance(endpoint, SerialEndpoint):
        return
    _check_kind("host", endpoint, TcpEndpoint | UdpEndpoint | TlsEndpoint)
    if not endpoint.host:
        raise ValueError("host '' is every interface, which a server listens on: name the server")
    if isinstance(endpoint, TlsEndpoint):
        endpoint.check_certificates()
    if endpoint.port == 0:
        raise ValueError("port 0 is not in 1..65535")


def _check_unit_id(unit_id: object) -> None:
    if not isinstance(unit_id, int) or unit_id not in range(256):
        raise ValueError(f"unit id {unit_id!r} is no int in 0..255")


def _check_kind(name: str, value: object, kind: Any) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{name} {value!r} is no {getattr(kind, '__name__', 'endpoint')}")
