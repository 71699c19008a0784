"""Faults of a whole device, and several at once: which of them decides."""

from collections.abc import Callable

import pytest

from modbus_schema import simulate
from modbus_schema.simulation import Disconnect, Fault, NoAnswer
from modbus_wire import (
    Client,
    ConnectionClosedError,
    IllegalFunction,
    Policy,
    ResponseTimeout,
    ServerDeviceBusy,
)
from tests.schema.maps import a_house

SHORT = 0.05
"""Seconds that a client waits for what never comes."""


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        (NoAnswer(), ResponseTimeout),
        (Disconnect(), ConnectionClosedError),
        (ServerDeviceBusy(), ServerDeviceBusy),
    ],
)
def test_a_dead_device_answers_no_ping(fault: Fault, seen: type[Exception]) -> None:
    """Functions that it lacks fail as all others do."""
    policy = Policy(timeout=SHORT, retries=0)
    with (
        simulate(a_house(), port=0) as sim,
        Client(sim.host, sim.port, policy=policy) as client,
    ):
        pings: list[Callable[[], object]] = [
            client.report_server_id,
            client.read_exception_status,
            client.read_device_identification,
            lambda: client.read_coils(3),
        ]
        with sim.fault(fault) as dead:
            for ping in pings:
                with pytest.raises(seen):
                    ping()
        assert dead.hits == len(pings)
        with pytest.raises(IllegalFunction):
            client.read_exception_status()
