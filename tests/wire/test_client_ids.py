"""Servers that mangle the ids they should echo, and the setting that bears with them."""

from collections.abc import Callable
from threading import Event

import pytest

from modbus_wire.errors import ResponseMismatch, ResponseTimeout
from modbus_wire.framing.base import Framing
from modbus_wire.policy import Ids
from modbus_wire.sync.client import Client
from tests.wire.peers import LIMIT, Peer, ScriptedServer, answer, mbap, registers, replies, rtu

Mangle = Callable[[bytes], bytes]


def own_unit(request: bytes) -> bytes:
    """Answer with the gateway's own unit id."""
    return mbap(int.from_bytes(request[:2]), 255, registers(7))


def no_transaction(request: bytes) -> bytes:
    """Answer with transaction id 0."""
    return mbap(0, request[6], registers(7))


def client_with(server: ScriptedServer, ids: Ids, timeout: float = LIMIT) -> Client:
    """Return a client that minds these ids."""
    return Client(server.host, server.port, ids=ids, timeout=timeout)


@pytest.mark.parametrize(
    ("mangle", "ids"),
    [(own_unit, Ids.ANY_UNIT), (own_unit, Ids.ANY), (no_transaction, Ids.ANY)],
)
def test_mangled_ids_pass_where_they_are_told_to(mangle: Mangle, ids: Ids) -> None:
    """Every answer counts, one after the other, on one connection."""

    def script(peer: Peer) -> None:
        for _ in range(3):
            peer.send(mangle(peer.request()))

    with ScriptedServer(script) as server, client_with(server, ids) as client:
        for _ in range(3):
            assert client.read_holding_registers(0) == [7]
    assert server.connections == 1


def test_strict_ids_let_nothing_pass() -> None:
    """By default another unit is an error, and another transaction no answer."""
    with (
        ScriptedServer(lambda peer: peer.send(own_unit(peer.request()))) as server,
        client_with(server, Ids.STRICT) as client,
        pytest.raises(ResponseMismatch),
    ):
        client.read_holding_registers(0)

    def silent(peer: Peer) -> None:
        peer.send(no_transaction(peer.request()))
        peer.wait_for_end()

    for ids in (Ids.STRICT, Ids.ANY_UNIT):
        with (
            ScriptedServer(silent) as server,
            client_with(server, ids, 0.1) as client,
            pytest.raises(ResponseTimeout),
        ):
            client.read_holding_registers(0)


def test_without_ids_a_timeout_leaves_the_connection() -> None:
    """Nothing tells a late answer from the next one but another connection."""

    def late(peer: Peer) -> None:
        peer.request()
        peer.wait_for_end()

    with (
        ScriptedServer(late, replies(registers(7))) as server,
        client_with(server, Ids.ANY, 0.1) as client,
    ):
        with pytest.raises(ResponseTimeout):
            client.read_holding_registers(0)
        client.timeout = LIMIT
        assert client.read_holding_registers(0) == [7]
    assert server.connections == 2


def test_without_ids_what_came_between_requests_is_dropped() -> None:
    """One answer too many shifts nothing."""
    sent = Event()

    def script(peer: Peer) -> None:
        request = peer.request()
        peer.send(answer(request, registers(1)))
        peer.send(answer(request, registers(99)))
        sent.set()
        peer.send(answer(peer.request(), registers(2)))

    with ScriptedServer(script) as server, client_with(server, Ids.ANY) as client:
        assert client.read_holding_registers(0) == [1]
        assert sent.wait(LIMIT)
        assert client.read_holding_registers(0) == [2]


def test_rtu_unit_that_answers_for_another() -> None:
    """On RTU a foreign unit's answer is passed over, unless units mean nothing."""

    def script(peer: Peer) -> None:
        peer.request_of(8)
        peer.send(rtu(255, registers(7)))
        peer.wait_for_end()

    with (
        ScriptedServer(script) as server,
        Client(
            server.host, server.port, ids=Ids.ANY_UNIT, timeout=LIMIT, framing=Framing.RTU
        ) as client,
    ):
        assert client.read_holding_registers(0) == [7]
