"""Clients of every style against the same list of peers that misbehave."""

import pytest

from modbus_wire.aio.client import AsyncClient
from modbus_wire.errors import ModbusError
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.sync.client import Client
from tests.wire.async_peers import run
from tests.wire.behaviours import UNIT
from tests.wire.loops import LOOPS, NewLoop
from tests.wire.misbehaviour import CASES, Case, Driver, Raises
from tests.wire.peers import ScriptedServer


def blocking(
    host: str, port: int, framing: Framing, timeout: float, requests: list[AnyRequest]
) -> list[object]:
    """Drive the blocking client."""
    outcomes: list[object] = []
    with Client(host, port, unit_id=UNIT, timeout=timeout, framing=framing) as client:
        for request in requests:
            try:
                outcomes.append(client.execute(request))
            except ModbusError as error:
                outcomes.append(error)
    return outcomes


def in_loop(loop: NewLoop, in_flight: int) -> Driver:
    """Return the driver of the async client in an event loop."""

    def drive(
        host: str, port: int, framing: Framing, timeout: float, requests: list[AnyRequest]
    ) -> list[object]:
        outcomes: list[object] = []

        async def main() -> None:
            async with AsyncClient(
                host, port, unit_id=UNIT, timeout=timeout, framing=framing, max_in_flight=in_flight
            ) as client:
                for request in requests:
                    try:
                        outcomes.append(await client.execute(request))
                    except ModbusError as error:
                        outcomes.append(error)

        run(main(), loop)
        return outcomes

    return drive


DRIVERS: dict[str, Driver] = {
    "blocking": blocking,
    **{name: in_loop(loop, 1) for name, loop in LOOPS.items()},
    "pipelined": in_loop(LOOPS["asyncio"], 4),
}
"""Every client that has to pass the list."""


def is_write(frame: bytes, framing: Framing) -> bool:
    """Whether a request frame is the write."""
    if framing is Framing.ASCII:
        return frame[3:5] == b"06"
    return frame[7 if framing is Framing.TCP else 1] == 6


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_misbehaving_peer(case: Case, driver: str) -> None:
    """Each request ends as the case says, no write goes out twice, the last read works."""
    with ScriptedServer(*case.scripts) as server:
        outcomes = DRIVERS[driver](
            server.host, server.port, case.framing, case.timeout, list(case.requests)
        )
    for request, outcome, expected in zip(case.requests, outcomes, case.outcomes, strict=True):
        if isinstance(expected, Raises):
            assert isinstance(outcome, expected.kind), outcome
            assert outcome.may_have_been_applied is expected.may_have_been_applied
            assert outcome.request == request
        else:
            assert outcome == expected
    assert server.connections == len(case.behaviours)
    assert sum(is_write(frame, case.framing) for frame in server.requests) == case.writes
